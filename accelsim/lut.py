"""Look-up table of a multiplier: every product, and where it came from."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import AccelsimError
from accelsim.storage import written_atomically

__all__ = ["MAX_LUT_WIDTH", "Lut", "operand_values"]

#: Widest operand of a table, in bits: 2^24 entries of 4 bytes.
MAX_LUT_WIDTH = 12


def operand_values(width: int, signed: bool) -> NDArray[np.int64]:
    """Return the value of each bit pattern 0 ... 2^width - 1 (two's complement when signed).

    Returns
    -------
    int64 array of shape (2^width,)
    """
    patterns = np.arange(1 << width, dtype=np.int64)
    return np.where(patterns >> (width - 1) & 1, patterns - (1 << width), patterns) if signed else patterns


@dataclass(frozen=True, eq=False)
class Lut:
    """Every product of a multiplier, indexed by the bit patterns of its operands.

    Parameters
    ----------
    name : str
        Name of the multiplier.
    table : int array of shape (2^a_width, 2^b_width)
        Product of the operands whose *bit patterns* are the indices ``[a, b]``; for a signed multiplier
        pattern ``2^width - 1`` is the value -1. Stored as int32.
    signed : bool
        Whether operands and products are two's complement.
    provenance : mapping, optional
        Where the table came from: ``netlist_sha256``, tool versions, or the file it was read from. Values
        are strings or numbers.

    Raises
    ------
    AccelsimError
        If the table is not two-dimensional, its sides are not powers of two of 2 to 12 bits, its entries are
        not integers, or an entry does not fit the product's width.
    """

    name: str
    table: NDArray[np.int32]
    signed: bool
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        table = np.asarray(self.table)
        where = f"LUT {self.name}"
        if table.ndim != 2 or any(not _is_table_side(side) for side in table.shape):
            raise AccelsimError(
                f"{where} has shape {table.shape}; expected 2^a x 2^b entries with a and b from 2 to "
                f"{MAX_LUT_WIDTH} bits, (256, 256) for an 8-bit multiplier"
            )
        if table.dtype.kind not in "iu":
            raise AccelsimError(f"{where} has entries of type {table.dtype}; expected integers")
        bits = sum(side.bit_length() - 1 for side in table.shape)
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if self.signed else (0, (1 << bits) - 1)
        if table.min() < low or table.max() > high:
            kind = "a signed" if self.signed else "an unsigned"
            raise AccelsimError(
                f"{where} has entries from {table.min()} to {table.max()}; "
                f"{kind} product of {bits} bits lies in {low} to {high}"
            )
        own = np.ascontiguousarray(table, dtype=np.int32)
        if own is self.table and own.flags.writeable:
            own = own.copy()
        own.flags.writeable = False
        object.__setattr__(self, "table", own)
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Lut, (self.name, self.table, self.signed, dict(self.provenance))

    def __deepcopy__(self, memo: dict[int, Any]) -> "Lut":
        return self  # nothing in it can change

    @property
    def a_width(self) -> int:
        """Bits of the first operand."""
        return int(self.table.shape[0]).bit_length() - 1

    @property
    def b_width(self) -> int:
        """Bits of the second operand."""
        return int(self.table.shape[1]).bit_length() - 1

    @property
    def product_width(self) -> int:
        """Bits of the product."""
        return self.a_width + self.b_width

    def exact_table(self) -> NDArray[np.int64]:
        """Return the exact products, of the table's shape."""
        a, b = operand_values(self.a_width, self.signed), operand_values(self.b_width, self.signed)
        return np.multiply.outer(a, b)

    def multiply(self, a: ArrayLike, b: ArrayLike) -> NDArray[np.int32]:
        """Return the approximate products of operand *values* (broadcast together).

        Raises
        ------
        AccelsimError
            If an operand is not an integer of the operand's range.
        """
        rows = _patterns(np.asarray(a), self.a_width, self.signed, f"{self.name}: operand a")
        columns = _patterns(np.asarray(b), self.b_width, self.signed, f"{self.name}: operand b")
        return np.asarray(self.table[rows, columns])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the LUT: ``.npz`` keeps everything, ``.npy`` the table alone, in the smallest type that fits.

        The type of the ``.npy`` table is unsigned for an unsigned multiplier and signed for a signed one,
        which is how `load` tells them apart.
        """
        path = Path(path)
        if path.suffix not in {".npy", ".npz"}:
            raise AccelsimError(f"cannot save a LUT as {path.name}: the name must end in .npy or .npz")
        with written_atomically(path) as file:
            if path.suffix == ".npy":
                np.save(file, self.table.astype(_smallest_dtype(self.product_width, self.signed)))
            else:
                about = {"name": self.name, "signed": self.signed, "provenance": dict(self.provenance)}
                np.savez_compressed(file, table=self.table, about=np.array(json.dumps(about, sort_keys=True)))

    @classmethod
    def load(cls, path: str | os.PathLike[str], name: str | None = None, signed: bool | None = None) -> "Lut":
        """Read a LUT from ``.npz`` (as saved here) or ``.npy`` (a table indexed ``[a, b]`` by bit pattern).

        Parameters
        ----------
        path : path-like
            The file.
        name : str, optional
            Name of the LUT; default: the name in the file, or the file's stem.
        signed : bool, optional
            Signedness of a bare table; default: that of its type (``uint16`` is an unsigned multiplier).

        Raises
        ------
        AccelsimError
            If the file is missing, unreadable, truncated, or not a LUT.
        """
        path = Path(path)
        if path.suffix not in {".npy", ".npz"}:
            raise AccelsimError(f"{path} is not a LUT file: expected a name that ends in .npy or .npz")
        try:
            with path.open("rb") as file:
                content = np.load(file, allow_pickle=False)
                if path.suffix == ".npy":
                    table = np.asarray(content)
                    about: dict[str, Any] = {
                        "signed": table.dtype.kind == "i" if signed is None else signed,
                        "provenance": {"file": path.name},
                    }
                else:
                    table, about = content["table"], json.loads(str(content["about"]))
            signed, provenance = bool(about["signed"]), about["provenance"]
        except OSError as error:
            raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
        except (ValueError, KeyError, EOFError, BadZipFile, TypeError) as error:
            raise AccelsimError(f"{path} is damaged or not a LUT file: {error}") from error
        return cls(name or about.get("name") or path.stem, table, signed, provenance)


def _is_table_side(side: int) -> bool:
    return side & (side - 1) == 0 and 4 <= side <= 1 << MAX_LUT_WIDTH


def _smallest_dtype(bits: int, signed: bool) -> np.dtype[Any]:
    size = next(size for size in (1, 2, 4) if bits <= 8 * size)
    return np.dtype(f"{'i' if signed else 'u'}{size}")


def _patterns(values: NDArray[Any], width: int, signed: bool, what: str) -> NDArray[np.int64]:
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    if values.dtype.kind not in "iu" or (values.size and (values.min() < low or values.max() > high)):
        shown = values if values.ndim == 0 else f"an array from {values.min()} to {values.max()}"
        raise AccelsimError(f"{what} is {shown}; expected integers from {low} to {high}")
    return values.astype(np.int64) & ((1 << width) - 1)
