import torch
from torch import nn

from accelsim.models import Dataset, Recipe, build_network, train
from accelsim.models.batch_norm_training import fold_training_norms, with_training_norms


def test_normalisation_stands_after_every_layer_but_the_last() -> None:
    net = build_network("alexnet_cifar")
    normed = with_training_norms(net)
    kinds = {name: type(layer) for name, layer in normed.named_children()}
    norms = [name for name, kind in kinds.items() if kind in {nn.BatchNorm1d, nn.BatchNorm2d}]
    assert norms == [*(f"conv{number}_norm" for number in range(1, 6)), "fc6_norm", "fc7_norm"]
    names = list(kinds)
    assert all(names[names.index(norm) - 1] == norm.removesuffix("_norm") for norm in norms)


def test_networks_with_their_own_normalisation_stay_as_they_are() -> None:
    for name in ("resnet20", "mobilenet"):
        net = build_network(name)
        assert with_training_norms(net) is net


def test_the_folded_network_computes_what_was_trained() -> None:
    net = build_network("alexnet_cifar")
    normed = with_training_norms(net).train()
    images = torch.rand(16, 3, 32, 32)
    for layer in normed.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 2)
            nn.init.normal_(layer.bias)
    normed(images)  # running statistics
    expected = normed.eval()(images)
    fold_training_norms(net, normed, (3, 32, 32))
    assert list(net.state_dict()) == list(build_network("alexnet_cifar").state_dict())
    torch.testing.assert_close(net.eval()(images), expected, rtol=1e-4, atol=1e-4)


def test_training_with_all_of_it_is_reproducible_and_learns(tiny: Dataset) -> None:
    recipe = Recipe(
        epochs=12, batch_size=20, learning_rate=0.05, optimiser="sgd", schedule="one-cycle",
        weight_decay=5e-4, augmentation="crop-flip", batch_norm=True, precision="bfloat16",
    )  # fmt: skip
    first = train("lenet5_guesmi", tiny, recipe=recipe)
    torch.manual_seed(7)
    assert train("lenet5_guesmi", tiny, recipe=recipe).sha256 == first.sha256
    assert list(first.net.state_dict()) == list(build_network("lenet5_guesmi").state_dict())
    assert all(each.is_contiguous() for each in first.net.parameters())
    assert first.accuracy_percent > 30
