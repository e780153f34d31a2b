import re
import sys
from pathlib import Path

import pytest
import torch

import accelsim
from accelsim.attacks import Attack, attack_names, build_attack, craft
from accelsim.errors import AccelsimError

PAGE = Path(accelsim.__file__).resolve().parent.parent / "docs" / "how-to" / "add-an-attack.md"
#: Files of the package that the page describes.
FILES = dict(
    re.findall(r"```python\n# my_attacks/(\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
)
ENTRIES = dict(re.findall(r"^(\S+) = \"(my_attacks:\w+)\"$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
BROKEN = """
misnamed = Attack("other", "linf", False, "", "my_attacks.negative:Invert", {})
no_attack = "invert"
distant = Attack("invert-l2", "l2", False, "", "my_attacks.negative:Invert", {})
crashing = Attack("crashing-linf", "linf", False, "", "my_attacks:Crashing", {})
cropping = Attack("cropping-linf", "linf", False, "", "my_attacks:Cropping", {})
void = Attack("void-linf", "linf", False, "", "my_attacks:Void", {})


from my_attacks.negative import Invert


class Crashing(Invert):
    def run(self, model, inputs, criterion, *, epsilon, **kwargs):
        raise RuntimeError("two\\nlines")


class Cropping(Invert):
    def run(self, model, inputs, criterion, *, epsilon, **kwargs):
        return inputs[..., 1:]


class Void(Invert):
    def run(self, model, inputs, criterion, *, epsilon, **kwargs):
        return inputs * float("nan")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution with these entry points on the path."""
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "my_attacks"
    package.mkdir()
    for name, text in FILES.items():
        (package / name).write_text(text + (BROKEN if name == "__init__.py" else ""))

    def installed(distribution, entries):
        info = tmp_path / f"{distribution}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
        (info / "entry_points.txt").write_text(f"[accelsim.attacks]\n{lines}")

    yield installed
    for name in ("my_attacks", "my_attacks.negative"):
        sys.modules.pop(name, None)


def test_an_attack_of_another_package(install, source, images, labels):
    assert "invert-linf" not in attack_names()
    install("negatives", ENTRIES)
    assert attack_names()[-1] == "invert-linf"
    assert "invert-linf" in attack_names("fixed-budget")
    assert "invert-linf" not in attack_names("minimal-norm")
    adversarial = craft("invert-linf", source, images, labels, 0.1)
    torch.testing.assert_close(adversarial, images + (1 - 2 * images).clamp(-0.1, 0.1))
    assert build_attack("invert-linf", share=0.5).label == "invert-linf share=0.5"


def test_listing_the_names_imports_no_package(install):
    install("negatives", ENTRIES)
    assert "invert-linf" in attack_names()
    assert "my_attacks" not in sys.modules


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nowhere:attack", "of negatives .nowhere:attack. cannot be loaded: ModuleNotFoundError"),
        ("my_attacks:missing", "cannot be loaded: AttributeError"),
        ("my_attacks:no_attack", "is a str; expected an accelsim.attacks.Attack"),
        ("my_attacks:misnamed", "calls itself other; the entry point must have the same name"),
    ],
)
def test_broken_packages(install, value, message):
    install("negatives", {"invert-linf": value})
    with pytest.raises(AccelsimError, match=f"^attack invert-linf .*{message}"):
        build_attack("invert-linf")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("invert-l2", "distant", "has norm l2, but my_attacks.negative:Invert measures Linf distance"),
        ("crashing-linf", "crashing", "failed: RuntimeError: two lines"),
        ("cropping-linf", "cropping", r"returned \(40, 1, 6, 5\) for images of shape \(40, 1, 6, 6\)"),
        ("void-linf", "void", "returned pixels that are NaN"),
    ],
)
def test_attacks_that_misbehave(install, source, images, labels, name, value, message):
    install("negatives", {name: f"my_attacks:{value}"})
    with pytest.raises(AccelsimError, match=f"^attack {name} {message}$"):
        craft(name, source, images, labels, 0.1)


def test_descriptions_that_say_nothing():
    with pytest.raises(AccelsimError, match="^attack x: norm is 'l3'; expected l0 or l2 or linf$"):
        Attack("x", "l3", False, "", "my_attacks:X", {})
    with pytest.raises(
        AccelsimError, match="^attack x: kind is 'any'; expected fixed-budget or minimal-norm$"
    ):
        Attack("x", "l2", False, "", "my_attacks:X", {}, kind="any")


def test_two_packages_with_one_name(install):
    install("negatives", ENTRIES)
    install("positives", ENTRIES)
    with pytest.raises(AccelsimError, match="comes from (negatives and positives|positives and negatives);"):
        build_attack("invert-linf")


def test_name_that_is_taken(install):
    install("negatives", {"pgd-linf": ENTRIES["invert-linf"]})
    with pytest.raises(AccelsimError, match="^an installed package has an attack pgd-linf too; uninstall it"):
        build_attack("pgd-linf")


def test_parameters_that_the_class_refuses(install, source, images, labels):
    install("negatives", ENTRIES)
    with pytest.raises(AccelsimError, match="invert-linf has no parameter shre; .*did you mean share"):
        build_attack("invert-linf", shre=1)
    with pytest.raises(
        AccelsimError, match="invert-linf cannot be made from .*: ValueError: share is 2.0; expected"
    ):
        craft(build_attack("invert-linf", share=2.0), source, images, labels, 0.1)
