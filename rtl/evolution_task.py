"""A search from its arguments to the file that it leaves: what ``accelsim evolve`` runs."""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from accelsim.error_measure import ErrorMeasure, Metric
from accelsim.errors import AccelsimError
from accelsim.gate_costs import netlist_area_um2
from accelsim.lut import Lut
from accelsim.metrics import error_metrics
from accelsim.netlist import Netlist
from accelsim.operand_distribution import load_distribution
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.circuits import product_table
from accelsim.rtl.evolution import Search, SearchSettings, parse_bound
from accelsim.rtl.gates_file import GATES_SUFFIX, write_gates
from accelsim.two_input_gates import two_input

__all__ = ["EvolutionTask"]

_SECONDS_BETWEEN_CHECKPOINTS = 10.0


@dataclass(frozen=True)
class EvolutionTask:
    """What to search for, and how; equal tasks find equal circuits, on any machine.

    Parameters
    ----------
    seed_circuit : str
        Name or path of the multiplier that the search starts from.
    metric, bound : str
        A `Metric` and its bound, as `parse_bound` reads it.
    evaluations : int
        Candidates to judge.
    settings : SearchSettings
        Settings of the search.
    distribution : str, optional
        File of the operand distribution, see `accelsim.operand_distribution.load_distribution`.

    Raises
    ------
    AccelsimError
        If the metric is unknown or the number of evaluations not positive.
    """

    seed_circuit: str
    metric: str
    bound: str
    evaluations: int
    settings: SearchSettings = field(default_factory=SearchSettings)
    distribution: str | None = None

    def __post_init__(self) -> None:
        Metric.named(self.metric)
        if self.evaluations < 1:
            raise AccelsimError(f"{self.evaluations} evaluations asked for; at least 1 is needed")

    def command(self, output: str) -> str:
        """Return the command line that finds the circuit."""
        words = ["--seed-circuit", self.seed_circuit, "--metric", self.metric, "--bound", self.bound]
        words += ["--evaluations", str(self.evaluations), "--seed", str(self.settings.seed)]
        for setting in fields(SearchSettings):
            value = getattr(self.settings, setting.name)
            if setting.name != "seed" and value != setting.default:
                words += [f"--{setting.name}", str(value)]
        words += ["--distribution", self.distribution] if self.distribution else []
        return shlex.join(["accelsim", "evolve", *words, "-o", output])

    @classmethod
    def of_command(cls, command: str) -> "EvolutionTask":
        """Return the task of a command line that `command` gave.

        Raises
        ------
        AccelsimError
            If it is none.
        """
        words = shlex.split(command)
        options = dict(zip(words[2::2], words[3::2], strict=False))
        options.pop("-o", None)
        if words[:2] != ["accelsim", "evolve"]:
            raise AccelsimError(f"{command!r} is not the command of a search: expected accelsim evolve")
        try:
            known = [setting.name for setting in fields(SearchSettings)]
            settings = {name: int(options.pop(f"--{name}")) for name in known if f"--{name}" in options}
            task = cls(
                options.pop("--seed-circuit"),
                options.pop("--metric"),
                options.pop("--bound"),
                int(options.pop("--evaluations")),
                SearchSettings(**settings),
                options.pop("--distribution", None),
            )
        except (KeyError, ValueError) as error:
            raise AccelsimError(f"{command!r} is not the command of a search: {error}") from error
        if options:
            raise AccelsimError(f"{command!r} is not the command of a search: {min(options)} is unknown")
        return task

    def prepare(self) -> Search:
        """Return the search, about to begin.

        Raises
        ------
        AccelsimError
            If the circuit or the distribution cannot be used, or the bound is out of range.
        """
        circuit = find_circuit(self.seed_circuit)
        metric = Metric.named(self.metric)
        shape = (1 << circuit.a_width, 1 << circuit.b_width)
        weights = load_distribution(self.distribution, shape) if self.distribution else None
        measure = ErrorMeasure(metric, circuit.a_width, circuit.b_width, circuit.signed, weights)
        bound = parse_bound(self.bound, metric, circuit.a_width + circuit.b_width)
        return Search(circuit, measure, bound, self.settings)

    def run(
        self,
        output: Path,
        *,
        resume: bool = False,
        minutes: float | None = None,
        progress: Callable[[Search], None] | None = None,
    ) -> Search:
        """Search, and write the best circuit.

        The state of the search is kept in ``<output>.checkpoint`` until it is over: whatever ends it before
        leaves the best circuit so far there, and it can be resumed.

        Parameters
        ----------
        output : Path
            File of the circuit; its name without ending is the circuit's.
        resume : bool
            Go on from the checkpoint.
        minutes : float, optional
            Stop after this time, if that comes before the last evaluation.
        progress : callable, optional
            Called with the search a few times a second.

        Raises
        ------
        AccelsimError
            As `prepare`; also if there is no checkpoint to resume from, it is damaged or another search's,
            or one is there and ``resume`` is not asked for.
        """
        checkpoint = output.with_name(output.name + ".checkpoint")
        if checkpoint.exists() and not resume:
            raise AccelsimError(
                f"{checkpoint} holds an unfinished search; resume it (--resume) or remove the file"
            )
        distribution = _sha256(self.distribution) if self.distribution else None
        search = self.prepare()
        if resume:
            search.resume(checkpoint)
        ends = time.monotonic() + 60 * minutes if minutes is not None else float("inf")
        saved = time.monotonic() - _SECONDS_BETWEEN_CHECKPOINTS  # the first one shows that it can be written

        def look(search: Search) -> bool:
            nonlocal saved
            if progress:
                progress(search)
            now = time.monotonic()
            if now - saved > _SECONDS_BETWEEN_CHECKPOINTS:
                search.save(checkpoint)
                saved = now
            return now < ends

        try:
            search.run(self.evaluations, look)
        except BaseException:
            search.save(checkpoint)
            raise
        self._write(output, search, distribution)
        checkpoint.unlink(missing_ok=True)
        return search

    def _write(self, output: Path, search: Search, distribution: str | None) -> None:
        name = output.name.removesuffix(GATES_SUFFIX)
        netlist = search.netlist(name)
        start = two_input(find_circuit(self.seed_circuit).netlist())
        done = replace(self, evaluations=max(search.evaluations, 1))  # fewer if time was up
        facts = {
            "signed": "yes" if search.measure.signed else "no",
            "summary": f"evolved: {search.measure.metric.upper()} {search.error_percent:.4g} %"
            f"{' of the operands recorded' if self.distribution else ''}, {netlist.gate_count} gates"
            f"{'' if search.area_um2 < search.seed_area_um2 else f', no smaller than {self.seed_circuit}'}",
            "command": done.command(f"{name}{GATES_SUFFIX}"),
            "seed netlist sha256": start.digest,
            **({"distribution sha256": distribution} if distribution else {}),
            **_measured(netlist, search.measure.signed),
        }
        write_gates(output, netlist, facts)


def _sha256(path: str) -> str:
    try:
        return sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error


def _measured(netlist: Netlist, signed: bool) -> dict[str, str]:
    errors = error_metrics(Lut(netlist.name, product_table(netlist, signed).astype(np.int32), signed))
    return {
        "mae percent": repr(errors.mae_percent),
        "wce percent": repr(errors.wce_percent),
        "ep percent": repr(errors.ep_percent),
        "mre percent": repr(errors.mre_percent),
        "area um2": repr(netlist_area_um2(netlist)),
    }
