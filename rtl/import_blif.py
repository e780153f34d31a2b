"""What may stand in a BLIF file: told with the line, which Yosys' reader does not do for all."""

import re
from collections.abc import Iterator
from pathlib import Path

from accelsim.errors import AccelsimError

__all__ = ["check_blif"]

_KNOWN = (".model", ".inputs", ".outputs", ".names", ".subckt", ".gate", ".end")
#: Names and times, which do not change what the circuit computes.
_IGNORED = frozenset(
    """.attr .cname .area .delay .wire_load_slope .wire .input_arrival .default_input_arrival .output_required
    .default_output_required .input_drive .default_input_drive .output_load .default_output_load
    .max_input_load .default_max_input_load""".split()  # noqa: SIM905 - one word a line is no easier to read
)
#: Flip-flops, latches and clocks, as the format's description has them (Berkeley Logic Interchange Format,
#: University of California, Berkeley, 1992).
_STATEFUL = (".latch", ".mlatch", ".clock", ".start_kiss")


def check_blif(path: Path) -> None:
    """Raise `AccelsimError` if a BLIF file has another construct than models, tables and subcircuits."""
    columns = None  # of the table that the line belongs to
    for number, line in _logical_lines(path.read_text(encoding="utf-8", errors="replace")):
        word, *rest = line.split()
        if word in _STATEFUL:
            raise AccelsimError(f"{path}:{number}: {word} holds state; expected a combinational circuit")
        if word.startswith("."):
            if word not in _KNOWN and word not in _IGNORED:
                raise AccelsimError(
                    f"{path}:{number}: unknown construct {word}; expected {', '.join(_KNOWN)}"
                )
            columns = len(rest) if word == ".names" else None
        elif columns is None or not re.fullmatch(rf"[01-]{{{columns - 1}}}\s*[01]", line):
            expected = "a construct" if columns is None else f"a construct, or a row of {columns} columns"
            raise AccelsimError(f"{path}:{number}: {line!r} is no part of a table; expected {expected}")


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Return the lines that say something, continued ones joined, with the number of the first."""
    start, joined = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        start = start if joined else number
        content = line.partition("#")[0].rstrip()
        joined += content.removesuffix("\\") + " "
        if content.endswith("\\"):
            continue
        if joined.strip():
            yield start, joined.strip()
        joined = ""
    if joined.strip():
        yield start, joined.strip()
