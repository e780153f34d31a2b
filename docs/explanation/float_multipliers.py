"""Writes the tables of float-multipliers.md, between its markers, and its pictures in ../images.

Usage: python docs/explanation/float_multipliers.py
"""

import re
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from accelsim.float_errors import FloatErrors, float_errors, uniform_operands
from accelsim.float_format import BF16
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.cell_array import PORT_ORDERS
from accelsim.simulation import outputs

FOLDER = Path(__file__).parent
IMAGES = FOLDER.parent / "images"
PAIRS = 10**7
DRAWN = 2 * 10**6
READINGS = ["axfpm_array24", "axfpm_blocks4", "axfpm_authors"]
DENSITY = {"norm": LogNorm(1, 3e4), "cmap": "viridis", "rasterized": True}


def products(name: str, pairs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Operands, exact products and those of the gates."""
    circuit = find_circuit(name)
    bits = uniform_operands(circuit.form, pairs, seed=0)
    a, b = (circuit.form.decode(pattern) for pattern in bits)
    return a, b, a * b, circuit.form.decode(outputs(circuit.netlist(), *bits))


def row(label: str, errors: FloatErrors, *more: str) -> list[str]:
    figures = [f"{errors.mred:.4f}", f"{errors.nmed:.4f}", f"{errors.share_above_percent:.1f} %"]
    return [label, *figures, f"{100 * errors.ratio_of_means:+.3g} %", *more]


def measured(name: str) -> FloatErrors:
    return find_circuit(name).errors(PAIRS)


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def tables() -> dict[str, str]:
    head = ["multiplier", "MRED", "NMED", "above exact", "mean product"]
    readings = [row(f"`{name}`", measured(name)) for name in READINGS]
    paper = ["*paper, Ax-FPM*", "*0.33*", "*0.08*", "*96 %*", ""]
    heap = [
        row("`heap_like24`", measured("heap_like24")),
        ["*paper, HEAP*", "*0.12*", "*0.03*", "*34 %*", ""],
    ]
    bfloat = [row(f"`{name}`", measured(name)) for name in ("bf16_exact", "bf16_exact_truncate")]
    orders = []
    for order in PORT_ORDERS:
        signals = [
            "partial product" if x == "p" else "sum from above" if x == "s" else "carry" for x in order
        ]
        for reading in ("axfpm_array24", "axfpm_blocks4"):
            name = reading if order == "psc" else f"{reading}_{order}"
            errors = row(f"`{name}`", find_circuit(name).errors(DRAWN))
            orders.append([errors[0], *signals, *errors[1:]])
    return {
        "readings": markdown(head, [*readings, paper, *heap, *bfloat]),
        "port orders": markdown([head[0], "A", "B", "Cin", *head[1:]], orders),
    }


def density(axes: Axes, exact: np.ndarray, error: np.ndarray, limits: tuple[float, float]) -> None:
    """Draw how many products there are by exact product and error."""
    axes.hist2d(exact, error, bins=(200, 200), range=((0, 1), limits), cmin=1, **DENSITY)
    axes.axhline(0, color="crimson", linewidth=0.8)
    axes.set_xlabel("exact product")


def draw_axfpm() -> None:
    figure, rows = plt.subplots(2, 3, figsize=(10, 6.2), layout="constrained")
    for column, name in enumerate(READINGS):
        a, b, exact, found = products(name, DRAWN)
        error = found - exact
        above = 100 * np.mean(error > 0)
        upper, lower = rows[:, column]
        density(upper, exact, error, (-0.6, 0.6))
        upper.set_title(f"{name}: {above:.0f} % above exact", fontsize=10)
        significands = [2 * np.frexp(x)[0] for x in (a, b)]
        total, *_ = np.histogram2d(*significands, bins=96, range=((1, 2), (1, 2)), weights=error / exact)
        count, *_ = np.histogram2d(*significands, bins=96, range=((1, 2), (1, 2)))
        image = lower.imshow(
            (100 * total / count).T, origin="lower", extent=(1, 2, 1, 2), cmap="RdBu_r", vmin=-100, vmax=100
        )
        lower.set_xlabel("significand of a")
    rows[0, 0].set_ylabel("error")
    rows[1, 0].set_ylabel("significand of b")
    figure.colorbar(image, ax=rows[1, :], label="mean error, % of exact", shrink=0.9)
    save(figure, "float-noise-axfpm")


def draw_bfloat() -> None:
    generator = np.random.default_rng(0)
    a, b = (generator.random(DRAWN).astype(np.float32) for _ in range(2))
    exact = a.astype(np.float64) * b
    netlists = {
        "nearest-even": find_circuit("bf16_exact").netlist(),
        "truncate": find_circuit("bf16_exact_truncate").netlist(),
    }
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
    for axes, (rounding, netlist) in zip((left, right), netlists.items(), strict=True):
        if rounding == "truncate":
            bits = [x.view(np.uint32) >> 16 for x in (a, b)]
        else:
            bits = [BF16.encode(x) for x in (a, b)]
        error = BF16.decode(outputs(netlist, *bits)) - exact
        density(axes, exact, error, (-0.03, 0.03))
        below = 100 * np.mean(error < 0)
        axes.set_title(f"bfloat16, {rounding}: {below:.0f} % below exact", fontsize=10)
    left.set_ylabel("error (a twentieth of Ax-FPM's scale)")
    save(figure, "float-noise-bf16")


def draw_heap() -> None:
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
    for axes, name in zip(panels, ("axfpm_array24", "heap_like24"), strict=True):
        _, _, exact, found = products(name, DRAWN)
        density(axes, exact, found - exact, (-0.6, 0.6))
        errors = float_errors(found, exact)
        axes.set_title(
            f"{name}: MRED {errors.mred:.2f}, {errors.share_above_percent:.0f} % above exact", fontsize=10
        )
    panels[0].set_ylabel("error")
    save(figure, "float-noise-heap")


def save(figure: plt.Figure, name: str) -> None:
    figure.savefig(IMAGES / f"{name}.png", dpi=100, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    page = FOLDER / "float-multipliers.md"
    text = page.read_text(encoding="utf-8")
    for name, table in tables().items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda m, t=table: f"{m[1]}{t}\n{m[2]}",
            text,
            flags=re.DOTALL,
        )
    page.write_text(text, encoding="utf-8")
    draw_axfpm()
    draw_bfloat()
    draw_heap()


if __name__ == "__main__":
    main()
