import pytest
from amaranth.sim import Simulator

from accelsim.errors import AccelsimError
from accelsim.rtl import CELLS, FullAdder, HalfAdder

INPUTS = [(a, b, cin) for a in (0, 1) for b in (0, 1) for cin in (0, 1)]

# Rows (sum, cout) for A B Cin = 000, 001, ..., 111. AMA1-AMA5: approximations 1-5 of Gupta et al., IEEE TCAD
# 32(1), 2013.
TRUTH_TABLES = {
    "exact": [(0, 0), (1, 0), (1, 0), (0, 1), (1, 0), (0, 1), (0, 1), (1, 1)],
    "ama1": [(0, 0), (1, 0), (0, 1), (0, 1), (0, 0), (0, 1), (0, 1), (1, 1)],
    "ama2": [(1, 0), (1, 0), (1, 0), (0, 1), (1, 0), (0, 1), (0, 1), (0, 1)],
    "ama3": [(1, 0), (1, 0), (0, 1), (0, 1), (1, 0), (0, 1), (0, 1), (0, 1)],
    "ama4": [(0, 0), (1, 0), (0, 0), (1, 0), (0, 1), (0, 1), (0, 1), (1, 1)],
    "ama5": [(0, 0), (0, 0), (1, 0), (1, 0), (0, 1), (0, 1), (1, 1), (1, 1)],
}
# Wrong entries of the Sum and the Cout column, as the paper counts them.
WRONG_ENTRIES = {
    "exact": (0, 0),
    "ama1": (2, 1),
    "ama2": (2, 0),
    "ama3": (3, 1),
    "ama4": (3, 2),
    "ama5": (4, 2),
}


def rows_of(adder, ports, inputs):
    rows = []

    async def feed(ctx):
        for values in inputs:
            for port, value in zip(ports, values, strict=True):
                ctx.set(getattr(adder, port), value)
            rows.append((ctx.get(adder.sum), ctx.get(adder.cout)))

    simulator = Simulator(adder)
    simulator.add_testbench(feed)
    simulator.run()
    return rows


def test_every_cell_has_a_truth_table_here():
    assert set(CELLS) == set(TRUTH_TABLES)


@pytest.mark.parametrize("cell", TRUTH_TABLES)
def test_full_adder_has_the_published_truth_table(cell):
    assert rows_of(FullAdder(cell), ("a", "b", "cin"), INPUTS) == TRUTH_TABLES[cell]


@pytest.mark.parametrize("cell", TRUTH_TABLES)
def test_half_adder_is_the_full_adder_without_carry(cell):
    expected = [row for (_, _, cin), row in zip(INPUTS, TRUTH_TABLES[cell], strict=True) if not cin]
    assert rows_of(HalfAdder(cell), ("a", "b"), [(0, 0), (0, 1), (1, 0), (1, 1)]) == expected


@pytest.mark.parametrize("cell", WRONG_ENTRIES)
def test_truth_table_has_as_many_errors_as_published(cell):
    pairs = list(zip(TRUTH_TABLES[cell], TRUTH_TABLES["exact"], strict=True))
    assert tuple(sum(row[i] != exact[i] for row, exact in pairs) for i in (0, 1)) == WRONG_ENTRIES[cell]


@pytest.mark.parametrize("adder", [FullAdder, HalfAdder])
def test_unknown_cell_is_an_error(adder):
    with pytest.raises(
        AccelsimError, match=rf"^{adder.__name__}: cell is 'ama6'; expected .*did you mean ama"
    ):
        adder("ama6")
