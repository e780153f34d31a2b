"""Writes audit.md, and the pictures in it, from four audits.

Usage: python docs/results/audit.py PLAIN CONV ALL ADVERSARIAL, the folders that `accelsim audit` wrote.
"""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
TITLES = {
    "plain": "A plainly trained exact network",
    "conv": "The same weights, convolutions on Defensive Approximation's multiplier",
    "all": "The same weights, all layers on that multiplier",
    "adversarial": "An adversarially trained exact network",
}


def main() -> None:
    folders = dict(zip(TITLES, map(Path, sys.argv[1:]), strict=True))
    audits = {name: json.loads((folder / "audit.json").read_text()) for name, folder in folders.items()}
    lines = [(FOLDER / "audit_introduction.md").read_text(encoding="utf-8")]
    lines += ["## The flags", "", *_flags(audits), ""]
    for name, title in TITLES.items():
        picture = f"audit-{name}.png"
        shutil.copyfile(folders[name] / "audit.png", FOLDER.parent / "images" / picture)
        lines += [f"## {title}", "", f"> {audits[name]['verdict']['statement']}", ""]
        lines += [f"![Robustness against budget]({'../images/' + picture})", "", *_curves(audits[name]), ""]
    (FOLDER / "audit.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _flags(audits: dict[str, Any]) -> Iterator[str]:
    yield from _table(
        ["flag", *audits],
        (
            [f"`{flags[0]['name']}`", *(_cell(flag) for flag in flags)]
            for flags in zip(*(audit["flags"] for audit in audits.values()), strict=True)
        ),
    )


def _cell(flag: dict[str, Any]) -> str:
    if not flag["evidence"]:
        return str(flag["status"])
    largest = max(flag["evidence"], key=lambda share: share["count"] / share["n"])
    percents = [100 * value for value in (largest["count"] / largest["n"], largest["low"], largest["high"])]
    at = "" if largest["budget"] is None else f" at {largest['budget']:g}"
    status = "**failed**" if flag["status"] == "failed" else flag["status"]
    return f"{status}: {percents[0]:.1f} % ({percents[1]:.1f} to {percents[2]:.1f}){at}"


def _curves(audit: dict[str, Any]) -> Iterator[str]:
    cells = {(row["network"], row["attack"], row["budget"]): row for row in audit["curves"]}
    budgets = sorted({row["budget"] for row in audit["curves"]})
    rows = dict.fromkeys((row["network"], row["attack"]) for row in audit["curves"])
    yield from _table(
        ["network", "attack", *(f"{budget:g}" for budget in budgets)],
        ([*row, *(_share(cells[(*row, budget)]) for budget in budgets)] for row in rows),
    )


def _share(row: dict[str, Any]) -> str:
    low, high = row["ci_low_percent"], row["ci_high_percent"]
    return f"{row['robustness_percent']:.1f} ({low:.1f} to {high:.1f})"


def _table(headings: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    main()
