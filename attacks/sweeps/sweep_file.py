"""Sweep files: TOML or YAML, checked key by key."""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from accelsim.attacks.sweeps.cells import Cell
from accelsim.attacks.sweeps.grid import cells_of_grid
from accelsim.errors import AccelsimError, nearest
from accelsim.file_lines import line_of
from accelsim.yaml_file import YamlFile

__all__ = ["read_sweep"]

_GRID = "grid"
_YAML_ENDINGS = (".yaml", ".yml")


class _Document(NamedTuple):
    """What a file holds: values that hold for all grids, those of each, and the line of a grid's key."""

    common: Mapping[str, Any]
    grids: Sequence[Mapping[str, Any]]
    line: Callable[[int, str], int | None]


def read_sweep(path: str | os.PathLike[str]) -> list[Cell]:
    """Return the cells that a sweep file asks for, in its order, each once.

    The file holds a list of grids, ``[[grid]]`` in TOML and ``grid:`` in YAML; its other keys hold for all of
    them.

    Parameters
    ----------
    path : path-like
        The file, YAML if its name ends in ``.yaml`` or ``.yml``, else TOML; paths in it are relative to its
        folder.

    Raises
    ------
    AccelsimError
        If the file cannot be read, is not TOML or YAML, or a key or value is none: with its line.
    """
    path = Path(path)
    document = _read_yaml(path) if path.suffix.lower() in _YAML_ENDINGS else _read_toml(path)
    found: dict[Cell, None] = {}
    for number, grid in enumerate(document.grids, 1):
        where = partial(_where, path, document, number)
        found.update(dict.fromkeys(cells_of_grid({**document.common, **grid}, where, path.parent)))
    return list(found)


def _where(path: Path, document: _Document, number: int, key: str) -> str:
    line = document.line(number, key)
    place = f"{path}, line {line}" if line else f"{path}, grid {number}"
    return f"{place}: {key}" if key else place


def _read_toml(path: Path) -> _Document:
    try:
        text = path.read_text(encoding="utf-8")
        common = tomllib.loads(text)
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:  # not UTF-8, or not TOML: which says the line
        raise AccelsimError(f"{path} is not a TOML file: {error}") from error
    grids = common.pop(_GRID, None)
    if not grids or not isinstance(grids, list) or not all(isinstance(grid, Mapping) for grid in grids):
        if hint := next((key for key in common if nearest(key, [_GRID])), None):
            line = line_of(text, hint) or line_of(text, "", hint)
            raise AccelsimError(f"{path}, line {line}: {hint}: no such key; did you mean [[{_GRID}]]?")
        raise AccelsimError(f"{path} has no [[{_GRID}]]; expected one at least")

    def line_in(number: int, key: str) -> int | None:
        if key in common and key not in grids[number - 1]:
            return line_of(text, "", key) or line_of(text, key)
        return line_of(text, _GRID, key, occurrence=number)

    return _Document(common, grids, line_in)


def _read_yaml(path: Path) -> _Document:
    file = YamlFile(path)
    common = file.entries(file.root, "the file") if file.root else {}
    given = common.pop(_GRID, None)
    if hint := not given and next((key for key in common if nearest(key, [_GRID])), None):
        raise file.error(common[hint].key, f"{hint}: no such key; did you mean {_GRID}?")
    nodes = file.listed(given.value, _GRID) if given else []
    if not nodes:
        raise AccelsimError(f"{path} has no {_GRID}; expected a list of one at least")
    grids = [file.entries(node, _GRID) for node in nodes]

    def line_in(number: int, key: str) -> int:
        entry = grids[number - 1].get(key) or common.get(key)
        line: int = (entry.key if entry else nodes[number - 1]).start_mark.line
        return line + 1

    shared, *own = (
        {key: file.value(entry.value) for key, entry in entries.items()} for entries in (common, *grids)
    )
    return _Document(shared, own, line_in)
