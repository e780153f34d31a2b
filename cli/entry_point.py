"""Where the `accelsim` command begins: mindful of Ctrl-C first, then with slow imports."""

import gc
import sys
from collections.abc import Sequence

from accelsim.cli.interruption import Interruption

__all__ = ["main"]

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it

#: Objects that are made before garbage is looked for: PyTorch's import makes millions that stay, and with
#: Python's 700 a fifth of its time is spent looking at them.
_GARBAGE_THRESHOLD = 50_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands after ``accelsim``; default: `sys.argv`.

    Returns
    -------
    int
        Exit code: 0; 1 when a comparison found a mismatch; 2 for an error of the user, told in one line on
        standard error; 130 after Ctrl-C, whatever became of it; 141 when the reader of standard output went
        away.
    """
    gc.set_threshold(_GARBAGE_THRESHOLD)
    interruption = Interruption()
    try:
        with interruption:
            from accelsim.cli.command_line import run

            code = run(arguments)
    except BaseException as error:
        interruption.end()
        if not interruption.happened and not isinstance(error, KeyboardInterrupt):
            from accelsim.cli.command_line import explained

            return explained(error)
    else:
        if not interruption.happened:
            return code
    print("accelsim: interrupted", file=sys.stderr)
    return EXIT_INTERRUPTED
