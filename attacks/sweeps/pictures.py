"""Heat maps and curves of a sweep."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from matplotlib.figure import Figure

from accelsim.attacks.heat_map import heat_map_figure
from accelsim.attacks.robustness_curves import panels_figure
from accelsim.attacks.sweeps.pages import pages_of
from accelsim.attacks.sweeps.store import Store
from accelsim.storage import written_atomically

__all__ = ["draw"]

#: Endings of the files, with the metadata that would otherwise hold the time.
_METADATA: Mapping[str, dict[str, None]] = MappingProxyType({"png": {}, "pdf": {"CreationDate": None}})


def draw(store: Store, folder: str | os.PathLike[str]) -> list[Path]:
    """Draw the finished cells of a store's plan: heat maps, and curves with bands, as PNG and PDF.

    Parameters
    ----------
    store : Store
        Open.
    folder : path-like
        Where the files go: ``heat-map.png``, ``heat-map.pdf``, ``curves.png``, ``curves.pdf``; several
        source networks (or seeds, data sets, numbers of images) have files of their own.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    AccelsimError
        If no cell is finished, or a file cannot be read or written.
    """
    pages = pages_of(store.frame())
    files = []
    for title, table in pages.items():
        suffix = f"-{re.sub('[^A-Za-z0-9.]+', '-', title).strip('-')}" if len(pages) > 1 else ""
        for kind, figure in (("heat-map", heat_map_figure(table)), ("curves", panels_figure(table))):
            if len(pages) > 1:
                figure.suptitle(f"{title}\n{figure.get_suptitle()}", size="medium")
            files += _saved(figure, Path(folder) / f"{kind}{suffix}")
    return files


def _saved(figure: Figure, path: Path) -> list[Path]:
    files = []
    for ending, metadata in _METADATA.items():
        file_path = path.with_name(f"{path.name}.{ending}")
        with written_atomically(file_path) as file:
            figure.savefig(file, format=ending, dpi=150, metadata=metadata)
        files.append(file_path)
    return files
