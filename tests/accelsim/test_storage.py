import fcntl
import os
import stat
from pathlib import Path

import pytest

from accelsim.errors import AccelsimError, nearest
from accelsim.storage import (
    cache_folder,
    data_folder,
    home_folder,
    locked,
    require_writable_file,
    require_writable_folder,
    written_atomically,
)


def test_folders_follow_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path / "c"))
    monkeypatch.delenv("ACCELSIM_DATA", raising=False)
    assert cache_folder() == tmp_path / "c"
    assert data_folder() == tmp_path / "c" / "data"
    monkeypatch.setenv("ACCELSIM_DATA", str(tmp_path / "d"))
    assert data_folder() == tmp_path / "d"
    monkeypatch.delenv("ACCELSIM_CACHE")
    assert cache_folder().name == "accelsim"


def test_file_appears_whole(tmp_path):
    with written_atomically(tmp_path / "new" / "f.txt", "w") as file:
        file.write("whole")
        assert not (tmp_path / "new" / "f.txt").exists()
    assert (tmp_path / "new" / "f.txt").read_text() == "whole"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["f.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_old_content_survives_an_error(tmp_path, error):
    path = tmp_path / "f.txt"
    path.write_text("old")

    def write() -> None:
        with written_atomically(path, "w") as file:
            file.write("half")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_follow_the_umask_and_the_old_file(tmp_path):
    def written(name: str) -> int:
        with written_atomically(tmp_path / name) as file:
            file.write(b"x")
        return stat.S_IMODE((tmp_path / name).stat().st_mode)

    for umask, mode in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o664)):
        old = os.umask(umask)
        try:
            assert written(f"{umask:o}") == mode
            (tmp_path / f"{umask:o}").chmod(0o640)
            assert written(f"{umask:o}") == 0o640
        finally:
            os.umask(old)


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "f.txt"
    with pytest.raises(AccelsimError, match="a part of the path is a file"), written_atomically(path):
        pass


def test_nearest():
    assert nearest("mul8u_drun_k4", ["mul8u_drum_k4", "x"]) == "; did you mean mul8u_drum_k4?"
    assert nearest("zzz", ["mul8u_drum_k4"]) == ""


def test_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ACCELSIM_HOME", str(tmp_path / "h"))
    assert home_folder() == tmp_path / "h"
    monkeypatch.delenv("ACCELSIM_HOME")
    assert home_folder().name == "accelsim"
    assert home_folder() != cache_folder()


def test_lock_is_held_while_the_block_runs_and_leaves_the_file_alone(tmp_path):
    path = tmp_path / "new" / "lock"

    def lock_twice():
        with locked(path), path.open() as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    for _ in range(2):  # the error in the block frees the lock, or the second round would wait forever
        with pytest.raises(BlockingIOError):
            lock_twice()
    before = path.stat().st_mtime_ns
    with locked(path):
        pass
    assert path.stat().st_mtime_ns == before


def test_a_folder_to_be_made_is_fine_and_not_made(tmp_path):
    require_writable_folder(tmp_path / "a" / "b")
    require_writable_file(tmp_path / "a" / "b" / "c.txt")
    assert list(tmp_path.iterdir()) == []


def test_relative_paths_are_fine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    require_writable_file(Path("c.txt"))
    require_writable_folder(Path("a/b"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["file", "file/below", "file/far/below"])
def test_what_lies_below_a_file_is_refused(tmp_path, where):
    (tmp_path / "file").write_text("")
    with pytest.raises(AccelsimError, match="cannot write into .*: Not a directory"):
        require_writable_folder(tmp_path / where)


def test_advice_is_added(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AccelsimError, match="Not a directory; choose another$"):
        require_writable_folder(tmp_path / "file", "choose another")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(AccelsimError, match="it is a folder"):
        require_writable_file(tmp_path)
