"""LUTs from files that other programs wrote: ``.npy``, ``.npz``, ``.bin``, C header."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.rtl.import_options import ImportOptions

__all__ = ["TABLE_SUFFIXES", "read_table"]

_SIDE = 256
_BIN_BYTES = 2 * _SIDE * _SIDE
_ORDERS = "--order ab where operand b counts up fastest, --order ba where a does"

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|^[ \t]*#(?:\\\n|[^\n])*", re.DOTALL | re.MULTILINE)
_ARRAY = re.compile(
    r"(?P<type>[\w\s]*?)\b(?P<name>[A-Za-z_]\w*)\s*(?P<sides>(?:\[[^\]]*\]\s*)+)[^={};]*=\s*(?=\{)", re.DOTALL
)
_TOKEN = re.compile(r"[{},]|[+-]?\w+")
_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)(?=[uUlL]*$)")


def read_table(path: Path, options: ImportOptions) -> Lut:
    """Read a LUT.

    Parameters
    ----------
    path : Path
        ``.npy`` or ``.npz``: as `Lut.load` reads it. ``.bin``: 256 x 256 16-bit numbers, little-endian, in
        the order that ``options.order`` must say. ``.h``: a C array with initialiser, ``[256][256]`` with the
        first index ``a``, or of one dimension in the order that ``options.order`` must say.
    options : ImportOptions
        Order of the operands, signedness.

    Raises
    ------
    AccelsimError
        If the file cannot be read, has another size, or leaves open what the order or the signedness is.
    """
    return _READERS[path.suffix](path, options)


def _read_numpy(path: Path, options: ImportOptions) -> Lut:
    try:
        lut = Lut.load(path, signed=options.signed)
    except AccelsimError as error:
        if options.signed is None and _is_lut(path, signed=False):
            raise AccelsimError(f"{error}; say --unsigned if that is what it is") from error
        raise
    if options.signed is not None and options.signed != lut.signed:
        raise AccelsimError(f"{path} says that it is {'signed' if lut.signed else 'unsigned'}")
    table = lut.table.T if options.order == "ba" else lut.table
    return Lut(lut.name, table, lut.signed, lut.provenance)


def _is_lut(path: Path, signed: bool) -> bool:
    try:
        Lut.load(path, signed=signed)
    except AccelsimError:
        return False
    return True


def _read_bin(path: Path, options: ImportOptions) -> Lut:
    content = _content(path)
    if len(content) != _BIN_BYTES:
        raise AccelsimError(
            f"{path} has {len(content):,} bytes; expected {_BIN_BYTES:,}, 256 x 256 of 2 bytes"
        )
    if options.order is None:
        raise AccelsimError(f"{path}: the order of its operands is not in the file; say {_ORDERS}")
    entries = np.frombuffer(content, dtype="<i2" if options.signed else "<u2").reshape(_SIDE, _SIDE)
    return _lut(path, entries, bool(options.signed), options)


def _read_header(path: Path, options: ImportOptions) -> Lut:
    text = _content(path).decode("utf-8", errors="replace")
    text = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    arrays = list(_ARRAY.finditer(text))
    if len(arrays) != 1:
        shown = f": {', '.join(array['name'] for array in arrays)}" if arrays else ""
        raise AccelsimError(f"{path}: {len(arrays)} arrays with initialisers{shown}; expected one")
    (array,) = arrays
    entries, rows = _initialiser(path, text, array.end())
    dimensions = array["sides"].count("[")
    if dimensions > 2 or entries.size != _SIDE * _SIDE or (rows and set(rows) != {_SIDE}):
        ragged = f" in rows of {min(rows)} to {max(rows)}" if len(set(rows)) > 1 else ""
        raise AccelsimError(
            f"{path}: array {array['name']} has {entries.size:,} entries{ragged}; expected 256 x 256"
        )
    if dimensions == 1 and not rows and options.order is None:
        raise AccelsimError(f"{path}: {array['name']} has one dimension; say {_ORDERS}")
    signed = options.signed
    if signed is None:
        signed = _declared_signedness(path, array["type"], entries)
    return _lut(path, entries.reshape(_SIDE, _SIDE), signed, options)


def _initialiser(path: Path, text: str, start: int) -> tuple[NDArray[np.int64], list[int]]:
    """Return the numbers of an initialiser from its brace on, and how many stand in each inner brace."""
    numbers: list[int] = []
    rows: list[int] = []
    depth, row_start, end = 0, 0, start
    for token in _TOKEN.finditer(text, start):
        between = text[end : token.start()].strip()
        end = token.end()
        word = token[0]
        number = _NUMBER.match(word)
        if between or (number is None and word not in "{},") or (word == "{" and depth == 2):
            line = text.count("\n", 0, token.start()) + 1
            raise AccelsimError(f"{path}:{line}: {between or word} in the initialiser; expected integers")
        if number is not None:
            octal = re.fullmatch(r"([+-]?)0+([0-7]+)", number[0])
            numbers.append(int(octal[1] + octal[2], 8) if octal else int(number[0], 0))
        elif word == "{":
            depth += 1
            row_start = len(numbers)
        elif word == "}":
            depth -= 1
            if depth == 1:
                rows.append(len(numbers) - row_start)
            if depth == 0:
                return _as_array(path, numbers), rows
    raise AccelsimError(f"{path}: the initialiser does not end; expected a closing brace")


def _as_array(path: Path, numbers: list[int]) -> NDArray[np.int64]:
    try:
        return np.array(numbers, dtype=np.int64)
    except OverflowError as error:
        raise AccelsimError(f"{path}: an entry is too large for a product of 16 bits") from error


def _declared_signedness(path: Path, kind: str, entries: NDArray[np.int64]) -> bool:
    """Return what the C type or the entries say: ``int`` may hold products of either kind."""
    if re.search(r"\bunsigned\b|\bu_?int", kind):
        return False
    if entries.min() < 0:
        return True
    if entries.max() >= 1 << 15:
        return False
    raise AccelsimError(f"{path}: its type leaves open what the products are; say --signed or --unsigned")


def _lut(path: Path, table: NDArray[Any], signed: bool, options: ImportOptions) -> Lut:
    if options.order == "ba":
        table = table.T
    return Lut(path.stem, table, signed, {"file": path.name})


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error


_READERS: dict[str, Callable[[Path, ImportOptions], Lut]] = {
    ".npy": _read_numpy,
    ".npz": _read_numpy,
    ".bin": _read_bin,
    ".h": _read_header,
}
TABLE_SUFFIXES = frozenset(_READERS)
