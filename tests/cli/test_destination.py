from pathlib import Path

import pytest

from accelsim.cli.destination import require_writable_file, require_writable_folder
from accelsim.errors import AccelsimError


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


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(AccelsimError, match="it is a folder"):
        require_writable_file(tmp_path)
