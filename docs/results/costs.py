"""Writes costs.md: errors and costs of the published circuits and of ours beside the published figures.

Usage: ACCELSIM_DATA=... python docs/results/costs.py, with the published truth tables and figures in
evoapprox/ and the Liberty file in liberty/ of that folder.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from accelsim.errors import AccelsimError
from accelsim.metrics import error_metrics
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.circuit_cost import CircuitCost, CostEstimator, CostSettings

FOLDER = Path(__file__).parent
#: Published circuits with much smaller EP or MRE than ours of the same MAE.
OTHER_FRONTS = ("JQQ", "L40", "GS2", "1446")
COLUMNS = [
    "circuit",
    "MAE %",
    "WCE %",
    "MRE %",
    "EP %",
    "area (um²)",
    "energy (fJ)",
    "delay (ns)",
    "relative area",
    "published",
    "relative energy",
    "published power",
]


def main() -> None:
    data = Path(os.environ["ACCELSIM_DATA"])
    published = pd.read_csv(data / "evoapprox" / "published.csv").sort_values("mae_percent")
    liberty = data / "liberty" / "sg13g2_stdcell_typ_1p20V_25C.lib"
    estimator = CostEstimator(CostSettings(liberty=liberty, from_table=True))
    exact = published.set_index("name").loc["mul8u_1JFF"]
    tables: dict[str, list[dict[str, object]]] = {"tables": [], "evolved": []}
    for row in published.to_dict("records"):
        relative = {
            "published": row["area_um2_pdk45"] / exact["area_um2_pdk45"],
            "published power": row["power_mw_pdk45"] / exact["power_mw_pdk45"],
            "published delay": row["delay_ns_pdk45"],
        }
        circuits = {
            "tables": (row["name"], data / "evoapprox" / f"{row['name']}.npy"),
            "evolved": (row["name"], f"mul8u_evo_m{round(row['mae_percent'] * 1e5)}"),
        }
        for kind, (of, name) in circuits.items():
            try:
                circuit = find_circuit(name)
            except AccelsimError:
                if kind == "tables":
                    raise
                continue  # not in the family
            estimated = estimator.estimate(circuit)
            errors = error_metrics(circuit.lut())
            label = circuit.name if kind == "tables" else f"{circuit.name} ({of.removeprefix('mul8u_')})"
            tables[kind].append(line(label, errors, estimated) | relative | {"of": of})
            print(label, estimated.relative, flush=True)
    text = (FOLDER / "costs_introduction.md").read_text(encoding="utf-8")
    for kind, rows in tables.items():
        frame = pd.DataFrame(rows)
        found = correlations(frame, OTHER_FRONTS if kind == "evolved" else ())
        text = text.replace(f"<!-- {kind} -->", f"{grid(frame)}\n\n{found}")
    (FOLDER / "costs.md").write_text(text, encoding="utf-8")


def line(label: str, errors: object, estimated: CircuitCost) -> dict[str, object]:
    names = ("mae_percent", "wce_percent", "mre_percent", "ep_percent")
    return {
        "circuit": label,
        **dict(zip(COLUMNS[1:5], (getattr(errors, name) for name in names), strict=True)),
        "area (um²)": estimated.cost.area_um2,
        "energy (fJ)": estimated.cost.energy_fj,
        "delay (ns)": estimated.cost.delay_ns,
        "relative area": estimated.relative["area_um2"],
        "relative energy": estimated.relative["energy_fj"],
    }


def grid(frame: pd.DataFrame) -> str:
    digits = {"area (um²)": 0, "energy (fJ)": 0, "delay (ns)": 2} | dict.fromkeys(COLUMNS[8:], 3)
    rows = [
        [row[name] if name == "circuit" else shown(row[name], digits.get(name)) for name in COLUMNS]
        for row in frame.to_dict("records")
    ]
    rule = ["---", *["---:"] * (len(COLUMNS) - 1)]
    return "\n".join(joined(cells) for cells in [COLUMNS, rule, *rows])


def shown(value: float, digits: int | None) -> str:
    return f"{value:.4g}" if digits is None else f"{value:.{digits}f}"


def joined(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def correlations(frame: pd.DataFrame, without: Sequence[str] = ()) -> str:
    pairs: Sequence[tuple[str, str, str, str]] = (
        ("energy", "relative energy", "power", "published power"),
        ("area", "relative area", "area", "published"),
        ("delay", "delay (ns)", "delay", "published delay"),
    )
    found = [
        f"our {ours} against published {theirs} {frame[mine].corr(frame[other], method='spearman'):.3f}"
        for ours, mine, theirs, other in pairs
    ]
    text = f"Spearman's rank correlation over the {len(frame)} circuits: {', '.join(found)}."
    if without:
        rest = frame[~frame["of"].isin([f"mul8u_{name}" for name in without])]
        left = rest["relative energy"].corr(rest["published power"], method="spearman")
        text += f" Of energy and power without {', '.join(without)}: {left:.3f}."
    return text


if __name__ == "__main__":
    main()
