import re

import pytest

from accelsim.benchmark import LAYER_SIZES

#: Objects whose keys are data.
FREE = {"cells", "gates", "provenance"}


def keys_of(value, name=""):
    if isinstance(value, dict):
        own = set() if name in FREE else set(value)
        return own.union(*(keys_of(entry, key) for key, entry in value.items()))
    if isinstance(value, list):
        return set().union(*(keys_of(entry) for entry in value))
    return set()


@pytest.fixture
def commands(checkpoints, tmp_path, monkeypatch):
    """The arguments of a small run of each command."""
    monkeypatch.setenv("ACCELSIM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("accelsim.benchmark.LAYER_SIZES", LAYER_SIZES[-1:])
    network = ["--checkpoint", checkpoints["ffnn"], "-m", "mul4u_udm", "--images", 4]
    return {
        "multipliers list": [],
        "multipliers show": ["mul4u_udm"],
        "multipliers lut": ["mul4u_udm", "-o", tmp_path / "t.npy"],
        "multipliers import": [tmp_path / "t.npy", "--name", "documented", "--unsigned"],
        "multipliers compare": ["mul4u_udm", "--operations", 10],
        "cost": ["mul4u_udm", "--operations", 10],
        "multiply": ["mul4u_udm", 3, 3],
        "verify-mult": ["mul4u_udm", "--lut", tmp_path / "t.npy"],
        "evolve": [
            *["--seed-circuit", "mul4u_exact", "--bound", "5%", "--evaluations", 400],
            *["-o", tmp_path / "t.gates"],
        ],
        "record-operands": [*network, "-o", tmp_path / "pairs.npz"],
        "train": ["--network", "ffnn", "--epochs", 1, "-o", tmp_path / "t.safetensors"],
        "evaluate": network,
        "bench": ["--engine", "rows", "--threads", 1],
        "attack": [*network, "-a", "fgm-l2", "-b", 1, "-o", tmp_path / "out"],
    }


def test_every_key_of_a_document_is_in_the_help(accelsim, commands, tmp_path):
    for name, arguments in commands.items():
        if name == "verify-mult":  # of another multiplier, for mismatches to be there
            accelsim("multipliers", "lut", "mul4u_exact", "-o", tmp_path / "t.npy")
        ended = accelsim(*name.split(), *arguments, "--json")
        assert ended.err == ""
        documented = set(
            re.findall(r"[a-z0-9_]+", accelsim(*name.split(), "--help").out.partition("JSON:")[2])
        )
        keys = keys_of(ended.document)
        assert keys - documented == set(), name
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in keys)
