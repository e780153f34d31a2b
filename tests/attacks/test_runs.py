"""Runs from files and from Python."""

from dataclasses import FrozenInstanceError, replace

import pytest

from accelsim import load_lut
from accelsim.attacks.reproduction.cells import Cells
from accelsim.attacks.runs.experiments import PARTS, RunStudy
from accelsim.attacks.runs.run import Run, RunAttack, RunNetwork
from accelsim.attacks.runs.run_file import read_run
from accelsim.errors import AccelsimError
from accelsim.models import load_dataset, save_checkpoint, trained_network

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
        ("images: 8", "images: !foo 8", "line 16: not a value: could not determine a constructor"),
        ("images: 8", "images: !!int eight", "line 16: not a value: invalid literal"),
        ("images: 8", "seed: 2024-13-45", "line 16: not a value: month must be in 1..12"),
        ("images: 8", "seed: 99999999999999999999", "line 16: seed is 99999999999999999999; expected"),
        ("images: 8", "images: &many [*many]", "line 16: not a value: found unconstructable recursive node"),
        ("images: 8", "[images]: 8", "line 16: a key of the file is no text"),
        ("{steps: 2}", "{2: 2}", "line 13: key '2' is no text; put it in quotes"),
        ("{steps: 2}", "{name: 2}", "line 12: attack boundary-sampled-l2 has no parameter name"),
        ("{steps: 2}", "{self: 2}", "line 12: attack boundary-sampled-l2 has no parameter self"),
        ("epochs: 1", "epochs: 0", "line 7: training: epochs must be a whole number from 1"),
        ("epochs: 1", "seed: -1", "line 7: training: seed must be a whole number from 0"),
        ("epochs: 1", "weights: no.safetensors", "line 7: weights: there is no checkpoint"),
        ("epochs: 1", "multiplier: mul8u_drumm_k4", "line 7: multiplier: unknown multiplier mul8u_drumm_k4"),
        ("epochs: 1", "multiplier: axfpm_blocks4", "line 7: multiplier axfpm_blocks4 is one of floats"),
        ("epochs: 1", "multiplier: mul4s_bw", "line 7: multiplier mul4s_bw takes levels of up to 3 bits"),
        ("epochs: 1", "multiplier: ./none.npy", "line 7: multiplier: "),
    ],
)
def test_what_a_file_cannot_say(file, old, new, message):
    assert old in TEXT
    with pytest.raises(AccelsimError) as error:
        read_run(file(TEXT.replace(old, new, 1)))
    assert message in str(error.value)
    assert str(error.value).startswith(str(file(TEXT)))


def test_numbers_may_have_exponents(file):
    """Which YAML 1.1 takes for texts."""
    assert read_run(file(TEXT.replace("budget: 0.2", "budget: 1e-3"))).attack[0].budget == 1e-3


def test_multipliers_and_weights_are_found_beside_the_file(file, tmp_path, monkeypatch):
    load_lut("mul8u_drum_k4").save(tmp_path / "mine.npy")
    (tmp_path / "mine.safetensors").touch()
    monkeypatch.chdir(tmp_path.parent)
    network = read_run(
        file(TEXT.replace("epochs: 1", "multiplier: mine.npy\n    weights: mine.safetensors"))
    ).train[1]
    assert network.multiplier == str(tmp_path / "mine.npy")
    assert network.weights == str(tmp_path / "mine.safetensors")


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


def test_a_multipliers_file_that_changed_is_computed_anew(tmp_path):
    path = tmp_path / "mine.npy"
    run = Run(train=(RunNetwork("net", "lenet5", bits=2, epochs=1),), images=4)

    def accuracy(name):
        load_lut(name).save(path)
        own = replace(run, train=(replace(run.train[0], multiplier=str(path)),))
        study = RunStudy(folder=tmp_path, cells=Cells(tmp_path / "cells", {}), run=own)
        (row,) = PARTS.run(PARTS.parts[0], study)
        return row.value, study.subject(own.train[0]).answers(study.subject(own.train[0]).dataset.test_images)

    (exact, _), (coarse, answers) = accuracy("mul8u_exact"), accuracy("mul8u_trunc_k14")
    data = load_dataset("digits")
    assert coarse == pytest.approx(100 * float((answers == data.test_labels).float().mean()))
    assert coarse != exact


def test_a_network_that_is_right_about_one_class_alone_has_recognisable_examples(tmp_path, monkeypatch):
    run = Run(
        train=(RunNetwork("net", "lenet5", epochs=1),), attack=(RunAttack("fgm-linf", 0.15),), images=20
    )
    study = RunStudy(folder=tmp_path, cells=Cells(tmp_path / "cells", {}), run=run)
    data = load_dataset("digits")
    subject = study.subject(run.train[0])
    chosen = (data.test_labels == 0) & (subject.answers(data.test_images) == 0)
    sample = data.test_images[chosen][:20], data.test_labels[chosen][:20]
    monkeypatch.setattr(RunStudy, "sample", lambda *_: sample)
    rows = {row.quantity: row.value for row in PARTS.run(PARTS.parts[1], study)}
    assert rows["evasion_percent"] > 0
    assert rows["unrecognisable_percent"] == 0


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
