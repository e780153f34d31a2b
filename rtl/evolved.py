"""The evolved multipliers of the package: netlists that `accelsim evolve` found, and how it found them."""

import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from accelsim.errors import AccelsimError, nearest
from accelsim.netlist import Netlist
from accelsim.rtl.circuits import Circuit
from accelsim.rtl.gates_file import GATES_SUFFIX, read_gates

__all__ = ["EVOLVED_FOLDER", "NetlistCircuit", "evolved_circuit", "evolved_names", "is_evolved_name"]

#: Where the family lies, one file per circuit.
EVOLVED_FOLDER = Path(__file__).parent / "evolved"

_NAME = re.compile(r"mul[0-9]{1,2}[us]_evo_\w+")


class NetlistCircuit(Circuit):
    """A multiplier in a file of `accelsim.rtl.gates_file`: of the family, or what a search has written.

    Parameters
    ----------
    path : path-like
        The file. ``facts`` holds what it says about the circuit.

    Raises
    ------
    AccelsimError
        If it cannot be read, or is not a multiplier.
    """

    origin = "evolved"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._netlist, self.facts = read_gates(path)
        widths = [port.width for port in self._netlist.inputs]
        if len(widths) != 2 or self._netlist.outputs[0].width != sum(widths):
            raise AccelsimError(
                f"{path} is not a multiplier: it has inputs of {widths} bits and an output of "
                f"{self._netlist.outputs[0].width}; expected two, and an output as wide as both together"
            )
        if self.facts.get("signed") not in {"yes", "no"}:
            raise AccelsimError(f"{path} does not say whether the multiplier is signed: signed: yes or no")
        super().__init__(
            self._netlist.name,
            widths[0],
            widths[1],
            self.facts["signed"] == "yes",
            self.facts.get("summary", f"netlist of {self._netlist.gate_count} gates"),
            self.facts.get("command", os.fspath(path)),
        )

    def fresh_netlist(self) -> Netlist:
        """Return the netlist of the file."""
        return self._netlist

    def netlist(self) -> Netlist:
        """Return the netlist of the file."""
        return self._netlist

    def _netlist_key(self) -> str:
        return self._netlist.digest

    def _provenance(self, netlist: Netlist) -> dict[str, Any]:
        kept = {"command": "command", "distribution sha256": "distribution_sha256"}
        found = {name: self.facts[fact] for fact, name in kept.items() if fact in self.facts}
        return {
            "netlist_sha256": netlist.digest,
            "gates": netlist.gate_count,
            "accelsim": version("accelsim"),
            **found,
        }


def is_evolved_name(name: str) -> bool:
    """Return whether a name, such as ``mul8u_evo_m56465``, could be one of the family's."""
    return _NAME.fullmatch(name) is not None


def evolved_names() -> list[str]:
    """Return the names of the family, by signedness, metric and bound."""
    names = [path.stem for path in EVOLVED_FOLDER.glob(f"*{GATES_SUFFIX}")]
    return sorted(names, key=_sort_key)


def _sort_key(name: str) -> tuple[bool, str, int, str]:
    kind, _, identifier = name.split("_", 2)
    return kind.endswith("s"), identifier[0], int(re.sub(r"\D", "", identifier) or 0), name


def evolved_circuit(name: str) -> NetlistCircuit:
    """Return a circuit of the family.

    Raises
    ------
    AccelsimError
        If there is none of this name.
    """
    path = EVOLVED_FOLDER / f"{name}{GATES_SUFFIX}"
    if not path.is_file():
        raise AccelsimError(f"no evolved multiplier {name}{nearest(name, evolved_names())}")
    return NetlistCircuit(path)
