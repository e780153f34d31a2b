import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from accelsim.errors import AccelsimError
from accelsim.rtl.child_process import find_program, run_child

WITH_PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
GRANDPARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
print(child.pid, flush=True)
open("pid", "w").write(str(child.pid))
child.wait()
"""


def gone(pid):
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_output_and_exit_code(tmp_path):
    code = "import os, sys; print(os.getcwd()); print('x', file=sys.stderr); sys.exit(3)"
    ended = run_child([sys.executable, "-c", code], tmp_path)
    assert ended.returncode == 3
    assert ended.stdout == f"{os.path.realpath(tmp_path)}\nx\n"


@WITH_PROC
def test_time_limit_kills_grandchildren(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        run_child([sys.executable, "-c", GRANDPARENT], tmp_path, seconds=2)
    assert gone(int((tmp_path / "pid").read_text()))


@WITH_PROC
def test_ctrl_c_kills_grandchildren(tmp_path):
    code = (
        "import pathlib, signal, sys\nfrom accelsim.rtl.child_process import run_child\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background ignores it
        f"run_child([sys.executable, '-c', {GRANDPARENT!r}], pathlib.Path('.'))"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.DEVNULL)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.05)
    caller.send_signal(signal.SIGINT)
    caller.wait(20)
    assert gone(int((tmp_path / "pid").read_text()))


def test_programs(monkeypatch, tmp_path):
    assert os.access(find_program("sh", "for tests"), os.X_OK)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AccelsimError, match="^sh is not on PATH; it is needed for tests$"):
        find_program("sh", "for tests")
