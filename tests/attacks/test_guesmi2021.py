"""The machinery of the reproduction, on a small network."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from accelsim.attacks.guesmi2021 import paper_attacks, subjects
from accelsim.attacks.guesmi2021.confidence import confidences
from accelsim.attacks.guesmi2021.convolution import figure_4
from accelsim.attacks.guesmi2021.parts import PAPER
from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.guesmi2021.subjects import Subject
from accelsim.attacks.rates import Rate
from accelsim.attacks.registry import build_attack
from accelsim.attacks.reproduction import examples
from accelsim.attacks.reproduction.cells import Cells, no_state
from accelsim.attacks.reproduction.rows import as_frame
from accelsim.attacks.threat_models import Transfer, WhiteBox
from accelsim.attacks.worker_pool import WorkerPool
from accelsim.errors import AccelsimError
from accelsim.models import Dataset, TrainedNetwork, accuracy_percent, weights_sha256
from accelsim.models.recipe import Recipe


@pytest.fixture
def subject(source, images, labels):
    data = Dataset("mnist", images, labels, images, labels, ("a", "b", "c"))
    trained = TrainedNetwork(
        source, "lenet5_guesmi", "mnist", data.sha256, data.train_sha256, Recipe(epochs=1),
        accuracy_percent(source, images, labels), weights_sha256(source),
    )  # fmt: skip
    return Subject(trained, data, images, labels)


@pytest.fixture
def study(subject, tmp_path):
    lines = []
    made = Study(
        folder=tmp_path,
        cells=Cells(tmp_path / "cells", {"accelsim": "1"}),
        images={"mnist": 40, "cifar10": 40},
    )
    object.__setattr__(made, "report", lines.append)
    for network in ("lenet5_guesmi", "lenet5_guesmi_code"):
        made._subjects[network, "mnist"] = subject
    made._subjects["alexnet_cifar", "cifar10"] = subject
    return made, lines


def test_rows_hold_the_papers_figure_and_the_difference():
    rows = PUBLISHED.rows("table-2", "minimal-norm", "mnist")
    rows.add_rate("FGSM", "axfpm", "success_percent", Rate(30, 40))
    rows.add_mean("FGSM", "axfpm", "l2", np.array([1.0, 3.0, np.inf]))
    rate, mean = rows.rows
    assert (rate.value, rate.paper, rate.difference, rate.n) == (75, 12, 63, 40)
    assert rate.low < 75 < rate.high
    assert (mean.value, mean.n) == (2, 2)
    assert mean.high - 2 == pytest.approx(1.96 * math.sqrt(2) / math.sqrt(2))
    assert math.isnan(mean.paper)
    frame = as_frame(rows.rows)
    assert list(frame["difference"][:1]) == [63]


def test_the_papers_figures():
    """Some read from the tables again, in other words than those of the file."""
    axfpm = {
        attack: [
            PUBLISHED.figure(table, attack, "axfpm", "success_percent")
            for table in ("table-2", "table-3", "table-4")
        ]
        for attack in ("FGSM", "PGD", "JSMA", "C&W", "DF", "LSA", "BA", "HSJ")
    }
    assert list(axfpm.values()) == [
        [12, 38, 22], [28, 31, 0], [9, 32, 13], [1, 17, 0],
        [17, 35, 25], [18, 36, 26], [17, 37, 27], [2, 12, 0],
    ]  # fmt: skip
    assert PUBLISHED.figure("table-10", "JSMA", "heap", "success_percent") == 42
    assert PUBLISHED.figure("table-7", "delay", "bf16", "relative_delay") == 0.4
    assert PUBLISHED.figure("table-6", "mnist", "axfpm", "accuracy_percent") == 97.67


def test_a_stopped_run_goes_on_from_its_cells(study, subject):
    made, lines = study
    attack = build_attack("fgm-linf")
    first = made.outcome(subject, Transfer(subject.net), attack, "axfpm", 0.2)
    assert lines
    lines.clear()
    again = made.outcome(subject, Transfer(subject.net), attack, "axfpm", 0.2)
    assert not lines
    for name in ("correct", "eligible", "crafted", "fooled", "l0", "l2", "linf", "mse"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert again.seconds == first.seconds
    other = made.outcome(subject, Transfer(subject.net), attack, "axfpm", 0.3)
    assert lines
    assert other.success.count >= first.success.count


def test_what_a_cell_follows_from(tmp_path):
    def made(value):
        return lambda: {"x": torch.tensor([value])}

    cells = Cells(tmp_path, {"torch": "1"})
    assert cells.tensors("a b", {"seed": 0}, made(1))["x"] == 1
    assert cells.tensors("a b", {"seed": 0}, made(2))["x"] == 1
    assert cells.tensors("a b", {"seed": 1}, made(3))["x"] == 3
    assert Cells(tmp_path, {"torch": "2"}).tensors("a b", {"seed": 0}, made(4))["x"] == 4
    for path in tmp_path.iterdir():
        path.write_bytes(b"not a result")
    assert cells.tensors("a b", {"seed": 0}, made(6))["x"] == 6
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    assert cells.tensors("a b", {"seed": 0}, made(7))["x"] == 7


def test_two_processes_give_the_same_examples(study, subject, tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "CHUNK", 15)
    made, _ = study
    attack = build_attack("boundary-l2", steps=20)
    one = made.outcome(subject, Transfer(subject.net), attack, "axfpm")
    with WorkerPool(2, no_state) as pool:
        two = Study(folder=tmp_path, cells=Cells(tmp_path / "two", {}, pool), images=made.images)
        found = two.outcome(subject, Transfer(subject.net), attack, "axfpm")
        assert two.cells.seconds_elsewhere > 0
    assert len(list((tmp_path / "two").glob("transfer*"))) == 3
    for name in ("correct", "fooled", "l2"):
        np.testing.assert_array_equal(getattr(found, name), getattr(one, name))


def test_victims_by_name(subject):
    assert subject.victim("exact") is subject.net
    conv = subject.victim("axfpm")[0]
    assert (conv.multiplier.name, conv.activation_operand) == ("axfpm_authors", "a")
    assert type(subject.victim("axfpm")[3]) is nn.Linear
    everything = subject.victim("axfpm_array24@b@all")
    assert everything[0].activation_operand == "b"
    assert everything[3].multiplier.name == "axfpm_array24"
    with pytest.raises(AccelsimError, match="no network axfpm@c: c after @; expected b or all"):
        subject.victim("axfpm@c")


def test_confidence_is_the_labels_score_less_the_runner_up():
    scores = torch.tensor([[0.7, 0.2, 0.1], [0.5, 0.1, 0.4]])
    np.testing.assert_allclose(confidences(scores, torch.tensor([0, 2])), [0.5, -0.1], rtol=1e-6)


def test_figure_4_has_the_exact_convolutions(tmp_path):
    made = Study(folder=tmp_path, cells=Cells(tmp_path / "cells", {}), images={})
    rows = figure_4(made)
    exact = [row.value for row in rows if row.column == "fp32_exact"]
    kernel = torch.rand((25,), generator=torch.Generator().manual_seed(0))
    wanted = [float(kernel @ (s * kernel + (1 - s) * (1 - kernel))) for s in torch.linspace(0, 1, 6)]
    np.testing.assert_allclose(exact, wanted, rtol=1e-5)
    assert (tmp_path / "figure-4.png").read_bytes().startswith(b"\x89PNG")


def test_every_part_runs_and_no_table_mixes_budgets_with_smallest_norms(study, monkeypatch):
    """With a cheap attack; what multipliers and substitutes do is tested elsewhere."""
    made, _ = study
    for module in ("transfer", "adaptive", "white_box"):
        loaded = __import__(f"accelsim.attacks.guesmi2021.{module}", fromlist=["paper_attack"])
        monkeypatch.setattr(loaded, "paper_attack", _cheap)
    monkeypatch.setitem(subjects.HARDWARE, "heap", "axfpm_array24")
    skipped = {"table-6", "table-7", "table-8", "table-9", "figure-3", "figure-13", "figure-15", "table-4"}
    for part in PAPER.parts:
        if part.name in skipped or "black-box" in part.name:
            continue
        rows = PAPER.run(part, made)
        assert rows, part.name
        assert {row.part for row in rows} == {part.name}
        assert len({row.kind for row in rows}) == 1
        assert all(row.n > 0 for row in rows)


def _cheap(name, dataset):
    del dataset
    if name in ("BA", "HSJ"):
        return build_attack("boundary-l2", steps=3)
    if name == "DF":
        return build_attack("deepfool-l2", steps=5)
    return build_attack("cw-l2", binary_search_steps=2, steps=5)


def test_unknown_parts():
    assert [part.name for part in PAPER.chosen(["table-2", "table-2"])] == ["table-2"]
    assert PAPER.chosen([]) == list(PAPER.parts)
    with pytest.raises(AccelsimError, match="have no table-22 here; did you mean table-2 or"):
        PAPER.chosen(["table-22"])
    with pytest.raises(AccelsimError, match="have no figure-1 here"):
        PAPER.chosen(["figure-1"])


def test_the_black_box_attacker_needs_images_of_his_own(study):
    made, _ = study
    with pytest.raises(AccelsimError, match="40 attacked images of MNIST leave the black-box attacker none"):
        PAPER.run(PAPER.chosen(["table-4"])[0], made)


def test_the_papers_attacks_are_in_the_registry():
    for dataset in ("mnist", "cifar10"):
        for name in paper_attacks.PAPER_ATTACKS:
            assert paper_attacks.paper_attack(name, dataset).kind == "minimal-norm"


def test_white_box_outcomes_use_the_victim(study, subject):
    made, _ = study
    outcome = made.outcome(subject, WhiteBox(), build_attack("pgd-linf"), "axfpm", 0.3)
    assert outcome.success == outcome.source_success
