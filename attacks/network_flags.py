"""The flags of an audit that look at the network itself: its judgement, its constancy, its gradients."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from accelsim.approx_layer import ApproxLayer
from accelsim.attacks.audit_attacks import Attacked
from accelsim.attacks.audit_flags import Flag, Share, counted_flag
from accelsim.attacks.crafting import BATCH_SIZE
from accelsim.attacks.intervals import wilson_interval
from accelsim.attacks.network import CheckedNetwork
from accelsim.float_mac_layers import ApproxFloatLayer

__all__ = ["gradients_flag", "hardware", "judge_flag", "provenance_flag", "repeatability_flag", "unrepeated"]

#: Share of examples that may lie so near the decision border that rounding decides.
_BORDER = 0.01


def hardware(network: nn.Module) -> dict[str, str]:
    """Return the multiplier of each layer that runs on an approximate one, by the layer's name."""
    found = {}
    for name, layer in network.named_modules():
        if isinstance(layer, ApproxLayer):
            found[name] = layer.lut.name
        elif isinstance(layer, ApproxFloatLayer):
            found[name] = layer.multiplier.name
    return found


def judge_flag(victim: Attacked) -> Flag:
    """Judge one example of each broken image again, alone: whether the answer depends on the batch."""
    first: dict[int, tuple[int, Tensor]] = {}
    for (level, index), example in sorted(victim.examples.items(), key=lambda entry: entry[0]):
        first.setdefault(index, (level, example))
    different = 0
    for index, (_, example) in first.items():
        label = victim.labels[index : index + 1]
        different += bool(victim.network.classifies_correctly(example[None], label, 1))
    layers = hardware(victim.network.network)
    asks = "success is judged on the hardware model itself, image by image"
    source = "Carlini et al. 2019, section 4"
    if not first:
        return Flag("judged_on_hardware", asks, "not applicable", "no image was broken", source)
    return counted_flag(
        "judged_on_hardware",
        asks,
        source,
        [("classified correctly when shown alone", different, None)],
        len(first),
        _BORDER,
        layers=layers,
    )


def unrepeated(network: CheckedNetwork, images: Tensor) -> int:
    """Return for how many images the network gives other logits, to the bit, when asked again."""
    with torch.no_grad():
        batches = torch.split(images, BATCH_SIZE)
        differ = [(network(batch) != network(batch)).any(dim=1) for batch in batches]
    return int(torch.cat(differ).sum())


def repeatability_flag(different: int, n: int) -> Flag:
    """Return the flag that fails where any image got other logits the second time."""
    share = Share("other logits when asked again", different, n, *wilson_interval(different, n))
    return Flag(
        "deterministic",
        "the same image gives the same logits",
        "failed" if different else "passed",
        f"other logits, to the bit, when asked again: {different} of {n} images",
        "Athalye, Carlini & Wagner 2018, section 2.2 (stochastic gradients)",
        (share,),
    )


def gradients_flag(network: nn.Module, images: Tensor, labels: Tensor) -> Flag:
    """Count the images at which the gradient of the cross-entropy is zero or no number.

    Parameters
    ----------
    network : nn.Module
        What the white-box attack differentiates.
    images : float tensor of shape (N, ...)
    labels : int64 tensor of shape (N,)
    """
    dead = 0
    for batch, of in zip(torch.split(images, BATCH_SIZE), torch.split(labels, BATCH_SIZE), strict=True):
        shown = batch.clone().requires_grad_(True)
        with torch.enable_grad():
            loss = F.cross_entropy(network(shown), of, reduction="sum")
            (gradient,) = torch.autograd.grad(loss, shown)
        size = gradient.flatten(1).abs().amax(dim=1)
        dead += int((~(size > 0) | ~size.isfinite()).sum())
    return counted_flag(
        "gradients_present",
        "the loss has a gradient at every image",
        "Athalye, Carlini & Wagner 2018, section 2.2 (vanishing gradients); Carlini & Wagner 2016",
        [("gradient of the cross-entropy zero or not finite", dead, None)],
        len(images),
    )


def provenance_flag(before: Mapping[str, Any], after: Mapping[str, Any]) -> Flag:
    """Return the flag that fails where weights or answers are others after the audit than before it."""
    changed = [name for name, value in before.items() if after[name] != value]
    finding = (
        f"not the same after the audit as before: {', '.join(changed)}"
        if changed
        else f"seed, versions and {len(before)} hashes are recorded, and hold after the audit"
    )
    return Flag(
        "provenance",
        "seeds, versions and hashes of data and weights are in the result, and still true at the end",
        "failed" if changed else "passed",
        finding,
        "Carlini et al. 2019, section 3",
        details={"changed": changed},
    )
