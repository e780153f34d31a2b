"""Writes guesmi2021.md: Guesmi et al. (2021) beside ours; its words are in guesmi2021_introduction.md.

Usage: python docs/results/guesmi2021.py FOLDER, into which `accelsim reproduce guesmi2021 -o FOLDER` wrote.
"""

import json
import re
import shutil
import sys
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent
IMAGES = FOLDER.parent / "images"


def number(value: float) -> str:
    if pd.isna(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 10000 else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def cell(row: pd.Series) -> str:
    text = number(row["value"])
    if not pd.isna(row["low"]):
        text += f" [{number(row['low'])}, {number(row['high'])}]"
    return text if pd.isna(row["paper"]) else f"{text} ({number(row['paper'])})"


def grid(rows: pd.DataFrame) -> str:
    """Rows by columns; of each quantity a line, where there is more than one."""
    several = len(rows["quantity"].unique()) > 1
    columns = list(rows["column"].unique())
    head = ["", *(["quantity"] if several else []), *columns, "n"]
    lines = [head, ["---"] * len(head)]
    for (name, quantity), group in rows.groupby(["row", "quantity"], sort=False):
        cells = group.set_index("column").apply(cell, axis=1)
        counts = sorted(set(group["n"]))
        n = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
        lines.append([name, *([quantity] if several else []), *(cells.get(c, "") for c in columns), n])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    results = Path(sys.argv[1])
    document = json.loads((results / "guesmi2021.json").read_text(encoding="utf-8"))
    text = (FOLDER / "guesmi2021_introduction.md").read_text(encoding="utf-8")
    for part in document["parts"]:
        frame = pd.DataFrame(part["rows"])
        numeric = ["value", "low", "high", "n", "paper"]
        frame[numeric] = frame[numeric].apply(pd.to_numeric)
        text = text.replace(f"<!-- {part['part']} -->", grid(frame))
        if part["pictures"] and f"guesmi2021-{part['part']}.png" in text:
            shutil.copyfile(results / f"{part['part']}.png", IMAGES / f"guesmi2021-{part['part']}.png")
    networks = "\n".join(
        f"| {name} | {each['dataset']} | {each['accuracy_percent']:.2f} % | `{each['weights_sha256'][:16]}` |"
        for name, each in document["networks"].items()
    )
    text = text.replace(
        "<!-- networks -->", f"| network | data | accuracy | weights |\n| --- | --- | --- | --- |\n{networks}"
    )
    seconds = "\n".join(f"| {part['part']} | {part['seconds']:.0f} |" for part in document["parts"])
    text = text.replace("<!-- seconds -->", f"| part | seconds |\n| --- | --- |\n{seconds}")
    left = re.findall(r"<!-- ([\w-]+) -->", text)
    if left:
        raise SystemExit(f"not in {results}: {', '.join(left)}")
    (FOLDER / "guesmi2021.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
