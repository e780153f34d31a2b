"""What a layer moves between the array and the scratchpads, and between those and DRAM, in all."""

from dataclasses import dataclass, fields

from accelsim.accelerator import Accelerator
from accelsim.array_layer import ArrayLayer
from accelsim.fold_transfers import fold_transfers, sum_bytes

__all__ = ["Traffic", "memory_traffic"]


@dataclass(frozen=True)
class Traffic:
    """Bytes that a layer moves for one image.

    Parameters
    ----------
    ifmap_reads, filter_reads : int
        From the scratchpads into the array.
    sum_reads, sum_writes : int
        Partial sums, from the ofmap scratchpad into the array and back.
    output_writes : int
        Finished outputs, from the array into the ofmap scratchpad.
    ifmap_fetched, filter_fetched, outputs_stored : int
        Between DRAM and the scratchpads.
    sums_stored, sums_fetched : int
        Partial sums for which the ofmap scratchpad has no room.
    """

    ifmap_reads: int = 0
    filter_reads: int = 0
    sum_reads: int = 0
    sum_writes: int = 0
    output_writes: int = 0
    ifmap_fetched: int = 0
    filter_fetched: int = 0
    outputs_stored: int = 0
    sums_stored: int = 0
    sums_fetched: int = 0

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Traffic)))

    @property
    def ifmap_accesses(self) -> int:
        """Bytes read from and written into the ifmap scratchpad."""
        return self.ifmap_reads + self.ifmap_fetched

    @property
    def filter_accesses(self) -> int:
        """Bytes read from and written into the filter scratchpad."""
        return self.filter_reads + self.filter_fetched

    @property
    def ofmap_accesses(self) -> int:
        """Bytes read from and written into the ofmap scratchpad."""
        array_side = self.sum_reads + self.sum_writes + self.output_writes
        return array_side + self.outputs_stored + self.sums_stored + self.sums_fetched

    @property
    def scratchpad_reads(self) -> int:
        """Bytes read from the scratchpads, by the array or on their way to DRAM."""
        array_side = self.ifmap_reads + self.filter_reads + self.sum_reads
        return array_side + self.outputs_stored + self.sums_stored

    @property
    def scratchpad_writes(self) -> int:
        """Bytes written into the scratchpads, by the array or from DRAM."""
        array_side = self.sum_writes + self.output_writes
        return array_side + self.ifmap_fetched + self.filter_fetched + self.sums_fetched

    @property
    def dram_reads(self) -> int:
        """Bytes read from DRAM."""
        return self.ifmap_fetched + self.filter_fetched + self.sums_fetched

    @property
    def dram_writes(self) -> int:
        """Bytes written to DRAM."""
        return self.outputs_stored + self.sums_stored

    @property
    def dram_bytes(self) -> int:
        """Bytes that cross the DRAM interface."""
        return self.dram_reads + self.dram_writes


def memory_traffic(layer: ArrayLayer, accelerator: Accelerator) -> Traffic:
    """Return what a layer moves for one image.

    Raises
    ------
    AccelsimError
        If a scratchpad is too small for one tile of the layer.
    """
    array = accelerator.array
    over_rows, over_columns, steps = array.spread(layer.gemm)
    row_folds, column_folds = -(-over_rows // array.rows), -(-over_columns // array.columns)
    if array.dataflow == "os":
        left, top = over_rows * steps * column_folds, over_columns * steps * row_folds
        ifmap, filters, sums, outputs = left, top, 0, over_rows * over_columns
    else:
        left, top = over_rows * steps * column_folds, over_rows * over_columns
        ifmap, filters = (left, top) if array.dataflow == "ws" else (top, left)
        outputs = over_columns * steps
        sums = outputs * (row_folds - 1) * sum_bytes(accelerator)
    one_group = Traffic(ifmap, filters, sums, sums, outputs * layer.output_bytes)
    for block in fold_transfers(layer, accelerator):
        one_group += Traffic(
            ifmap_fetched=int(block.ifmap.sum()),
            filter_fetched=int(block.filter.sum()),
            outputs_stored=int(block.outputs.sum()),
            sums_stored=int(block.sums.sum()),
            sums_fetched=int(block.sums.sum()),
        )
    return Traffic(*(layer.groups * getattr(one_group, each.name) for each in fields(Traffic)))
