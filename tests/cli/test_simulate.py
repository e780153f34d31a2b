import csv
import json
from pathlib import Path

import pytest

from accelsim.accumulator import Accumulator
from accelsim.integer_inference import integer_network
from accelsim.models import calibration_images, load_checkpoint, load_dataset
from accelsim.rtl.catalogue import load_lut

LENET5 = """Layer, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1, 32, 32, 5, 5, 1, 6, 1,
Conv2, 14, 14, 5, 5, 6, 16, 1,
Conv3, 5, 5, 5, 5, 16, 120, 1,
FC1, 1, 1, 1, 1, 120, 84, 1,
FC2, 1, 1, 1, 1, 84, 10, 1,
"""
CONFIG = """[general]
run_name = small
[architecture_presets]
ArrayHeight: 8
ArrayWidth: 4
IfmapSramSzkB: 16
FilterSramSzkB: 32
OfmapSramSzkB: 8
Dataflow: os
[run_presets]
InterfaceBandwidth: CALC
"""


@pytest.fixture
def topology(tmp_path):
    path = tmp_path / "lenet5.csv"
    path.write_text(LENET5)
    return path


def test_a_network_answers_as_the_integer_network_does(accelsim, checkpoints, tmp_path):
    arguments = ["--checkpoint", checkpoints["lenet5"], "--images", 12, "--array", "8x8", "--quiet", "--json"]
    settings = ["-m", "mul8u_drum_k4", "--accumulator-bits", 24, "--overflow", "saturate"]
    ended = accelsim("simulate", *arguments, *settings, "-o", tmp_path / "out")
    assert (ended.code, ended.err) == (0, "")
    found = ended.document
    dataset = load_dataset("digits")
    network = integer_network(
        load_checkpoint(checkpoints["lenet5"]).net,
        load_lut("mul8u_drum_k4"),
        calibration=calibration_images(dataset, 256, seed=0),
        accumulator=Accumulator(24, "saturate"),
    )
    predictions = network.run(dataset.test_images[:12]).argmax(axis=1)
    assert found["predictions"] == predictions.tolist()
    right = (predictions == dataset.test_labels[:12].numpy()).mean()
    assert found["accuracy_percent"] == pytest.approx(100 * right)
    assert [layer["layer"] for layer in found["layers"]] == ["conv1", "conv2", "conv3", "fc1", "fc2"]
    total = found["total"]
    assert total["macs"] == 416_520
    assert total["cycles"] == sum(each["compute_cycles"] + each["stall_cycles"] for each in found["layers"])
    assert total["energy_pj"]["total"] == pytest.approx(sum(each["energy_pj"] for each in found["layers"]))
    with (tmp_path / "out" / "layers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["macs"]) for row in rows] == [layer["macs"] for layer in found["layers"]]
    assert json.loads((tmp_path / "out" / "simulate.json").read_text()) == found
    for picture in ("roofline.png", "cycles.png", "energy.png"):
        assert (tmp_path / "out" / picture).read_bytes().startswith(b"\x89PNG")


def test_cycle_by_cycle_gives_the_same(accelsim, checkpoints, tmp_path):
    def run(engine):
        arguments = ["--checkpoint", checkpoints["lenet5"], "--images", 3, "--array", "6x5", "--json"]
        settings = ["--dataflow", "os", "--engine", engine, "-o", tmp_path / engine, "--operands", "uniform"]
        document = accelsim("simulate", *arguments, *settings).document
        return {key: value for key, value in document.items() if key not in {"engine", "files"}}

    assert run("cycles") == run("fast")


def test_text(accelsim, checkpoints, tmp_path):
    ended = accelsim("simulate", "--checkpoint", checkpoints["ffnn"], "--images", 2, "-o", tmp_path / "out")
    lines = ended.out.splitlines()
    assert lines[0] == "ffnn on 32 x 32 PEs with mul8u_exact, ws, one image"
    assert [line.split()[0] for line in lines[2:6]] == ["fc1", "fc2", "fc3", "total"]
    assert any(line.startswith("SCALE-Sim") and "counted from 0" in line for line in lines)
    assert any(line.startswith("memories") and "Horowitz" in line for line in lines)


def test_a_topology_and_a_configuration(accelsim, topology, tmp_path):
    config = tmp_path / "scale.cfg"
    config.write_text(CONFIG)
    arguments = ["simulate", "--topology", topology, "-o", tmp_path / "out", "--json"]
    ws = accelsim(*arguments).document
    assert [layer["scalesim_cycles"] for layer in ws["layers"]] == [877, 969, 4939, 1139, 284]
    assert [layer["compute_cycles"] for layer in ws["layers"]] == [879, 971, 4941, 1141, 286]
    configured = accelsim(*arguments, "--config", config).document["accelerator"]
    expected = {"rows": 8, "columns": 4, "dataflow": "os", "ifmap_kib": 16, "filter_kib": 32, "ofmap_kib": 8}
    assert configured | expected == configured
    assert configured["bandwidth"] is None
    overridden = accelsim(*arguments, "--config", config, "--array", "4x4", "--bandwidth", 2).document
    assert overridden["accelerator"] | {"rows": 4, "columns": 4, "bandwidth": 2} == overridden["accelerator"]


def test_an_exported_topology_takes_the_same_cycles(accelsim, checkpoints, tmp_path):
    exported = tmp_path / "exported.csv"
    network = accelsim(
        "simulate", "--checkpoint", checkpoints["lenet5"], "--images", 1, "--export-topology", exported,
        "-o", tmp_path / "out", "--json",
    ).document  # fmt: skip
    again = accelsim("simulate", "--topology", exported, "-o", tmp_path / "out", "--json").document
    keys = ("layer", "compute_cycles", "macs", "filter_fetched_bytes")
    assert [[layer[key] for key in keys] for layer in again["layers"]] == [
        [layer[key] for key in keys] for layer in network["layers"]
    ]


def test_random_images_have_no_accuracy(accelsim, tmp_path):
    arguments = ["--images", 1, "-o", tmp_path / "out", "--array", "16x16"]
    ended = accelsim("simulate", "resnet20", *arguments, "--operands", "uniform")
    assert "of random images, with no labels to compare" in ended.out
    found = json.loads((tmp_path / "out" / "simulate.json").read_text())
    assert (found["dataset"], found["accuracy_percent"], found["weights_sha256"]) == ("random", None, None)
    assert len(found["predictions"]) == 1


def test_energies_of_a_file(accelsim, topology, tmp_path):
    path = tmp_path / "energy.toml"
    path.write_text('[dram]\npj_per_byte = 2\n[pe]\nmultiplier_fj = 1000\nsource = "guess"\n')
    found = accelsim(
        "simulate", "--topology", topology, "--energy", path, "-o", tmp_path / "out", "--json"
    ).document
    for layer in found["layers"]:
        assert layer["multiplier_pj"] == pytest.approx(layer["macs"])
        assert layer["dram_pj"] == 2 * (layer["dram_read_bytes"] + layer["dram_write_bytes"])
    assert found["pe_energy_from"] == {"multiplier_fj": 1000, "source": "guess"}


def test_bad_input(refused, topology, checkpoints, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lenet5 = checkpoints["lenet5"]
    assert "'16' is no array; expected rows x columns" in refused("simulate", "--array", "16")
    assert "'0x4' is no array" in refused("simulate", "--array", "0x4")
    assert "did you mean lenet5" in refused("simulate", "lenet")
    assert "--topology brings its own layers" in refused("simulate", "lenet5", "--topology", topology)
    assert "a topology has no operands" in refused("simulate", "--topology", topology, "--operands", "real")
    assert "narrower than the products" in refused("simulate", "lenet5", "--accumulator-bits", 12)
    assert "layer Conv1: one tile takes 150 bytes of the filter scratchpad" in refused(
        "simulate", "--topology", topology, "--filter-kib", 0.1
    )
    topology.write_text(LENET5.replace("14, 14, 5", "14, x, 5"))
    assert "lenet5.csv, line 3: ifmap width of layer Conv2 is 'x'" in refused(
        "simulate", "--topology", topology
    )
    (tmp_path / "bad.toml").write_text("[dram]\npj_per_bite = 3\n")
    assert "bad.toml, line 2: pj_per_bite is no key of [dram]; did you mean pj_per_byte?" in refused(
        "simulate", "--checkpoint", lenet5, "--energy", "bad.toml"
    )
    assert "cannot read" in refused("simulate", "--config", "none.cfg")
    assert "resnet20 takes images of 3x32x32, those of digits are 1x28x28" in refused(
        "simulate", "resnet20", "--data", "digits"
    )
    assert "a bandwidth of nan" in refused("simulate", "--bandwidth", "nan")
    Path("taken").write_text("")
    assert "cannot write" in refused("simulate", "-o", "taken/out")
    assert [path.name for path in tmp_path.iterdir() if path.name == "accelsim-simulate"] == []
