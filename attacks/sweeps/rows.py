"""Finished cells as rows of a table."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from accelsim.attacks.intervals import wilson_interval

__all__ = ["COLUMNS", "ROWS_QUERY", "rows_of"]

#: Names of the columns of an exported table, with their types; those in capitals may be empty.
COLUMNS = {
    "source": "str",
    "source_dataset": "str",
    "source_training_seed": "int64",
    "source_epochs": "Int64",
    "attack": "str",
    "norm": "str",
    "budget": "float64",
    "seed": "int64",
    "batch_size": "int64",
    "dataset": "str",
    "victim": "str",
    "victim_network": "str",
    "victim_dataset": "str",
    "victim_training_seed": "int64",
    "victim_epochs": "Int64",
    "scheme": "str",
    "bits": "int64",
    "placement": "str",
    "activation_operand": "str",
    "weights": "str",
    "layers": "str",
    "calibration": "Int64",
    "calibration_seed": "Int64",
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
    budget, seed, batch_size = values["budget"], values["seed"], values["batch_size"]
    dataset = values["images"]["dataset"]
    return (*_network_values(values["source"]), attack, norm, budget, seed, batch_size, dataset)


def _victim_values(values: dict[str, Any]) -> tuple[object, ...]:
    who = values["label"], *_network_values(values["network"])
    if values["multiplier"] is None:
        return (*who, "", 32, "", "", "", "", None, None)
    own, calibration = values["arithmetic"], values["calibration"] or {"count": None, "seed": None}
    layers = own["layers"] if isinstance(own["layers"], str) else " ".join(own["layers"])
    arithmetic = own["scheme"], own["bits"], own["placement"], own["activation_operand"], own["weights"]
    return (*who, *arithmetic, layers, calibration["count"], calibration["seed"])


def _network_values(values: dict[str, Any]) -> tuple[object, ...]:
    return values["name"], values["dataset"], values["seed"], values["epochs"]
