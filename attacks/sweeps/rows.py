"""Finished cells as rows of a table."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from accelsim.attacks.intervals import wilson_interval

__all__ = ["COLUMNS", "ROWS_QUERY", "rows_of"]

#: Names and types of the columns of an exported table.
COLUMNS = {
    "source": "str",
    "source_dataset": "str",
    "attack": "str",
    "norm": "str",
    "budget": "float64",
    "seed": "int64",
    "batch_size": "int64",
    "dataset": "str",
    "victim_network": "str",
    "victim_dataset": "str",
    "victim": "str",
    "scheme": "str",
    "bits": "int64",
    "placement": "str",
    "activation_operand": "str",
    "weights": "str",
    "layers": "str",
    "n": "int64",
    "correct": "int64",
    "robustness_percent": "float64",
    "ci_low_percent": "float64",
    "ci_high_percent": "float64",
    "identity": "str",
}

#: Finished cells of the plan, in its order.
ROWS_QUERY = """
    SELECT cells.crafting, cells.victim, lower(hex(cells.identity)), results.n, results.correct
    FROM cells JOIN results USING (identity) ORDER BY cells.position
"""


def rows_of(connection: sqlite3.Connection, found: Iterable[Any]) -> list[tuple[object, ...]]:
    """Return the values of `COLUMNS` for what `ROWS_QUERY` finds.

    The arithmetic of a victim in float32 is empty (bits: 32).
    """
    craftings = {
        key: _crafting_values(json.loads(text), attack, norm)
        for key, text, attack, norm in connection.execute(
            "SELECT id, description, attack, norm FROM craftings"
        )
    }
    victims = {
        key: _victim_values(json.loads(text))
        for key, text in connection.execute("SELECT id, description FROM victims")
    }
    intervals: dict[tuple[int, int], tuple[float, float, float]] = {}
    rows = []
    for crafting, victim, identity, n, correct in found:
        if (correct, n) not in intervals:
            low, high = wilson_interval(correct, n)
            intervals[correct, n] = 100 * correct / n, 100 * low, 100 * high
        rows.append((*craftings[crafting], *victims[victim], n, correct, *intervals[correct, n], identity))
    return rows


def _crafting_values(values: dict[str, Any], attack: str, norm: str) -> tuple[object, ...]:
    source, images = values["source"], values["images"]
    return (
        source["name"], source["dataset"], attack, norm, values["budget"], values["seed"],
        values["batch_size"], images["dataset"],
    )  # fmt: skip


def _victim_values(values: dict[str, Any]) -> tuple[object, ...]:
    network = values["network"]["name"], values["network"]["dataset"], values["label"]
    if values["multiplier"] is None:
        return (*network, "", 32, "", "", "", "")
    own = values["arithmetic"]
    layers = own["layers"] if isinstance(own["layers"], str) else " ".join(own["layers"])
    return (
        *network,
        own["scheme"],
        own["bits"],
        own["placement"],
        own["activation_operand"],
        own["weights"],
        layers,
    )
