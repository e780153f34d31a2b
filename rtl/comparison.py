"""Multipliers side by side: how wrong they are and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from accelsim.metrics import ErrorMetrics
from accelsim.rtl.circuit_cost import CircuitCost

__all__ = ["COSTS", "ERRORS", "Compared", "caution", "pareto_front"]

#: Error metrics to compare by: attribute of `ErrorMetrics`, and its name on an axis.
ERRORS = {
    "mae": ("mae_percent", "MAE (%)"),
    "mre": ("mre_percent", "MRE (%)"),
    "wce": ("wce_percent", "WCE (%)"),
    "ep": ("ep_percent", "EP (%)"),
}
#: Costs to compare by: attribute of `accelsim.cost.Cost`, and its name on an axis.
COSTS = {
    "energy": ("energy_fj", "energy per operation (fJ)"),
    "area": ("area_um2", "area (um²)"),
    "delay": ("delay_ns", "delay (ns)"),
    "pdp": ("pdp_fj", "PDP (fJ)"),
}


@dataclass(frozen=True)
class Compared:
    """A multiplier's errors over all operand pairs, and its cost."""

    name: str
    errors: ErrorMetrics
    cost: CircuitCost

    def at(self, error: str, cost: str) -> tuple[float, float]:
        """Return its place in the plane of one of `ERRORS` and one of `COSTS`."""
        return (
            float(getattr(self.errors, ERRORS[error][0])),
            float(getattr(self.cost.cost, COSTS[cost][0])),
        )


def caution(compared: Sequence[Compared]) -> str | None:
    """Return a warning if the multipliers do not do the same work: other widths or signedness."""
    exact = list(dict.fromkeys(each.cost.exact for each in compared))
    if len(exact) < 2:
        return None
    return (
        f"widths or signedness differ (those of {', '.join(exact)}): errors are in percent of each one's own "
        "range, costs are of its own operation"
    )


def pareto_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Say of each point whether no other is as small in both coordinates and smaller in one."""
    return [
        not any(other[0] <= point[0] and other[1] <= point[1] and other != point for other in points)
        for point in points
    ]
