"""Writes evolved.md: the evolved multipliers of the package, beside the published circuits of the same error.

Usage: python docs/reference/evolved.py, with $ACCELSIM_DATA set to a folder that has evoapprox/published.csv.
"""

import os
from pathlib import Path

import pandas as pd

from accelsim.metrics import error_metrics
from accelsim.rtl.circuit_cost import CostEstimator
from accelsim.rtl.evolution_task import EvolutionTask
from accelsim.rtl.evolved import evolved_circuit, evolved_names

FOLDER = Path(__file__).parent
ERRORS = {
    "MAE %": "mae_percent",
    "WCE %": "wce_percent",
    "EP %": "ep_percent",
    "MRE %": "mre_percent",
}
COSTS = {"area": "area_um2", "delay": "delay_ns", "energy": "energy_fj"}


def measured() -> pd.DataFrame:
    """Return errors and costs of every circuit, the costs relative to the exact array."""
    estimator = CostEstimator()
    rows = []
    for name in evolved_names():
        circuit = evolved_circuit(name)
        task = EvolutionTask.of_command(circuit.source)
        errors, cost = error_metrics(circuit.lut()), estimator.estimate(circuit)
        rows.append(
            {
                "circuit": name,
                "bound": f"{task.metric.upper()} {task.bound}",
                "started from": task.seed_circuit,
                "gates": circuit.netlist().gate_count,
                "area um2": cost.cost.area_um2,
                **{heading: getattr(errors, own) for heading, own in ERRORS.items()},
                **{heading: cost.relative[own] for heading, own in COSTS.items()},
            }
        )
    frame = pd.DataFrame(rows)
    frame["front"] = [is_on_front(row, frame) for _, row in frame.iterrows()]
    return frame


def is_on_front(row: pd.Series, frame: pd.DataFrame) -> str:
    """Return whether no circuit is better in area or in the bounded error and no worse in the other."""
    error = f"{row['bound'].split()[0]} %"
    rivals = frame[frame["circuit"].str[:5] == row["circuit"][:5]]
    no_worse = rivals[(rivals["area um2"] <= row["area um2"]) & (rivals[error] <= row[error])]
    better = (no_worse["area um2"] < row["area um2"]) | (no_worse[error] < row[error])
    return "no" if better.any() else "yes"


def beside_published(ours: pd.DataFrame) -> pd.DataFrame:
    """Return the published approximate circuits, each beside our smallest within 2 % of its MAE."""
    published = pd.read_csv(Path(os.environ["ACCELSIM_DATA"]) / "evoapprox" / "published.csv")
    exact = published.set_index("name").loc["mul8u_1JFF"]
    unsigned = ours[ours["circuit"].str.startswith("mul8u")]
    rows = []
    for _, row in published[published["mae_percent"] > 0].sort_values("mae_percent").iterrows():
        ratio = unsigned["MAE %"] / row["mae_percent"]
        within = unsigned[ratio.between(0.98, 1.02)]
        nearest = (
            unsigned.loc[(ratio - 1).abs().idxmin()]
            if within.empty
            else within.loc[within["area um2"].idxmin()]
        )
        rows.append(
            {
                "published": row["name"],
                "its MAE %": row["mae_percent"],
                "its area": row["area_um2_pdk45"] / exact["area_um2_pdk45"],
                "its power": row["power_mw_pdk45"] / exact["power_mw_pdk45"],
                **nearest[["circuit", *ERRORS, *COSTS]],
            }
        )
    both = pd.DataFrame(rows)
    both.insert(5, "ours / its MAE", both["MAE %"] / both["its MAE %"])
    both["no larger"] = (both["area"] <= both["its area"]).map({True: "yes", False: "no"})
    return both


def table(frame: pd.DataFrame) -> str:
    def cell(heading: str, value: object) -> str:
        if not isinstance(value, float):
            return f"`{value}`" if str(value).startswith("mul8") else str(value)
        if heading == "area um2":
            return f"{value:.1f}"
        return f"{value:.4g}" if heading.endswith("%") else f"{value:.3f}"

    body = [
        [cell(str(heading), value) for heading, value in zip(frame.columns, row, strict=True)]
        for row in frame.itertuples(index=False)
    ]
    lines = [[str(heading) for heading in frame.columns], ["---"] * len(frame.columns), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    ours = measured()
    both = beside_published(ours)
    smaller = int((both["no larger"] == "yes").sum())
    within = int(both["ours / its MAE"].between(0.98, 1.02).sum())
    larger = ", ".join(f"`{name}`" for name in both.loc[both["no larger"] == "no", "published"]) or "none"
    rank = both["energy"].corr(both["its power"], method="spearman")
    page = [
        (FOLDER / "evolved_introduction.md").read_text().strip(),
        "## Beside the published circuits",
        f"{within} of {len(both)} circuits have a MAE within 2 % of the published one's, and {smaller} are "
        f"no larger in relation to the exact multiplier. Larger than published: {larger}. The Spearman rank "
        f"correlation of our energy with the published power over these pairs is {rank:.3f}; the circuits "
        f"are of equal MAE, not the published netlists.",
        table(both),
        "## The family",
        table(ours),
    ]
    (FOLDER / "evolved.md").write_text("\n\n".join(page) + "\n")


if __name__ == "__main__":
    main()
