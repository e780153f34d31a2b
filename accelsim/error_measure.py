"""One error metric of candidate multipliers, over every operand pair: prepared once, measured often."""

import math
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from accelsim.bit_plane_errors import ErrorSum, block_error_sum
from accelsim.errors import AccelsimError, nearest
from accelsim.lut import operand_values
from accelsim.netlist import FIRST_INPUT_NET, Netlist
from accelsim.two_input_gates import PLANE_WORDS, Program, run_program

__all__ = ["MAX_INPUT_BITS", "ErrorMeasure", "Metric", "error_sum"]

#: Most bits that both operands have together: sums of squares of wider products would leave 64 bits.
MAX_INPUT_BITS = 20
#: Weights are rounded to integers of this many bits.
_WEIGHT_BITS = 31


class Metric(StrEnum):
    """The metrics that a search can bound, as `accelsim.metrics.ErrorMetrics` defines them."""

    MAE = "mae"
    WCE = "wce"
    EP = "ep"
    MRE = "mre"
    MSE = "mse"

    @classmethod
    def named(cls, name: str) -> "Metric":
        """Return the metric of a name.

        Raises
        ------
        AccelsimError
            If there is none.
        """
        try:
            return cls(name.lower())
        except ValueError:
            known = [metric.value for metric in cls]
            raise AccelsimError(
                f"no error metric {name!r}; known are {', '.join(known)}{nearest(name, known)}"
            ) from None


_SUMS = {
    Metric.MAE: ErrorSum.ABSOLUTE,
    Metric.WCE: ErrorSum.WORST,
    Metric.EP: ErrorSum.WRONG,
    Metric.MSE: ErrorSum.SQUARES,
    Metric.MRE: ErrorSum.WEIGHTED,
}


class ErrorMeasure:
    """An error metric of multipliers of given widths, over all operand pairs or under a distribution.

    The pairs are taken block by block, the middle bits of both operands counting the blocks down from all
    ones: every block is spread over the whole range of both operands, so that one block tells much about
    the rest, and the first ones see the errors of the middle partial products at once.

    Parameters
    ----------
    metric : Metric
        What is measured.
    a_width, b_width : int
        Bits of the operands, together at most `MAX_INPUT_BITS`.
    signed : bool
        Whether operands and product are two's complement.
    distribution : array of shape (2^a_width, 2^b_width), optional
        How often each operand pair occurs, indexed by bit patterns; default: all pairs alike.

    Raises
    ------
    AccelsimError
        If the operands are too wide, or the distribution has another shape, is negative, not finite or all
        zero, or is given for `Metric.MSE`.
    """

    def __init__(
        self,
        metric: Metric,
        a_width: int,
        b_width: int,
        signed: bool,
        distribution: ArrayLike | None = None,
    ) -> None:
        bits = a_width + b_width
        if bits > MAX_INPUT_BITS:
            raise AccelsimError(
                f"a multiplier of {a_width} x {b_width} bits is too wide to measure every operand pair "
                f"again and again; at most {MAX_INPUT_BITS} bits in all"
            )
        self.metric = metric
        self.a_width = a_width
        self.b_width = b_width
        self.signed = signed
        weight = _checked(distribution, (1 << a_width, 1 << b_width))
        if weight is not None and metric is Metric.MSE:
            raise AccelsimError("the MSE is measured over all operand pairs alike; mae and mre take weights")
        self._order = _pair_order(a_width, b_width)
        a, b = (operand_values(width, signed) for width in (a_width, b_width))
        self._exact = np.multiply.outer(a, b).ravel()[self._order]
        flipped = self._exact ^ (1 << (bits - 1)) if signed else self._exact
        patterns = self._order  # a's pattern above b's
        input_bits = [*range(b_width, bits), *range(b_width)]
        blocks = len(self._order) // (64 * PLANE_WORDS)
        self.inputs = _planes(patterns, input_bits, blocks)
        self.exact = _planes(flipped, range(bits), blocks)
        self.kind, self.weights, self.total = self._weighting(weight, bits)
        occurs = np.ones(len(self._order), bool) if weight is None else weight.ravel()[self._order] > 0
        self.occurs = _planes(occurs, [0], blocks)[:, 0]
        self.weights = self.weights.reshape(-1, 64 * PLANE_WORDS)

    def _weighting(
        self, weight: NDArray[np.float64] | None, bits: int
    ) -> tuple[ErrorSum, NDArray[np.uint32], float]:
        """Return what is summed, the integer weights, and what the sum is divided by."""
        no_weights = np.zeros((0, 64 * PLANE_WORDS), dtype=np.uint32)
        if self.metric is Metric.WCE:
            return ErrorSum.WORST, no_weights, 1.0
        if weight is None and self.metric is not Metric.MRE:
            return _SUMS[self.metric], no_weights, float(len(self._order))
        share = np.ones(len(self._order)) if weight is None else weight.ravel()[self._order]
        size = np.abs(self._exact)
        divisor = np.maximum(size, 1) if self.metric is Metric.MRE else np.ones(len(size))
        counted = share * (size > 0) if self.metric is Metric.MRE else share
        if not counted.any():
            raise AccelsimError("the distribution has only pairs whose product is 0, where no MRE is defined")
        real = counted / divisor
        # The largest weight has 31 bits, and the largest sum of weighted errors stays below 2^63.
        scale = min(((1 << _WEIGHT_BITS) - 1) / real.max(), math.ldexp(1.0, 62 - bits) / real.sum())
        kind = ErrorSum.WEIGHTED_WRONG if self.metric is Metric.EP else ErrorSum.WEIGHTED
        return kind, np.rint(real * scale).astype(np.uint32), float(counted.sum() * scale)

    @property
    def full_scale(self) -> float:
        """What 100 % is: 2^product_width for the MAE and the WCE, its square for the MSE, else 1."""
        bits = self.a_width + self.b_width
        return {Metric.MAE: 2.0**bits, Metric.WCE: 2.0**bits, Metric.MSE: 4.0**bits}.get(self.metric, 1.0)

    def limit(self, bound: float) -> int:
        """Return the largest error sum of a candidate whose metric is at most ``bound``."""
        return math.floor(min(bound * self.total * (1 + 1e-12), float(1 << 62)))

    def value(self, error_sum: int) -> float:
        """Return the metric of an error sum: in units of the product (or their square), or a share."""
        return error_sum / self.total

    def measure(self, netlist: Netlist) -> float:
        """Return the metric of a multiplier, as `value`; raises what `error_sum` does."""
        return self.value(self.error_sum(netlist))

    def error_sum(self, netlist: Netlist) -> int:
        """Return the error sum of a multiplier.

        Raises
        ------
        AccelsimError
            If the netlist's ports are not those of a multiplier of these widths.
        """
        widths = [[port.width for port in ports] for ports in (netlist.inputs, netlist.outputs)]
        expected = [[self.a_width, self.b_width], [self.a_width + self.b_width]]
        if widths != expected:
            raise AccelsimError(
                f"{netlist.name} has inputs of {widths[0]} and outputs of {widths[1]} bits; "
                f"expected {expected[0]} and {expected[1]}"
            )
        program = Program.of(netlist)
        room = np.empty((self.exact.shape[1] + 1, PLANE_WORDS), dtype=np.uint64)
        values = self.new_values(program.planes)
        steps, no_limit = program.steps, np.iinfo(np.int64).max
        return int(error_sum(steps, len(steps), program.output, values, self.arrays, room, no_limit))

    @cached_property
    def arrays(self) -> tuple[Any, ...]:
        """What `error_sum` needs to know of the measure."""
        return int(self.kind), self.inputs, self.exact, self.signed, self.occurs, self.weights

    def new_values(self, planes: int) -> NDArray[np.uint64]:
        """Return bit planes, the constants filled in."""
        values = np.zeros((planes, PLANE_WORDS), dtype=np.uint64)
        values[1] = ~np.uint64(0)
        return values


@njit(cache=True, nogil=True)
def error_sum(
    steps: NDArray[np.int32],
    count: int,
    output: NDArray[np.int32],
    values: NDArray[np.uint64],
    measure: tuple[Any, ...],
    room: NDArray[np.uint64],
    limit: int,
) -> int:
    """Return the error sum over all blocks, or, as soon as it is known, a lower bound above ``limit``.

    Parameters
    ----------
    steps, count, output
        The candidate, see `Program`; the first ``count`` steps count.
    values : uint64 array of shape (planes, PLANE_WORDS)
        Overwritten, but for the constants.
    measure : tuple
        `ErrorMeasure.arrays`.
    room : uint64 array of shape (product_width + 1, PLANE_WORDS)
        Overwritten.
    limit : int
        `ErrorMeasure.limit` of the bound.
    """
    kind, inputs, exact, signed, occurs, weights = measure
    total = 0
    bits = inputs.shape[1]
    for block in range(len(inputs)):
        values[FIRST_INPUT_NET : FIRST_INPUT_NET + bits] = inputs[block]
        run_program(steps, count, values)
        weight = weights[block] if len(weights) else weights.reshape(-1)
        part = block_error_sum(kind, values, output, exact[block], signed, occurs[block], weight, room)
        total = max(total, part) if kind == _WORST else total + part
        if total > limit:
            break
    return total


_WORST = int(ErrorSum.WORST)


def _checked(distribution: ArrayLike | None, shape: tuple[int, int]) -> NDArray[np.float64] | None:
    if distribution is None:
        return None
    weight = np.asarray(distribution, dtype=np.float64)
    if weight.shape != shape:
        raise AccelsimError(f"the operand distribution has shape {weight.shape}; these operands need {shape}")
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise AccelsimError("an operand distribution must be finite, not negative, and not all zero")
    return np.asarray(weight / weight.sum())


def _pair_order(a_width: int, b_width: int) -> NDArray[np.int64]:
    """Return every pair as ``a * 2^b_width + b``, block after block; few pairs are repeated to fill one."""
    bits = a_width + b_width
    middle = []
    for distance in range(max(a_width, b_width)):
        middle += [b_width + a_width // 2 - distance, b_width // 2 - distance]
        middle += [b_width + a_width // 2 + distance, b_width // 2 + distance] if distance else []
    valid = {*range(bits)}
    block_bits = max(0, bits - (64 * PLANE_WORDS).bit_length() + 1)
    high: list[int] = []
    for bit in middle:
        if bit in valid and bit not in high and len(high) < block_bits:
            high.append(bit)
    low = [bit for bit in range(bits) if bit not in high]
    count = np.arange(max(1 << bits, 64 * PLANE_WORDS), dtype=np.int64)
    order = np.zeros_like(count)
    for position, bit in enumerate([*low, *reversed(high)]):
        inverted = 1 if bit in high else 0
        order |= ((count >> position & 1) ^ inverted) << bit
    return order


def _planes(numbers: NDArray[Any], bits: Any, blocks: int) -> NDArray[np.uint64]:
    """Return the bit planes of numbers, of shape (blocks, bits, PLANE_WORDS)."""
    planes = [
        np.packbits((numbers >> bit & 1).astype(np.uint8), bitorder="little").view("<u8").astype(np.uint64)
        for bit in bits
    ]
    return np.ascontiguousarray(np.stack(planes).reshape(len(planes), blocks, PLANE_WORDS).swapaxes(0, 1))
