"""The evolved multipliers of the package: what their files say is so."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from accelsim.error_measure import Metric
from accelsim.errors import AccelsimError
from accelsim.gate_costs import netlist_area_um2
from accelsim.metrics import error_metrics
from accelsim.netlist import Gate
from accelsim.rtl.catalogue import find_circuit, listed_circuits, listed_names
from accelsim.rtl.evolution import parse_bound
from accelsim.rtl.evolution_task import EvolutionTask
from accelsim.rtl.evolved import evolved_circuit, evolved_names
from accelsim.rtl.family import finds_it_again
from accelsim.rtl.verification import verify

NAMES = evolved_names()
#: One of each kind is verified in every run of the tests, all with the slow ones.
SAMPLE = [name for name in NAMES if name.endswith(("_m153", "_m35703", "_w100000", "_r500000", "_e3000000"))]


def test_the_family_is_there():
    assert sum(name.startswith("mul8u_evo_") for name in NAMES) >= 24
    assert sum(name.startswith("mul8s_evo_") for name in NAMES) >= 8
    assert {*NAMES} <= {*listed_names()}
    assert {*NAMES} <= {circuit.name for circuit in listed_circuits()}
    assert len(SAMPLE) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_file_says_what_the_circuit_is(name):
    circuit = evolved_circuit(name)
    assert circuit.name == name
    assert (circuit.a_width, circuit.b_width, circuit.signed) == (8, 8, name.startswith("mul8s"))
    assert {Gate(opcode) for opcode in circuit.netlist().opcodes.tolist()} <= {*Gate} - {Gate.MUX, Gate.BUF}
    errors = error_metrics(circuit.lut())
    for key, value in (
        ("mae percent", errors.mae_percent),
        ("wce percent", errors.wce_percent),
        ("ep percent", errors.ep_percent),
        ("mre percent", errors.mre_percent),
        ("area um2", netlist_area_um2(circuit.netlist())),
    ):
        assert float(circuit.facts[key]) == pytest.approx(value, rel=1e-9), key


@pytest.mark.parametrize("name", NAMES)
def test_bound_of_the_command_is_kept_and_in_the_name(name):
    circuit = evolved_circuit(name)
    task = EvolutionTask.of_command(circuit.source)
    letter, units = re.fullmatch(r"mul8[us]_evo_([mwre])([0-9]+)[bc]?", name).groups()
    assert task.metric == {"m": "mae", "w": "wce", "r": "mre", "e": "ep"}[letter]
    percent = float(task.bound.removesuffix("%"))
    assert int(units) == round(percent * 1e5)
    assert parse_bound(task.bound, Metric(task.metric), 16) >= 0
    assert float(circuit.facts[f"{task.metric} percent"]) <= percent * (1 + 1e-9)


@pytest.mark.parametrize("name", SAMPLE)
def test_lut_is_the_hardware(name):
    outcome = verify(name)
    assert (outcome.exhaustive, outcome.pairs_checked, outcome.mismatches) == (True, 65_536, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_lut_is_the_hardware(name):
    assert verify(name).mismatches == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mul8u_evo_m215060", "mul8u_evo_w500000", "mul8s_evo_m200000"])
def test_command_finds_the_circuit_again(name):
    assert finds_it_again(name)


def test_names_that_the_family_does_not_have():
    command = [sys.executable, "-m", "accelsim.rtl.family", "mul8u_evo_m75"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch("accelsim: no evolved multiplier mul8u_evo_m75; did you mean .*\n", ended.stderr)


@pytest.mark.parametrize(
    "chain", ["8u_evo_m[0-9]+", "8u_evo_m[0-9]+b", *(f"8u_evo_{m}.*" for m in "wre"), "8s_evo_m.*"]
)
def test_looser_bounds_need_less_area(chain):
    """Each search starts from the circuit of a tighter bound on the same error and saves area."""
    chain = [name for name in NAMES if re.fullmatch(f"mul{chain}", name)]
    assert len(chain) > 2
    areas = [netlist_area_um2(find_circuit(name).netlist()) for name in chain]
    assert areas == sorted(areas, reverse=True)


def test_a_circuit_off_the_front_is_where_another_search_started():
    circuits = {name: evolved_circuit(name) for name in NAMES}
    tasks = {name: EvolutionTask.of_command(circuit.source) for name, circuit in circuits.items()}
    seeds = {task.seed_circuit for task in tasks.values()}
    off = set()
    for name, circuit in circuits.items():
        keys = ("area um2", f"{tasks[name].metric} percent")
        point = tuple(float(circuit.facts[key]) for key in keys)
        rivals = {
            tuple(float(other.facts[key]) for key in keys)
            for other in circuits.values()
            if other.signed == circuit.signed
        }
        if any(area <= point[0] and error <= point[1] for area, error in rivals - {point}):
            off.add(name)
    assert "mul8u_evo_m759" in off
    assert off <= seeds


@pytest.mark.skipif("ACCELSIM_DATA" not in os.environ, reason="needs $ACCELSIM_DATA/evoapprox")
def test_circuits_at_the_published_errors():
    with (Path(os.environ["ACCELSIM_DATA"]) / "evoapprox" / "published.csv").open() as file:
        published = {row["name"]: float(row["mae_percent"]) for row in csv.DictReader(file)}
    found = [error_metrics(find_circuit(name).lut()).mae_percent for name in NAMES if "8u" in name]
    missed = [
        circuit
        for circuit, mae in published.items()
        if mae and not any(0.98 * mae <= own <= 1.02 * mae for own in found)
    ]
    assert len(published) == 16
    assert missed == []


def test_unknown_names():
    with pytest.raises(AccelsimError, match="no evolved multiplier mul8u_evo_m154; did you mean mul8u_evo_m"):
        find_circuit("mul8u_evo_m154")
