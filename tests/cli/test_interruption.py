import os
import signal
import sys
import time

import pytest

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


def test_none_is_raised_after_the_block():
    with Interruption() as interruption:
        Dropping()
    time.sleep(0.1)
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
    before = signal.getsignal(signal.SIGINT), sys.unraisablehook
    with Interruption():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), sys.unraisablehook) == before


@pytest.mark.parametrize("seconds", [0.4, 1.2, 6])  # during imports, at the start, in the midst of it
@pytest.mark.parametrize("command", [["verify-mult", "--all"], ["attack", "--attack", "pgd-linf"]])
def test_ctrl_c_ends_a_command_in_one_line(child, tmp_path, command, seconds):
    process = child(*command, cwd=tmp_path)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to Yosys' process, too
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "accelsim: interrupted\n")
    assert list(tmp_path.iterdir()) == []
