"""From an Amaranth description to a gate-level netlist."""

from pathlib import Path
from tempfile import TemporaryDirectory

from amaranth.back import rtlil
from amaranth.lib import wiring

from accelsim.netlist import Netlist
from accelsim.rtl.yosys import run_yosys
from accelsim.rtl.yosys_json import netlist_from_json

__all__ = ["SYNTHESIS_COMMANDS", "rtlil_of", "synthesise", "synthesise_rtlil"]

#: From any combinational RTL to Yosys' two-input gates and multiplexers.
SYNTHESIS_COMMANDS = ("synth -flatten -top {top}", "opt_clean -purge")


def rtlil_of(component: wiring.Component, name: str) -> str:
    """Return the RTLIL of a component, its top module called ``name``."""
    return str(rtlil.convert(component, name=name, emit_src=False))


def synthesise_rtlil(text: str, name: str) -> Netlist:
    """Synthesise RTLIL whose top module is ``name`` to a netlist of simple gates.

    Raises
    ------
    AccelsimError
        If Yosys refuses the design, or it is not combinational.
    """
    with TemporaryDirectory(prefix="accelsim-") as folder:
        path = Path(folder)
        (path / "design.il").write_text(text, encoding="utf-8")
        commands = [command.format(top=name) for command in SYNTHESIS_COMMANDS]
        run_yosys(["read_rtlil design.il", *commands, "write_json netlist.json"], path, name)
        return netlist_from_json((path / "netlist.json").read_text(encoding="utf-8"), name)


def synthesise(component: wiring.Component, name: str) -> Netlist:
    """Synthesise an Amaranth component to a netlist of simple gates.

    Parameters
    ----------
    component : wiring.Component
        A combinational component.
    name : str
        Name of the netlist.

    Raises
    ------
    AccelsimError
        If Yosys refuses the design, or it is not combinational.
    """
    return synthesise_rtlil(rtlil_of(component, name), name)
