import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import accelsim
from accelsim.errors import AccelsimError
from accelsim.models import Dataset, TrainedNetwork, load_checkpoint, save_checkpoint, train


@pytest.fixture(scope="module")
def trained(tiny: Dataset) -> TrainedNetwork:
    return train("lenet5", tiny, epochs=1, seed=3)


@pytest.fixture
def path(trained: TrainedNetwork, tmp_path: Path) -> Path:
    save_checkpoint(trained, tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors"


def rewritten(path: Path, **changes: object) -> Path:
    """Change what a checkpoint says of itself; the weights stay."""
    with safe_open(path, framework="pt") as file:
        names = file.keys()
        tensors = {name: file.get_tensor(name).clone() for name in names}
        about = {**json.loads(file.metadata()["accelsim"]), **changes}
    save_file(tensors, path, {"accelsim": json.dumps(about)})
    return path


def test_the_round_trip_is_bit_exact(trained: TrainedNetwork, tiny: Dataset, path: Path) -> None:
    loaded = load_checkpoint(path, "lenet5")
    assert replace(loaded, net=trained.net).__dict__ == trained.__dict__
    assert not loaded.net.training
    weights = loaded.net.state_dict()
    assert list(weights) == list(trained.net.state_dict())
    for name, tensor in trained.net.state_dict().items():
        assert weights[name].numpy().tobytes() == tensor.numpy().tobytes()
    assert torch.equal(loaded.net(tiny.test_images), trained.net(tiny.test_images))


def test_the_file_tells_what_it_is(trained: TrainedNetwork, tiny: Dataset, path: Path) -> None:
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    assert list(metadata) == ["accelsim"]
    assert json.loads(metadata["accelsim"]) == {
        "format": 1,
        "recipe": {
            "epochs": 1,
            "seed": 3,
            "batch_size": 64,
            "learning_rate": 0.002,
            "threads": 1,
            "optimiser": "adam",
            "schedule": "cosine",
            "weight_decay": 0.0,
            "augmentation": "none",
            "batch_norm": False,
            "precision": "float32",
            "weight_bits": None,
            "activation_bits": None,
            "start": "",
            "storage": "float32",
        },
        "network": "lenet5",
        "dataset": "tiny",
        "dataset_sha256": tiny.sha256,
        "train_sha256": tiny.train_sha256,
        "accuracy_percent": trained.accuracy_percent,
        "weights_sha256": trained.sha256,
        "accelsim_version": accelsim.__version__,
        "torch_version": torch.__version__,
    }


def test_the_same_network_is_the_same_file(trained: TrainedNetwork, path: Path) -> None:
    before = path.read_bytes()
    save_checkpoint(load_checkpoint(path), path)
    assert path.read_bytes() == before


def test_another_network_is_refused(path: Path) -> None:
    with pytest.raises(AccelsimError, match=r"net.safetensors holds the network lenet5, not ffnn$"):
        load_checkpoint(path, "ffnn")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "1"])
def test_metadata_that_is_no_description_is_refused(tmp_path: Path, text: str) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "odd.safetensors", {"accelsim": text})
    with pytest.raises(AccelsimError, match="odd.safetensors is damaged: its metadata"):
        load_checkpoint(tmp_path / "odd.safetensors")


def test_a_later_format_is_refused(path: Path) -> None:
    with pytest.raises(AccelsimError, match="is a checkpoint of format 2; this accelsim reads 1"):
        load_checkpoint(rewritten(path, format=2))


def test_other_weights_than_the_name_says_are_refused(path: Path) -> None:
    with pytest.raises(
        AccelsimError, match="is of another architecture than ffnn: conv1.bias is .6,., expected no such"
    ):
        load_checkpoint(rewritten(path, network="ffnn"))
    with pytest.raises(
        AccelsimError, match="holds the network vgg, which accelsim does not have; there are lenet5"
    ):
        load_checkpoint(rewritten(path, network="vgg"))


def test_foreign_safetensors_are_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises(
        AccelsimError, match="foreign.safetensors is a safetensors file but not an accelsim checkpoint"
    ):
        load_checkpoint(tmp_path / "foreign.safetensors")


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe": "fast"},
        {"recipe": [1, 2]},
        {"recipe": {"epochs": 0}},
        {"recipe": {"epochs": 1, "unheard": 2}},
        {"accuracy_percent": "high"},
        {"accuracy_percent": None},
    ],
)
def test_malformed_metadata_is_refused(path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(AccelsimError, match="net.safetensors is damaged: its metadata") as caught:
        load_checkpoint(rewritten(path, **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 4, 8, 300, -1])
def test_truncated_files_are_refused(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(AccelsimError, match="net.safetensors is not a whole safetensors file") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no weights in here, but some words\n" * 9)
    with pytest.raises(AccelsimError, match="note.txt is not a whole safetensors file"):
        load_checkpoint(tmp_path / "note.txt")
    with pytest.raises(AccelsimError, match=r"^cannot read checkpoint .*nowhere: No such file or directory$"):
        load_checkpoint(tmp_path / "nowhere")
    with pytest.raises(AccelsimError, match=r"^cannot read checkpoint .*: Is a directory$"):
        load_checkpoint(tmp_path)


def test_a_changed_weight_is_noticed(path: Path, flip_byte: Callable[[Path, int], None]) -> None:
    flip_byte(path, path.stat().st_size - 1)
    with pytest.raises(AccelsimError, match="net.safetensors is damaged: its weights do not have the hash"):
        load_checkpoint(path)


def test_a_folder_that_cannot_be_written_is_said(trained: TrainedNetwork, path: Path) -> None:
    with pytest.raises(AccelsimError, match="^cannot write .*net.safetensors/inside"):
        save_checkpoint(trained, path / "inside")
