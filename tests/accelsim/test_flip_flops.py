import os
from pathlib import Path

import pytest

from accelsim.errors import AccelsimError
from accelsim.flip_flops import BUILT_IN_FLIP_FLOP, read_flip_flop
from accelsim.liberty_cells import read_cells

LIBRARY = """
library (l) {
  time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1nW"; capacitive_load_unit (1, ff);
  nom_voltage : 1.0;
  cell (inv) {
    area : 1; cell_leakage_power : 1;
    pin (A) { direction : input; capacitance : 1; }
    pin (Y) { direction : output; function : "!A"; internal_power () {
      related_pin : "A"; power (scalar) { values ("1"); } } }
  }
  cell (big) { area : 20; FLIP }
  cell (small) { area : 10; FLIP }
  cell (scan) {
    area : 5; cell_leakage_power : 3;
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "(SE SI) + (!SE D)"; }
  }
}
"""

FLIP = """
    cell_leakage_power : 3;
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; clear : "!RN"; }
    pin (CK) { direction : input; capacitance : 2;
      internal_power () { when : "RN & !D & !Q"; rise_power (scalar) { values ("5"); }
                                                fall_power (scalar) { values ("6"); } }
      internal_power () { when : "RN & D & Q"; rise_power (scalar) { values ("7"); }
                                               fall_power (scalar) { values ("8"); } }
      internal_power () { rise_power (scalar) { values ("100"); } fall_power (scalar) { values ("100"); } }
    }
    pin (D) { direction : input; capacitance : 4;
      internal_power () { when : "CK"; power (scalar) { values ("1"); } }
      internal_power () { when : "!CK & RN"; power (scalar) { values ("3"); } }
      internal_power () { when : "!CK & !RN"; power (scalar) { values ("1000"); } }
    }
    pin (RN) { direction : input; capacitance : 1; }
    pin (Q) { direction : output; function : "IQ";
      internal_power () { related_pin : "CK"; rise_power (scalar) { values ("20"); }
                                              fall_power (scalar) { values ("22"); } }
      internal_power () { related_pin : "RN"; power (scalar) { values ("500"); } }
    }
"""


def written(folder, text):
    path = folder / "l.lib"
    path.write_text(text.replace("FLIP", FLIP))
    return path


def test_figures_of_the_smallest(tmp_path):
    """By hand: 6 and 7 at rest, 2 of the clock pin; 21 - 6 at the edge, 2 inside D, 2 at its pin."""
    found = read_flip_flop(written(tmp_path, LIBRARY))
    assert (found.cell, found.area_um2, found.leakage_nw) == ("small", 10, 3)
    assert found.clock_fj == pytest.approx(6 + 7 + 2)
    assert found.change_fj == pytest.approx(21 - 6 + 2 + 2)


def test_none(tmp_path):
    path = written(tmp_path, LIBRARY.replace("FLIP", "cell_leakage_power : 3;"))
    assert set(read_cells(path).cells) == {"inv"}
    with pytest.raises(AccelsimError, match="l.lib has no flip-flop with one output"):
        read_flip_flop(path)
    with pytest.raises(AccelsimError, match="cannot read"):
        read_flip_flop(tmp_path / "missing.lib")


@pytest.mark.skipif("ACCELSIM_DATA" not in os.environ, reason="needs the Liberty file in $ACCELSIM_DATA")
def test_built_in_figures_are_those_of_the_published_file():
    found = read_flip_flop(Path(os.environ["ACCELSIM_DATA"]) / "liberty" / "sg13g2_stdcell_typ_1p20V_25C.lib")
    assert found.cell == f"sg13g2_{BUILT_IN_FLIP_FLOP.cell}"
    assert found.area_um2 == BUILT_IN_FLIP_FLOP.area_um2
    assert found.leakage_nw == pytest.approx(BUILT_IN_FLIP_FLOP.leakage_nw, abs=6e-5)
    assert found.clock_fj == pytest.approx(BUILT_IN_FLIP_FLOP.clock_fj, abs=6e-4)
    assert found.change_fj == pytest.approx(BUILT_IN_FLIP_FLOP.change_fj, abs=6e-4)
