"""Evolutionary search for small approximate multipliers: Cartesian genetic programming under an error bound.

The search of EvoApproxLib: starting from the gates of an exact multiplier, a (1 + lambda) strategy redraws a
few genes at a time and keeps what is not heavier, as long as the error stays within a bound, so that area is
minimised for a given error rather than traded against it. Every candidate is measured on all operand pairs.

References
----------
J. F. Miller, P. Thomson, "Cartesian Genetic Programming", EuroGP 2000.
Z. Vasicek, L. Sekanina, "Evolutionary Approach to Approximate Digital Circuits Design", IEEE Transactions on
Evolutionary Computation 19(3), 2015.
V. Mrazek et al., "EvoApprox8b: Library of Approximate Adders and Multipliers for Circuit Design and
Benchmarking of Approximation Methods", DATE 2017.
"""

import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.error_measure import ErrorMeasure, Metric
from accelsim.errors import AccelsimError
from accelsim.gate_costs import GATE_AREAS_UM2, netlist_area_um2
from accelsim.netlist import Gate, Netlist, Port
from accelsim.rtl.chromosome import Chromosome
from accelsim.rtl.circuits import Circuit
from accelsim.rtl.evolution_kernel import COUNTERS, Counter, evolve_generations, seed_generator
from accelsim.storage import written_atomically
from accelsim.two_input_gates import FUNCTION_COUNT, two_input

__all__ = ["Search", "SearchSettings", "parse_bound"]

#: Areas in the kernel are integers, in units of 1e-4 um^2.
_AREA_SCALE = 10_000
_AREAS = np.array(
    [round(GATE_AREAS_UM2[gate] * _AREA_SCALE) for gate in list(Gate)[:FUNCTION_COUNT]], dtype=np.int64
)
#: Evaluations between two looks at clock and keyboard.
_CHUNK_GENERATIONS = 2_000


def parse_bound(text: str, metric: Metric, product_width: int) -> float:
    """Return a bound such as ``"0.5%"`` in the metric's own unit.

    A percentage is one of the figures that `accelsim.metrics.ErrorMetrics` gives in percent; of the MSE, of
    ``4^product_width``. A plain number is a MAE, WCE or MSE in units of the product.

    Raises
    ------
    AccelsimError
        If the text is no number, negative, beyond 100 %, or a plain number for a metric that is a share.
    """
    percent = text.strip().endswith("%")
    number = text.strip().removesuffix("%").strip()
    try:
        value = Fraction(number)
    except (ValueError, ZeroDivisionError):
        raise AccelsimError(f"bound {text!r} is not a number or a percentage such as 0.5%") from None
    full = {Metric.MAE: 2**product_width, Metric.WCE: 2**product_width, Metric.MSE: 4**product_width}
    if not percent and metric not in full:
        raise AccelsimError(f"bound {text!r}: a bound on the {metric} is a percentage, such as 5%")
    if percent:
        value = value * full.get(metric, 1) / 100
    if not 0 <= value <= full.get(metric, 1):
        raise AccelsimError(f"bound {text!r} is out of range; expected 0% to 100%")
    return float(value)


@dataclass(frozen=True)
class SearchSettings:
    """Settings of a search; with the seed circuit and the measure they decide its course.

    Parameters
    ----------
    seed : int
        Seed of the random generator.
    nodes : int, optional
        Gates of the chromosome, used or not; default: a quarter more than the seed circuit has.
    offspring : int
        Candidates per generation, lambda.
    mutations : int
        Most genes redrawn per candidate.

    Raises
    ------
    AccelsimError
        If a number is out of its range.
    """

    seed: int = 0
    nodes: int | None = None
    offspring: int = 4
    mutations: int = 5

    def __post_init__(self) -> None:
        for name, low, bits in (
            ("seed", 0, 63),
            ("nodes", 1, 24),
            ("offspring", 1, 24),
            ("mutations", 1, 24),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value < 1 << bits:
                raise AccelsimError(f"{name} is {value}; expected {low} to {(1 << bits) - 1}")


class Search:
    """A search under way: its parent is the smallest circuit found so far that keeps the bound.

    Multiplexers of the circuit where it starts become three two-input gates each, so that the first parents
    may be larger than that circuit. As long as they are, the best circuit is still that one.

    Parameters
    ----------
    circuit : Circuit
        Where the search starts.
    measure : ErrorMeasure
        What is bounded, for operands of the circuit's widths and signedness.
    bound : float
        Largest allowed value of the metric, in its own unit.
    settings : SearchSettings
        How to search.

    Raises
    ------
    AccelsimError
        If the measure is of another kind of multiplier, the circuit has no gates or more than the nodes, or
        it breaks the bound itself.
    """

    def __init__(
        self, circuit: Circuit, measure: ErrorMeasure, bound: float, settings: SearchSettings | None = None
    ) -> None:
        settings = settings or SearchSettings()
        kinds = {True: "signed", False: "unsigned"}
        given = (measure.a_width, measure.b_width, measure.signed)
        if given != (circuit.a_width, circuit.b_width, circuit.signed):
            raise AccelsimError(
                f"{circuit.name} is {kinds[circuit.signed]}, {circuit.a_width} x {circuit.b_width} bits; the "
                f"error is measured for {kinds[given[2]]} operands of {given[0]} x {given[1]} bits"
            )
        self._seed = circuit.netlist()
        self._seed_area = round(netlist_area_um2(self._seed) * _AREA_SCALE)
        start = two_input(self._seed)
        nodes = settings.nodes or start.gate_count + start.gate_count // 4 + 1
        self._generator = seed_generator(settings.seed)
        chromosome = Chromosome.of(start, nodes, self._generator)
        self.measure = measure
        self.bound = bound
        self.settings = settings
        self._limit = measure.limit(bound)
        self._inputs, self._output_name = chromosome.inputs, chromosome.output.name
        self._nodes = chromosome.nodes
        self._outputs = np.array(chromosome.output.nets, dtype=np.int32)
        self._counters = np.zeros(COUNTERS, dtype=np.int64)
        self._seed_sum = start_sum = measure.error_sum(start)
        if start_sum > self._limit:
            raise AccelsimError(
                f"{circuit.name} has {measure.metric} {self._shown(measure.value(start_sum))}, above the "
                f"bound of {self._shown(bound)}; start from a more exact circuit"
            )
        self._counters[Counter.AREA] = round(netlist_area_um2(start) * _AREA_SCALE)
        self._counters[Counter.ERROR_SUM] = start_sum
        self._first = chromosome.inputs[-1].nets[-1] + 1
        self._values = measure.new_values(self._first + nodes)
        self._identity = {
            "seed circuit": start.digest,
            "metric": str(measure.metric),
            "limit": self._limit,
            "operand distribution": sha256(measure.weights.tobytes()).hexdigest(),
            "signed": measure.signed,
            "gate areas": _AREAS.tolist(),
            **(asdict(settings) | {"nodes": nodes}),
        }

    @property
    def evaluations(self) -> int:
        """Candidates judged so far."""
        return int(self._counters[Counter.GENERATION]) * self.settings.offspring

    @property
    def area_um2(self) -> float:
        """Area of the best circuit."""
        return min(int(self._counters[Counter.AREA]), self._seed_area) / _AREA_SCALE

    @property
    def seed_area_um2(self) -> float:
        """Area of the circuit where the search starts."""
        return self._seed_area / _AREA_SCALE

    @property
    def error(self) -> float:
        """The best circuit's metric, in its own unit."""
        return self.measure.value(self._seed_sum if self._is_seed else int(self._counters[Counter.ERROR_SUM]))

    @property
    def error_percent(self) -> float:
        """The best circuit's metric, in percent."""
        return 100 * self.error / self.measure.full_scale

    def counts(self) -> dict[str, int]:
        """Return how many candidates were judged, and how."""
        skipped, heavier, wrong = (
            int(self._counters[counter]) for counter in (Counter.SKIPPED, Counter.HEAVIER, Counter.WRONG)
        )
        kept = self.evaluations - skipped - heavier - wrong
        return {
            "evaluations": self.evaluations,
            "unchanged": skipped,
            "heavier": heavier,
            "simulated": wrong + kept,
            "beyond_bound": wrong,
        }

    def run(self, evaluations: int, progress: Callable[["Search"], bool] | None = None) -> None:
        """Go on until ``evaluations`` candidates have been judged in all, rounded down to whole generations.

        Parameters
        ----------
        evaluations : int
            Counted from the beginning of the search, a resumed one included.
        progress : callable, optional
            Called with the search every few thousand evaluations; the search stops when it returns False.
        """
        goal = evaluations // self.settings.offspring
        while (left := goal - int(self._counters[Counter.GENERATION])) > 0:
            evolve_generations(
                self._nodes,
                self._outputs,
                self._first,
                self._generator,
                self._counters,
                _AREAS,
                self.settings.offspring,
                self.settings.mutations,
                min(left, _CHUNK_GENERATIONS),
                self._limit,
                self.measure.arrays,
                self._values,
            )
            if progress and not progress(self):
                return

    @property
    def _is_seed(self) -> bool:
        """Whether the best circuit is the one where the search starts, multiplexers and all."""
        return int(self._counters[Counter.AREA]) > self._seed_area

    def netlist(self, name: str) -> Netlist:
        """Return the smallest circuit found so far, which may be the one where the search starts."""
        return replace(self._seed, name=name) if self._is_seed else self._parent(name)

    def _parent(self, name: str) -> Netlist:
        output = Port(self._output_name, tuple(int(net) for net in self._outputs))
        return Chromosome(self._inputs, output, self._nodes).netlist(name)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint."""
        with written_atomically(path) as file:
            np.savez_compressed(
                file,
                nodes=self._nodes,
                outputs=self._outputs,
                generator=self._generator,
                counters=self._counters,
                search=np.array(json.dumps(self._identity)),
            )

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint of the same search, as if it had never been interrupted.

        Raises
        ------
        AccelsimError
            If the file is missing, damaged, or the checkpoint of another search.
        """
        path = Path(path)
        own: dict[str, NDArray[Any]] = {
            "nodes": self._nodes,
            "outputs": self._outputs,
            "generator": self._generator,
            "counters": self._counters,
        }
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
                identity = json.loads(str(content["search"]))
                saved = {name: content[name] for name in own}
            damaged = saved["nodes"][:, 0].max(initial=0) >= FUNCTION_COUNT
            differing = [key for key, value in self._identity.items() if identity.get(key) != value]
        except OSError as error:
            raise AccelsimError(f"cannot read checkpoint {path}: {error.strerror or error}") from error
        except Exception as error:  # NumPy, zipfile, zlib and json have many for a damaged file
            raise AccelsimError(f"{path} is damaged or not a checkpoint of a search: {error}") from error
        if differing:
            raise AccelsimError(f"{path} is the checkpoint of another search: {differing[0]} differs")
        if damaged or any(
            saved[name].shape != array.shape or saved[name].dtype != array.dtype
            for name, array in own.items()
        ):
            raise AccelsimError(f"{path} is damaged or not a checkpoint of a search")
        for name, array in own.items():
            array[...] = saved[name]
        self._check_parent(path)

    def _check_parent(self, path: Path) -> None:
        """Raise unless the circuit of a checkpoint is one, with the area and error that stand beside it."""
        try:
            netlist = self._parent("checkpoint")
            sum_ = self.measure.error_sum(netlist)
        except (AccelsimError, IndexError) as error:
            raise AccelsimError(f"{path} is damaged: {error}") from error
        area = round(netlist_area_um2(netlist) * _AREA_SCALE)
        if [area, sum_] != [int(self._counters[Counter.AREA]), int(self._counters[Counter.ERROR_SUM])]:
            raise AccelsimError(f"{path} is damaged: its circuit has another area or error than it says")

    def _shown(self, value: float) -> str:
        return f"{100 * value / self.measure.full_scale:.6g}%" if math.isfinite(value) else str(value)
