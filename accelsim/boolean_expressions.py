"""Boolean expressions as Liberty writes them, and the gates that compute them.

The grammar is that of the Liberty User Guide, vol. 1, "function attribute": ``!`` before or ``'`` after an
operand inverts it, ``^`` is exclusive or, ``*``, ``&`` or a space is and, ``+`` or ``|`` is or; inversion
binds tightest, then exclusive or, then and, then or.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from accelsim.errors import AccelsimError
from accelsim.netlist import Gate

__all__ = ["Expression", "Operation", "gates_of", "parse_expression", "variables"]


class Operation(NamedTuple):
    """A gate and the expressions that are its operands."""

    gate: Gate
    operands: "tuple[Expression, ...]"


#: A variable, a constant ``"0"`` or ``"1"``, or an operation.
Expression = str | Operation

_TOKEN = re.compile(r"\s*([A-Za-z_][\w\[\].]*|[01]|[!'^*&+|()])")


def parse_expression(text: str) -> Expression:
    """Parse a Liberty function such as ``"!((A1*A2)+B1)"``.

    Raises
    ------
    AccelsimError
        If it is not an expression, with the place where it breaks.
    """
    tokens: list[tuple[str, int]] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if not found:
            raise AccelsimError(f'function "{text}": unexpected {text[at:].strip()[0]!r}')
        tokens.append((found[1], found.start(1)))
        at = found.end()
    return _Parser(text, tokens).whole()


def variables(expression: Expression) -> set[str]:
    """Return the names of the variables."""
    if isinstance(expression, str):
        return set() if expression in "01" else {expression}
    return set().union(*map(variables, expression.operands))


def gates_of(
    expression: Expression, net_of: Mapping[str, int], add_gate: Callable[[Gate, int, int], int]
) -> int:
    """Build an expression of gates.

    Parameters
    ----------
    expression : Expression
        What to compute.
    net_of : mapping of str to int
        Net of each variable.
    add_gate : callable
        Adds a gate with two operand nets and returns the net that it drives.

    Returns
    -------
    int
        Net of the result, driven by a gate of its own even where the expression is a bare variable.
    """

    def net(part: Expression) -> int:
        if isinstance(part, str):
            return int(part) if part in "01" else net_of[part]
        operands = [net(operand) for operand in part.operands]
        return add_gate(part.gate, operands[0], operands[1] if len(operands) > 1 else 0)

    return add_gate(Gate.BUF, net(expression), 0) if isinstance(expression, str) else net(expression)


class _Parser:
    """Recursive descent, one method for each level of precedence."""

    def __init__(self, text: str, tokens: list[tuple[str, int]]) -> None:
        self.text = text
        self.tokens = tokens
        self.next = 0

    def whole(self) -> Expression:
        found = self.either()
        if self.peek():
            raise self.error()
        return found

    def either(self) -> Expression:
        left = self.both()
        while self.peek() in {"+", "|"}:
            self.next += 1
            left = Operation(Gate.OR, (left, self.both()))
        return left

    def both(self) -> Expression:
        left = self.different()
        while (token := self.peek()) and token not in set("+|)"):
            if token in "*&":
                self.next += 1
            left = Operation(Gate.AND, (left, self.different()))
        return left

    def different(self) -> Expression:
        left = self.inverted()
        while self.peek() == "^":
            self.next += 1
            left = Operation(Gate.XOR, (left, self.inverted()))
        return left

    def inverted(self) -> Expression:
        if self.peek() == "!":
            self.next += 1
            return Operation(Gate.NOT, (self.inverted(),))
        found = self.operand()
        while self.peek() == "'":
            self.next += 1
            found = Operation(Gate.NOT, (found,))
        return found

    def operand(self) -> Expression:
        token = self.peek()
        if token == "(":
            self.next += 1
            found = self.either()
            if self.peek() != ")":
                raise self.error()
        elif not token or token in "!'^*&+|)":
            raise self.error()
        else:
            found = token
        self.next += 1
        return found

    def peek(self) -> str:
        return self.tokens[self.next][0] if self.next < len(self.tokens) else ""

    def error(self) -> AccelsimError:
        where = f"unexpected {self.peek()!r}" if self.peek() else "something is missing at its end"
        return AccelsimError(f'function "{self.text}": {where}')
