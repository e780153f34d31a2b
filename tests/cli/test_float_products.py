import pytest


def test_product_of_the_authors_code(accelsim):
    content = accelsim("multiply", "axfpm_authors", 0.856, 0.471, "--json").document
    assert content == {
        "multiplier": "axfpm_authors",
        "a": 0.8560000061988831,
        "b": 0.47099998593330383,
        "exact_product": pytest.approx(0.403175990878582),
        "approximate_product": 0.426080584526062,
        "error": pytest.approx(0.0229045936475),
        "relative_error_percent": pytest.approx(5.681, abs=0.001),
    }


def test_text(accelsim):
    ended = accelsim("multiply", "axfpm_authors", 1, "1.0")
    assert ended.out.splitlines() == [
        "exact          1 x 1 = 1",
        "axfpm_authors  1 x 1 = 2",
        "error          +1  (+100 %)",
    ]


def test_negative_and_infinite_operands(accelsim):
    content = accelsim("multiply", "bf16_exact", -1.5, "inf", "--json").document
    assert content["a"] == -1.5
    assert content["approximate_product"] is None
    assert "none is defined" in accelsim("multiply", "bf16_exact", -1.5, "inf").out


def test_operand_that_is_no_number(refused):
    assert "'x' is not a number; fp32_exact multiplies such as" in refused("multiply", "fp32_exact", "x", 1)


def test_show(accelsim):
    content = accelsim("multipliers", "show", "axfpm_array24", "--json").document
    assert content["pairs"] == 1_000_000
    assert content["operands"] == "uniform from 0 to 1"
    assert content["mred"] == pytest.approx(0.386, rel=0.01)
    assert content["share_above_percent"] == pytest.approx(100)
    assert sum(content["gates"].values()) == content["provenance"]["gates"]


def test_show_reads_well(accelsim):
    facts = dict(
        line.split("  ", 1) for line in accelsim("multipliers", "show", "heap_like24").out.splitlines()
    )
    assert "1,000,000 random pairs, uniform from 0 to 1 (seed 0)" in facts["operands"]
    assert facts["MRED"].strip().startswith("0.12")


def test_list_has_them(accelsim):
    names = [line.split()[0] for line in accelsim("multipliers", "list").out.splitlines()]
    assert {"axfpm_array24", "axfpm_blocks4", "axfpm_authors", "heap_like24", "fp32_exact"} <= set(names)


def test_no_lut_of_floats(refused, tmp_path):
    assert "multiplies floats" in refused("multipliers", "lut", "fp32_exact", "-o", tmp_path / "t.npy")


def test_unknown_name(refused):
    assert "did you mean axfpm_blocks4" in refused("multiply", "axfpm_block4", 1, 1)
