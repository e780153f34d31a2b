import dataclasses

import numpy as np
import pytest

from accelsim import benchmark
from accelsim.approx_layer import table_by_weight
from accelsim.benchmark import (
    LAYER_SIZES,
    LayerSize,
    engines_to_measure,
    layer_rates,
    product_rates,
    random_lut,
)
from accelsim.errors import AccelsimError
from accelsim.gemm_engines import ENGINES
from accelsim.permute_kernel import available
from accelsim.permute_limit import permute_limit

TABLE = table_by_weight(random_lut(), "a")
SMALL = LayerSize("small", images=2, inputs=3, outputs=4, kernel=3, size=5)


@pytest.mark.parametrize("size", [*LAYER_SIZES, SMALL])
def test_a_layers_size_is_that_of_its_product(size: LayerSize) -> None:
    layer, batch = size.float_layer(), size.batch()
    output = layer(batch)
    assert layer.weight[0].numel() == size.depth
    assert output.shape[:2] == (size.images, size.outputs)
    assert output.numel() == size.outputs * size.pixels
    assert size.macs == size.depth * output.numel()


def test_rates_of_a_product() -> None:
    rates, chosen = product_rates(SMALL, TABLE, engines_to_measure(TABLE, None), [1, 2])
    running = [name for name, each in ENGINES.items() if not (each.missing() or each.refusal(TABLE))]
    assert {(rate.what, rate.threads) for rate in rates} == {
        (what, threads) for what in ["float32", "loops", *running] for threads in (1, 2)
    }
    assert chosen in running
    assert all(0 < rate.macs_per_second < 1e13 for rate in rates)


def test_rates_of_a_layer() -> None:
    rates = layer_rates(SMALL, random_lut(), [1])
    assert [(rate.what, rate.threads) for rate in rates] == [("float32", 1), ("layer", 1)]


def test_wrong_sums_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = dataclasses.replace(
        ENGINES["rows"], sums=lambda table, x, w, threads: np.zeros((1, 4, 50), np.int32)
    )
    monkeypatch.setitem(ENGINES, "rows", wrong)
    with pytest.raises(AccelsimError, match="engine rows gives other sums than plain loops for small"):
        product_rates(SMALL, TABLE, [wrong], [1])


def test_an_engine_asked_for() -> None:
    assert [each.name for each in engines_to_measure(TABLE, "rows")] == ["rows"]
    with pytest.raises(AccelsimError, match="unknown engine 'rosw'; did you mean rows"):
        engines_to_measure(TABLE, "rosw")


def test_time_of_one_thread_and_of_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the wall's time is another program's; medians of five runs, of 1 to 5 s."""
    clock = iter(range(1000))
    now = {"wall": 0.0}

    def call() -> None:
        now["wall"] += 2 * (1 + next(clock) % 5)

    monkeypatch.setattr(benchmark, "_repeats", lambda threads, call: 1)
    monkeypatch.setattr(benchmark.time, "thread_time", lambda: now["wall"] / 2)
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: now["wall"])
    (rate,) = benchmark._rates({("it", 1): call}, 600)
    assert (rate.macs_per_second, rate.wall_macs_per_second) == (200, 100)


@pytest.mark.skipif(not available(), reason="this CPU has no AVX-512 VBMI")
def test_limit_of_permutes() -> None:
    """Two byte planes of 256 entries take four instructions; one of 128 takes one."""
    limit, narrow = permute_limit(TABLE), permute_limit(np.arange(128, dtype=np.int32)[None])
    assert limit is not None
    assert narrow is not None
    assert 1e8 < limit.permutes_per_second < 1e11
    assert limit.macs_per_second == pytest.approx(16 * limit.permutes_per_second)
    assert narrow.macs_per_second == pytest.approx(64 * limit.permutes_per_second)
