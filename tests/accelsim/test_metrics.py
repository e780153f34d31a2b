import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import AccelsimError
from accelsim.lut import Lut
from accelsim.metrics import error_metrics


def random_lut(seed: int, signed: bool) -> Lut:
    low, high = (-128, 128) if signed else (0, 256)
    return Lut("random", np.random.default_rng(seed).integers(low, high, (16, 16)), signed)


def test_by_hand():
    """A 2 x 2 multiplier that gets 3 * 3 = 7 only (Kulkarni et al. 2011)."""
    table = np.multiply.outer(np.arange(4), np.arange(4))
    table[3, 3] = 7
    metrics = error_metrics(Lut("udm", table, False))
    assert metrics.pairs == 16
    assert (metrics.mae, metrics.wce, metrics.mse, metrics.bias) == (2 / 16, 2, 4 / 16, -2 / 16)
    assert (metrics.mae_percent, metrics.wce_percent) == (100 * 2 / 16 / 16, 100 * 2 / 16)
    assert metrics.ep_percent == 100 / 16
    assert metrics.mre_percent == pytest.approx(100 * 2 / 9 / 9)
    assert metrics.mre_all_percent == pytest.approx(100 * 2 / 9 / 16)
    assert metrics.mred == pytest.approx(2 / 9 / 9)
    assert metrics.nmed == 2 / 16 / 9


@given(st.integers(0, 2**32), st.booleans())
def test_weights_are_as_good_as_repetition(seed, signed):
    lut = random_lut(seed, signed)
    counts = np.random.default_rng(seed).integers(0, 4, (16, 16))
    counts[0, 0] = 1
    counts[3, 5] = 2
    metrics = error_metrics(lut, counts)
    a, b = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices((16, 16)))
    error, exact = (lut.table - lut.exact_table())[a, b], lut.exact_table()[a, b]
    assert metrics.pairs == np.count_nonzero(counts)
    assert metrics.mae == pytest.approx(np.abs(error).mean())
    assert metrics.bias == pytest.approx(error.mean())
    assert metrics.mse == pytest.approx((error**2).mean())
    assert metrics.wce == np.abs(error).max()
    assert metrics.ep_percent == pytest.approx(100 * (error != 0).mean())
    nonzero = exact != 0
    assert metrics.mred == pytest.approx((np.abs(error[nonzero]) / np.abs(exact[nonzero])).mean())


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((4, 4)), r"shape \(4, 4\); random needs \(16, 16\)"),
        (np.zeros((16, 16)), "not all zero"),
        (-np.ones((16, 16)), "not negative"),
        (np.full((16, 16), math.nan), "finite"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(AccelsimError, match=message):
        error_metrics(random_lut(0, False), weights)


def test_published_figures():
    """EvoApproxLib's published metrics of 16 circuits, to their printed digits, from their truth tables."""
    folder = Path(os.environ.get("ACCELSIM_DATA", "")) / "evoapprox"
    if "ACCELSIM_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("ACCELSIM_DATA/evoapprox is not there")
    columns = {
        "mae_percent": "mae_percent",
        "wce_percent": "wce_percent",
        "ep_percent": "ep_percent",
        "mre_percent_nonzero": "mre_percent",
        "mre_percent_all": "mre_all_percent",
    }
    with (folder / "published.csv").open() as file:
        for row in csv.DictReader(file):
            metrics = error_metrics(Lut.load(folder / f"{row['name']}.npy"))
            for column, attribute in columns.items():
                assert f"{getattr(metrics, attribute):.6g}" == f"{float(row[column]):g}", (
                    row["name"],
                    column,
                )
