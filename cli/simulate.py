"""``accelsim simulate``: a network on an accelerator, its answers, cycles, traffic and energy."""

from pathlib import Path
from typing import Literal

import click

from accelsim.cli.accelerator_options import AcceleratorSetting, accelerator_options
from accelsim.cli.completion import complete_multiplier
from accelsim.cli.output import Output, output_options
from accelsim.cli.seed import SEED
from accelsim.cli.simulation import NetworkChoice, PeChoice, network_run, topology_run
from accelsim.cli.simulation_report import FILES, described, print_result, results, save
from accelsim.storage import require_writable_file, require_writable_folder
from accelsim.versions import software_versions

__all__ = ["simulate"]


@click.command(
    epilog=(
        "JSON: accelerator (rows, columns, dataflow, accumulator_bits, overflow, ifmap_kib, filter_kib, "
        "ofmap_kib, bandwidth, null for inf, clock_mhz), multiplier (as in attack), activation_operand, "
        "operands, cells_from, memory_energy_from, pe_energy_from (what the energy file gives), seed, "
        "versions; of a network: network, dataset, dataset_sha256, trained_on, weights_sha256 (null where "
        "random), weights, images, engine, predictions, accuracy_percent (null for random images); layers, "
        "rows of layers.csv; total: macs, compute_cycles, stall_cycles, cycles, utilization, "
        "microseconds, scratchpad_read_bytes, scratchpad_write_bytes, dram_read_bytes, dram_write_bytes, "
        "energy_pj by component and in all, scalesim_cycles; files. Cycles, bytes and energies are those of "
        "one image."
    )
)
@click.argument("network", required=False, metavar="[NETWORK]")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="Weights saved by `accelsim train`; default: trained on first use and kept in the cache.",
)
@click.option(
    "--topology",
    type=click.Path(path_type=Path),
    help="Layers from SCALE-Sim's CSV instead of a network: shapes without values.",
)
@accelerator_options
@click.option(
    "--multiplier",
    "-m",
    metavar="NAME",
    default="mul8u_exact",
    show_default=True,
    shell_complete=complete_multiplier,
    help="Multiplier of every PE.",
)
@click.option(
    "--activation-operand",
    type=click.Choice(["a", "b"]),
    default="a",
    show_default=True,
    help="Operand of the multiplier that is the activation.",
)
@click.option(
    "--weights",
    type=click.Choice(["per-tensor", "per-channel"]),
    default="per-tensor",
    show_default=True,
    help="One scale for all weights of a layer, or one for each output channel.",
)
@click.option(
    "--data",
    metavar="NAME",
    help="digits, mnist, or random: random images, and random weights without a checkpoint.  [default: "
    "digits, random for networks that take other images]",
)
@click.option(
    "--images", type=click.IntRange(min=1), help="Number of test images.  [default: 100, of random ones 1]"
)
@click.option(
    "--engine",
    type=click.Choice(["fast", "cycles"]),
    default="fast",
    show_default=True,
    help="cycles: every layer of every image runs in the cycle-level simulator and must give what the fast "
    "engine gives.",
)
@click.option(
    "--operands",
    type=click.Choice(["real", "uniform"]),
    help="Operands that the energy of the PEs is estimated with: those that the PEs have in each cycle, or "
    "uniform random ones.  [default: real; uniform with --topology]",
)
@click.option(
    "--energy",
    "energy_file",
    type=click.Path(path_type=Path),
    help="TOML with energies of scratchpads, DRAM and PEs in place of the built-in ones.",
)
@click.option(
    "--liberty",
    type=click.Path(path_type=Path),
    help="Liberty file of the PEs' cells; default: the built-in table.",
)
@click.option(
    "--export-topology",
    "export",
    type=click.Path(path_type=Path),
    help="Write the network's layers as SCALE-Sim's CSV too.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of everything random.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("accelsim-simulate"),
    show_default=True,
    help=f"Folder for {', '.join(FILES[:-1])} and {FILES[-1]} (what --json prints).",
)
@output_options
def simulate(
    output: Output,
    accelerator_setting: AcceleratorSetting,
    network: str | None,
    checkpoint: Path | None,
    topology: Path | None,
    multiplier: str,
    activation_operand: Literal["a", "b"],
    weights: Literal["per-tensor", "per-channel"],
    data: str | None,
    images: int | None,
    engine: Literal["fast", "cycles"],
    operands: Literal["real", "uniform"] | None,
    energy_file: Path | None,
    liberty: Path | None,
    export: Path | None,
    seed: int,
    folder: Path,
) -> None:
    """Run a network on an accelerator: answers, cycles, traffic, energy.

    The network (lenet5 by default) computes with integers alone, every product on the multiplier. Its layers
    run on a systolic array with double-buffered scratchpads and DRAM behind them. Instead of a network,
    --topology gives the shapes of layers.
    """
    if topology and (network or checkpoint or data or export):
        raise click.UsageError("--topology brings its own layers; leave out network, checkpoint and data")
    if topology and operands == "real":
        raise click.UsageError("a topology has no operands; give --operands uniform, or leave it out")
    files = [folder / name for name in FILES]
    require_writable_folder(folder)
    for path in [*files, *([export] if export else [])]:
        require_writable_file(path)
    accelerator = accelerator_setting.accelerator()
    pes = PeChoice(multiplier, activation_operand, energy_file, liberty, seed)
    if topology:
        about, result = topology_run(output, accelerator, pes, topology)
    else:
        choice = NetworkChoice(network, checkpoint, data, images, weights)
        about, result = network_run(output, accelerator, pes, choice, engine, operands or "real", export)
    document = {
        "accelerator": described(accelerator),
        **about,
        "versions": software_versions(),
        **results(result),
        "files": [str(path) for path in files],
    }
    save(result, document, files)
    if output.json:
        output.document(document)
    else:
        print_result(output, result, document)
