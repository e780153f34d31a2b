"""A run of a paper's experiments: where its results go, and what has been computed so far."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from accelsim.attacks.reproduction.cells import Cell, Cells
from accelsim.storage import written_atomically

__all__ = ["Study"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Study:
    """What the runs of all papers have; each paper's adds its networks and attacks.

    Parameters
    ----------
    folder : Path
        For pictures and cells.
    cells : Cells
        Finished results.
    report : callable
        Called with a line on what is being done.
    """

    folder: Path
    cells: Cells
    report: Callable[[str], object] = lambda line: None
    pictures: list[str] = field(default_factory=list, init=False)
    remarks: dict[str, list[str]] = field(default_factory=dict, init=False)

    def picture(self, name: str, figure: Figure) -> None:
        """Save a picture as NAME.png."""
        with written_atomically(self.folder / f"{name}.png") as file:
            figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
        if name not in self.pictures:
            self.pictures.append(name)

    def remark(self, part: str, sentence: str) -> None:
        """Note what a part's figures say, in words."""
        self.remarks.setdefault(part, []).append(sentence)

    def begun(self, cell: Cell) -> None:
        """Say that a cell is being computed."""
        self.report(cell.name)

    def seconds(self) -> float:
        """Return the processor time of what was computed so far, in this run and those that were stopped."""
        return time.process_time() + self.cells.seconds_elsewhere

    def provenance(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the hashes and accuracy of each network that was used, by its name."""
        raise NotImplementedError
