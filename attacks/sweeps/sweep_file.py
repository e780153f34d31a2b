"""Sweep files: TOML, checked key by key."""

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from accelsim.attacks.sweeps.cells import Cell
from accelsim.attacks.sweeps.grid import cells_of_grid
from accelsim.errors import AccelsimError, nearest
from accelsim.file_lines import line_of

__all__ = ["read_sweep"]

_GRID = "grid"


def read_sweep(path: str | os.PathLike[str]) -> list[Cell]:
    """Return the cells that a sweep file asks for, in its order, each once.

    The file holds one ``[[grid]]`` or several; what stands before the first holds for all of them.

    Parameters
    ----------
    path : path-like
        The file; paths in it are relative to its folder.

    Raises
    ------
    AccelsimError
        If the file cannot be read, is not TOML, or a key or value is none: with its line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:  # not UTF-8, or not TOML: which says the line
        raise AccelsimError(f"{path} is not a TOML file: {error}") from error
    grids, common = document.pop(_GRID, None), document
    if not isinstance(grids, list) or not all(isinstance(grid, Mapping) for grid in grids):
        if hint := next((key for key in common if nearest(key, [_GRID])), None):
            line = line_of(text, hint) or line_of(text, "", hint)
            raise AccelsimError(f"{path}, line {line}: {hint}: no such key; did you mean [[{_GRID}]]?")
        raise AccelsimError(f"{path} has no [[{_GRID}]]; expected one at least")
    found: dict[Cell, None] = {}
    for number, grid in enumerate(grids, 1):
        where = _where(path, text, number, grid, common)
        found.update(dict.fromkeys(cells_of_grid({**common, **grid}, where, path.parent)))
    return list(found)


def _where(
    path: Path, text: str, number: int, grid: Mapping[str, Any], common: Mapping[str, Any]
) -> Callable[[str], str]:
    def where(key: str) -> str:
        if key in common and key not in grid:
            line = line_of(text, "", key) or line_of(text, key)
        else:
            line = line_of(text, _GRID, key, occurrence=number)
        place = f"{path}, line {line}" if line else f"{path}, grid {number}"
        return f"{place}: {key}" if key else place

    return where
