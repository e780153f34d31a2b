"""The lines of the tables: what was measured, with interval, and the paper's figure beside it."""

import csv
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from accelsim.attacks.rates import Rate

__all__ = ["PublishedFigures", "Row", "Rows", "as_frame"]


@dataclass(frozen=True)
class Row:
    """A figure.

    Parameters
    ----------
    part : str
        Table, figure or other part that it belongs to, such as ``"table-2"``.
    kind : str
        ``"minimal-norm"`` or ``"fixed-budget"`` of an attack, which no table mixes; ``"direct"`` of attacks
        of either kind on the network itself, one a row; ``"clean"`` of clean images; or nothing.
    dataset : str
        Its images, if any.
    row, column : str
        Its place: an attack, say, and a network.
    quantity : str
        What it is, with its unit.
    value : float
        The figure.
    low, high : float
        95 % interval; NaN where nothing was drawn at random.
    n : int
        Images, pairs or operations that it is of.
    paper : float
        The published figure; NaN where there is none.
    """

    part: str
    kind: str
    dataset: str
    row: str
    column: str
    quantity: str
    value: float
    low: float
    high: float
    n: int
    paper: float

    @property
    def difference(self) -> float:
        """The figure less the published one."""
        return self.value - self.paper


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a part, which are given its name, kind and data set, and the paper's figure.

    Parameters
    ----------
    published : PublishedFigures, optional
        Of the paper, if there is one.
    part, kind, dataset : str
        As in `Row`.
    """

    published: "PublishedFigures | None"
    part: str
    kind: str = ""
    dataset: str = ""
    rows: list[Row] = field(default_factory=list, init=False)

    def add(
        self,
        row: str,
        column: str,
        quantity: str,
        value: float,
        n: int,
        interval: tuple[float, float] = (math.nan, math.nan),
        paper: float | None = None,
    ) -> None:
        """Add a figure; the paper's is looked up unless given."""
        if paper is None:
            paper = math.nan
            if self.published is not None:
                paper = self.published.figure(self.part, row, column, quantity)
        self.rows.append(
            Row(self.part, self.kind, self.dataset, row, column, quantity, value, *interval, n, paper)
        )

    def add_rate(self, row: str, column: str, quantity: str, rate: Rate) -> None:
        """Add a share, with Wilson's interval."""
        self.add(row, column, quantity, rate.percent, rate.n, rate.interval_percent)

    def add_mean(self, row: str, column: str, quantity: str, values: NDArray[np.float64]) -> None:
        """Add a mean, with the interval of 1.96 standard errors; infinite values are left out."""
        values = values[np.isfinite(values)]
        n = len(values)
        mean = float(values.mean()) if n else math.nan
        reach = 1.96 * float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        self.add(row, column, quantity, mean, n, (mean - reach, mean + reach))


@dataclass(frozen=True)
class PublishedFigures:
    """The figures of a paper.

    Parameters
    ----------
    path : Path
        CSV file with the columns part, row, column, quantity, value.
    """

    path: Path

    @cached_property
    def _figures(self) -> dict[tuple[str, str, str, str], float]:
        with self.path.open(encoding="utf-8", newline="") as file:
            return {
                (line["part"], line["row"], line["column"], line["quantity"]): float(line["value"])
                for line in csv.DictReader(file)
            }

    def figure(self, part: str, row: str, column: str, quantity: str) -> float:
        """Return the paper's figure, or NaN."""
        return self._figures.get((part, row, column, quantity), math.nan)

    def rows(self, part: str, kind: str = "", dataset: str = "") -> Rows:
        """Return the rows of a part, none yet."""
        return Rows(self, part, kind, dataset)


def as_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as a table, with the difference to the paper."""
    columns = [each.name for each in fields(Row)]
    lines = [{**asdict(row), "difference": row.difference} for row in rows]
    return pd.DataFrame(lines, columns=[*columns, "difference"])
