"""Runs from files and from Python."""

from dataclasses import FrozenInstanceError

import pytest

from accelsim.attacks.reproduction.cells import Cells
from accelsim.attacks.runs.experiments import PARTS, RunStudy
from accelsim.attacks.runs.run import Run, RunAttack, RunNetwork
from accelsim.attacks.runs.run_file import read_run
from accelsim.errors import AccelsimError
from accelsim.models import save_checkpoint, trained_network

TEXT = """\
train:
  - name: full
    network: lenet5
  - name: four bits
    network: lenet5
    bits: 4
    epochs: 1
attack:
  - attack: fgm-linf
    budget: 0.2
  - name: walk
    attack: boundary-sampled-l2
    parameters: {steps: 2}
    on: [full]
transfer: [full, four bits]
images: 8
"""


@pytest.fixture
def file(tmp_path):
    def written(text):
        path = tmp_path / "run.yaml"
        path.write_text(text)
        return path

    return written


def test_a_file_is_the_same_as_the_objects(file):
    assert read_run(file(TEXT)) == Run(
        train=(RunNetwork("full", "lenet5"), RunNetwork("four bits", "lenet5", bits=4, epochs=1)),
        attack=(
            RunAttack("fgm-linf", 0.2),
            RunAttack("boundary-sampled-l2", parameters={"steps": 2}, on=("full",), name="walk"),
        ),
        transfer=("full", "four bits"),
        images=8,
    )
    with pytest.raises(FrozenInstanceError):
        read_run(file(TEXT)).images = 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("images: 8", "imagse: 8", "line 16: the file has no key imagse; did you mean images?"),
        ("    bits: 4", "    bitz: 4", "line 6: network has no key bitz; did you mean bits?"),
        ("    bits: 4", "    bits: 17", "line 6: DoReFa: bits of weights and inputs must be a whole number"),
        ("    bits: 4", "    bits: four", "line 6: bits is 'four'; expected a whole number"),
        ("network: lenet5\n  -", "network: lenet\n  -", "line 3: no network lenet; did you mean lenet5"),
        ("    budget: 0.2\n", "", "line 9: attack fgm-linf needs a budget"),
        ("budget: 0.2", "budget: -1", "line 10: perturbation budget -1 is out of range"),
        ("fgm-linf", "fgsm-linf", "line 9: unknown attack fgsm-linf; did you mean fgm-linf"),
        ("{steps: 2}", "{step: 2}", "has no parameter step"),
        ("on: [full]", "on: [ful]", "attack walk: no network ful in train; did you mean full?"),
        ("images: 8", "images: 0", "line 16: images is 0; expected a whole number from 1 up"),
        ("name: four bits", "name: full", "line 1: network full is listed 2 times"),
        ("transfer: [full", "transfer: [{}", "line 15: transfer is"),
        ("images: 8", "images: 8\nimages: 9", "line 17: images stands here twice"),
        ("    network: lenet5\n    bits", "    bits", "line 4: network has no network"),
        ("    bits: 4", "    multiplier: mul8u_exact", "line 5: network four bits is to run on mul8u_exact"),
        ("attack:", "attack: 3\nrest:", "line 9: the file has no key rest"),
        ("images: 8", "images: [8", "line 17: not YAML"),
    ],
)
def test_what_a_file_cannot_say(file, old, new, message):
    assert old in TEXT
    with pytest.raises(AccelsimError) as error:
        read_run(file(TEXT.replace(old, new, 1)))
    assert message in str(error.value)
    assert str(error.value).startswith(str(file(TEXT)))


def test_no_file_and_an_empty_one(file, tmp_path):
    with pytest.raises(AccelsimError, match="cannot read .*none.yaml"):
        read_run(tmp_path / "none.yaml")
    with pytest.raises(AccelsimError, match="is empty"):
        read_run(file(""))


def test_it_runs_and_goes_on(tmp_path):
    lines = []
    run = Run(
        train=(
            RunNetwork("full", "lenet5", epochs=1),
            RunNetwork("two bits", "lenet5", bits=2, epochs=1),
            RunNetwork("on DRUM", "lenet5", bits=2, epochs=1, multiplier="mul8u_drum_k4"),
        ),
        attack=(RunAttack("fgm-linf", 0.2), RunAttack("jsma-l0", parameters={"targets": 1}, on=("full",))),
        transfer=("full", "on DRUM"),
        images=6,
    )

    def results():
        study = RunStudy(folder=tmp_path, cells=Cells(tmp_path / "cells", {}), run=run, report=lines.append)
        return [row for part in PARTS.parts for row in PARTS.run(part, study)], study

    rows, study = results()
    assert (tmp_path / "transfer.png").exists()
    found = {(row.part, row.row, row.column, row.quantity): row.value for row in rows}
    assert found["train", "full", "digits", "accuracy_percent"] == pytest.approx(
        study.subject(run.train[0]).trained.accuracy_percent
    )
    assert found["transfer", "fgm-linf 0.2 full", "full", "transfer_percent"] == 100
    assert ("transfer", "jsma-l0 targets=1 two bits", "full", "transfer_percent") not in found
    lines.clear()
    again, _ = results()
    assert [row.value for row in again] == pytest.approx([row.value for row in rows], nan_ok=True)
    assert not any("from 0" in line for line in lines), "nothing is crafted anew"


def test_weights_of_another_width_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_checkpoint(trained_network("lenet5", "digits", epochs=1, weight_bits=2, activation_bits=2), path)
    for bits in (None, 4):
        run = Run(train=(RunNetwork("net", "lenet5", bits=bits, weights=str(path)),))
        study = RunStudy(folder=tmp_path, cells=Cells(tmp_path / "cells", {}), run=run)
        with pytest.raises(AccelsimError, match=r"weights\.safetensors holds .*weights of 2 bits"):
            study.subject(run.train[0])
    run = Run(train=(RunNetwork("net", "lenet5", bits=2, weights=str(path)),))
    assert RunStudy(folder=tmp_path, cells=Cells(tmp_path / "c", {}), run=run).subject(run.train[0]).net
