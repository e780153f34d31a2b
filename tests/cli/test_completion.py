import pytest

from accelsim.attacks import attack_names
from accelsim.rtl.library import names


@pytest.fixture
def completed(accelsim, capsys, monkeypatch):
    """Ask as bash does: what completes the last word?"""

    def complete(*words):
        monkeypatch.setenv("_ACCELSIM_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["accelsim", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        with pytest.raises(SystemExit):
            accelsim()
        return [line.partition(",")[2] for line in capsys.readouterr().out.splitlines()]

    return complete


def test_commands(completed):
    assert completed("mult") == ["multipliers", "multiply"]


def test_multipliers(completed):
    assert completed("multiply", "mul4s_sm_") == [name for name in names() if name.startswith("mul4s_sm_")]


def test_attacks(completed):
    assert completed("attack", "--attack", "") == ["all", "paper", *attack_names("fixed-budget")]


def test_script_is_printed(accelsim, capsys, monkeypatch):
    monkeypatch.setenv("_ACCELSIM_COMPLETE", "zsh_source")
    with pytest.raises(SystemExit):
        accelsim()
    assert "#compdef accelsim" in capsys.readouterr().out
