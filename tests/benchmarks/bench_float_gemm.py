"""Layers on float multipliers against torch's float32 layers and against one product after the other.

Run as a script; on one core, prints G MAC/s of convolution layers (medians of interleaved runs, time of the
process), the ratio of torch's float32 layer to each, and the ratio of each to the scalar loop: the closed
form of every product, added up in the same order by compiled code that knows one product at a time. Then the
limit of this machine: how fast the kernel's instructions are without packing, and fused multiply-adds alone.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numba import njit
from torch import nn

from accelsim import load_float_multiplier
from accelsim.float_gemm_kernel import COLUMNS, LANES, TERMS, Arithmetic, rounds_in_registers, sum_products
from accelsim.float_mac_layers import approximate_float_layer
from accelsim.floats import CLOSED_FORMS, rounded_product

REPETITIONS = 7
MULTIPLIERS = (*CLOSED_FORMS, "bf16_exact")

#: Name, layer, input.
LAYERS = (
    ("LeNet-5 conv 2, 32 images", nn.Conv2d(6, 16, 5), (32, 6, 14, 14)),
    ("ResNet-20 stage 2, 8 images", nn.Conv2d(32, 32, 3, padding=1), (8, 32, 16, 16)),
    ("ResNet-18 stage 1, 1 image", nn.Conv2d(64, 64, 3, padding=1), (1, 64, 56, 56)),
    ("AlexNet conv 3, 1 image", nn.Conv2d(192, 384, 3, padding=1), (1, 192, 13, 13)),
    ("AlexNet conv 3, 16 images", nn.Conv2d(192, 384, 3, padding=1), (16, 192, 13, 13)),
    ("fully connected, 64 images", nn.Linear(400, 120), (64, 400)),
)


@njit
def scalar_loop(x: np.ndarray, w: np.ndarray, constants: tuple, out: np.ndarray) -> None:
    for o in range(len(w)):
        for p in range(x.shape[1]):
            total = np.float32(0)
            for k in range(len(x)):
                total += rounded_product(np.float32(x[k, p]), np.float32(w[o, k]), constants)
            out[o, p] = total


def medians(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds of each call; the runs of all calls alternate, so that a busy machine slows them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()  # compiles
    for _ in range(REPETITIONS):
        for name, call in calls.items():
            started = time.process_time()
            call()
            seconds[name].append(time.process_time() - started)
    return {name: statistics.median(runs) for name, runs in seconds.items()}


def kernel_rate(arithmetic: Arithmetic) -> float:
    """G products/s of the kernel alone, on operands in the first-level cache."""
    in_registers, repeats, depth, lanes, rows = int(rounds_in_registers()), 4000, 64, 2 * LANES, 4

    @njit
    def run(own: np.ndarray, scalars: np.ndarray, table: np.ndarray, sums: np.ndarray) -> None:
        for _ in range(repeats):
            sum_products(arithmetic, in_registers, 2, 4, own, scalars, table, depth, sums)

    terms = TERMS[arithmetic]
    own, scalars = np.ones((terms, depth, lanes), np.float32), np.ones((depth, rows, terms), np.float32)
    if arithmetic == "table":
        own[1], scalars[:, :, 1] = 0, 0
    table, sums = np.zeros((COLUMNS, COLUMNS), np.uint16), np.empty((rows, lanes), np.float32)
    took = medians({arithmetic: partial(run, own, scalars, table, sums)})[arithmetic]
    return depth * lanes * rows * repeats / took / 1e9


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    names = "".join(f"{name:>20}" for name in ("torch float32", "scalar axfpm_blocks4", *MULTIPLIERS))
    print(f"{'one core, G MAC/s':28} {names}")
    form = CLOSED_FORMS["axfpm_blocks4"]
    for name, layer, shape in LAYERS:
        images = torch.rand(shape)
        calls: dict[str, Callable[[], object]] = {"float": partial(layer, images)}
        for multiplier in MULTIPLIERS:
            made = approximate_float_layer(layer, load_float_multiplier(multiplier))
            calls[multiplier] = partial(made, images)
        x = np.random.default_rng(0).random((layer.weight[0].numel(), 100)).astype(np.float32)
        w = layer.weight.detach().flatten(1).numpy()
        out = np.empty((len(w), 100), np.float32)
        calls["scalar"] = partial(scalar_loop, x, w, form.constants, out)
        with torch.no_grad():
            macs = dict.fromkeys(calls, layer.weight[0].numel() * layer(images).numel()) | {
                "scalar": w.size * 100
            }
            took = medians(calls)
        rates = {key: macs[key] / took[key] / 1e9 for key in calls}
        order = ("float", "scalar", *MULTIPLIERS)
        print(f"{name:28} " + "".join(f"{rates[key]:20.2f}" for key in order))
        print(f"{'  torch / it':28} " + "".join(f"{rates['float'] / rates[key]:20.2f}" for key in order))
        print(
            f"{'  it / scalar loop':28} " + "".join(f"{rates[key] / rates['scalar']:20.1f}" for key in order)
        )
    fused = kernel_rate("exact")
    print(f"kernel alone, G products/s: fused multiply-add (axfpm_array24) {fused:.1f}")
    for arithmetic in ("nearest", "truncated", "two terms", "two terms halved", "table"):
        print(f"  {arithmetic}: {kernel_rate(arithmetic):.1f}, {kernel_rate(arithmetic) / fused:.2f} of that")


if __name__ == "__main__":
    main()
