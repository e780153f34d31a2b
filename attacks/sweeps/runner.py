"""All cells of a plan that have no result yet, computed by one process or several."""

from collections.abc import Sequence
from functools import partial

from accelsim.attacks.sweeps.cells import Crafting, Victim
from accelsim.attacks.sweeps.evaluation import Evaluator, Verdicts, joined, parts_of
from accelsim.attacks.sweeps.store import Store
from accelsim.attacks.worker_pool import WorkerPool
from accelsim.progress import progress_bar

__all__ = ["run"]


def run(store: Store, *, processes: int = 1, progress: bool = False) -> None:
    """Compute the cells of the plan that have no result yet.

    The results do not depend on the number of processes, nor on what was computed before. Several processes
    are spawned: a script that calls this needs ``if __name__ == "__main__":``.

    Parameters
    ----------
    store : Store
        Open for writing. A group's results are written when its last image is done.
    processes : int
        How many share the work, on one thread each.
    progress : bool
        Whether to show a progress bar on stderr, if it is a terminal.

    Raises
    ------
    AccelsimError
        If what a cell names has changed since the plan was made or cannot be loaded, a process is killed, or
        the store cannot be written. What was finished is in the store.
    """
    pool = WorkerPool(processes, Evaluator)
    groups = store.pending()
    if not groups:
        return
    tasks = [
        partial(_evaluated, crafting, victims, *part)
        for crafting, victims in groups
        for part in parts_of(crafting)
    ]
    group_of = [number for number, (crafting, _) in enumerate(groups) for _ in parts_of(crafting)]
    done: dict[int, dict[int, Verdicts]] = {number: {} for number in range(len(groups))}
    number_of_run = store.begin_run(processes)
    with pool, progress_bar("sweep", len(tasks), progress) as step:
        for number, verdicts in pool.completed(tasks):
            crafting, victims = groups[group_of[number]]
            parts = done[group_of[number]]
            parts[number] = verdicts
            if len(parts) == len(parts_of(crafting)):
                in_order = joined([own for _, own in sorted(parts.items())])
                store.record(number_of_run, crafting, victims, in_order)
                del done[group_of[number]]
            step(f"{crafting.attack} {crafting.budget:g}")


def _evaluated(
    crafting: Crafting, victims: Sequence[Victim], first: int, stop: int, evaluator: Evaluator
) -> Verdicts:
    return evaluator.part(crafting, victims, first, stop)
