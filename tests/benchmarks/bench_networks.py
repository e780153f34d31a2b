"""Whole networks on 8-bit multipliers against PyTorch's float32: wall time and peak memory.

Run as a script, with the number of threads as an optional argument (default: 1). For each network, medians of
interleaved runs of one batch, as ratios to float32 on as many threads; the multipliers are a table of random
products, which nothing can simplify, and one of rank 4 or less. Then the highest resident memory of a process
that runs the network on the random table, over that of one that runs it in float32; both have loaded the
same libraries. Linux only.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

import accelsim
from accelsim.benchmark import random_lut
from accelsim.models.networks import architecture, build_network

REPETITIONS = 7
#: Network and images of a batch.
NETWORKS = (("lenet5", 256), ("resnet20", 64), ("alexnet", 16))
LOW_RANK = "mul8u_drum_k6"
RANDOM = "random"
FLOAT32 = "float32"


def network_on(what: str, name: str, images: Tensor) -> nn.Module:
    """Return the network in float32 or on a multiplier."""
    net = build_network(name).eval()
    if what == FLOAT32:
        return net
    lut = random_lut() if what == RANDOM else accelsim.load_lut(what)
    return accelsim.approximate(net, lut, calibration=images[:4])


def batch(name: str, images: int) -> Tensor:
    return torch.rand(images, *architecture(name).image_shape, generator=torch.Generator().manual_seed(0))


def print_peak(what: str, name: str, images: int) -> None:
    """Run in a process of its own."""
    inputs = batch(name, images)
    net = network_on(what, name, inputs)
    with torch.no_grad():
        for _ in range(2):
            net(inputs)
    # The peak of resource.getrusage is inherited from the process that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(status["VmHWM"].split()[0])


def peak_megabytes(what: str, name: str, images: int, threads: int) -> float:
    command = [sys.executable, __file__, str(threads), what, name, str(images)]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout) / 1024


def main(threads: int) -> None:
    print(f"{threads} threads      images  float32 ms  random x  {LOW_RANK} x   memory MB  float32 MB  ratio")
    for name, images in NETWORKS:
        inputs = batch(name, images)
        nets = {what: network_on(what, name, inputs) for what in (FLOAT32, RANDOM, LOW_RANK)}
        seconds: dict[str, list[float]] = {what: [] for what in nets}
        with torch.no_grad():
            for net in nets.values():
                net(inputs)  # compiles and chooses engines
            for _ in range(REPETITIONS):
                for what, net in nets.items():
                    started = time.perf_counter()
                    net(inputs)
                    seconds[what].append(time.perf_counter() - started)
        took = {what: statistics.median(runs) for what, runs in seconds.items()}
        used, in_float = (peak_megabytes(what, name, images, threads) for what in (RANDOM, FLOAT32))
        print(
            f"{name:14} {images:6d} {took[FLOAT32] * 1e3:11.1f} {took[RANDOM] / took[FLOAT32]:9.2f} "
            f"{took[LOW_RANK] / took[FLOAT32]:15.2f} {used:11.0f} {in_float:11.0f} {used / in_float:6.2f}",
            flush=True,
        )


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(count)
    if len(sys.argv) > 2:
        print_peak(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main(count)
