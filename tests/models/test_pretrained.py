import _thread
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import pytest

from accelsim.errors import AccelsimError
from accelsim.models import Dataset, TrainedNetwork, pretrained, train, trained_network


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The networks that were trained, in order."""
    done: list[str] = []

    def counted(network: str, *args: object, **options: object) -> TrainedNetwork:
        done.append(network)
        return train(network, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pretrained, "train", counted)
    return done


def test_it_is_trained_once(tiny: Dataset, own_folders: Path, trainings: list[str]) -> None:
    first = trained_network("ffnn", tiny, epochs=1)
    assert trained_network("ffnn", tiny, epochs=1).sha256 == first.sha256
    assert trainings == ["ffnn"]
    (entry,) = (own_folders / "checkpoints").iterdir()
    assert entry.name.startswith("ffnn-tiny-")
    assert entry.suffix == ".safetensors"


def test_every_part_of_the_key_counts(tiny: Dataset, own_folders: Path, trainings: list[str]) -> None:
    other = Dataset(
        "tiny", tiny.train_images, tiny.train_labels.flip(0), tiny.test_images, tiny.test_labels, tiny.classes
    )
    hashes = {
        trained_network(network, dataset, epochs=epochs, seed=seed).sha256
        for network, dataset, epochs, seed in (
            ("ffnn", tiny, 1, 0),
            ("lenet5", tiny, 1, 0),
            ("ffnn", other, 1, 0),
            ("ffnn", tiny, 2, 0),
            ("ffnn", tiny, 1, 1),
        )
    }
    assert len(hashes) == len(trainings) == 5
    assert len(list((own_folders / "checkpoints").iterdir())) == 5


def test_a_data_set_by_name_and_by_hand_share_an_entry(digits: Dataset, trainings: list[str]) -> None:
    by_name = trained_network("ffnn", "digits", epochs=1)
    assert trained_network("ffnn", digits, epochs=1).sha256 == by_name.sha256
    assert len(trainings) == 1


def test_a_damaged_entry_is_replaced(
    tiny: Dataset, own_folders: Path, trainings: list[str], flip_byte: Callable[[Path, int], None]
) -> None:
    first = trained_network("ffnn", tiny, epochs=1)
    (entry,) = (own_folders / "checkpoints").iterdir()
    whole = entry.read_bytes()
    flip_byte(entry, 5000)
    assert trained_network("ffnn", tiny, epochs=1).sha256 == first.sha256
    entry.write_bytes(whole[:1000])
    assert trained_network("ffnn", tiny, epochs=1).sha256 == first.sha256
    assert entry.read_bytes() == whole
    assert len(trainings) == 3


def test_an_entry_of_another_recipe_is_replaced(
    tiny: Dataset, own_folders: Path, trainings: list[str]
) -> None:
    wanted = trained_network("ffnn", tiny, epochs=2)
    (entry,) = (own_folders / "checkpoints").iterdir()
    trained_network("ffnn", tiny, epochs=1)
    (other,) = set((own_folders / "checkpoints").iterdir()) - {entry}
    entry.write_bytes(other.read_bytes())
    assert trained_network("ffnn", tiny, epochs=2).sha256 == wanted.sha256
    assert len(trainings) == 3


def test_an_interrupt_leaves_nothing(digits: Dataset, own_folders: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    interrupt = Timer(0.5, _thread.interrupt_main)
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        trained_network("lenet5", digits, epochs=10_000)
    interrupt.join()
    signal.signal(signal.SIGINT, before)
    assert not list((own_folders / "checkpoints").glob("*"))


def test_errors_come_before_the_training(
    tiny: Dataset, own_folders: Path, trainings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AccelsimError, match="unknown network 'ffn'; did you mean ffnn"):
        trained_network("ffn", "mnist")
    with pytest.raises(AccelsimError, match="unknown data set 'digts'; did you mean digits"):
        trained_network("ffnn", "digts")
    own_folders.write_text("a file where the folder should be")
    with pytest.raises(AccelsimError, match=r"^cannot write into .*cache/checkpoints: .*\$ACCELSIM_CACHE"):
        trained_network("ffnn", tiny, epochs=1)
    assert not trainings
