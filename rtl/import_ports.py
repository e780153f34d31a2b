"""Which ports of a module are the operands of a multiplier, and which the product."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.errors import AccelsimError, nearest
from accelsim.rtl.import_options import ImportOptions

__all__ = ["Bundle", "Operands", "find_operands"]

#: A bit of a vector whose bits are ports of their own: a3, a_3, a[3], a<3>, a(3), a_3_.
_BIT = re.compile(r"(?P<stem>.*?)[\[<(_]?(?P<index>\d+)[\]>)_]?")


@dataclass(frozen=True)
class Bundle:
    """An operand or product of a module.

    Parameters
    ----------
    name : str
        Name of the port, or the stem of the names of its bits.
    ports : tuple of str
        The module's ports that make it up, least significant first: one, or one for each bit.
    width : int
        Number of bits.
    signed : bool
        Whether it is declared so.
    """

    name: str
    ports: tuple[str, ...]
    width: int
    signed: bool = False


@dataclass(frozen=True)
class Operands:
    """The operands and the product of a multiplier."""

    a: Bundle
    b: Bundle
    product: Bundle


def find_operands(where: str, ports: Mapping[str, Mapping[str, Any]], options: ImportOptions) -> Operands:
    """Find the operands and the product among the ports of a module.

    Parameters
    ----------
    where : str
        The module and where it stands, for error messages.
    ports : mapping
        Ports in the order of their declaration, as Yosys' JSON describes them.
    options : ImportOptions
        Names the user gave.

    Raises
    ------
    AccelsimError
        If there are not two inputs and one output, a named port is not there, or the product is too narrow.
    """
    both_ways = [name for name, port in ports.items() if port["direction"] == "inout"]
    if both_ways:
        raise AccelsimError(f"{where} has the inout port {both_ways[0]}; expected two inputs and one output")
    inputs = _bundles(where, {name: port for name, port in ports.items() if port["direction"] == "input"})
    outputs = _bundles(where, {name: port for name, port in ports.items() if port["direction"] == "output"})
    if len(inputs) != 2:
        raise AccelsimError(f"{where} has {_counted(inputs, 'input')}; a multiplier has two operands")
    a, b = _in_order(where, inputs, options)
    if options.product is not None:
        product = _named(where, "output", options.product, outputs)
    elif len(outputs) == 1:
        (product,) = outputs.values()
    else:
        hint = "; name the product with --product" if outputs else ""
        raise AccelsimError(f"{where} has {_counted(outputs, 'output')}; a multiplier has one product{hint}")
    for operand in (a, b):
        if operand.width < 2:
            raise AccelsimError(f"{where}: operand {operand.name} has 1 bit; the narrowest multiplier has 2")
    needed = a.width + b.width
    if needed > 64:
        raise AccelsimError(f"{where}: operands of {a.width} and {b.width} bits; 64 in all is the limit")
    if product.width < needed:
        raise AccelsimError(
            f"{where}: product {product.name} is too narrow: {product.width} bits; expected {needed}, "
            f"{a.width} of operand {a.name} and {b.width} of {b.name}"
        )
    return Operands(a, b, product)


def _bundles(where: str, ports: Mapping[str, Mapping[str, Any]]) -> dict[str, Bundle]:
    """Return the vectors among the ports; where all are single bits, put together those of one stem."""
    if len(ports) < 3 or any(len(port["bits"]) != 1 for port in ports.values()):
        return {
            name: Bundle(name, (name,), len(port["bits"]), bool(port.get("signed")))
            for name, port in ports.items()
        }
    stems: dict[str, dict[int, str]] = {}
    for name in ports:
        found = _BIT.fullmatch(name)
        stem, index = (found["stem"], int(found["index"])) if found else (name, 0)
        if index in stems.setdefault(stem, {}):
            raise AccelsimError(
                f"{where}: ports {stems[stem][index]} and {name} are both bit {index} of {stem}"
            )
        stems[stem][index] = name
    for stem, bits in stems.items():
        missing = next((index for index in range(min(bits), max(bits)) if index not in bits), None)
        if missing is not None:
            raise AccelsimError(f"{where}: among the ports of {stem}, bit {missing} is missing")
    return {
        stem: Bundle(stem, tuple(bits[index] for index in sorted(bits)), len(bits))
        for stem, bits in stems.items()
    }


def _in_order(where: str, inputs: Mapping[str, Bundle], options: ImportOptions) -> tuple[Bundle, Bundle]:
    """Return the operands as told, else ports called a and b, else the order of their declaration."""
    first, second = inputs.values()
    if options.a is None and options.b is None:
        called_b_a = (first.name.lower(), second.name.lower()) == ("b", "a")
        return (second, first) if called_b_a else (first, second)
    if options.a is not None:
        a = _named(where, "input", options.a, inputs)
        b = second if a is first else first
        if options.b is not None and _named(where, "input", options.b, inputs) is not b:
            raise AccelsimError(
                f"{where}: {options.b} cannot be both operands; there are {' and '.join(inputs)}"
            )
        return a, b
    assert options.b is not None
    b = _named(where, "input", options.b, inputs)
    return (second if b is first else first), b


def _named(where: str, kind: str, name: str, bundles: Mapping[str, Bundle]) -> Bundle:
    if name not in bundles:
        hint = nearest(name, bundles) or f"; there are {', '.join(bundles) or 'none'}"
        raise AccelsimError(f"{where} has no {kind} {name}{hint}")
    return bundles[name]


def _counted(bundles: Iterable[str], kind: str) -> str:
    names = list(bundles)
    shown = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    return f"{len(names) or 'no'} {kind}{'s' * (len(names) != 1)}" + (f" ({shown})" if names else "")
