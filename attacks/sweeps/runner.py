"""All cells of a plan that have no result yet, computed by one process or several."""

from accelsim.attacks.sweeps.evaluation import Verdicts, joined, parts_of
from accelsim.attacks.sweeps.store import Store
from accelsim.attacks.sweeps.worker_pool import Task, completed
from accelsim.errors import AccelsimError
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
    if not isinstance(processes, int) or processes < 1:
        raise AccelsimError(f"processes is {processes!r}; expected a whole number from 1 up")
    groups = store.pending()
    if not groups:
        return
    tasks = [Task(crafting, victims, *part) for crafting, victims in groups for part in parts_of(crafting)]
    group_of = [number for number, (crafting, _) in enumerate(groups) for _ in parts_of(crafting)]
    done: dict[int, dict[int, Verdicts]] = {number: {} for number in range(len(groups))}
    number_of_run = store.begin_run(processes)
    with progress_bar("sweep", len(tasks), progress) as step:
        for number, verdicts in completed(tasks, processes):
            crafting, victims = groups[group_of[number]]
            parts = done[group_of[number]]
            parts[number] = verdicts
            if len(parts) == len(parts_of(crafting)):
                in_order = joined([own for _, own in sorted(parts.items())])
                store.record(number_of_run, crafting, victims, in_order)
                del done[group_of[number]]
            step(f"{crafting.attack} {crafting.budget:g}")
