"""Results of an accelerator as a table: a row for each layer."""

import csv
import os
from typing import Any

from accelsim.layer_result import LayerResult, NetworkResult
from accelsim.storage import written_atomically

__all__ = ["layer_rows", "save_layer_table"]


def layer_rows(result: NetworkResult) -> list[dict[str, Any]]:
    """Return what is known of each layer for one image: strings and numbers, the same keys for all.

    Bytes and cycles are counts, energies in pJ; ``utilization`` is a share, ``macs_per_dram_byte`` and
    ``gmacs_per_second`` are the layer's place in the roofline.
    """
    return [_row(each) for each in result.layers]


def save_layer_table(result: NetworkResult, path: str | os.PathLike[str]) -> None:
    """Write `layer_rows` as CSV.

    Raises
    ------
    AccelsimError
        If the file cannot be written.
    """
    rows = layer_rows(result)
    with written_atomically(path, "w") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _row(each: LayerResult) -> dict[str, Any]:
    layer, traffic, difference = each.layer, each.traffic, each.scalesim_difference
    return {
        "layer": layer.name,
        "groups": layer.groups,
        "depth": layer.gemm.depth,
        "pixels": layer.gemm.pixels,
        "channels": layer.gemm.channels,
        "folds": each.folds,
        "macs": layer.macs,
        "compute_cycles": each.compute_cycles,
        "stall_cycles": each.stall_cycles,
        "utilization": each.utilization,
        "microseconds": each.microseconds,
        "gmacs_per_second": each.gmacs,
        "macs_per_dram_byte": each.intensity,
        "scratchpad_read_bytes": traffic.scratchpad_reads,
        "scratchpad_write_bytes": traffic.scratchpad_writes,
        "dram_read_bytes": traffic.dram_reads,
        "dram_write_bytes": traffic.dram_writes,
        "ifmap_fetched_bytes": traffic.ifmap_fetched,
        "filter_fetched_bytes": traffic.filter_fetched,
        "partial_sum_dram_bytes": traffic.sums_stored + traffic.sums_fetched,
        **{f"{name}_pj": energy for name, energy in each.energy.components.items()},
        "energy_pj": each.energy.total,
        "scalesim_cycles": each.scalesim_cycles,
        "more_than_scalesim_count_from_zero": difference.count_from_zero,
        "more_than_scalesim_output_register": difference.output_register,
        "more_than_scalesim_drain": difference.drain,
    }
