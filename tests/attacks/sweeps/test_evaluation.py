"""A cell is a pure function of its description, and the same number as `evaluate_robustness` gives."""

import numpy as np
import pytest

from accelsim import AccelsimError, Arithmetic, evaluate_robustness, load_dataset, load_lut, trained_network
from accelsim.attacks.sweeps import Cell, Crafting, Images, Network, Store, Victim, evaluate, resolved, run
from accelsim.attacks.sweeps import evaluation as evaluation_module
from accelsim.models import calibration_images

NET = Network("lenet5", "digits")
DRUM = Victim(NET, "mul8u_drum_k4")


def cells_of(attacks, budgets, victims, count=60):
    images = Images("digits", count)
    return [
        Cell(Crafting(NET, attack, budget, images, batch_size=25), victim)
        for attack in attacks
        for budget in budgets
        for victim in victims
    ]


def test_a_sweep_gives_what_evaluate_robustness_gives(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation_module, "PART", 25)  # several parts
    attacks, budgets = ["fgm-linf", "rau-l2"], [0, 0.1, 0.5]
    with Store(tmp_path / "sweep.sqlite", writable=True) as store:
        store.plan(resolved(cells_of(attacks, budgets, [Victim(NET), DRUM])))
        run(store)
        ours = store.frame()
    data = load_dataset("digits")
    net = trained_network("lenet5", data).net
    drum = Arithmetic().network(net, load_lut("mul8u_drum_k4"), calibration_images(data))
    images, labels = data.test_subset(60)
    theirs = evaluate_robustness(
        net, {"float32": net, "mul8u_drum_k4": drum}, attacks, budgets, images, labels, batch_size=25
    ).frame
    for column in ("attack", "norm", "budget", "victim", "n", "correct", "ci_low_percent"):
        assert list(ours[column]) == list(theirs[column]), column


def test_a_victim_does_not_depend_on_its_company():
    cells = resolved(cells_of(["pgd-linf"], [0.1], [Victim(NET), DRUM]))
    together = evaluate(cells[0].crafting, [cell.victim for cell in cells])
    for cell, correct in zip(cells, together.correct, strict=True):
        alone = evaluate(cell.crafting, [cell.victim]).correct[0]
        np.testing.assert_array_equal(alone, correct)


def test_identity_follows_content_and_not_names(tmp_path):
    lut = load_lut("mul8u_drum_k4")
    lut.save(tmp_path / "renamed.npy")
    renamed = Victim(NET, str(tmp_path / "renamed.npy"), label="mine")
    others = [
        renamed,
        DRUM,
        Victim(NET, "mul8u_drum_k5"),
        Victim(NET, "mul8u_drum_k4", Arithmetic(activation_operand="b")),
        Victim(NET, "mul8u_drum_k4", Arithmetic(bits=7)),
        Victim(NET),
    ]
    identities = [cell.identity for cell in resolved(cells_of(["fgm-linf"], [0.1], others))]
    assert identities[0] == identities[1]
    assert len(set(identities)) == len(others) - 1


@pytest.mark.parametrize(
    "change",
    [
        {"budget": 0.2},
        {"seed": 1},
        {"attack": "fgm-l2"},
        {"batch_size": 30},
        {"images": Images("digits", 61)},
        {"attack": "pgd-linf", "parameters": {"steps": 3}},
        {"source": Network("lenet5", "digits", epochs=1)},
    ],
)
def test_identity_follows_the_crafting(change):
    own = {"source": NET, "attack": "fgm-linf", "budget": 0.1, "images": Images("digits", 60)}
    plain, changed = resolved([Cell(Crafting(**own), DRUM), Cell(Crafting(**{**own, **change}), DRUM)])
    assert plain.identity != changed.identity


def test_clean_images_are_the_same_for_every_attack_and_seed():
    images = Images("digits", 60)
    first, second = resolved(
        [
            Cell(Crafting(NET, "fgm-linf", 0, images), DRUM),
            Cell(Crafting(NET, "pgd-l2", 0, images, seed=3), DRUM),
        ]
    )
    assert first.identity == second.identity


def test_a_multiplier_that_changed_is_refused(tmp_path):
    path = tmp_path / "mine.npy"
    load_lut("mul8u_drum_k4").save(path)
    (cell,) = resolved(cells_of(["fgm-linf"], [0.1], [Victim(NET, str(path))]))
    load_lut("mul8u_drum_k5").save(path)
    with pytest.raises(AccelsimError, match="mine.npy changed since the sweep was planned"):
        evaluate(cell.crafting, [cell.victim])


def test_a_cell_that_is_not_resolved_has_no_identity():
    with pytest.raises(AccelsimError, match="no hash yet"):
        _ = Cell(Crafting(NET, "fgm-linf", 0.1, Images("digits", 60)), DRUM).identity


def test_images_that_do_not_fit_are_refused():
    cell = Cell(Crafting(Network("lenet5", "digits"), "fgm-linf", 0.1, Images("digits", 5000)), DRUM)
    with pytest.raises(AccelsimError, match="not 5000"):
        resolved([cell])
