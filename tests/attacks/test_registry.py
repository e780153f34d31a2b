import inspect
import os
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from pkgutil import resolve_name

import pytest
from foolbox.distances import l0, l2, linf
from torch import nn

import accelsim
from accelsim.attacks import (
    ATTACKS,
    PAPER_ATTACKS,
    PAPER_BUDGETS,
    Attack,
    attack_names,
    build_attack,
    craft,
    craft_minimal,
)
from accelsim.errors import AccelsimError

FIXED_BUDGET = [
    "fgm-l2",
    "fgm-linf",
    "bim-l2",
    "bim-linf",
    "pgd-l2",
    "pgd-linf",
    "cr-l2",
    "rag-l2",
    "rau-l2",
    "rau-linf",
]
FOOLBOX_MINIMAL = [
    "deepfool-l2",
    "deepfool-linf",
    "cw-l2",
    "boundary-l2",
    "hopskipjump-l2",
    "hopskipjump-linf",
]
FOOLBOX = [*FIXED_BUDGET, *FOOLBOX_MINIMAL]
SMALLEST = ["min-fgm-l2", "min-fgm-linf", "min-pgd-l2", "min-pgd-linf"]
OWN = [
    *SMALLEST,
    "jsma-l0",
    "lsa-l0",
    "cw-descent-l2",
    "boundary-sampled-l2",
    "square-linf",
    "rays-linf",
    "uap-l2",
    "uap-linf",
]
#: Arguments of Foolbox's constructors that are no parameters of the attack.
NOT_OFFERED = {"init_attack", "tensorboard", "constraint"}


def test_names():
    assert list(PAPER_ATTACKS) == FIXED_BUDGET
    assert attack_names("fixed-budget") == [*FIXED_BUDGET, "square-linf", "uap-l2", "uap-linf"]
    assert attack_names("minimal-norm") == [
        *FOOLBOX_MINIMAL,
        *SMALLEST,
        "jsma-l0",
        "lsa-l0",
        "cw-descent-l2",
        "boundary-sampled-l2",
        "rays-linf",
    ]
    assert attack_names() == [*FOOLBOX, *OWN]
    assert all(ATTACKS[name].name == name for name in attack_names())


def test_every_attack_is_in_the_reference():
    page = Path(accelsim.__file__).resolve().parent.parent / "docs" / "reference" / "attacks.md"
    assert set(attack_names()) <= set(re.findall(r"`([a-z0-9-]+)`", page.read_text(encoding="utf-8")))


def test_paper_budgets():
    assert PAPER_BUDGETS == (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 1.5, 2)


@pytest.mark.parametrize("name", FOOLBOX)
def test_recorded_defaults_are_those_of_foolbox(name):
    signature = inspect.signature(resolve_name(ATTACKS[name].constructor))
    offered = {key: value for key, value in signature.parameters.items() if key not in NOT_OFFERED}
    assert ATTACKS[name].defaults == {key: value.default for key, value in offered.items()}


@pytest.mark.parametrize("name", ["jsma-l0", "lsa-l0", "uap-l2", "uap-linf"])
def test_recorded_defaults_are_those_of_our_classes(name):
    signature = inspect.signature(resolve_name(ATTACKS[name].constructor))
    offered = {key: value.default for key, value in signature.parameters.items() if key != "norm"}
    assert ATTACKS[name].defaults == offered


@pytest.mark.parametrize("name", attack_names())
def test_defaults_are_in_their_ranges(name):
    assert set(ATTACKS[name].ranges) == set(ATTACKS[name].defaults)
    assert build_attack(name, **ATTACKS[name].defaults) == ATTACKS[name]


@pytest.mark.parametrize("name", attack_names())
def test_norm_is_that_of_the_foolbox_attack(name):
    adversary = ATTACKS[name].construct()
    assert adversary.distance is {"l0": l0, "l2": l2, "linf": linf}[ATTACKS[name].norm]
    assert name.endswith(ATTACKS[name].norm)


@pytest.mark.parametrize("name", attack_names())
def test_gradients_are_needed_by_those_that_ask_for_them(name, source, images, labels):
    class Opaque(nn.Module):
        def forward(self, pixels):
            return source(pixels).detach()

    few = {"steps": 2, "binary_search_steps": 1, "initial_gradient_eval_steps": 2, "rounds": 2, "levels": 2}
    attack = build_attack(name, **{key: few[key] for key in few if key in ATTACKS[name].defaults})
    budget = {"budget": 0.1} if attack.kind == "fixed-budget" else {}
    crafted = {"fixed-budget": craft, "minimal-norm": craft_minimal}[attack.kind]
    refusal = pytest.raises(AccelsimError, match="the source network passes no gradient to its images")
    with refusal if attack.needs_gradients else nullcontext():
        crafted(attack, Opaque().eval(), images, labels, **budget)


def test_parameters_reach_foolbox():
    adversary = build_attack("pgd-l2", steps=7, abs_stepsize=0.5, random_start=False).construct()
    assert (adversary.steps, adversary.abs_stepsize, adversary.random_start) == (7, 0.5, False)
    assert adversary.rel_stepsize == 0.025


def test_label_names_what_differs_from_the_defaults():
    assert build_attack("bim-l2").label == "bim-l2"
    assert build_attack("bim-l2", steps=10).label == "bim-l2"
    assert build_attack("bim-l2", steps=20, rel_stepsize=0.1).label == "bim-l2 rel_stepsize=0.1 steps=20"
    assert build_attack("bim-l2", steps=20).with_parameters(steps=10) == ATTACKS["bim-l2"]


def test_defaults_cannot_be_changed():
    with pytest.raises(TypeError):
        ATTACKS["bim-l2"].defaults["steps"] = 3


def test_attacks_are_hashable():
    assert len({build_attack("bim-l2"), build_attack("bim-l2"), build_attack("bim-linf")}) == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pgd_linf", "did you mean pgd-linf"),
        ("deep", "known are fgm-l2, "),
    ],
)
def test_unknown_name(name, message):
    with pytest.raises(AccelsimError, match=f"unknown attack {name}; {message}"):
        build_attack(name)


def test_norm_that_the_attack_does_not_have():
    with pytest.raises(AccelsimError, match="^attack cw has no norm linf; there is cw-l2$"):
        build_attack("cw-linf")
    with pytest.raises(AccelsimError, match="^attack bim has no norm l3; there is bim-l2 and bim-linf$"):
        build_attack("bim-l3")


def test_kind_is_that_of_the_class():
    wrong = Attack("cw-l2", "l2", True, "", "foolbox.attacks:L2CarliniWagnerAttack", {})
    with pytest.raises(AccelsimError, match="cw-l2 is fixed-budget, but .* is no Foolbox FixedEpsilonAttack"):
        wrong.construct()


@pytest.mark.parametrize("constructor", ["foolbox.attacks:NoSuchAttack", "no_such_module:Attack"])
def test_class_that_cannot_be_imported(constructor):
    with pytest.raises(AccelsimError, match=f"attack mine cannot be made from {constructor}: "):
        Attack("mine", "l2", True, "", constructor, {}).construct()


def test_unknown_parameter():
    with pytest.raises(AccelsimError, match="bim-l2 has no parameter step; it has .*did you mean steps"):
        build_attack("bim-l2", step=3)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("bim-l2", {"steps": 0}),
        ("bim-l2", {"steps": 2.5}),
        ("bim-l2", {"steps": True}),
        ("bim-l2", {"rel_stepsize": -0.1}),
        ("bim-l2", {"rel_stepsize": None}),
        ("bim-l2", {"abs_stepsize": float("nan")}),
        ("pgd-l2", {"random_start": 1}),
        ("rag-l2", {"repeats": "many"}),
        ("cr-l2", {"target": 1.5}),
        ("deepfool-l2", {"candidates": 1}),
        ("jsma-l0", {"gamma": 1.5}),
        ("jsma-l0", {"theta": 0}),
        ("lsa-l0", {"r": 3}),
        ("uap-linf", {"delta": 1}),
        ("min-fgm-linf", {"largest": 0}),
        ("deepfool-l2", {"loss": "hinge"}),
        ("cw-l2", {"confidence": -1}),
        ("boundary-l2", {"step_adaptation": 1}),
        ("hopskipjump-l2", {"stepsize_search": "line"}),
    ],
)
def test_parameter_out_of_range(name, parameters):
    (key,) = parameters
    with pytest.raises(AccelsimError, match=f"{name}: {key} is .*; expected "):
        build_attack(name, **parameters)


def test_listing_imports_nothing_heavy():
    code = (
        "import sys; from accelsim.attacks import attack_names; attack_names();"
        "print(*{'torch', 'numpy', 'foolbox', 'pandas', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == ""
