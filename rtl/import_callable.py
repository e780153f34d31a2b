"""A LUT from a Python function."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.lut import MAX_LUT_WIDTH, Lut, operand_values

__all__ = ["lut_from_callable"]

#: Products of a vectorised function that are computed again from two Python integers.
_CHECKED_PAIRS = 64


def lut_from_callable(
    function: Callable[[Any, Any], Any],
    a_width: int = 8,
    b_width: int = 8,
    signed: bool = False,
    name: str = "",
) -> Lut:
    """Return the LUT of a multiplier that a Python function describes.

    Parameters
    ----------
    function : callable
        Gets operand *values*, returns the product. It is first given two int64 arrays of shape
        ``(2^a_width, 2^b_width)``; where that fails or does not give an array of products, it is called with
        Python integers, pair by pair. The products of a vectorised function are checked against those of
        single pairs, the corners and random ones.
    a_width, b_width : int
        Bits of the operands, 2 to 12.
    signed : bool
        Whether operands and product are two's complement.
    name : str, optional
        Name of the LUT; default: the function's.

    Raises
    ------
    AccelsimError
        If a width is out of its range, the function fails, its products are not integers or do not fit
        ``a_width + b_width`` bits, or they differ between a whole array and a single pair.
    """
    name = name or getattr(function, "__name__", type(function).__name__)
    for operand, width in (("a_width", a_width), ("b_width", b_width)):
        if not 2 <= width <= MAX_LUT_WIDTH:
            raise AccelsimError(f"{name}: {operand} is {width}; expected 2 to {MAX_LUT_WIDTH} bits")
    table: NDArray[Any] | None
    a, b = np.meshgrid(operand_values(a_width, signed), operand_values(b_width, signed), indexing="ij")
    table = _vectorised(function, a, b)
    if table is None:
        table = _pair_by_pair(function, a, b, name)
    else:
        _check_pairs(function, a, b, table, name)
    return Lut(name, np.asarray(table), signed, {"function": f"{getattr(function, '__module__', '')}.{name}"})


def _vectorised(
    function: Callable[[Any, Any], Any], a: NDArray[np.int64], b: NDArray[np.int64]
) -> NDArray[Any] | None:
    """Return the products of whole arrays, or None if the function is one of single numbers."""
    try:
        table = function(a.copy(), b.copy())
    except Exception:
        return None
    if isinstance(table, np.ndarray) and table.shape == a.shape and table.dtype != object:
        return table
    return None


def _pair_by_pair(
    function: Callable[[Any, Any], Any], a: NDArray[np.int64], b: NDArray[np.int64], name: str
) -> NDArray[np.int64]:
    products = np.empty(a.size, dtype=np.int64)
    for index, (x, y) in enumerate(zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)):
        products[index] = _product(function, x, y, name)
    return products.reshape(a.shape)


def _product(function: Callable[[Any, Any], Any], a: int, b: int, name: str) -> int:
    try:
        product: Any = function(a, b)
    except Exception as error:
        raise AccelsimError(f"{name}({a}, {b}) raised {type(error).__name__}: {error}") from error
    if isinstance(product, bool) or not isinstance(product, int | np.integer) or abs(int(product)) >> 62:
        raise AccelsimError(f"{name}({a}, {b}) returned {product!r}; expected an integer product")
    return int(product)


def _check_pairs(
    function: Callable[[Any, Any], Any],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    table: NDArray[Any],
    name: str,
) -> None:
    """Compare products of a whole array with those of single pairs, where the function takes such."""
    last = a.size - 1
    corners = [0, a.shape[1] - 1, last - a.shape[1] + 1, last]
    drawn = np.random.default_rng(0).integers(0, a.size, _CHECKED_PAIRS)
    for index in [*corners, *drawn.tolist()]:
        x, y = int(a.flat[index]), int(b.flat[index])
        try:
            single = function(x, y)
        except Exception:
            return
        if np.ndim(single) == 0 and single != table.flat[index]:
            raise AccelsimError(
                f"{name}({x}, {y}) is {single}, but {table.flat[index]} among arrays; it must be one function"
            )
