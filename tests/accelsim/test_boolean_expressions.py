"""Liberty functions against Python's own evaluation of the same expression."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.boolean_expressions import gates_of, parse_expression, variables
from accelsim.errors import AccelsimError
from accelsim.netlist_builder import NetlistBuilder
from accelsim.simulation import outputs


def truth(text, names):
    """Value of an expression for every input, the last name counting up fastest."""
    builder = NetlistBuilder(dict.fromkeys(names, 1))
    nets = {port.name: port.nets[0] for port in builder.inputs}
    result = gates_of(parse_expression(text), nets, builder.add)
    rows = np.array(list(product([0, 1], repeat=len(names))))
    return outputs(builder.netlist("f", {"y": [result]}), *rows.T).tolist()


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("A", lambda a, b, c: a),
        ("!A", lambda a, b, c: not a),
        ("A'", lambda a, b, c: not a),
        ("!(A*B)", lambda a, b, c: not (a and b)),
        ("A B+C", lambda a, b, c: (a and b) or c),
        ("A+B C", lambda a, b, c: a or (b and c)),
        ("A|B&!C", lambda a, b, c: a or (b and not c)),
        ("A^B C", lambda a, b, c: (a != b) and c),  # exclusive or binds tighter than and
        ("A B^C", lambda a, b, c: a and (b != c)),
        ("(A + B)'", lambda a, b, c: not (a or b)),
        ("!A'", lambda a, b, c: a),
        ("A !B", lambda a, b, c: a and not b),
        ("(!C*A)+(C*B)", lambda a, b, c: b if c else a),
        ("1", lambda a, b, c: True),
        ("A*0", lambda a, b, c: False),
    ],
)
def test_functions(text, python):
    expected = [int(bool(python(*map(bool, row)))) for row in product([0, 1], repeat=3)]
    assert truth(text, "ABC") == expected


EXPRESSIONS = st.recursive(
    st.sampled_from(["A", "B", "C"]),
    lambda inner: st.one_of(
        inner.map(lambda x: f"!({x})"),
        st.tuples(inner, st.sampled_from("*+^"), inner).map(lambda t: f"({t[0]}){t[1]}({t[2]})"),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_any_expression(text):
    # With ~, &, |, ^ on the numbers 0 and -1, Python's operators have Liberty's meaning.
    python = text.replace("!", "~").replace("*", "&").replace("+", "|")
    rows = product([0, -1], repeat=3)
    expected = [eval(python, {}, dict(zip("ABC", row, strict=True))) & 1 for row in rows]
    assert truth(text, "ABC") == expected


def test_variables():
    assert variables(parse_expression("!(A1*A2)+B[3]*1")) == {"A1", "A2", "B[3]"}


def test_a_bare_variable_has_a_net_of_its_own():
    builder = NetlistBuilder({"A": 1})
    assert gates_of(parse_expression("A"), {"A": 2}, builder.add) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "something is missing at its end"),
        ("A*", "something is missing at its end"),
        ("(A+B", "something is missing at its end"),
        ("A)", "unexpected '\\)'"),
        ("A++B", "unexpected '\\+'"),
        ("A%B", "unexpected '%'"),
        ("^A", "unexpected '\\^'"),
    ],
)
def test_broken_expressions(text, message):
    with pytest.raises(AccelsimError, match=message):
        parse_expression(text)
