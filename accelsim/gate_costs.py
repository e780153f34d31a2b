"""Relative area of the gates that netlists are made of, from one published standard-cell library.

The areas are those of the weakest cell of each function (drive strength 1) of IHP's SG13G2 library for
130 nm (``sg13g2_stdcell_typ_1p20V_25C.lib``, revision 0.1.4; Apache-2.0; https://github.com/IHP-GmbH/IHP-Open-PDK):
``inv_1, and2_1, nand2_1, or2_1, nor2_1, xor2_1, xnor2_1, nor2b_1, nand2b_1, mux2_1``. All are multiples of
1.8144 um^2, one placement site of that library.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from accelsim.netlist import Gate, Netlist

__all__ = ["GATE_AREAS_UM2", "netlist_area_um2"]

#: Area of each gate in square micrometres; a buffer is a wire.
GATE_AREAS_UM2: Mapping[Gate, float] = MappingProxyType(
    {
        Gate.BUF: 0.0,
        Gate.NOT: 5.4432,
        Gate.AND: 9.072,
        Gate.NAND: 7.2576,
        Gate.OR: 9.072,
        Gate.NOR: 7.2576,
        Gate.XOR: 14.5152,
        Gate.XNOR: 14.5152,
        Gate.ANDNOT: 9.072,
        Gate.ORNOT: 9.072,
        Gate.MUX: 18.144,
    }
)


def netlist_area_um2(netlist: Netlist) -> float:
    """Return the sum of the areas of a netlist's gates, in square micrometres."""
    areas = np.array([GATE_AREAS_UM2[gate] for gate in Gate])
    return float(np.round(areas[netlist.opcodes].sum(), 4))
