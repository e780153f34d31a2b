"""What ``accelsim multiply`` and ``accelsim multipliers show`` print of a float multiplier."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from accelsim.cli.output import Output
from accelsim.errors import AccelsimError

if TYPE_CHECKING:
    from accelsim.rtl.float_circuits import FloatCircuit

__all__ = ["print_float_errors", "print_float_product"]

_PAIRS = 1_000_000


def print_float_product(output: Output, circuit: "FloatCircuit", a: str, b: str) -> None:
    """Print the exact and the approximate product of two numbers, and the error."""
    form = circuit.form
    first, second = (float(form.decode(form.encode(_number(circuit, text)))) for text in (a, b))
    exact, approximate = first * second, float(circuit.multiply(first, second))
    error = approximate - exact
    relative = 100 * error / abs(exact) if exact and math.isfinite(exact) else None
    if output.json:
        output.document(
            {
                "multiplier": circuit.name,
                "a": first,
                "b": second,
                "exact_product": exact,
                "approximate_product": approximate,
                "error": error,
                "relative_error_percent": relative,
            }
        )
        return
    digits = 2 + math.ceil(form.significand_bits * math.log10(2))
    factors = f"{first:.{digits}g} x {second:.{digits}g}"
    share = "" if relative is None else f"  ({relative:+.3g} %)"
    output.facts(
        {
            "exact": f"{factors} = {exact:.15g}",
            circuit.name: f"{factors} = {approximate:.15g}",
            "error": f"{error:+.6g}{share}" if math.isfinite(error) else "none is defined",
        }
    )


def print_float_errors(output: Output, circuit: "FloatCircuit") -> None:
    """Print what a float multiplier is, and its errors over random operands."""
    seed = 0
    with output.working("simulating"):
        gates = circuit.netlist().gate_histogram()
        errors = circuit.errors(_PAIRS, seed)
    provenance = circuit.provenance()
    if output.json:
        output.document(
            {
                "name": circuit.name,
                "format": circuit.form.name,
                "width": circuit.form.width,
                "summary": circuit.summary,
                "source": circuit.source,
                "gates": gates,
                "provenance": provenance,
                "operands": "uniform from 0 to 1",
                "seed": seed,
                **asdict(errors),
            }
        )
        return
    counts = ", ".join(f"{count} {gate}" for gate, count in gates.items())
    facts = {
        circuit.name: circuit.summary,
        "source": circuit.source,
        "gates": f"{sum(gates.values())} ({counts})",
        "operands": f"{errors.pairs:,} random pairs, uniform from 0 to 1 (seed {seed})",
        "MRED": f"{errors.mred:.4g}",
        "NMED": f"{errors.nmed:.4g}",
        "above exact": f"{errors.share_above_percent:.4g} % of magnitudes",
        "mean product": f"{100 * errors.ratio_of_means:+.4g} %",
    }
    output.facts(facts | {key: str(value) for key, value in provenance.items() if key not in facts})


def _number(circuit: "FloatCircuit", text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise AccelsimError(
            f"{text!r} is not a number; {circuit.name} multiplies such as 0.856, -3e-5, inf, nan"
        ) from None
