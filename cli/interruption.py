"""Ctrl-C ends a command wherever it strikes."""

import signal
import sys
import threading
import warnings
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interruption"]

_SECONDS_UNTIL_AGAIN = 0.02


class Interruption:
    """A block in which Ctrl-C is noticed even where the interpreter loses it.

    `KeyboardInterrupt` is raised wherever the program happens to be: in a destructor it is reported and
    dropped, in the middle of an import it can come out as another exception. Here a dropped one is raised
    again, and `happened` tells that whatever came out was an interruption.
    """

    def __init__(self) -> None:
        self.happened = False
        self._again: threading.Timer | None = None

    def __enter__(self) -> "Interruption":
        self._hook = sys.unraisablehook
        sys.unraisablehook = self._raise_again
        self._in_main_thread = threading.current_thread() is threading.main_thread()
        if self._in_main_thread:  # Python handles signals in no other
            self._handler = signal.signal(signal.SIGINT, self._raise)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.unraisablehook = self._hook
        if not self._in_main_thread:
            return
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self._again:
            self._again.cancel()
            self._again.join()
        signal.signal(signal.SIGINT, self._handler)
        if self.happened:
            # Under -m, CPython ends by killing itself with SIGINT if the last string that it executed was
            # interrupted, whatever became of that. Let the last one be this.
            exec("")

    def _raise(self, signal_number: int, frame: FrameType | None) -> None:
        self.happened = True
        warnings.simplefilter("ignore")  # about what will now never be finished or used
        raise KeyboardInterrupt

    def _raise_again(self, unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._hook(unraisable)
            return
        main_thread = threading.main_thread().ident
        self._again = threading.Timer(_SECONDS_UNTIL_AGAIN, signal.pthread_kill, (main_thread, signal.SIGINT))
        self._again.daemon = True
        self._again.start()
