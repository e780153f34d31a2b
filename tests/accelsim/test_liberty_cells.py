"""The hand-written library's cells, its units converted by hand; and what a file can lack."""

import os
from pathlib import Path

import pytest

from accelsim.errors import AccelsimError
from accelsim.liberty_cells import read_cells

SMALL = Path(__file__).parents[1] / "data" / "small.lib"


@pytest.fixture(scope="module")
def small():
    return read_cells(SMALL)


def test_combinational_cells_alone(small):
    assert list(small.cells) == ["INV", "BUF", "NAND2", "AND2", "XOR2"]
    assert (small.name, small.source) == ("small", "small.lib")
    assert small.voltage == pytest.approx(1.0)  # 10 x 100 mV


def test_units(small):
    inverter = small.cell("INV")
    assert inverter.area == 2
    assert inverter.leakage == pytest.approx(1.0)  # 0.001 uW
    assert inverter.inputs[0].capacitance == pytest.approx(1.0)
    (arc,) = inverter.timing
    assert arc.sense == "negative"
    # 10 units of 10 ps of transition, 5 fF.
    assert arc.rise_delay.at(0.1, 5) == pytest.approx(0.025)
    assert arc.fall_delay.at(0.1, 5) == pytest.approx(0.05)
    assert arc.fall_transition.at(0.0, 10) == pytest.approx(0.03)
    (energy,) = inverter.energies
    assert energy.rise.at(0, 5) == pytest.approx(1.5)  # 150 fF (100 mV)^2
    assert energy.fall.at(0, 5) == pytest.approx(3.0)
    assert energy.mean(0, 5) == pytest.approx(2.25)


def test_defaults_states_and_lists_of_pins(small):
    nand = small.cell("NAND2")
    assert nand.leakage == pytest.approx(2.0)  # mean over the states
    assert [pin.capacitance for pin in nand.inputs] == pytest.approx([3.0, 2.0])  # default_input_pin_cap
    assert [arc.pin for arc in nand.timing] == ["A", "B"]
    assert [len(pin.energies) for pin in nand.inputs] == [0, 1]
    # Its tables have the load first.
    assert nand.timing[0].rise_delay.at(0.0, 10) == pytest.approx(0.13)
    assert nand.timing[0].rise_delay.at(0.1, 0) == pytest.approx(0.04)


def test_unknown_cells(small):
    with pytest.raises(AccelsimError, match="small.lib has no combinational cell NAND3; did you mean NAND2?"):
        small.cell("NAND3")


@pytest.fixture
def changed(tmp_path):
    def run(*replacements):
        text = SMALL.read_text()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "changed.lib"
        path.write_text(text)
        return read_cells(path)

    return run


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('time_unit : "10ps";', "", "changed.lib, line 3: time_unit is missing; expected such as '1ns'"),
        ('"10ps"', '"10parsec"', "changed.lib, line 5: time_unit is '10parsec'; expected such as '1ns'"),
        ("(1, ff)", "(1, uf)", r"line 3: capacitive_load_unit must be \(number, pf\) or \(number, ff\)"),
        ("(1, ff)", "(one, ff)", "line 6: capacitive_load_unit must be"),
        ("nom_voltage : 10;", "", "line 3: nom_voltage, the supply that C V.2 needs, is missing"),
        ('function : "!A"', 'function : "!A)"', 'line 4.: cell INV: function "!A.": unexpected'),
        ('function : "!A"', 'function : "!Z"', "line 4.: cell INV: its function names Z, which is no input"),
        ('"1, 2", "2, 3"', '"1, 2", "2"', "line 4.: cell_rise has 3 values; its indices ask for 4"),
        ('"1, 2", "2, 3"', '"1, 2", "2, x"', "line 4.: values has 'x' where a number is expected"),
        ('index_2 ("0, 10");', 'index_2 ("10, 0");', "index_2 of cell_rise is missing or does not rise"),
        ("input_net_transition", "output_voltage", "a table over output_voltage is not understood"),
        ("cell_fall (slew_load)", "cell_faII (slew_load)", "timing group has no cell_fall table"),
        ("negative_unate", "upside_down", "timing_sense 'upside_down' is none of positive_unate"),
        ("output;", "inout;", "changed.lib has no combinational cell with one output and its function"),
        ("internal_power", "no_power", "changed.lib has no power tables .internal_power groups."),
        ("cell (AND2) {", "cell (AND2)", "changed.lib, line"),
    ],
)
def test_bad_files(changed, old, new, message):
    with pytest.raises(AccelsimError, match=message) as error:
        changed((old, new))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("area : 9;", "", "changed.lib: cell XOR2 has no area"),
        ("cell_leakage_power : 0.004;", "", "cell XOR2 has no leakage power"),
        (
            'internal_power () { related_pin : "A B"; power (scalar) { values ("600"); } }',
            "",
            "cell XOR2 has no power table of every input",
        ),
        (
            'related_pin : "A B"; timing_sense : non_unate;',
            'related_pin : "A"; timing_sense : non_unate;',
            "cell XOR2 has no delay table of every input",
        ),
    ],
)
def test_cells_that_lack_figures_are_refused_when_used(changed, old, new, message):
    library = changed((old, new))
    library.cell("INV")
    with pytest.raises(AccelsimError, match=message):
        library.cell("XOR2")


def test_a_changed_file_is_read_again(tmp_path):
    path = tmp_path / "cells.lib"
    path.write_text(SMALL.read_text())
    assert read_cells(path).cell("INV").area == 2
    path.write_text(SMALL.read_text().replace("area : 2;", "area : 7;"))
    os.utime(path, ns=(1, 1))
    assert read_cells(path).cell("INV").area == 7


@pytest.mark.skipif("ACCELSIM_DATA" not in os.environ, reason="needs the Liberty file in $ACCELSIM_DATA")
def test_a_published_file():
    path = Path(os.environ["ACCELSIM_DATA"]) / "liberty" / "sg13g2_stdcell_typ_1p20V_25C.lib"
    library = read_cells(path)
    assert library.voltage == 1.2
    assert len(library.cells) == 54
    nand = library.cell("sg13g2_nand2_1")
    # As printed in the file: pW, pF, ns, pJ.
    assert nand.area == 7.2576
    assert nand.leakage == pytest.approx(81.2456e-3)
    assert [pin.capacitance for pin in nand.inputs] == pytest.approx([2.88593, 2.97812])
    assert nand.timing[0].rise_delay.at(0.0186, 1.0) == pytest.approx(0.022718)
    assert nand.timing[0].fall_transition.at(2.5074, 300.0) == pytest.approx(2.04013)
    assert nand.energies[0].rise.at(0.0966, 23.4) == pytest.approx(1.87958)
    assert "sg13g2_dfrbp_1" not in library.cells
    assert "sg13g2_ebufn_2" not in library.cells
