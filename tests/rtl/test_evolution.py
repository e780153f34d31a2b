"""The search: its bound, its reproducibility, its checkpoints, and what it refuses."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.error_measure import ErrorMeasure, Metric
from accelsim.errors import AccelsimError
from accelsim.gate_costs import netlist_area_um2
from accelsim.lut import Lut
from accelsim.metrics import error_metrics
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.circuits import TableCircuit, product_table
from accelsim.rtl.evolution import Search, SearchSettings, parse_bound
from accelsim.rtl.evolution_task import EvolutionTask
from accelsim.rtl.evolved import NetlistCircuit
from accelsim.two_input_gates import two_input

EVALUATIONS = 4_000


def search(metric="mae", bound="2%", circuit="mul4u_exact", weights=None, **settings) -> Search:
    start = find_circuit(circuit)
    measure = ErrorMeasure(Metric(metric), start.a_width, start.b_width, start.signed, weights)
    limit = parse_bound(bound, measure.metric, start.a_width + start.b_width)
    return Search(start, measure, limit, SearchSettings(**settings))


def errors_of(found: Search, weights=None):
    table = product_table(found.netlist("found"), found.measure.signed).astype(np.int32)
    return error_metrics(Lut("found", table, found.measure.signed), weights)


@given(
    metric=st.sampled_from(["mae", "wce", "ep", "mre"]),
    bound=st.floats(0, 30).map(lambda percent: f"{percent:.3f}%"),
    circuit=st.sampled_from(["mul4u_exact", "mul4s_exact", "mul3u_wallace", "mul5u_dadda"]),
    seed=st.integers(0, 1000),
    weighted=st.booleans(),
)
@settings(max_examples=40)
def test_bound_is_kept_and_area_never_grows(metric, bound, circuit, seed, weighted):
    shape = (1 << find_circuit(circuit).a_width,) * 2
    weights = np.random.default_rng(seed).random(shape) if weighted else None
    found = search(metric, bound, circuit, weights, seed=seed)
    before = found.area_um2
    found.run(EVALUATIONS)
    errors = errors_of(found, weights)
    value = {
        "mae": errors.mae_percent,
        "wce": errors.wce_percent,
        "ep": errors.ep_percent,
        "mre": errors.mre_percent,
    }[metric]
    assert value <= float(bound[:-1]) * (1 + 1e-6) + 1e-9
    assert value == pytest.approx(found.error_percent, rel=1e-6, abs=1e-9)
    assert found.area_um2 <= before
    assert found.area_um2 == pytest.approx(netlist_area_um2(found.netlist("found")))


def test_a_loose_bound_is_used():
    found = search(bound="5%")
    before = found.area_um2
    found.run(40_000)
    assert found.area_um2 < before / 2


def test_no_error_stays_exact():
    found = search(bound="0%", circuit="mul4s_exact")
    found.run(EVALUATIONS)
    assert errors_of(found).wce == 0


def test_same_seed_same_circuit_whatever_the_steps():
    one, other, third = (search(seed=seed) for seed in (5, 5, 6))
    one.run(EVALUATIONS)
    for evaluations in range(0, EVALUATIONS + 1, 500):
        other.run(evaluations)
    third.run(EVALUATIONS)
    assert one.netlist("x").digest == other.netlist("x").digest
    assert one.counts() == other.counts()
    assert third.netlist("x").digest != one.netlist("x").digest


def test_every_candidate_is_counted():
    found = search()
    found.run(EVALUATIONS + 3)
    counts = found.counts()
    assert counts["evaluations"] == EVALUATIONS == found.evaluations
    assert counts["unchanged"] + counts["heavier"] + counts["simulated"] == EVALUATIONS
    assert 0 < counts["beyond_bound"] <= counts["simulated"]


def test_resumed_is_as_uninterrupted(tmp_path):
    whole, half, rest = (search(seed=3) for _ in range(3))
    whole.run(EVALUATIONS)
    half.run(EVALUATIONS // 2)
    half.save(tmp_path / "half")
    rest.resume(tmp_path / "half")
    assert rest.evaluations == EVALUATIONS // 2
    rest.run(EVALUATIONS)
    assert rest.netlist("x").digest == whole.netlist("x").digest
    assert rest.counts() == whole.counts()


def test_a_seed_with_multiplexers_is_the_best_until_something_smaller_is_found(tmp_path):
    seed = find_circuit("mul4u_mitchell").netlist()
    assert netlist_area_um2(two_input(seed)) > 1.1 * netlist_area_um2(seed)
    found = search(circuit="mul4u_mitchell", bound="5%")
    area, error = netlist_area_um2(seed), errors_of(found).mae_percent
    found.run(20)
    assert found.area_um2 == area == found.seed_area_um2
    assert found.netlist("mine").name == "mine"
    np.testing.assert_array_equal(found.netlist("x").opcodes, seed.opcodes)
    assert found.error_percent == pytest.approx(error, rel=1e-9)
    found.save(tmp_path / "early")
    found.run(100_000)
    assert area > found.area_um2 == pytest.approx(netlist_area_um2(found.netlist("x")))
    assert found.error_percent == pytest.approx(errors_of(found).mae_percent) != error
    again = search(circuit="mul4u_mitchell", bound="5%")
    again.resume(tmp_path / "early")
    assert again.area_um2 == area
    again.run(100_000)
    assert again.netlist("x").digest == found.netlist("x").digest


def test_checkpoints_that_do_not_fit(tmp_path):
    path = tmp_path / "checkpoint"
    one = search(seed=1)
    one.run(400)
    one.save(path)
    for other, what in (
        (search(seed=2), "seed differs"),
        (search("wce"), "metric differs"),
        (search(bound="3%", seed=1), "limit differs"),
        (search(circuit="mul4u_wallace", seed=1), "seed circuit differs"),
        (search(offspring=5, seed=1), "offspring differs"),
    ):
        with pytest.raises(AccelsimError, match=f"the checkpoint of another search: {what}"):
            other.resume(path)
    content = path.read_bytes()
    middle = len(content) // 3  # in the compressed data
    other = (
        content[:middle]
        + bytes(byte ^ 0x55 for byte in content[middle : middle + 40])
        + content[middle + 40 :]
    )
    for damaged in (content[:100], content[: len(content) // 2], b"", b"not a checkpoint", other):
        path.write_bytes(damaged)
        with pytest.raises(AccelsimError, match="damaged"):
            search(seed=1).resume(path)
    with pytest.raises(AccelsimError, match="cannot read checkpoint"):
        search().resume(tmp_path / "missing")


@pytest.mark.parametrize(
    ("array", "value"), [("nodes", 10), ("nodes", -1), ("nodes", 5000), ("outputs", 5000), ("counters", 1)]
)
def test_checkpoint_with_wrong_numbers(tmp_path, array, value):
    path = tmp_path / "checkpoint"
    one = search(seed=1)
    one.run(400)
    one.save(path)
    with np.load(path) as saved:
        content = dict(saved)
    content[array] = np.full_like(content[array], value)
    with path.open("wb") as file:
        np.savez(file, **content)
    with pytest.raises(AccelsimError, match="damaged"):
        search(seed=1).resume(path)


def test_seed_circuits_that_cannot_be():
    unsigned = ErrorMeasure(Metric.MAE, 4, 4, signed=False)
    with pytest.raises(AccelsimError, match="mul4s_exact is signed"):
        Search(find_circuit("mul4s_exact"), unsigned, 1.0)
    with pytest.raises(AccelsimError, match="unsigned operands of 4 x 4 bits"):
        Search(find_circuit("mul8u_exact"), unsigned, 1.0)
    with pytest.raises(AccelsimError, match="too wide"):
        EvolutionTask("mul16u_exact", "mae", "1%", 1).prepare()
    with pytest.raises(AccelsimError, match="above the bound of 0.1%"):
        search(circuit="mul4u_ama5", bound="0.1%")
    with pytest.raises(AccelsimError, match="more than the 10 nodes"):
        search(nodes=10)
    table = TableCircuit(find_circuit("mul4u_exact").lut(), "table.npy")
    with pytest.raises(AccelsimError, match="has no gates"):
        Search(table, unsigned, 1.0)


@pytest.mark.parametrize(
    ("text", "metric", "value"),
    [("0.5%", "mae", 327.68), ("12", "wce", 12), ("100%", "ep", 1), ("7.5 %", "mre", 0.075), ("0", "mse", 0)],
)
def test_bounds(text, metric, value):
    assert parse_bound(text, Metric(metric), 16) == pytest.approx(value, abs=0)


@pytest.mark.parametrize(
    ("text", "metric", "message"),
    [
        ("-1%", "mae", "out of range"),
        ("101%", "ep", "out of range"),
        ("65537", "mae", "out of range"),
        ("nan%", "mae", "not a number"),
        ("much", "mae", "not a number"),
        ("1/0", "mae", "not a number"),
        ("5", "mre", "is a percentage"),
    ],
)
def test_bad_bounds(text, metric, message):
    with pytest.raises(AccelsimError, match=message):
        parse_bound(text, Metric(metric), 16)


def test_bad_settings():
    for setting in ({"seed": -1}, {"offspring": 0}, {"mutations": 0}, {"nodes": 0}):
        with pytest.raises(AccelsimError, match=f"{next(iter(setting))} is"):
            SearchSettings(**setting)
    with pytest.raises(AccelsimError, match="no error metric"):
        EvolutionTask("mul4u_exact", "mea", "1%", 100)
    with pytest.raises(AccelsimError, match="at least 1"):
        EvolutionTask("mul4u_exact", "mae", "1%", 0)


def test_task_leaves_a_circuit_that_its_command_finds_again(tmp_path):
    weights = tmp_path / "weights.npz"
    np.savez(weights, a=np.arange(16), b=np.arange(16)[::-1])
    settings = SearchSettings(seed=4, mutations=3)
    task = EvolutionTask("mul4u_exact", "mre", "8%", EVALUATIONS, settings, str(weights))
    task.run(tmp_path / "one.gates")
    one = NetlistCircuit(tmp_path / "one.gates")
    assert EvolutionTask.of_command(one.source) == task
    digest = sha256(weights.read_bytes()).hexdigest()
    assert one.facts["distribution sha256"] == one.lut().provenance["distribution_sha256"] == digest
    EvolutionTask.of_command(one.source).run(tmp_path / "two.gates")
    assert NetlistCircuit(tmp_path / "two.gates").netlist().digest == one.netlist().digest
    assert {path.name for path in tmp_path.iterdir()} == {"one.gates", "two.gates", "weights.npz"}
    for command in (
        "accelsim cost x",
        "accelsim evolve --bound 1%",
        f"{one.source} --frob 3",
        one.source[:40],
    ):
        with pytest.raises(AccelsimError, match="not the command of a search"):
            EvolutionTask.of_command(command)


def test_interrupted_task_is_resumed(tmp_path):
    task = EvolutionTask("mul4u_exact", "mae", "2%", 20_000)
    task.run(tmp_path / "whole.gates")

    def interrupt(search: Search) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "cut.gates"
    with pytest.raises(KeyboardInterrupt):
        task.run(path, progress=interrupt)
    assert not path.exists()
    with pytest.raises(AccelsimError, match="holds an unfinished search"):
        task.run(path)
    assert task.run(path, resume=True).evaluations == 20_000
    assert NetlistCircuit(path).netlist().digest == NetlistCircuit(tmp_path / "whole.gates").netlist().digest
    with pytest.raises(AccelsimError, match="cannot read checkpoint"):
        task.run(path, resume=True)


def test_time_ends_a_search(tmp_path):
    task = EvolutionTask("mul4u_exact", "mae", "2%", 1 << 40)
    found = task.run(tmp_path / "timed.gates", minutes=1e-6)
    circuit = NetlistCircuit(tmp_path / "timed.gates")
    assert EvolutionTask.of_command(circuit.source).evaluations == found.evaluations < 1 << 40
    assert two_input(circuit.netlist()).gate_count == circuit.netlist().gate_count
