"""From an Amaranth description to a gate-level netlist."""

from pathlib import Path
from tempfile import TemporaryDirectory

from amaranth.back import rtlil
from amaranth.hdl._nir import CombinationalCycle  # Amaranth gives it no public name
from amaranth.lib import wiring

from accelsim.errors import AccelsimError
from accelsim.netlist import Netlist
from accelsim.rtl.yosys import run_yosys
from accelsim.rtl.yosys_json import netlist_from_json

__all__ = ["SYNTHESIS_COMMANDS", "rtlil_of", "synthesise"]

#: From any combinational RTL to Yosys' two-input gates and multiplexers.
SYNTHESIS_COMMANDS = ("synth -flatten -top {top}", "opt_clean -purge")


def rtlil_of(component: wiring.Component, name: str) -> str:
    """Return the RTLIL of a component, its top module called ``name``.

    Raises
    ------
    AccelsimError
        If the description has a combinational loop.
    """
    try:
        return str(rtlil.convert(component, name=name, emit_src=False))
    except CombinationalCycle as error:
        path = [line.split(": ", 1)[-1].strip() for line in str(error).splitlines()[1:]]
        raise AccelsimError(f"{name}: combinational loop through {', '.join(path)}") from error


def synthesise(component: wiring.Component, name: str, rtlil_text: str | None = None) -> Netlist:
    """Synthesise an Amaranth component to a netlist of simple gates.

    Parameters
    ----------
    component : wiring.Component
        A combinational component; the netlist's ports have the order of its signature.
    name : str
        Name of the netlist.
    rtlil_text : str, optional
        What `rtlil_of` returned for the component, where it is at hand.

    Raises
    ------
    AccelsimError
        If Yosys refuses the design, or it is not combinational.
    """
    text = rtlil_of(component, name) if rtlil_text is None else rtlil_text
    with TemporaryDirectory(prefix="accelsim-") as folder:
        path = Path(folder)
        (path / "design.il").write_text(text, encoding="utf-8")
        commands = [command.format(top=name) for command in SYNTHESIS_COMMANDS]
        run_yosys(["read_rtlil design.il", *commands, "write_json netlist.json"], path, name)
        json_text = (path / "netlist.json").read_text(encoding="utf-8")
    return netlist_from_json(json_text, name, ports=list(component.signature.members))
