"""How far a sweep is."""

import sqlite3
from dataclasses import dataclass

__all__ = ["Status", "read_status"]


@dataclass(frozen=True)
class Status:
    """Counts of a store.

    Parameters
    ----------
    cells, finished : int
        Cells of the plan, and those of them that have a result.
    groups, pending_groups : int
        Sets of adversarial examples of the plan, and those that some cell still waits for.
    results : int
        Results of this plan and of earlier ones.
    crafting_seconds, inference_seconds : float
        Summed over all processes that wrote results.
    last_finished : str or None
        When the last result was written: ISO 8601, UTC.
    """

    cells: int
    finished: int
    groups: int
    pending_groups: int
    results: int
    crafting_seconds: float
    inference_seconds: float
    last_finished: str | None


def read_status(connection: sqlite3.Connection) -> Status:
    """Read the counts of an open store."""
    cells, finished, groups, pending_groups = connection.execute(
        """
        SELECT count(*), count(results.identity), count(DISTINCT craftings.identity),
            count(DISTINCT CASE WHEN results.identity IS NULL THEN craftings.identity END)
        FROM cells JOIN craftings ON craftings.id = cells.crafting
        LEFT JOIN results ON results.identity = cells.identity
        """
    ).fetchone()
    results, inference = connection.execute(
        "SELECT count(*), total(inference_seconds) FROM results"
    ).fetchone()
    crafting, last = connection.execute(
        "SELECT total(crafting_seconds), max(finished) FROM groups"
    ).fetchone()
    return Status(cells, finished, groups, pending_groups, results, crafting, inference, last)
