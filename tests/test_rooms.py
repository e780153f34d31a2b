"""The import rule between the rooms, and that the front door is light."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import accelsim

ROOT = Path(accelsim.__file__).resolve().parent.parent
#: From left to right; a room imports those to its right only.
ROOMS = ["cli", "attacks", "models", "rtl", "accelsim"]


def room_of(module: str) -> str | None:
    parts = module.split(".")
    if parts[0] != "accelsim":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "accelsim"


#: A module of a room as text, for `import_module` and the like, whole or the beginning of an f-string.
ROOM_AS_TEXT = re.compile(rf"accelsim\.(?:{'|'.join(ROOMS[:-1])})(?:\.\w*)*(?::\w+)?")


def imported_modules(source: str) -> set[str]:
    """Return what a file imports, what it takes from ``accelsim``, and the rooms' modules named in texts."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                found |= {alias.name for alias in node.names} - {"accelsim"}
            case ast.ImportFrom(module="accelsim", level=0):
                found |= {f"accelsim.{alias.name}" for alias in node.names}
            case ast.ImportFrom():
                found.add("." * node.level + (node.module or ""))
            case ast.Attribute(value=ast.Name(id="accelsim")):
                found.add(f"accelsim.{node.attr}")
            case ast.Constant(value=str(text)) if ROOM_AS_TEXT.fullmatch(text):
                found.add(text.partition(":")[0].rstrip("."))
    return found


def violations(room: str, source: str) -> set[str]:
    """Return the imports that a file of a room must not have."""
    allowed = ROOMS[ROOMS.index(room) :]

    def is_wrong(module: str) -> bool:
        if module.startswith("."):
            return True
        target = room_of(module)
        if target != "accelsim":
            return target is not None and target not in allowed
        first = module.split(".")[1]  # the front door hands out names of all rooms
        return first != "__version__" and not (ROOT / "accelsim" / f"{first}.py").is_file()

    return {module for module in imported_modules(source) if is_wrong(module)}


def files() -> list[tuple[str, Path]]:
    return [(room, path) for room in ROOMS for path in sorted((ROOT / room).glob("*.py"))]


@pytest.mark.parametrize(("room", "path"), files(), ids=lambda value: str(getattr(value, "name", value)))
def test_imports_go_from_left_to_right(room, path):
    if path == ROOT / "accelsim" / "__init__.py":
        return  # the front door hands out names of all rooms
    assert not violations(room, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("rtl", "import accelsim.models.training"),
        ("rtl", "from accelsim.attacks import craft"),
        ("rtl", "from accelsim import models"),
        ("rtl", "from accelsim import evaluate_robustness"),
        ("rtl", "from accelsim import load_lut"),
        ("rtl", "from accelsim import *"),
        ("rtl", "import accelsim\naccelsim.evaluate_robustness()"),
        ("accelsim", "def f():\n    from accelsim import rtl"),
        ("accelsim", "import accelsim\naccelsim.rtl"),
        ("models", "import_module('accelsim.attacks')"),
        ("models", "resolve_name('accelsim.attacks.craft:craft')"),
        ("models", "import_module(f'accelsim.attacks.{name}')"),
        ("models", "from . import training"),
    ],
)
def test_wrong_imports_are_found(room, source):
    assert violations(room, source)


@pytest.mark.parametrize(
    "source",
    [
        "from accelsim import __version__",
        "import accelsim\naccelsim.__version__",
        "from accelsim.lut import Lut",
        "from accelsim import errors",
        "import_module('accelsim.models.training')",
        "'module accelsim.attacks has no attribute'",
        "import torch",
    ],
)
def test_right_imports_are_let_through(source):
    assert not violations("models", source)


def test_every_room_is_linked():
    assert files()
    for room in ROOMS[:-1]:
        link = ROOT / "accelsim" / room
        assert link.is_symlink()
        assert not link.readlink().is_absolute()
        assert link.resolve() == ROOT / room


def modules_after(code: str) -> set[str]:
    child = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in child.stdout.splitlines()[-1].split()}


HEAVY = {"torch", "numba", "numpy", "amaranth", "foolbox", "pandas", "matplotlib", "sklearn", "rich"}


def test_import_is_lazy():
    assert not modules_after("import accelsim, accelsim.cli") & HEAVY


def test_help_is_lazy():
    code = "from accelsim.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    assert not modules_after(code) & HEAVY


def test_front_door_knows_every_name():
    for name in accelsim.__all__:
        assert getattr(accelsim, name) is not None
    assert set(accelsim.__all__) <= set(dir(accelsim))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = accelsim.nothing
