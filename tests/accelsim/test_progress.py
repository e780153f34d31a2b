import time

import pytest

from accelsim import progress
from accelsim.progress import progress_bar


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(progress, "_SECONDS_BEFORE_IT_SHOWS", 0.05)


def count(shown: bool, seconds: float) -> None:
    with progress_bar("counting sheep", 3, shown) as done:
        for sheep in range(3):
            time.sleep(seconds / 3)
            done(f"sheep {sheep}")
        time.sleep(seconds / 3)


def test_a_long_loop_is_shown_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    count(shown=True, seconds=0.9)
    out, err = capsys.readouterr()
    assert out == ""
    assert "counting sheep" in err
    assert "3/3" in err
    assert "sheep 2" in err


def test_a_short_loop_is_not_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BEFORE_IT_SHOWS", 30.0)
    start = time.perf_counter()
    count(shown=True, seconds=0)
    assert time.perf_counter() - start < 10
    assert capsys.readouterr() == ("", "")


def test_it_can_be_off(capsys: pytest.CaptureFixture[str]) -> None:
    count(shown=False, seconds=0.2)
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_nothing_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "0")
    count(shown=True, seconds=0.2)
    assert capsys.readouterr() == ("", "")


def test_an_error_passes_and_the_bar_goes(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        with progress_bar("counting sheep", 3):
            time.sleep(0.2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    err = capsys.readouterr().err
    assert err.count("\x1b[?25l") == err.count("\x1b[?25h") == 1  # cursor hidden, and back
