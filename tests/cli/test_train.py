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


def test_bits_and_a_start(accelsim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    accelsim("train", "--network", "ffnn", "--epochs", 1)
    ended = accelsim(
        "train", "--network", "ffnn", "--epochs", 1, "--bits", 4, "--start", "ffnn-digits.safetensors"
    )
    assert "ffnn on digits, weights of 4 bits and inputs of 4, 1 epoch:" in ended.out
    trained = load_checkpoint(tmp_path / "ffnn-digits-w4a4.safetensors", "ffnn", bits=(4, 4))
    assert trained.recipe.start == load_checkpoint(tmp_path / "ffnn-digits.safetensors").sha256
    other = accelsim("train", "--network", "ffnn", "--epochs", 1, "--weight-bits", 1, "--activation-bits", 8)
    assert other.out.endswith("checkpoint  ffnn-digits-w1a8.safetensors\n")


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
        (["--bits", "17"], "bits of weights must be a whole number from 1 to 16, not 17"),
        (["--bits", "0"], "bits of weights must be a whole number from 1 to 16, not 0"),
        (["--weight-bits", "4", "--activation-bits", "99"], "bits of activations must be a whole number"),
        (["--activation-bits", "4"], "activation_bits are given without weight_bits"),
        (["--bits", "4", "--weight-bits", "4"], "--bits is both --weight-bits and --activation-bits"),
        (["--start", "lenet5", "--adversarial", "0.1"], "--adversarial trains from scratch"),
        (["--start", "lenet"], "no network or weights 'lenet'; did you mean lenet5"),
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
