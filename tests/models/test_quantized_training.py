"""Training with DoReFa-Net's weights and inputs, its recipes and its checkpoints."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

from accelsim.dorefa_layers import DorefaLayer
from accelsim.errors import AccelsimError
from accelsim.models import (
    Dataset,
    Recipe,
    TrainedNetwork,
    default_recipe,
    load_checkpoint,
    pretrained,
    save_checkpoint,
    train,
    trained_network,
    training,
)

FOUR = Recipe(epochs=1, batch_size=32, learning_rate=2e-3, weight_bits=4, activation_bits=4)


@pytest.fixture(scope="module")
def start(digits: Dataset) -> TrainedNetwork:
    return train("lenet5", digits, epochs=3)


def quantized_layers(net: nn.Module) -> list[DorefaLayer]:
    return [layer for layer in net.modules() if isinstance(layer, DorefaLayer)]


def test_a_quantized_network_is_learned(digits: Dataset) -> None:
    recipe = replace(FOUR, epochs=6, weight_bits=2, activation_bits=3)
    trained = train("lenet5", digits, recipe=recipe)
    assert trained.accuracy_percent >= 75
    layers = quantized_layers(trained.net)
    assert [(each.name, each.weight_bits, each.activation_bits) for each in layers] == [
        (name, 2, 3) for name in ("conv2", "conv3", "fc1")
    ]
    assert all(len(torch.unique(each.quantized_weight())) <= 4 for each in layers)


def test_float_weights_are_a_better_start_than_none(digits: Dataset, start: TrainedNetwork) -> None:
    further = train("lenet5", digits, recipe=FOUR, start=start)
    assert further.accuracy_percent >= start.accuracy_percent - 3
    assert further.accuracy_percent > train("lenet5", digits, recipe=FOUR).accuracy_percent
    assert further.recipe == replace(FOUR, start=start.sha256)
    again = train("lenet5", digits, recipe=further.recipe, start=start)
    assert again.sha256 == further.sha256


def test_starts_that_are_refused(digits: Dataset, start: TrainedNetwork) -> None:
    quantized = replace(start, recipe=FOUR)
    for options, message in (
        ({"network": "ffnn", "recipe": FOUR, "start": start}, "ffnn cannot start from the weights of lenet5"),
        ({"recipe": FOUR, "start": quantized}, "training starts from float weights; those given have 4 bits"),
        ({"recipe": replace(FOUR, start="abc"), "start": start}, "starts from the weights abc…; those given"),
        ({"recipe": replace(FOUR, start="abc")}, "starts from the weights abc…; give that network"),
    ):
        with pytest.raises(AccelsimError, match=message):
            train(**{"network": "lenet5", "dataset": digits, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_bits": 0}, "bits of weights must be a whole number from 1 to 16, not 0"),
        ({"weight_bits": 4, "activation_bits": 17}, "bits of activations must be a whole number from 1 to"),
        ({"activation_bits": 4}, "training: activation_bits are given without weight_bits"),
        ({"weight_bits": 4, "batch_norm": True}, "training: batch_norm is folded into float weights"),
        ({"storage": "int8"}, "training: storage must be float32 or float16, not 'int8'"),
    ],
)
def test_bad_recipes_are_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(AccelsimError, match=message):
        replace(Recipe(epochs=1), **change)  # type: ignore[arg-type]


def test_the_paper_s_learning_rates() -> None:
    parameter = nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=0.1)
    recipe = Recipe(epochs=400, learning_rate=0.1, optimiser="sgd", schedule="steps")
    schedule = training._schedule(optimiser, recipe, 400)
    rates = []
    for _ in range(400):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    at = {0: 0.1, 81: 0.1, 82: 0.01, 122: 0.01, 123: 0.001, 299: 0.001, 300: 0.0002, 399: 0.0002}
    assert {epoch: rates[epoch] for epoch in at} == pytest.approx(at)


def test_default_recipes() -> None:
    plain, quantized = default_recipe("mnist", "mnist_a"), default_recipe("mnist", "mnist_a", weight_bits=4)
    assert plain.learning_rate == 4 * quantized.learning_rate
    assert (plain.batch_size, plain.optimiser) == (128, "adam")
    further = default_recipe("cifar10", "resnet20", weight_bits=2, activation_bits=2, start="abc")
    assert (further.epochs, further.start, further.batch_norm) == (1, "abc", False)
    assert default_recipe("mnist", "lenet5") == default_recipe("mnist")


def test_a_checkpoint_is_loaded_with_its_bits_alone(digits: Dataset, tmp_path: Path) -> None:
    trained = train("lenet5", digits, recipe=replace(FOUR, activation_bits=None))
    path = tmp_path / "net.safetensors"
    save_checkpoint(trained, path)
    loaded = load_checkpoint(path, "lenet5", bits=(4, None))
    assert loaded.recipe == trained.recipe
    assert torch.equal(loaded.net(digits.test_images), trained.net(digits.test_images))
    for bits, what in (((8, 8), "weights of 8 bits and inputs of 8"), ((None, None), "floats")):
        with pytest.raises(
            AccelsimError, match=f"lenet5 with weights of 4 bits and float inputs, not {what}"
        ):
            load_checkpoint(path, bits=bits)  # type: ignore[arg-type]


def test_float16_keeps_levels_and_halves_the_file(digits: Dataset, tmp_path: Path) -> None:
    recipe = replace(FOUR, weight_bits=11, activation_bits=8)
    whole, rounded = (
        train("lenet5", digits, recipe=replace(recipe, storage=storage)) for storage in ("float32", "float16")
    )
    for one, other in zip(quantized_layers(whole.net), quantized_layers(rounded.net), strict=True):
        assert not torch.equal(one.weight, other.weight)
        assert torch.equal(one.quantized_weight(), other.quantized_weight())
    assert whole.accuracy_percent == rounded.accuracy_percent
    sizes = []
    for trained in (whole, rounded):
        path = tmp_path / f"{trained.recipe.storage}.safetensors"
        save_checkpoint(trained, path)
        assert load_checkpoint(path).sha256 == trained.sha256
        sizes.append(path.stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]
    with safe_open(tmp_path / "float16.safetensors", framework="pt") as file:
        assert file.get_tensor("conv3.weight").dtype == torch.float16
        assert file.get_tensor("conv1.weight").dtype == torch.float32
    floats = train("lenet5", digits, recipe=Recipe(epochs=1, storage="float16"))
    assert all(torch.equal(each, each.half().float()) for each in floats.net.state_dict().values())


def test_trained_network_goes_on_from_the_float_one_where_that_is_the_rule(
    tiny: Dataset, own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = trained_network("lenet5", tiny, epochs=1, weight_bits=3, activation_bits=3)
    assert (scratch.recipe.weight_bits, scratch.recipe.start) == (3, "")
    monkeypatch.setattr(pretrained, "is_fine_tuned", lambda name: True)
    further = trained_network("lenet5", tiny, epochs=1, weight_bits=3, activation_bits=3)
    assert further.recipe.start == trained_network("lenet5", tiny).sha256
    assert (
        trained_network("lenet5", tiny, epochs=1, weight_bits=3, activation_bits=3).sha256 == further.sha256
    )
