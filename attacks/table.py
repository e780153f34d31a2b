"""Robustness per attack, budget and victim, with its interval."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from accelsim.errors import AccelsimError, nearest
from accelsim.storage import written_atomically

__all__ = ["RobustnessTable"]

_TYPES = {
    "attack": "str",
    "norm": "str",
    "budget": "float64",
    "victim": "str",
    "n": "int64",
    "correct": "int64",
    "robustness_percent": "float64",
    "ci_low_percent": "float64",
    "ci_high_percent": "float64",
}


@dataclass(frozen=True, eq=False)
class RobustnessTable:
    """One row per attack, budget and victim.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``attack``; ``norm`` (``l2``, ``linf``); ``budget`` (in that norm, over pixels in [0, 1]);
        ``victim``; ``n`` images; ``correct``, how many of them the victim classifies correctly;
        ``robustness_percent``, their share; ``ci_low_percent`` and ``ci_high_percent``, its Wilson 95 %
        interval.

    Raises
    ------
    AccelsimError
        If the frame has other columns, no row, or a cell twice.
    """

    frame: pd.DataFrame

    def __post_init__(self) -> None:
        if list(self.frame.columns) != list(_TYPES):
            raise AccelsimError(
                f"a robustness table has the columns {', '.join(_TYPES)}; not {', '.join(self.frame.columns)}"
            )
        if self.frame.empty:
            raise AccelsimError("a robustness table has at least one row; this one has none")
        twice = self.frame.duplicated(["attack", "budget", "victim"])
        if twice.any():
            attack, _, budget, victim = self.frame[twice].iloc[0, :4]
            raise AccelsimError(f"a robustness table has two rows for {attack}, budget {budget:g}, {victim}")

    @staticmethod
    def column_names() -> list[str]:
        """Return the names of the frame's columns."""
        return list(_TYPES)

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[Any, ...]]) -> "RobustnessTable":
        """Make a table of rows whose values are in the order of the columns."""
        return cls(pd.DataFrame(list(rows), columns=list(_TYPES)).astype(_TYPES))

    @classmethod
    def load_csv(cls, path: str | os.PathLike[str]) -> "RobustnessTable":
        """Read what `save_csv` wrote; every number comes back as it was.

        Raises
        ------
        AccelsimError
            If the file cannot be read or is not a robustness table.
        """
        try:
            text = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
            return cls(text.astype({column: kind for column, kind in _TYPES.items() if column in text}))
        except OSError as error:
            raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
        except (ValueError, AccelsimError) as error:
            reason = str(error).splitlines()[0]
            raise AccelsimError(f"{path} is damaged or not a robustness table: {reason}") from error

    def save_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the frame as CSV, whole or not at all.

        Raises
        ------
        AccelsimError
            If the file cannot be written.
        """
        with written_atomically(path, "w") as file:
            self.frame.to_csv(file, index=False, lineterminator="\n")

    @property
    def attacks(self) -> list[str]:
        """Attacks in the table's order."""
        return list(self.frame["attack"].unique())

    def pivot(self, attack: str) -> pd.DataFrame:
        """Return ``robustness_percent`` under one attack: ascending budgets by victims in the table's order.

        Raises
        ------
        AccelsimError
            If the table has no such attack.
        """
        if attack not in self.attacks:
            hint = nearest(attack, self.attacks) or f"; it has {', '.join(self.attacks)}"
            raise AccelsimError(f"the table has no attack {attack}{hint}")
        rows = self.frame[self.frame["attack"] == attack]
        grid = rows.pivot(  # noqa: PD010 (a cell is one row, there is nothing to aggregate)
            index="budget", columns="victim", values="robustness_percent"
        )
        return grid.reindex(columns=rows["victim"].unique())

    def heat_map(self, path: str | os.PathLike[str]) -> None:
        """Draw a PNG with a panel per attack, budgets by victims, all on one colour scale from 0 to 100 %.

        Raises
        ------
        AccelsimError
            If the name does not end in ``.png`` or the file cannot be written.
        """
        if Path(path).suffix.lower() != ".png":
            raise AccelsimError(f"cannot draw {path}: the name of a heat map must end in .png")
        from accelsim.attacks.heat_map import heat_map_figure

        figure = heat_map_figure(self)
        with written_atomically(path) as file:
            figure.savefig(file, format="png", dpi=150)
