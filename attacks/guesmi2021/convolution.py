"""Figures 4 and 16: what approximate convolutions make of images, and of those like their filter."""

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor, nn

from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.reproduction.rows import Row
from accelsim.conversion import approximate
from accelsim.float_mac_layers import ApproxFloatConv
from accelsim.rtl.catalogue import load_float_multiplier

__all__ = ["figure_4", "figure_16"]

_INPUTS = 6
_SIDE = 5
_MULTIPLIERS = ("fp32_exact", "axfpm_authors", "axfpm_array24", "heap_like24")
_SHOWN_MAPS = 4
_COLUMNS = ("exact", "axfpm", "heap")


def figure_4(study: Study) -> list[Row]:
    """Convolve a filter with six images, from unlike to like it, on each multiplier.

    The paper shows neither its filter nor its images. Here both have values from 0 to 1: the filter is drawn
    at random, and image i of 6 is the mixture of the filter and its complement in which the filter has the
    share (i - 1) / 5.
    """
    generator = torch.Generator().manual_seed(study.seed)
    kernel = torch.rand((1, 1, _SIDE, _SIDE), generator=generator)
    shares = torch.linspace(0, 1, _INPUTS).view(-1, 1, 1, 1)
    images = shares * kernel + (1 - shares) * (1 - kernel)
    layer = nn.Conv2d(1, 1, _SIDE, bias=False)
    with torch.no_grad():
        layer.weight.copy_(kernel)
    rows, figure = PUBLISHED.rows("figure-4"), Figure(figsize=(5.4, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name in _MULTIPLIERS:
        with torch.no_grad():
            values = approximate(layer, load_float_multiplier(name))(images).flatten().tolist()
        axes.plot(range(1, _INPUTS + 1), values, marker="o", label=name)
        for index, value in enumerate(values, start=1):
            rows.add(f"image {index}", name, "convolution", value, _SIDE * _SIDE)
    axes.set(xlabel="image, from unlike to like the filter", ylabel="convolution")
    axes.legend()
    study.picture("figure-4", figure)
    return rows.rows


def figure_16(study: Study) -> list[Row]:
    """Draw the last convolution's output for an image; measure its mean over maps and 100 images."""
    subject = study.subject("mnist")
    images = subject.images[:100]
    maps = {column: _last_convolution(subject.victim(column), images) for column in _COLUMNS}
    chosen = maps["exact"][0].flatten(1).amax(dim=1).topk(_SHOWN_MAPS).indices
    limit = max(float(found[0, chosen].max()) for found in maps.values())
    figure = Figure(figsize=(1.7 * _SHOWN_MAPS + 1.2, 1.75 * len(maps)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(maps), _SHOWN_MAPS)
    rows = PUBLISHED.rows("figure-16", "clean", "mnist")
    for line, (column, found) in zip(panels, maps.items(), strict=True):
        for axes, index in zip(line, chosen, strict=True):
            shown = axes.imshow(found[0, index].clamp(min=0).numpy(), vmin=0, vmax=limit, cmap="inferno")
            axes.set(xticks=[], yticks=[])
        line[0].set_ylabel(column)
        outputs = found[found > 0].double()
        rows.add("positive outputs", column, "mean", float(outputs.mean()), len(outputs))
    figure.colorbar(shown, ax=list(panels.flat), label="output of the last convolution", shrink=0.8)
    study.picture("figure-16", figure)
    return rows.rows


@torch.no_grad()
def _last_convolution(net: nn.Module, images: Tensor) -> Tensor:
    """Return what the last convolution of a network, exact or approximate, answers."""
    last = [module for module in net.modules() if isinstance(module, nn.Conv2d | ApproxFloatConv)][-1]
    kept: list[Tensor] = []
    hook = last.register_forward_hook(lambda module, inputs, output: kept.append(output.detach()))
    try:
        net(images)
    finally:
        hook.remove()
    return kept[0]
