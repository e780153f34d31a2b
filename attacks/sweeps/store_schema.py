"""The tables of a store, and what is refused as one."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from accelsim.errors import AccelsimError

__all__ = [
    "SCHEMA_VERSION",
    "check_schema",
    "connected",
    "create_schema",
    "is_empty",
    "keep_log",
    "own_sqlite_errors",
]

SCHEMA_VERSION = 1
_APPLICATION = 0x61737770  # "aswp" in the file's header: tells it from other SQLite files
_TABLES = """
    CREATE TABLE craftings (  -- descriptions of how examples are made
        id INTEGER PRIMARY KEY,
        description TEXT NOT NULL UNIQUE,  -- JSON, names and hashes
        identity BLOB NOT NULL,  -- SHA-256 of the content
        attack TEXT NOT NULL,  -- with its parameters, as tables call it
        norm TEXT NOT NULL
    );
    CREATE TABLE victims (  -- descriptions of networks on hardware
        id INTEGER PRIMARY KEY,
        description TEXT NOT NULL UNIQUE,
        identity BLOB NOT NULL
    );
    CREATE TABLE cells (  -- the plan, in the order of its tables
        position INTEGER PRIMARY KEY,
        crafting INTEGER NOT NULL REFERENCES craftings,
        victim INTEGER NOT NULL REFERENCES victims,
        identity BLOB NOT NULL
    );
    CREATE TABLE runs (  -- processes that wrote results
        id INTEGER PRIMARY KEY,
        started TEXT NOT NULL,  -- ISO 8601, UTC
        processes INTEGER NOT NULL,
        engine TEXT NOT NULL,
        versions TEXT NOT NULL  -- JSON: of the software
    );
    CREATE TABLE groups (  -- examples that were crafted, once for several results
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs,
        finished TEXT NOT NULL,  -- ISO 8601, UTC
        crafting_seconds REAL NOT NULL
    );
    CREATE TABLE results (  -- finished cells by content; never changed
        identity BLOB PRIMARY KEY,
        grouped INTEGER NOT NULL REFERENCES groups,
        n INTEGER NOT NULL,
        correct INTEGER NOT NULL,
        inference_seconds REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE verdicts (  -- of each image of a result, a bit: classified as labelled; highest bit first
        identity BLOB PRIMARY KEY REFERENCES results,
        bits BLOB NOT NULL
    );
"""


@contextmanager
def own_sqlite_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into one line.

    Raises
    ------
    AccelsimError
        If the file is no database, cannot be written or read, or the disk is full.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise AccelsimError(
                f"cannot write {path}: {error}; what was finished is in it: make room, then resume"
            ) from error
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise AccelsimError(f"{path} is damaged or not the store of a sweep: {error}") from error
        raise AccelsimError(f"cannot use {path}: {error}") from error


def connected(path: Path, writable: bool) -> sqlite3.Connection:
    """Open the file; a writable one is made if it is missing. Each statement is a transaction of its own."""
    mode, log = "rwc" if writable else "ro", path.with_name(f"{path.name}-wal")
    if not writable and not log.exists() and not os.access(path.absolute().parent, os.W_OK):
        mode += "&immutable=1"  # else SQLite makes files beside it even to read
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)


def keep_log(connection: sqlite3.Connection) -> None:
    """Have a store written so that others read it meanwhile, and what was reported survives a power cut."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def is_empty(connection: sqlite3.Connection) -> bool:
    """Return whether the file has no table, as a new one."""
    return not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]


def create_schema(connection: sqlite3.Connection) -> None:
    """Make the tables: all, or none."""
    header = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {SCHEMA_VERSION};"
    connection.executescript(f"BEGIN IMMEDIATE; {header} {_TABLES} COMMIT;")


def check_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `AccelsimError` unless the file is a store of this version."""
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    if application != _APPLICATION:
        raise AccelsimError(f"{path} is a database, but not the store of a sweep")
    if version > SCHEMA_VERSION:
        raise AccelsimError(
            f"{path} is a store of schema {version}; this accelsim knows schemas up to {SCHEMA_VERSION}: "
            "use the accelsim that made it, or a newer one"
        )
