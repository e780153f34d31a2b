import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from importlib import import_module

import click
import pytest

from accelsim.cli.command_line import root
from accelsim.cli.interruption import Interruption


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


class Dropping:
    def __del__(self):
        interrupt()


def test_an_interruption_is_raised_and_noticed():
    with pytest.raises(KeyboardInterrupt), Interruption() as interruption:
        interrupt()
    assert interruption.happened


def test_one_that_comes_out_as_something_else_is_noticed():
    def interrupted_import():
        try:
            interrupt()
        except KeyboardInterrupt:
            raise RecursionError from None

    with pytest.raises(RecursionError), Interruption() as interruption:
        interrupted_import()
    assert interruption.happened


def test_one_that_a_destructor_drops_is_raised_again():
    def drop():
        Dropping()
        time.sleep(30)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Interruption() as interruption:
        drop()
    assert interruption.happened
    assert time.monotonic() - started < 10


def swallow():
    with suppress(BaseException):  # as the bare except of a library does
        interrupt()
    time.sleep(30)


def test_one_that_a_library_swallows_is_raised_again():
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Interruption() as interruption:
        swallow()
    assert interruption.happened
    assert time.monotonic() - started < 10


def test_one_that_is_swallowed_again_and_again_is_raised_until_the_block_ends():
    swallowed = []

    def swallow_five():
        while len(swallowed) < 5:
            try:
                swallow()
            except KeyboardInterrupt:
                swallowed.append(True)
        time.sleep(30)

    with pytest.raises(KeyboardInterrupt), Interruption():
        swallow_five()
    assert len(swallowed) == 5


@contextmanager
def slow_cleanup(seconds, done):
    try:
        yield
    except BaseException:
        time.sleep(seconds)
        done.append(True)
        raise


def test_cleaning_up_is_not_interrupted():
    done = []
    with pytest.raises(KeyboardInterrupt), Interruption(), slow_cleanup(0.3, done):
        interrupt()
    assert done == [True]


def test_cleaning_up_without_end_is_interrupted():
    done = []
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Interruption(), slow_cleanup(30, done):
        interrupt()
    assert done == []
    assert time.monotonic() - started < 10


def test_an_import_ends_first(tmp_path, monkeypatch):
    (tmp_path / "slowly_imported.py").write_text(
        "import signal, time\nsignal.raise_signal(signal.SIGINT)\ntime.sleep(0.2)\nloaded = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def import_and_wait():
        import_module("slowly_imported")
        time.sleep(30)

    with pytest.raises(KeyboardInterrupt), Interruption():
        import_and_wait()
    assert sys.modules.pop("slowly_imported").loaded


def test_a_swallowed_one_ends_the_command_with_130(accelsim, monkeypatch):
    @click.command()
    def swallows():
        swallow()

    monkeypatch.setattr(root, "get_command", lambda ctx, name: swallows)
    ended = accelsim("train")
    assert (ended.code, ended.out, ended.err) == (130, "", "accelsim: interrupted\n")


def test_one_at_the_very_end_ends_the_command_with_130(accelsim, monkeypatch):
    @click.command()
    def swallows():
        with suppress(KeyboardInterrupt):
            interrupt()

    monkeypatch.setattr(root, "get_command", lambda ctx, name: swallows)
    assert accelsim("train").code == 130


def test_none_is_raised_after_the_block():
    with Interruption() as interruption:
        Dropping()
    time.sleep(0.2)
    assert interruption.happened


def test_other_errors_of_destructors_are_reported_as_ever():
    class Failing:
        def __del__(self):
            raise ZeroDivisionError

    reported = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: reported.append(unraisable.exc_type)
    try:
        failing = Failing()
        with Interruption() as interruption:
            del failing
    finally:
        sys.unraisablehook = hook
    assert reported == [ZeroDivisionError]
    assert not interruption.happened


def test_handlers_are_put_back():
    def handlers():
        return signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM), sys.unraisablehook

    before = handlers()
    with Interruption():
        assert all(now != then for now, then in zip(handlers(), before, strict=True))
    assert handlers() == before
    with suppress(KeyboardInterrupt), Interruption():
        interrupt()
    assert handlers() == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.mark.parametrize("seconds", [0.4, 1.2, 6])  # during imports, at the start, in the midst of it
@pytest.mark.parametrize("command", [["verify-mult", "--all"], ["attack", "--attack", "pgd-linf"]])
def test_ctrl_c_ends_a_command_in_one_line(child, tmp_path, command, seconds):
    process = child(*command, cwd=tmp_path)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to Yosys' process, too
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "accelsim: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.25 + 0.02 * step for step in range(64)])
def test_ctrl_c_is_lost_at_no_time(child, tmp_path, seconds):
    process = child("attack", "--attack", "pgd-linf", cwd=tmp_path)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    struck = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "accelsim: interrupted\n")
    assert time.monotonic() - struck < 5
    assert list(tmp_path.iterdir()) == []
