"""The trained networks that come with the package."""

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from accelsim.dorefa_layers import DorefaLayer
from accelsim.errors import AccelsimError
from accelsim.models import (
    AdversarialRecipe,
    Dataset,
    accuracy_percent,
    adversarial_recipe,
    default_recipe,
    load_checkpoint,
    load_dataset,
    pretrained,
    save_checkpoint,
    shipped,
    train,
    trained_network,
)

#: Network, data set, least accuracy (%) on its test images.
SHIPPED = [
    ("lenet5", "mnist", 98.5),
    ("lenet5_guesmi", "mnist", 98.5),
    ("lenet5_guesmi_code", "mnist", 98.5),
    ("alexnet_cifar", "cifar10", 85),
    ("mnist_a", "mnist", 99),
    ("resnet20", "cifar10", 87),
]
#: The same trained with DoReFa-Net's weights and inputs of some bits.
QUANTIZED = [
    *(("mnist_a", "mnist", bits, 97) for bits in (1, 2, 4, 8, 12, 16)),
    *(
        ("resnet20", "cifar10", bits, least)
        for bits, least in ((1, 58), (2, 79), (4, 87), (8, 87), (12, 87), (16, 87))
    ),
]
WEIGHTS = Path(shipped.__file__).parent / "weights"
ADVERSARIAL = WEIGHTS / "lenet5-mnist-adversarial.safetensors"


@pytest.fixture
def nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "train", lambda *args, **options: pytest.fail("trained"))


def test_each_is_of_a_default_recipe_and_tells_its_accuracy() -> None:
    names = {f"{network}-{data}.safetensors" for network, data, _ in SHIPPED}
    names |= {ADVERSARIAL.name, "alexnet_siddique-cifar10.safetensors"}
    names |= {f"{network}-{data}-w{bits}a{bits}.safetensors" for network, data, bits, _ in QUANTIZED}
    assert {path.name for path in WEIGHTS.iterdir()} == names
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 20e6
    for network, data, least in SHIPPED:
        found = load_checkpoint(WEIGHTS / f"{network}-{data}.safetensors", network)
        assert found.recipe == default_recipe(data, network)
        assert found.dataset.startswith(data)
        assert found.accuracy_percent >= least


@pytest.mark.usefixtures("nothing_is_trained")
@pytest.mark.parametrize(("network", "data", "bits", "least"), QUANTIZED)
def test_quantized_ones_are_found_by_their_bits(
    network: str, data: str, bits: int, least: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELSIM_DATA", str(tmp_path))
    found = trained_network(network, data, weight_bits=bits, activation_bits=bits)
    assert found.accuracy_percent >= least
    layers = [layer for layer in found.net.modules() if isinstance(layer, DorefaLayer)]
    assert all((layer.weight_bits, layer.activation_bits) == (bits, bits) for layer in layers)
    assert len(layers) == (4 if network == "mnist_a" else 18)


def test_the_alexnet_of_siddique_and_hoque_has_about_the_accuracy_of_theirs() -> None:
    found = load_checkpoint(WEIGHTS / "alexnet_siddique-cifar10.safetensors", "alexnet_siddique")
    assert found.recipe == default_recipe("cifar10", epochs=8)
    assert 80 <= found.accuracy_percent <= 85


def test_the_adversarial_one_is_of_its_default_recipe() -> None:
    found = load_checkpoint(ADVERSARIAL, "lenet5")
    assert found.recipe == adversarial_recipe("mnist", 0.2)
    assert found.accuracy_percent >= 99


@pytest.mark.usefixtures("nothing_is_trained")
@pytest.mark.parametrize(("network", "data", "least"), SHIPPED)
def test_they_are_found_by_name_where_the_data_is_not_at_hand(
    network: str, data: str, least: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELSIM_DATA", str(tmp_path))
    assert trained_network(network, data).accuracy_percent >= least
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("nothing_is_trained")
@pytest.mark.skipif(
    "ACCELSIM_DATA" not in os.environ, reason="$ACCELSIM_DATA, with mnist/ and cifar10/ inside, is not set"
)
@pytest.mark.parametrize(("network", "data", "least"), SHIPPED)
def test_they_are_found_by_their_training_images(network: str, data: str, least: float) -> None:
    dataset = load_dataset(data)
    found = trained_network(network, dataset)
    accuracy = accuracy_percent(found.net, dataset.test_images, dataset.test_labels)
    assert found.accuracy_percent == pytest.approx(accuracy, abs=0.2)  # of the machine that trained it
    assert accuracy >= least
    few = replace(dataset, test_images=dataset.test_images[:10], test_labels=dataset.test_labels[:10])
    other = trained_network(network, few)
    assert (other.sha256, other.dataset_sha256) == (found.sha256, few.sha256)
    assert other.accuracy_percent == accuracy_percent(other.net, few.test_images, few.test_labels)


def test_those_on_a_data_set_are_found_whatever_their_recipe() -> None:
    for name, expected in (
        ("alexnet_siddique-cifar10", {"alexnet_cifar", "alexnet_siddique"}),
        ("mnist_a-mnist", {"lenet5", "lenet5_guesmi", "lenet5_guesmi_code", "mnist_a"}),
    ):
        one = load_checkpoint(WEIGHTS / f"{name}.safetensors")
        hashes = SimpleNamespace(train_sha256=one.train_sha256, sha256=one.dataset_sha256)
        found = shipped.shipped_on(cast("Dataset", hashes))
        assert expected <= set(found)
        assert found[one.network].sha256 == one.sha256
        assert all(each.recipe.weight_bits is None for each in found.values())
        assert not any(isinstance(each.recipe, AdversarialRecipe) for each in found.values())


def test_those_on_a_data_set_are_tested_on_its_test_images(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
    save_checkpoint(train("ffnn", tiny, epochs=1), tmp_path / "ffnn-tiny.safetensors")
    few = replace(tiny, test_images=tiny.test_images[:3], test_labels=tiny.test_labels[:3])
    (found,) = shipped.shipped_on(few).values()
    assert found.dataset_sha256 == few.sha256
    assert found.accuracy_percent == accuracy_percent(found.net, few.test_images, few.test_labels)
    assert not shipped.shipped_on(replace(tiny, train_labels=tiny.train_labels.flip(0)))


def test_other_data_or_another_recipe_is_trained(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = train("ffnn", tiny, epochs=1)
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path / "weights")
    save_checkpoint(trained, tmp_path / "weights" / "ffnn-tiny.safetensors")
    kept = pretrained.train
    trainings = []

    def counted(*args: object, **options: object) -> object:
        trainings.append(args)
        return kept(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pretrained, "train", counted)
    assert trained_network("ffnn", tiny, epochs=1).sha256 == trained.sha256
    assert not trainings
    assert trained_network("ffnn", tiny, epochs=2).sha256 != trained.sha256
    assert trained_network("ffnn", tiny, epochs=1, seed=1).sha256 != trained.sha256
    shuffled = replace(tiny, train_labels=tiny.train_labels.flip(0))
    assert trained_network("ffnn", shuffled, epochs=1).sha256 != trained.sha256
    assert len(trainings) == 3


def test_a_network_that_is_not_there_needs_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELSIM_DATA", str(tmp_path))
    monkeypatch.setattr("accelsim.models.cifar10.MIRRORS", ())
    with pytest.raises(AccelsimError, match="CIFAR-10: cifar-10-binary.tar.gz is not in"):
        trained_network("alexnet_cifar", "cifar10", epochs=1)
