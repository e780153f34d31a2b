"""A LUT as a file for other programs: raw binary, C header, Verilog memory."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.storage import written_atomically

__all__ = ["LUT_SUFFIXES", "checked_format", "save_lut"]

_NUMBERS_PER_LINE = 16
_NUMPY_SUFFIXES = (".npy", ".npz")


def save_lut(lut: Lut, path: str | os.PathLike[str], order: Literal["ab", "ba"] = "ab") -> None:
    """Write a LUT in the format that the file's ending names.

    - ``.npz``, ``.npy``: as `Lut.save` writes them.
    - ``.bin``: the products alone, little-endian, 2 bytes each (4 where the product is wider than 16 bits),
      two's complement if signed.
    - ``.h``: a C array ``name[2^a_width][2^b_width]`` of ``uint16_t`` (``int16_t`` if signed; 32 bits wide
      where the product needs it).
    - ``.mem``: one hexadecimal bit pattern a line, for Verilog's ``$readmemh``, with the order in a comment.

    Parameters
    ----------
    lut : Lut
        The table.
    path : path-like
        The file.
    order : {"ab", "ba"}
        Of ``.bin``, ``.h`` and ``.mem``: ``"ab"`` is indexed ``[a][b]``, so that ``b`` counts up fastest from
        one entry to the next; ``"ba"`` is the transpose.

    Raises
    ------
    AccelsimError
        If the ending is none of these, ``"ba"`` is asked for with numpy's formats, or the file cannot be
        written.
    """
    path = checked_format(path, order)
    if path.suffix in _NUMPY_SUFFIXES:
        lut.save(path)
        return
    kind = "i" if lut.signed else "u"
    table = lut.table.astype(f"<{kind}{2 if lut.product_width <= 16 else 4}")
    with written_atomically(path) as file:
        file.write(_WRITERS[path.suffix](lut, table.T if order == "ba" else table, order))


def checked_format(path: str | os.PathLike[str], order: str) -> Path:
    """Return the path of a file that `save_lut` can write, else raise `AccelsimError`."""
    path = Path(path)
    if path.suffix not in LUT_SUFFIXES:
        *others, last = LUT_SUFFIXES
        raise AccelsimError(
            f"cannot save a LUT as {path.name}: the name must end in {', '.join(others)} or {last}"
        )
    if path.suffix in _NUMPY_SUFFIXES and order != "ab":
        raise AccelsimError(f"a {path.suffix} LUT is indexed [a, b]; order ba goes with .bin, .h and .mem")
    return path


def _binary(lut: Lut, table: NDArray[Any], order: str) -> bytes:
    return np.ascontiguousarray(table).tobytes()


def _header(lut: Lut, table: NDArray[Any], order: str) -> bytes:
    name = re.sub(r"\W", "_", lut.name, flags=re.ASCII)
    name = name if re.match("[A-Za-z_]", name) else f"lut_{name}"
    guard = f"{name.upper()}_H"
    kind = f"{'' if lut.signed else 'u'}int{8 * table.itemsize}_t"
    rows = ["  {" + _wrapped(row) + "}," for row in table.tolist()]
    text = f"""\
/* {_description(lut, order)} */
#ifndef {guard}
#define {guard}

#include <stdint.h>

static const {kind} {name}[{table.shape[0]}][{table.shape[1]}] = {{
{chr(10).join(rows)}
}};

#endif
"""
    return text.encode()


def _wrapped(numbers: list[int]) -> str:
    lines = (
        numbers[first : first + _NUMBERS_PER_LINE] for first in range(0, len(numbers), _NUMBERS_PER_LINE)
    )
    return ",\n   ".join(", ".join(map(str, line)) for line in lines)


def _memory(lut: Lut, table: NDArray[Any], order: str) -> bytes:
    digits = -(-lut.product_width // 4)
    mask = (1 << lut.product_width) - 1
    words = "".join(f"{number & mask:0{digits}x}\n" for number in table.ravel().tolist())
    return f"// {_description(lut, order)}\n{words}".encode()


def _description(lut: Lut, order: str) -> str:
    first, second = order[0], order[1]
    return (
        f"{lut.name}: products of {lut.a_width} x {lut.b_width}-bit "
        f"{'signed' if lut.signed else 'unsigned'} operands by their bit patterns, [{first}][{second}] "
        f"({second} counts up fastest)"
    )


_WRITERS: dict[str, Callable[[Lut, NDArray[Any], str], bytes]] = {
    ".bin": _binary,
    ".h": _header,
    ".mem": _memory,
}

#: Endings of the files that `save_lut` writes.
LUT_SUFFIXES = (*_NUMPY_SUFFIXES, *_WRITERS)
