"""Writes accelerator.md: LeNet-5 on systolic arrays, its cycles, traffic and energy.

Usage: ACCELSIM_DATA=... python docs/results/accelerator.py, with MNIST in mnist/ of that folder.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from accelsim.accelerator import Accelerator
from accelsim.accelerator_pictures import cycles_figure, energy_figure, roofline_figure, write_png
from accelsim.integer_inference import integer_network
from accelsim.integer_mac_layer import IntegerMacLayer, fast_engine
from accelsim.models import accuracy_percent, calibration_images, load_dataset, trained_network
from accelsim.pe_stream import sampled_pe_stream
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.network_run import NetworkRun, run_network
from accelsim.rtl.pe_energy import PeEnergyEstimator
from accelsim.storage import written_atomically
from accelsim.systolic_array import SystolicArray

FOLDER = Path(__file__).parent
IMAGES = 1000
SIZES = (8, 16, 32)
DATAFLOWS = ("ws", "os", "is")
MULTIPLIERS = ("mul8u_exact", "mul8u_drum_k4", "mul8u_trunc_k4", "mul8u_mitchell", "mul8u_evo_m5651")


class LeNet5:
    """The trained network on MNIST, on any multiplier and array."""

    def __init__(self) -> None:
        self.dataset = load_dataset("mnist")
        self.net = trained_network("lenet5", self.dataset).net
        self.calibration = calibration_images(self.dataset, 256)
        self.images, self.labels = self.dataset.test_subset(IMAGES)

    def run(
        self, array: SystolicArray, multiplier: str, images: int, engine: str, operands: str
    ) -> NetworkRun:
        circuit = find_circuit(multiplier)
        network = integer_network(self.net, circuit.lut(), calibration=self.calibration)
        estimator = PeEnergyEstimator(ArrayDesign(array, circuit))
        given = self.images[:images]
        return run_network(network, given, Accelerator(array), estimator, engine=engine, operands=operands)

    def isolated_pj(self, array: SystolicArray, multiplier: str) -> float:
        """Energy of the multipliers if their inputs changed for products alone."""
        circuit = find_circuit(multiplier)
        network = integer_network(self.net, circuit.lut(), calibration=self.calibration)
        estimator = PeEnergyEstimator(ArrayDesign(array, circuit))
        total = 0.0

        def engine(layer: IntegerMacLayer, x: NDArray[np.uint8]) -> NDArray[np.int32]:
            nonlocal total
            count = x.shape[2] // layer.pixels
            stream = sampled_pe_stream(array, layer.table, x, layer.weight.codes, images=count)
            total += estimator.isolated_product_fj(stream) * layer.gemm.macs * layer.groups * 1e-3
            return fast_engine(layer, x)

        network.run(self.images[:1], engine=engine)  # all in one batch
        return total

    def accuracy(self, run: NetworkRun) -> float:
        return 100 * float((run.predictions == self.labels[: len(run.logits)].numpy()).mean())


def main() -> None:
    lenet5 = LeNet5()
    arrays, logits = [], []
    for size in SIZES:
        for dataflow in DATAFLOWS:
            array = SystolicArray(size, size, dataflow)
            run = lenet5.run(array, MULTIPLIERS[0], IMAGES, "cycles", "real")
            logits.append(run.logits)
            arrays.append(array_row(array, run))
            print(arrays[-1], flush=True)
            if (size, dataflow) == (16, "ws"):
                pictures(run)
    fast = lenet5.run(SystolicArray(16, 16), MULTIPLIERS[0], IMAGES, "fast", "uniform")
    assert all(np.array_equal(each, fast.logits) for each in logits)
    float_accuracy = accuracy_percent(lenet5.net, lenet5.images, lenet5.labels)
    parts = {
        "accuracy": f"{float_accuracy:.1f} % of the images are classified as labelled by the float network, "
        f"{lenet5.accuracy(fast):.1f} % by the integer-only one.",
        "arrays": grid(arrays),
        "multipliers": multipliers(lenet5),
        "scalesim": grid(scalesim_rows(lenet5)),
    }
    text = (FOLDER / "accelerator_introduction.md").read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part)
    (FOLDER / "accelerator.md").write_text(text, encoding="utf-8")


def array_row(array: SystolicArray, run: NetworkRun) -> dict[str, str]:
    result = run.result
    traffic, energy = result.traffic, result.energy
    pes = energy.multiplier + energy.adder + energy.registers + energy.leakage
    return {
        "array": f"{array.rows} x {array.columns}",
        "dataflow": array.dataflow,
        "cycles": f"{result.cycles:,}",
        "of it stalled": f"{result.stall_cycles:,}",
        "utilization": f"{100 * result.utilization:.1f} %",
        "latency (µs)": f"{result.microseconds:.0f}",
        "scratchpads (KiB)": f"{(traffic.scratchpad_reads + traffic.scratchpad_writes) / 1024:.0f}",
        "DRAM (KiB)": f"{traffic.dram_bytes / 1024:.0f}",
        "multipliers (µJ)": f"{energy.multiplier / 1e6:.2f}",
        "all PEs (µJ)": f"{pes / 1e6:.2f}",
        "memories (µJ)": f"{(energy.scratchpads + energy.dram) / 1e6:.2f}",
        "energy (µJ)": f"{energy.total / 1e6:.2f}",
    }


def multipliers(lenet5: LeNet5) -> str:
    tables = []
    for dataflow in DATAFLOWS:
        rows: dict[str, tuple[float, ...]] = {}
        for name in MULTIPLIERS:
            array = SystolicArray(16, 16, dataflow)
            real = lenet5.run(array, name, IMAGES, "fast", "real")
            uniform = lenet5.run(array, name, 8, "fast", "uniform")
            rows[name] = (
                uniform.result.energy.multiplier / 1e6,
                real.result.energy.multiplier / 1e6,
                lenet5.isolated_pj(array, name) / 1e6,
                lenet5.accuracy(real),
            )
            print(dataflow, name, rows[name], flush=True)
        kinds = ("uniform", "real", "products alone")
        ranks = [ranking({name: row[which] for name, row in rows.items()}) for which in range(len(kinds))]
        exact = rows[MULTIPLIERS[0]]
        lines = []
        for name, row in rows.items():
            line = {f"multiplier ({dataflow})": name}
            for which, kind in enumerate(kinds):
                line[f"{kind} (µJ)"] = f"{row[which]:.3f}"
                line[f"{kind} / exact"] = f"{row[which] / exact[which]:.2f}"
                line[f"rank, {kind}"] = str(ranks[which][name])
            lines.append(line | {"accuracy": f"{row[-1]:.1f} %"})
        tables.append(grid(lines))
    return "\n\n".join(tables)


def ranking(energies: Mapping[str, float]) -> dict[str, int]:
    return {name: place for place, name in enumerate(sorted(energies, key=energies.__getitem__), 1)}


def scalesim_rows(lenet5: LeNet5) -> list[dict[str, str]]:
    rows = []
    for dataflow in DATAFLOWS:
        run = lenet5.run(SystolicArray(32, 32, dataflow), MULTIPLIERS[0], 1, "fast", "uniform")
        for each in run.result.layers:
            more = each.scalesim_difference
            rows.append(
                {
                    "dataflow": dataflow,
                    "layer": each.layer.name,
                    "folds": f"{each.folds:,}",
                    "SCALE-Sim": f"{each.scalesim_cycles:,}",
                    "accelsim": f"{each.compute_cycles:,}",
                    "counted from 0": str(more.count_from_zero),
                    "output register": str(more.output_register),
                    "drain": f"{more.drain:,}",
                }
            )
    return rows


def pictures(run: NetworkRun) -> None:
    title = "LeNet-5 on 16 x 16 PEs with mul8u_exact, ws, one image"
    drawn = {"roofline": roofline_figure, "cycles": cycles_figure, "energy": energy_figure}
    for name, draw in drawn.items():
        with written_atomically(FOLDER.parent / "images" / f"accelerator-{name}.png") as file:
            write_png(draw(run.result, title), file)


def grid(rows: Sequence[Mapping[str, str]]) -> str:
    names = list(rows[0])
    text = {"array", "dataflow", "layer", names[0]}
    rule = ["---" if name in text else "---:" for name in names]
    return "\n".join(
        joined(cells) for cells in [names, rule, *([row[name] for name in names] for row in rows)]
    )


def joined(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
