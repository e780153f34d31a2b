"""The rows of a store as tables of robustness: one for all that goes into a picture."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from accelsim.attacks.table import RobustnessTable
from accelsim.errors import AccelsimError

__all__ = ["pages_of"]

#: What is the same on a page, and how its title says it where it is not the same on all.
_PAGE = {
    "source": "{}",
    "source_dataset": "trained on {}",
    "source_training_seed": "training seed {}",
    "source_epochs": "{} epochs",
    "dataset": "attacked on {}",
    "seed": "seed {}",
    "batch_size": "batches of {}",
    "n": "{} images",
}
#: What may tell victims with the same label apart.
_VICTIM = {
    "victim_network": "{}",
    "victim_dataset": "{}",
    "victim_training_seed": "training seed {}",
    "victim_epochs": "{} epochs",
    "multiplier": "{}",
    "scheme": "{}",
    "bits": "{} bits",
    "placement": "{}",
    "activation_operand": "activation {}",
    "weights": "{}",
    "layers": "{}",
    "calibration": "calibrated on {}",
    "calibration_seed": "calibration seed {}",
}


def pages_of(frame: pd.DataFrame) -> dict[str, RobustnessTable]:
    """Return the results by what the adversary attacks, each with a row per attack, budget and victim.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `accelsim.attacks.sweeps.Store.frame` returns it.

    Returns
    -------
    dict of str to RobustnessTable
        By a title: the source network, and whatever else differs between the pages. A victim is called by
        its label, and by whatever tells it from another with the same label.

    Raises
    ------
    AccelsimError
        If there is no row.
    """
    if frame.empty:
        raise AccelsimError("no cell of the sweep is finished yet; there is nothing to show")
    titles = _described(frame, {key: form for key, form in _PAGE.items() if _differs(frame[key])})
    titles = titles.where(titles != "", frame["source"])
    pages = {}
    for title, rows in frame.groupby(titles, sort=False):
        named = rows.assign(victim=_victim_names(rows))
        pages[str(title)] = RobustnessTable.from_rows(
            named[RobustnessTable.column_names()].itertuples(index=False, name=None)
        )
    return pages


def _victim_names(rows: pd.DataFrame) -> "pd.Series[str]":
    """Return labels, with those values after them that differ among victims of one label."""
    names = rows["victim"].copy()
    for _, own in rows.groupby("victim"):
        details = _described(own, {key: form for key, form in _VICTIM.items() if _differs(own[key])})
        names[own.index] += details.where(details == "", ", " + details)
    return names


def _differs(values: "pd.Series[Any]") -> bool:
    return len(values.drop_duplicates()) > 1


def _described(rows: pd.DataFrame, forms: Mapping[str, str]) -> "pd.Series[str]":
    """Return for each row the values of some columns in words, without those that are empty."""
    words = [
        [form.format(value) if not pd.isna(value) and value != "" else "" for value in rows[key]]
        for key, form in forms.items()
    ]
    texts = [", ".join(filter(None, own)) for own in zip(*words, strict=True)] if words else [""] * len(rows)
    return pd.Series(texts, index=rows.index, dtype="str")
