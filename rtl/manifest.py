"""The user's imported multipliers: a manifest of one JSON line each, and the files they came from.

Below `accelsim.storage.home_folder`:

``multipliers.jsonl``
    The manifest. It is replaced as a whole, by renaming, so a reader never sees half of it; who changes it
    holds the lock ``multipliers.lock`` (``flock``) from reading to renaming, so that of two processes that
    import at once neither loses what the other has added.
``multipliers/<digest>/``
    Files of one multiplier, as they were imported.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from accelsim.errors import AccelsimError, nearest
from accelsim.storage import home_folder, locked, written_atomically

__all__ = [
    "Entry",
    "KeptFile",
    "Outcome",
    "add_entries",
    "kept_folder",
    "kept_paths",
    "manifest_path",
    "read_entries",
    "remove_entries",
]

Outcome = Literal["added", "replaced", "unchanged"]


@dataclass(frozen=True)
class KeptFile:
    """A file that was imported: its name, and the SHA-256 of its content in hexadecimal."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Entry:
    """A line of the manifest.

    Parameters
    ----------
    name : str
        The multiplier's name.
    a_width, b_width : int
        Bits of the operands.
    signed : bool
        Whether operands and product are two's complement.
    files : tuple of KeptFile
        The multiplier's own file, then the others it needs.
    module : str or None
        Verilog, BLIF, Yosys JSON: the module.
    ports : tuple of three str, or None
        Its ports: ``a``, ``b``, product.
    order : {"ab", "ba"} or None
        LUT: the order of the operands in the file.
    metrics : mapping of str to number, or None
        Error metrics as `accelsim.metrics.ErrorMetrics` calls them; None where it is too wide for a LUT.
    """

    name: str
    a_width: int
    b_width: int
    signed: bool
    files: tuple[KeptFile, ...]
    module: str | None
    ports: tuple[str, str, str] | None
    order: Literal["ab", "ba"] | None
    metrics: Mapping[str, float] | None

    def described(self) -> str:
        """Return what it is, in a few words."""
        own, kind = self.files[0], "signed" if self.signed else "unsigned"
        return f"{self.a_width} x {self.b_width}-bit {kind}, {own.file} (SHA-256 {own.sha256[:8]}…)"

    @property
    def digest(self) -> str:
        """SHA-256 of what makes the multiplier: contents, and how they are read; not what it is called."""
        own, *others = self.files
        content = [Path(own.file).suffix, own.sha256, [asdict(other) for other in others]]
        facts = [self.signed, self.module, self.ports, self.order]
        return hashlib.sha256(json.dumps([content, facts]).encode()).hexdigest()


def manifest_path() -> Path:
    """Return where the manifest is."""
    return home_folder() / "multipliers.jsonl"


def kept_folder(entry: Entry) -> Path:
    """Return the folder of a multiplier's files."""
    return home_folder() / "multipliers" / entry.digest[:16]


def kept_paths(entry: Entry) -> list[Path]:
    """Return a multiplier's files, after making sure that they are what was imported.

    Raises
    ------
    AccelsimError
        If one is missing or was changed.
    """
    paths = [kept_folder(entry) / kept.file for kept in entry.files]
    for path, kept in zip(paths, entry.files, strict=True):
        if _sha256(path) != kept.sha256:
            raise AccelsimError(f"{path} was changed after it was imported as {entry.name}; import it again")
    return paths


def read_entries() -> dict[str, Entry]:
    """Return the imported multipliers by name, in the order of their import.

    Raises
    ------
    AccelsimError
        If the manifest cannot be read, or a line of it is damaged.
    """
    path = manifest_path()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise AccelsimError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    entries = (_parsed(path, number, line) for number, line in enumerate(lines, 1) if line.strip())
    return {entry.name: entry for entry in entries}


def add_entries(
    new: Sequence[tuple[Entry, Sequence[Path]]], replace: bool, reserved: Callable[[str], str | None]
) -> list[Outcome]:
    """Keep multipliers with their files; all of them or, on an error, none.

    Parameters
    ----------
    new : sequence of (Entry, sequence of Path)
        The lines, and where the files lie now.
    replace : bool
        Whether a multiplier of the same name but other content may be replaced.
    reserved : callable
        Returns what has a name outside the manifest, or None.

    Returns
    -------
    list of {"added", "replaced", "unchanged"}
        What happened to each.

    Raises
    ------
    AccelsimError
        If a name is taken, or something cannot be written.
    """
    with locked(home_folder() / "multipliers.lock"):
        old = read_entries()
        entries = dict(old)
        outcomes: list[Outcome] = []
        for entry, _ in new:
            there = entries.get(entry.name)
            if taken := reserved(entry.name):
                raise AccelsimError(f"{entry.name} is the name of {taken}; choose another with --name")
            if there is None:
                outcomes.append("added")
            elif there.digest == entry.digest:
                outcomes.append("unchanged")
                continue
            elif replace and old.get(entry.name) is there:
                outcomes.append("replaced")
            else:
                raise AccelsimError(
                    f"{entry.name} is already the name of another multiplier, {there.described()}; choose "
                    f"another with --name, or --replace it"
                )
            entries[entry.name] = entry
        for entry, paths in new:
            _keep(entry, paths)
        _rewrite(old, entries)
    return outcomes


def remove_entries(names: Sequence[str]) -> list[Entry]:
    """Forget imported multipliers and delete their files; all of them or, on an error, none.

    Returns
    -------
    list of Entry
        Their lines, in the order of the names.

    Raises
    ------
    AccelsimError
        If a name is not that of an imported multiplier, or the manifest cannot be written.
    """
    with locked(home_folder() / "multipliers.lock"):
        old = read_entries()
        for name in names:
            if name not in old:
                hint = nearest(name, old) or "; `accelsim multipliers list` names them, with their files"
                raise AccelsimError(f"{name!r} is not an imported multiplier{hint}")
        _rewrite(old, {name: entry for name, entry in old.items() if name not in names})
    return [old[name] for name in names]


def _rewrite(old: Mapping[str, Entry], entries: Mapping[str, Entry]) -> None:
    """Replace the manifest, then delete the files that no entry is left for."""
    if entries != old:
        with written_atomically(manifest_path(), "w") as file:
            file.writelines(
                json.dumps(asdict(entry), ensure_ascii=False) + "\n" for entry in entries.values()
            )
    used = {kept_folder(entry) for entry in entries.values()}
    for entry in old.values():
        if kept_folder(entry) not in used:
            shutil.rmtree(kept_folder(entry), ignore_errors=True)


def _keep(entry: Entry, paths: Sequence[Path]) -> None:
    """Copy the files of a multiplier that are not yet kept."""
    for kept, path in zip(entry.files, paths, strict=True):
        target = kept_folder(entry) / kept.file
        with suppress(AccelsimError):
            if _sha256(target) == kept.sha256:
                continue
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != kept.sha256:
            raise AccelsimError(f"{path} changed while it was imported")
        with written_atomically(target) as file:
            file.write(content)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error


def _parsed(path: Path, number: int, line: str) -> Entry:
    try:
        content: dict[str, Any] = json.loads(line)
        content["files"] = tuple(KeptFile(**kept) for kept in content["files"])
        content["ports"] = content["ports"] and tuple(content["ports"])
        return Entry(**content)
    except (ValueError, TypeError, KeyError) as error:
        raise AccelsimError(f"{path}:{number}: damaged line of the manifest: {error}") from error
