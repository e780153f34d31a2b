import errno
import signal
import subprocess
import sys

import click
import pytest

from accelsim import __version__
from accelsim.cli import command_line
from accelsim.cli.command_line import root
from accelsim.errors import AccelsimError

COMMANDS = ["multipliers", "multiply", "verify-mult", "train", "evaluate", "attack"]


def test_help_names_every_command(accelsim):
    ended = accelsim("--help")
    assert (ended.code, ended.err) == (0, "")
    for command in COMMANDS:
        assert f"\n  {command} " in ended.out


def test_no_argument_shows_the_help(accelsim):
    assert accelsim() == accelsim("--help")


def test_version(accelsim):
    assert accelsim("--version").out == f"accelsim {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(accelsim, command):
    ended = accelsim(command, "--help")
    assert ended.code == 0
    assert f"Usage: accelsim {command}" in ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_summaries_in_the_list_are_those_of_the_commands(command):
    context = click.Context(root)
    assert root.lazy_commands[command].summary == root.get_command(context, command).get_short_help_str(200)


def test_unknown_command_names_the_nearest(refused):
    assert refused("atack") == "accelsim: no command atack; did you mean attack? (see accelsim --help)\n"


def test_unknown_command_far_from_any_names_all(refused):
    assert f"there are {', '.join(root.lazy_commands)} (see" in refused("zzz")


def test_unknown_option_names_the_nearest(refused):
    expected = "accelsim: no option --budgte; did you mean --budget? (see accelsim attack --help)\n"
    assert refused("attack", "--budgte", "1") == expected


def test_missing_argument_says_where_the_help_is(refused):
    assert refused("multiply", "mul4u_exact", "3").endswith("(see accelsim multiply --help)\n")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (AccelsimError("something\n  is wrong"), 2, "accelsim: something is wrong\n"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            2,
            "accelsim: [Errno 28] No space left on device\n",
        ),
        (KeyboardInterrupt(), 130, "accelsim: interrupted\n"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_exit_code_and_line_of_an_error(accelsim, monkeypatch, error, code, line):
    @click.command()
    def fails():
        raise error

    monkeypatch.setattr(root, "get_command", lambda ctx, name: fails)
    monkeypatch.setattr(command_line, "_discard_output", lambda: None)
    ended = accelsim("train")
    assert (ended.code, ended.out, ended.err) == (code, "", line)


@pytest.mark.parametrize("disguise", [AccelsimError("a child died"), RecursionError()])
def test_ctrl_c_that_comes_out_as_another_error_is_ctrl_c(accelsim, monkeypatch, disguise):
    @click.command()
    def disguises():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise disguise from None

    monkeypatch.setattr(root, "get_command", lambda ctx, name: disguises)
    ended = accelsim("train")
    assert (ended.code, ended.out, ended.err) == (130, "", "accelsim: interrupted\n")


def test_bugs_keep_their_traceback(accelsim, monkeypatch):
    @click.command()
    def fails():
        raise ZeroDivisionError

    monkeypatch.setattr(root, "get_command", lambda ctx, name: fails)
    with pytest.raises(ZeroDivisionError):
        accelsim("train")


@pytest.mark.parametrize("command", [[], ["multipliers", "list"], ["attack"]])
def test_help_imports_nothing_heavy(command):
    code = (
        "import sys; from accelsim.cli import main\n"
        f"code = main({[*command, '--help']!r})\n"
        "heavy = {'numpy', 'torch', 'numba', 'amaranth', 'rich', 'foolbox', 'pandas', 'matplotlib'}\n"
        "sys.exit(code or ' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_of_the_list_imports_no_command():
    code = (
        "import sys; from accelsim.cli import main; main(['--help'])\n"
        "sys.exit(' '.join(name for name in sys.modules if name.startswith('accelsim.cli.multip')) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_reader_that_goes_away_is_no_error():
    command = f"'{sys.executable}' -m accelsim.cli multipliers list | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    header, code = done.stdout.splitlines()
    assert header.startswith("multiplier")
    assert code in {"0", "141"}  # 0 if all was written before head ended
    assert done.stderr == ""


def test_closed_output_is_no_error():
    command = f"'{sys.executable}' -m accelsim.cli --help >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
