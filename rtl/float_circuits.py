"""Float multipliers as circuits: products and errors from their gates, and no LUT."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import AccelsimError
from accelsim.float_errors import FloatErrors, float_errors, uniform_operands
from accelsim.float_format import FloatFormat
from accelsim.float_gates import GateProducts
from accelsim.float_products import FloatProducts
from accelsim.float_table import MAX_MANTISSA_BITS, FloatTable
from accelsim.lut import Lut
from accelsim.rtl.circuits import DescribedCircuit
from accelsim.rtl.float_library import FloatDescription
from accelsim.simulation import outputs

__all__ = ["FloatCircuit"]


class FloatCircuit(DescribedCircuit):
    """A float multiplier of the library; its ports are bit patterns of the format, the result's too."""

    def __init__(self, description: FloatDescription) -> None:
        super().__init__(description)
        self.form: FloatFormat = description.form
        self._form = description.closed_form

    @property
    def product_width(self) -> int:
        """Bits of the product, which has the operands' format."""
        return self.a_width

    def lut(self) -> Lut:
        """Raise: the tables of the engine hold products of integers."""
        raise AccelsimError(
            f"{self.name} multiplies floats; a LUT holds products of integers, such as those of mul8u_drum_k4"
        )

    def provenance(self) -> dict[str, Any]:
        """Return the netlist's hash, its number of gates, and the versions of the tools that made it."""
        return self._provenance(self.netlist())

    def multiply(self, a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
        """Return the products of numbers (broadcast together), simulated at gate level.

        Operands are rounded to the format first (nearest-even).
        """
        patterns = outputs(self.netlist(), self.form.encode(a), self.form.encode(b))
        return self.form.decode(patterns)

    def products(self) -> FloatProducts:
        """Return what layers multiply with: its closed form, a table of its gates' products, or its gates."""
        closed = self._form()
        if closed is not None:
            return closed
        bits = self.form.mantissa_bits
        if bits > MAX_MANTISSA_BITS or self.form.bias <= 2 * bits:  # too small a range for every entry
            return GateProducts(self.name, self.form, self.netlist())
        significands = self.form.encode(1.0) + np.arange(1 << bits)
        products = outputs(self.netlist(), significands[:, None], significands)
        return FloatTable(self.name, self.form, self.form.decode(products).astype(np.float32))

    def errors(self, pairs: int = 1_000_000, seed: int = 0) -> FloatErrors:
        """Measure the gates' products of operands drawn uniformly from 0 to 1 against the exact products.

        Raises
        ------
        AccelsimError
            If the number of pairs is not positive.
        """
        a, b = uniform_operands(self.form, pairs, seed)
        approximate = self.form.decode(outputs(self.netlist(), a, b))
        return float_errors(approximate, self.form.decode(a) * self.form.decode(b))
