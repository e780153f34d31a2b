"""What circuits keep in the cache, and what of it they believe."""

import numpy as np
import pytest

from accelsim.lut import Lut
from accelsim.netlist import Netlist, Port
from accelsim.rtl.catalogue import find_circuit, load_lut, netlist_of


def test_cached_lut_of_another_multiplier_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path))
    right = load_lut("mul4u_exact")
    (cached,) = (tmp_path / "luts").iterdir()
    sha256 = right.provenance["netlist_sha256"]
    for false in (
        Lut("x", load_lut("mul6s_exact").table, True, {"netlist_sha256": sha256}),
        Lut("x", load_lut("mul4s_exact").table, True, {"netlist_sha256": sha256}),
        Lut("x", load_lut("mul4u_udm").table, False, load_lut("mul4u_udm").provenance),
        Lut("x", load_lut("mul4u_udm").table, False),
    ):
        false.save(cached)
        np.testing.assert_array_equal(load_lut("mul4u_exact").table, right.table)
        np.testing.assert_array_equal(Lut.load(cached).table, right.table)


def test_cached_netlist_with_other_ports_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path))
    right = netlist_of("mul4u_exact")
    (cached,) = (tmp_path / "netlists").iterdir()
    (product,) = right.outputs
    renamed = (Port("q", product.nets),)
    for false in (
        netlist_of("mul6u_exact"),
        Netlist("x", right.inputs, renamed, right.opcodes, right.operands),
        Netlist("x", right.inputs, (Port("p", product.nets[:7]),), right.opcodes, right.operands),
    ):
        false.save(cached)
        assert netlist_of("mul4u_exact").digest == right.digest
        assert Netlist.load(cached).digest == right.digest


def test_float_netlists_come_from_the_cache(monkeypatch):
    circuit = find_circuit("bf16_exact")
    first = circuit.netlist()
    monkeypatch.setattr(circuit, "fresh_netlist", lambda: pytest.fail("synthesised again"))
    assert circuit.netlist().digest == first.digest
