"""Refuse a file or folder that cannot be written before the work that it is to hold."""

import tempfile
from pathlib import Path

from accelsim.errors import AccelsimError

__all__ = ["require_writable_file", "require_writable_folder"]


def require_writable_folder(folder: Path) -> None:
    """Raise `AccelsimError` unless a folder, which need not exist yet, takes files; leaves no trace."""
    existing = next(path for path in [folder, *folder.absolute().parents] if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise AccelsimError(f"cannot write into {folder}: {existing}: {error.strerror}") from error


def require_writable_file(path: Path) -> None:
    """Raise `AccelsimError` unless a file can be made or replaced; leaves no trace."""
    if path.is_dir():
        raise AccelsimError(f"cannot write {path}: it is a folder; give the name of a file")
    require_writable_folder(path.parent)
