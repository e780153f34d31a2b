"""Cycle-level simulator and RTL, register by register, on random arrays and matrices."""

import dataclasses

import numpy as np
import pytest

from accelsim.accumulator import Accumulator
from accelsim.cycle_simulation import Trace, simulate
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.array_simulation import simulate_in_amaranth
from accelsim.rtl.catalogue import find_circuit
from accelsim.systolic_array import Gemm, SystolicArray

MULTIPLIERS = [
    "mul2u_exact",
    "mul3s_exact",
    "mul4u_exact",
    "mul4u_udm",
    "mul4u_mitchell",
    "mul4u_ama5_k4",
    "mul4s_bw",
    "mul4s_sm_udm",
    "mul5u_drum_k3",
    "mul6u_trunc_k3",
    "mul8u_drum_k4",
    "mul8s_exact",
    "mul8u_evo_m56464",
]

CONFIGURATIONS = [
    *range(24),
    *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(24, 240)),
]


@pytest.mark.parametrize("seed", CONFIGURATIONS)
def test_every_register_in_every_cycle(seed: int) -> None:
    draw = np.random.default_rng(seed)
    dataflow = ("ws", "os", "is")[seed % 3]
    circuit = find_circuit(str(draw.choice(MULTIPLIERS)))
    operand = str(draw.choice(["a", "b"]))
    narrowest = circuit.product_width + (not circuit.signed)
    bits = int(draw.integers(narrowest, min(narrowest + 4, 33)))
    accumulator = Accumulator(bits, str(draw.choice(["wrap", "saturate"])))
    array = SystolicArray(int(draw.integers(1, 5)), int(draw.integers(1, 5)), dataflow, accumulator)
    gemm = Gemm(*draw.integers(1, 10, 3).tolist())
    widths = (circuit.a_width, circuit.b_width) if operand == "a" else (circuit.b_width, circuit.a_width)
    x = draw.integers(0, 1 << widths[0], (gemm.depth, gemm.pixels), np.uint8)
    w = draw.integers(0, 1 << widths[1], (gemm.channels, gemm.depth), np.uint8)
    table = np.ascontiguousarray(circuit.lut().table.T if operand == "a" else circuit.lut().table)

    described = simulate_in_amaranth(ArrayDesign(array, circuit, operand), x, w)
    simulated = simulate(array, table, x, w, trace=True)

    assert described.cycles == simulated.cycles
    for register in dataclasses.fields(Trace):
        np.testing.assert_array_equal(
            getattr(described.trace, register.name), getattr(simulated.trace, register.name), register.name
        )
    np.testing.assert_array_equal(described.out, simulated.out)
