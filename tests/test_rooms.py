"""The import rule between the rooms, and that the front door is light."""

import ast
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


def imported_modules(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            # `from accelsim import rtl` names a room, `from accelsim import Lut` only the front door.
            found |= {f"{module}.{alias.name}" for alias in node.names} if module == "accelsim" else {module}
    return found


def files() -> list[tuple[str, Path]]:
    return [(room, path) for room in ROOMS for path in sorted((ROOT / room).glob("*.py"))]


@pytest.mark.parametrize(("room", "path"), files(), ids=lambda value: str(getattr(value, "name", value)))
def test_imports_go_from_left_to_right(room, path):
    if path == ROOT / "accelsim" / "__init__.py":
        return  # the front door hands out names of all rooms
    allowed = ROOMS[ROOMS.index(room) :]
    for module in imported_modules(path):
        target = room_of(module)
        assert target is None or target in allowed, f"{path.name} of {room} imports {module}"


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
