"""``accelsim multiply``: one product, exact and approximate."""

from typing import TYPE_CHECKING

import click

from accelsim.cli.completion import complete_multiplier
from accelsim.cli.float_products import print_float_product
from accelsim.cli.output import Output, output_options

if TYPE_CHECKING:
    from accelsim.lut import Lut

__all__ = ["multiply"]


@click.command(
    context_settings={"ignore_unknown_options": True},  # -5 is an operand
    epilog=(
        "JSON: multiplier, a, b, exact_product, approximate_product, error (approximate minus exact), "
        "relative_error_percent (of the exact product; null where that is 0)."
    ),
)
@click.argument("name", shell_complete=complete_multiplier)
@click.argument("a")
@click.argument("b")
@output_options
def multiply(output: Output, name: str, a: str, b: str) -> None:
    """Multiply two numbers, exactly and approximately.

    NAME is a multiplier (`accelsim multipliers list`) or the path of a .npy or .npz LUT. A and B are its
    operands by the names of its ports: whole numbers, which may be negative if it is signed. Those of a
    float multiplier are any numbers, rounded to its format.
    """
    from accelsim.rtl.catalogue import find_circuit
    from accelsim.rtl.float_circuits import FloatCircuit

    circuit = find_circuit(name)
    if isinstance(circuit, FloatCircuit):
        print_float_product(output, circuit, a, b)
    else:
        lut = circuit.lut()
        _print_product(output, lut, _integer(a), _integer(b))


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is not a valid integer", click.get_current_context()) from None


def _print_product(output: Output, lut: "Lut", a: int, b: int) -> None:
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
