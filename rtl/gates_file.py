"""Files of gates: a netlist as text, one gate a line, readable in an editor and small in a package.

A file consists of lines; empty ones and those that begin with ``#`` do not count::

    accelsim netlist 1
    name: mul2u_example         any number of "key: value" lines about the circuit
    inputs: a 2 b 2             names and widths of the input ports
    g0 = AND a0 b0              gates, numbered from 0; a1 is bit 1 of port a, 0 and 1 are constants
    g1 = NAND a1 b1
    p = g0 g1 0 1               the output port, least significant bit first; the last line

Gates are those of `accelsim.netlist.Gate` and read only nets above them.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from accelsim.errors import AccelsimError, nearest
from accelsim.netlist import FIRST_INPUT_NET, Gate, Netlist, Port
from accelsim.storage import written_atomically

__all__ = ["GATES_SUFFIX", "read_gates", "write_gates"]

#: Ending of the names of such files.
GATES_SUFFIX = ".gates"

_MAGIC = "accelsim netlist 1"
_OPERANDS = {Gate.BUF: 1, Gate.NOT: 1, Gate.MUX: 3}
_FACT = re.compile(r"([A-Za-z][\w ]*): (.*)")
_GATE = re.compile(r"g([0-9]{1,9}) = ([A-Z]+)((?: \w+)+)")
_OUTPUT = re.compile(r"([A-Za-z_]\w*) =((?: \w+)+)")


def write_gates(
    path: str | os.PathLike[str], netlist: Netlist, facts: Mapping[str, str] | None = None
) -> None:
    """Write a netlist with one output, and what is known about it.

    Raises
    ------
    AccelsimError
        If the netlist has several outputs, a fact does not fit a line, or the file cannot be written.
    """
    if len(netlist.outputs) != 1:
        raise AccelsimError(f"{netlist.name} has {len(netlist.outputs)} outputs; a file of gates has one")
    net_name = ["0", "1", *(f"{port.name}{bit}" for port in netlist.inputs for bit in range(port.width))]
    net_name += [f"g{gate}" for gate in range(netlist.gate_count)]
    lines = [_MAGIC]
    for key, value in {"name": netlist.name, **(facts or {})}.items():
        if not _FACT.fullmatch(f"{key}: {value}") or key == "inputs":
            raise AccelsimError(f"cannot write {path}: {key!r} with {value!r} is not a fact of one line")
        lines.append(f"{key}: {value}")
    lines.append("inputs: " + " ".join(f"{port.name} {port.width}" for port in netlist.inputs))
    for gate, (opcode, nets) in enumerate(
        zip(netlist.opcodes.tolist(), netlist.operands.tolist(), strict=True)
    ):
        read = nets[: _OPERANDS.get(Gate(opcode), 2)]
        lines.append(f"g{gate} = {Gate(opcode).name} {' '.join(net_name[net] for net in read)}")
    output = netlist.outputs[0]
    lines.append(f"{output.name} = {' '.join(net_name[net] for net in output.nets)}")
    with written_atomically(path, "w") as file:
        file.write("\n".join(lines) + "\n")


def read_gates(path: str | os.PathLike[str]) -> tuple[Netlist, dict[str, str]]:
    """Read what `write_gates` wrote.

    Returns
    -------
    Netlist, dict of str to str
        The circuit and the facts about it.

    Raises
    ------
    AccelsimError
        If the file is missing or not of the format; the message says in which line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise AccelsimError(f"{path} is not a file of gates: it is not text") from error
    return _Reader(path).read(text)


class _Reader:
    """What has been read so far, and where."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0
        self.facts: dict[str, str] = {}
        self.inputs: tuple[Port, ...] = ()
        self.net_of = {"0": 0, "1": 1}
        self.opcodes: list[int] = []
        self.operands: list[list[int]] = []
        self.output: Port | None = None

    def read(self, text: str) -> tuple[Netlist, dict[str, str]]:
        begun = False
        for self.line, line in enumerate(text.splitlines(), 1):
            content = line.strip()
            if not content or content.startswith("#"):
                continue
            if not begun:
                if content != _MAGIC:
                    raise self._error(f"not a file of gates: expected {_MAGIC!r}")
                begun = True
            elif self.output:
                raise self._error(f"{content!r} after the output; the output is the last line")
            else:
                self._read_line(content)
        if not self.output:
            raise self._error("the output is missing")
        name = self.facts.get("name", self.path.stem)
        operands = np.array(self.operands, dtype=np.int32).reshape(-1, 3)
        opcodes = np.array(self.opcodes, dtype=np.uint8)
        return Netlist(name, self.inputs, (self.output,), opcodes, operands), self.facts

    def _read_line(self, content: str) -> None:
        if match := _GATE.fullmatch(content):
            self._read_gate(int(match[1]), match[2], match[3].split())
        elif match := _OUTPUT.fullmatch(content):
            self.output = Port(match[1], tuple(self._net(name) for name in match[2].split()))
        elif match := _FACT.fullmatch(content):
            if self.opcodes:
                raise self._error(f"{match[1]!r} among the gates; facts stand above them")
            if match[1] == "inputs":
                self._read_inputs(match[2].split())
            else:
                self.facts[match[1]] = match[2]
        else:
            raise self._error(f"{content!r} is no fact, gate or output")

    def _read_inputs(self, words: list[str]) -> None:
        names, widths = words[::2], words[1::2]
        if self.inputs or not names or len(names) != len(widths) or len({*names}) != len(names):
            raise self._error("expected one line with each input's name and width, as in inputs: a 8 b 8")
        net = FIRST_INPUT_NET
        for name, width in zip(names, widths, strict=True):
            if not re.fullmatch(r"[A-Za-z_]\w*", name) or not re.fullmatch(r"[1-9][0-9]?", width):
                raise self._error(f"expected the name of an input and its width, got {name!r} and {width!r}")
            self.inputs += (Port(name, tuple(range(net, net + int(width)))),)
            self.net_of |= {f"{name}{bit}": net + bit for bit in range(int(width))}
            net += int(width)

    def _read_gate(self, number: int, kind: str, names: list[str]) -> None:
        if not self.inputs:
            raise self._error("a gate before the inputs")
        if number != len(self.opcodes):
            raise self._error(f"g{number} follows {len(self.opcodes)} gates; expected g{len(self.opcodes)}")
        if kind not in Gate.__members__:
            raise self._error(f"no gate {kind}{nearest(kind, Gate.__members__)}")
        expected = _OPERANDS.get(Gate[kind], 2)
        if len(names) != expected:
            raise self._error(f"{kind} reads {expected} nets, not {len(names)}")
        nets = [self._net(name) for name in names]
        self.net_of[f"g{number}"] = FIRST_INPUT_NET + sum(port.width for port in self.inputs) + number
        self.opcodes.append(int(Gate[kind]))
        self.operands.append(nets + [0] * (3 - expected))

    def _net(self, name: str) -> int:
        if name not in self.net_of:
            raise self._error(f"no net {name} above this line")
        return self.net_of[name]

    def _error(self, what: str) -> AccelsimError:
        return AccelsimError(f"{self.path}, line {self.line}: {what}")
