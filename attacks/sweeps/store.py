"""A sweep's plan and results in one SQLite file."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from accelsim.attacks.sweeps.rows import COLUMNS, Rows, read_rows
from accelsim.attacks.sweeps.store_schema import (
    check_schema,
    connected,
    create_schema,
    is_empty,
    keep_log,
    own_sqlite_errors,
)
from accelsim.errors import AccelsimError
from accelsim.storage import locked
from accelsim.versions import software_versions

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from accelsim.attacks.sweeps.cells import Cell, Crafting, Victim
    from accelsim.attacks.sweeps.evaluation import Verdicts
    from accelsim.attacks.sweeps.status import Status

__all__ = ["Store"]


class Store:
    """The plan of a sweep, and the results of all cells that are finished.

    A context manager. Results are kept by the cells' identities: a cell that is finished is never computed
    again, whatever plan it stands in. Many processes may read; one may write.

    Parameters
    ----------
    path : path-like
        The file.
    writable : bool
        Whether the plan and the results may change; then a missing file is made.

    Raises
    ------
    AccelsimError
        If the file is missing, damaged, no store, of a newer schema, cannot be used, or another process
        writes it.
    """

    def __init__(self, path: str | os.PathLike[str], *, writable: bool = False) -> None:
        self.path = Path(path)
        with ExitStack() as stack:
            if writable:
                lock = self.path.with_name(f".{self.path.name}.lock")
                stack.enter_context(
                    locked(lock, f"another process writes {self.path}; wait for it, or end it")
                )
            elif not self.path.is_file():
                raise AccelsimError(f"there is no store {self.path}; accelsim sweep run makes one")
            with own_sqlite_errors(self.path):
                self._connection = connected(self.path, writable)
                stack.callback(self._connection.close)
                is_new = writable and is_empty(self._connection)
                if not is_new:
                    check_schema(self._connection, self.path)
                if writable:
                    keep_log(self._connection)
                if is_new:
                    create_schema(self._connection)
            self._stack = stack.pop_all()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; another process may write it from here on."""
        self._stack.close()

    def plan(self, cells: Iterable["Cell"]) -> None:
        """Make these cells the plan, in this order; results of other cells stay in the store.

        Parameters
        ----------
        cells : iterable of Cell
            Resolved (`accelsim.attacks.sweeps.resolved`); two of them may have the same content.

        Raises
        ------
        AccelsimError
            If there is none, one is not resolved, is there twice, or the file cannot be written.
        """
        from accelsim.attacks.sweeps.cells import description

        crafting_ids: dict[Crafting, int] = {}
        victim_ids: dict[Victim, int] = {}
        rows: dict[tuple[int, int], bytes] = {}
        with self._transaction() as connection:
            for cell in cells:
                crafting, victim = cell.crafting, cell.victim
                if crafting not in crafting_ids:
                    attack = crafting.built_attack()
                    crafting_ids[crafting] = _id(
                        connection,
                        "craftings",
                        description(crafting),
                        crafting.identity,
                        attack.label,
                        attack.norm,
                    )
                if victim not in victim_ids:
                    victim_ids[victim] = _id(connection, "victims", description(victim), victim.identity)
                key = crafting_ids[crafting], victim_ids[victim]
                if key in rows:
                    raise AccelsimError(
                        f"the sweep has a cell twice: {crafting.attack}, budget {crafting.budget:g}, "
                        f"victim {victim.label}"
                    )
                rows[key] = bytes.fromhex(cell.identity)
            if not rows:
                raise AccelsimError("the sweep has no cells")
            connection.execute("DELETE FROM cells")
            connection.executemany(
                "INSERT INTO cells VALUES (?, ?, ?, ?)",
                ((position, *key, identity) for position, (key, identity) in enumerate(rows.items())),
            )

    def pending(self) -> list[tuple["Crafting", list["Victim"]]]:
        """Return the cells of the plan without a result, grouped by their examples.

        Of cells with the same content one stands for all.

        Raises
        ------
        AccelsimError
            If the file cannot be read, or the plan was made by another version of accelsim.
        """
        from accelsim.attacks.sweeps.cells import Cell, crafting_from, victim_from

        with own_sqlite_errors(self.path):
            rows = self._connection.execute(
                "SELECT identity, crafting, victim FROM cells "
                "WHERE identity NOT IN (SELECT identity FROM results) ORDER BY position"
            ).fetchall()
            texts = {
                table: dict(self._connection.execute(f"SELECT id, description FROM {table}"))
                for table in ("craftings", "victims")
            }
        craftings = {key: crafting_from(texts["craftings"][key]) for key in {row[1] for row in rows}}
        victims = {key: victim_from(texts["victims"][key]) for key in {row[2] for row in rows}}
        groups: dict[str, tuple[Crafting, list[Victim]]] = {}
        seen: set[bytes] = set()
        for identity, crafting_id, victim_id in rows:
            if identity in seen:
                continue
            seen.add(identity)
            crafting = craftings[crafting_id]
            if bytes.fromhex(Cell(crafting, victims[victim_id]).identity) != identity:
                raise AccelsimError(
                    f"{self.path} was planned by another version of accelsim, whose results may differ; "
                    "plan it anew, with the sweep's file"
                )
            groups.setdefault(crafting.identity, (crafting, []))[1].append(victims[victim_id])
        return list(groups.values())

    def begin_run(self, processes: int) -> int:
        """Note that results will be written from here on; return the run's number.

        Raises
        ------
        AccelsimError
            If the file cannot be written.
        """
        from accelsim.attacks.sweeps.cells import ENGINE

        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO runs (started, processes, engine, versions) VALUES (?, ?, ?, ?)",
                (_now(), processes, ENGINE, json.dumps(software_versions(), sort_keys=True)),
            )
            return int(cursor.lastrowid or 0)

    def record(
        self, run: int, crafting: "Crafting", victims: Sequence["Victim"], verdicts: "Verdicts"
    ) -> None:
        """Write the results of a group: all of them, or none. They survive whatever happens afterwards.

        Raises
        ------
        AccelsimError
            If the file cannot be written.
        """
        import numpy as np

        from accelsim.attacks.sweeps.cells import Cell

        with self._transaction() as connection:
            group = connection.execute(
                "INSERT INTO groups (run, finished, crafting_seconds) VALUES (?, ?, ?)",
                (run, _now(), verdicts.crafting_seconds),
            ).lastrowid
            for victim, correct, seconds in zip(
                victims, verdicts.correct, verdicts.inference_seconds, strict=True
            ):
                identity = bytes.fromhex(Cell(crafting, victim).identity)
                connection.execute(
                    "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?)",
                    (identity, group, len(correct), int(correct.sum()), seconds),
                )
                connection.execute(
                    "INSERT OR IGNORE INTO verdicts VALUES (?, ?)", (identity, np.packbits(correct).tobytes())
                )

    def status(self) -> "Status":
        """Return how far the plan is, and where the time went.

        Raises
        ------
        AccelsimError
            If the file cannot be read.
        """
        from accelsim.attacks.sweeps.status import read_status

        with own_sqlite_errors(self.path):
            return read_status(self._connection)

    def rows(self) -> Rows:
        """Return the finished cells of the plan, in its order.

        Raises
        ------
        AccelsimError
            If the file cannot be read.
        """
        with own_sqlite_errors(self.path):
            return read_rows(self._connection)

    def frame(self) -> "pd.DataFrame":
        """Return the finished cells of the plan as a table: `accelsim.attacks.sweeps.rows.COLUMNS`.

        Raises
        ------
        AccelsimError
            If the file cannot be read.
        """
        import pandas as pd

        return pd.DataFrame(self.rows().tuples(), columns=list(COLUMNS)).astype(COLUMNS)

    def correct(self, identity: str) -> "NDArray[np.bool_]":
        """Return which images the victim of a finished cell classifies as labelled, in order.

        Parameters
        ----------
        identity : str
            `Cell.identity`.

        Returns
        -------
        bool array of shape (n,)

        Raises
        ------
        AccelsimError
            If the store has no result of that cell, or the file cannot be read.
        """
        import numpy as np

        with own_sqlite_errors(self.path):
            found = self._connection.execute(
                "SELECT n, bits FROM results JOIN verdicts USING (identity) WHERE identity = ?",
                (bytes.fromhex(identity),),
            ).fetchone()
        if found is None:
            raise AccelsimError(f"{self.path} has no result of cell {identity[:12]}")
        return np.unpackbits(np.frombuffer(found[1], np.uint8), count=found[0]).astype(bool)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with own_sqlite_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _id(connection: sqlite3.Connection, table: str, description: str, identity: str, *others: str) -> int:
    """Return the number of a description, which is written if it is new."""
    found = connection.execute(f"SELECT id FROM {table} WHERE description = ?", (description,)).fetchone()
    if found:
        return int(found[0])
    marks = ", ".join("?" * (3 + len(others)))
    cursor = connection.execute(
        f"INSERT INTO {table} VALUES ({marks})", (None, description, bytes.fromhex(identity), *others)
    )
    return int(cursor.lastrowid or 0)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
