"""Quantized networks in integers against their simulation in floats: answers, and wall time.

Run as a script, with a network, its data set, and the number of images and of threads as optional arguments
(default: mnist_a mnist 10000 1). For the weights in the package with DoReFa-Net's weights and inputs of up to
8 bits: of how many images the class is the same on an exact multiplier's table, and the largest difference of
a logit; then medians of interleaved runs of one batch, as ratios to the float simulation: an exact
multiplier, an approximate one, a table of random products, and the float32 network that has no quantizers.
"""

import statistics
import sys
import time

import torch
from torch import Tensor, nn

import accelsim
from accelsim.benchmark import random_lut
from accelsim.models import build_network, load_checkpoint, load_dataset
from accelsim.models.shipped import shipped_weights

REPETITIONS = 9
BATCH = 256
SIMULATION = "simulation ms"


def logits(net: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([net(batch) for batch in torch.split(images, BATCH)])


def milliseconds(nets: dict[str, nn.Module], images: Tensor) -> dict[str, float]:
    seconds: dict[str, list[float]] = {name: [] for name in nets}
    for _ in range(REPETITIONS + 1):  # the first compiles and chooses engines
        for name, net in nets.items():
            begin = time.perf_counter()
            logits(net, images)
            seconds[name].append(time.perf_counter() - begin)
    return {name: 1000 * statistics.median(each[1:]) for name, each in seconds.items()}


def main(network: str, data: str, count: int, threads: int) -> None:
    torch.set_num_threads(threads)
    images = load_dataset(data).test_images[:count]
    exact, drum = accelsim.load_lut("mul8u_exact"), accelsim.load_lut("mul8u_drum_k4")
    shown = [SIMULATION, "exact x", "mul8u_drum_k4 x", "random x", "float32 x"]
    print(f"{network}, {len(images)} images, {threads} threads", "same class", "difference", *shown, sep="  ")
    for bits in (1, 2, 4, 8):
        name = f"{network}-{data}-w{bits}a{bits}"
        if name not in shipped_weights():
            continue
        net = load_checkpoint(shipped_weights()[name]).net
        integer = accelsim.approximate(net, exact)
        simulated, found = logits(net, images), logits(integer, images)
        same = int((simulated.argmax(1) == found.argmax(1)).sum())
        difference = float((simulated - found).abs().max())
        others = [integer, *(accelsim.approximate(net, lut) for lut in (drum, random_lut()))]
        nets = dict(zip(shown, [net, *others, build_network(network).eval()], strict=True))
        took = milliseconds(nets, images[:BATCH])
        ratios = (f"{took[name] / took[SIMULATION]:{len(name)}.2f}" for name in shown[1:])
        print(f"{name:38}  {same:10}  {difference:10.1e}  {took[SIMULATION]:13.1f}", *ratios, sep="  ")


if __name__ == "__main__":
    given = sys.argv[1:]
    network, data, count, threads = [*given, *["mnist_a", "mnist", "10000", "1"][len(given) :]]
    main(network, data, int(count), int(threads))
