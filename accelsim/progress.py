"""A progress bar on stderr for what takes longer than a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Protocol

__all__ = ["Advance", "progress_bar"]

_SECONDS_BEFORE_IT_SHOWS = 1.0


class Advance(Protocol):
    """Tells a progress bar how things stand: a short note (may be empty), and the steps done since."""

    def __call__(self, note: str, steps: int = 1) -> None: ...  # noqa: D102


@contextmanager
def progress_bar(description: str, total: int, shown: bool = True) -> Iterator[Advance]:
    """Show how far a loop of ``total`` steps is, from one second after its start until its end.

    Nothing is left on the screen. Where stderr is no terminal nothing is shown at all.

    Parameters
    ----------
    description : str
        What is being done.
    total : int
        Number of steps.
    shown : bool
        False: no bar, whatever the duration.

    Yields
    ------
    Advance
        To be called at the end of each step; with 0 steps to say what is being worked on.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda note, steps=1: None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
        redirect_stdout=False,
    )
    task = bar.add_task(description, total=total, note="")
    delayed_start = Timer(_SECONDS_BEFORE_IT_SHOWS, bar.start)
    delayed_start.daemon = True
    delayed_start.start()
    try:
        yield lambda note, steps=1: bar.update(task, advance=steps, note=note)
    finally:
        delayed_start.cancel()
        delayed_start.join()
        bar.stop()
