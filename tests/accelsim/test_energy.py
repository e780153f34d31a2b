import math

import pytest

from accelsim.accelerator import Accelerator
from accelsim.array_layer import ArrayLayer, Ifmap
from accelsim.energy import (
    DEFAULT_MEMORY_ENERGY,
    LayerEnergy,
    MemoryEnergy,
    PartEnergy,
    PeEnergy,
    layer_energy,
)
from accelsim.errors import AccelsimError
from accelsim.layer_result import network_result
from accelsim.layer_table import layer_rows
from accelsim.memory_traffic import memory_traffic
from accelsim.systolic_array import Gemm, SystolicArray

PE = PeEnergy(PartEnergy(1000), PartEnergy(100), PartEnergy(10, 2), leakage_nw=50)
MEMORY = MemoryEnergy(((1.0, 3.0),), 100.0, "test")


def test_built_in_figures_are_the_published_ones_at_their_sizes():
    """Horowitz (ISSCC 2014): 10, 20 and 100 pJ for 64 bits from 8, 32 and 1024 KB, 1.3 nJ from DRAM."""
    scale = 130 / 45 * (1.2 / 0.9) ** 2
    for kib, pj in ((8, 10), (32, 20), (1024, 100)):
        assert DEFAULT_MEMORY_ENERGY.scratchpad_pj(kib) == pytest.approx(pj / 8 * scale)
    assert DEFAULT_MEMORY_ENERGY.dram == 162.5
    assert DEFAULT_MEMORY_ENERGY.scratchpad_pj(16) == pytest.approx(math.sqrt(10 * 20) / 8 * scale)
    assert DEFAULT_MEMORY_ENERGY.scratchpad_pj(2) == pytest.approx(5 / 8 * scale)  # the line goes on
    steps = [DEFAULT_MEMORY_ENERGY.scratchpad_pj(kib) for kib in (1, 4, 8, 31, 33, 500, 4000)]
    assert steps == sorted(steps)


def test_each_component_is_what_it_costs_by_hand():
    layer = ArrayLayer("fc", Gemm(depth=4, pixels=1, channels=2), Ifmap.of_matrix(1))
    accelerator = Accelerator(SystolicArray(2, 2), 1, 1, 1, bandwidth=1, clock_mhz=10)
    traffic = memory_traffic(layer, accelerator)
    found = layer_energy(layer, accelerator, traffic, 7, PE, MEMORY)
    cycles = 2 * (2 * 2 + 2 + 1 - 2) + 1  # two folds
    assert found.multiplier == pytest.approx(8 * 1000e-3)
    assert found.adder == pytest.approx(8 * 100e-3)
    assert found.registers == pytest.approx(8 * 10e-3 + 4 * cycles * 2e-3)
    assert found.leakage == pytest.approx(50e-9 * 4 * (cycles + 7) / 10e6 * 1e12)  # in pJ
    # ifmap: 4 in, 4 out; filter: 8 in, 8 out; sums: 2 x 4 bytes twice; outputs: 2 in, 2 out.
    assert found.scratchpads == 3.0 * (8 + 16 + 16 + 4)
    assert found.dram == 100.0 * (4 + 8 + 2)
    assert found.total == pytest.approx(sum(found.components.values()))
    assert (found + LayerEnergy(dram=1)).dram == found.dram + 1


def test_a_network_is_the_sum_of_its_layers():
    layers = [ArrayLayer.matrix(name, Gemm(depth, 3, 5)) for name, depth in (("one", 9), ("two", 20))]
    accelerator = Accelerator(SystolicArray(4, 3, "os"))
    result = network_result(layers, accelerator, [PE, PE], MEMORY)
    rows = layer_rows(result)
    assert result.energy.total == pytest.approx(sum(row["energy_pj"] for row in rows))
    assert result.cycles == sum(row["compute_cycles"] + row["stall_cycles"] for row in rows)
    assert result.traffic.dram_bytes == sum(row["dram_read_bytes"] + row["dram_write_bytes"] for row in rows)
    assert result.utilization == pytest.approx(15 * 29 / (12 * result.compute_cycles))
    for row, layer in zip(rows, layers, strict=True):
        more = [value for name, value in row.items() if name.startswith("more_than_scalesim")]
        assert row["compute_cycles"] - row["scalesim_cycles"] == sum(more)
        assert row["gmacs_per_second"] * row["microseconds"] == pytest.approx(layer.macs * 1e-3)


@pytest.mark.parametrize(
    ("points", "dram", "message"),
    [
        (((1.0, -1.0),), 1.0, "finite numbers from 0 on"),
        (((1.0, 1.0),), math.inf, "finite numbers from 0 on"),
        (((8.0, 1.0), (8.0, 2.0)), 1.0, "rising numbers above 0"),
        ((), 1.0, "rising numbers above 0"),
        (((1.0, 0.0), (2.0, 1.0)), 1.0, "is 0 at one size of several"),
    ],
)
def test_bad_figures(points, dram, message):
    with pytest.raises(AccelsimError, match=message):
        MemoryEnergy(points, dram, "test")
