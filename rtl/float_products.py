"""What float multipliers compute, without regard to their gates."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.float_reference import product_patterns
from accelsim.rtl.float_library import FloatDescription
from accelsim.rtl.library_closed_forms import closed_form_of
from accelsim.rtl.names import MultiplierName

__all__ = ["float_products"]

_Patterns = NDArray[np.uint64]


def float_products(description: FloatDescription) -> Callable[[_Patterns, _Patterns], _Patterns] | None:
    """Return a function from operands' to products' bit patterns, or None where no formula is known.

    Known are float multipliers around significand multipliers with a closed form, and the readings of Ax-FPM.
    """
    known = description.closed_form()
    if known is not None:

        def reading(a: _Patterns, b: _Patterns) -> _Patterns:
            numbers = (bits.astype(np.uint32).view(np.float32) for bits in (a, b))
            return known.reference(*numbers).view(np.uint32).astype(np.uint64)

        return reading
    name = description.parsed
    form = closed_form_of(name.significand) if isinstance(name.significand, MultiplierName) else None
    if form is None:
        return None

    def significand_product(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
        pairs = (a.ravel().astype(np.uint64), b.ravel().astype(np.uint64))
        return form.products(*pairs).astype(np.int64).reshape(a.shape)

    def rounded(a: ArrayLike, b: ArrayLike) -> _Patterns:
        operands = (b, a) if name.swapped else (a, b)
        found = product_patterns(name.form, *operands, significand_product, rounding=name.rounding)
        return np.asarray(found, dtype=np.uint64)

    return rounded
