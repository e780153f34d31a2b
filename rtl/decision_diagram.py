"""A LUT as a shared decision diagram: one multiplexer for each different subfunction (Bryant 1986).

R. E. Bryant, "Graph-based algorithms for Boolean function manipulation", IEEE Transactions on Computers
C-35(8), 1986.
"""

from collections.abc import Sequence

import numpy as np

from accelsim.lut import Lut
from accelsim.netlist import Gate, Netlist
from accelsim.netlist_builder import NetlistBuilder

__all__ = ["diagram_netlist", "variable_orders"]


def variable_orders(a_width: int, b_width: int) -> list[list[int]]:
    """Return orders of the input bits, root first; bit ``i`` of a is ``i``, that of b ``a_width + i``."""
    a, b = list(range(a_width)), list(range(a_width, a_width + b_width))
    interleaved = sorted(a + b, key=lambda bit: bit if bit < a_width else bit - a_width)
    return [interleaved[::-1], interleaved, a[::-1] + b, a + b, b + a]


def diagram_netlist(lut: Lut, order: Sequence[int]) -> Netlist:
    """Return the multiplexers of the reduced diagram with a given order of the variables."""
    builder = NetlistBuilder({"a": lut.a_width, "b": lut.b_width})
    nets = [net for port in builder.inputs for net in port.nets]
    # Axes of the table: most significant bit of a first, then of b.
    axis = [lut.a_width - 1 - bit for bit in range(lut.a_width)]
    axis += [lut.a_width + lut.b_width - 1 - bit for bit in range(lut.b_width)]
    table = lut.table.reshape([2] * len(nets)).transpose([axis[variable] for variable in order]).ravel()
    found = table[None, :].astype(np.int64) >> np.arange(lut.product_width)[:, None] & 1
    for variable in reversed(order):
        pairs = found[:, ::2] << 32 | found[:, 1::2]
        unique, where = np.unique(pairs, return_inverse=True)
        halves = [divmod(pair, 1 << 32) for pair in unique.tolist()]
        chosen = [_select(builder, low, high, nets[variable]) for low, high in halves]
        found = np.array(chosen, dtype=np.int64)[where.reshape(pairs.shape)]
    return builder.netlist(lut.name, {"p": found[:, 0].tolist()})


def _select(builder: NetlistBuilder, low: int, high: int, variable: int) -> int:
    if low == high:
        return low
    return variable if (low, high) == (0, 1) else builder.add(Gate.MUX, low, high, variable)
