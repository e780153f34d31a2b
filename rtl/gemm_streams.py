"""What the streams of `accelsim.rtl.tiled_gemm.TiledGemm` carry."""

from dataclasses import dataclass

from amaranth.hdl import Shape, signed, unsigned
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.utils import bits_for

from accelsim.errors import AccelsimError
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.requantizer import CODE_BITS, offset_shape

__all__ = ["DEFAULT_MAX_DEPTH", "DEFAULT_MAX_STEPS", "GemmStreams"]

DEFAULT_MAX_STEPS = 1024
DEFAULT_MAX_DEPTH = 1 << 16

_MOST = 1 << 24


@dataclass(frozen=True, eq=False)
class GemmStreams:
    """Layouts of the streams of an array that runs matrix products.

    Parameters
    ----------
    design : ArrayDesign
        The array.
    max_steps : int
        Most steps of a fold with ``ws`` and ``is``: words of the memory of partial sums.
    max_depth : int
        Most products in a sum; with ``os`` these are the steps of a fold.

    Raises
    ------
    AccelsimError
        If a limit is not 2 to 2^24.
    """

    design: ArrayDesign
    max_steps: int = DEFAULT_MAX_STEPS
    max_depth: int = DEFAULT_MAX_DEPTH

    def __post_init__(self) -> None:
        for what, limit in (("steps in a fold", self.max_steps), ("products in a sum", self.max_depth)):
            if not 2 <= limit <= _MOST:
                raise AccelsimError(f"at most {limit} {what}; expected 2 to 2^24")

    @property
    def step_limit(self) -> int:
        """Most steps of a fold."""
        return self.max_depth if self.design.array.dataflow == "os" else self.max_steps

    @property
    def command(self) -> StructLayout:
        """A fold: its steps, the rows and columns in use, and whether its sums are the first and the last."""
        return StructLayout(
            {
                "steps": unsigned(bits_for(self.step_limit)),
                "rows": unsigned(bits_for(self.design.array.rows)),
                "columns": unsigned(bits_for(self.design.array.columns)),
                "first": unsigned(1),
                "last": unsigned(1),
            }
        )

    @property
    def left(self) -> ArrayLayout:
        """One operand for each row."""
        return ArrayLayout(self.design.left_shape, self.design.array.rows)

    @property
    def top(self) -> ArrayLayout:
        """One operand for each column."""
        return ArrayLayout(self.design.top_shape, self.design.array.columns)

    @property
    def parameters(self) -> StructLayout:
        """Of the requantizers: for each channel, which are the columns (one with ``is``), and for all."""
        level = signed(CODE_BITS + 1)
        channel = StructLayout(
            {
                "offset": offset_shape(self.operand_sum, self.weight),
                "weight_zero_point": self.weight,
                "multiplier": unsigned(31),
                "shift": signed(6),
            }
        )
        channels = 1 if self.design.array.dataflow == "is" else self.design.array.columns
        return StructLayout(
            {
                "channels": ArrayLayout(channel, channels),
                "zero_point": level,
                "low": level,
                "high": level,
            }
        )

    @property
    def result(self) -> ArrayLayout:
        """One code for each column."""
        return ArrayLayout(unsigned(CODE_BITS), self.design.array.columns)

    @property
    def activation(self) -> Shape:
        """Of an activation."""
        design = self.design
        return design.top_shape if design.array.dataflow == "is" else design.left_shape

    @property
    def weight(self) -> Shape:
        """Of a weight."""
        design = self.design
        return design.left_shape if design.array.dataflow == "is" else design.top_shape

    @property
    def operand_sum(self) -> Shape:
        """Of the sum of as many activations as a sum may have products."""
        activation = self.activation
        return Shape(activation.width + (self.max_depth - 1).bit_length(), signed=activation.signed)
