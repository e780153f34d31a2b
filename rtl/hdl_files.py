"""Files that Yosys reads: whether they are text at all, copies of them, and their names in its messages."""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from accelsim.errors import AccelsimError

__all__ = ["READERS", "check_json", "check_text", "copied", "explained", "placed"]

#: Yosys' command that reads a file, by the ending of its name.
READERS = {
    ".v": "read_verilog",
    ".sv": "read_verilog -sv",
    ".blif": "read_blif",
    ".json": "read_json",
    ".lib": "read_liberty -ignore_miss_func -ignore_miss_dir -ignore_buses",
}


def check_text(path: Path) -> None:
    """Raise `AccelsimError` if a file cannot be read, is empty, or is not text."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
    if not content.strip():
        raise AccelsimError(f"{path} is empty")
    if re.search(rb"[\x00-\x08\x0e-\x1f]", content):
        raise AccelsimError(f"{path} is not a text file; expected a hardware description")


def check_json(path: Path) -> None:
    """Raise `AccelsimError` unless the file has the outline of Yosys' JSON."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise AccelsimError(f"{path}:{error.lineno}: not JSON: {error.msg}") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise AccelsimError(f"{path} is not JSON: {error}") from error
    what = f"{path} is not the JSON that Yosys' write_json writes"
    modules = content.get("modules") if isinstance(content, dict) else None
    if not isinstance(modules, dict):
        raise AccelsimError(f'{what}: expected an object with "modules"')
    for name, body in modules.items():
        parts = [body.get(key) for key in ("ports", "cells")] if isinstance(body, dict) else [None]
        if not all(isinstance(part, dict) for part in parts):
            raise AccelsimError(f'{what}: module {name} is no object with "ports" and "cells"')


def copied(paths: Iterable[Path], folder: Path) -> dict[str, str]:
    """Copy files where Yosys runs; return the path of each by the name of its copy."""
    shown: dict[str, str] = {}
    for path in paths:
        name = re.sub(r"[^A-Za-z0-9_.+]", "_", path.name)
        if name in shown:
            raise AccelsimError(
                f"{path} and {shown[name]} have the same name; Yosys could not tell them apart"
            )
        try:
            shutil.copyfile(path, folder / name)
        except OSError as error:
            raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
        shown[name] = str(path)
    return shown


def placed(message: str, shown: Mapping[str, str], path: str) -> str:
    """Give the files in a message the paths that the user knows, and a message without a place the file's."""
    for name, own in shown.items():
        if message.startswith(f"{name}:"):
            return own + message[len(name) :]
    return message if message.startswith(("cannot ", path)) else f"{path}: {message}"


def explained(reason: str) -> str:
    """Add what helps to Yosys' words."""
    missing = re.search(
        r"Module `\\?(\S+?)' referenced in module `\\?(\S+?)'.*not part of the design", reason
    )
    if missing:
        return f"module {missing[1]}, which {missing[2]} uses, is not there; give its file with --with"
    reason = reason.replace("\\", "")
    if reason.startswith("JSON "):
        return f"not the JSON that Yosys' write_json writes: {reason.removeprefix('JSON ')}"
    return f"{reason.rstrip('!')}; give the file with --with" if "open include file" in reason else reason
