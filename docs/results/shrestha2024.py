"""Writes shrestha2024.md: Shrestha and Großmann (2024) beside ours; words: shrestha2024_introduction.md.

Usage: python docs/results/shrestha2024.py FOLDER..., which `accelsim reproduce shrestha2024 -o FOLDER`
filled; of a part that several have, the first one's is taken.
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


def masking(results: Path) -> str:
    text = []
    for path in sorted(results.glob("masking-*.json")):
        for bits, found in json.loads(path.read_text(encoding="utf-8")).items():
            failed = [flag["name"] for flag in found["flags"] if flag["status"] == "failed"]
            verdict = found["verdict"]
            text.append([bits, verdict["soundness"], ", ".join(failed) or "none", verdict["statement"]])
    return lines(["bits", "verdict", "flags that failed", "in words"], text)


def settings(folders: dict[Path, dict]) -> str:
    """What each run had, and which parts are its."""
    keys = ("images", "iterative_images", "runs", "audited_images")
    taken: set[str] = set()
    body = []
    for document in folders.values():
        own = [part["part"] for part in document["parts"] if part["part"] not in taken]
        taken.update(own)
        body.append([", ".join(own), *(str(document[key]) for key in keys)])
    return lines(["parts", *(key.replace("_", " ") for key in keys)], body)


def main() -> None:
    folders = {
        Path(each): json.loads((Path(each) / "shrestha2024.json").read_text(encoding="utf-8"))
        for each in sys.argv[1:]
    }
    text = (FOLDER / "shrestha2024_introduction.md").read_text(encoding="utf-8")
    text = text.replace("<!-- settings -->", settings(folders))
    seconds = {}
    for results, document in folders.items():
        for part in document["parts"]:
            if part["part"] in seconds:
                continue
            seconds[part["part"]] = part["seconds"]
            frame = pd.DataFrame(part["rows"])
            numeric = ["value", "low", "high", "n", "paper"]
            frame[numeric] = frame[numeric].apply(pd.to_numeric)
            if part["part"] in {"table-6", "approximate"}:
                table = grid(frame, names=SHOWN)
            elif part["part"] == "masking":
                table = grid(frame[frame["quantity"] == "robustness_percent"], interval=True)
                text = text.replace("<!-- verdicts -->", masking(results))
            else:
                table = grid(frame, interval=True)
            text = text.replace(f"<!-- {part['part']} -->", table)
            for picture in part["pictures"]:
                name = f"shrestha2024-{Path(picture).name}"
                if name in text:
                    shutil.copyfile(results / Path(picture).name, IMAGES / name)
    body = [[name, f"{own:.0f}"] for name, own in seconds.items()]
    text = text.replace("<!-- seconds -->", lines(["part", "processor seconds"], body))
    left = re.findall(r"<!-- ([\w-]+) -->", text)
    if left:
        raise SystemExit(f"not in {', '.join(map(str, folders))}: {', '.join(left)}")
    (FOLDER / "shrestha2024.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
