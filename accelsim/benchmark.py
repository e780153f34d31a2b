"""How fast this machine multiplies and accumulates: engines of `lut_gemm` against float32 and loops."""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import nn

from accelsim.errors import AccelsimError
from accelsim.gemm import lut_gemm
from accelsim.gemm_engines import ENGINES, GemmEngine, engine_named, fastest_engine
from accelsim.layers import approximate_layer
from accelsim.lut import Lut
from accelsim.quantization import quant_params, weight_params
from accelsim.workers import share_tasks

__all__ = [
    "FLOAT32",
    "LAYER",
    "LAYER_SIZES",
    "LOOPS",
    "LayerSize",
    "LayerSpeed",
    "Rate",
    "engines_to_measure",
    "layer_rates",
    "product_rates",
    "random_lut",
]

#: What engines are compared with: PyTorch's float32 product, and three nested loops in Numba.
FLOAT32, LOOPS = "float32", "loops"
#: A whole approximate layer.
LAYER = "layer"

#: Runs of each call; odd, so that the median is one of them.
_REPETITIONS = 5
#: A call that is over sooner is repeated within a run.
_SHORTEST_RUN = 3e-3


@dataclass(frozen=True)
class LayerSize:
    """A layer of a known network, of a size that is measured.

    Parameters
    ----------
    name : str
        What it is.
    images : int
        Batch.
    inputs, outputs : int
        Channels, or features.
    kernel, size : int
        Rows and columns of the kernel and of the output; both 1 for a fully connected layer.
    """

    name: str
    images: int
    inputs: int
    outputs: int
    kernel: int
    size: int

    @property
    def depth(self) -> int:
        """Products per output."""
        return self.inputs * self.kernel**2

    @property
    def pixels(self) -> int:
        """Outputs per channel, over all images."""
        return self.images * self.size**2

    @property
    def macs(self) -> int:
        """Products in all."""
        return self.outputs * self.depth * self.pixels

    def float_layer(self) -> nn.Conv2d | nn.Linear:
        """Return the layer of PyTorch, with random weights."""
        if self.size == 1:
            return nn.Linear(self.inputs, self.outputs)
        return nn.Conv2d(self.inputs, self.outputs, self.kernel)

    def batch(self) -> torch.Tensor:
        """Return random inputs from 0 to 1."""
        if self.size == 1:
            return torch.rand(self.images, self.inputs)
        side = self.size + self.kernel - 1
        return torch.rand(self.images, self.inputs, side, side)


LAYER_SIZES = (
    LayerSize("LeNet-5 conv 2", 32, 6, 16, 5, 10),
    LayerSize("ResNet-20 stage 2", 8, 32, 32, 3, 16),
    LayerSize("AlexNet conv 3", 4, 192, 384, 3, 13),
    LayerSize("fully connected", 64, 400, 120, 1, 1),
)


@dataclass(frozen=True)
class Rate:
    """What was measured of one way to compute something.

    Parameters
    ----------
    what : str
        An engine's name, or what it is compared with.
    threads : int
        Threads it ran on.
    macs_per_second : float
        Median. On one thread, of that thread's own time, whatever else the machine does; on several, of wall
        time.
    wall_macs_per_second : float
        Median, of wall time.
    """

    what: str
    threads: int
    macs_per_second: float
    wall_macs_per_second: float


@dataclass(frozen=True)
class LayerSpeed:
    """What was measured of one layer.

    Parameters
    ----------
    size : LayerSize
        The layer.
    chosen : str
        The engine that `lut_gemm` chooses for its product.
    products, whole : list of Rate
        Of its matrix product, and of the layer with its quantization.
    """

    size: LayerSize
    chosen: str
    products: list[Rate]
    whole: list[Rate]


def random_lut() -> Lut:
    """Return the hardest case, a multiplier of 8 x 8 bits without any structure."""
    table = np.random.default_rng(0).integers(0, 1 << 16, (256, 256))
    return Lut("random", table.astype(np.int32), signed=False)


def engines_to_measure(table: NDArray[np.int32], engine: str | None) -> list[GemmEngine]:
    """Return the engines to measure: the one that was asked for, or all that run here.

    Raises
    ------
    AccelsimError
        If there is none of that name, this machine lacks what it needs, or the table does not suit it.
    """
    if engine is not None:
        return [engine_named(engine, table)]
    return [each for each in ENGINES.values() if not (each.missing() or each.refusal(table))]


def product_rates(
    size: LayerSize, table: NDArray[np.int32], engines: Sequence[GemmEngine], threads: Sequence[int]
) -> tuple[list[Rate], str]:
    """Measure the matrix product of a layer, and return what `lut_gemm` would choose for it.

    Parameters
    ----------
    size : LayerSize
        The layer.
    table : int32 array of shape (weight patterns, activation patterns)
        Products; read-only.
    engines : sequence of GemmEngine
        What to measure, beside float32 and plain loops.
    threads : sequence of int
        Numbers of threads to measure with; 1 among them.

    Raises
    ------
    AccelsimError
        If an engine's sums are not those of the plain loops.
    """
    draw = np.random.default_rng(0)
    x = draw.integers(0, table.shape[1], (1, size.depth, size.pixels)).astype(np.uint8)
    middle, spread = table.shape[0] / 2, table.shape[0] / 6
    bell = draw.normal(middle, spread, (1, size.outputs, size.depth))
    w = np.clip(bell, 0, table.shape[0] - 1).astype(np.uint8)
    expected = _three_loops(table, x[0], w[0], 1)
    float_x, float_w = torch.from_numpy(x[0]).float(), torch.from_numpy(w[0]).float()
    calls: dict[tuple[str, int], Callable[[], object]] = {}
    for count in threads:
        calls[FLOAT32, count] = partial(torch.matmul, float_w, float_x)
        calls[LOOPS, count] = partial(_three_loops, table, x[0], w[0], count)
        for engine in engines:
            sums = partial(lut_gemm, table, x, w, threads=count, engine=engine.name)
            if not (sums()[0] == expected).all():
                raise AccelsimError(f"engine {engine.name} gives other sums than plain loops for {size.name}")
            calls[engine.name, count] = sums
    return _rates(calls, size.macs), fastest_engine(table, size.depth, size.pixels, size.outputs).name


def layer_rates(size: LayerSize, lut: Lut, threads: Sequence[int]) -> list[Rate]:
    """Measure a whole layer on a multiplier, quantization included, and PyTorch's float32 layer.

    Parameters
    ----------
    size : LayerSize
        The layer.
    lut : Lut
        The multiplier; the activation is operand ``a``.
    threads : sequence of int
        Numbers of threads to measure with; 1 among them.

    Returns
    -------
    list of Rate
        Of ``"float32"`` and of ``"layer"``.
    """
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        exact, batch = size.float_layer(), size.batch()
        weight = weight_params(exact.weight.numpy(), lut.b_width, lut.signed, per_channel=False)
        activation = quant_params(0, 1, lut.a_width, lut.signed)
        layer = approximate_layer(exact, lut, activation, weight)
        calls: dict[tuple[str, int], Callable[[], object]] = {}
        for count in threads:
            calls[FLOAT32, count] = partial(exact, batch)
            calls[LAYER, count] = partial(layer, batch)
        return _rates(calls, size.macs)


def _rates(calls: Mapping[tuple[str, int], Callable[[], object]], macs: int) -> list[Rate]:
    """Measure calls; their runs alternate, so that a busy machine slows them alike."""
    times = {key: _repeats(key[1], call) for key, call in calls.items()}
    own: dict[tuple[str, int], list[float]] = {key: [] for key in calls}
    wall: dict[tuple[str, int], list[float]] = {key: [] for key in calls}
    for _ in range(_REPETITIONS):
        for key, call in calls.items():
            with _torch_threads(key[1]):
                seconds = _seconds(call, times[key])
            own[key].append(seconds[0])
            wall[key].append(seconds[1])
    return [
        Rate(
            what,
            threads,
            macs / statistics.median((own if threads == 1 else wall)[what, threads]),
            macs / statistics.median(wall[what, threads]),
        )
        for what, threads in calls
    ]


def _repeats(threads: int, call: Callable[[], object]) -> int:
    with _torch_threads(threads):
        _seconds(call, 1)  # compiles
        return max(1, math.ceil(_SHORTEST_RUN / _seconds(call, 1)[1]))


def _seconds(call: Callable[[], object], times: int) -> tuple[float, float]:
    """Return this thread's and the wall's seconds of one call."""
    own, wall = time.thread_time(), time.perf_counter()
    for _ in range(times):
        call()
    return (time.thread_time() - own) / times, (time.perf_counter() - wall) / times


@contextmanager
def _torch_threads(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _three_loops(
    table: NDArray[np.int32], x: NDArray[np.uint8], w: NDArray[np.uint8], threads: int
) -> NDArray[np.int32]:
    out = np.zeros((len(w), x.shape[1]), np.int32)
    share_tasks(partial(_loop_over_channels, table, x, w, out), len(w), threads)
    return out


@njit(cache=True, nogil=True)
def _loop_over_channels(
    table: NDArray[np.int32],
    x: NDArray[np.uint8],
    w: NDArray[np.uint8],
    out: NDArray[np.int32],
    first: int,
    stop: int,
) -> None:
    for o in range(first, stop):
        for k in range(len(x)):
            for p in range(x.shape[1]):
                out[o, p] += table[w[o, k], x[k, p]]
