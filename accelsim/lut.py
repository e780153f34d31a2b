"""Look-up table of a multiplier: every product, and where it came from."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.errors import AccelsimError
from accelsim.operands import broadcast_operands, checked_integers
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
        not integers, or an entry does not fit the product's width; if the name, the signedness or the
        provenance is of another type.
    """

    name: str
    table: NDArray[np.int32]
    signed: bool
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"LUT {self.name}"
        try:
            table = np.asarray(self.table)
        except ValueError as error:
            raise AccelsimError(f"{where} is no array: its rows are not of one length") from error
        if not isinstance(self.name, str):
            raise AccelsimError(f"the name of a LUT is {self.name!r}; expected a string")
        if not isinstance(self.signed, bool | np.bool_):
            raise AccelsimError(f"{where}: signed is {self.signed!r}; expected True or False")
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
        object.__setattr__(self, "signed", bool(self.signed))
        object.__setattr__(self, "provenance", MappingProxyType(_checked_provenance(self.provenance, where)))

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
            If an operand is not an integer of the operand's range, or their shapes do not agree.
        """
        rows = _patterns(a, self.a_width, self.signed, f"{self.name}: operand a")
        columns = _patterns(b, self.b_width, self.signed, f"{self.name}: operand b")
        rows, columns = broadcast_operands([rows, columns], self.name)
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
        """Read a LUT from ``.npz`` (as saved here) or a bare table indexed ``[a, b]`` by bit pattern.

        A bare table is an array in ``.npy``, or the only one in an ``.npz`` that another program wrote. It is
        signed if its type is: an unsigned multiplier is kept in an unsigned type. A table of a signed type
        (NumPy's own integers are) without any negative entry is refused, since it is most likely that of an
        unsigned multiplier; ``signed`` then has to say what it is.

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
            If the file is missing, unreadable, truncated, or not a LUT, or leaves its signedness open.
        """
        path = Path(path)
        if path.suffix not in {".npy", ".npz"}:
            raise AccelsimError(f"{path} is not a LUT file: expected a name that ends in .npy or .npz")
        try:
            with path.open("rb") as file:
                content = np.load(file, allow_pickle=False)
                table, text = _table_and_text(content)
                bare = text is None
                about: dict[str, Any] = (
                    {"signed": signed, "provenance": {"file": path.name}}
                    if text is None
                    else json.loads(text)
                )
                kept = about["signed"], about["provenance"], about.get("name")
        except OSError as error:
            raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
        except Exception as error:  # NumPy, zipfile, zlib and json have many for a damaged file
            raise AccelsimError(f"{path} is damaged or not a LUT file: {error}") from error
        belongs = ".npy" if isinstance(content, np.ndarray) else ".npz"
        if path.suffix != belongs:
            raise AccelsimError(f"{path} holds what belongs in an {belongs} file; rename it")
        kept_signed, provenance, kept_name = kept
        if kept_signed is None and bare:
            kept_signed = _signedness(table, path)
        try:
            return cls(name or kept_name or path.stem, table, kept_signed, provenance)
        except AccelsimError as error:
            raise AccelsimError(f"{path}: {error}") from error


def _table_and_text(content: Any) -> tuple[NDArray[Any], str | None]:
    """Return the table that a file holds, and what it says about it if accelsim saved it."""
    if isinstance(content, np.ndarray):
        return content, None
    if {"table", "about"} <= set(content):
        return content["table"], str(content["about"])
    if len(content) != 1:
        raise ValueError(f"it holds arrays {', '.join(map(repr, content))}; expected one")
    return next(iter(content.values())), None


def _signedness(table: NDArray[Any], path: Path) -> bool:
    """Return the signedness that a bare table's type says, unless its entries make that unlikely."""
    if table.dtype.kind == "i" and table.size and table.min() >= 0:
        raise AccelsimError(
            f"{path} is of type {table.dtype}, which stands for a signed multiplier, but has no negative "
            "entry; save an unsigned multiplier with an unsigned type, or pass signed=False (or signed=True, "
            "if it is signed all the same)"
        )
    return table.dtype.kind == "i"


def _checked_provenance(provenance: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the provenance in types that JSON has."""
    try:
        given = dict(provenance)
    except (TypeError, ValueError) as error:
        raise AccelsimError(f"{where}: provenance is {provenance!r}; expected a mapping") from error
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in given.items()}
    for key, value in plain.items():
        if not isinstance(key, str) or not isinstance(value, str | int | float | None):
            raise AccelsimError(
                f"{where}: provenance has {key!r}: {value!r}; expected names with strings or numbers"
            )
    return plain


def _is_table_side(side: int) -> bool:
    return side & (side - 1) == 0 and 4 <= side <= 1 << MAX_LUT_WIDTH


def _smallest_dtype(bits: int, signed: bool) -> np.dtype[Any]:
    size = next(size for size in (1, 2, 4) if bits <= 8 * size)
    return np.dtype(f"{'i' if signed else 'u'}{size}")


def _patterns(values: ArrayLike, width: int, signed: bool, what: str) -> NDArray[np.int64]:
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    return checked_integers(values, low, high, what).astype(np.int64) & ((1 << width) - 1)
