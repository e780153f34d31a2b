"""Writes shrestha2024.md: Shrestha and Großmann (2024) beside ours; words: shrestha2024_introduction.md.

Usage: python docs/results/shrestha2024.py FOLDER..., which `accelsim reproduce shrestha2024 -o FOLDER`
filled; of a network's part that several have, the first one's is taken.
"""

import json
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
from guesmi2021 import number

FOLDER = Path(__file__).parent
IMAGES = FOLDER.parent / "images"
#: What the big table shows of each attack, beside the paper's figure where there is one.
SHOWN = {
    "accuracy_percent": "accuracy, %",
    "adversarial_accuracy_percent": "adversarial accuracy, %",
    "unrecognisable_percent": "unrecognisable, %",
    "adversarial_accuracy_recognisable_percent": "adversarial accuracy without them, %",
    "l0_mean": "L0",
    "l1_mean": "L1",
    "l2_mean": "L2",
    "l2_mean_recognisable": "L2 without them",
    "linf_mean": "Linf",
    "seconds_per_example": "seconds per example",
}


def lines(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])


def shown(row: pd.Series, interval: bool = False) -> str:
    text = number(row["value"])
    if interval and not pd.isna(row["low"]):
        text += f" [{number(row['low'])}, {number(row['high'])}]"
    return text if pd.isna(row["paper"]) else f"{text} ({number(row['paper'])})"


def grid(frame: pd.DataFrame, interval: bool = False, names: dict[str, str] | None = None) -> str:
    """A line for each row and quantity, a column for each network."""
    names = names or {each: each for each in frame["quantity"].unique()}
    columns = list(frame["column"].unique())
    body = []
    for name, group in frame.groupby("row", sort=False):
        for quantity, words in names.items():
            found = group[group["quantity"] == quantity].set_index("column")
            if found.empty:
                continue
            cells = found.apply(shown, axis=1, interval=interval)
            counts = sorted(set(found["n"]))
            n = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
            body.append([name, words, *(cells.get(column, "") for column in columns), n])
    return lines(["", "quantity", *columns, "n"], body)


def verdicts(path: Path) -> str:
    text = []
    for bits, found in json.loads(path.read_text(encoding="utf-8")).items():
        failed = [flag["name"] for flag in found["flags"] if flag["status"] == "failed"]
        verdict = found["verdict"]
        text.append([bits, verdict["soundness"], ", ".join(failed) or "none", verdict["statement"]])
    return lines(["bits", "verdict", "flags that failed", "in words"], text)


def found_parts(folders: list[Path]) -> dict[tuple[str, str], tuple[Path, dict, dict, pd.DataFrame]]:
    """Return folder, document, part and rows by name of the part and network."""
    found = {}
    for folder in folders:
        document = json.loads((folder / "shrestha2024.json").read_text(encoding="utf-8"))
        for part in document["parts"]:
            frame = pd.DataFrame(part["rows"])
            numeric = ["value", "low", "high", "n", "paper"]
            frame[numeric] = frame[numeric].apply(pd.to_numeric)
            for network, rows in frame.groupby(frame["row"].str.split().str[0], sort=False):
                found.setdefault((part["part"], network), (folder, document, part, rows))
    return found


def settings(found: dict[tuple[str, str], tuple[Path, dict, dict, pd.DataFrame]]) -> str:
    """What each run had, which parts are its, and the processor time of these."""
    keys = ("images", "iterative_images", "runs", "audited_images")
    by_run: dict[tuple[Path, str], list[tuple[str, float]]] = {}
    documents = {}
    for (name, network), (folder, document, part, _) in found.items():
        by_run.setdefault((folder, network), []).append((name, part["seconds"]))
        documents[folder] = document
    body = [
        [
            network,
            ", ".join(f"{name} {seconds:.0f} s" for name, seconds in parts),
            *(str(documents[folder][key]) for key in keys),
        ]
        for (folder, network), parts in by_run.items()
    ]
    return lines(["network", "parts", *(key.replace("_", " ") for key in keys)], body)


def main() -> None:
    found = found_parts([Path(each) for each in sys.argv[1:]])
    text = (FOLDER / "shrestha2024_introduction.md").read_text(encoding="utf-8")
    text = text.replace("<!-- settings -->", settings(found))
    for (name, network), (folder, _, part, rows) in found.items():
        if name in {"table-6", "approximate"}:
            table = grid(rows, names=SHOWN)
        elif name == "masking":
            table = grid(rows[rows["quantity"] == "robustness_percent"], interval=True)
            text = text.replace(f"<!-- verdicts {network} -->", verdicts(folder / f"masking-{network}.json"))
        else:
            table = grid(rows, interval=True)
        text = text.replace(f"<!-- {name} {network} -->", table)
        for picture in part["pictures"]:
            copied = f"shrestha2024-{Path(picture).name}"
            if network in copied and copied in text:
                shutil.copyfile(folder / Path(picture).name, IMAGES / copied)
    left = re.findall(r"<!-- ([\w -]+) -->", text)
    if left:
        raise SystemExit(f"not in {', '.join(sys.argv[1:])}: {', '.join(left)}")
    (FOLDER / "shrestha2024.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
