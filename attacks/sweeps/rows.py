"""Finished cells as rows of a table."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.attacks.intervals import wilson_interval

__all__ = ["COLUMNS", "Rows", "read_rows"]

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
    "multiplier": "str",
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


@dataclass(frozen=True)
class Rows:
    """Finished cells of a plan, in its order.

    Parameters
    ----------
    craftings, victims : mapping of int to tuple
        The values of the first columns, and of those from ``victim`` on, by number.
    results : list of tuple
        Of each cell the numbers of its crafting and victim, ``n``, ``correct``, and the identity.
    """

    craftings: Mapping[int, tuple[object, ...]]
    victims: Mapping[int, tuple[object, ...]]
    results: list[tuple[int, int, int, int, str]]

    def tuples(self) -> list[tuple[object, ...]]:
        """Return the values of `COLUMNS`, a tuple per row."""
        craftings, victims, rates = self.craftings, self.victims, self.rates()
        return [
            (*craftings[crafting], *victims[victim], n, correct, *rates[correct, n], identity)
            for crafting, victim, n, correct, identity in self.results
        ]

    def rates(self) -> dict[tuple[int, int], tuple[float, float, float]]:
        """Return percentage and bounds of the interval, by numbers of correct and of all images."""
        found = {}
        for correct, n in {(correct, n) for _, _, n, correct, _ in self.results}:
            low, high = wilson_interval(correct, n)
            found[correct, n] = 100 * correct / n, 100 * low, 100 * high
        return found


def read_rows(connection: sqlite3.Connection) -> Rows:
    """Read the finished cells of an open store. What is not quantized has no scheme, and 32 bits."""
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
    # Joined here: SQLite would look each identity up in a tree, which takes several times as long.
    counts = {row[0]: row[1:] for row in connection.execute("SELECT identity, n, correct FROM results")}
    cells = connection.execute("SELECT identity, crafting, victim FROM cells ORDER BY position")
    results = [
        (crafting, victim, *counts[identity], identity.hex())
        for identity, crafting, victim in cells
        if identity in counts
    ]
    return Rows(craftings, victims, results)


def _crafting_values(values: dict[str, Any], attack: str, norm: str) -> tuple[object, ...]:
    budget, seed, batch_size = values["budget"], values["seed"], values["batch_size"]
    dataset = values["images"]["dataset"]
    return (*_network_values(values["source"]), attack, norm, budget, seed, batch_size, dataset)


def _victim_values(values: dict[str, Any]) -> tuple[object, ...]:
    who = values["label"], *_network_values(values["network"])
    if values["multiplier"] is None:
        return (*who, "", "", 32, "", "", "", "", None, None)
    name = values["multiplier"].rpartition("/")[2]
    own, calibration = values["arithmetic"], values["calibration"]
    operand, layers = own["activation_operand"], own["layers"]
    layers = layers if isinstance(layers, str) else " ".join(layers)
    if calibration is None:  # of floats
        return (*who, name, "", 32, "", operand, "", layers, None, None)
    arithmetic = own["scheme"], own["bits"], own["placement"], operand, own["weights"]
    return (*who, name, *arithmetic, layers, calibration["count"], calibration["seed"])


def _network_values(values: dict[str, Any]) -> tuple[object, ...]:
    return values["name"], values["dataset"], values["seed"], values["epochs"]
