"""The grammar of array names, such as ``array:16x16:ws:mul8u_drum_k4:acc24:saturate``.

``<kind>:<rows>x<columns>:<dataflow>:<multiplier>[:<option>]...``

``kind``
    ``array``: the PEs and their skew registers. ``gemm``: the same with all it takes to run tiled matrix
    products from streams.
``dataflow``
    ``ws``, ``os`` or ``is``.
``multiplier``
    Any name or path that `accelsim.rtl.catalogue.find_circuit` takes.
``option``
    ``acc<bits>``: width of the accumulators, 32 without. ``saturate``: sums that leave it stay at its ends,
    without it they wrap. ``activation-b``: operand ``b`` of the multiplier is the activation, without it
    ``a``. Of ``gemm`` also ``steps<number>`` and ``depth<number>``: its most steps in a fold, 1024 without,
    and products in a sum, 65536 without.
"""

import re
from dataclasses import dataclass
from typing import Any

from accelsim.accumulator import Accumulator
from accelsim.errors import AccelsimError, nearest
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.gemm_streams import DEFAULT_MAX_DEPTH, DEFAULT_MAX_STEPS, GemmStreams
from accelsim.systolic_array import SystolicArray

__all__ = ["ArrayName", "is_array_name"]

_KINDS = ("array", "gemm")
_FORM = "<array or gemm>:<rows>x<columns>:<dataflow>:<multiplier>, for example array:16x16:ws:mul8u_exact"
_SIZE = re.compile(r"([0-9]{1,6})x([0-9]{1,6})")
_NUMBERED = re.compile(r"(acc|steps|depth)([0-9]{1,9})")
_WORDS = {"wrap": ("overflow", "wrap"), "saturate": ("overflow", "saturate")} | {
    f"activation-{operand}": ("activation_operand", operand) for operand in "ab"
}


def is_array_name(text: str) -> bool:
    """Return whether a text is the name of an array, right or wrong, and not that of a multiplier."""
    kind, colon, rest = text.partition(":")
    return bool(colon) and (kind in _KINDS or _SIZE.fullmatch(rest.partition(":")[0]) is not None)


@dataclass(frozen=True)
class ArrayName:
    """An array's name, taken apart.

    Parameters
    ----------
    kind : {"array", "gemm"}
        The PEs alone, or the top level around them.
    array : SystolicArray
        Size, dataflow and accumulator.
    multiplier : str
        Name or path.
    activation_operand : {"a", "b"}
        Which operand of the multiplier is the activation.
    max_steps, max_depth : int
        Limits of a ``gemm``.
    """

    kind: str
    array: SystolicArray
    multiplier: str
    activation_operand: Any = "a"
    max_steps: int = DEFAULT_MAX_STEPS
    max_depth: int = DEFAULT_MAX_DEPTH

    @classmethod
    def parse(cls, text: str) -> "ArrayName":
        """Take a name apart.

        Raises
        ------
        AccelsimError
            If it is not of the grammar, or a part is out of its range.
        """
        kind, *parts = text.split(":")
        size = _SIZE.fullmatch(parts[0]) if parts else None
        if kind not in _KINDS or size is None or len(parts) < 3:
            hint = "" if kind in _KINDS else nearest(kind, _KINDS)
            raise AccelsimError(f"unknown array {text!r}: expected {_FORM}{hint}")
        options: dict[str, Any] = {}
        while len(parts) > 3 and (option := _option(parts[-1], kind)):
            if option[0] in options:
                raise AccelsimError(f"unknown array {text}: {parts[-1]} says again what an option has said")
            options.update([option])
            parts.pop()
        multiplier = ":".join(parts[2:])
        if len(parts) > 3 and "/" not in parts[-1]:
            known = [*_WORDS, "acc24", *(("steps1024", "depth65536") if kind == "gemm" else ())]
            raise AccelsimError(
                f"unknown array {text}: option {parts[-1]!r} is none of {', '.join(known)}"
                f"{nearest(parts[-1], known)}"
            )
        accumulator = Accumulator(options.pop("acc", 32), options.pop("overflow", "wrap"))
        array = SystolicArray(int(size[1]), int(size[2]), parts[1], accumulator)  # type: ignore[arg-type]
        return cls(kind, array, multiplier, **options)

    def __str__(self) -> str:
        array = self.array
        words = [self.kind, f"{array.rows}x{array.columns}", array.dataflow, self.multiplier]
        if array.accumulator.bits != 32:
            words.append(f"acc{array.accumulator.bits}")
        if array.accumulator.overflow != "wrap":
            words.append(array.accumulator.overflow)
        if self.activation_operand != "a":
            words.append(f"activation-{self.activation_operand}")
        for word, limit, default in (
            ("steps", self.max_steps, DEFAULT_MAX_STEPS),
            ("depth", self.max_depth, DEFAULT_MAX_DEPTH),
        ):
            if self.kind == "gemm" and limit != default:
                words.append(f"{word}{limit}")
        return ":".join(words)

    def design(self) -> ArrayDesign:
        """Return the array with its multiplier.

        Raises
        ------
        AccelsimError
            If there is no such multiplier, or the array cannot have it.
        """
        return ArrayDesign(self.array, find_circuit(self.multiplier), self.activation_operand)

    def streams(self) -> GemmStreams:
        """Return the array with its multiplier and the limits of its matrix products.

        Raises
        ------
        AccelsimError
            As `design`; or if a limit is out of its range.
        """
        return GemmStreams(self.design(), self.max_steps, self.max_depth)


def _option(word: str, kind: str) -> tuple[str, Any] | None:
    """Return what an option sets, and to what."""
    if word in _WORDS:
        return _WORDS[word]
    numbered = _NUMBERED.fullmatch(word)
    if not numbered or (numbered[1] != "acc" and kind != "gemm"):
        return None
    name = "acc" if numbered[1] == "acc" else f"max_{numbered[1]}"
    return name, int(numbered[2])
