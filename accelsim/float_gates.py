"""Products of float multipliers that are known as gates only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accelsim.float_format import FloatFormat
from accelsim.float_products import FloatProducts
from accelsim.floats import checked_float32
from accelsim.netlist import Netlist
from accelsim.simulation import outputs

__all__ = ["GateProducts"]


@dataclass(frozen=True, eq=False)
class GateProducts(FloatProducts):
    """A float multiplier whose gates are simulated for every product.

    Parameters
    ----------
    name : str
        Name of the hardware.
    form : FloatFormat
        Format of operands and product; operands are rounded to it (nearest-even) first.
    netlist : Netlist
        Its gates: inputs ``a`` and ``b`` and the output are bit patterns of the format.
    """

    name: str
    form: FloatFormat
    netlist: Netlist

    def multiply(
        self, a: NDArray[np.float32], b: NDArray[np.float32], threads: int | None = None
    ) -> NDArray[np.float32]:
        """Multiply float32 arrays (broadcast together); see `FloatProducts.multiply`."""
        with np.errstate(invalid="ignore"):  # signalling NaN
            patterns = [self.form.encode(checked_float32(self.name, array)) for array in (a, b)]
        # A product beyond float32 is an infinity of the format already.
        return self.form.decode(outputs(self.netlist, *patterns)).astype(np.float32)
