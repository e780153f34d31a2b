"""Reader of IDX files, the format that MNIST and its relatives are published in."""

import gzip
import os
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError

__all__ = ["read_idx"]

_GZIP_MAGIC = b"\x1f\x8b"
_UNSIGNED_BYTES = 0x08


def read_idx(path: str | os.PathLike[str], dimensions: int) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, plain or gzip-compressed (told apart by content, not by name).

    The file is two zero bytes, the type code 0x08, the number of dimensions, each dimension as a big-endian
    32-bit number, then the values in row-major order (LeCun, Cortes and Burges, "The MNIST database").

    Parameters
    ----------
    path : path-like
        The file.
    dimensions : int
        How many dimensions the array must have: 3 for images, 1 for labels.

    Returns
    -------
    uint8 array
        Read-only.

    Raises
    ------
    AccelsimError
        If the file is missing, unreadable, damaged, truncated, too long, or not such an IDX file.
    """
    path = Path(path)
    content = _content(path)
    magic = bytes([0, 0, _UNSIGNED_BYTES, dimensions])
    if content[:4] != magic:
        raise AccelsimError(
            f"{path} is not an IDX file of unsigned bytes in {dimensions} dimension{'s' * (dimensions > 1)}: "
            f"it begins with {content[:4].hex() or 'nothing'}, expected {magic.hex()}"
        )
    header = 4 + 4 * dimensions
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, header, 4))
    if len(content) < header or len(content) - header != prod(shape):
        problem = "truncated" if len(content) < header + prod(shape) else "too long"
        wanted = (
            f"{header + prod(shape)} bytes for shape {shape}"
            if len(content) >= header
            else f"{header} of header"
        )
        raise AccelsimError(f"{path} is {problem}: {len(content)} bytes, expected {wanted}")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror}") from error
    if not raw.startswith(_GZIP_MAGIC):
        return raw
    try:
        return gzip.decompress(raw)
    except EOFError as error:
        raise AccelsimError(f"{path} is truncated: its gzip stream ends early") from error
    except (OSError, zlib.error) as error:
        raise AccelsimError(f"{path} is damaged: {error}") from error
