"""How far a sweep is."""

import sqlite3
from collections import Counter
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
    identity_of = dict(connection.execute("SELECT id, identity FROM craftings"))
    results = {identity for (identity,) in connection.execute("SELECT identity FROM results")}
    planned: Counter[bytes] = Counter()
    missing: Counter[bytes] = Counter()
    for crafting, identity in connection.execute("SELECT crafting, identity FROM cells"):
        planned[identity_of[crafting]] += 1
        missing[identity_of[crafting]] += identity not in results
    (inference,) = connection.execute("SELECT total(inference_seconds) FROM results").fetchone()
    crafting_seconds, last = connection.execute(
        "SELECT total(crafting_seconds), max(finished) FROM groups"
    ).fetchone()
    return Status(
        planned.total(),
        planned.total() - missing.total(),
        len(planned),
        sum(map(bool, missing.values())),
        len(results),
        crafting_seconds,
        inference,
        last,
    )
