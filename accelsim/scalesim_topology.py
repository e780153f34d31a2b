"""SCALE-Sim's topology files: the layers of a network as CSV.

A convolution is a row ``name, ifmap height, ifmap width, filter height, filter width, channels, filters,
stride,`` and a matrix product ``name, M, N, K,`` with M pixels, N channels and depth K; a header comes first,
and what follows the last comma does not count. A convolution whose name contains ``DP`` is depthwise: each of
its channels is one of its own, with that many filters. Padding is part of the ifmap. Where the stride does
not divide the ifmap, outputs are rounded up: the last ones see less than a whole filter.

References
----------
A. Samajdar et al., "A systematic methodology for characterizing scalability of DNN accelerators using
SCALE-Sim", ISPASS 2020; the file formats are those of SCALE-Sim 3.0.0 (``scalesim/topology_utils.py``).
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from accelsim.array_layer import ArrayLayer, Ifmap
from accelsim.errors import AccelsimError
from accelsim.storage import written_atomically
from accelsim.systolic_array import Gemm

__all__ = ["read_topology", "write_topology"]

_CONV = ("ifmap height", "ifmap width", "filter height", "filter width", "channels", "filters", "stride")
_GEMM = ("M", "N", "K")
_HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
_DEPTHWISE = "DP"


def read_topology(path: str | os.PathLike[str]) -> list[ArrayLayer]:
    """Read the layers of a topology file; the header tells convolutions from matrix products.

    Raises
    ------
    AccelsimError
        If the file cannot be read, has no layers, or a row is malformed (with its line number).
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise AccelsimError(f"{path} is no text file, so no topology") from error
    rows = [(number, _fields(line)) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise AccelsimError(f"{path} is empty; expected a header row and a row for each layer")
    (number, header), *rows = rows
    if any(_is_number(field) for field in header[1:]):
        raise AccelsimError(f"{path}, line {number}: expected a header row, as in {_HEADER!r}")
    if not rows:
        raise AccelsimError(f"{path} has a header and no layers")
    is_gemm = [field.upper() for field in header[1:4]] == list(_GEMM)
    return [_layer(fields, is_gemm, f"{path}, line {number}") for number, fields in rows]


def write_topology(path: str | os.PathLike[str], layers: Sequence[ArrayLayer]) -> None:
    """Write layers as convolutions, padding included in their inputs.

    A depthwise convolution is one row whose name begins with ``DP_``; another one in groups is a row for each
    group.

    Raises
    ------
    AccelsimError
        If the file cannot be written.
    """
    with written_atomically(path, "w") as file:
        file.write(_HEADER + "\n")
        for layer in layers:
            for row in _rows(layer):
                file.write(", ".join(map(str, row)) + ",\n")


def _fields(line: str) -> list[str]:
    *fields, last = (field.strip() for field in line.split(","))
    return fields if not last or last.startswith("#") else [*fields, last]


def _is_number(field: str) -> bool:
    return field.isascii() and field.isdigit()


def _layer(fields: list[str], is_gemm: bool, where: str) -> ArrayLayer:
    names = _GEMM if is_gemm else _CONV
    name, *given = fields
    if len(given) == len(names) + 1:
        ratio = given.pop()
        if len({*ratio.split(":")}) != 1 or ":" not in ratio:
            raise AccelsimError(
                f"{where}: layer {name} has {ratio!r} after its {names[-1]}; expected nothing, or the "
                "sparsity 1:1, as every product counts here"
            )
    if len(given) != len(names):
        raise AccelsimError(
            f"{where}: {len(given)} numbers after the name {name!r}; expected {', '.join(names)}"
        )
    for what, field in zip(names, given, strict=True):
        if not _is_number(field) or int(field) < 1:
            raise AccelsimError(f"{where}: {what} of layer {name} is {field!r}; expected a positive integer")
    numbers = [int(field) for field in given]
    if is_gemm:
        pixels, channels, depth = numbers
        return ArrayLayer.matrix(name, Gemm(depth, pixels, channels))
    height, width, *kernel, channels, filters, stride = numbers
    for size, side, which in ((height, kernel[0], "height"), (width, kernel[1], "width")):
        if side > size:
            raise AccelsimError(
                f"{where}: filter {which} {side} of layer {name} is larger than its ifmap {which} {size}"
            )
    rows, columns = (
        -(-(size - side) // stride) + 1 for size, side in zip((height, width), kernel, strict=True)
    )
    ifmap = Ifmap(height, width, rows, columns, (kernel[0], kernel[1]), stride)
    groups = channels if _DEPTHWISE in name else 1
    return ArrayLayer(
        name, Gemm(channels // groups * ifmap.kernel_area, rows * columns, filters), ifmap, groups
    )


def _rows(layer: ArrayLayer) -> Iterator[tuple[str | int, ...]]:
    ifmap, gemm = layer.ifmap, layer.gemm
    channels = gemm.depth // ifmap.kernel_area
    height, width = (
        (outputs - 1) * ifmap.stride + side
        for outputs, side in zip((ifmap.output_height, ifmap.output_width), ifmap.kernel, strict=True)
    )
    name = layer.name.replace(",", "_").replace(_DEPTHWISE, _DEPTHWISE.lower())
    if layer.groups > 1 and channels == 1:
        names, channels = [f"{_DEPTHWISE}_{name}"], layer.groups
    elif layer.groups > 1:
        names = [f"{name}_{group}" for group in range(layer.groups)]
    else:
        names = [name]
    for each in names:
        yield each, height, width, *ifmap.kernel, channels, gemm.channels, ifmap.stride
