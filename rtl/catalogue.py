"""Where a name or a path becomes a multiplier, and nowhere else."""

import os
from pathlib import Path

from accelsim.errors import AccelsimError, nearest
from accelsim.float_products import FloatProducts
from accelsim.gate_multiplier import GateMultiplier
from accelsim.lut import Lut
from accelsim.netlist import Netlist
from accelsim.rtl.circuits import Circuit, DescribedCircuit
from accelsim.rtl.evolved import NetlistCircuit, evolved_circuit, evolved_names, is_evolved_name
from accelsim.rtl.float_circuits import FloatCircuit
from accelsim.rtl.float_library import describe_float, float_names
from accelsim.rtl.float_names import is_float_name
from accelsim.rtl.gates_file import GATES_SUFFIX
from accelsim.rtl.imported import FILE_SUFFIXES, circuit_of_entry, circuit_of_file
from accelsim.rtl.library import describe, names
from accelsim.rtl.manifest import read_entries

__all__ = [
    "built_in",
    "find_circuit",
    "float_circuits",
    "is_built_in",
    "listed_circuits",
    "listed_names",
    "load_float_multiplier",
    "load_gate_multiplier",
    "load_lut",
    "located",
    "netlist_of",
]


def find_circuit(name: str | os.PathLike[str]) -> Circuit:
    """Return a multiplier by name or path.

    Parameters
    ----------
    name : str or path-like
        A name of the library's grammar, such as ``"mul8u_drum_k4"``, the name of an imported multiplier, or
        the path of a file that `accelsim.rtl.imported.circuit_of_file` reads: a text with a path separator,
        or with the ending of such a file, is a path.

    Raises
    ------
    AccelsimError
        If the name or file is not that of a multiplier.
    """
    if Path(name).suffix == GATES_SUFFIX:
        return NetlistCircuit(name)
    if not isinstance(name, str) or Path(name).suffix in FILE_SUFFIXES or "/" in name or os.sep in name:
        return circuit_of_file(Path(name))
    try:
        return built_in(name)
    except AccelsimError as error:
        imported = read_entries()
        if name in imported:
            return circuit_of_entry(imported[name])
        others = [] if name.startswith("mul") else float_names()
        if hint := nearest(name, [*imported, *others]):
            raise AccelsimError(f"{str(error).partition('; did you mean')[0]}{hint}") from error
        raise


def located(name: str, folder: Path) -> str:
    """Return a multiplier's name, or the path of its file from wherever it is used.

    Parameters
    ----------
    name : str
        As for `find_circuit`.
    folder : Path
        What paths, and names of files, are relative to.
    """
    path = folder / name
    return str(path.absolute()) if "/" in name or path.is_file() else name


def is_built_in(name: str) -> bool:
    """Return whether a multiplier comes with the package, and so is the same in every copy of it."""
    try:
        built_in(name)
    except AccelsimError:
        return False
    return True


def built_in(name: str) -> Circuit:
    """Return a multiplier that comes with the package, by name.

    Raises
    ------
    AccelsimError
        If there is none of this name.
    """
    if is_evolved_name(name):
        return evolved_circuit(name)
    return FloatCircuit(describe_float(name)) if is_float_name(name) else DescribedCircuit(describe(name))


def listed_circuits() -> list[Circuit]:
    """Return the package's multipliers that are narrow enough for a LUT, and all that were imported."""
    return [*map(built_in, [*names(), *evolved_names()]), *map(circuit_of_entry, read_entries().values())]


def float_circuits() -> list[Circuit]:
    """Return the library's float multipliers."""
    return [*map(built_in, float_names())]


def listed_names() -> list[str]:
    """Return the names of `listed_circuits`."""
    return [*names(), *evolved_names(), *read_entries()]


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


def load_float_multiplier(name: str) -> FloatProducts:
    """Return the products of a float multiplier, for layers: `accelsim.approximate` takes them like a LUT.

    Parameters
    ----------
    name : str
        A name of the grammar of `accelsim.rtl.float_names`, such as ``"axfpm_blocks4"``.

    Raises
    ------
    AccelsimError
        If the name is not that of a multiplier, or it multiplies integers.
    """
    circuit = find_circuit(name)
    if not isinstance(circuit, FloatCircuit):
        raise AccelsimError(f'{circuit.name} multiplies integers: load_lut("{name}") makes a LUT of it')
    return circuit.products()


def load_gate_multiplier(name: str | os.PathLike[str]) -> GateMultiplier:
    """Return a multiplier of up to 16 bits as its gates: `accelsim.approximate` takes it like a LUT.

    Parameters
    ----------
    name : str or path-like
        As for `find_circuit`.

    Raises
    ------
    AccelsimError
        If the name or file is not that of a multiplier, it has no gates, an operand is wider, or it
        multiplies floats.
    """
    circuit = find_circuit(name)
    if isinstance(circuit, FloatCircuit):
        raise AccelsimError(f'{circuit.name} multiplies floats: load_float_multiplier("{name}") takes it')
    return GateMultiplier(circuit.name, circuit.netlist(), circuit.signed)


def netlist_of(name: str | os.PathLike[str]) -> Netlist:
    """Return the gate-level netlist of a multiplier, synthesised at most once.

    Raises
    ------
    AccelsimError
        If the name or file is not that of a multiplier, or it has no gates.
    """
    return find_circuit(name).netlist()
