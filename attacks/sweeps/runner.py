"""All cells of a plan that have no result yet, one process or several."""

from accelsim.attacks.sweeps.evaluation import Evaluator, joined, parts_of
from accelsim.attacks.sweeps.store import Store
from accelsim.progress import progress_bar

__all__ = ["run"]


def run(store: Store, *, processes: int = 1, progress: bool = False) -> None:
    """Compute the cells of the plan that have no result yet.

    Parameters
    ----------
    store : Store
        Open for writing.
    processes : int
        How many to share the work among.
    progress : bool
        Whether to show a progress bar on stderr, if it is a terminal.

    Raises
    ------
    AccelsimError
        If what a cell names has changed since the plan was made or cannot be loaded, or the store cannot be
        written. What was finished is in the store.
    """
    groups = store.pending()
    steps = sum(len(parts_of(crafting)) for crafting, _ in groups)
    number = store.begin_run(processes)
    evaluator = Evaluator()
    with progress_bar("sweep", steps, progress) as step:
        for crafting, victims in groups:
            verdicts = []
            for part in parts_of(crafting):
                verdicts.append(evaluator.part(crafting, victims, *part))
                step(f"{crafting.attack} {crafting.budget:g}")
            store.record(number, crafting, victims, joined(verdicts))
