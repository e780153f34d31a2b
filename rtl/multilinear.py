"""A LUT as a sum of products of input bits, added up like the partial products of a multiplier.

Every function of bits is one integer polynomial that is linear in each of them; the exact product is
``sum 2^(i+j) a_i b_j``. Multipliers that approximate an array have polynomials with few further terms, while
their decision diagrams have thousands of nodes: what R. E. Bryant and Y.-A. Chen use in "Verification of
arithmetic circuits with binary moment diagrams", DAC 1995.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from accelsim.lut import Lut
from accelsim.netlist import Gate, Netlist
from accelsim.netlist_builder import NetlistBuilder

__all__ = ["multilinear_coefficients", "multilinear_netlist"]


def multilinear_coefficients(lut: Lut) -> NDArray[np.int64]:
    """Return the coefficient of each product of input bits.

    Returns
    -------
    int64 array of shape (2^(a_width + b_width),)
        Index bit ``i`` says whether bit ``i`` of b, or bit ``i - b_width`` of a, is in the product.
    """
    coefficients = lut.table.astype(np.int64).reshape([2] * (lut.a_width + lut.b_width))
    for axis in range(coefficients.ndim):
        without, with_bit = np.split(coefficients, 2, axis=axis)
        coefficients = np.concatenate([without, with_bit - without], axis=axis)
    return coefficients.ravel()


def multilinear_netlist(lut: Lut) -> Netlist:
    """Return AND gates for the products of bits, and a carry-save tree of full adders that sums them up."""
    builder = NetlistBuilder({"a": lut.a_width, "b": lut.b_width})
    nets = [net for port in reversed(builder.inputs) for net in port.nets]
    coefficients = multilinear_coefficients(lut)
    products: dict[int, int] = {0: 1}

    def product(bits: int) -> int:
        """Net of the product of the input bits whose bits are set."""
        if bits not in products:
            rest, lowest = bits & (bits - 1), nets[(bits & -bits).bit_length() - 1]
            products[bits] = builder.add(Gate.AND, product(rest), lowest) if rest else lowest
        return products[bits]

    width = lut.product_width
    columns: list[list[int]] = [[] for _ in range(width)]
    constant = 0
    for bits in np.flatnonzero(coefficients).tolist():
        for position, negative in _signed_digits(int(coefficients[bits]), width):
            if negative:  # -x = (not x) - 1
                constant -= 1 << position
            net = product(bits)
            columns[position].append(builder.add(Gate.NOT, net) if negative else net)
    for position in range(width):
        if constant >> position & 1:
            columns[position].append(1)
    return builder.netlist(lut.name, {"p": _sum(builder, columns)})


def _signed_digits(number: int, width: int) -> Iterator[tuple[int, bool]]:
    """Yield the non-zero digits of the non-adjacent form below a width: position, and whether it is -1."""
    for position in range(width):
        if number & 1:
            negative = number & 3 == 3
            yield position, negative
            number += 1 if negative else -1
        number >>= 1


def _sum(builder: NetlistBuilder, columns: list[list[int]]) -> list[int]:
    """Add up nets of equal weight, modulo 2^columns: three by three, oldest first, then a carry ripples."""
    carries: list[int] = []
    while any(len(column) > 2 for column in columns):
        taller: list[list[int]] = [[] for _ in range(len(columns) + 1)]
        for position, column in enumerate(columns):
            while len(column) > 2:
                total, carry = _full_adder(builder, *column[:3])
                del column[:3]
                taller[position].append(total)
                taller[position + 1].append(carry)
            taller[position] += column
        columns = taller[: len(columns)]
    result = []
    for column in columns:
        terms = column + carries
        if len(terms) == 3:
            total, carry = _full_adder(builder, *terms)
            carries = [carry]
        elif len(terms) == 2:
            total, carries = builder.add(Gate.XOR, *terms), [builder.add(Gate.AND, *terms)]
        else:
            total, carries = (terms or [0])[0], []
        result.append(total)
    return result


def _full_adder(builder: NetlistBuilder, a: int, b: int, c: int) -> tuple[int, int]:
    half = builder.add(Gate.XOR, a, b)
    carry = builder.add(Gate.OR, builder.add(Gate.AND, a, b), builder.add(Gate.AND, half, c))
    return builder.add(Gate.XOR, half, c), carry
