"""The LUT matrix product against three plain loops in Numba, and against torch's float32 product.

Run as a script; on one core, prints the rate of each (median of interleaved runs) and their ratios, and
what a whole convolution reaches.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from numba import njit
from torch import nn

from accelsim.gemm import lut_gemm
from accelsim.layers import approximate_layer
from accelsim.lut import Lut
from accelsim.quantization import quant_params, weight_params

REPETITIONS = 7

#: Name, output channels, depth, pixels.
PRODUCTS = (
    ("LeNet-5 conv 2, 32 images", 16, 150, 3200),
    ("ResNet-20 stage 2, 8 images", 32, 288, 2048),
    ("ResNet-18 stage 1, 1 image", 64, 576, 3136),
    ("AlexNet conv 3, 1 image", 384, 1728, 169),
    ("fully connected, 64 images", 120, 400, 64),
)


@njit(cache=True)
def three_loops(table: np.ndarray, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    channels, depth = w.shape
    out = np.zeros((channels, x.shape[1]), np.int32)
    for o in range(channels):
        for p in range(x.shape[1]):
            for k in range(depth):
                out[o, p] += table[w[o, k], x[k, p]]
    return out


def medians(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds of each call; the runs of all calls alternate, so that a busy machine slows them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(REPETITIONS):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(runs) for name, runs in seconds.items()}


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    table = rng.integers(0, 65536, (256, 256)).astype(np.int32)
    print(f"{'one core, G MAC/s':28}     LUT   loops  float32  LUT/loops  float32/LUT")
    for name, channels, depth, pixels in PRODUCTS:
        x = rng.integers(0, 256, (depth, pixels)).astype(np.uint8)
        w = np.clip(rng.normal(128, 40, (channels, depth)), 0, 255).astype(np.uint8)
        assert (lut_gemm(table, x[None], w[None], threads=1)[0] == three_loops(table, x, w)).all()
        float_x, float_w = torch.from_numpy(x).float(), torch.from_numpy(w).float()
        took = medians(
            {
                "lut": lambda x=x, w=w: lut_gemm(table, x[None], w[None], threads=1),
                "loops": lambda x=x, w=w: three_loops(table, x, w),
                "float": lambda x=float_x, w=float_w: w @ x,
            }
        )
        lut, loops, floating = (
            channels * depth * pixels / took[key] / 1e9 for key in ("lut", "loops", "float")
        )
        print(f"{name:28} {lut:7.2f} {loops:7.2f} {floating:8.1f} {lut / loops:10.1f} {floating / lut:11.1f}")
    layer_rate(Lut("random", table, signed=False))


def layer_rate(lut: Lut) -> None:
    conv, images = nn.Conv2d(64, 64, 3, padding=1), torch.rand(4, 64, 56, 56)
    weight = weight_params(conv.weight.detach().numpy(), 8, signed=False, per_channel=False)
    layer = approximate_layer(conv, lut, quant_params(0, 1, 8, signed=False), weight)
    macs = 4 * 64 * 56 * 56 * 576
    with torch.no_grad():
        layer(images)
        took = medians({"approximate": lambda: layer(images), "float": lambda: conv(images)})
    rates = {name: macs / seconds / 1e9 for name, seconds in took.items()}
    print(
        f"ApproxConv2d, 64 to 64 channels, 3 x 3, 4 images of 56 x 56: {rates['approximate']:.2f} G MAC/s; "
        f"Conv2d float32 {rates['float']:.1f} G MAC/s, ratio {rates['float'] / rates['approximate']:.1f}"
    )


if __name__ == "__main__":
    main()
