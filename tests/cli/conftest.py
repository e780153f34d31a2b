"""Running commands: in this process to see what is printed, in a child to see how it ends."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from accelsim.cli import main


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def accelsim(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    def run(*arguments: object) -> Ended:
        code = main([str(argument) for argument in arguments])
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def refused(accelsim: Callable[..., Ended]) -> Callable[..., str]:
    """Run a command that must end with exit code 2 and one line; return the line."""

    def run(*arguments: object) -> str:
        ended = accelsim(*arguments)
        assert ended.code == 2
        assert ended.out == ""
        assert ended.err.startswith("accelsim: ")
        assert ended.err.count("\n") == 1
        return ended.err

    return run


@pytest.fixture
def child() -> Callable[..., "subprocess.Popen[str]"]:
    """Start a command in a process group of its own."""

    def start(*arguments: object, **settings: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "accelsim.cli", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **settings,
        )

    return start


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Barely trained networks, by name."""
    from accelsim.models import load_dataset, save_checkpoint, train

    paths = {}
    for network, epochs in {"ffnn": 2, "lenet5": 3}.items():
        paths[network] = tmp_path_factory.mktemp("checkpoints") / f"{network}.safetensors"
        save_checkpoint(train(network, load_dataset("digits"), epochs=epochs, progress=False), paths[network])
    return paths
