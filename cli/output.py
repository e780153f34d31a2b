"""What a command prints: tables for people, JSON for programs, progress on standard error."""

import functools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from accelsim.progress import Advance, progress_bar

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["Output", "json_text", "output_options"]

#: Wider than any line: what is piped is never wrapped or cut.
UNLIMITED_WIDTH = 100_000


@dataclass(frozen=True)
class Output:
    """How results and progress are shown.

    Parameters
    ----------
    json : bool
        Results are one JSON document instead of tables.
    quiet : bool
        No progress bars.
    """

    json: bool = False
    quiet: bool = False

    @property
    def shows_progress(self) -> bool:
        """Whether progress bars make sense: not quiet, and standard error is a terminal."""
        return not self.quiet and _console(stderr=True).is_terminal

    def progress(self, description: str, total: int) -> AbstractContextManager[Advance]:
        """Return `accelsim.progress.progress_bar`, shown unless quiet."""
        return progress_bar(description, total, not self.quiet)

    @contextmanager
    def working(self, description: str) -> Iterator[None]:
        """Show that something is being done whose length is not known; nothing of it stays."""
        if not self.shows_progress:
            yield
            return
        with _console(stderr=True).status(description):
            yield

    def line(self, text: "str | Text" = "") -> None:
        """Print a line of the result."""
        _console().print(text, soft_wrap=True)

    def table(
        self,
        columns: Sequence[str],
        rows: "Iterable[Sequence[str | Text]]",
        *,
        title: str | None = None,
        text_columns: int = 1,
    ) -> None:
        """Print a table: on a terminal with rules and colours, else as plain aligned columns.

        Parameters
        ----------
        columns : sequence of str
            Headings.
        rows : iterable of sequences of str or Text
            Cells.
        title : str, optional
            Line above the table.
        text_columns : int
            How many of the first columns are text, aligned left; the others are numbers, aligned right.
        """
        from rich import box
        from rich.table import Table

        console = _console()
        table = Table(
            box=box.SIMPLE_HEAD if console.is_terminal else None,
            padding=(0, 1 if console.is_terminal else 2, 0, 0),
            pad_edge=False,
            header_style="bold",
        )
        for number, column in enumerate(columns):
            table.add_column(
                column, justify="left" if number < text_columns else "right", overflow="fold", no_wrap=False
            )
        for row in rows:
            table.add_row(*row)
        if title:
            console.print(title, style="bold", soft_wrap=True)
        _print(console, table)

    def facts(self, facts: Mapping[str, str]) -> None:
        """Print names and values, one of each a line, aligned."""
        from rich.table import Table

        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="bold", overflow="fold")
        grid.add_column(overflow="fold")
        for name, value in facts.items():
            grid.add_row(name, value)
        _print(_console(), grid)

    def styled(self, text: str, style: str) -> "Text":
        """Return text in a colour, which only a terminal shows."""
        from rich.text import Text

        return Text(text, style)

    def document(self, content: Mapping[str, Any]) -> None:
        """Print the one JSON document."""
        click.echo(json_text(content))


def json_text(content: Mapping[str, Any]) -> str:
    """Return a JSON document; numbers that JSON lacks (NaN, infinities) become null."""
    return json.dumps(_as_json(content), indent=2, allow_nan=False)


def output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--json`` and ``--quiet`` to a command, which gets an `Output` as its first argument."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
    @click.option("-q", "--quiet", is_flag=True, help="No progress bars on standard error.")
    @functools.wraps(command)
    def with_output(*, as_json: bool, quiet: bool, **parameters: Any) -> None:
        command(Output(as_json, quiet), **parameters)

    return with_output


def _console(stderr: bool = False) -> "Console":
    from rich.console import Console

    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = UNLIMITED_WIDTH
    return console


def _print(console: "Console", renderable: "RenderableType") -> None:
    """Print without the spaces that fill up the lines."""
    with console.capture() as capture:
        console.print(renderable)
    for line in capture.get().splitlines():
        click.echo(line.rstrip(), color=True)  # rich has decided about colours


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _as_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(entry) for entry in value]
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
