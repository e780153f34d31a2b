import dataclasses
import re

import numpy as np
import pytest
import torch

from accelsim.conversion import approximate
from accelsim.errors import AccelsimError
from accelsim.models import calibration_images, load_checkpoint, load_dataset
from accelsim.network_report import LayerReport
from accelsim.rtl.catalogue import load_lut


def test_accuracies_are_those_of_the_networks(accelsim, checkpoints):
    ended = accelsim(
        "evaluate", "--checkpoint", checkpoints["ffnn"], "-m", "mul8u_drum_k3", "--images", 60, "--json"
    )
    assert (ended.code, ended.err) == (0, "")
    content = ended.document
    dataset = load_dataset("digits")
    images, labels = dataset.test_images[:60], dataset.test_labels[:60]
    net = load_checkpoint(checkpoints["ffnn"]).net
    calibration = calibration_images(dataset, 256, seed=0)
    expected = {}
    for name in ["mul8u_exact", "mul8u_drum_k3"]:
        quantized = approximate(net, load_lut(name), calibration=calibration, layers="linear")
        with torch.no_grad():
            expected[name] = 100 * int((quantized(images).argmax(1) == labels).sum()) / 60
    found = {entry["multiplier"]: entry["accuracy_percent"] for entry in content["multipliers"]}
    assert found == pytest.approx(expected)
    with torch.no_grad():
        exact = 100 * int((net(images).argmax(1) == labels).sum()) / 60
    assert content["float_accuracy_percent"] == pytest.approx(exact)
    for entry in content["multipliers"]:
        assert entry["ci_low_percent"] < entry["accuracy_percent"] < entry["ci_high_percent"]
        assert entry["drop_points"] == pytest.approx(exact - entry["accuracy_percent"])
    settings = {key: content[key] for key in ["network", "dataset", "images", "layers", "seed"]}
    assert settings == {"network": "ffnn", "dataset": "digits", "images": 60, "layers": "linear", "seed": 0}


def test_convolutions_alone_are_the_default(accelsim, checkpoints):
    arguments = [
        "evaluate",
        "--checkpoint",
        checkpoints["lenet5"],
        "-m",
        "mul8s_exact",
        "--images",
        5,
        "--json",
    ]
    (entry,) = accelsim(*arguments).document["multipliers"]
    assert [layer["name"] for layer in entry["layers"]] == ["conv1", "conv2", "conv3"]
    assert set(entry["layers"][0]) == {field.name for field in dataclasses.fields(LayerReport)}


def test_options_reach_the_layers(accelsim, checkpoints):
    arguments = ["--layers", "all", "--activation-operand", "b", "--weights", "per-channel", "--images", 5]
    content = accelsim(
        "evaluate", "--checkpoint", checkpoints["lenet5"], "-m", "mul8s_exact", *arguments, "--json"
    ).document
    (entry,) = content["multipliers"]
    assert [layer["kind"] for layer in entry["layers"]] == ["conv", "conv", "conv", "linear", "linear"]
    assert {layer["activation_operand"] for layer in entry["layers"]} == {"b"}
    assert len(entry["layers"][0]["weight_scales"]) == 6


def test_text_with_the_report_of_layers(accelsim, checkpoints):
    ended = accelsim(
        "evaluate", "--checkpoint", checkpoints["lenet5"], "-m", "mul8u_udm", "--images", 5, "--layers-report"
    )
    lines = ended.out.splitlines()
    assert lines[0] == "lenet5 on 5 test images of digits, conv layers approximate"
    assert [line.split()[0] for line in lines[2:5]] == ["float", "mul8u_exact", "mul8u_udm"]
    assert "layers on mul8u_exact, mul8u_udm; the activation is operand a" in lines
    header = next(line for line in lines if line.startswith("layer "))
    columns = ["layer", "input", "output", "MACs", "act. scale", "zero", "weight scale", "zero"]
    assert re.split(r"  +", header) == columns
    conv2 = next(line for line in lines if line.startswith("conv2"))
    assert conv2.split()[:4] == ["conv2", "6x14x14", "16x10x10", "240,000"]
    assert len(conv2.split()) == len(columns)


@pytest.mark.parametrize("arguments", [["-m", "wide.npy"], ["--network", "ffnn", "--layers", "conv"]])
def test_what_cannot_run_is_refused_before_data_and_training(refused, monkeypatch, tmp_path, arguments):
    monkeypatch.chdir(tmp_path)
    np.save("wide.npy", np.zeros((4096, 4096), "u4"))
    monkeypatch.setattr("accelsim.models.trained_network", lambda *_, **__: pytest.fail("trained"))
    monkeypatch.setattr("accelsim.models.load_dataset", lambda *_, **__: pytest.fail("loaded"))
    refused("evaluate", *arguments)


def test_calibration_is_that_of_each_multiplier_alone(accelsim, checkpoints):
    def layers(*names):
        given = [argument for name in names for argument in ("-m", name)]
        network = ["--checkpoint", checkpoints["ffnn"], "--images", 20]
        content = accelsim("evaluate", *network, *given, "--json").document
        return {entry["multiplier"]: entry for entry in content["multipliers"]}

    names = ["mul4u_udm", "mul4s_bw_ama1_k2", "mul4u_mitchell"]
    together = layers(*names)
    for name in names:
        assert together[name] == layers(name)[name]


def test_the_bar_of_a_download_is_silent_when_quiet(refused, monkeypatch):
    asked = []

    def load(name, *, progress):
        asked.append(progress)
        raise AccelsimError("enough")

    monkeypatch.setattr("accelsim.models.load_dataset", load)
    refused("evaluate", "-m", "mul4u_udm", "--quiet")
    refused("train", "--quiet")
    assert asked == [False, False]


def test_bad_input(refused, checkpoints, tmp_path):
    ffnn = checkpoints["ffnn"]
    assert "ffnn has no convolutional layers; give --layers linear" in refused(
        "evaluate", "--checkpoint", ffnn, "--layers", "conv"
    )
    assert "holds the network ffnn, not lenet5" in refused(
        "evaluate", "--checkpoint", ffnn, "--network", "lenet5"
    )
    assert "cannot read checkpoint" in refused("evaluate", "--checkpoint", tmp_path / "none.safetensors")
    assert "test images to give, not 501" in refused("evaluate", "--checkpoint", ffnn, "--images", 501)
    assert "given twice" in refused("evaluate", "-m", "mul4u_udm", "-m", "mul4u_udm")
    assert "did you mean digits?" in refused("evaluate", "--data", "digts", "-m", "mul4u_udm")
    assert "did you mean lenet5" in refused("evaluate", "--network", "lenet", "-m", "mul4u_udm")
    (tmp_path / "cut.safetensors").write_bytes(ffnn.read_bytes()[:5000])
    assert "cut.safetensors" in refused("evaluate", "--checkpoint", tmp_path / "cut.safetensors")
