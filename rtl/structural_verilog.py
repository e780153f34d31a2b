"""Hierarchical Verilog of an Amaranth component, through Yosys."""

from pathlib import Path
from tempfile import TemporaryDirectory

from amaranth.lib import wiring

from accelsim.rtl.structural_rtlil import structural_rtlil
from accelsim.rtl.yosys import run_yosys

__all__ = ["structural_verilog"]

#: Processes to multiplexers, constants folded, aliases of nets removed; then reset and enable of registers
#: found again. Memories start undefined, as those of hardware do.
_COMMANDS = (
    "read_rtlil in.il",
    "proc",
    "opt_expr -full",
    "opt_merge",
    "opt_clean",
    "opt_dff",
    "delete t:$meminit_v2",
    "opt_clean -purge",
    "write_verilog -noattr out.v",
)


def structural_verilog(component: wiring.Component, name: str) -> str:
    """Return Verilog-2001 of a component with the structure of `structural_rtlil`.

    Parameters
    ----------
    component : wiring.Component
        A component that nothing else uses.
    name : str
        Name of the top module, a Verilog identifier.
    """
    with TemporaryDirectory(prefix="accelsim-") as folder:
        path = Path(folder)
        (path / "in.il").write_text(structural_rtlil(component, name), encoding="utf-8")
        run_yosys(_COMMANDS, path, name)
        text = (path / "out.v").read_text(encoding="utf-8")
    return text.split("*/\n\n", 1)[1]  # without the line about the build of Yosys
