"""The grammar of float multipliers' names, such as ``fp32_drum_k6``; parsed and spelled here only.

``<format>_<unsigned>``
    A multiplier of floats around an unsigned multiplier of their significands, where ``<format>`` is
    ``fp32``, ``bf16`` or such as ``e4m3`` (exponent and mantissa bits), and ``<unsigned>`` is what may
    follow ``mul24u_`` in `accelsim.rtl.names` (``mul8u_`` for ``bf16``). Rounds to nearest-even.
``axfpm_array24``, ``axfpm_blocks4``, ``axfpm_authors``
    Three readings of Ax-FPM in float32: one array of 24 x 24 AMA5 cells; 36 arrays of 4 x 4, summed exactly;
    the same as the authors' code behaves. Truncate. An order of the letters ``p`` (partial product), ``s``
    (sum from the row above), ``c`` (carry) may follow: what the cells' ports A, B, Cin get; default ``psc``.
``heap_like24``
    float32 around an array of mixed cells with the error figures of HEAP. Truncates.

To each, ``swapped`` may be added, which exchanges the operands, and ``nearest`` or ``truncate``, which
chooses the rounding: ``axfpm_array24_pcs_swapped_nearest``.
"""

import re
from dataclasses import dataclass

from accelsim.errors import AccelsimError, nearest
from accelsim.float_format import FP32, FloatFormat
from accelsim.float_reference import Rounding
from accelsim.rtl.cell_array import PORT_ORDERS
from accelsim.rtl.names import MultiplierName

__all__ = ["FLOAT_FAMILIES", "FloatName", "is_float_name"]

#: Names without parameters, and what may be added to each.
FLOAT_FAMILIES = ("axfpm_array24", "axfpm_blocks4", "axfpm_authors", "heap_like24")
_EXAMPLES = (*FLOAT_FAMILIES, "fp32_exact", "bf16_exact")
_ROUNDINGS: dict[str, Rounding] = {"nearest": "nearest-even", "truncate": "truncate"}
_FLOAT = re.compile(r"(fp32|bf16|e[0-9]+m[0-9]+|axfpm|heap)(_.*)?")


def is_float_name(text: str) -> bool:
    """Return whether a name begins like that of a float multiplier."""
    return _FLOAT.fullmatch(text) is not None


@dataclass(frozen=True)
class FloatName:
    """A float multiplier's name, taken apart.

    Parameters
    ----------
    form : FloatFormat
        Format of operands and result.
    significand : MultiplierName or str
        An unsigned multiplier of the format's significand bits, or one of `FLOAT_FAMILIES`.
    rounding : {"nearest-even", "truncate"}
        How products are rounded.
    port_order : str
        One of `accelsim.rtl.cell_array.PORT_ORDERS`; another than ``psc`` for Ax-FPM only.
    swapped : bool
        Whether operand ``a`` goes to the significand multiplier's ``b``.

    Raises
    ------
    AccelsimError
        If the parts do not go together.
    """

    form: FloatFormat
    significand: MultiplierName | str
    rounding: Rounding
    port_order: str = "psc"
    swapped: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.significand, MultiplierName):
            if self.significand.signed or self.significand.width != self.form.significand_bits:
                raise AccelsimError(
                    f"{self.significand} cannot multiply significands of {self.form.name}; expected "
                    f"an unsigned multiplier of {self.form.significand_bits} bits"
                )
        elif self.significand not in FLOAT_FAMILIES or self.form != FP32:
            raise AccelsimError(f"{self.significand} of {self.form.name} is none of {', '.join(_EXAMPLES)}")
        if self.port_order != "psc" and not self.is_axfpm:
            raise AccelsimError(f"port order {self.port_order} given; only that of axfpm can be chosen")
        if self.significand == "axfpm_authors" and self.rounding != "truncate":
            raise AccelsimError("axfpm_authors truncates, as the authors' code does; axfpm_blocks4 can round")

    @property
    def is_axfpm(self) -> bool:
        """Whether it is one of the readings of Ax-FPM."""
        return isinstance(self.significand, str) and self.significand.startswith("axfpm")

    def __str__(self) -> str:
        if isinstance(self.significand, MultiplierName):
            words = [self.form.name, str(self.significand).partition("_")[2]]
        else:
            words = [self.significand]
        words += [self.port_order] if self.port_order != "psc" else []
        words += ["swapped"] if self.swapped else []
        if self.rounding != _default_rounding(self.significand):
            words.append(next(word for word, rounding in _ROUNDINGS.items() if rounding == self.rounding))
        return "_".join(words)

    @classmethod
    def parse(cls, text: str) -> "FloatName":
        """Take a name apart.

        Raises
        ------
        AccelsimError
            If the name is not of the grammar; with the nearest names where there are any.
        """
        words = text.split("_")
        rounding = _ROUNDINGS.get(words[-1])
        if rounding:
            words.pop()
        swapped = words[-1:] == ["swapped"]
        if swapped:
            words.pop()
        port_order = words.pop() if words[-1:] and words[-1] in PORT_ORDERS else "psc"
        rest = "_".join(words)
        family = next((name for name in FLOAT_FAMILIES if rest == name), None)
        significand: MultiplierName | str
        if family:
            form, significand = FP32, family
        elif words[:1] in (["axfpm"], ["heap"]):
            raise AccelsimError(
                f"unknown float multiplier {text!r}: expected one of {', '.join(FLOAT_FAMILIES)}, then "
                f"a port order (such as pcs), swapped, nearest or truncate{nearest(rest, _EXAMPLES)}"
            )
        else:
            form = FloatFormat.parse(words[0])
            unsigned = "_".join(words[1:])
            try:
                significand = MultiplierName.parse(f"mul{form.significand_bits}u_{unsigned}")
            except AccelsimError as error:
                raise AccelsimError(
                    f"unknown float multiplier {text!r}: its significands: {error}"
                ) from error
        return cls(form, significand, rounding or _default_rounding(significand), port_order, swapped)


def _default_rounding(significand: MultiplierName | str) -> Rounding:
    return "nearest-even" if isinstance(significand, MultiplierName) else "truncate"
