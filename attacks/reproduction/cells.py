"""What has been computed already, kept in files named by the hash of everything it follows from."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from accelsim.attacks.one_thread import one_thread
from accelsim.attacks.worker_pool import WorkerPool
from accelsim.storage import written_atomically

__all__ = ["Cell", "Cells", "Tensors", "no_state"]

Tensors = dict[str, Tensor]


class Cell(NamedTuple):
    """A result, and how it is computed.

    Parameters
    ----------
    name : str
        What it is, for the file's name.
    identity : mapping of str to JSON values
        Everything that it follows from, beside the versions.
    compute : callable
        Returns its tensors; on one thread, in another process if it is one of several cells.
    """

    name: str
    identity: Mapping[str, Any]
    compute: Callable[[], Tensors]


def no_state() -> None:
    """Return what a process keeps between cells: nothing."""


@dataclass(frozen=True)
class Cells:
    """A folder of results, one file each; a run that was stopped finds those it had finished.

    Parameters
    ----------
    folder : Path
        Made when the first is written.
    versions : mapping of str to str
        Of the software; part of every identity.
    pool : WorkerPool
        Who computes several cells at a time.
    """

    folder: Path
    versions: Mapping[str, str]
    pool: WorkerPool[None] = field(default_factory=lambda: WorkerPool(1, no_state))
    _found: dict[Path, float] = field(default_factory=dict, init=False)

    @property
    def seconds_elsewhere(self) -> float:
        """Processor time that results took before this run, and in other processes; each once."""
        return sum(self._found.values())

    def tensors(self, name: str, identity: Mapping[str, Any], compute: Callable[[], Tensors]) -> Tensors:
        """Return the tensors of one `Cell` from its file, or compute and keep them.

        Raises
        ------
        AccelsimError
            If the file cannot be written.
        """
        return self.all_tensors([Cell(name, identity, compute)])[0]

    def all_tensors(
        self, cells: Sequence[Cell], begun: Callable[[Cell], object] = lambda cell: None
    ) -> list[Tensors]:
        """Return the tensors of each cell, computed first where there is no file, as `compute` does.

        Raises
        ------
        AccelsimError
            If a file cannot be written.
        """
        return [load_file(path) for path in self.compute(cells, begun)]

    def compute(
        self, cells: Sequence[Cell], begun: Callable[[Cell], object] = lambda cell: None
    ) -> list[Path]:
        """Write the files of the cells that have none, and return where each one's is.

        Cells are shared among the pool's processes; each is written as soon as it is done.

        Parameters
        ----------
        cells : sequence of Cell
            Where there are several processes and cells, ``compute`` must be picklable.
        begun : callable
            Told of each cell when it begins to be computed.

        Raises
        ------
        AccelsimError
            If a file cannot be written.
        """
        versions = dict(self.versions)
        texts = [json.dumps({**each.identity, "versions": versions}, sort_keys=True) for each in cells]
        paths = [self._path(each.name, text) for each, text in zip(cells, texts, strict=True)]
        numbers = {path: number for number, path in enumerate(paths)}
        missing = [number for path, number in numbers.items() if not self._is_kept(path)]
        jobs = [partial(_timed, cells[number].compute) for number in missing]
        told = self.pool.completed(jobs, lambda number: begun(cells[missing[number]]))
        for number, (tensors, seconds, process) in told:
            path, text = paths[missing[number]], texts[missing[number]]
            with written_atomically(path) as file:
                file.write(save(tensors, {"identity": text, "seconds": repr(seconds)}))
            self._found[path] = 0.0 if process == os.getpid() else seconds
        return paths

    def _path(self, name: str, text: str) -> Path:
        safe = "".join(letter if letter.isalnum() else "-" for letter in name)
        return self.folder / f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.safetensors"

    def _is_kept(self, path: Path) -> bool:
        """Return whether there is a file, and it is not damaged."""
        try:
            with safe_open(path, "pt") as file:  # checks its length against what its header says
                seconds = float((file.metadata() or {}).get("seconds", 0))
        except (SafetensorError, OSError):
            return False
        self._found.setdefault(path, seconds)
        return True


def _timed(compute: Callable[[], Tensors], state: None) -> tuple[Tensors, float, int]:
    """Return tensors with their processor time, and the process that made them."""
    start = time.process_time()
    with one_thread():
        tensors = compute()
    return tensors, time.process_time() - start, os.getpid()
