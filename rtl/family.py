"""The searches that found the evolved multipliers of the package.

Each search starts from a circuit with a tighter bound, the first from the exact array: area that one bound
has saved need not be found again under the next. A name tells metric and bound: ``mul8u_evo_m56465`` has a
MAE of at most 0.56465 %; ``w``, ``r`` and ``e`` stand for WCE, MRE and EP, and the number counts 1e-5 %.

Fifteen bounds on the MAE are those that the circuits of EvoApproxLib have which the literature on approximate
DNN accelerators uses; a search knows a circuit's published MAE, never the circuit.

``python -m accelsim.rtl.family [NAME...]`` repeats the searches.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from accelsim.rtl.evolution import SearchSettings
from accelsim.rtl.evolution_task import EvolutionTask
from accelsim.rtl.evolved import EVOLVED_FOLDER
from accelsim.rtl.gates_file import GATES_SUFFIX

__all__ = ["FAMILY", "Member", "evolve_family"]

_LETTERS = {"mae": "m", "wce": "w", "mre": "r", "ep": "e"}


@dataclass(frozen=True)
class Member:
    """A circuit of the family and the search that found it.

    Parameters
    ----------
    name : str
        Its name.
    task : EvolutionTask
        The search.
    published : str
        The circuit of EvoApproxLib whose MAE is the bound; empty if there is none.
    """

    name: str
    task: EvolutionTask
    published: str = ""


def _chain(
    prefix: str, first_seed: str, metric: str, bounds: Sequence[tuple[str, float] | tuple[str, float, str]]
) -> list[Member]:
    """Return searches under bounds (percent; million evaluations; published circuit) that loosen."""
    members: list[Member] = []
    for bound, millions, *published in bounds:
        seed_circuit = members[-1].name if members else first_seed
        units = round(Fraction(bound) * 100_000)
        task = EvolutionTask(
            seed_circuit, metric, f"{bound}%", round(millions * 1_000_000), SearchSettings(seed=1)
        )
        members.append(Member(f"{prefix}_evo_{_LETTERS[metric]}{units}", task, *map(str, published)))
    return members


#: Every circuit of the family, each after the one that its search starts from.
FAMILY: tuple[Member, ...] = (
    *_chain(
        "mul8u",
        "mul8u_exact",
        "mae",
        [
            ("0", 3),
            ("0.00152588", 3, "mul8u_2P7"),
            ("0.00463724", 3, "mul8u_KEM"),
            ("0.00758767", 2, "mul8u_14VP"),
            ("0.00764132", 1, "mul8u_150Q"),
            ("0.0171691", 2, "mul8u_QJD"),
            ("0.0183105", 1, "mul8u_1446"),
            ("0.03", 2),
            ("0.0565112", 2, "mul8u_GS2"),
            ("0.1", 2),
            ("0.2", 2),
            ("0.35703", 2, "mul8u_96D"),
            ("0.432676", 2, "mul8u_12N4"),
            ("0.564645", 3, "mul8u_17KS"),
            ("0.673845", 3, "mul8u_1AGV"),
            ("0.885913", 3, "mul8u_FTA"),
            ("1.11609", 2, "mul8u_JQQ"),
            ("1.54305", 2, "mul8u_L40"),
            ("2.1506", 2, "mul8u_JV3"),
            ("4", 2),
        ],
    ),
    *_chain(
        "mul8s",
        "mul8s_exact",
        "mae",
        [("0", 2), ("0.002", 2), ("0.01", 2), ("0.05", 2), ("0.2", 2), ("0.5", 2), ("1", 2), ("2", 2)],
    ),
    *_chain("mul8u", "mul8u_evo_m0", "wce", [("0.02", 2), ("0.1", 2), ("0.5", 2), ("2", 2), ("5", 2)]),
    *_chain("mul8u", "mul8u_evo_m0", "mre", [("0.1", 1), ("0.5", 1), ("2", 1), ("5", 1), ("10", 1)]),
    *_chain("mul8s", "mul8s_evo_m0", "wce", [("0.1", 2), ("1", 2)]),
    *_chain("mul8s", "mul8s_evo_m0", "mre", [("1", 1), ("5", 1)]),
    *_chain("mul8u", "mul8u_evo_m0", "ep", [("10", 2), ("30", 2), ("60", 2)]),
)


def evolve_family(names: Sequence[str] = (), folder: Path = EVOLVED_FOLDER) -> None:
    """Repeat the searches of the named circuits, or of all, and print what each found.

    Parameters
    ----------
    names : sequence of str
        Circuits of `FAMILY`; a search starts from what the package's folder holds.
    folder : Path
        Where the files go.
    """
    unknown = [name for name in names if name not in {member.name for member in FAMILY}]
    if unknown:
        sys.exit(f"not in the family: {', '.join(unknown)}")
    for member in FAMILY:
        if not names or member.name in names:
            search = member.task.run(folder / f"{member.name}{GATES_SUFFIX}")
            print(f"{member.name}: {search.error_percent:.6g} %, {search.area_um2:.1f} um2", flush=True)


if __name__ == "__main__":
    evolve_family(sys.argv[1:])
