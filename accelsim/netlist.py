"""A combinational gate-level netlist: what a multiplier is, down to the gates."""

import hashlib
import json
import os
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from accelsim.errors import AccelsimError
from accelsim.operands import checked_integers
from accelsim.storage import written_atomically

__all__ = ["FIRST_INPUT_NET", "Gate", "Netlist", "Port"]

#: Nets 0 and 1 are the constants; the input ports' nets follow.
FIRST_INPUT_NET = 2


class Gate(IntEnum):
    """Opcodes of gates with up to three operands ``a``, ``b``, ``c`` (unused operands are net 0)."""

    BUF = 0
    NOT = 1
    AND = 2
    NAND = 3
    OR = 4
    NOR = 5
    XOR = 6
    XNOR = 7
    ANDNOT = 8  # a & ~b
    ORNOT = 9  # a | ~b
    MUX = 10  # b if c else a


@dataclass(frozen=True)
class Port:
    """A named bundle of nets, least significant bit first."""

    name: str
    nets: tuple[int, ...]

    @property
    def width(self) -> int:
        """Number of bits."""
        return len(self.nets)


@dataclass(frozen=True, eq=False)
class Netlist:
    """Gates in topological order, and the ports they connect.

    Net 0 is constant 0, net 1 constant 1; the nets of the input ports follow in the ports' order, from
    `FIRST_INPUT_NET` on; gate ``i`` drives net ``first_gate_net + i``, and reads lower nets only.

    Parameters
    ----------
    name : str
        Name of the module.
    inputs, outputs : tuple of Port
        Ports in the order of the description.
    opcodes : uint8 array of shape (gates,)
        `Gate` numbers.
    operands : int32 array of shape (gates, 3)
        Nets that each gate reads.

    Raises
    ------
    AccelsimError
        If the arrays are not of integers or their shapes disagree, an opcode is unknown, a gate reads a net
        that no earlier gate drives (a loop, or an undriven net), or a port names a net that does not exist.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    opcodes: NDArray[np.uint8]
    operands: NDArray[np.int32]

    def __post_init__(self) -> None:
        widest = np.iinfo(np.int32)
        opcodes, operands = (
            checked_integers(given, widest.min, widest.max, f"netlist {self.name}: an array of {what}")
            for given, what in ((self.opcodes, "opcodes"), (self.operands, "operands"))
        )
        if opcodes.ndim != 1 or operands.size != 3 * len(opcodes):
            raise AccelsimError(
                f"netlist {self.name}: {opcodes.size} opcodes for {operands.size / 3:g} gates of 3 operands"
            )
        unknown = opcodes[(opcodes < 0) | (opcodes > max(Gate))]
        if unknown.size:
            raise AccelsimError(
                f"netlist {self.name}: unknown opcode {unknown[0]}; expected 0 to {max(Gate)}"
            )
        opcodes, operands = opcodes.astype(np.uint8), operands.astype(np.int32).reshape(-1, 3)
        expected = iter(range(FIRST_INPUT_NET, self.first_gate_net))
        if any(net != next(expected) for port in self.inputs for net in port.nets):
            raise AccelsimError(f"netlist {self.name}: input nets must count up from {FIRST_INPUT_NET}")
        own_net = self.first_gate_net + np.arange(len(opcodes))
        bad = (operands < 0) | (operands >= own_net[:, None])
        if bad.any():
            gate = int(np.argmax(bad.any(axis=1)))
            raise AccelsimError(f"netlist {self.name}: gate {gate} reads a net that no earlier gate drives")
        for port in self.outputs:
            if any(not 0 <= net < self.net_count for net in port.nets):
                raise AccelsimError(
                    f"netlist {self.name}: output {port.name} names a net that does not exist"
                )
        opcodes.flags.writeable = operands.flags.writeable = False
        object.__setattr__(self, "opcodes", opcodes)
        object.__setattr__(self, "operands", operands)

    @property
    def first_gate_net(self) -> int:
        """The net that gate 0 drives."""
        return FIRST_INPUT_NET + sum(port.width for port in self.inputs)

    @property
    def gate_count(self) -> int:
        """Number of gates."""
        return len(self.opcodes)

    @property
    def net_count(self) -> int:
        """Number of nets, constants included."""
        return self.first_gate_net + self.gate_count

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of ports, gates and wiring; the module's name does not count."""
        content = hashlib.sha256()
        for ports in (self.inputs, self.outputs):
            content.update(repr([(port.name, port.nets) for port in ports]).encode())
        content.update(self.opcodes.tobytes())
        content.update(self.operands.astype("<i4").tobytes())
        return content.hexdigest()

    def gate_histogram(self) -> dict[str, int]:
        """Return how many gates of each kind there are, most frequent first."""
        counts = np.bincount(self.opcodes, minlength=len(Gate))
        return {Gate(op).name: int(counts[op]) for op in np.argsort(-counts, kind="stable") if counts[op]}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the netlist as ``.npz``."""
        about = {
            "name": self.name,
            "inputs": [(port.name, port.nets) for port in self.inputs],
            "outputs": [(port.name, port.nets) for port in self.outputs],
        }
        with written_atomically(path) as file:
            np.savez_compressed(
                file, opcodes=self.opcodes, operands=self.operands, about=np.array(json.dumps(about))
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Netlist":
        """Read a netlist that `save` wrote.

        Raises
        ------
        AccelsimError
            If the file is missing, truncated, or not a netlist.
        """
        path = Path(path)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
                about = json.loads(str(content["about"]))
                opcodes, operands = content["opcodes"], content["operands"]
            inputs, outputs = (
                tuple(Port(str(name), tuple(int(net) for net in nets)) for name, nets in about[side])
                for side in ("inputs", "outputs")
            )
            name = str(about["name"])
        except OSError as error:
            raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
        except Exception as error:  # NumPy, zipfile, zlib and json have many for a damaged file
            raise AccelsimError(f"{path} is damaged or not a netlist: {error}") from error
        return cls(name, inputs, outputs, opcodes, operands)
