"""Transfer matrices: examples of each network shown to each other, for each attack."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import torch
from matplotlib.figure import Figure

from accelsim.attacks.direct.subject import Subject
from accelsim.attacks.heat_map import grids_figure
from accelsim.attacks.outcome import Crafted
from accelsim.attacks.rates import Rate
from accelsim.attacks.reproduction.cells import Cells
from accelsim.attacks.reproduction.rows import Rows

__all__ = ["add_matrices"]


def add_matrices(
    rows: Rows,
    cells: Cells,
    sources: Mapping[str, Subject],
    targets: Mapping[str, Subject],
    attacks: Sequence[str],
    crafted: Callable[[str, Subject], Crafted | None],
    title: str,
    of: str = "",
) -> Figure:
    """Add what each source's examples do to each target, and return the heat maps, a panel per attack.

    An entry is the share of the examples that fool their source that fool the target too; of images that the
    target is right about without them.

    Parameters
    ----------
    rows : Rows
        To which they are added: ``OF ATTACK SOURCE`` by target.
    cells : Cells
        Finished results.
    sources, targets : mapping of str to Subject
        Networks by their names in the table.
    attacks : sequence of str
        Their names in the table.
    crafted : callable
        Returns the examples of an attack on a network, None where there are none.
    title : str
        Of the picture.
    of : str
        What tells these matrices from others of the same part, before the attack's name.
    """
    grids = {}
    for attack in attacks:
        grid = pd.DataFrame(index=list(sources), columns=list(targets), dtype=float)
        for source, subject in sources.items():
            examples = crafted(attack, subject)
            if examples is None:
                continue
            for target, judge in targets.items():
                rate = _transferred(cells, examples, judge)
                grid.loc[source, target] = rate.percent
                rows.add_rate(f"{of} {attack} {source}".strip(), target, "transfer_percent", rate)
        grids[attack] = grid
    title = f"Examples that fool their network, shown to others\n{title}"
    return grids_figure(grids, "crafted on", "fooled (%)", title)


def _transferred(cells: Cells, crafted: Crafted, target: Subject) -> Rate:
    identity = {
        "judge": target.identity,
        "examples": hashlib.sha256(crafted.adversarial.numpy().tobytes()).hexdigest(),
    }

    def compute() -> dict[str, torch.Tensor]:
        rate = crafted.judged(target.net, target.name).transfer
        return {"counts": torch.tensor([rate.count, rate.n])}

    count, n = cells.tensors(f"judged {target.name}", identity, compute)["counts"].tolist()
    return Rate(count, n)
