"""``accelsim multiply``: one product, exact and approximate."""

import click

from accelsim.cli.completion import complete_multiplier
from accelsim.cli.output import Output, output_options

__all__ = ["multiply"]


@click.command(
    context_settings={"ignore_unknown_options": True},  # -5 is an operand
    epilog=(
        "JSON: multiplier, a, b, exact_product, approximate_product, error (approximate minus exact), "
        "relative_error_percent (of the exact product; null where that is 0)."
    ),
)
@click.argument("name", shell_complete=complete_multiplier)
@click.argument("a", type=int)
@click.argument("b", type=int)
@output_options
def multiply(output: Output, name: str, a: int, b: int) -> None:
    """Multiply two numbers, exactly and approximately.

    NAME is a multiplier (`accelsim multipliers list`) or the path of a .npy or .npz LUT. A and B are its
    operands by the names of its ports: whole numbers, which may be negative if it is signed.
    """
    from accelsim.rtl.catalogue import load_lut

    lut = load_lut(name)
    approximate, exact = int(lut.multiply(a, b)), a * b
    error = approximate - exact
    relative = 100 * error / abs(exact) if exact else None
    if output.json:
        output.document(
            {
                "multiplier": lut.name,
                "a": a,
                "b": b,
                "exact_product": exact,
                "approximate_product": approximate,
                "error": error,
                "relative_error_percent": relative,
            }
        )
        return
    share = "" if relative is None else f"  ({relative:+.3g} %)"
    output.facts(
        {
            "exact": f"{a} x {b} = {exact}",
            lut.name: f"{a} x {b} = {approximate}",
            "error": f"{error:+d}{share}",
        }
    )
