"""The multipliers that an experiment compares: the accurate ones, then those that the options name."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from accelsim.cli.output import Output
from accelsim.errors import AccelsimError

if TYPE_CHECKING:
    from accelsim.lut import Lut

__all__ = ["FLOAT", "ChosenMultiplier", "chosen_multipliers"]

#: What the network that is not quantized is called where the multipliers have their names.
FLOAT = "float"


@dataclass(frozen=True, eq=False)
class ChosenMultiplier:
    """A multiplier of an experiment.

    Parameters
    ----------
    lut : Lut
        Its products. Its name is what results call it: the multiplier's own; the path, as it was given, of a
        file that has the name of another multiplier of the experiment.
    source : str
        The description or file that it comes from.
    """

    lut: "Lut"
    source: str

    @property
    def name(self) -> str:
        """Name of the LUT."""
        return self.lut.name

    def provenance(self) -> dict[str, Any]:
        """Return what tells this multiplier from any other: JSON values."""
        lut = self.lut
        return {
            "multiplier": self.name,
            "source": self.source,
            "a_width": lut.a_width,
            "b_width": lut.b_width,
            "signed": lut.signed,
            "table_sha256": hashlib.sha256(lut.table.astype("<i4").tobytes()).hexdigest(),
            "netlist_sha256": lut.provenance.get("netlist_sha256"),
        }


@dataclass(frozen=True, eq=False)
class _Given:
    """A multiplier, and how the user named it."""

    text: str
    lut: "Lut"
    source: str

    def is_same(self, other: "_Given") -> bool:
        """Return whether name, signedness and products are the same."""
        mine, its = self.lut, other.lut
        alike = (mine.name, mine.signed, mine.table.shape) == (its.name, its.signed, its.table.shape)
        return alike and bool((mine.table == its.table).all())


def chosen_multipliers(names: Sequence[str], output: Output) -> list[ChosenMultiplier]:
    """Load multipliers, the accurate ones of the same widths and signedness before the others.

    Two that have one name and other products are both kept: a file is then called by its path.

    Parameters
    ----------
    names : sequence of str
        Names and paths, as for `accelsim.rtl.catalogue.find_circuit`.
    output : Output
        Where progress is shown.

    Raises
    ------
    AccelsimError
        If one is unknown, cannot be read, is given twice, or has operands too wide or narrow for the engine.
    """
    given: list[_Given] = []
    with output.progress("simulating multipliers", len(names)) as advance:
        for name in names:
            advance(name, 0)
            new = _loaded(name)
            if twin := next((entry for entry in given if entry.is_same(new)), None):
                paths = "" if twin.text == name else f": {twin.text} and {name} have the same products"
                raise AccelsimError(f"multiplier {new.lut.name} is given twice{paths}")
            given.append(new)
            advance(name, 1)
        accurate = list(_accurate(given))
    others = [entry for entry in given if not any(entry.is_same(own) for own in accurate)]
    return list(_named([*accurate, *others]))


def _loaded(name: str) -> _Given:
    from accelsim.quantization import MAX_BITS, MIN_BITS
    from accelsim.rtl.catalogue import find_circuit
    from accelsim.rtl.float_circuits import FloatCircuit

    circuit = find_circuit(name)
    widths = circuit.a_width, circuit.b_width
    if isinstance(circuit, FloatCircuit) or not all(MIN_BITS <= width <= MAX_BITS for width in widths):
        kind = "floats" if isinstance(circuit, FloatCircuit) else f"{widths[0]} x {widths[1]} bits"
        raise AccelsimError(
            f"{name} multiplies {kind}; quantized networks run on integer multipliers of {MIN_BITS} to "
            f"{MAX_BITS} bits"
        )
    return _Given(name, circuit.lut(), circuit.source)


def _accurate(given: Sequence[_Given]) -> Iterator[_Given]:
    """Make one accurate multiplier of each kind."""
    import numpy as np

    from accelsim.lut import Lut

    kinds = {(entry.lut.a_width, entry.lut.b_width, entry.lut.signed): entry.lut for entry in given}
    for (a_width, b_width, signed), lut in kinds.items():
        if a_width == b_width:
            yield _loaded(f"mul{a_width}{'s' if signed else 'u'}_exact")
        else:
            name = f"exact {'signed ' * signed}{a_width}x{b_width}"
            yield _Given(name, Lut(name, lut.exact_table().astype(np.int32), signed), "exact products")


def _named(entries: Sequence[_Given]) -> Iterator[ChosenMultiplier]:
    """Give each multiplier a name of its own."""
    times = Counter([FLOAT, *(entry.lut.name for entry in entries)])
    taken = {FLOAT}
    for entry in entries:
        name = entry.lut.name if times[entry.lut.name] == 1 else entry.text
        if name in taken:
            raise AccelsimError(f"{entry.text}: another network of this experiment is called {name}")
        taken.add(name)
        yield ChosenMultiplier(replace(entry.lut, name=name), entry.source)
