"""Writes siddique2022.md: our robustness beside the published figures 4 and 5 of Siddique and Hoque (2022).

Usage: python docs/results/siddique2022.py ROBUSTNESS.csv, as `accelsim attack` wrote it.
"""

import sys
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent
CIRCUITS = ["1JFF", "96D", "12N4", "17KS", "1AGV", "FTA", "JQQ", "L40", "JV3"]
KEY = ["attack", "budget", "victim"]


def published() -> pd.DataFrame:
    frame = pd.read_csv(FOLDER / "siddique2022_published.csv").query("network == 'LeNet-5'")
    names = {f"M{number}": f"mul8u_{circuit}" for number, circuit in enumerate(CIRCUITS, start=1)}
    return pd.DataFrame(
        {
            "attack": frame["attack"].str.lower() + "-" + frame["norm"],
            "budget": frame["eps"],
            "victim": frame["multiplier"].map(names),
            "figure": frame["figure"],
            "published": frame["robustness_percent"],
        }
    )


def cell(row: pd.Series) -> str:
    ours = f"{row['robustness_percent']:.0f}"
    return ours if pd.isna(row["published"]) else f"{ours} ({row['published']:.0f})"


def grid(rows: pd.DataFrame) -> str:
    cells = rows.assign(cell=rows.apply(cell, axis=1)).set_index(["budget", "victim"])["cell"].unstack()  # noqa: PD010 - one value a cell
    cells = cells[list(rows["victim"].unique())]
    head = ["budget", *(name.removeprefix("mul8u_") for name in cells.columns)]
    body = [[f"{budget:g}", *row] for budget, row in cells.iterrows()]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *body])


def main() -> None:
    ours = pd.read_csv(sys.argv[1])
    both = ours.merge(published(), on=KEY, how="left")
    both["difference"] = both["robustness_percent"] - both["published"]
    page = [
        (FOLDER / "siddique2022_introduction.md").read_text().strip(),
        "## Mean absolute differences, in points",
    ]
    compared = both.dropna(subset=["published"])
    small, large = compared[compared["budget"] <= 0.1], compared[compared["budget"] > 0.1]
    lines = ["| figure | attack | cells | budgets to 0.1 | budgets above 0.1 |", "| --- " * 5 + "|"]
    for (figure, attack), rows in compared.groupby(["figure", "attack"]):
        near, far = (part[part["attack"] == attack]["difference"].abs().mean() for part in (small, large))
        lines.append(f"| {figure} | {attack} | {len(rows)} | {near:.1f} | {far:.1f} |")
    page.append("\n".join(lines))
    page.append("## Robustness in %, ours (published)")
    for attack in both["attack"].unique():
        rows = both[both["attack"] == attack]
        figure = rows["figure"].dropna().unique()
        title = f"### {attack}, " + (f"figure {figure[0]}" if len(figure) else "published figures unreadable")
        page += [title, grid(rows)]
    (FOLDER / "siddique2022.md").write_text("\n\n".join(page) + "\n")


if __name__ == "__main__":
    main()
