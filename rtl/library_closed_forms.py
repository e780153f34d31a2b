"""Closed forms of the library's multipliers, written down without regard to their gates."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.closed_forms import BilinearForm, IntegerClosedForm, OperandForm, SignMagnitudeForm
from accelsim.rtl.names import MultiplierName
from accelsim.rtl.truncation import correction_constant

__all__ = ["closed_form_of"]

_Patterns = NDArray[np.unsignedinteger[Any]]
_EXACT_ARCHITECTURES = {"array", "csa", "wallace", "dadda", "bw"}


def closed_form_of(name: MultiplierName) -> IntegerClosedForm | None:
    """Return what a multiplier computes, as a formula, or None where no formula is known.

    Known are exact multipliers, those that leave partial products out, the array with AMA5 cells, Kulkarni's,
    Mitchell's and DRUM, and sign-magnitude multipliers around any of these.
    """
    if name.sign_magnitude:
        magnitude = closed_form_of(name.magnitude)
        return SignMagnitudeForm(magnitude) if magnitude else None
    if name.architecture in _EXACT_ARCHITECTURES:
        if name.cell == "exact":
            return _exact(name.width, name.signed)
        if (name.architecture, name.cell) == ("array", "ama5"):
            return _ama5_array(name.width, 2 * name.width if name.k is None else name.k)
        return None
    if name.architecture == "trunc":
        return _truncated(name.width, name.k or 0, name.corrected)
    if name.architecture == "bam":
        return _broken_array(name.width, name.h or 0, name.v or 0)
    if name.architecture == "udm":
        return _underdesigned(name.width)
    if name.architecture == "mitchell":
        return _mitchell(name.width)
    if name.architecture == "drum":
        return _drum(name.width, name.k or 0)
    return None


def _exact(width: int, signed: bool) -> IntegerClosedForm:
    sign = width - 1 if signed else -1
    return BilinearForm(
        "a * b",
        width,
        {(i, j): (-1) ** ((i == sign) ^ (j == sign)) << i + j for i in range(width) for j in range(width)},
    )


def _broken_array(width: int, h: int, v: int) -> IntegerClosedForm:
    weights = {(i, j): 1 << i + j for i in range(h, width) for j in range(width) if i + j >= v}
    return BilinearForm(f"sum of a[i] b[j] 2^(i+j) over i >= {h}, i + j >= {v}", width, weights)


def _truncated(width: int, columns: int, corrected: bool) -> IntegerClosedForm:
    weights = {(i, j): 1 << i + j for i in range(width) for j in range(width) if i + j >= columns}
    text = f"sum of a[i] b[j] 2^(i+j) over i + j >= {columns}"
    if not corrected:
        return BilinearForm(text, width, weights)
    constant = correction_constant(width, columns)
    return BilinearForm(f"{text}, plus {constant}", width, weights, constant)


def _ama5_array(width: int, columns: int) -> IntegerClosedForm:
    """Ripple-carry rows whose cells below column k pass on b and carry a.

    Row 0 is added as it is. Of any other row, an approximate cell adds nothing; the last one carries its
    partial product out, into column k or past the end of the row.
    """
    weights = {(0, j): 1 << j for j in range(width)}
    for i in range(1, width):
        for j in range(width):
            weights[i, j] = 1 << i + j if i + j >= columns else 0
        last = min(columns - 1 - i, width - 1)
        if last >= 0:
            weights[i, last] += 2 << i + last
    return BilinearForm(f"the array with AMA5 below column {columns}", width, weights)


def _underdesigned(width: int) -> IntegerClosedForm:
    """Give 7 instead of 9 for each pair of digits 3 in base 4."""
    threes = sum(1 << bit for bit in range(0, width, 2))

    def prepare(x: _Patterns) -> _Patterns:
        return np.stack([x, x & x >> x.dtype.type(1) & x.dtype.type(threes)])

    def combine(a: _Patterns, b: _Patterns) -> _Patterns:
        return np.asarray(a[0] * b[0] - a.dtype.type(2) * a[1] * b[1])

    return OperandForm("a * b with 3 * 3 = 7 in base 4", width, prepare, combine)


def _mitchell(width: int) -> IntegerClosedForm:
    """Add characteristic and fraction of the base-2 logarithms, ``2^k (1 + x)`` standing for ``k + x``."""
    bits = width - 1

    def prepare(x: _Patterns) -> _Patterns:
        kind = x.dtype.type
        characteristic = _leading_one(x)
        fraction = (x ^ kind(1) << characteristic) << kind(bits) - characteristic
        return np.stack([(characteristic << kind(bits)) | fraction, np.where(x, ~kind(0), kind(0))])

    def combine(a: _Patterns, b: _Patterns) -> _Patterns:
        kind = a.dtype.type
        logarithm = a[0] + b[0]
        power = logarithm >> kind(bits)
        mantissa = logarithm & kind((1 << bits) - 1) | kind(1 << bits)
        up, down = np.maximum(power, kind(bits)) - kind(bits), kind(bits) - np.minimum(power, kind(bits))
        return np.asarray(mantissa << up >> down & a[1] & b[1])

    text = "2^(log2 a + log2 b), logarithms linear between powers of two"
    return OperandForm(text, width, prepare, combine)


def _drum(width: int, segment: int) -> IntegerClosedForm:
    """Keep k bits of an operand from its leading one on, the last of them set if any is cut off."""

    def prepare(x: _Patterns) -> _Patterns:
        kind = x.dtype.type
        cut = np.maximum(_leading_one(x), kind(segment - 1)) - kind(segment - 1)
        kept = x >> cut
        return np.asarray(np.where(cut, kept | kind(1), kept)[None] << cut)

    return OperandForm(f"a * b with operands of {segment} bits", width, prepare, lambda a, b: a[0] * b[0])


def _leading_one(x: _Patterns) -> _Patterns:
    """Return the place of the most significant one, 0 for 0."""
    length = np.maximum(np.frexp(x.astype(np.float64))[1], 1)
    return np.asarray(length - 1, dtype=x.dtype)
