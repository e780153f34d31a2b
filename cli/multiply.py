"""``accelsim multiply``: one product, exact and approximate."""

from typing import TYPE_CHECKING

import click

from accelsim.cli.completion import complete_multiplier
from accelsim.cli.float_products import print_float_product
from accelsim.cli.output import Output, output_options
from accelsim.errors import AccelsimError

if TYPE_CHECKING:
    from accelsim.rtl.circuits import Circuit

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
        _print_product(output, circuit, _integer(a), _integer(b))


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is not a valid integer", click.get_current_context()) from None


def _product(circuit: "Circuit", a: int, b: int) -> int:
    """Look a product up, or simulate the gates of a multiplier that is too wide for a LUT."""
    from accelsim.lut import MAX_LUT_WIDTH
    from accelsim.simulation import outputs

    if max(circuit.a_width, circuit.b_width) <= MAX_LUT_WIDTH:
        return int(circuit.lut().multiply(a, b))
    for operand, value, width in (("a", a, circuit.a_width), ("b", b, circuit.b_width)):
        low, high = (-(1 << width - 1), (1 << width - 1) - 1) if circuit.signed else (0, (1 << width) - 1)
        if not low <= value <= high:
            raise AccelsimError(
                f"{circuit.name}: operand {operand} is {value}; expected integers from {low} to {high}"
            )
    pattern = int(outputs(circuit.netlist(), a, b))
    sign = pattern >> (circuit.product_width - 1) if circuit.signed else 0
    return pattern - (sign << circuit.product_width)


def _print_product(output: Output, circuit: "Circuit", a: int, b: int) -> None:
    approximate, exact = _product(circuit, a, b), a * b
    error = approximate - exact
    relative = 100 * error / abs(exact) if exact else None
    if output.json:
        output.document(
            {
                "multiplier": circuit.name,
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
            circuit.name: f"{a} x {b} = {approximate}",
            "error": f"{error:+d}{share}",
        }
    )
