"""The library of float multipliers: from a name to its hardware description, and the list of names."""

from dataclasses import dataclass

from accelsim.float_format import FloatFormat
from accelsim.floats import AUTHORS_LEAST_OPERAND, CLOSED_FORMS, Float32ClosedForm
from accelsim.rtl.block_array import BlockArrayMultiplier
from accelsim.rtl.cell_array import CellArrayMultiplier, same_cells
from accelsim.rtl.float_multiplier import FloatMultiplier
from accelsim.rtl.float_names import FloatName
from accelsim.rtl.heterogeneous import HEAP_LIKE, grid_of
from accelsim.rtl.library import Description
from accelsim.rtl.multiplier import Multiplier
from accelsim.rtl.names import MultiplierName

__all__ = ["FloatDescription", "describe_float", "float_names"]

_AXFPM = "A. Guesmi et al., Defensive Approximation, ASPLOS 2021"
_FAMILIES = {
    "axfpm_array24": ("Ax-FPM as one array of 24 x 24 AMA5 cells", f"{_AXFPM}, section 4.1"),
    "axfpm_blocks4": ("Ax-FPM as 36 arrays of 4 x 4 AMA5 cells and exact adders", f"{_AXFPM}, its code"),
    "axfpm_authors": (
        "Ax-FPM as its code behaves: products of more than 48 bits halved, operands below 1e-36 zero",
        f"{_AXFPM}, its code",
    ),
    "heap_like24": (
        "array of 24 x 24 mixed cells with the error figures of HEAP",
        f"found by accelsim.rtl.heterogeneous.search_cells; figures: {_AXFPM}, table 8",
    ),
}
_EXACT_ARRAYS = {"array", "csa", "wallace", "dadda"}


@dataclass(frozen=True)
class FloatDescription:
    """A float multiplier of the library.

    Parameters
    ----------
    parsed : FloatName
        Its name, taken apart.
    """

    parsed: FloatName

    @property
    def name(self) -> str:
        """The canonical name."""
        return str(self.parsed)

    @property
    def form(self) -> FloatFormat:
        """Format of operands and result."""
        return self.parsed.form

    @property
    def width(self) -> int:
        """Bits of each operand and of the result."""
        return self.form.width

    @property
    def signed(self) -> bool:
        """False: ports are bit patterns."""
        return False

    @property
    def summary(self) -> str:
        """What it is, in one line."""
        name = self.parsed
        if isinstance(name.significand, MultiplierName):
            words = [f"{name.form.name}, significands by {Description(name.significand).summary}"]
        else:
            words = [f"{name.form.name}, {_FAMILIES[name.significand][0]}"]
        if name.port_order != "psc":
            signals = dict(p="partial product", s="sum from above", c="carry")  # noqa: C408
            ports = zip(("A", "B", "Cin"), name.port_order, strict=True)
            words.append("cells' " + ", ".join(f"{port} = {signals[letter]}" for port, letter in ports))
        if name.swapped:
            words.append("operands swapped")
        words.append("truncated" if name.rounding == "truncate" else "rounded to nearest-even")
        return "; ".join(words)

    @property
    def source(self) -> str:
        """Where it was published."""
        significand = self.parsed.significand
        if isinstance(significand, MultiplierName):
            return Description(significand).source
        return _FAMILIES[significand][1]

    def build(self) -> FloatMultiplier:
        """Return a new hardware description, with ports ``a``, ``b`` and ``p``."""
        name = self.parsed
        significand, positions = _significand(name)
        return FloatMultiplier(
            name.form,
            significand,
            name.rounding,
            swapped=name.swapped,
            least_operand=AUTHORS_LEAST_OPERAND if name.significand == "axfpm_authors" else None,
            leading_positions=positions,
        )

    def closed_form(self) -> Float32ClosedForm | None:
        """Return the closed form of what it computes, where there is one."""
        return CLOSED_FORMS.get(self.name)


def _significand(name: FloatName) -> tuple[Multiplier | BlockArrayMultiplier, int | None]:
    """Return the significand multiplier, and in how many positions its leading one can be, if known."""
    kind = name.significand
    if isinstance(kind, MultiplierName):
        exact = kind.architecture in _EXACT_ARRAYS and kind.cell == "exact"
        return Description(kind).build(), 2 if exact else None
    if kind == "heap_like24":
        return CellArrayMultiplier(grid_of(24, HEAP_LIKE)), None
    usual = name.port_order == "psc"
    if kind == "axfpm_array24":
        return CellArrayMultiplier(same_cells(24, "ama5"), name.port_order), 1 if usual else None
    halves = kind == "axfpm_authors"
    block_array = BlockArrayMultiplier(24, 4, port_order=name.port_order, halves_overflow=halves)
    return block_array, (1 if halves else 2) if usual else None


def describe_float(name: str) -> FloatDescription:
    """Return the description of any float multiplier of the grammar of `accelsim.rtl.float_names`.

    Raises
    ------
    AccelsimError
        If the name is not of the grammar, or a parameter is out of its range.
    """
    return FloatDescription(FloatName.parse(name))


_LIBRARY = """
    fp32_exact fp32_exact_truncate fp32_dadda fp32_ama5_k24 fp32_ama5_k40 fp32_trunc_k24 fp32_mitchell
    fp32_drum_k6 fp32_drum_k10
    bf16_exact bf16_exact_truncate bf16_dadda bf16_ama5_k8 bf16_trunc_k6 bf16_udm bf16_mitchell bf16_drum_k4
    axfpm_array24 axfpm_blocks4 axfpm_authors heap_like24
"""


def float_names() -> list[str]:
    """Return the canonical names of the library's float multipliers."""
    return _LIBRARY.split()
