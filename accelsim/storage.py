"""Folders of the user, and files that are either whole or not there."""

import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from accelsim.errors import AccelsimError

__all__ = [
    "cache_folder",
    "data_folder",
    "home_folder",
    "locked",
    "require_writable_file",
    "require_writable_folder",
    "written_atomically",
]


def cache_folder() -> Path:
    """Return the folder of everything that can be made again: ``$ACCELSIM_CACHE`` or the user's cache."""
    chosen = os.environ.get("ACCELSIM_CACHE")
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("accelsim")


def data_folder() -> Path:
    """Return the folder of the data sets: ``$ACCELSIM_DATA`` or ``data`` in the cache folder."""
    chosen = os.environ.get("ACCELSIM_DATA")
    return Path(chosen) if chosen else cache_folder() / "data"


def home_folder() -> Path:
    """Return the folder of what only the user can bring again: ``$ACCELSIM_HOME`` or the user's data."""
    chosen = os.environ.get("ACCELSIM_HOME")
    if chosen:
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("accelsim")


@contextmanager
def locked(path: str | os.PathLike[str], busy: str = "") -> Iterator[None]:
    """Hold an exclusive lock (``flock``) on a file while the block runs; other processes wait for it.

    The file and missing parent folders are made; the file stays, empty.

    Parameters
    ----------
    path : path-like
        The file.
    busy : str
        What is wrong if another process holds the lock; default: nothing, it is waited for.

    Raises
    ------
    AccelsimError
        If the file cannot be made or locked.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise AccelsimError(f"cannot write {path}: {_reason(error)}") from error
    with file:  # closing it unlocks
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError as error:
            raise AccelsimError(busy) from error
        except OSError as error:
            raise AccelsimError(f"cannot lock {path}: {_reason(error)}") from error
        yield


@contextmanager
def written_atomically(path: str | os.PathLike[str], mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a temporary file beside ``path`` and rename it to ``path`` when the block ends without error.

    Missing parent folders are made. A new file gets the permissions that the umask leaves, a file that was
    there keeps its own. On any error, Ctrl-C included, the temporary file is removed and what stood at
    ``path`` before is untouched.

    Parameters
    ----------
    path : path-like
        The file to write.
    mode : {"wb", "w"}
        Bytes or UTF-8 text.

    Raises
    ------
    AccelsimError
        If the folder or the file cannot be written.
    """
    path = Path(path)
    encoding = None if "b" in mode else "utf-8"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        file = temporary.open(mode.replace("w", "x"), encoding=encoding)
    except OSError as error:
        raise AccelsimError(f"cannot write {path}: {_reason(error)}") from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise AccelsimError(f"cannot write {path}: {_reason(error)}") from error
        raise


def require_writable_folder(folder: Path, advice: str = "") -> None:
    """Raise unless a folder, which need not exist yet, takes files: before the work that they are to hold.

    Leaves no trace.

    Parameters
    ----------
    folder : Path
        Where files will be written.
    advice : str
        What the message adds.

    Raises
    ------
    AccelsimError
        If it does not.
    """
    existing = next(path for path in [folder, *folder.absolute().parents] if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = f"{existing}: {error.strerror}{advice and '; '}{advice}"
        raise AccelsimError(f"cannot write into {folder}: {reason}") from error


def require_writable_file(path: Path) -> None:
    """Raise unless a file can be made or replaced: before the work that it is to hold. Leaves no trace.

    Raises
    ------
    AccelsimError
        If it cannot.
    """
    if path.is_dir():
        raise AccelsimError(f"cannot write {path}: it is a folder; give the name of a file")
    require_writable_folder(path.parent)


def _reason(error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "a part of the path is a file, not a folder"
    return error.strerror or str(error)
