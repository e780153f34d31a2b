import os
from dataclasses import replace
from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest
import torch

from accelsim.errors import AccelsimError
from accelsim.models import (
    Dataset,
    Recipe,
    accuracy_percent,
    build_network,
    default_recipe,
    load_dataset,
    train,
    training,
    weights_sha256,
)


def test_the_same_arguments_give_the_same_weights(tiny: Dataset) -> None:
    first = train("lenet5", tiny, epochs=2, seed=4)
    threads = torch.get_num_threads()
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002 - the global generator is the point
    torch.set_num_threads(threads + 1)
    again = train("lenet5", tiny, epochs=2, seed=4)
    torch.set_num_threads(threads)
    assert first.sha256 == again.sha256 == weights_sha256(again.net)
    assert train("lenet5", tiny, epochs=2, seed=5).sha256 != first.sha256
    assert train("lenet5", tiny, epochs=3, seed=4).sha256 != first.sha256


def test_the_order_of_the_images_follows_the_seed(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "build_network", lambda name, seed: build_network(name, seed=0))
    assert train("ffnn", tiny, epochs=1, seed=1).sha256 != train("ffnn", tiny, epochs=1, seed=2).sha256


def test_nothing_global_is_changed(tiny: Dataset) -> None:
    state, numpy_state, threads = torch.get_rng_state(), np.random.get_state()[1], torch.get_num_threads()  # noqa: NPY002
    images = tiny.train_images.clone()
    torch.set_num_threads(threads + 1)
    with torch.no_grad():
        train("ffnn", tiny, epochs=1)
        assert not torch.is_grad_enabled()
    assert torch.get_num_threads() == threads + 1
    torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert torch.equal(tiny.train_images, images)


def test_what_is_returned(tiny: Dataset) -> None:
    trained = train("ffnn", tiny, epochs=3, seed=1)
    assert (trained.network, trained.dataset, trained.dataset_sha256) == ("ffnn", "tiny", tiny.sha256)
    assert trained.recipe == default_recipe("tiny", epochs=3, seed=1)
    assert not trained.net.training
    assert trained.accuracy_percent == accuracy_percent(trained.net, tiny.test_images, tiny.test_labels)
    predicted = trained.net(tiny.test_images).argmax(dim=1).tolist()
    hits = sum(ours == label for ours, label in zip(predicted, tiny.test_labels.tolist(), strict=True))
    assert trained.accuracy_percent == 100 * hits / 50
    assert trained.accuracy_percent > 30  # three epochs of a hundred images beat chance


def test_one_full_batch_step_is_adam_on_the_cross_entropy(tiny: Dataset) -> None:
    """The first step of Adam moves every weight by the learning rate against the sign of its gradient."""
    recipe = Recipe(epochs=1, seed=2, batch_size=100, learning_rate=1e-3)
    net = build_network("ffnn", seed=2).double()
    logits = net(tiny.train_images.double())
    loss = (logits.logsumexp(dim=1) - logits[range(100), tiny.train_labels]).mean()
    gradients = torch.autograd.grad(loss, list(net.parameters()))
    trained = train("ffnn", tiny, recipe=recipe)
    for before, after, gradient in zip(net.parameters(), trained.net.parameters(), gradients, strict=True):
        clear = gradient.abs() > 1e-4
        moved = (after.double() - before)[clear]
        torch.testing.assert_close(moved, -1e-3 * gradient[clear].sign(), rtol=1e-2, atol=1e-6)


def test_one_full_batch_step_of_sgd_has_momentum_and_weight_decay(tiny: Dataset) -> None:
    """Nesterov's momentum of 0.9 makes 1.9 gradients of the first."""
    recipe = Recipe(
        epochs=1,
        seed=2,
        batch_size=100,
        learning_rate=0.02,
        optimiser="sgd",
        weight_decay=0.01,
    )
    net = build_network("ffnn", seed=2).double()
    logits = net(tiny.train_images.double())
    loss = (logits.logsumexp(dim=1) - logits[range(100), tiny.train_labels]).mean()
    gradients = torch.autograd.grad(loss, list(net.parameters()))
    trained = train("ffnn", tiny, recipe=recipe)
    for before, after, gradient in zip(net.parameters(), trained.net.parameters(), gradients, strict=True):
        expected = before - 0.02 * 1.9 * (gradient + 0.01 * before)
        torch.testing.assert_close(after.double(), expected, rtol=1e-4, atol=1e-6)


def test_one_cycle_rises_to_the_largest_rate_and_falls() -> None:
    recipe = Recipe(epochs=1, learning_rate=0.3, optimiser="sgd", schedule="one-cycle")
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    schedule, rates = training._schedule(optimiser, recipe, 101), []
    for _ in range(101):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    top = rates.index(max(rates))
    assert rates[top] == pytest.approx(0.3, rel=1e-3)
    assert top in {29, 30}
    assert all(less < more for less, more in pairwise(rates[: top + 1]))
    assert all(more > less for more, less in pairwise(rates[top:]))
    assert rates[0] == pytest.approx(0.3 / 25)
    assert rates[-1] < 1e-5


def test_dropout_follows_the_seed_alone(tiny: Dataset) -> None:
    torch.manual_seed(1)
    first = train("lenet5_guesmi", tiny, epochs=1)
    torch.manual_seed(2)
    assert train("lenet5_guesmi", tiny, epochs=1).sha256 == first.sha256


def test_the_hash_follows_every_weight_and_name() -> None:
    net = build_network("ffnn")
    before = weights_sha256(net)
    assert weights_sha256(build_network("ffnn")) == before
    with torch.no_grad():
        net.fc3.bias[9] = torch.nextafter(net.fc3.bias[9], torch.tensor(2.0))
    assert weights_sha256(net) != before
    renamed = torch.nn.Sequential(*build_network("ffnn"))
    assert weights_sha256(renamed) != before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number from 1 to 2\\^63 - 1, not 0"),
        ({"epochs": 2.5}, "epochs must be a whole number from 1 to 2\\^63 - 1, not 2.5"),
        ({"seed": -1}, "seed must be a whole number from 0 to 2\\^63 - 1, not -1"),
        ({"seed": 2**63}, "seed must be a whole number from 0 to 2\\^63 - 1"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"threads": 0}, "threads must be"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0, not 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0, not nan"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0, not -1.0"),
        ({"batch_norm": 1}, "batch_norm must be true or false, not 1"),
        ({"optimiser": "sdg"}, "optimiser must be adam or sgd, not 'sdg'"),
        ({"schedule": "linear"}, "schedule must be cosine or one-cycle or steps, not 'linear'"),
        ({"augmentation": "cutout"}, "augmentation must be none or crop-flip"),
        ({"precision": "float16"}, "precision must be float32 or bfloat16"),
    ],
)
def test_bad_recipes_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(AccelsimError, match=f"^training: {message}"):
        replace(Recipe(epochs=1), **change)


def test_what_does_not_fit_is_refused(tiny: Dataset) -> None:
    with pytest.raises(AccelsimError, match="unknown network 'lenet'; did you mean lenet5"):
        train("lenet", tiny)
    small = replace(
        tiny, train_images=tiny.train_images[..., :8, :8], test_images=tiny.test_images[..., :8, :8]
    )
    with pytest.raises(AccelsimError, match=r"data set tiny has \(1, 8, 8\) in 10"):
        train("lenet5", small)
    with pytest.raises(AccelsimError, match=r"data set tiny has \(1, 28, 28\) in 11"):
        train("lenet5", replace(tiny, classes=(*tiny.classes, "ten")))


def test_divergence_is_said(tiny: Dataset) -> None:
    with pytest.raises(AccelsimError, match=r"training diverged in epoch \d: the loss is nan"):
        train("lenet5", tiny, recipe=Recipe(epochs=5, learning_rate=1e30))


@pytest.mark.parametrize("network", ["lenet5", "ffnn"])
def test_the_embedded_default_is_learned(digits: Dataset, network: str) -> None:
    trained = train(network, digits)
    assert trained.accuracy_percent >= 97
    assert trained.recipe == default_recipe("digits")


def test_accuracy_rises_with_training(digits: Dataset) -> None:
    accuracies = [train("ffnn", digits, epochs=epochs).accuracy_percent for epochs in (1, 3, 9)]
    assert all(less < more for less, more in pairwise(accuracies))


@pytest.mark.slow
@pytest.mark.skipif(
    "ACCELSIM_DATA" not in os.environ, reason="$ACCELSIM_DATA, with mnist/ inside, is not set"
)
@pytest.mark.parametrize(("network", "least"), [("lenet5", 98.8), ("ffnn", 97.5)])
def test_mnist_is_learned(network: str, least: float) -> None:
    dataset = load_dataset("mnist")
    start = perf_counter()
    trained = train(network, dataset)
    print(f"{network} on MNIST: {trained.accuracy_percent:.2f} % in {perf_counter() - start:.0f} s")
    assert trained.accuracy_percent >= least
