"""JSMA, local search and universal perturbations against Foolbox's attacks of similar cost, on one core.

Run as a script; the victim is the package's LeNet-5 of Guesmi et al. for MNIST. Prints images per second,
medians of interleaved runs, and the ratio to a Foolbox attack of the same kind: DeepFool beside those that
differentiate the network, HopSkipJump beside local search, which asks it.
"""

import statistics
import time
from collections.abc import Callable

import torch

from accelsim.attacks import build_attack, craft, craft_minimal
from accelsim.errors import AccelsimError
from accelsim.models import load_dataset, trained_network

IMAGES = 50
REPETITIONS = 3


def main() -> None:
    torch.set_num_threads(1)
    try:
        data = load_dataset("mnist")
        net = trained_network("lenet5_guesmi", "mnist").net
    except AccelsimError as error:
        raise SystemExit(f"no MNIST, nothing to measure: {error}") from None
    images, labels = data.test_images[:IMAGES], data.test_labels[:IMAGES]

    def minimal(name: str, **parameters: float) -> Callable[[], torch.Tensor]:
        attack = build_attack(name, **parameters)
        return lambda: craft_minimal(attack, net, images, labels).fools

    def fixed(name: str, budget: float) -> Callable[[], torch.Tensor]:
        def run() -> torch.Tensor:
            with torch.no_grad():
                return net(craft(name, net, images, labels, budget)).argmax(dim=1) != labels

        return run

    calls = {
        "deepfool-l2": minimal("deepfool-l2"),
        "jsma-l0": minimal("jsma-l0"),
        "jsma-l0 targets=1": minimal("jsma-l0", targets=1),
        "uap-linf 0.3": fixed("uap-linf", 0.3),
        "hopskipjump-l2 steps=10": minimal("hopskipjump-l2", steps=10),
        "lsa-l0": minimal("lsa-l0"),
    }
    references = {"jsma": "deepfool-l2", "uap": "deepfool-l2", "lsa": "hopskipjump-l2 steps=10"}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    fooled = {}
    for _ in range(REPETITIONS):
        for name, call in calls.items():
            started = time.perf_counter()
            fooled[name] = call().float().mean().item()
            seconds[name].append(time.perf_counter() - started)
    for name, taken in seconds.items():
        rate = IMAGES / statistics.median(taken)
        line = f"{name:24s} {rate:7.1f} images/s, fools {100 * fooled[name]:5.1f} %"
        if reference := references.get(name.partition("-")[0]):
            ratio = rate * statistics.median(seconds[reference]) / IMAGES
            line += f", {ratio:.2f} times {reference}"
        print(line)


if __name__ == "__main__":
    main()
