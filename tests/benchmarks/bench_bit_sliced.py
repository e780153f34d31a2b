"""A layer on the gates of a 16 x 16 multiplier against its closed form, and against float32.

Run as a script; on one core, prints the rate of the gates' sums, of a whole convolution, and their ratios to
the closed form evaluated product by product and to PyTorch's float32 convolution (medians of interleaved
runs).
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from accelsim.bit_sliced_gemm import bit_sliced_gemm
from accelsim.folded_gates import FoldableGates
from accelsim.layers import approximate_layer
from accelsim.quantization import quant_params, weight_params
from accelsim.rtl.catalogue import load_gate_multiplier
from accelsim.rtl.library import describe
from accelsim.rtl.library_closed_forms import closed_form_of

REPETITIONS = 5
NAMES = (
    "mul16u_drum_k6",
    "mul16u_trunc_k12",
    "mul16u_mitchell",
    "mul16u_ama5_k16",
    "mul16u_exact",
    "mul12u_drum_k6",
)
#: Of ResNet-20's second stage, 8 images: channels, kernel, rows and columns.
CHANNELS, KERNEL, SIZE, IMAGES = 32, 3, 16, 8


def medians(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds of each call on this thread; the runs of all calls alternate."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(REPETITIONS):
        for name, call in calls.items():
            started = time.thread_time()
            call()
            seconds[name].append(time.thread_time() - started)
    return {name: statistics.median(runs) for name, runs in seconds.items()}


def main() -> None:
    torch.set_num_threads(1)
    print("one core, G MAC/s:   sums  layer  closed form  sums/closed form  float32/layer  gates  folded")
    for name in NAMES:
        multiplier, form = load_gate_multiplier(name), closed_form_of(describe(name).parsed)
        conv, images = (
            nn.Conv2d(CHANNELS, CHANNELS, KERNEL, padding=1),
            torch.rand(IMAGES, CHANNELS, SIZE, SIZE),
        )
        weight = weight_params(conv.weight.detach().numpy(), multiplier.b_width, False, per_channel=False)
        layer = approximate_layer(conv, multiplier, quant_params(0, 1, multiplier.a_width, False), weight)
        x = layer.columns(layer.activation_params.quantize(images.numpy()))
        w = layer.quantized_weight().codes
        a, b = (np.broadcast_to(each, (CHANNELS, *x.shape[1:])).ravel() for each in (x, w[0][:, :, None]))
        part = slice(0, 1 << 20)
        a, b = a[part].astype(np.uint64), b[part].astype(np.uint64)
        with torch.no_grad():
            layer(images)  # folds the weights into gates
            took = medians(
                {
                    "sums": lambda m=multiplier, x=x, w=w: bit_sliced_gemm(
                        m.netlist, x, w, signed=False, threads=1
                    ),
                    "layer": lambda layer=layer, images=images: layer(images),
                    "float": lambda conv=conv, images=images: conv(images),
                    "form": lambda form=form, a=a, b=b: form.products(a, b),
                }
            )
        macs = w.size * x.shape[2]
        rate = {key: (len(a) if key == "form" else macs) / took[key] / 1e9 for key in took}
        folded = len(FoldableGates(multiplier.netlist, 1).folded(w.ravel()).steps) / w.size
        print(
            f"{name:18} {rate['sums']:6.3f} {rate['layer']:6.3f} {rate['form']:12.4f} "
            f"{rate['sums'] / rate['form']:17.0f} {rate['float'] / rate['layer']:14.0f} "
            f"{multiplier.netlist.gate_count:6d} {folded:7.0f}"
        )


if __name__ == "__main__":
    main()
