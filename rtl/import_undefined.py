"""Undefined values (x) in a module: no product may depend on them.

Simulation of Verilog carries them along, synthesis gives them what value suits it. A module that has some,
say in the default of a complete case, is synthesised with several values in their place and must not change.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from accelsim.errors import AccelsimError
from accelsim.lut import MAX_LUT_WIDTH
from accelsim.netlist import Netlist
from accelsim.rtl.import_checks import FlatModule, is_unused_port, place
from accelsim.simulation import outputs

__all__ = ["FILLINGS", "TO_GATES", "check_same", "make_undefined_visible", "may_be_undefined"]

#: Yosys' commands that turn words and tables to gates without a choice of values for what is undefined.
TO_GATES = ("memory_map", "techmap")
#: Commands that choose them.
FILLINGS = ("setundef -zero", "setundef -one", "setundef -random 1")

_RANDOM_VECTORS = 1 << 16
#: Most bits that an index may lead outside.
_MAX_PADDING = 1 << 8


def may_be_undefined(module: FlatModule) -> str | None:
    """Return where an undefined value (x) could enter, or None if nowhere.

    That is a constant x, a bit chosen by an index that may lead outside, or a table with holes.
    """
    for port in module.ports.values():
        if "x" in port["bits"]:
            return module.place
    for cell in module.cells.values():
        kind, parameters = cell["type"], cell["parameters"]
        holes = kind == "$mem_v2" and (
            "x" in parameters["INIT"] or int(parameters["SIZE"], 2) < 1 << int(parameters["ABITS"], 2)
        )
        constants = any(
            "x" in bits and not is_unused_port(port) for port, bits in cell["connections"].items()
        )
        if holes or constants or kind == "$shiftx":
            return place(cell["attributes"], module.file)
    return None


def make_undefined_visible(body: dict[str, Any]) -> None:
    """Put x beside each word that an index may lead outside of; Yosys would drop the high bits of the index.

    Parameters
    ----------
    body : dict
        The module's part of Yosys' JSON, which is changed.
    """
    for cell in body["cells"].values():
        if cell["type"] == "$shiftx":
            word, index = cell["connections"]["A"], cell["connections"]["B"]
            reach = 1 << min(len(index), _MAX_PADDING.bit_length() - 1)
            padded = [*word, *["x"] * (reach + len(cell["connections"]["Y"]))]
            cell["type"] = "$shift"
            cell["connections"]["A"] = padded
            cell["parameters"]["A_WIDTH"] = f"{len(padded):032b}"


def check_same(where: str, netlist: Netlist, others: Iterable[Netlist]) -> None:
    """Raise `AccelsimError` if netlists differ, over all operand pairs up to 12 bits, else random ones."""
    widths = [port.width for port in netlist.inputs]
    if max(widths) <= MAX_LUT_WIDTH:
        a, b = (values.ravel() for values in np.indices([1 << width for width in widths]))
    else:
        generator = np.random.default_rng(0)
        a, b = (generator.integers(0, 1 << width, _RANDOM_VECTORS) for width in widths)
    first = outputs(netlist, a, b)
    wrong = np.flatnonzero(np.any([first != outputs(other, a, b) for other in others], axis=0))
    if wrong.size:
        pair = f"a = {a[wrong[0]]}, b = {b[wrong[0]]}"
        raise AccelsimError(f"{where}: the product depends on an undefined value (x), at least for {pair}")
