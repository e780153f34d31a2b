import pytest

from accelsim.errors import AccelsimError, nearest
from accelsim.storage import cache_folder, data_folder, written_atomically


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


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "f.txt"
    with pytest.raises(AccelsimError, match="a part of the path is a file"), written_atomically(path):
        pass


def test_nearest():
    assert nearest("mul8u_drun_k4", ["mul8u_drum_k4", "x"]) == "; did you mean mul8u_drum_k4?"
    assert nearest("zzz", ["mul8u_drum_k4"]) == ""
