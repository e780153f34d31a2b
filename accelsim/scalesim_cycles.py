"""SCALE-Sim's cycles of a layer, and what makes ours differ."""

from dataclasses import dataclass

from accelsim.systolic_array import Gemm, SystolicArray

__all__ = ["CycleDifference", "cycle_difference", "scalesim_cycles"]


@dataclass(frozen=True)
class CycleDifference:
    """Cycles of `SystolicArray.cycles` that SCALE-Sim's formula does not count.

    Parameters
    ----------
    count_from_zero : int
        SCALE-Sim numbers cycles from 0 and gives the last one's number: one less than there are.
    output_register : int
        With ``ws`` and ``is``, a sum stands in the last row's accumulator, where it can be read, in the cycle
        after the one that formed it.
    drain : int
        With ``os``, sums are shifted out through the array in as many cycles as it has rows, in every fold;
        SCALE-Sim has them all at once at the end of one.
    """

    count_from_zero: int
    output_register: int
    drain: int

    @property
    def total(self) -> int:
        """Ours minus SCALE-Sim's."""
        return self.count_from_zero + self.output_register + self.drain


def scalesim_cycles(array: SystolicArray, gemm: Gemm) -> int:
    """Return the total cycles that SCALE-Sim 3.0.0 reports for a matrix product, without stalls.

    With S_R x S_C the matrix product's extent over rows and columns and T that in time, it is
    ``folds * (2 R + C + T - 2) - 1`` with ``ws`` and ``is``, and ``folds * (R + C + T - 2) - 1`` with ``os``,
    ``folds = ceil(S_R / R) * ceil(S_C / C)``.

    References
    ----------
    A. Samajdar et al., "A systematic methodology for characterizing scalability of DNN accelerators using
    SCALE-Sim", ISPASS 2020, section III; the last cycle's number as in the reports of SCALE-Sim 3.0.0.
    """
    fold = array.fold_cycles(array.spread(gemm)[2]) - array.rows * (array.dataflow == "os")
    return array.fold_count(gemm) * fold - 1


def cycle_difference(array: SystolicArray, gemm: Gemm) -> CycleDifference:
    """Return the reasons, in cycles, why `SystolicArray.cycles` is not `scalesim_cycles`."""
    if array.dataflow == "os":
        return CycleDifference(1, 0, array.fold_count(gemm) * array.rows)
    return CycleDifference(1, 1, 0)
