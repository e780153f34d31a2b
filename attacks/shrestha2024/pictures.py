"""Pictures of images in rows, and of transfer matrices."""

from collections.abc import Mapping

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

__all__ = ["image_grid"]


def image_grid(rows: Mapping[str, Tensor], title: str) -> Figure:
    """Return a picture of images, a labelled row for each entry.

    Parameters
    ----------
    rows : mapping of str to float tensor of shape (N, channels, height, width)
        Pixels in [0, 1]; of one channel or three.
    title : str
        Stands above.
    """
    columns = max(len(images) for images in rows.values())
    figure = Figure(figsize=(0.75 * columns + 1.3, 0.8 * len(rows) + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(rows), columns, squeeze=False)
    for line, (label, images) in zip(panels, rows.items(), strict=True):
        for axes in line:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", size="small")
        for axes, image in zip(line, images, strict=False):
            axes.imshow(image.permute(1, 2, 0).numpy().squeeze(), cmap="gray", vmin=0, vmax=1)
    figure.suptitle(title, size="medium")
    return figure
