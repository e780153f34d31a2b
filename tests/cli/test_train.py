from dataclasses import asdict

import pytest

from accelsim.models import load_checkpoint


def test_checkpoint_is_that_of_the_report(accelsim, tmp_path):
    path = tmp_path / "new" / "net.safetensors"
    ended = accelsim("train", "--network", "ffnn", "--epochs", 1, "--seed", 3, "-o", path, "--json")
    assert (ended.code, ended.err) == (0, "")
    trained = load_checkpoint(path)
    assert (trained.network, trained.recipe.epochs, trained.recipe.seed) == ("ffnn", 1, 3)
    assert ended.document == {
        "network": "ffnn",
        "dataset": "digits",
        "dataset_sha256": trained.dataset_sha256,
        "recipe": asdict(trained.recipe),
        "accuracy_percent": trained.accuracy_percent,
        "weights_sha256": trained.sha256,
        "checkpoint": str(path),
    }


def test_default_name_is_in_the_current_folder(accelsim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = accelsim("train", "--network", "ffnn", "--epochs", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["ffnn-digits.safetensors"]
    assert "1 epoch:" in ended.out
    assert ended.out.endswith("checkpoint  ffnn-digits.safetensors\n")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--network", "lenet"], "did you mean lenet5"),
        (["--data", "digit"], "did you mean digits?"),
        (["--epochs", "0"], "0 is not in the range x>=1"),
        (["--epochs", "many"], "'many' is not a valid integer"),
    ],
)
def test_bad_options(refused, arguments, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert hint in refused("train", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_unwritable_checkpoint_is_refused_before_training(refused, tmp_path, monkeypatch):
    monkeypatch.setattr("accelsim.models.train", lambda *_, **__: pytest.fail("trained"))
    (tmp_path / "file").write_text("")
    assert "Not a directory" in refused("train", "-o", tmp_path / "file" / "net.safetensors")
