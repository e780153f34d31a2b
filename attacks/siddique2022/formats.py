"""LeNet-5 in number formats of 2 to 8 bits: the paper's Qlevel, and what it leaves open."""

from typing import get_args

from accelsim.arithmetic import Arithmetic, Scheme
from accelsim.attacks.rates import Rate
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.siddique2022.published import PUBLISHED
from accelsim.attacks.siddique2022.study import Study
from accelsim.attacks.sweeps import Victim

__all__ = ["arithmetic", "formats"]

_BUDGETS = (0.0, 0.1)
_MOST_IMAGES = 500


def formats() -> dict[str, Arithmetic]:
    """Return the formats by what tables call them: every width, then other choices at 8 bits."""
    schemes = [scheme for scheme in get_args(Scheme) if scheme != "signed"]  # the circuits are unsigned
    found = {f"{scheme}, {bits} bits": Arithmetic(scheme, bits) for scheme in schemes for bits in range(2, 9)}
    for scheme in schemes:
        found[f"{scheme}, 8 bits, weights per channel"] = Arithmetic(scheme, weights="per-channel")
        found[f"{scheme}, 8 bits, activation is operand b"] = Arithmetic(scheme, activation_operand="b")
        found[f"{scheme}, 8 bits, all layers"] = Arithmetic(scheme, layers="all")
    found["unsigned, 6 bits in the low bits of the operands"] = Arithmetic(bits=6, placement="low")
    return found


def arithmetic(study: Study) -> list[Row]:
    """Robustness without an attack and under BIM (linf) at 0.1, in each format on each multiplier."""
    own = study.network("LeNet-5", "mnist")
    rows = PUBLISHED.rows("arithmetic", "fixed-budget", "mnist")
    for name, how in formats().items():
        victims = {
            label: Victim(own, multiplier, how, label=label)
            for label, multiplier in study.multipliers("LeNet-5").items()
        }
        series = study.series(
            "LeNet-5", "mnist", ("bim-linf",), victims=victims, budgets=_BUDGETS, most_images=_MOST_IMAGES
        )
        grid = study.grid(series)
        for budget in _BUDGETS:
            for label, correct in zip(grid.victims, grid.at("bim-linf", budget), strict=True):
                rate = Rate(int(correct.sum()), grid.images)
                rows.add_rate(name, label, f"robustness_percent at {budget:g}", rate)
    return rows.rows
