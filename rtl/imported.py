"""Multipliers from files: gates of a hardware description, or a LUT alone."""

import hashlib
from pathlib import Path
from typing import Any

import accelsim
from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.netlist import Netlist
from accelsim.rtl.circuits import Circuit, TableCircuit
from accelsim.rtl.import_hdl import HDL_SUFFIXES, ImportedModule, read_hdl
from accelsim.rtl.import_options import ImportOptions
from accelsim.rtl.import_tables import TABLE_SUFFIXES, read_table
from accelsim.rtl.manifest import Entry, kept_folder, kept_paths
from accelsim.rtl.synthesis import SYNTHESIS_COMMANDS
from accelsim.rtl.yosys import yosys_version

__all__ = [
    "FILE_SUFFIXES",
    "ImportedCircuit",
    "ImportedTable",
    "ModuleCircuit",
    "circuit_of_entry",
    "circuit_of_file",
]

#: Endings of the names of files that a multiplier is read from.
FILE_SUFFIXES = HDL_SUFFIXES | TABLE_SUFFIXES


class ModuleCircuit(Circuit):
    """A multiplier described in a file in Verilog, BLIF or Yosys' JSON.

    Parameters
    ----------
    name : str
        Its name.
    path : Path
        The file.
    options : ImportOptions
        How it is read.
    module : ImportedModule
        What was read from it.
    """

    def __init__(self, name: str, path: Path, options: ImportOptions, module: ImportedModule) -> None:
        a, b = (port.width for port in module.netlist.inputs)
        summary = _summary(a, b, module.signed, f"module {module.module} of {path.name}")
        super().__init__(name, a, b, module.signed, summary, str(path))
        self.path = path
        self.options = options
        self.module = module

    def fresh_netlist(self) -> Netlist:
        """Read the file anew and synthesise it."""
        return read_hdl(self.path, self.options).netlist

    def netlist(self) -> Netlist:
        """Return the netlist."""
        return self.module.netlist

    def _netlist_key(self) -> str:
        return self.netlist().digest

    def lut(self) -> Lut:
        """Return the LUT, and in its provenance the file."""
        return _from_file(super().lut(), self.path.name, hashlib.sha256(self.path.read_bytes()).hexdigest())


class ImportedCircuit(Circuit):
    """A multiplier whose description was imported; its file is read when it is needed.

    Parameters
    ----------
    entry : Entry
        Its line of the manifest.
    """

    def __init__(self, entry: Entry) -> None:
        summary = _summary(
            entry.a_width, entry.b_width, entry.signed, f"module {entry.module} of {entry.files[0].file}"
        )
        source = str(kept_folder(entry) / entry.files[0].file)
        super().__init__(entry.name, entry.a_width, entry.b_width, entry.signed, summary, source)
        self.entry = entry

    def fresh_netlist(self) -> Netlist:
        """Read the kept file anew and synthesise it."""
        path, *others = kept_paths(self.entry)
        return read_hdl(path, _options(self.entry, others)).netlist

    def _netlist_key(self) -> str:
        kept_paths(self.entry)
        return "\n".join([self.entry.digest, *SYNTHESIS_COMMANDS, yosys_version(), accelsim.__version__])

    def lut(self) -> Lut:
        """Return the LUT, and in its provenance the file."""
        return _from_file(super().lut(), self.entry.files[0].file, self.entry.files[0].sha256)


class ImportedTable(TableCircuit):
    """A multiplier whose LUT was imported; its file is read when it is needed.

    Parameters
    ----------
    entry : Entry
        Its line of the manifest.
    """

    def __init__(self, entry: Entry) -> None:
        summary = _summary(entry.a_width, entry.b_width, entry.signed, f"LUT of {entry.files[0].file}")
        source = str(kept_folder(entry) / entry.files[0].file)
        Circuit.__init__(self, entry.name, entry.a_width, entry.b_width, entry.signed, summary, source)
        self.entry = entry

    def lut(self) -> Lut:
        """Read the LUT."""
        (path,) = kept_paths(self.entry)
        lut = read_table(path, _options(self.entry, []))
        lut = Lut(self.name, lut.table, lut.signed, lut.provenance)
        return _from_file(lut, self.entry.files[0].file, self.entry.files[0].sha256)


def circuit_of_file(path: Path, options: ImportOptions | None = None, name: str | None = None) -> Circuit:
    """Read a multiplier from a file.

    Parameters
    ----------
    path : Path
        Verilog (``.v``, ``.sv``), BLIF (``.blif``), Yosys' JSON (``.json``), or a LUT (``.npy``, ``.npz``,
        ``.bin``, ``.h``).
    options : ImportOptions, optional
        What is not to be detected.
    name : str, optional
        Its name; default: the file's, without the ending, or the name inside an ``.npz``.

    Raises
    ------
    AccelsimError
        If the file is of no known kind, or is not a multiplier.
    """
    options = options or ImportOptions()
    if path.suffix in HDL_SUFFIXES:
        return ModuleCircuit(name or path.stem, path, options, read_hdl(path, options))
    if path.suffix in TABLE_SUFFIXES:
        lut = read_table(path, options)
        return TableCircuit(Lut(name or lut.name, lut.table, lut.signed, lut.provenance), str(path))
    raise AccelsimError(f"{path} is no multiplier's file; expected {', '.join(sorted(FILE_SUFFIXES))}")


def circuit_of_entry(entry: Entry) -> Circuit:
    """Return an imported multiplier."""
    return ImportedTable(entry) if entry.module is None else ImportedCircuit(entry)


def _options(entry: Entry, others: list[Path]) -> ImportOptions:
    a, b, product = entry.ports or (None, None, None)
    return ImportOptions(entry.module, a, b, product, entry.signed, entry.order, tuple(others))


def _summary(a_width: int, b_width: int, signed: bool, what: str) -> str:
    return f"{a_width} x {b_width}-bit {'signed' if signed else 'unsigned'} {what}"


def _from_file(lut: Lut, file: str, sha256: str) -> Lut:
    provenance: dict[str, Any] = {**lut.provenance, "file": file, "file_sha256": sha256}
    return Lut(lut.name, lut.table, lut.signed, provenance)
