"""Multiplier descriptions in Amaranth's own simulator."""

from typing import Any

import numpy as np
from amaranth.lib import wiring
from amaranth.sim import Simulator
from numpy.typing import ArrayLike, NDArray

__all__ = ["products_in_amaranth"]


def products_in_amaranth(component: wiring.Component, a: ArrayLike, b: ArrayLike) -> NDArray[Any]:
    """Simulate a multiplier description, some thousands of operand pairs a second.

    Parameters
    ----------
    component : wiring.Component
        A multiplier with ports ``a``, ``b`` and ``p``.
    a, b : integer arrays of the same shape (pairs,)
        Bit patterns of the operands.

    Returns
    -------
    int64 array of shape (pairs,), uint64 where a product needs it
        Products as numbers.
    """
    found: list[int] = []

    async def feed(ctx: Any) -> None:
        for left, right in zip(np.asarray(a).tolist(), np.asarray(b).tolist(), strict=True):
            ctx.set(component.a, left)
            ctx.set(component.b, right)
            found.append(ctx.get(component.p))

    simulator = Simulator(component)
    simulator.add_testbench(feed)
    simulator.run()
    return np.array(found, dtype=np.uint64 if max(found) >> 63 > 0 else np.int64)
