"""What retraining LeNet-5 on digits recovers on poor multipliers, for each surrogate gradient.

Run as a script; prints the table of the page ``retrain.md``. Takes some minutes.
"""

import statistics

import torch
import torch.nn.functional as F
from torch import nn

import accelsim
from accelsim.models import Dataset, accuracy_percent, calibration_images
from accelsim.smoothed_difference import SmoothedDifference

MULTIPLIERS = ("mul8u_drum_k3", "mul8u_trunc_k8", "mul8u_trunc_k9", "mul8u_bam_h2_v8")
GRADIENTS = ("straight-through", *(SmoothedDifference(half_window) for half_window in (2, 8, 32)))
EPOCHS, SEEDS = 3, (0, 1, 2)


def retrain(net: nn.Module, data: Dataset, seed: int) -> None:
    """Train an approximate network further on its own outputs."""
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    orders = torch.Generator().manual_seed(seed)
    net.train()
    for _ in range(EPOCHS):
        for batch in torch.split(torch.randperm(len(data.train_images), generator=orders), 32):
            loss = F.cross_entropy(net(data.train_images[batch]), data.train_labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    data = accelsim.load_dataset("digits")
    trained = accelsim.trained_network("lenet5", "digits")
    print(f"float: {trained.accuracy_percent:.1f} % of {len(data.test_images)} test images")
    names = [str(each) if isinstance(each, str) else f"half window {each.half_window}" for each in GRADIENTS]
    print(f"| multiplier | before | {' | '.join(names)} |")
    print(f"| --- |{' --- |' * (len(names) + 1)}")
    for name in MULTIPLIERS:
        cells = []
        for gradient in GRADIENTS:
            after = []
            for seed in SEEDS:
                net = accelsim.approximate(
                    trained.net,
                    accelsim.load_lut(name),
                    calibration=calibration_images(data),
                    gradient=gradient,
                )
                before = accuracy_percent(net, data.test_images, data.test_labels)
                retrain(net, data, seed)
                after.append(accuracy_percent(net, data.test_images, data.test_labels))
            cells.append(f"{statistics.mean(after):.1f} ({min(after):.1f} to {max(after):.1f})")
        print(f"| `{name}` | {before:.1f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
