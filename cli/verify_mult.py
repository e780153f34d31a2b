"""``accelsim verify-mult``: a multiplier's hardware against what it should compute."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accelsim.cli.completion import complete_multiplier
from accelsim.cli.output import Output, output_options

if TYPE_CHECKING:
    from rich.text import Text

    from accelsim.rtl.verification import Simulator, Verification

__all__ = ["verify_mult"]

EXIT_MISMATCH = 1


@click.command(
    "verify-mult",
    epilog=(
        "JSON: pairs_checked and mismatches in total, and verifications, a list of: name; reference, the "
        "name of what it was compared with, and reference_kind, what that is (lut, closed form, multiplier); "
        "simulator; method (exhaustive: every operand pair simulated; sat: proven by SAT; algebra: proven by "
        "rewriting polynomials; random: corner and random pairs, which proves nothing); exhaustive; proven; "
        "pairs_checked (all pairs where there is a proof); mismatches; first_mismatches (a, b, hardware, "
        "reference: the operands and the two products); undecided (why there is no proof, where one was "
        "sought); seconds."
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_multiplier)
@click.option(
    "--all",
    "verify_all",
    is_flag=True,
    help="Verify every multiplier that the library describes in Amaranth and `multipliers list` prints: all "
    "but float, evolved and imported ones, which can be named.",
)
@click.option(
    "--against",
    metavar="NAME",
    shell_complete=complete_multiplier,
    help="Compare with this multiplier (a name or path) instead of the LUT that the engine uses.",
)
@click.option(
    "--lut",
    "lut_file",
    type=click.Path(path_type=Path),
    help="Check this .npy or .npz file instead.",
)
@click.option(
    "--simulator",
    type=click.Choice(["netlist", "amaranth", "icarus", "verilator"]),
    default="netlist",
    show_default=True,
    help="What simulates the hardware: the netlist that Yosys makes of the description, every operand pair "
    "up to 2^32; the description in Amaranth's own simulator (of an evolved or imported one the gates), "
    "every pair up to 6 bits; or the exported Verilog with its test bench in Icarus Verilog or Verilator, "
    "every pair up to 8 bits. Random ones above.",
)
@click.option(
    "--vectors",
    type=click.IntRange(min=1),
    help="This many random operand pairs, where not every pair is simulated anyway.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=20,
    show_default=True,
    help="Seconds for a proof, where there are more than 2^32 operand pairs.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random operand pairs.")
@output_options
def verify_mult(
    output: Output,
    names: tuple[str, ...],
    verify_all: bool,
    against: str | None,
    lut_file: Path | None,
    simulator: "Simulator",
    vectors: int | None,
    time_limit: float,
    seed: int,
) -> None:
    """Compare a multiplier's hardware with what it should compute.

    The gate-level netlist is rebuilt from the Amaranth description of each NAME, and each product that it
    computes is compared with the LUT that the engine uses; above 12 bits with the closed form. Above 2^32
    operand pairs, equality is proven where that succeeds, and else shown for corner and random pairs; the
    report says which. Exits 1 if any product differs, after printing the first operands with both products.
    """
    if bool(names) == verify_all:
        raise click.UsageError("give either names of multipliers or --all")
    if lut_file and len(names) != 1:
        raise click.UsageError("--lut goes with exactly one name")
    if lut_file and against:
        raise click.UsageError("give either --lut or --against")
    from accelsim.lut import Lut
    from accelsim.rtl.library import names as library_names
    from accelsim.rtl.verification import verify

    lut = Lut.load(lut_file) if lut_file else None
    chosen = tuple(library_names()) if verify_all else names
    done = []
    with output.progress("verifying", len(chosen)) as advance:
        for name in chosen:
            advance(name, 0)
            done.append(
                verify(
                    name,
                    lut,
                    against=against,
                    simulator=simulator,
                    vectors=vectors,
                    seed=seed,
                    time_limit=time_limit,
                )
            )
            advance(name, 1)
    mismatches = sum(verification.mismatches for verification in done)
    if output.json:
        output.document(
            {
                "pairs_checked": sum(verification.pairs_checked for verification in done),
                "mismatches": mismatches,
                "verifications": [asdict(one) | {"proven": one.proven} for one in done],
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
        output.line()
        output.table(
            ["a", "b", "hardware", "LUT" if verification.reference_kind == "lut" else "expected"],
            [
                [str(pair.a), str(pair.b), str(pair.hardware), str(pair.reference)]
                for pair in verification.first_mismatches
            ],
            title=_title(verification),
            text_columns=0,
        )
    output.line()
    if wrong:
        things = "LUTs" if all(one.reference_kind == "lut" for one in verifications) else "multipliers"
        text = f"{len(wrong)} of {len(verifications)} {things} differ from the "
        output.line(output.styled(text + ("hardware" if things == "LUTs" else "reference"), "bold red"))
        return
    for line in _statements(verifications):
        output.line(output.styled(line, "green"))


def _title(verification: "Verification") -> str:
    shown = len(verification.first_mismatches)
    if verification.method == "sat":
        return f"{verification.name} differs from {verification.reference}, as SAT has found:"
    return (
        f"{verification.name}: {verification.mismatches:,} of {verification.pairs_checked:,} "
        f"products differ from {verification.reference}; the first {shown}:"
    )


def _statements(verifications: "list[Verification]") -> list[str]:
    """Say what was shown: of LUTs in one line, of each other multiplier in its own."""
    luts = [one for one in verifications if one.reference_kind == "lut" and one.exhaustive]
    pairs = sum(one.pairs_checked for one in luts)
    lines = [f"all {pairs:,} products are those of the hardware"] if luts else []
    for one in verifications:
        if one in luts:
            continue
        if one.method == "exhaustive":
            lines.append(f"{one.name}: all {one.pairs_checked:,} products are those of {one.reference}")
        elif one.method == "sat":
            lines.append(f"{one.name}: proven by SAT to equal {one.reference} for every operand pair")
        elif one.method == "algebra":
            lines.append(
                f"{one.name}: proven to be {one.reference} for every operand pair, by its polynomial"
            )
        else:
            reason = f" ({one.undecided})" if one.undecided else ""
            kind = "corner and random" if one.undecided else "random"
            lines.append(
                f"{one.name}: {one.pairs_checked:,} {kind} products are those of {one.reference}; "
                f"nothing is proven about others{reason}"
            )
    return lines


_KINDS = {"exhaustive": "all", "sat": "all, by SAT", "algebra": "all, by algebra", "random": "random"}


def _row(output: Output, verification: "Verification") -> "list[str | Text]":
    return [
        verification.name,
        f"{verification.pairs_checked:,} ({_KINDS[verification.method]})",
        output.styled(f"{verification.mismatches:,}", "bold red" if verification.mismatches else "green"),
        f"{verification.seconds:.2f}",
    ]
