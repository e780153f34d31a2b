import json

import numpy as np
import pytest
from amaranth import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.rtl.simulate import products_in_amaranth
from accelsim.rtl.synthesis import synthesise
from accelsim.rtl.yosys import run_yosys, yosys_version
from accelsim.rtl.yosys_json import netlist_from_json
from accelsim.simulation import outputs, truth_table


class Times(wiring.Component):
    """Amaranth's own multiplication, synthesised by Yosys."""

    def __init__(self, width: int, is_signed: bool = False):
        shape = signed(width) if is_signed else width
        super().__init__(
            {"a": In(shape), "b": In(shape), "p": Out(signed(2 * width) if is_signed else 2 * width)}
        )

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.p.eq(self.a * self.b)
        return m


class Scrambled(wiring.Component):
    """Operators of many kinds, drawn from a seed."""

    def __init__(self, seed: int):
        self.seed = seed
        super().__init__({"a": In(5), "b": In(4), "p": Out(9)})

    def elaborate(self, platform):
        m = Module()
        rng = np.random.default_rng(self.seed)
        values = [self.a, self.b]
        for _ in range(6):
            x, y = (values[i] for i in rng.integers(0, len(values), 2))
            which = rng.integers(0, 6)
            value = [x + y, x ^ y, x & ~y, (x < y) ^ x, (x << 1) | y, x - y][which]
            values.append(value[:9])
        with m.If(self.a[0]):
            m.d.comb += self.p.eq(values[-1])
        with m.Else():
            m.d.comb += self.p.eq(values[-2])
        return m


def test_multiplication_by_yosys_is_exact():
    table = truth_table(synthesise(Times(8), "times"))
    np.testing.assert_array_equal(table, np.multiply.outer(np.arange(256), np.arange(256)))


def test_wide_multiplication():
    netlist = synthesise(Times(32), "times32")
    a, b = np.random.default_rng(0).integers(0, 1 << 32, (2, 5000), dtype=np.uint64)
    np.testing.assert_array_equal(outputs(netlist, a, b), a * b)


@settings(max_examples=8)
@given(st.integers(0, 2**32))
def test_netlist_equals_amaranth_s_simulator(seed):
    component = Scrambled(seed)
    a, b = (grid.ravel() for grid in np.indices((32, 16)))
    np.testing.assert_array_equal(
        truth_table(synthesise(component, "scrambled")).ravel(), products_in_amaranth(Scrambled(seed), a, b)
    )


def test_amaranth_takes_bit_patterns_and_gives_numbers():
    patterns = np.arange(16)
    a, b = (grid.ravel() for grid in np.meshgrid(patterns, patterns, indexing="ij"))
    values = np.where(patterns > 7, patterns - 16, patterns)
    found = products_in_amaranth(Times(4, is_signed=True), a, b)
    np.testing.assert_array_equal(found.reshape(16, 16), np.multiply.outer(values, values))


def test_register_is_refused():
    class Clocked(Times):
        def elaborate(self, platform):
            m = Module()
            m.d.sync += self.p.eq(self.a * self.b)
            return m

    with pytest.raises(AccelsimError, match=r"clocked: .* holds state; expected a combinational circuit"):
        synthesise(Clocked(2), "clocked")


def test_loop_is_refused():
    class Loop(Times):
        def elaborate(self, platform):
            m = Module()
            x, y = Signal(name="left"), Signal(name="right")
            m.d.comb += [x.eq(y ^ self.a[0]), y.eq(x & self.b[0]), self.p.eq(x)]
            return m

    with pytest.raises(AccelsimError, match="loop: combinational loop through .*signal left"):
        synthesise(Loop(2), "loop")


def yosys_json(cells, outputs, inputs=((2, 3),)) -> str:
    ports = {f"i{n}": {"direction": "input", "bits": list(bits)} for n, bits in enumerate(inputs)}
    ports["p"] = {"direction": "output", "bits": list(outputs)}
    names = {"inner": {"bits": [9]}}
    return json.dumps({"modules": {"m": {"ports": ports, "cells": cells, "netnames": names}}})


def cell(kind, **connections):
    return {"type": kind, "connections": {port: [bit] for port, bit in connections.items()}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            yosys_json({"u": cell("$_AND_", A=2, B=9, Y=5)}, [5]),
            "net inner, which a gate AND reads, is undriven",
        ),
        (yosys_json({}, [9]), "net inner, which output p reads, is undriven"),
        (yosys_json({}, ["x"]), "constant x, which output p reads, is undriven"),
        (yosys_json({"u": cell("$_TBUF_", A=2, E=3, Y=5)}, [5]), r"unknown cell \$_TBUF_ \(u\); expected"),
        (yosys_json({"u": cell("$_DLATCH_P_", D=2, E=3, Q=5)}, [5]), "holds state"),
        (yosys_json({"u": cell("$_NOT_", A=9, Y=9)}, [9]), "combinational loop through inner"),
        (yosys_json({"u": cell("$_NOT_", A=3, Y=2)}, [2]), "something else drives"),
        (yosys_json({}, [2], inputs=((2, 3), (3, 4))), "input i1 has a bit that something else drives"),
    ],
)
def test_netlists_that_are_not_combinational(text, message):
    with pytest.raises(AccelsimError, match=message):
        netlist_from_json(text)


def test_gates_are_sorted():
    cells = {"late": cell("$_NOT_", A=7, Y=8), "early": cell("$_ANDNOT_", A=2, B=3, Y=7)}
    netlist = netlist_from_json(yosys_json(cells, [8, "1"]))
    np.testing.assert_array_equal(truth_table(netlist), [3, 2, 3, 3])


def test_yosys_errors_are_one_line(tmp_path):
    with pytest.raises(AccelsimError, match="could not synthesise thing: .*nothere.il"):
        run_yosys(["read_rtlil nothere.il"], tmp_path, "thing")


def test_yosys_version():
    assert float(yosys_version()) >= 0.4
