"""Import of multipliers: read, measure, and keep under a name."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from accelsim.errors import AccelsimError
from accelsim.lut import MAX_LUT_WIDTH, Lut, operand_values
from accelsim.metrics import ErrorMetrics, error_metrics
from accelsim.rtl.catalogue import built_in
from accelsim.rtl.import_options import ImportOptions
from accelsim.rtl.imported import FILE_SUFFIXES, ModuleCircuit, circuit_of_file
from accelsim.rtl.manifest import Entry, KeptFile, Outcome, add_entries

__all__ = ["Import", "import_multipliers"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.+-]*")
_KEPT_METRICS = ("mae", "mae_percent", "wce", "wce_percent", "ep_percent", "mre_percent")


@dataclass(frozen=True)
class Import:
    """An imported multiplier.

    Attributes
    ----------
    entry : Entry
        Its line of the manifest.
    metrics : ErrorMetrics or None
        Its errors over all operand pairs, alike; None where it is too wide for a LUT.
    outcome : {"added", "replaced", "unchanged"}
        What happened to the manifest.
    notes : tuple of str
        What the user should look at.
    """

    entry: Entry
    metrics: ErrorMetrics | None
    outcome: Outcome
    notes: tuple[str, ...]


def import_multipliers(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    options: ImportOptions | None = None,
    *,
    name: str | None = None,
    replacing: bool = False,
) -> list[Import]:
    """Import multipliers from files, each under a name that is accepted everywhere from then on.

    All are imported, or on an error none. What is there already with the same content stays as it is.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        One file for each multiplier; kinds as for `accelsim.rtl.imported.circuit_of_file`.
    options : ImportOptions, optional
        How they are read.
    name : str, optional
        Name of the multiplier, if it is one; default: that of the file without its ending.
    replacing : bool
        Whether to replace an imported multiplier that has the name but another content.

    Raises
    ------
    AccelsimError
        If a file is not a multiplier, or its name is taken.
    """
    options = options or ImportOptions()
    files = [Path(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    if name is not None and len(files) != 1:
        raise AccelsimError(f"one name for {len(files)} files; a name goes with one file")
    names = [_checked_name(file.stem if name is None else name, file) for file in files]
    read = [_read(file, name, options) for file, name in zip(files, names, strict=True)]
    outcomes = add_entries([(own.entry, own.files) for own in read], replacing, _reserved)
    return [
        Import(own.entry, own.metrics, outcome, own.notes)
        for own, outcome in zip(read, outcomes, strict=True)
    ]


class _Read(NamedTuple):
    """A multiplier that was read from files, and is not yet kept."""

    entry: Entry
    files: list[Path]
    metrics: ErrorMetrics | None
    notes: tuple[str, ...]


def _read(path: Path, name: str, options: ImportOptions) -> _Read:
    circuit = circuit_of_file(path, options, name)
    module = circuit.module if isinstance(circuit, ModuleCircuit) else None
    lut = circuit.lut() if max(circuit.a_width, circuit.b_width) <= MAX_LUT_WIDTH else None
    metrics = error_metrics(lut) if lut else None
    files = [path, *(options.others if module else ())]
    bundles = (module.operands.a, module.operands.b, module.operands.product) if module else None
    entry = Entry(
        name=name,
        a_width=circuit.a_width,
        b_width=circuit.b_width,
        signed=circuit.signed,
        files=tuple(map(_kept, files)),
        module=module.module if module else None,
        ports=(bundles[0].name, bundles[1].name, bundles[2].name) if bundles else None,
        order=None if module else options.order or "ab",
        metrics={key: getattr(metrics, key) for key in _KEPT_METRICS} if metrics else None,
    )
    declared = module.signedness_declared if module else options.signed is not None
    notes = _notes(lut, metrics) if lut and metrics and not declared else ()
    return _Read(entry, files, metrics, notes)


def _checked_name(name: str, path: Path) -> str:
    if not _NAME.fullmatch(name) or Path(name).suffix in FILE_SUFFIXES:
        raise AccelsimError(f"{path}: {name!r} cannot be a multiplier's name; give another with --name")
    return name


def _kept(path: Path) -> KeptFile:
    try:
        return KeptFile(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error


def _reserved(name: str) -> str | None:
    """Return what has a name before anything is imported."""
    try:
        return f"a multiplier of the library ({built_in(name).summary})"
    except AccelsimError:
        return None


def _notes(lut: Lut, metrics: ErrorMetrics) -> tuple[str, ...]:
    """Say so if the LUT would be far more exact with the other signedness."""
    bits = lut.product_width
    patterns = lut.table.astype(np.int64) & ((1 << bits) - 1)
    table = patterns if lut.signed else patterns - (patterns >> (bits - 1) << bits)
    a, b = (operand_values(width, not lut.signed) for width in (lut.a_width, lut.b_width))
    mae = np.abs(table - np.multiply.outer(a, b)).mean()
    if 4 * mae >= metrics.mae:
        return ()
    read_as, better = ("signed", "unsigned") if lut.signed else ("unsigned", "signed")
    return (
        f"{lut.name} was read as {read_as} (MAE {metrics.mae:.6g}); as {better} its MAE would be "
        f"{mae:.6g}: import it with --{better} if that is what it is",
    )
