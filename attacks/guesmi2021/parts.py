"""The list of the paper's tables and figures, and of what is measured beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from accelsim.errors import AccelsimError, nearest

if TYPE_CHECKING:
    from accelsim.attacks.guesmi2021.rows import Row
    from accelsim.attacks.guesmi2021.study import Study

__all__ = ["PARTS", "Part", "part_named"]


@dataclass(frozen=True)
class Part:
    """A table, a figure or another measurement.

    Parameters
    ----------
    name : str
        Such as ``table-2``.
    title : str
        What it measures.
    function : str
        ``"module:function"`` of this package, which runs it.
    """

    name: str
    title: str
    function: str

    def run(self, study: "Study") -> "list[Row]":
        """Run it, and draw its pictures."""
        measure: Callable[[Study], list[Row]] = resolve_name(f"accelsim.attacks.guesmi2021.{self.function}")
        return measure(study)


#: Cheap ones first, so that a stopped run has most of them.
PARTS = (
    Part("table-6", "Accuracy", "accuracies:table_6"),
    Part("table-7", "Energy and delay of float multipliers", "hardware_costs:table_7"),
    Part("table-9", "Energy and delay of 24 x 24 significand multipliers", "hardware_costs:table_9"),
    Part("figure-3", "Noise of Ax-FPM", "noise:figure_3"),
    Part("figure-4", "Convolution against similarity to the filter", "convolution:figure_4"),
    Part("figure-12", "Confidence in clean images", "confidence:figure_12"),
    Part("figure-13", "Noise of bfloat16", "noise:figure_13"),
    Part("figure-15", "Noise of Ax-FPM and HEAP", "noise:figure_15"),
    Part("figure-16", "Heat maps of the last convolution", "convolution:figure_16"),
    Part("figure-8", "White-box DeepFool: L2 distance", "white_box:figure_8"),
    Part("figure-9", "White-box C&W: L2 distance", "white_box:figure_9"),
    Part("figure-10", "White-box DeepFool: MSE and PSNR", "white_box:figure_10"),
    Part("figure-11", "White-box C&W: MSE and PSNR", "white_box:figure_11"),
    Part("table-2", "Transfer, MNIST, minimal-norm examples", "transfer:table_2"),
    Part("fixed-budget-mnist", "Transfer at fixed budgets, MNIST", "transfer:fixed_budget_mnist"),
    Part("adaptive", "Adaptive white-box attacks at fixed budgets", "adaptive:adaptive_mnist"),
    Part("confident-examples", "Transfer of C&W examples by confidence", "transfer:confident_examples"),
    Part("table-8", "Accuracy of LeNet-5; MRED and NMED", "accuracies:table_8"),
    Part("table-10", "Transfer to HEAP and Ax-FPM, MNIST, minimal-norm examples", "transfer:table_10"),
    Part("readings", "Transfer by reading of Ax-FPM, operands and layers", "transfer:readings"),
    Part("table-4", "Black-box attacks, minimal-norm examples", "black_box:table_4"),
    Part("black-box-fixed-budget", "Black-box attacks at fixed budgets", "black_box:fixed_budget_black_box"),
    Part("decision-based", "Attacks by decisions alone: L2 distance", "adaptive:decision_based"),
    Part("fixed-budget-cifar10", "Transfer at fixed budgets, CIFAR-10", "transfer:fixed_budget_cifar10"),
    Part("adaptive-cifar10", "Adaptive attacks at fixed budgets, CIFAR-10", "adaptive:adaptive_cifar10"),
    Part("table-5", "Against defensive quantization, CIFAR-10", "transfer:table_5"),
    Part("table-3", "Transfer, CIFAR-10, minimal-norm examples", "transfer:table_3"),
)


def part_named(name: str) -> Part:
    """Return a part.

    Raises
    ------
    AccelsimError
        If there is none of that name.
    """
    for part in PARTS:
        if part.name == name:
            return part
    names = [part.name for part in PARTS]
    raise AccelsimError(
        f"Guesmi et al. (2021) have no {name} here"
        + (nearest(name, names) or f"; there are {', '.join(names)}")
    )
