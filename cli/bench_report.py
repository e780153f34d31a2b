"""What ``accelsim bench`` prints of what it measured."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelsim.cli.output import Output
from accelsim.versions import software_versions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from accelsim.benchmark import LayerSpeed, Rate
    from accelsim.lut import Lut
    from accelsim.permute_limit import PermuteLimit

__all__ = ["document", "print_report"]


def document(
    lut: "Lut",
    table: "NDArray[np.int32]",
    limit: "PermuteLimit | None",
    speeds: "Sequence[LayerSpeed]",
    counts: Sequence[int],
) -> dict[str, Any]:
    """Return the JSON document.

    Parameters
    ----------
    lut : Lut
        The multiplier.
    table : int32 array of shape (weight patterns, activation patterns)
        Its products.
    limit : PermuteLimit, optional
        Of this table; none without AVX-512 VBMI.
    speeds : sequence of LayerSpeed
        What was measured.
    counts : sequence of int
        Numbers of threads, ascending.
    """
    from llvmlite import binding

    from accelsim.gemm_engines import ENGINES

    own_limit = limit.macs_per_second if limit else None
    return {
        "cpu": binding.get_host_cpu_name(),
        "cores": os.cpu_count(),
        "threads": counts[-1],
        "versions": software_versions(),
        "multiplier": lut.name,
        "a_width": lut.a_width,
        "b_width": lut.b_width,
        "signed": lut.signed,
        "permutes_per_second": limit.permutes_per_second if limit else None,
        "permute_limit_gmacs_per_second": own_limit and own_limit / 1e9,
        "engines": [
            {
                "engine": each.name,
                "summary": each.summary,
                "refusal": each.missing() or each.refusal(table) or None,
            }
            for each in ENGINES.values()
        ],
        "products": [
            {**_size(one), "chosen_engine": one.chosen, "rates": _rates(one.products, own_limit)}
            for one in speeds
        ],
        "layers": [{**_size(one), "rates": _rates(one.whole, None)} for one in speeds if one.whole],
    }


def _size(speed: "LayerSpeed") -> dict[str, Any]:
    size = speed.size
    return {
        "layer": size.name,
        "images": size.images,
        "channels": size.outputs,
        "depth": size.depth,
        "pixels": size.pixels,
        "macs": size.macs,
    }


def _rates(rates: "Sequence[Rate]", limit: float | None) -> list[dict[str, Any]]:
    found = {(rate.what, rate.threads): rate for rate in rates}

    def ratio(rate: "Rate", reference: str) -> float | None:
        other = found.get((reference, rate.threads))
        return rate.macs_per_second / other.macs_per_second if other else None

    return [
        {
            "what": rate.what,
            "threads": rate.threads,
            "gmacs_per_second": rate.macs_per_second / 1e9,
            "ratio_to_float32": ratio(rate, "float32"),
            "ratio_to_loops": ratio(rate, "loops"),
            "speed_up": rate.wall_macs_per_second / found[rate.what, 1].wall_macs_per_second,
            "fraction_of_permute_limit": (
                rate.macs_per_second / limit
                if limit and (rate.what, rate.threads) == ("permute", 1)
                else None
            ),
        }
        for rate in rates
    ]


def print_report(output: Output, content: dict[str, Any], counts: Sequence[int]) -> None:
    """Print the document as tables: one per product, one of all whole layers."""
    output.line(f"{content['multiplier']} on {content['cpu']}, {content['cores']} cores; engines:")
    output.facts(
        {
            each["engine"]: each["summary"] + (f" (not here: {each['refusal']})" if each["refusal"] else "")
            for each in content["engines"]
        }
    )
    if content["permutes_per_second"]:
        output.line(
            f"vpermi2b: {content['permutes_per_second'] / 1e9:.2f} G/s on one core, at most "
            f"{content['permute_limit_gmacs_per_second']:.1f} G MAC/s of this table"
        )
    for product in content["products"]:
        output.line()
        output.table(
            ["G MAC/s", *_columns(counts, "ratio_to_loops", "ratio_to_float32"), "of limit"],
            [
                [what, *_cells(rates, counts, "ratio_to_loops", "ratio_to_float32"), _of_limit(rates[1])]
                for what, rates in _by_what(product).items()
            ],
            title=f"{_title(product)}: {product['chosen_engine']} is chosen",
        )
    if content["layers"]:
        output.line()
        output.table(
            ["whole layers, G MAC/s", *_columns(counts, "ratio_to_float32")],
            [
                [f"{layer['layer']}, {what}", *_cells(rates, counts, "ratio_to_float32")]
                for layer in content["layers"]
                for what, rates in _by_what(layer).items()
            ],
        )


def _title(product: dict[str, Any]) -> str:
    shape = f"{product['channels']} x {product['depth']} x {product['pixels']}"
    return f"{product['layer']}, {product['images']} images ({shape})"


def _by_what(measured: dict[str, Any]) -> dict[str, dict[int, dict[str, Any]]]:
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for rate in measured["rates"]:
        found.setdefault(rate["what"], {})[rate["threads"]] = rate
    return found


def _columns(counts: Sequence[int], *ratios: str) -> list[str]:
    heads = [f"x {ratio.removeprefix('ratio_to_')}" for ratio in ratios]
    columns = ["1 thread", *heads]
    for count in counts[1:]:
        columns += [f"{count} threads", *heads, "speed-up"]
    return columns


def _cells(rates: dict[int, dict[str, Any]], counts: Sequence[int], *ratios: str) -> list[str]:
    cells = []
    for count in counts:
        rate = rates[count]
        cells += [f"{rate['gmacs_per_second']:.2f}", *(f"{rate[ratio]:.2f}" for ratio in ratios)]
        if count > 1:
            cells.append(f"{rate['speed_up']:.2f}")
    return cells


def _of_limit(rate: dict[str, Any]) -> str:
    fraction = rate["fraction_of_permute_limit"]
    return "" if fraction is None else f"{100 * fraction:.0f} %"
