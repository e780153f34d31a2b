"""Writes siddique2022.md: Siddique and Hoque (2022) beside ours; words: siddique2022_introduction.md.

Usage: python docs/results/siddique2022.py FOLDER..., into which `accelsim reproduce siddique2022 -o FOLDER`
wrote; of a part that several have, the first one's is taken.
"""

import json
import re
import shutil
import sys
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent
IMAGES = FOLDER.parent / "images"
#: How many readings the page shows.
BEST = 6


def lines(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])


def frame_of(part: dict) -> pd.DataFrame:
    frame = pd.DataFrame(part["rows"])
    numeric = ["value", "low", "high", "n", "paper", "difference"]
    frame[numeric] = frame[numeric].apply(pd.to_numeric)
    return frame


def pivoted(frame: pd.DataFrame, value: str = "value") -> pd.DataFrame:
    grid = frame.pivot(index="row", columns="column", values=value)  # noqa: PD010 - one value a cell
    return grid.reindex(index=frame["row"].unique(), columns=frame["column"].unique())


def grid(frame: pd.DataFrame, digits: int = 0) -> str:
    table = pivoted(frame)
    body = [[str(name), *(f"{value:.{digits}f}" for value in row)] for name, row in table.iterrows()]
    return lines(["", *table.columns], body)


def differences(parts: dict[str, dict]) -> str:
    """Mean absolute difference of every figure that has readable cells."""
    rows = []
    for name, part in parts.items():
        frame = frame_of(part)
        compared = frame.dropna(subset=["paper"])
        if not name.startswith("figure") or compared.empty:
            continue
        exact = compared[compared["column"] == "M1"]
        budgets = compared["row"].astype(float)
        own = [compared, exact, compared[budgets <= 0.1], compared[budgets > 0.1]]
        means = [f"{each['difference'].abs().mean():.1f}" for each in own]
        rows.append([name.removeprefix("figure-"), part["title"], str(len(compared)), *means])
    head = ["figure", "", "cells", "all", "M1 alone", "budgets to 0.1", "above 0.1"]
    return lines(head, sorted(rows))


def readings(part: dict) -> str:
    """The readings that fit best on average, and those that fit each figure best."""
    table = pivoted(frame_of(part)).sort_values("all")
    best = set(table.index[:BEST]) | {table[figure].idxmin() for figure in table.columns}
    shown = table[table.index.isin(best)]
    body = [
        [
            name,
            *(
                f"**{value:.1f}**" if value == table[figure].min() else f"{value:.1f}"
                for figure, value in row.items()
            ),
        ]
        for name, row in shown.iterrows()
    ]
    return lines(["reading", *table.columns], body)


def transfer(part: dict) -> str:
    """Before and after the attack, a line per pair of networks."""
    frame = frame_of(part)
    before, after = (
        pivoted(frame[frame["quantity"] == f"accuracy_{when}_percent"]) for when in ("before", "after")
    )
    paper = {
        when: frame[frame["quantity"] == f"accuracy_{when}_percent"].groupby("row")["paper"].first()
        for when in ("before", "after")
    }
    body = []
    for name in before.index:
        cells = [
            ""
            if pd.isna(before.loc[name, column])
            else f"{before.loc[name, column]:.0f}/{after.loc[name, column]:.0f}"
            for column in before.columns
        ]
        body.append([name, f"{paper['before'][name]:.0f}/{paper['after'][name]:.0f}", *cells])
    return lines(["examples of, shown to", "paper", *before.columns], body)


def main() -> None:
    documents = [json.loads((Path(each) / "siddique2022.json").read_text("utf-8")) for each in sys.argv[1:]]
    parts = {part["part"]: part for document in reversed(documents) for part in document["parts"]}
    networks = {name: each for document in documents for name, each in document["networks"].items()}
    document = documents[0]
    text = (FOLDER / "siddique2022_introduction.md").read_text(encoding="utf-8")
    blocks = {"differences": differences(parts), "images": f"{document['images']['mnist']:,}"}
    if "readings" in parts:
        blocks["readings"] = readings(parts["readings"])
    if "table-2" in parts:
        blocks["table-2"] = transfer(parts["table-2"])
    if "arithmetic" in parts:
        frame = frame_of(parts["arithmetic"])
        for name, budget in (("arithmetic-clean", 0), ("arithmetic-attacked", 0.1)):
            blocks[name] = grid(frame[frame["quantity"] == f"robustness_percent at {budget:g}"])
    for name, part in parts.items():
        if part["remarks"]:
            blocks[f"{name}-remarks"] = "\n".join(f"- {remark}" for remark in part["remarks"])
        if part["pictures"] and f"siddique2022-{name}.png" in text:
            shutil.copyfile(part["pictures"][0], IMAGES / f"siddique2022-{name}.png")
    blocks["networks"] = lines(
        ["network", "data", "accuracy", "weights"],
        [
            [name, each["dataset"], f"{each['accuracy_percent']:.2f} %", f"`{each['weights_sha256'][:16]}`"]
            for name, each in networks.items()
        ],
    )
    blocks["multipliers"] = lines(
        ["", *(document["multipliers"]["LeNet-5"])],
        [
            [
                network,
                *(
                    f"{Path(each['multiplier']).stem.removeprefix('mul8u_')} ({each['mae_percent']:.4g})"
                    for each in own.values()
                ),
                *[""] * (len(document["multipliers"]["LeNet-5"]) - len(own)),
            ]
            for network, own in document["multipliers"].items()
        ],
    )
    blocks["seconds"] = lines(
        ["part", "seconds"], [[name, f"{part['seconds']:.0f}"] for name, part in parts.items()]
    )
    for name, block in blocks.items():
        text = text.replace(f"<!-- {name} -->", block)
    for name in re.findall(r"<!-- ([\w-]+) -->", text):
        print(f"not in these folders: {name}", file=sys.stderr)
        text = text.replace(
            f"<!-- {name} -->", f"(`--part {name.removesuffix('-remarks')}` is not in this run.)"
        )
    (FOLDER / "siddique2022.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
