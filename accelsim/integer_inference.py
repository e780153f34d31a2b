"""Integer-only networks: quantized weights, and codes from the image to the last layer's sums."""

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from accelsim.accumulator import Accumulator
from accelsim.approx_layer import ActivationOperand
from accelsim.code_formats import activation_formats, summing_layer
from accelsim.conversion import (
    Calibrator,
    WeightScales,
    check_calibration,
    check_choices,
    check_float_net,
)
from accelsim.errors import AccelsimError
from accelsim.float_graph import FloatGraph, float_graph, with_children
from accelsim.gemm import check_multiplier
from accelsim.integer_layers import OperationBuilder
from accelsim.integer_mac_layer import IntegerMacLayer, MacEngine, fast_engine
from accelsim.integer_operations import IntegerOperation, levels_of
from accelsim.lut import Lut
from accelsim.quantization import QuantParams, quant_params
from accelsim.selection import Multipliers, lut_of_each, selected_layers
from accelsim.straight_through import straight_through
from accelsim.workers import share_tasks

__all__ = ["IntegerNetwork", "Recorder", "integer_network"]

#: Bound on what one batch needs in its largest layer, if it is more than one image.
_BATCH_BYTES = 8 << 20

#: Sees each operation's output, batch by batch.
Recorder = Callable[[IntegerOperation, NDArray[Any]], None]


class IntegerNetwork(nn.Module):
    """A network that computes with integers alone, as an accelerator does; `integer_network` makes it.

    Called like any network, it takes real images and returns real logits: they are quantized at the input and
    multiplied by `output_scale` at the end. Its gradients are those of the float network, batch normalisation
    folded, at the same image (the `straight_through` surrogate). Its integers never change; to train, train
    the float network.

    Parameters
    ----------
    graph : FloatGraph
        The float network.
    input : QuantParams
        Quantization of the image.
    operations : tuple of IntegerOperation
        What it computes, in order.

    Attributes
    ----------
    input_name : str
        What `operations` call the network's input.
    input_shape : tuple of int
        Shape of one image.
    """

    def __init__(
        self, graph: FloatGraph, input: QuantParams, operations: tuple[IntegerOperation, ...]
    ) -> None:
        super().__init__()
        self.input, self.operations = input, operations
        self.input_name, self.output_name = graph.input, graph.output
        self.input_shape = graph.input_shape
        self.float_net = graph.module.requires_grad_(False)
        last_use = {name: index for index, each in enumerate(operations) for name in each.inputs}
        self._done_after: list[list[str]] = [[] for _ in operations]
        for name, index in last_use.items():
            if name != self.output_name:
                self._done_after[index].append(name)
        self.eval()

    @property
    def mac_layers(self) -> tuple[IntegerMacLayer, ...]:
        """The convolution and linear layers, in order."""
        return tuple(layer for layer in self.operations if isinstance(layer, IntegerMacLayer))

    @property
    def output_scale(self) -> float:
        """Real value of one unit of the integers that `run` returns."""
        summing = [layer for layer in self.mac_layers if layer.requantization is None]
        return float(summing[0].scale if self._output.output is None else self._output.output.scale)

    @property
    def _output(self) -> IntegerOperation:
        return next(operation for operation in self.operations if operation.name == self.output_name)

    def run(
        self,
        images: Tensor | NDArray[Any],
        *,
        engine: MacEngine | None = None,
        record: Recorder | None = None,
        threads: int | None = None,
    ) -> NDArray[np.int64]:
        """Return the integer logits of images.

        They are the corrected sums of the last layer where that is a convolution or linear layer without
        activation, otherwise levels less their zero point. Batches are as large as bounded memory allows and
        do not change the result.

        Parameters
        ----------
        images : float tensor or array of shape ``(images, *input_shape)``
            Real images.
        engine : callable, optional
            What sums products, instead of `lut_gemm`: takes an `IntegerMacLayer` and its activations ``x``,
            uint8 of shape (groups, depth, pixels), and returns its accumulators, int32 of shape (groups,
            channels, pixels). Pixels are those of all images of a batch, image by image.
        record : callable, optional
            Called with each operation and its output, batch after batch. Its shape is
            ``(images, *output_shape)``.
        threads : int, optional
            Threads to use; default: as many as torch does. An engine or a recorder is called from one.

        Raises
        ------
        AccelsimError
            If the images are of another shape, or hold NaN.
        """
        values = images.detach().cpu().numpy() if isinstance(images, Tensor) else np.asarray(images)
        if values.shape[1:] != self.input_shape or values.ndim != len(self.input_shape) + 1:
            raise AccelsimError(
                f"the net was given images of shape {values.shape}; expected (images, "
                f"{', '.join(map(str, self.input_shape))})"
            )
        if values.dtype not in {np.dtype(np.float32), np.dtype(np.float64)}:
            raise AccelsimError(f"the net was given images of {values.dtype}; expected float32 or float64")
        threads = threads or torch.get_num_threads()
        alone = engine is not None or record is not None or len(values) <= 1
        share = len(values) if alone else -(-len(values) // threads)
        size = max(1, min(_BATCH_BYTES // max(layer.bytes_per_image for layer in self.mac_layers), share))
        summing = engine or partial(fast_engine, threads=threads if alone else 1)
        logits = np.empty((len(values), *self._output.output_shape), np.int64)

        def run(first: int, stop: int) -> None:
            for batch in range(first, stop):
                own = slice(batch * size, (batch + 1) * size)
                logits[own] = self._run_batch(values[own], summing, record)

        share_tasks(run, -(-len(values) // size), 1 if alone else threads)
        return logits

    def _run_batch(
        self, images: NDArray[Any], engine: MacEngine, record: Recorder | None
    ) -> NDArray[np.int64]:
        outputs: dict[str, NDArray[Any]] = {self.input_name: self.input.quantize(images, "a pixel")}
        for index, operation in enumerate(self.operations):
            given = [outputs[name] for name in operation.inputs]
            if isinstance(operation, IntegerMacLayer):
                output = operation.run(*given, engine=engine)
            else:
                output = operation.run(*given)
            if record is not None:
                record(operation, output)
            outputs[operation.name] = output
            for name in self._done_after[index]:
                del outputs[name]
        result, params = outputs[self.output_name], self._output.output
        return result if params is None else levels_of(result, params) - params.zero_point

    def forward(self, images: Tensor) -> Tensor:
        """Return the real logits of real images; see the class."""

        def approximate(images: Tensor) -> Tensor:
            return torch.from_numpy(self.run(images) * self.output_scale).to(images)

        return straight_through(approximate, self.float_net, images)

    def train(self, mode: bool = True) -> Self:
        """Set the mode of this module; the float network stays in evaluation mode."""
        super().train(mode)
        self.float_net.eval()
        return self

    def _load_from_state_dict(self, *given: Any) -> None:
        raise AccelsimError(
            "an integer-only network takes no state: its integers follow from the float network's; load the "
            "state into that and call integer_network() again"
        )

    def extra_repr(self) -> str:
        """Return what `repr` shows beside the float network."""
        return f"{len(self.operations)} integer operations, {len(self.mac_layers)} of them on multipliers"


def integer_network(
    net: nn.Module,
    lut: Multipliers,
    *,
    calibration: Tensor,
    activation_operand: ActivationOperand = "a",
    weights: WeightScales = "per-tensor",
    calibrator: Calibrator = "min-max",
    percentile: float = 99.9,
    accumulator: Accumulator | None = None,
) -> IntegerNetwork:
    """Return a network that computes with integers alone, all its products on approximate multipliers.

    The network is traced by `torch.fx`, batch normalisation folded, ReLU merged into what comes before it.
    Calibration data runs through it; the image and the output of every layer are quantized to the widths of
    the operands of the multipliers, affine for unsigned multipliers and symmetric for signed ones. Biases are
    int32, and each layer's sums become codes by `Requantization`.

    Covered are 2-D convolutions (groups, depthwise, stride, padding, dilation) and linear layers, batch
    normalisation, ReLU and ReLU6, max and average pooling, global means, additions, concatenations, zero
    padding, slices, reshapes, dropout and identity, as layers or as functions.

    Parameters
    ----------
    net : nn.Module
        The float network, which is taken in evaluation mode; it is not changed.
    lut : Lut, mapping of str to Lut, list of Lut, or callable
        The multiplier of all `Conv2d` and `Linear` layers, of each by name or in order, or a rule that takes
        a layer's name and the layer.
    calibration : float tensor of shape (images, ...)
        Inputs of the network that are typical of its use.
    activation_operand, weights, calibrator, percentile
        As for `accelsim.approximate`. With weights per channel, the layer whose sums are the logits has one
        scale all the same, so that they can be compared.
    accumulator : Accumulator, optional
        What the products are summed in; default: 32 bits that wrap.

    Raises
    ------
    AccelsimError
        If an argument is not one of those above, the calibration data is empty, not finite or does not fit
        the network, the accumulator is narrower than a product, two layers want the same activations in
        different formats, the network cannot be traced, or it has a layer without an integer counterpart,
        which is named.
    """
    check_float_net(net)
    check_choices(activation_operand, weights, calibrator, percentile)
    check_calibration(calibration)
    accumulator = accumulator or Accumulator()
    net = with_children(net)
    layers = selected_layers(net, "all")
    luts = {}
    for name, own in lut_of_each(lut, layers).items():
        if not isinstance(own, Lut):
            raise AccelsimError(
                f"layer {name}: {own.name} is {type(own).__name__}; an integer-only network takes a Lut"
            )
        luts[name] = own
    if len(luts) < len(layers):
        name = next(name for name in layers if name not in luts)
        raise AccelsimError(f"layer {name} gets no multiplier; in an integer-only network each layer has one")
    graph = float_graph(net, calibration[:1])
    for layer in graph.layers:
        if isinstance(layer.operation, nn.Conv2d | nn.Linear):
            depth = layer.operation.weight[0].numel()
            check_multiplier(luts[layer.layer_name], depth, f"layer {layer.name}", accumulator)
    summing = summing_layer(graph)
    formats = activation_formats(graph, luts, activation_operand)
    points = [layer.name for layer in graph.layers if layer.rescales and layer.name != summing]
    ranges = graph.ranges(
        [graph.input, *points], calibration, percentile if calibrator == "percentile" else None
    )
    params = {
        name: quant_params(*ends, formats[name].bits, formats[name].signed) for name, ends in ranges.items()
    }
    builder = OperationBuilder(
        luts, activation_operand, weights == "per-channel", accumulator, params, summing
    )
    return IntegerNetwork(graph, params[graph.input], builder.operations(graph))
