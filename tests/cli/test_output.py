import json
import math

import numpy as np
import pytest

from accelsim.cli.output import Output

LONG = "a_name_" * 40


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes this for a terminal
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_piped_tables_are_plain_and_whole(capsys):
    output = Output()
    output.table(["name", "n"], [[LONG, "1"], ["b", output.styled("22", "red")]], title="A title")
    out = capsys.readouterr().out
    assert out.splitlines() == ["A title", f"name{' ' * 279}n", f"{LONG}   1", f"b{' ' * 281}22"]


def test_terminal_tables_have_colours_and_fold_long_names(capsys, terminal):
    output = Output()
    output.table(["name", "n"], [[LONG, output.styled("1", "red")]])
    out = capsys.readouterr().out
    assert "\x1b[31m" in out
    plain = out.replace("\n", "").replace(" ", "")
    assert "…" not in plain
    assert out.count("a_name_") > 30


def test_no_color_is_honoured(capsys, terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    output = Output()
    output.line(output.styled("text", "red"))
    assert "\x1b[31m" not in capsys.readouterr().out


def test_square_brackets_are_no_markup(capsys):
    Output().table(["[bold]"], [["[red]x[/red]"]])
    Output().facts({"[a]": ":smile:"})
    assert capsys.readouterr().out.splitlines() == ["[bold]", "[red]x[/red]", "[a]  :smile:"]


def test_document_is_strict_json(capsys):
    Output(json=True).document(
        {"nan": math.nan, "numpy": np.float32(0.5), "inf": [np.inf, -np.inf], "shape": (1, np.int64(2))}
    )
    content = json.loads(capsys.readouterr().out)
    assert content == {"nan": None, "numpy": 0.5, "inf": [None, None], "shape": [1, 2]}


def test_progress_stays_off_standard_output(capsys, terminal):
    with Output(json=True).working("more"):
        pass
    out, err = capsys.readouterr()
    assert out == ""
    assert "more" in err


@pytest.mark.parametrize("quiet", [False, True])
def test_progress_is_for_terminals_and_not_quiet(capsys, quiet):
    output = Output(quiet=quiet)
    with output.progress("counting", 1) as advance, output.working("more"):
        advance("one", 1)
    assert capsys.readouterr() == ("", "")
