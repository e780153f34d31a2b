"""Files of runs: YAML, checked key by key, with the line of what is wrong."""

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

import yaml

from accelsim.attacks.runs.run import Run, RunAttack, RunNetwork
from accelsim.errors import AccelsimError, nearest
from accelsim.rtl.catalogue import located
from accelsim.yaml_file import YamlFile

__all__ = ["read_run"]

_Made = TypeVar("_Made")


def read_run(path: str | os.PathLike[str]) -> Run:
    """Return the run that a file describes.

    Its keys are the parameters of `Run`; ``train`` and ``attack`` are lists of those of `RunNetwork` and
    `RunAttack`. Paths in it are relative to its folder.

    Parameters
    ----------
    path : path-like
        The file.

    Raises
    ------
    AccelsimError
        If the file cannot be read, is not YAML, or a key or value is none: with its line.
    """
    file = YamlFile(path)
    if file.root is None:
        raise AccelsimError(f"{path} is empty; expected train and attack")
    return _Reader(file).run(file.root)


class _Reader:
    """What reads the nodes of one file."""

    def __init__(self, file: YamlFile) -> None:
        self.file = file

    def run(self, root: yaml.Node) -> Run:
        values, lines = self._section(root, Run, "the file")
        for key, kind in (("train", RunNetwork), ("attack", RunAttack)):
            if key in values:
                values[key] = tuple(self._made(kind, node) for node in self.file.listed(values[key], key))
        if "transfer" in values:
            values["transfer"] = self._names(values["transfer"], "transfer")
        for key in ("images", "runs", "seed"):
            if key in values:
                values[key] = self.file.value(values[key])
        return self._checked(lambda: Run(**values), lines)

    def _made(self, kind: type[_Made], node: yaml.Node) -> _Made:
        values, lines = self._section(node, kind, kind.__name__.removeprefix("Run").lower())
        read: dict[str, Any] = {}
        types = {each.name: str(each.type) for each in fields(kind)}  # type: ignore[arg-type]
        for key, value in values.items():
            if key == "on":
                read[key] = self._names(value, key)
                continue
            read[key] = self.file.value(value)
            self._check_type(key, read[key], types[key], value)
        folder = self.file.path.parent
        if read.get("weights"):
            read["weights"] = str(folder / read["weights"])
        if read.get("multiplier"):
            read["multiplier"] = located(read["multiplier"], folder)
        return self._checked(lambda: kind(**read), lines)

    def _check_type(self, key: str, value: object, expected: str, node: yaml.Node) -> None:
        """Refuse what a field cannot hold before the object sees it."""
        wanted = {
            "str": (str, "a text"),
            "int": (int, "a whole number"),
            "int | None": (int | None, "a whole number"),
            "float | None": (int | float | None, "a number"),
        }.get(expected.removeprefix("<class '").removesuffix("'>"), (Mapping, "keys with values"))
        if isinstance(value, bool) or not isinstance(value, wanted[0]):
            raise self.file.error(node, f"{key} is {value!r}; expected {wanted[1]}")

    def _section(self, node: yaml.Node, kind: type, what: str) -> tuple[dict[str, yaml.Node], dict[str, int]]:
        """Return the nodes of a section by key, all keys known and none missing, and their lines."""
        known = [each.name for each in fields(kind)]
        entries = self.file.entries(node, what)
        for key, entry in entries.items():
            if key not in known:
                hint = nearest(key, known) or f"; there are {', '.join(known)}"
                raise self.file.error(entry.key, f"{what} has no key {key}{hint}")
        values = {key: entry.value for key, entry in entries.items()}
        for each in fields(kind):
            if each.default is MISSING and each.default_factory is MISSING and each.name not in values:
                raise self.file.error(node, f"{what} has no {each.name}")
        lines = {"": node.start_mark.line, **{key: value.start_mark.line for key, value in values.items()}}
        return values, lines

    def _names(self, node: yaml.Node, key: str) -> tuple[str, ...]:
        found = self.file.value(node)
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            raise self.file.error(node, f"{key} is {found!r}; expected a list of names of networks")
        return tuple(found)

    def _checked(self, make: Callable[[], _Made], lines: Mapping[str, int]) -> _Made:
        """Make an object; what it refuses is said with the line of the first key that the message names."""
        try:
            return make()
        except AccelsimError as error:
            said = str(error).replace(":", " ").replace(";", " ").split()
            line = next((lines[word] for word in said if word and word in lines), lines[""])
            raise AccelsimError(f"{self.file.path}, line {line + 1}: {error}") from error
