import inspect
import os
import subprocess
import sys
from pkgutil import resolve_name

import pytest
from foolbox.distances import l2, linf

from accelsim.attacks import ATTACKS, PAPER_BUDGETS, attack_names, build_attack
from accelsim.errors import AccelsimError

TEN = [
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


def test_names():
    assert attack_names() == TEN
    assert all(ATTACKS[name].name == name for name in TEN)


def test_paper_budgets():
    assert PAPER_BUDGETS == (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 1.5, 2)


@pytest.mark.parametrize("name", TEN)
def test_recorded_defaults_are_those_of_foolbox(name):
    signature = inspect.signature(resolve_name(ATTACKS[name].constructor))
    assert ATTACKS[name].defaults == {key: value.default for key, value in signature.parameters.items()}


@pytest.mark.parametrize("name", TEN)
def test_norm_is_that_of_the_foolbox_attack(name):
    adversary = ATTACKS[name].construct()
    assert adversary.distance is {"l2": l2, "linf": linf}[ATTACKS[name].norm]
    assert name.endswith(ATTACKS[name].norm)


@pytest.mark.parametrize("name", TEN)
def test_gradients_are_needed_by_the_descent_attacks_alone(name):
    from foolbox.attacks.gradient_descent_base import BaseGradientDescent

    assert ATTACKS[name].needs_gradients == isinstance(ATTACKS[name].construct(), BaseGradientDescent)


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
        ("bim-l3", "did you mean bim-l2"),
        ("pgd_linf", "did you mean pgd-linf"),
        ("deep", "known are fgm-l2, "),
    ],
)
def test_unknown_name(name, message):
    with pytest.raises(AccelsimError, match=f"unknown attack {name}; {message}"):
        build_attack(name)


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
