"""From the name of a multiplier to its netlist and LUT, each kept in the user's cache."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.lut import MAX_LUT_WIDTH, Lut
from accelsim.netlist import Netlist
from accelsim.rtl.library import describe
from accelsim.rtl.synthesis import SYNTHESIS_COMMANDS, rtlil_of, synthesise
from accelsim.rtl.yosys import yosys_version
from accelsim.simulation import truth_table
from accelsim.storage import cache_folder

__all__ = ["fresh_netlist", "load_lut", "netlist_of", "product_table"]


def load_lut(name: str | os.PathLike[str]) -> Lut:
    """Return the LUT of a multiplier: simulated from its description, or read from a file.

    Parameters
    ----------
    name : str or path-like
        A name of the library's grammar, such as ``"mul8u_drum_k4"``, or the path of a ``.npz`` or ``.npy``
        file. LUTs of described multipliers are cached by the hash of the netlist they came from.

    Raises
    ------
    AccelsimError
        If the name or file is not that of a multiplier, or an operand is wider than a LUT can be.
    """
    if _is_path(name):
        return Lut.load(name)
    description = describe(str(name))
    if description.width > MAX_LUT_WIDTH:
        raise AccelsimError(
            f"{description.name} is too wide for a LUT: {description.width} bits; "
            f"the widest has {MAX_LUT_WIDTH}"
        )
    netlist = netlist_of(description.name)
    cached = cache_folder() / "luts" / f"{netlist.digest}-{'s' if description.signed else 'u'}.npz"

    def simulate() -> Lut:
        provenance = {
            "netlist_sha256": netlist.digest,
            "gates": netlist.gate_count,
            "accelsim": version("accelsim"),
            "amaranth": version("amaranth"),
            "yosys": yosys_version(),
        }
        table = product_table(netlist, description.signed).astype(np.int32)
        return Lut(description.name, table, description.signed, provenance)

    return _cached(cached, lambda: Lut.load(cached, name=description.name), simulate)


def netlist_of(name: str) -> Netlist:
    """Return the gate-level netlist of a described multiplier, synthesised at most once.

    The cache's key is the hash of the description's RTLIL and of what synthesises it.
    """
    description = describe(name)
    component = description.build()
    text = rtlil_of(component, description.name)
    recipe = "\n".join([text, *SYNTHESIS_COMMANDS, yosys_version()])
    cached = cache_folder() / "netlists" / f"{hashlib.sha256(recipe.encode()).hexdigest()}.npz"
    return _cached(
        cached, lambda: Netlist.load(cached), lambda: synthesise(component, description.name, text)
    )


def fresh_netlist(name: str) -> Netlist:
    """Rebuild the netlist of a described multiplier from its description, past every cache."""
    description = describe(name)
    return synthesise(description.build(), description.name)


def product_table(netlist: Netlist, signed: bool) -> NDArray[np.int64]:
    """Simulate every operand pair of a multiplier.

    Returns
    -------
    int64 array of shape (2^a_width, 2^b_width)
        Products as numbers, indexed by the operands' bit patterns.
    """
    table = truth_table(netlist).astype(np.int64)
    width = netlist.outputs[0].width
    return table - (table >> (width - 1) << width) if signed else table


_Saved = TypeVar("_Saved", Lut, Netlist)


def _cached(path: Path, load: Callable[[], _Saved], make: Callable[[], _Saved]) -> _Saved:
    """Load what is at ``path``; where it is missing or damaged, make it and keep it there if that can be."""
    with suppress(AccelsimError):
        return load()
    made = make()
    with suppress(AccelsimError):
        made.save(path)
    return made


def _is_path(name: str | os.PathLike[str]) -> bool:
    return not isinstance(name, str) or Path(name).suffix in {".npy", ".npz"} or "/" in name or os.sep in name
