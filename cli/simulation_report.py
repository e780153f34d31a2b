"""What ``accelsim simulate`` prints and writes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.cli.output import Output, json_text
from accelsim.storage import written_atomically

if TYPE_CHECKING:
    from accelsim.accelerator import Accelerator
    from accelsim.layer_result import LayerResult, NetworkResult

__all__ = ["FILES", "described", "print_result", "results", "save"]

FILES = ("layers.csv", "roofline.png", "cycles.png", "energy.png", "simulate.json")
_COLUMNS = [
    "layer", "depth x pixels x channels", "cycles", "stalled", "utilization", "MACs", "scratchpad KiB",
    "DRAM KiB", "energy (uJ)", "of it multipliers", "memories",
]  # fmt: skip


def described(accelerator: "Accelerator") -> dict[str, Any]:
    """Return an accelerator as JSON values."""
    array = accelerator.array
    return {
        "rows": array.rows,
        "columns": array.columns,
        "dataflow": array.dataflow,
        "accumulator_bits": array.accumulator.bits,
        "overflow": array.accumulator.overflow,
        "ifmap_kib": accelerator.ifmap_kib,
        "filter_kib": accelerator.filter_kib,
        "ofmap_kib": accelerator.ofmap_kib,
        "bandwidth": accelerator.bandwidth if math.isfinite(accelerator.bandwidth) else None,
        "clock_mhz": accelerator.clock_mhz,
    }


def results(result: "NetworkResult") -> dict[str, Any]:
    """Return cycles, traffic and energy as JSON values."""
    from accelsim.layer_table import layer_rows

    traffic = result.traffic
    return {
        "layers": layer_rows(result),
        "total": {
            "macs": result.macs,
            "compute_cycles": result.compute_cycles,
            "stall_cycles": result.stall_cycles,
            "cycles": result.cycles,
            "utilization": result.utilization,
            "microseconds": result.microseconds,
            "scratchpad_read_bytes": traffic.scratchpad_reads,
            "scratchpad_write_bytes": traffic.scratchpad_writes,
            "dram_read_bytes": traffic.dram_reads,
            "dram_write_bytes": traffic.dram_writes,
            "energy_pj": {**result.energy.components, "total": result.energy.total},
            "scalesim_cycles": sum(each.scalesim_cycles for each in result.layers),
        },
    }


def save(result: "NetworkResult", document: Mapping[str, Any], files: Sequence[Path]) -> None:
    """Write the files of `FILES`."""
    from accelsim.accelerator_pictures import cycles_figure, energy_figure, roofline_figure, write_png
    from accelsim.layer_table import save_layer_table

    table, roofline, cycles, energy, json = files
    save_layer_table(result, table)
    title = _title(document)
    for path, draw in ((roofline, roofline_figure), (cycles, cycles_figure), (energy, energy_figure)):
        with written_atomically(path) as file:
            write_png(draw(result, title), file)
    with written_atomically(json, "w") as file:
        file.write(json_text(document) + "\n")


def print_result(output: Output, result: "NetworkResult", document: Mapping[str, Any]) -> None:
    """Print a row for each layer, their sum, and what the figures rest on."""
    energy, traffic = result.energy, result.traffic
    total = [
        "total",
        "",
        f"{result.cycles:,}",
        f"{result.stall_cycles:,}",
        f"{100 * result.utilization:.1f} %",
        f"{result.macs:,}",
        _kib(traffic.scratchpad_reads + traffic.scratchpad_writes),
        _kib(traffic.dram_bytes),
        *_energies(energy.total, energy.multiplier, energy.scratchpads + energy.dram),
    ]
    output.table(
        _COLUMNS, [*(_row(each) for each in result.layers), total], title=_title(document), text_columns=2
    )
    output.line()
    output.facts(_facts(result, document))


def _row(each: "LayerResult") -> list[str]:
    gemm, groups = each.layer.gemm, each.layer.groups
    traffic, energy = each.traffic, each.energy
    return [
        each.layer.name,
        f"{gemm.depth} x {gemm.pixels} x {gemm.channels}{f', {groups} groups' if groups > 1 else ''}",
        f"{each.cycles:,}",
        f"{each.stall_cycles:,}",
        f"{100 * each.utilization:.1f} %",
        f"{each.layer.macs:,}",
        _kib(traffic.scratchpad_reads + traffic.scratchpad_writes),
        _kib(traffic.dram_bytes),
        *_energies(energy.total, energy.multiplier, energy.scratchpads + energy.dram),
    ]


def _kib(count: int) -> str:
    return f"{count / 1024:,.1f}"


def _energies(total: float, multiplier: float, memories: float) -> list[str]:
    share = (f"{100 * part / total:.1f} %" if total else "" for part in (multiplier, memories))
    return [f"{total / 1e6:,.2f}", *share]


def _facts(result: "NetworkResult", document: Mapping[str, Any]) -> dict[str, str]:
    facts = {}
    if document.get("accuracy_percent") is not None:
        facts["accuracy"] = f"{document['accuracy_percent']:.2f} % of {document['images']} images"
    elif "images" in document:
        facts["predictions"] = "of random images, with no labels to compare"
    energy, whole = result.energy.components, result.energy.total
    parts = (f"{name} {100 * part / whole:.1f} %" for name, part in energy.items()) if whole else ()
    facts |= {
        "latency": f"{result.microseconds:,.2f} us per image at {result.accelerator.clock_mhz:g} MHz",
        "energy": f"{whole / 1e6:,.3f} uJ per image: {', '.join(parts)}",
        "PEs": f"{document['multiplier']}, {document['operands']} operands; {document['cells_from']}",
        "memories": document["memory_energy_from"],
    }
    if document["pe_energy_from"]:
        facts["PEs' energy"] = f"from {document['pe_energy_from']['source']}"
    theirs = document["total"]["scalesim_cycles"]
    differences = [asdict(each.scalesim_difference) for each in result.layers]
    reasons = {
        "counted from 0": "count_from_zero",
        "output register": "output_register",
        "drain": "drain",
    }
    more = {what: sum(each[key] for each in differences) for what, key in reasons.items()}
    explained = ", ".join(f"{count:,} {what}" for what, count in more.items() if count)
    facts["SCALE-Sim"] = f"{theirs:,} cycles without stalls, {result.compute_cycles:,} here: {explained}"
    facts["files"] = ", ".join(document["files"])
    return facts


def _title(document: Mapping[str, Any]) -> str:
    at = document["accelerator"]
    return (
        f"{document['network']} on {at['rows']} x {at['columns']} PEs with {document['multiplier']}, "
        f"{at['dataflow']}, one image"
    )
