"""The result of an audit: flags, curves, verdict and provenance, as table, picture and JSON."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from accelsim.attacks.audit_attacks import AGAIN, Attacked
from accelsim.attacks.audit_flags import Flag
from accelsim.attacks.audit_verdict import Gain, Verdict
from accelsim.attacks.intervals import wilson_interval
from accelsim.errors import AccelsimError
from accelsim.storage import written_atomically

__all__ = ["WORST_CASE", "AuditReport", "curves"]

WORST_CASE = "worst case"


@dataclass(frozen=True, eq=False)
class AuditReport:
    """What an audit found.

    Parameters
    ----------
    verdict : Verdict
        In words, and as one word each for programs.
    flags : tuple of Flag
        The checklist.
    curves : pandas.DataFrame
        A row per network (``victim``, ``exact``), attack and budget: ``n`` images, ``correct``, how many are
        still classified correctly, ``robustness_percent``, and its Wilson 95 % interval, ``ci_low_percent``
        and ``ci_high_percent``. An attack that got what the white-box attack left counts together with that.
        The attack ``worst case`` is that over all attacks, image by image.
    gains : tuple of Gain
        The worst case beside that of the exact network.
    provenance : mapping of str to JSON values
        Seeds, settings, versions and hashes.
    """

    verdict: Verdict
    flags: tuple[Flag, ...]
    curves: pd.DataFrame
    gains: tuple[Gain, ...]
    provenance: Mapping[str, Any]

    @property
    def failed(self) -> list[str]:
        """Names of the flags that failed."""
        return [flag.name for flag in self.flags if flag.status == "failed"]

    def document(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "verdict": asdict(self.verdict),
            "flags": [asdict(flag) for flag in self.flags],
            "curves": self.curves.to_dict("records"),
            "gains": [asdict(gain) for gain in self.gains],
            "provenance": dict(self.provenance),
        }

    def save_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the curves as CSV, whole or not at all.

        Raises
        ------
        AccelsimError
            If the file cannot be written.
        """
        with written_atomically(path, "w") as file:
            self.curves.to_csv(file, index=False, lineterminator="\n")

    def draw_curves(self, path: str | os.PathLike[str]) -> None:
        """Draw robustness against budget as a PNG.

        Raises
        ------
        AccelsimError
            If the name does not end in ``.png`` or the file cannot be written.
        """
        if Path(path).suffix.lower() != ".png":
            raise AccelsimError(f"cannot draw {path}: the name of the picture must end in .png")
        from accelsim.attacks.robustness_curves import curves_figure

        figure = curves_figure(self.curves)
        with written_atomically(path) as file:
            figure.savefig(file, format="png", dpi=150)


def curves(networks: Mapping[str, Attacked]) -> pd.DataFrame:
    """Return the table of `AuditReport` for networks by name."""
    rows: list[tuple[str, str, float, int, int]] = []
    for network, state in networks.items():
        kept = {name: ~state.breaks(name) for name in state.broken if name != AGAIN}
        kept[WORST_CASE] = ~state.worst
        for attack, survivors in kept.items():
            rows.append((network, attack, 0.0, state.n, int(state.correct.sum())))
            rows += [
                (network, attack, budget, state.n, int(survivors[level].sum()))
                for level, budget in enumerate(state.budgets)
            ]
    return _with_intervals(rows)


def _with_intervals(rows: Sequence[tuple[str, str, float, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["network", "attack", "budget", "n", "correct"])
    bounds = [wilson_interval(correct, n) for *_, n, correct in rows]
    frame["robustness_percent"] = 100 * frame["correct"] / frame["n"]
    frame["ci_low_percent"] = [100 * low for low, _ in bounds]
    frame["ci_high_percent"] = [100 * high for _, high in bounds]
    return frame
