import math

import pytest

from accelsim.errors import AccelsimError
from accelsim.scalesim_config import read_config
from accelsim.systolic_array import SystolicArray

CONFIG = """[general]
run_name = example

[architecture_presets]
ArrayHeight:    16
ArrayWidth:     8
IfmapSramSzkB:   64
FilterSramSzkB:  32
OfmapSramSzkB:   128
IfmapOffset:    0
FilterOffset:   10000000
OfmapOffset:    20000000
Bandwidth : 20,10
Dataflow : is
MemoryBanks:   1

[sparsity]
SparsitySupport : false

[run_presets]
InterfaceBandwidth: USER
"""


@pytest.fixture
def config(tmp_path):
    def write(*replacements):
        text = CONFIG
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "scale.cfg"
        path.write_text(text)
        return path

    return write


def test_an_accelerator(config):
    found = read_config(config())
    assert found.run_name == "example"
    assert found.accelerator.array == SystolicArray(16, 8, "is")
    accelerator = found.accelerator
    sizes = accelerator.ifmap_kib, accelerator.filter_kib, accelerator.ofmap_kib, accelerator.bandwidth
    assert sizes == (64, 32, 128, 10)
    assert read_config(config(("USER", "CALC"))).accelerator.bandwidth == math.inf


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ArrayHeight:    16", "ArrayHeight: 0", "line 5: ArrayHeight is '0'; expected a positive integer"),
        ("OfmapSramSzkB:   128", "OfmapSramSzkB: big", "line 9: OfmapSramSzkB is 'big'"),
        ("Bandwidth : 20,10", "Bandwidth : 20,x", "line 13: Bandwidth is '20,x'"),
        ("Dataflow : is", "Dataflow : rs", "line 14: Dataflow is 'rs'; expected os, ws or is"),
        ("SparsitySupport : false", "SparsitySupport : True", "line 18: SparsitySupport is true"),
        ("USER", "user", "line 21: InterfaceBandwidth is 'user'; expected CALC or USER"),
        (
            "ArrayWidth:     8",
            "ArrayWith: 8",
            r"no ArrayWidth in \[architecture_presets\]; did you mean arraywith",
        ),
        ("[run_presets]", "[run_preset]", r"no section \[run_presets\]; did you mean run_preset"),
        ("[general]\n", "", "line 1: expected a section"),
        ("ArrayWidth:     8", "ArrayWidth 8", "line 6: expected 'key: value'"),
        ("ArrayWidth:     8", "ArrayHeight: 8", "line 6: arrayheight is there twice"),
        ("[sparsity]", "[general]", r"line 17: section \[general\] is there twice"),
    ],
)
def test_malformed_files_are_told_by_their_line(config, old, new, message):
    with pytest.raises(AccelsimError, match=message):
        read_config(config((old, new)))


def test_files_that_are_none(tmp_path):
    with pytest.raises(AccelsimError, match="cannot read"):
        read_config(tmp_path / "none.cfg")
    (tmp_path / "binary.cfg").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AccelsimError, match="is no text file"):
        read_config(tmp_path / "binary.cfg")
