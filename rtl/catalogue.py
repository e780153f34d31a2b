"""Where a name or a path becomes a multiplier, and nowhere else."""

import os
from pathlib import Path

from accelsim.lut import Lut
from accelsim.netlist import Netlist
from accelsim.rtl.circuits import Circuit, DescribedCircuit, TableCircuit
from accelsim.rtl.library import describe

__all__ = ["find_circuit", "load_lut", "netlist_of"]

_LUT_SUFFIXES = {".npy", ".npz"}


def find_circuit(name: str | os.PathLike[str]) -> Circuit:
    """Return a multiplier by name or path.

    Parameters
    ----------
    name : str or path-like
        A name of the library's grammar, such as ``"mul8u_drum_k4"``, or the path of a LUT file (``.npz`` or
        ``.npy``): a text with a path separator or with one of these endings is a path.

    Raises
    ------
    AccelsimError
        If the name or file is not that of a multiplier.
    """
    if not isinstance(name, str) or Path(name).suffix in _LUT_SUFFIXES or "/" in name or os.sep in name:
        return TableCircuit(Lut.load(name), os.fspath(name))
    return DescribedCircuit(describe(name))


def load_lut(name: str | os.PathLike[str]) -> Lut:
    """Return the LUT of a multiplier: simulated from its gates, or read from a file.

    Parameters
    ----------
    name : str or path-like
        As for `find_circuit`. Simulated LUTs are cached by the hash of the netlist they came from.

    Raises
    ------
    AccelsimError
        If the name or file is not that of a multiplier, or an operand is wider than a LUT can be.
    """
    return find_circuit(name).lut()


def netlist_of(name: str | os.PathLike[str]) -> Netlist:
    """Return the gate-level netlist of a multiplier, synthesised at most once.

    Raises
    ------
    AccelsimError
        If the name or file is not that of a multiplier, or it has no gates.
    """
    return find_circuit(name).netlist()
