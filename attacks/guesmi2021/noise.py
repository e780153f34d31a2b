"""Figures 3, 13 and 15: the noise of the multipliers, from their gates."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.guesmi2021.subjects import HARDWARE, READINGS
from accelsim.attacks.reproduction.rows import Row
from accelsim.float_errors import float_errors
from accelsim.rtl.float_circuits import FloatCircuit
from accelsim.rtl.float_library import describe_float

__all__ = ["figure_3", "figure_13", "figure_15"]

_PAIRS = 1_000_000
_REACH = 0.6


def figure_3(study: Study) -> list[Row]:
    """Error of the readings of Ax-FPM over operands from 0 to 1."""
    return _figure(study, "figure-3", {"axfpm": "axfpm_authors", **{n: n for n in READINGS[1:]}}, _REACH)


def figure_13(study: Study) -> list[Row]:
    """Error of bfloat16 multiplication against float32."""
    names = {"bf16": "bf16_exact", "bf16_exact_truncate": "bf16_exact_truncate"}
    return _figure(study, "figure-13", names, _REACH / 20)


def figure_15(study: Study) -> list[Row]:
    """Error of Ax-FPM beside an array with the figures of HEAP."""
    return _figure(study, "figure-15", {"axfpm": HARDWARE["axfpm"], "heap": HARDWARE["heap"]}, _REACH)


def _figure(study: Study, part: str, multipliers: dict[str, str], reach: float) -> list[Row]:
    figure = Figure(figsize=(3.6 * len(multipliers), 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(multipliers), sharey=True, squeeze=False)[0]
    rows = PUBLISHED.rows(part)
    for axes, (column, name) in zip(panels, multipliers.items(), strict=True):
        study.report(f"noise of {name}")
        exact, found = _products(name, study.seed)
        errors = float_errors(found, exact)
        _draw(axes, exact, found - exact, reach)
        axes.set_title(f"{name}: {errors.share_above_percent:.0f} % above exact", size="medium")
        rows.add("above exact", column, "share_percent", errors.share_above_percent, errors.pairs)
        rows.add("mean absolute error", column, "nmed", errors.nmed, errors.pairs)
        rows.add("mean product", column, "percent_above", 100 * errors.ratio_of_means, errors.pairs)
    panels[0].set_ylabel("error of the product")
    study.picture(part, figure)
    return rows.rows


def _products(name: str, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return exact float32 products of numbers from 0 to 1, and those of the multiplier's gates."""
    circuit = FloatCircuit(describe_float(name))
    generator = np.random.default_rng(seed)
    a, b = (generator.random(_PAIRS).astype(np.float32).astype(np.float64) for _ in range(2))
    if name.endswith("_truncate"):  # operands cut off, as the products are
        a, b, exact = _cut(a), _cut(b), a * b
        return exact, circuit.multiply(a, b)
    return a * b, circuit.multiply(a, b)


def _cut(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drop the bits of float32 numbers that bfloat16 lacks."""
    bits = values.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(np.float64)


def _draw(axes: Axes, exact: NDArray[np.float64], error: NDArray[np.float64], reach: float) -> None:
    """Draw how many products there are by exact product and error."""
    axes.hist2d(
        exact, error, bins=(200, 200), range=((0, 1), (-reach, reach)), cmin=1, norm=LogNorm(1, 2e4),
        cmap="viridis", rasterized=True,
    )  # fmt: skip
    axes.axhline(0, color="crimson", linewidth=0.8)
    axes.set_xlabel("exact product")
