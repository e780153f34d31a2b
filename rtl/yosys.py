"""Yosys, run in a child process so that its aborts cannot take the caller down."""

import re
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from accelsim.errors import AccelsimError

__all__ = ["YosysError", "run_yosys", "yosys_version"]

_CHILD = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for command in sys.stdin.read().splitlines():
    libyosys.run_pass(command, design)
"""


class YosysError(AccelsimError):
    """Yosys ended with an error.

    Attributes
    ----------
    reason : str
        Yosys' own words, after ``file:line: `` where it says where.
    """

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"Yosys could not synthesise {subject}: {reason}")
        self.reason = reason


def run_yosys(commands: Sequence[str], folder: Path, subject: str) -> str:
    """Run Yosys commands on an empty design.

    Parameters
    ----------
    commands : sequence of str
        One command each, as in a Yosys script.
    folder : Path
        The child's working folder, where relative file names lead.
    subject : str
        What is being synthesised, for the error message.

    Returns
    -------
    str
        What Yosys printed.

    Raises
    ------
    YosysError
        With Yosys' own error line.
    """
    child = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input="\n".join(commands),
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",  # it repeats what it read
        check=False,
    )
    if child.returncode:
        lines = (child.stdout + child.stderr).strip().splitlines()
        reason = next((line for line in lines if "ERROR:" in line), lines[-1] if lines else "no output")
        raise YosysError(subject, reason.replace("ERROR:", "", 1).replace("  ", " ").strip())
    return child.stdout


@cache
def yosys_version() -> str:
    """Return the version of Yosys that `run_yosys` runs, such as ``"0.57"``."""
    from importlib.metadata import version

    return re.sub(r"^(\d+\.\d+).*", r"\1", version("pyosys"))
