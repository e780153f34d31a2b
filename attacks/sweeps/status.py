"""How far a sweep is."""

import sqlite3
from collections import Counter
from dataclasses import dataclass
from math import fsum

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
        Of the finished cells of the plan, whenever they were computed, summed over all processes.
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
    results = {
        identity: (group, seconds)
        for identity, group, seconds in connection.execute(
            "SELECT identity, grouped, inference_seconds FROM results"
        )
    }
    planned: Counter[bytes] = Counter()
    missing: Counter[bytes] = Counter()
    finished: set[bytes] = set()  # cells of the same content have one result
    for crafting, identity in connection.execute("SELECT crafting, identity FROM cells"):
        planned[identity_of[crafting]] += 1
        if identity in results:
            finished.add(identity)
        else:
            missing[identity_of[crafting]] += 1
    crafting_seconds = dict(connection.execute("SELECT id, crafting_seconds FROM groups"))
    (last,) = connection.execute("SELECT max(finished) FROM groups").fetchone()
    return Status(
        planned.total(),
        planned.total() - missing.total(),
        len(planned),
        len(missing),
        len(results),
        fsum(crafting_seconds[group] for group in {results[identity][0] for identity in finished}),
        fsum(results[identity][1] for identity in finished),
        last,
    )
