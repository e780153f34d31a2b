import os
from pathlib import Path

import numpy as np
import pytest

from accelsim.errors import AccelsimError
from accelsim.liberty_cells import read_cells
from accelsim.rtl.catalogue import find_circuit, load_lut, netlist_of
from accelsim.rtl.circuit_cost import COMPARED_COSTS, CostEstimator, CostSettings
from accelsim.rtl.technology_mapping import map_to_library

SMALL = Path(__file__).parents[1] / "data" / "small.lib"


@pytest.mark.parametrize("liberty", [None, SMALL])
def test_the_exact_array_costs_once_what_the_exact_array_costs(liberty):
    estimator = CostEstimator(CostSettings(liberty=liberty, operations=500))
    for name, exact in (("mul4u_exact", "mul4u_exact"), ("mul4s_bw", "mul4s_exact")):
        found = estimator.estimate(find_circuit(name))
        assert found.exact == exact
        assert found.relative == dict.fromkeys(COMPARED_COSTS, 1.0)
        assert found.netlist_from == "description"
    assert found.cells_from == (
        "small.lib" if liberty else "accelsim's table of gates (IHP SG13G2, typical, 1.2 V, 25 C)"
    )


def test_less_hardware_costs_less():
    estimator = CostEstimator(CostSettings(liberty=SMALL, operations=2000))
    costs = [estimator.estimate(find_circuit(f"mul6u_trunc_k{k}")).cost for k in (2, 4, 6)]
    for name in ("area_um2", "leakage_nw", "energy_fj"):  # mapping is for area: delays need not fall
        values = [getattr(cost, name) for cost in costs]
        assert values == sorted(values, reverse=True), name


def test_quiet_operands_cost_less(tmp_path):
    np.save(tmp_path / "still.npy", np.full((100, 2), 7))
    np.save(tmp_path / "one.npy", np.array([[3, 5], [3, 5], [12, 9]]))
    circuit = find_circuit("mul4u_exact")
    still = CostEstimator(CostSettings(operands=tmp_path / "still.npy")).estimate(circuit).cost
    assert still.energy_fj == 0
    assert still.pdp_fj == pytest.approx(still.leakage_nw * 1e-3 * still.delay_ns)
    once = CostEstimator(CostSettings(operands=tmp_path / "one.npy")).estimate(circuit)
    assert once.cost.operations == 2
    assert once.activity == "one.npy, 2 operations"


def test_operands_as_often_as_counted(tmp_path):
    counts = np.zeros((16, 16), dtype=np.int64)
    counts[3, 5] = 7
    np.save(tmp_path / "counts.npy", counts)
    settings = CostSettings(operands=tmp_path / "counts.npy", operations=50)
    found = CostEstimator(settings).estimate(find_circuit("mul4u_exact"))
    assert found.cost.energy_fj == 0
    assert found.activity == "operands drawn from counts.npy, 50 operations, seed 0"


def test_floats():
    found = CostEstimator(CostSettings(operations=500)).estimate(find_circuit("e3m3_trunc_k3"))
    assert found.exact == "e3m3_exact"
    assert found.activity == "uniform random numbers from 0 to 1, 500 operations, seed 0"
    assert found.relative["area_um2"] < 1


def test_a_lut_has_no_gates_unless_asked_for(tmp_path):
    load_lut("mul4u_udm").save(tmp_path / "table.npy")
    circuit = find_circuit(tmp_path / "table.npy")
    with pytest.raises(AccelsimError, match="table is a LUT and has no gates; --from-table synthesises"):
        CostEstimator().estimate(circuit)
    found = CostEstimator(CostSettings(from_table=True, operations=100)).estimate(circuit)
    assert found.netlist_from == "truth table"
    assert found.exact == "mul4u_exact"
    assert found.cost.area_um2 > 0


def test_cells_that_compute_something_else(monkeypatch):
    """Should mapping ever go wrong, no cost is printed."""
    other = map_to_library(netlist_of("mul4u_trunc_k1"), read_cells(SMALL))
    monkeypatch.setattr("accelsim.rtl.circuit_cost.map_to_library", lambda netlist, library: other)
    estimator = CostEstimator(CostSettings(liberty=SMALL, operations=100))
    with pytest.raises(AccelsimError, match="the cells of small.lib that ABC chose compute other products"):
        estimator.estimate(find_circuit("mul4u_exact"))


@pytest.mark.skipif("ACCELSIM_DATA" not in os.environ, reason="needs the Liberty file in $ACCELSIM_DATA")
def test_both_sources_of_cells_tell_the_same_story():
    path = Path(os.environ["ACCELSIM_DATA"]) / "liberty" / "sg13g2_stdcell_typ_1p20V_25C.lib"
    for name in ("mul8u_drum_k4", "mul8u_trunc_k6"):
        circuit = find_circuit(name)
        gates, cells = (CostEstimator(CostSettings(liberty=each)).estimate(circuit) for each in (None, path))
        for cost in ("area_um2", "energy_fj", "leakage_nw"):
            assert gates.relative[cost] == pytest.approx(cells.relative[cost], rel=0.2), cost
