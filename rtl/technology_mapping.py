"""From a netlist of simple gates to one of a Liberty file's cells, through Yosys and ABC."""

import json
from collections.abc import Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from accelsim.cell_library import Cell, CellLibrary
from accelsim.genlib import genlib_text
from accelsim.mapped_netlist import MappedNetlist, map_cells
from accelsim.netlist import FIRST_INPUT_NET, Gate, Netlist
from accelsim.rtl.yosys import run_yosys

__all__ = ["MAPPING_SCRIPT", "map_to_library", "yosys_design"]

#: ABC's commands: merge equal nodes, rewrite, then choose cells for area; no sizing, no buffers.
MAPPING_SCRIPT = ("strash", "&get -n", "&fraig -x", "&put", "dc2", "strash", "dch", "amap")

_PORTS = {Gate.BUF: "A", Gate.NOT: "A", Gate.MUX: "ABS"}
_TOP = "top"


def map_to_library(netlist: Netlist, library: CellLibrary) -> MappedNetlist:
    """Map a netlist onto the cells of a library.

    Parameters
    ----------
    netlist : Netlist
        What to map.
    library : CellLibrary
        Cells, as `accelsim.liberty_cells.read_cells` reads them.

    Returns
    -------
    MappedNetlist
        With the netlist's ports. Outputs that are constant or an input have no cell.

    Raises
    ------
    AccelsimError
        If ABC cannot map with these cells.
    """
    with TemporaryDirectory(prefix="accelsim-") as name:
        folder = Path(name)
        (folder / "cells.genlib").write_text(genlib_text(library), encoding="utf-8")
        (folder / "design.json").write_text(yosys_design(netlist), encoding="utf-8")
        script = ";".join(command.replace(" ", ",") for command in MAPPING_SCRIPT)
        commands = [
            "read_json design.json",
            f"abc -genlib cells.genlib -script +{script}",
            "opt_clean -purge",
            "write_json mapped.json",
        ]
        run_yosys(commands, folder, f"{netlist.name} of the cells of {library.source}")
        text = (folder / "mapped.json").read_text(encoding="utf-8")
    return _read_mapped(netlist, json.loads(text)["modules"][_TOP], library)


def yosys_design(netlist: Netlist) -> str:
    """Return a netlist as the JSON that Yosys' ``read_json`` understands, its module called ``top``."""

    def bits(nets: Sequence[int]) -> list[int | str]:
        return [net if net >= FIRST_INPUT_NET else str(net) for net in nets]

    ports = {
        port.name: {"direction": direction, "bits": bits(port.nets)}
        for direction, side in (("input", netlist.inputs), ("output", netlist.outputs))
        for port in side
    }
    cells: dict[str, Any] = {}
    for index, (opcode, operands) in enumerate(
        zip(netlist.opcodes.tolist(), netlist.operands.tolist(), strict=True)
    ):
        gate = Gate(opcode)
        pins = _PORTS.get(gate, "AB")
        connections = {pin: bits([net]) for pin, net in zip(pins, operands, strict=False)}
        cells[f"g{index}"] = {
            "type": f"$_{gate.name}_",
            "port_directions": dict.fromkeys(pins, "input") | {"Y": "output"},
            "connections": connections | {"Y": [netlist.first_gate_net + index]},
        }
    return json.dumps({"modules": {_TOP: {"ports": ports, "cells": cells, "netnames": {}}}})


def _read_mapped(netlist: Netlist, body: dict[str, Any], library: CellLibrary) -> MappedNetlist:
    """Read the cells that ABC chose."""
    bits_of = {port: list(map(str, about["bits"])) for port, about in body["ports"].items()}
    signals = {"0": 0, "1": 1}
    for port in netlist.inputs:
        signals.update(zip(bits_of[port.name], port.nets, strict=True))
    placed: dict[str, tuple[Cell, dict[str, str]]] = {}
    for about in body["cells"].values():
        cell = library.cell(about["type"])
        connections = {pin: str(bits[0]) for pin, bits in about["connections"].items()}
        placed[connections[cell.output]] = (cell, connections)
    graph = {
        output: {connections[pin.name] for pin in cell.inputs} & placed.keys()
        for output, (cell, connections) in placed.items()
    }
    return map_cells(
        netlist.name,
        {port.name: port.width for port in netlist.inputs},
        {port.name: bits_of[port.name] for port in netlist.outputs},
        [placed[output] for output in TopologicalSorter(graph).static_order()],
        signals,
        library,
    )
