"""A netlist that computes a given LUT, where nothing else of a multiplier is known.

It is *a* netlist of that function, not the one that the LUT was made with: area, delay and energy are those
of what is found here.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from accelsim.gate_costs import netlist_area_um2
from accelsim.lut import Lut
from accelsim.netlist import Netlist
from accelsim.rtl.decision_diagram import diagram_netlist, variable_orders
from accelsim.rtl.multilinear import multilinear_netlist
from accelsim.rtl.technology_mapping import yosys_design
from accelsim.rtl.yosys import run_yosys
from accelsim.rtl.yosys_json import netlist_from_json

__all__ = ["netlist_from_table"]

#: ABC's commands for the gates that a netlist is made of: merge equal nodes, then rewrite again and again.
_OPTIMISE = (
    "strash",
    "&get -n",
    "&fraig -x",
    "&put",
    *["dc2"] * 4,
    "strash",
    "&get -n",
    "&dch -f",
    "&nf",
    "&put",
)
_GATES = "AND,NAND,OR,NOR,XOR,XNOR,ANDNOT,ORNOT,MUX"


def netlist_from_table(lut: Lut) -> Netlist:
    """Synthesise a netlist from a LUT.

    Its decision diagrams under a few orders of the inputs, and its multilinear polynomial, are made gates;
    the one of least area is optimised by ABC.

    Parameters
    ----------
    lut : Lut
        Any.

    Returns
    -------
    Netlist
        Inputs ``a`` and ``b``, output ``p``.
    """
    orders = variable_orders(lut.a_width, lut.b_width)
    candidates = [multilinear_netlist(lut), *(diagram_netlist(lut, order) for order in orders)]
    return _optimised(min(candidates, key=netlist_area_um2))


def _optimised(netlist: Netlist) -> Netlist:
    script = ";".join(command.replace(" ", ",") for command in _OPTIMISE)
    with TemporaryDirectory(prefix="accelsim-") as name:
        folder = Path(name)
        (folder / "design.json").write_text(yosys_design(netlist), encoding="utf-8")
        commands = [
            "read_json design.json",
            f"abc -g {_GATES} -script +{script}",
            "opt_clean -purge",
            "write_json optimised.json",
        ]
        run_yosys(commands, folder, netlist.name)
        text = (folder / "optimised.json").read_text(encoding="utf-8")
    ports = [port.name for port in netlist.inputs + netlist.outputs]
    return netlist_from_json(text, ports=ports)
