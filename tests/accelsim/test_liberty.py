import pytest

from accelsim.errors import AccelsimError
from accelsim.liberty import parse_liberty


@pytest.fixture
def parse(tmp_path):
    def run(text):
        path = tmp_path / "cells.lib"
        path.write_text(text)
        return parse_liberty(path)

    return run


def test_groups_and_attributes(parse):
    library = parse(
        """/* a comment
        over lines */ library ("my lib") { // to the line's end
          a : 1.5;
          b : "x; } y" ;
          c (1, "2, 3", \\
             4) ;
          d : one two
          e : 3 }
        """
    )
    assert (library.kind, library.name, library.line) == ("library", "my lib", 2)
    assert library.number("a") == 1.5
    assert library.text("b") == "x; } y"
    assert library.attributes["c"].values == ("1", "2, 3", "4")
    assert library.numbers("c") == (1, 2, 3, 4)
    assert library.text("d") == "one two"
    assert library.number("e") == 3
    assert library.number("f") is None
    assert library.attributes["d"].line == 7


def test_nested_groups(parse):
    library = parse("library(l){cell(A){pin(X){}pin(Y){dir:in;}}cell(B){};}")
    assert [cell.name for cell in library.all("cell")] == ["A", "B"]
    assert [pin.name for pin in library.groups[0].all("pin")] == ["X", "Y"]
    assert library.groups[0].groups[1].text("dir") == "in"


def test_a_brace_may_stand_on_the_next_line(parse):
    assert parse("\n\nlibrary (l)\n{\n cell (A)\n\n {\n}\n}\n").groups[0].line == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected library .name. {, found the end of the file"),
        ("cell (A) {}", "line 1: expected library .name. {, found 'cell'"),
        ("library (l)\n", "line 1: expected { after library, found the end of the line"),
        ("library (l) {\n a : 1;\n", "line 1: library .l. is never closed"),
        ("library (l) {\n cell (A) {\n a : 1;\n}\n", "line 1: library .l. is never closed"),
        ("library (l) {\n a\n}", "line 2: expected ':' or '.' after a, found the end of the line"),
        ("library (l) {\n a : ;\n}", "line 2: a has no value"),
        ("library (l) {\n a : b : c;\n}", "line 2: unexpected ':' in the value of a"),
        ("library (l) {\n a (1, 2;\n}", "line 2: the parenthesis after a is never closed"),
        ('library (l) {\n\n a : "x;\n}', "line 3: a string is never closed"),
        ("library (l) {\n /* x\n}", "line 2: a comment is never closed"),
        ("library (l) {\n} }", "line 2: '}' after the end of the library"),
        ("library (l) {\n , }", "line 2: expected an attribute or a group, found ','"),
    ],
)
def test_broken_syntax(parse, text, message):
    with pytest.raises(AccelsimError, match=f"^cells.lib, {message}"):
        parse(text)


def test_a_value_that_is_no_number(parse):
    library = parse('library (l) {\n a : x;\n b ("1, 2",\n "3, y");\n c (1, 2);\n}')
    with pytest.raises(AccelsimError, match="cells.lib, line 2: a has 'x' where a number is expected"):
        library.number("a")
    with pytest.raises(AccelsimError, match="cells.lib, line 3: b has 'y' where a number is expected"):
        library.numbers("b")
    with pytest.raises(AccelsimError, match="cells.lib, line 5: c is not one number"):
        library.number("c")


def test_a_missing_file(tmp_path):
    with pytest.raises(AccelsimError, match="cannot read .*none.lib: No such file"):
        parse_liberty(tmp_path / "none.lib")
