"""Circuits with one wrong gate, which every method of verification has to notice."""

from collections.abc import Callable

import numpy as np
import pytest

from accelsim.netlist import Gate, Netlist
from accelsim.rtl.operand_pairs import random_pairs
from accelsim.simulation import outputs


@pytest.fixture(scope="session")
def mutate() -> Callable[[Netlist, int], Netlist]:
    """Change the kind of one random gate, so that some of a few thousand random products differ."""

    def mutated(netlist: Netlist, seed: int) -> Netlist:
        draw = np.random.default_rng(seed)
        pairs = random_pairs(*(port.width for port in netlist.inputs), 4096, seed)
        while True:
            opcodes = netlist.opcodes.copy()
            gate = draw.integers(len(opcodes))
            opcodes[gate] = draw.choice([kind for kind in Gate if kind != opcodes[gate]])
            found = Netlist(netlist.name, netlist.inputs, netlist.outputs, opcodes, netlist.operands)
            if np.any(outputs(found, *pairs) != outputs(netlist, *pairs)):
                return found

    return mutated
