"""Gates from a file in a hardware description language: Verilog, BLIF, Yosys' JSON."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from accelsim.errors import AccelsimError, nearest
from accelsim.netlist import Netlist, Port
from accelsim.rtl.hdl_files import READERS, check_json, check_text, copied, explained, placed
from accelsim.rtl.import_blif import check_blif
from accelsim.rtl.import_checks import (
    FlatModule,
    check_drivers,
    check_loops,
    check_stateless,
)
from accelsim.rtl.import_options import ImportOptions
from accelsim.rtl.import_ports import Operands, find_operands
from accelsim.rtl.import_undefined import (
    FILLINGS,
    TO_GATES,
    check_same,
    make_undefined_visible,
    may_be_undefined,
)
from accelsim.rtl.synthesis import SYNTHESIS_COMMANDS
from accelsim.rtl.yosys import YosysError, run_yosys
from accelsim.rtl.yosys_json import netlist_from_json

__all__ = ["HDL_SUFFIXES", "ImportedModule", "read_hdl"]

#: Endings of the names of files that a module is read from.
HDL_SUFFIXES = frozenset({".v", ".sv", ".blif", ".json"})


@dataclass(frozen=True)
class ImportedModule:
    """A multiplier read from a file.

    Parameters
    ----------
    netlist : Netlist
        Its gates; the ports are called ``a``, ``b`` and ``p`` and have the widths of a multiplier.
    module : str
        Name of the module.
    operands : Operands
        Its own ports.
    signed : bool
        Whether operands and product are two's complement.
    signedness_declared : bool
        Whether the file or the user said so.
    """

    netlist: Netlist
    module: str
    operands: Operands
    signed: bool
    signedness_declared: bool


def read_hdl(path: Path, options: ImportOptions) -> ImportedModule:
    """Read, check and synthesise a multiplier.

    Parameters
    ----------
    path : Path
        The file of the module: ``.v``, ``.sv``, ``.blif`` or ``.json`` (Yosys').
    options : ImportOptions
        What is not to be detected.

    Raises
    ------
    AccelsimError
        If the file cannot be read or has errors, there is no one top module, it has not two operands and a
        product wide enough, or it is not combinational with every net driven once.
    """
    check_text(path)
    if path.suffix == ".blif":
        check_blif(path)
    if path.suffix == ".json":
        check_json(path)
    with TemporaryDirectory(prefix="accelsim-") as name:
        folder = Path(name)
        shown = copied([path, *options.others], folder)
        try:
            return _read(folder, shown, str(path), options)
        except YosysError as error:
            raise AccelsimError(placed(explained(error.reason), shown, str(path))) from error
        except AccelsimError as error:
            raise AccelsimError(placed(str(error), shown, str(path))) from error


def _read(folder: Path, files: Iterable[str], path: str, options: ImportOptions) -> ImportedModule:
    """Read from copies of the files in a folder; messages name them as they are called there."""
    file = next(iter(files))
    read = [f"{READERS[suffix]} {name}" for name in files if (suffix := Path(name).suffix) in READERS]
    run_yosys([*read, "proc -noopt", "write_json modules.json"], folder, path)
    top = _top_module(file, _modules(folder / "modules.json"), options.top)
    run_yosys(
        [
            *read,
            f"hierarchy -check -top {top}",
            "proc -noopt",
            "flatten -noscopeinfo",
            "memory_collect",
            "tee -q -o check.txt check -force-detailed-loop-check",
            "write_json flat.json",
        ],
        folder,
        path,
    )
    design = json.loads((folder / "flat.json").read_text(encoding="utf-8"))
    body = design["modules"][top]
    design["modules"] = {top: body}
    module = FlatModule(file, top, body)
    check_stateless(module)
    operands = find_operands(f"{module.place}: module {top}", module.ports, options)
    check_drivers(module)
    check_loops(module, (folder / "check.txt").read_text(encoding="utf-8", errors="replace"))
    signed, declared = _signedness(f"{module.place}: module {top}", operands, options)
    undefined = may_be_undefined(module)

    kept = {*operands.a.ports, *operands.b.ports, *operands.product.ports}
    body["ports"] = {name: port for name, port in module.ports.items() if name in kept}
    (folder / "flat.json").write_text(json.dumps(design), encoding="utf-8")
    if undefined is None:
        netlist = _synthesised(folder, path, top, operands)
    else:
        make_undefined_visible(body)
        (folder / "flat.json").write_text(json.dumps(design), encoding="utf-8")
        netlist, *others = (
            _synthesised(folder, path, top, operands, [*TO_GATES, filling]) for filling in FILLINGS
        )
        check_same(undefined, netlist, others)
    netlist = _with_product_of(operands.a.width + operands.b.width, netlist, signed, module.place)
    return ImportedModule(netlist, top, operands, signed, declared)


def _top_module(file: str, modules: Mapping[str, Any], wanted: str | None) -> str:
    """Return the module asked for, else the one that no other instantiates."""
    own = {name: body for name, body in modules.items() if not _is_library_cell(body)}
    if wanted is not None:
        if wanted not in own:
            hint = nearest(wanted, own) or f"; there are {', '.join(own) or 'none'}"
            raise AccelsimError(f"{file}: no module {wanted}{hint}")
        tops = [wanted]
    else:
        used = {
            cell["type"]
            for name, body in own.items()
            for cell in body["cells"].values()
            if cell["type"] != name
        }
        tops = [name for name in own if name not in used]
    if not own:
        raise AccelsimError(f"{file}: no module in it")
    if len(tops) != 1:
        shown = ", ".join(tops[:6]) if tops else ", ".join(list(own)[:6])
        raise AccelsimError(f"{file}: which module is the multiplier? Choose with --top: {shown}")
    if not re.fullmatch(r"[\w$.\[\]-]+", tops[0]):
        raise AccelsimError(
            f"{file}: the module's name, {tops[0]!r}, has characters that Yosys' scripts cannot"
        )
    return tops[0]


def _is_library_cell(body: Mapping[str, Any]) -> bool:
    return "liberty_cell" in body["attributes"]


def _signedness(where: str, operands: Operands, options: ImportOptions) -> tuple[bool, bool]:
    declared = {operands.a.signed, operands.b.signed}
    if options.signed is not None:
        return options.signed, True
    if len(declared) == 2:
        first, second = sorted((operands.a, operands.b), key=lambda operand: not operand.signed)
        raise AccelsimError(
            f"{where}: operand {first.name} is signed, {second.name} is not; say --signed or --unsigned"
        )
    return operands.a.signed, operands.a.signed


def _synthesised(
    folder: Path, path: str, top: str, operands: Operands, preparation: Iterable[str] = ()
) -> Netlist:
    """Synthesise the flattened module; its bits become the ports a, b and p."""
    commands = [command.format(top=top) for command in SYNTHESIS_COMMANDS]
    run_yosys(["read_json flat.json", *preparation, *commands, "write_json netlist.json"], folder, path)
    text = (folder / "netlist.json").read_text(encoding="utf-8")
    bits = netlist_from_json(text, top, ports=[*operands.a.ports, *operands.b.ports])
    nets = {port.name: port.nets for port in (*bits.inputs, *bits.outputs)}

    def joined(name: str, ports: Iterable[str]) -> Port:
        return Port(name, tuple(net for port in ports for net in nets[port]))

    return Netlist(
        top,
        (joined("a", operands.a.ports), joined("b", operands.b.ports)),
        (joined("p", operands.product.ports),),
        bits.opcodes,
        bits.operands,
    )


def _with_product_of(width: int, netlist: Netlist, signed: bool, where: str) -> Netlist:
    """Drop the product's bits above ``width``, which must repeat the sign or be 0."""
    (product,) = netlist.outputs
    filling = product.nets[width - 1] if signed else 0
    if any(net != filling for net in product.nets[width:]):
        raise AccelsimError(
            f"{where}: the product has {product.width} bits that carry values; expected {width}, and nothing "
            f"but {'the sign' if signed else 'zeros'} above"
        )
    kept = Port("p", product.nets[:width])
    return Netlist(netlist.name, netlist.inputs, (kept,), netlist.opcodes, netlist.operands)


def _modules(path: Path) -> dict[str, Any]:
    modules: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["modules"]
    return modules
