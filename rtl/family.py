"""The searches that found the evolved multipliers of the package, again.

A multiplier's file says the command that found it. A name tells the metric and its bound:
``mul8u_evo_m35703`` has a MAE of at most 0.35703 %; ``w``, ``r`` and ``e`` stand for WCE, MRE and EP, and the
number counts 1e-5 %; a ``b`` or ``c`` behind it marks another circuit under the bound. A search starts from a
circuit with a tighter bound or from an exact one, so that area that one bound has saved need not be found
again under the next.

``python -m accelsim.rtl.family [NAME...]`` repeats the searches, of the whole family or of some, and exits
with 1 if one finds another circuit than the file holds, with 2 if there is no such name.
"""

import sys
from collections.abc import Sequence

from accelsim.errors import AccelsimError
from accelsim.rtl.evolution_task import EvolutionTask
from accelsim.rtl.evolved import evolved_circuit, evolved_names

__all__ = ["finds_it_again"]


def finds_it_again(name: str) -> bool:
    """Repeat the search of a multiplier of the family; return whether it finds the same gates."""
    circuit = evolved_circuit(name)
    task = EvolutionTask.of_command(circuit.source)
    search = task.prepare()
    search.run(task.evaluations)
    return search.netlist(name).digest == circuit.netlist().digest


def _main(names: Sequence[str]) -> int:
    different = 0
    for name in names or evolved_names():
        found = finds_it_again(name)
        different += not found
        print(f"{name}: {'the same circuit' if found else 'another circuit'}", flush=True)
    return int(different > 0)


if __name__ == "__main__":
    try:
        sys.exit(_main(sys.argv[1:]))
    except AccelsimError as error:
        print(f"accelsim: {error}", file=sys.stderr)
        sys.exit(2)
