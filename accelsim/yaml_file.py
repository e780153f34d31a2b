"""YAML files as nodes, which know the line they stand on."""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from accelsim.errors import AccelsimError

__all__ = ["Entry", "YamlFile"]


class _Loader(yaml.SafeLoader):
    """Takes ``1e-3`` for a number, as YAML 1.2 does."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


class Entry(NamedTuple):
    """A key's node and its value's."""

    key: yaml.Node
    value: yaml.Node


class YamlFile:
    """A YAML file, read key by key.

    Parameters
    ----------
    path : path-like
        The file.

    Attributes
    ----------
    root : yaml.Node or None
        Its content; None if there is none.

    Raises
    ------
    AccelsimError
        If the file cannot be read or is not YAML: with its line.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self.root = yaml.compose(self.path.read_text(encoding="utf-8"), Loader=_Loader)
        except OSError as error:
            raise AccelsimError(f"cannot read {self.path}: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise AccelsimError(f"{self.path} is not a text file: {error}") from error
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise AccelsimError(f"{self.path}, line {line}: not YAML: {error.problem}") from error
        except yaml.YAMLError as error:
            raise AccelsimError(f"{self.path} is not YAML: {' '.join(str(error).split())}") from error

    def entries(self, node: yaml.Node, what: str) -> dict[str, Entry]:
        """Return the nodes of a mapping by key.

        Parameters
        ----------
        node : yaml.Node
            The mapping.
        what : str
            What errors call it.

        Raises
        ------
        AccelsimError
            If it is no mapping, or a key is no text or stands there twice.
        """
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, f"{what} is no list of keys with values")
        found: dict[str, Entry] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.error(key, f"a key of {what} is no text")
            if key.value in found:
                raise self.error(key, f"{key.value} stands here twice")
            found[key.value] = Entry(key, value)
        return found

    def listed(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """Return the nodes of a list.

        Raises
        ------
        AccelsimError
            If it is none.
        """
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, f"{what} is no list; its entries begin with a dash")
        return list(node.value)

    def value(self, node: yaml.Node) -> Any:
        """Return the value of a node: text, numbers, lists, mappings whose keys are texts.

        Raises
        ------
        AccelsimError
            If it has a tag of another language, or is not what its tag or its form says.
        """
        try:
            found = _Loader("").construct_object(node, deep=True)
        except yaml.MarkedYAMLError as error:
            raise self.error(node, f"not a value: {error.problem}") from error
        except (ValueError, OverflowError) as error:
            raise self.error(node, f"not a value: {error}") from error
        self._require_texts_as_keys(node)
        return found

    def error(self, node: yaml.Node, message: str) -> AccelsimError:
        """Return an error with the line of a node."""
        return AccelsimError(f"{self.path}, line {node.start_mark.line + 1}: {message}")

    def _require_texts_as_keys(self, node: yaml.Node) -> None:
        if isinstance(node, yaml.SequenceNode):
            for entry in node.value:
                self._require_texts_as_keys(entry)
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.tag != "tag:yaml.org,2002:str":
                    raise self.error(key, f"key {key.value!r} is no text; put it in quotes")
                self._require_texts_as_keys(value)
