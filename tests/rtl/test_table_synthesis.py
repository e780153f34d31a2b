"""Netlists made from tables compute the tables."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.lut import Lut
from accelsim.rtl.catalogue import load_lut, netlist_of
from accelsim.rtl.circuits import product_table
from accelsim.rtl.decision_diagram import diagram_netlist, variable_orders
from accelsim.rtl.multilinear import multilinear_coefficients, multilinear_netlist
from accelsim.rtl.table_synthesis import netlist_from_table


@st.composite
def luts(draw):
    signed = draw(st.booleans())
    a_width, b_width = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    low = -(1 << a_width + b_width - 1) if signed else 0
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    table = rng.integers(low, low + (1 << a_width + b_width), (1 << a_width, 1 << b_width))
    return Lut("random", table, signed)


@settings(max_examples=40)
@given(luts(), st.randoms())
def test_any_table(lut, random):
    order = list(range(lut.a_width + lut.b_width))
    random.shuffle(order)
    for netlist in (diagram_netlist(lut, order), multilinear_netlist(lut)):
        assert (product_table(netlist, lut.signed) == lut.table).all()


def test_orders_are_permutations():
    for order in variable_orders(3, 5):
        assert sorted(order) == list(range(8))


def test_polynomial_of_the_exact_product():
    coefficients = multilinear_coefficients(load_lut("mul4u_exact"))
    terms = {1 << 4 + i | 1 << j: 1 << i + j for i in range(4) for j in range(4)}
    assert {int(at): int(coefficients[at]) for at in np.flatnonzero(coefficients)} == terms


def test_polynomial_adds_up_to_the_table():
    lut = load_lut("mul3u_ama5")
    coefficients = multilinear_coefficients(lut)
    for a in range(8):
        for b in range(8):
            inputs = a << 3 | b
            total = sum(int(coefficients[bits]) for bits in range(64) if bits & inputs == bits)
            assert total == lut.table[a, b]


@pytest.mark.parametrize("name", ["mul4u_exact", "mul4s_bw_ama3_k4", "mul6u_drum_k3"])
def test_netlist_from_table(name):
    lut = load_lut(name)
    assert (product_table(netlist_from_table(lut), lut.signed) == lut.table).all()


def test_an_exact_table_is_about_as_small_as_its_array():
    found, array = netlist_from_table(load_lut("mul8u_exact")), netlist_of("mul8u_exact")
    assert found.gate_count < 1.1 * array.gate_count


@pytest.mark.skipif("ACCELSIM_DATA" not in os.environ, reason="needs the tables in $ACCELSIM_DATA")
@pytest.mark.parametrize("name", ["mul8u_1AGV", "mul8u_JV3"])
def test_published_tables(name):
    lut = Lut.load(Path(os.environ["ACCELSIM_DATA"]) / "evoapprox" / f"{name}.npy")
    assert (product_table(netlist_from_table(lut), lut.signed) == lut.table).all()
