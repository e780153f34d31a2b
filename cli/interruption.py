"""Ctrl-C ends a command wherever it strikes."""

import signal
import sys
import threading
import time
import warnings
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interruption"]

_SECONDS_UNTIL_AGAIN = 0.05
_SECONDS_TO_IMPORT = 1.0
_SECONDS_TO_CLEAN_UP = 3.0


class Interruption:
    """A block that Ctrl-C ends even where a library or the interpreter loses it.

    `KeyboardInterrupt` can be raised wherever the program happens to be: a destructor drops it, a library's
    bare ``except`` swallows it, an extension module that is being imported aborts the process. Here it waits
    a second for an import to end, and three for what cleans up after one raised before; and it is raised
    again and again, by an alarm that the first one sets, until the block ends. `happened` tells that
    whatever came out was an interruption.
    """

    def __init__(self) -> None:
        self.happened = False
        self._ended = False
        self._last = 0.0  # when one was raised, or first wanted
        self._handlers: dict[signal.Signals, Any] = {}
        self._hook = sys.unraisablehook

    def __enter__(self) -> "Interruption":
        sys.unraisablehook = self._report
        if threading.current_thread() is threading.main_thread():  # Python handles signals in no other
            self._handlers = {number: signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGINT)}
            for number in self._handlers:
                signal.signal(number, self._raise)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Put everything back and raise nothing from here on; for where `__exit__` itself was interrupted."""
        self._ended = True
        if self._handlers:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        sys.unraisablehook = self._hook
        if self.happened:
            # Under -m, CPython ends by killing itself with SIGINT if the last string that it executed was
            # interrupted, whatever became of that. Let the last one be this.
            exec("")

    def _raise(self, signal_number: int, frame: FrameType | None) -> None:
        if not self.happened:
            self.happened = True
            self._last = time.monotonic()
            warnings.simplefilter("ignore")  # about what will now never be finished or used
        if self._ended:
            return
        signal.setitimer(signal.ITIMER_REAL, _SECONDS_UNTIL_AGAIN)
        waited = time.monotonic() - self._last
        if waited < _SECONDS_TO_IMPORT and _imports(frame):
            return
        if waited < _SECONDS_TO_CLEAN_UP and _handles_interrupt():
            return
        self._last = time.monotonic()
        raise KeyboardInterrupt

    def _report(self, unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._hook(unraisable)


def _handles_interrupt() -> bool:
    """Return whether the program is in an ``except``, ``finally`` or ``with`` that an interrupt led to."""
    error = sys.exception()
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False


def _imports(frame: FrameType | None) -> bool:
    """Return whether an import is under way."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False
