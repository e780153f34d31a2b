"""``accelsim verify-mult``: a LUT against the hardware that it stands for."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from accelsim.cli.completion import complete_multiplier
from accelsim.cli.output import Output, output_options

if TYPE_CHECKING:
    from rich.text import Text

    from accelsim.rtl.verification import Verification

__all__ = ["verify_mult"]

EXIT_MISMATCH = 1


@click.command(
    "verify-mult",
    epilog=(
        "JSON: pairs_checked and mismatches in total, and verifications, a list of: name, lut, simulator, "
        "exhaustive, pairs_checked, mismatches, first_mismatches (a, b, hardware, lut: the operands and the "
        "two products), seconds."
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_multiplier)
@click.option(
    "--all", "verify_all", is_flag=True, help="Verify every multiplier that `multipliers list` prints."
)
@click.option(
    "--simulator",
    type=click.Choice(["netlist", "amaranth"]),
    default="netlist",
    show_default=True,
    help="What simulates the hardware: the netlist that Yosys makes of the description, every operand pair; "
    "or the description itself in Amaranth's own simulator, every pair up to 6 bits, random ones above.",
)
@click.option(
    "--vectors",
    type=click.IntRange(min=1),
    help="With amaranth: this many random operand pairs (default 1000).",
)
@click.option(
    "--lut",
    "lut_file",
    type=click.Path(path_type=Path),
    help="Check this .npy or .npz file instead of the LUT that the engine uses.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random operand pairs.")
@output_options
def verify_mult(
    output: Output,
    names: tuple[str, ...],
    verify_all: bool,
    simulator: Literal["netlist", "amaranth"],
    vectors: int | None,
    lut_file: Path | None,
    seed: int,
) -> None:
    """Compare a multiplier's LUT with its hardware description.

    The gate-level netlist is rebuilt from the Amaranth description of each NAME, and each product that it
    computes is compared with the LUT that the engine uses. Exits 1 if any product differs, after
    printing how many do and the first operands with both products.
    """
    if bool(names) == verify_all:
        raise click.UsageError("give either names of multipliers or --all")
    if lut_file and len(names) != 1:
        raise click.UsageError("--lut goes with exactly one name")
    from accelsim.lut import Lut
    from accelsim.rtl.library import names as library_names
    from accelsim.rtl.verification import verify

    lut = Lut.load(lut_file) if lut_file else None
    chosen = tuple(library_names()) if verify_all else names
    done = []
    with output.progress("verifying", len(chosen)) as advance:
        for name in chosen:
            advance(name, 0)
            done.append(verify(name, lut, simulator=simulator, vectors=vectors, seed=seed))
            advance(name, 1)
    mismatches = sum(verification.mismatches for verification in done)
    if output.json:
        output.document(
            {
                "pairs_checked": sum(verification.pairs_checked for verification in done),
                "mismatches": mismatches,
                "verifications": [asdict(verification) for verification in done],
            }
        )
    else:
        _print(output, done)
    if mismatches:
        raise click.exceptions.Exit(EXIT_MISMATCH)


def _print(output: Output, verifications: "list[Verification]") -> None:
    output.table(
        ["multiplier", "pairs checked", "mismatches", "seconds"],
        [_row(output, verification) for verification in verifications],
    )
    wrong = [verification for verification in verifications if verification.mismatches]
    for verification in wrong:
        shown = len(verification.first_mismatches)
        output.line()
        output.table(
            ["a", "b", "hardware", "LUT"],
            [
                [str(pair.a), str(pair.b), str(pair.hardware), str(pair.lut)]
                for pair in verification.first_mismatches
            ],
            title=f"{verification.name}: {verification.mismatches:,} of {verification.pairs_checked:,} "
            f"products differ from {verification.lut}; the first {shown}:",
            text_columns=0,
        )
    output.line()
    if wrong:
        output.line(
            output.styled(f"{len(wrong)} of {len(verifications)} LUTs differ from the hardware", "bold red")
        )
    else:
        pairs = sum(verification.pairs_checked for verification in verifications)
        output.line(output.styled(f"all {pairs:,} products are those of the hardware", "green"))


def _row(output: Output, verification: "Verification") -> "list[str | Text]":
    kind = "all" if verification.exhaustive else "random"
    return [
        verification.name,
        f"{verification.pairs_checked:,} ({kind})",
        output.styled(f"{verification.mismatches:,}", "bold red" if verification.mismatches else "green"),
        f"{verification.seconds:.2f}",
    ]
