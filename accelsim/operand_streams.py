"""Streams of operand pairs that switching activity is simulated with."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.float_errors import uniform_operands
from accelsim.float_format import FloatFormat

__all__ = [
    "DEFAULT_OPERATIONS",
    "OperandStream",
    "drawn_stream",
    "float_stream",
    "is_distribution",
    "read_stream",
    "uniform_stream",
]

DEFAULT_OPERATIONS = 65_536


@dataclass(frozen=True, eq=False)
class OperandStream:
    """Operand pairs in the order in which they are multiplied.

    Parameters
    ----------
    a, b : int64 arrays of shape (n,)
        Bit patterns, or values, of the operands.
    description : str
        What the stream is, for the report.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    description: str


def uniform_stream(
    a_width: int, b_width: int, operations: int = DEFAULT_OPERATIONS, seed: int = 0
) -> OperandStream:
    """Draw operand pairs independently and uniformly over all bit patterns.

    Parameters
    ----------
    a_width, b_width : int
        Bits of the operands.
    operations : int
        Steps from one pair to the next; one pair more is drawn.
    seed : int
        Of numpy's default generator.

    Raises
    ------
    AccelsimError
        If there is not at least one operation.
    """
    _check(operations)
    generator = np.random.default_rng(seed)
    a, b = (generator.integers(0, 1 << width, operations + 1) for width in (a_width, b_width))
    return OperandStream(a, b, f"uniform random operands, {operations} operations, seed {seed}")


def float_stream(form: FloatFormat, operations: int = DEFAULT_OPERATIONS, seed: int = 0) -> OperandStream:
    """Draw bit patterns of numbers from 0 to 1, independently and uniformly, rounded to a float format.

    Parameters
    ----------
    form : FloatFormat
        The format.
    operations, seed : int
        As for `uniform_stream`.

    Raises
    ------
    AccelsimError
        If there is not at least one operation.
    """
    _check(operations)
    a, b = (patterns.astype(np.int64) for patterns in uniform_operands(form, operations + 1, seed))
    return OperandStream(a, b, f"uniform random numbers from 0 to 1, {operations} operations, seed {seed}")


def drawn_stream(
    frequencies: NDArray[np.float64], operations: int, seed: int, description: str
) -> OperandStream:
    """Draw operand pairs independently from how often each occurs.

    Parameters
    ----------
    frequencies : float array of shape (2^a_width, 2^b_width)
        Non-negative, of any sum, as `accelsim.operand_distribution.load_distribution` returns them.
    operations, seed : int
        As for `uniform_stream`.
    description : str
        What the frequencies are of.

    Raises
    ------
    AccelsimError
        If a frequency is negative or not finite, or all are zero.
    """
    _check(operations)
    total = frequencies.sum()
    if not (np.isfinite(total) and total > 0 and frequencies.min() >= 0):
        raise AccelsimError(f"{description}: frequencies must be finite, not negative, and not all zero")
    drawn = np.random.default_rng(seed).choice(
        frequencies.size, operations + 1, p=(frequencies / total).ravel()
    )
    a, b = np.divmod(drawn.astype(np.int64), frequencies.shape[1])
    return OperandStream(a, b, f"operands drawn from {description}, {operations} operations, seed {seed}")


def read_stream(path: str | os.PathLike[str], a_width: int, b_width: int, signed: bool) -> OperandStream:
    """Read a recorded stream: an ``.npy`` array of integers of shape (n, 2), operands a and b in its columns.

    Operands may be values or bit patterns: for a signed multiplier of 8 bits -1 and 255 are the same.

    Raises
    ------
    AccelsimError
        If the file is missing or no such array, or an operand does not fit its width.
    """
    path = Path(path)
    pairs = _read_array(path)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or len(pairs) < 2 or pairs.dtype.kind not in "iu":
        raise AccelsimError(
            f"{path} has shape {pairs.shape} and type {pairs.dtype}; a stream of operands has shape (n, 2), "
            "n at least 2, and integers"
        )
    for operand, width in enumerate((a_width, b_width)):
        low, high = -(1 << width - 1) if signed else 0, (1 << width) - 1
        wrong = np.flatnonzero((pairs[:, operand] < low) | (pairs[:, operand] > high))
        if len(wrong):
            raise AccelsimError(
                f"{path}: operand {'ab'[operand]} of entry {wrong[0]} is {pairs[wrong[0], operand]}; "
                f"{'a signed' if signed else 'an unsigned'} operand of {width} bits lies in {low} to {high}"
            )
    a, b = pairs.astype(np.int64).T
    return OperandStream(a, b, f"{path.name}, {len(pairs) - 1} operations")


def is_distribution(path: str | os.PathLike[str], shape: tuple[int, int]) -> bool:
    """Return whether a file holds how often each operand pair occurs, and not a stream of pairs.

    Raises
    ------
    AccelsimError
        If it is neither.
    """
    path = Path(path)
    return path.suffix == ".npz" or _read_array(path).shape == shape


def _check(operations: int) -> None:
    if operations < 1:
        raise AccelsimError(f"{operations} operations asked for; at least 1 is needed")


def _read_array(path: Path) -> NDArray[Any]:
    try:
        with path.open("rb") as file:
            return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, EOFError) as error:
        raise AccelsimError(f"{path} is damaged or not an .npy file: {error}") from error
