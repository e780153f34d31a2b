"""RTLIL of an Amaranth component in which identical submodules share one module.

Amaranth itself emits a module for every instance, moves logic across their borders, and names signals
``a$57``. Here each submodule becomes a black-box instance of a module that is emitted once, named after what
it is (``full_adder_ama5``), and the nets between instances are named after the instance that drives them.
"""

import re
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Out

from accelsim.rtl.multiplier import Multiplier

__all__ = ["structural_rtlil"]

_PLACEHOLDER = "unnamed"
_CLOCK = ("clk", "rst")


def structural_rtlil(component: wiring.Component, name: str) -> str:
    """Return the RTLIL of a component and of one module for each kind of submodule below it.

    Components of one class with the same attribute ``module_name`` must be alike: only the first of them is
    elaborated, and gives a module of that name. The clock and the reset of the domain ``sync`` are the ports
    ``clk`` and ``rst`` of every module that has registers.

    Parameters
    ----------
    component : wiring.Component
        A component that nothing else uses: its submodules' signals are renamed.
    name : str
        Name of the top module; the order of its ports is that of the component's signature.
    """
    modules = _Modules()
    modules.add(component, name)
    return "\n".join(f"module \\{name}\n{body}" for body, name in modules.name_of.items())


class _Modules:
    """The distinct modules so far: name by body."""

    def __init__(self) -> None:
        self.name_of: dict[str, str] = {}
        self._known: dict[tuple[type, str], tuple[str, bool]] = {}

    def add(self, component: wiring.Component, wanted: str) -> tuple[str, bool]:
        """Add a component and what it is made of; return its module's name and whether it has a clock."""
        module = component.elaborate(None)
        if isinstance(module, Module):
            for instance, (part, location) in list(module._named_submodules.items()):
                if isinstance(part, wiring.Component) and not isinstance(part, Memory):
                    black_box = self._instance(instance, part)
                    module._named_submodules[instance] = (black_box, location)
        ports = _ports(component)
        signals = [signal for signal, _ in ports.values()]
        text = str(rtlil.convert(module, name=_PLACEHOLDER, ports=signals, emit_src=False))
        body = text.split(f"module \\{_PLACEHOLDER}\n", 1)[1]
        clocked = re.search(r"^  wire .*input \d+ +\\clk$", body, re.MULTILINE) is not None
        body = _in_order(body, [*(_CLOCK if clocked else ()), *ports])
        if body not in self.name_of:
            self.name_of[body] = self._free(wanted)
        return self.name_of[body], clocked

    def _instance(self, name: str, part: wiring.Component) -> Instance:
        kind, clocked = self._module_of(part)
        connections: dict[str, Any] = {}
        if clocked:
            connections |= {"i_clk": ClockSignal(), "i_rst": ResetSignal()}
        for port, (signal, out) in _ports(part).items():
            # An unnamed signal is an alias of what drives it, and does not appear.
            signal.name = f"{name}_{port}" if out else ""
            connections[f"{'o' if out else 'i'}_{port}"] = signal
        return Instance(kind, **connections)

    def _module_of(self, part: wiring.Component) -> tuple[str, bool]:
        if not hasattr(part, "module_name"):
            return self.add(part, _kind(part))
        key = type(part), part.module_name
        if key not in self._known:
            self._known[key] = self.add(part, part.module_name)
        return self._known[key]

    def _free(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.name_of.values():
            name, number = f"{wanted}_{number}", number + 1
        return name


def _ports(component: wiring.Component) -> dict[str, tuple[Signal, bool]]:
    """Return each port's signal, and whether it is an output, by the name that Amaranth gives it."""
    return {
        "__".join(map(str, path)): (Value.cast(signal), member.flow == Out)
        for path, member, signal in component.signature.flatten(component)
    }


def _kind(part: wiring.Component) -> str:
    """Name a component after its class, its adder cell if it has one, and its size if it is a multiplier."""
    words = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(part).__name__).lower()]
    if hasattr(part, "cell"):
        words.append(getattr(part.cell, "name", part.cell))
    if isinstance(part, Multiplier):
        words.append(f"{part.width}x{part.width}")
    return "_".join(words)


def _in_order(body: str, ports: list[str]) -> str:
    """Give the ports numbers in the order listed, from 1 on: Amaranth's 0 is what Yosys puts last."""

    def renumbered(match: re.Match[str]) -> str:
        return f"{match[1]}{ports.index(match[4]) + 1}{match[3]}{match[4]}\n"

    return re.sub(r"(wire [^\n]*(?:input|output) )(\d+)([^\n]*\\)([^\n]+)\n", renumbered, body)
