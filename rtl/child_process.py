"""Other programs, run so that nothing of them outlives the call."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shutil import which

from accelsim.errors import AccelsimError

__all__ = ["find_program", "run_child"]


def find_program(name: str, purpose: str) -> str:
    """Return the path of a program on ``PATH``.

    Raises
    ------
    AccelsimError
        If it is not there.
    """
    found = which(name)
    if not found:
        raise AccelsimError(f"{name} is not on PATH; it is needed {purpose}")
    return found


def run_child(
    command: Sequence[str], folder: Path, *, seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program with its output captured; on any exception, Ctrl-C included, kill all its processes.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    folder : Path
        The working folder.
    seconds : float, optional
        Kill it after this time.

    Raises
    ------
    subprocess.TimeoutExpired
        If it takes longer.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # a group of its own, which can be killed as a whole
    ) as child:
        try:
            output, _ = child.communicate(timeout=seconds)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(list(command), child.returncode, output, "")
