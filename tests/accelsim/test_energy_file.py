import pytest

from accelsim.energy import DEFAULT_MEMORY_ENERGY, PartEnergy, PeEnergy
from accelsim.energy_file import read_energies
from accelsim.errors import AccelsimError
from accelsim.file_lines import line_of

WHOLE = """# energies
[scratchpad]
kib = [8, 32]
pj_per_byte = [1, 2.5]
source = "CACTI"

[dram]
pj_per_byte = 20
[pe]
multiplier_fj = 200
leakage_nw = 7
"""


@pytest.fixture
def energy_file(tmp_path):
    def write(text):
        path = tmp_path / "energy.toml"
        path.write_text(text)
        return path

    return write


def test_all_keys(energy_file):
    found = read_energies(energy_file(WHOLE))
    assert found.memory.scratchpad == ((8, 1), (32, 2.5))
    assert found.memory.dram == 20
    assert found.memory.source == "scratchpad: CACTI; dram: energy.toml"
    computed = PeEnergy(PartEnergy(1, 2), PartEnergy(3, 4), PartEnergy(5, 6), 8)
    expected = PeEnergy(PartEnergy(200, 0), PartEnergy(3, 4), PartEnergy(5, 6), 7)
    assert found.of_pe(computed) == expected


def test_what_a_file_leaves_out_stays(energy_file):
    found = read_energies(energy_file(""))
    assert found.memory.scratchpad == DEFAULT_MEMORY_ENERGY.scratchpad
    assert found.memory.dram == DEFAULT_MEMORY_ENERGY.dram
    assert found.pe == {}
    one = read_energies(energy_file("[scratchpad]\npj_per_byte = 4\n"))
    assert (one.memory.scratchpad_pj(1), one.memory.scratchpad_pj(999)) == (4, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[dram\n", "is not TOML: .*line 1"),
        ("[dran]\npj_per_byte = 1\n", r"line 1: dran is no section; did you mean dram\?"),
        ("\ndram = 3\n", "line 2: dram is no section"),
        ("[dram]\n\npj = 1\n", r"line 3: pj is no key of \[dram\]; there are pj_per_byte, source"),
        ("[dram]\npj_per_byte = -1\n", "line 2: pj_per_byte is -1; expected a number from 0 on"),
        ("[dram]\npj_per_byte = inf\n", "line 2: pj_per_byte is inf"),
        ("[dram]\npj_per_byte = true\n", "line 2: pj_per_byte is True"),
        ("[dram]\nsource = 'x'\n", "line 1: pj_per_byte is None"),
        ("[dram]\nsource = 1\n", "line 2: source is no text"),
        ("[pe]\nadder_fj = 'x'\n", "line 2: adder_fj is 'x'"),
        ("[scratchpad]\npj_per_byte = [1, 2]\n", "line 2: pj_per_byte is a list; expected as many sizes"),
        ("[scratchpad]\nkib = [2, 1]\npj_per_byte = [1, 2]\n", r"line 2: kib is \[2, 1\]; expected rising"),
        ("[scratchpad]\nkib = [1, 2]\npj_per_byte = [1, 0]\n", r"line 3: pj_per_byte is \[1, 0\]"),
        ("[scratchpad]\nkib = 8\npj_per_byte = 1\n", "line 2: kib is there with one pj_per_byte"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(energy_file, text, message):
    with pytest.raises(AccelsimError, match=message):
        read_energies(energy_file(text))


def test_files_that_are_none(tmp_path):
    with pytest.raises(AccelsimError, match="cannot read"):
        read_energies(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AccelsimError, match="is no text file"):
        read_energies(tmp_path / "binary.toml")


def test_lines_of_keys():
    assert line_of(WHOLE, "dram", "pj_per_byte") == 8
    assert line_of(WHOLE, "pe") == 9
    assert line_of(WHOLE, "pe", "kib") is None
