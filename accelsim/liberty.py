"""The syntax of Liberty files: nested groups of attributes.

A Liberty file is one group ``library (name) { ... }``; a group holds attributes, ``name : value ;`` or
``name (value, ...) ;``, and further groups ``kind (name, ...) { ... }`` (Liberty User Guide, vol. 1).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from accelsim.errors import AccelsimError

__all__ = ["Attribute", "Group", "parse_liberty"]

_TOKEN = re.compile(
    r"""
    (?P<space> (?: [^\S\n] | \\[^\S\n]*\n | /\*.*?\*/ | //[^\n]* )+ )
  | (?P<newline> \n )
  | (?P<string> "[^"]*" )
  | (?P<mark> [{}():;,] )
  | (?P<word> (?: [^\s{}():;,"/\\] | /(?![*/]) )+ )
    """,
    re.VERBOSE | re.DOTALL,
)


class Attribute(NamedTuple):
    """The values of an attribute, and the line it stands on."""

    values: tuple[str, ...]
    line: int


@dataclass
class Group:
    """A group and what it holds.

    Attributes
    ----------
    kind : str
        Such as ``"cell"``.
    arguments : tuple of str
        What stands in parentheses, such as the cell's name.
    file : str
        Name of the file, for error messages.
    line : int
        Line where the group begins.
    attributes : dict of str to Attribute
        By name; the last one counts.
    groups : list of Group
        In the file's order.
    """

    kind: str
    arguments: tuple[str, ...]
    file: str
    line: int
    attributes: dict[str, Attribute] = field(default_factory=dict)
    groups: list["Group"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The first argument."""
        return self.arguments[0] if self.arguments else ""

    def all(self, *kinds: str) -> Iterator["Group"]:
        """Yield the groups of given kinds."""
        return (group for group in self.groups if group.kind in kinds)

    def text(self, name: str, default: str = "") -> str:
        """Return an attribute's first value."""
        found = self.attributes.get(name)
        return found.values[0] if found and found.values else default

    def number(self, name: str) -> float | None:
        """Return an attribute as a number, None where there is no such attribute.

        Raises
        ------
        AccelsimError
            If it is not a number.
        """
        found = self.attributes.get(name)
        if found is None:
            return None
        numbers = self.numbers(name)
        if len(numbers) != 1:
            raise AccelsimError(f"{self.file}, line {found.line}: {name} is not one number")
        return numbers[0]

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return all numbers of an attribute, row after row, empty where there is no such attribute.

        Raises
        ------
        AccelsimError
            If one of them is not a number.
        """
        found = self.attributes.get(name)
        if found is None:
            return ()
        text = " ".join(found.values).replace(",", " ").replace("\\", " ")
        try:
            return tuple(map(float, text.split()))
        except ValueError as error:
            reason = str(error).rsplit(":", 1)[-1].strip()
            raise AccelsimError(
                f"{self.file}, line {found.line}: {name} has {reason} where a number is expected"
            ) from None

    def error(self, message: str) -> AccelsimError:
        """Return an error at this group's line."""
        return AccelsimError(f"{self.file}, line {self.line}: {message}")


def parse_liberty(path: Path) -> Group:
    """Read a Liberty file.

    Returns
    -------
    Group
        The library.

    Raises
    ------
    AccelsimError
        If the file cannot be read or breaks the syntax; the message has the line.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
    return _Reader(path.name, text).library()


class _Token(NamedTuple):
    kind: str
    text: str
    line: int

    @property
    def mark(self) -> str:
        """The punctuation mark that the token is; a mark in a string is none."""
        return self.text if self.kind == "mark" else ""


class _Reader:
    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.tokens = list(_tokens(file, text))
        self.next = 0

    def library(self) -> Group:
        while self.peek().kind == "newline":
            self.next += 1
        first = self.peek()
        if first.text != "library":
            raise self.error(first, f"expected library (name) {{, found {_shown(first)}")
        found = self.statement()
        assert isinstance(found, Group)
        self.skip_separators()
        if self.peek().kind != "end":
            raise self.error(self.peek(), f"{_shown(self.peek())} after the end of the library")
        return found

    def statement(self) -> Group | tuple[str, Attribute]:
        """Read an attribute or a group."""
        name = self.take()
        if name.kind not in {"word", "string"}:
            raise self.error(name, f"expected an attribute or a group, found {_shown(name)}")
        mark = self.take()
        if mark.mark == ":":
            return name.text, Attribute((self.value(name),), name.line)
        if mark.mark != "(":
            raise self.error(mark, f"expected ':' or '(' after {name.text}, found {_shown(mark)}")
        arguments = self.arguments(name)
        while self.peek().kind == "newline" and self.after_newlines().mark == "{":
            self.next += 1
        if self.peek().mark != "{":
            if name.text == "library":
                raise self.error(self.peek(), f"expected {{ after library, found {_shown(self.peek())}")
            return name.text, Attribute(arguments, name.line)
        self.next += 1
        group = Group(name.text, arguments, self.file, name.line)
        while True:
            self.skip_separators()
            if self.peek().mark == "}":
                self.next += 1
                return group
            if self.peek().kind == "end":
                raise group.error(f"{group.kind} ({group.name}) is never closed")
            found = self.statement()
            if isinstance(found, Group):
                group.groups.append(found)
            else:
                group.attributes[found[0]] = found[1]

    def value(self, name: _Token) -> str:
        """Read the value of ``name : value ;``; a line's end ends it too."""
        parts = []
        while (token := self.peek()).mark not in {";", "}"} and token.kind not in {"newline", "end"}:
            if token.mark in {"{", ":"}:
                raise self.error(token, f"unexpected {_shown(token)} in the value of {name.text}")
            parts.append(token.text)
            self.next += 1
        if not parts:
            raise self.error(name, f"{name.text} has no value")
        return " ".join(parts)

    def arguments(self, name: _Token) -> tuple[str, ...]:
        found = []
        while (token := self.take()).mark != ")":
            if token.kind == "end" or token.mark in {"{", "}", ";"}:
                raise self.error(name, f"the parenthesis after {name.text} is never closed")
            if token.kind != "newline" and token.mark != ",":
                found.append(token.text)
        return tuple(found)

    def skip_separators(self) -> None:
        while self.peek().kind == "newline" or self.peek().mark == ";":
            self.next += 1

    def after_newlines(self) -> _Token:
        at = self.next
        while self.tokens[at].kind == "newline":
            at += 1
        return self.tokens[at]

    def peek(self) -> _Token:
        return self.tokens[self.next]

    def take(self) -> _Token:
        token = self.tokens[self.next]
        self.next = min(self.next + 1, len(self.tokens) - 1)
        return token

    def error(self, token: _Token, message: str) -> AccelsimError:
        return AccelsimError(f"{self.file}, line {token.line}: {message}")


def _tokens(file: str, text: str) -> Iterator[_Token]:
    line, at = 1, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            unclosed = {'"': "a string", "/": "a comment"}.get(text[at])
            what = f"{unclosed} is never closed" if unclosed else f"{text[at]!r} is unexpected"
            raise AccelsimError(f"{file}, line {line}: {what}")
        kind, content = found.lastgroup or "", found[0]
        if kind == "string":
            yield _Token(kind, content[1:-1], line)
        elif kind != "space":
            yield _Token(kind, content, line)
        line += content.count("\n")
        at = found.end()
    yield _Token("end", "", line)


def _shown(token: _Token) -> str:
    return {"newline": "the end of the line", "end": "the end of the file"}.get(token.kind, repr(token.text))
