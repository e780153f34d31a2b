"""The wheel and the sdist, built and used away from the checkout."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import accelsim

ROOT = Path(accelsim.__file__).resolve().parent.parent
PROGRAM = """
import accelsim, accelsim.rtl, sys
assert accelsim.__file__.startswith(sys.argv[1]), accelsim.__file__
from accelsim.cli import main
main(["multiply", "mul4u_udm", "3", "3", "--json"])
"""


def run(*command: str, **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that is built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), cwd=ROOT)
    return folder


def test_sdist_holds_the_rooms_as_files(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        members = {member.name.split("/", 1)[-1]: member for member in content.getmembers()}
    for name in [
        "accelsim/rtl/cells.py",
        "accelsim/models/weights/lenet5_guesmi-mnist.safetensors",
        "accelsim/rtl/evolved/mul8u_evo_m0.gates",
        "accelsim/cli/__init__.py",
        "accelsim/py.typed",
        "LICENSE",
        "README.md",
    ]:
        assert members[name].isfile(), name


def test_wheel_installs_nothing_beside_accelsim(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
    assert "accelsim/rtl/evolved/mul8u_evo_m0.gates" in names
    assert {name for name in names if name.startswith("accelsim/models/weights/")} == {
        f"accelsim/models/weights/{path.name}" for path in (ROOT / "models" / "weights").iterdir()
    }
    top = {name.split("/")[0] for name in names}
    assert {name.split("-")[0] for name in top} == {"accelsim"}


def test_wheel_works_elsewhere(built, tmp_path):
    (wheel,) = built.glob("*.whl")
    site = tmp_path / "site"
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(site), str(wheel))
    environment = {**os.environ, "PYTHONPATH": str(site)}
    printed = run(sys.executable, "-c", PROGRAM, str(site), cwd=tmp_path, env=environment)
    assert json.loads(printed)["approximate_product"] == 7
