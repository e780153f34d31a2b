"""Words for Verilog's ``$readmemh``."""

from collections.abc import Sequence

__all__ = ["memory_text", "memory_width"]

_COUNT_BITS = 32


def memory_width(width: int) -> int:
    """Return the bits of a memory of words of some bits: at least so many that their number fits."""
    return max(width, _COUNT_BITS)


def memory_text(words: Sequence[int], width: int) -> str:
    """Return words of some bits, and after them their number, one a line in hexadecimal."""
    digits = -(-memory_width(width) // 4)
    return "".join(f"{word:0{digits}x}\n" for word in [*words, len(words)])
