"""Netlists, and what follows from them, in the user's cache."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from amaranth.lib import wiring

from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.netlist import Netlist
from accelsim.rtl.synthesis import SYNTHESIS_COMMANDS, rtlil_of, synthesise
from accelsim.rtl.yosys import yosys_version
from accelsim.storage import cache_folder

__all__ = ["cached", "cached_netlist", "cached_synthesis", "synthesis_key"]

_Saved = TypeVar("_Saved", Lut, Netlist)


def cached(
    path: Path, load: Callable[[], _Saved], is_right: Callable[[_Saved], bool], make: Callable[[], _Saved]
) -> _Saved:
    """Load what is at ``path``; where it is missing, damaged or not the right one, make it and keep it there.

    What cannot be kept is made all the same.
    """
    with suppress(AccelsimError):
        if is_right(saved := load()):
            return saved
    made = make()
    with suppress(AccelsimError):
        made.save(path)
    return made


def cached_netlist(key: str, ports: list[tuple[str, int]], make: Callable[[], Netlist]) -> Netlist:
    """Return a netlist from the cache, or make it and keep it there.

    Parameters
    ----------
    key : str
        Everything that it follows from.
    ports : list of (str, int)
        Names and widths of its inputs and outputs.
    make : callable
        Makes it.
    """
    path = cache_folder() / "netlists" / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"

    def is_right(netlist: Netlist) -> bool:
        return [(port.name, port.width) for port in (*netlist.inputs, *netlist.outputs)] == ports

    return cached(path, lambda: Netlist.load(path), is_right, make)


def synthesis_key(rtlil: str) -> str:
    """Return everything that the netlist of a design follows from."""
    return "\n".join([rtlil, *SYNTHESIS_COMMANDS, yosys_version()])


def cached_synthesis(component: wiring.Component, name: str) -> Netlist:
    """Synthesise an Amaranth component as `synthesise` does, once; then take it from the cache."""
    rtlil = rtlil_of(component, name)
    ports = [(port, len(getattr(component, port))) for port in component.signature.members]
    return cached_netlist(synthesis_key(rtlil), ports, lambda: synthesise(component, name, rtlil))
