"""``accelsim evolve``: search for a small approximate multiplier under an error bound."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from accelsim.cli.completion import complete_multiplier
from accelsim.cli.output import Output, output_options
from accelsim.cli.seed import SEED
from accelsim.errors import AccelsimError
from accelsim.storage import require_writable_file

if TYPE_CHECKING:
    from accelsim.rtl.evolution import Search
    from accelsim.rtl.evolution_task import EvolutionTask

__all__ = ["evolve"]


@click.command(
    epilog=(
        "JSON: name, file, seed_circuit, metric, bound_percent, error_percent (of the metric), area_um2, "
        "seed_area_um2, gates, evaluations (candidates judged, of which unchanged differ from their parent "
        "in unused gates only, heavier were not simulated, simulated were, beyond_bound broke the bound), "
        "seconds (of this run), command (which finds the same circuit), distribution_sha256 (of the file of "
        "--distribution, or null). Nothing smaller than the seed circuit was found where the areas are equal."
    )
)
@click.option(
    "--seed-circuit",
    metavar="NAME",
    default="mul8u_exact",
    show_default=True,
    shell_complete=complete_multiplier,
    help="Multiplier that the search starts from: a name or a file.",
)
@click.option(
    "--metric",
    metavar="NAME",
    default="mae",
    show_default=True,
    help="Error to bound: mae, wce, ep, mre or mse.",
)
@click.option(
    "--bound", required=True, metavar="BOUND", help="Largest error: a percentage, or in units of the product."
)
@click.option(
    "--evaluations", type=click.IntRange(min=1), help="Stop after this many candidates; default 1,000,000."
)
@click.option("--generations", type=click.IntRange(min=1), help="Likewise, in generations.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop after this time.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of the random generator.")
@click.option(
    "--nodes", type=int, help="Gates of a chromosome, used or not; default: 1/4 more than the seed circuit's."
)
@click.option("--offspring", type=int, default=4, show_default=True, help="Candidates in a generation.")
@click.option(
    "--mutations", type=int, default=5, show_default=True, help="Most genes that a candidate differs in."
)
@click.option(
    "--distribution",
    metavar="FILE",
    help="How often operand pairs occur: .npy [a, b], or .npz with pairs or a and b; default: all alike.",
)
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="File for the circuit, which ends in .gates; missing folders are made.",
)
@click.option("--resume", is_flag=True, help="Go on from FILE.checkpoint, which an interrupted search left.")
@output_options
def evolve(
    output: Output,
    seed_circuit: str,
    metric: str,
    bound: str,
    evaluations: int | None,
    generations: int | None,
    minutes: float | None,
    seed: int,
    nodes: int | None,
    offspring: int,
    mutations: int,
    distribution: str | None,
    path: Path,
    resume: bool,
) -> None:
    """Search for a small approximate multiplier.

    Cartesian genetic programming minimises the area under a bound on the error, measured on every operand
    pair. The circuit depends on the seed and the number of evaluations only; it is a multiplier like any
    other, by the path of its file. Ctrl-C keeps the search in FILE.checkpoint.
    """
    from accelsim.rtl.evolution import SearchSettings
    from accelsim.rtl.evolution_task import EvolutionTask
    from accelsim.rtl.gates_file import GATES_SUFFIX

    if path.suffix != GATES_SUFFIX:
        raise AccelsimError(f"cannot write the circuit to {path}: the name must end in {GATES_SUFFIX}")
    if evaluations and generations:
        raise click.UsageError("give either --evaluations or --generations")
    require_writable_file(path)
    settings = SearchSettings(seed, nodes, offspring, mutations)
    if generations:
        evaluations = generations * offspring
    elif evaluations is None:
        evaluations = 1 << 40 if minutes else 1_000_000
    task = EvolutionTask(seed_circuit, metric, bound, evaluations, settings, distribution)
    _run(output, task, path, resume, minutes)


def _run(output: Output, task: "EvolutionTask", path: Path, resume: bool, minutes: float | None) -> None:
    import time

    from accelsim.rtl.evolved import NetlistCircuit

    started = time.monotonic()
    timed = minutes is not None and task.evaluations == 1 << 40
    with output.progress(
        "evolving", round(60 * minutes) if timed and minutes else task.evaluations
    ) as advance:
        shown = 0

        def show(search: "Search") -> None:
            nonlocal shown
            now = int(time.monotonic() - started) if timed else search.evaluations
            advance(f"area {_share(search)}, error {search.error_percent:.4g} %", now - shown)
            shown = now

        search = task.run(path, resume=resume, minutes=minutes, progress=show)
    circuit = NetlistCircuit(path)
    seconds = time.monotonic() - started
    counts = search.counts()
    if output.json:
        output.document(
            {
                "name": circuit.name,
                "file": str(path),
                "seed_circuit": task.seed_circuit,
                "metric": str(search.measure.metric),
                "bound_percent": 100 * search.bound / search.measure.full_scale,
                "error_percent": search.error_percent,
                "area_um2": search.area_um2,
                "seed_area_um2": search.seed_area_um2,
                "gates": circuit.netlist().gate_count,
                **counts,
                "seconds": seconds,
                "command": circuit.source,
                "distribution_sha256": circuit.facts.get("distribution sha256"),
            }
        )
        return
    found = "" if search.area_um2 < search.seed_area_um2 else "; nothing smaller was found"
    output.facts(
        {
            circuit.name: circuit.summary,
            "area": f"{search.area_um2:.1f} um2, {_share(search)} of {task.seed_circuit}{found}",
            "judged": f"{counts['evaluations']:,} candidates, {counts['simulated']:,} of them simulated, "
            f"in {seconds:.1f} s",
            "command": circuit.source,
            "file": str(path),
        }
    )


def _share(search: "Search") -> str:
    whole = search.seed_area_um2
    return f"{100 * search.area_um2 / whole if whole else 100:.2f} %"
