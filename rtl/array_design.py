"""What a systolic array is built from: its shape and dataflow, its multiplier, and which operand is which."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amaranth.hdl import Shape

from accelsim.errors import AccelsimError
from accelsim.rtl.circuits import Circuit
from accelsim.rtl.float_circuits import FloatCircuit
from accelsim.systolic_array import SystolicArray

if TYPE_CHECKING:
    from accelsim.approx_layer import ActivationOperand

__all__ = ["ArrayDesign"]


@dataclass(frozen=True, eq=False)
class ArrayDesign:
    """A systolic array with a multiplier in every PE.

    Parameters
    ----------
    array : SystolicArray
        Size, dataflow and accumulators.
    circuit : Circuit
        The multiplier: of integers, with gates.
    activation_operand : {"a", "b"}
        Which of its ports gets the activation; the other one gets the weight.

    Raises
    ------
    AccelsimError
        If the multiplier is one of floats, the accumulator is narrower than its products, or there is no
        such operand.
    """

    array: SystolicArray
    circuit: Circuit
    activation_operand: "ActivationOperand" = "a"

    def __post_init__(self) -> None:
        if self.activation_operand not in {"a", "b"}:
            raise AccelsimError(f"activation operand is {self.activation_operand!r}; expected a or b")
        name, bits = self.circuit.name, self.array.accumulator.bits
        if isinstance(self.circuit, FloatCircuit):
            raise AccelsimError(
                f"{name} multiplies floats; a MAC adds products of integers, such as those of mul8u_exact"
            )
        needed = self.circuit.product_width + (not self.circuit.signed)
        if bits < needed:
            raise AccelsimError(
                f"an accumulator of {bits} bits is narrower than the products of {name}, which take {needed} "
                "with the sign"
            )

    @property
    def left_operand(self) -> str:
        """Port of the multiplier for what comes from the left: activations, weights with ``is``."""
        return self.activation_operand if self.array.dataflow != "is" else self._weight_operand

    @property
    def top_operand(self) -> str:
        """Port of the multiplier for what comes from the top: weights, activations with ``is``."""
        return self._weight_operand if self.array.dataflow != "is" else self.activation_operand

    @property
    def _weight_operand(self) -> str:
        return "b" if self.activation_operand == "a" else "a"

    @property
    def left_shape(self) -> Shape:
        """Width and signedness of an operand from the left."""
        return self._operand_shape(self.left_operand)

    @property
    def top_shape(self) -> Shape:
        """Width and signedness of an operand from the top."""
        return self._operand_shape(self.top_operand)

    @property
    def product_shape(self) -> Shape:
        """Width and signedness of a product."""
        return Shape(self.circuit.product_width, signed=self.circuit.signed)

    @property
    def sum_shape(self) -> Shape:
        """Width of an accumulator, which is signed."""
        return Shape(self.array.accumulator.bits, signed=True)

    def _operand_shape(self, operand: str) -> Shape:
        width = self.circuit.a_width if operand == "a" else self.circuit.b_width
        return Shape(width, signed=self.circuit.signed)
