"""From the layers of a float network to the operations of an integer-only one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from accelsim.accumulator import Accumulator
from accelsim.approx_layer import ActivationOperand
from accelsim.code_formats import CodeFormat
from accelsim.errors import AccelsimError
from accelsim.float_graph import FloatGraph, FloatLayer
from accelsim.float_layers import Addition, Concatenation, Padding, Reshaping, Selection
from accelsim.im2col import ConvGeometry
from accelsim.integer_mac_layer import IntegerMacLayer
from accelsim.integer_operations import (
    FRACTION_BITS,
    Add,
    Affine,
    Clamp,
    Concatenate,
    IntegerOperation,
    Pad,
    Reshape,
    Slice,
)
from accelsim.integer_pooling import AveragePool, MaxPool, Window
from accelsim.lut import Lut
from accelsim.quantization import QuantParams, weight_params
from accelsim.requantization import Requantization
from accelsim.zero_points import QuantizedWeight

__all__ = ["OperationBuilder"]

_INT32 = np.iinfo(np.int32)


@dataclass(frozen=True, eq=False)
class OperationBuilder:
    """Makes integer operations of float layers.

    Parameters
    ----------
    luts : mapping of str to Lut
        The multiplier of each layer by name.
    activation_operand : {"a", "b"}
        The multipliers' operand that activations go to.
    per_channel : bool
        Whether weights have a scale per output channel. The layer without requantization has one scale
        whatever is given, so that its sums can be compared.
    accumulator : Accumulator
        What products are summed in.
    params : mapping of str to QuantParams
        Quantization of the network's input and of the output of each layer that rescales.
    summing : str, optional
        The layer whose sums are the network's output.
    """

    luts: Mapping[str, Lut]
    activation_operand: ActivationOperand
    per_channel: bool
    accumulator: Accumulator
    params: Mapping[str, QuantParams]
    summing: str | None

    def operations(self, graph: FloatGraph) -> tuple[IntegerOperation, ...]:
        """Return the operations of all layers, in order.

        Raises
        ------
        AccelsimError
            If a layer's range is so small that it cannot be requantized.
        """
        params: dict[str, QuantParams | None] = {**self.params}
        operations = []
        for layer in graph.layers:
            if layer.name not in params:  # it has sums, or keeps the scale of its input
                params[layer.name] = None if layer.name == self.summing else params[layer.inputs[0]]
            sources = [source for name in layer.inputs if (source := params[name]) is not None]
            try:
                operations.append(self._operation(layer, sources, params[layer.name]))
            except AccelsimError as error:
                raise AccelsimError(f"layer {layer.name}: {error}") from error
        return tuple(operations)

    def _operation(
        self, layer: FloatLayer, sources: list[QuantParams], output: QuantParams | None
    ) -> IntegerOperation:
        about: dict[str, Any] = {
            "name": layer.name,
            "inputs": layer.inputs,
            "output_shape": layer.output_shape,
            "output": output,
        }
        if isinstance(layer.operation, Reshaping | nn.Flatten | nn.Unflatten):
            return Reshape(**about)
        if isinstance(layer.operation, nn.Conv2d | nn.Linear):
            return self._mac_layer(layer, layer.operation, sources[0], about)
        assert output is not None  # only a layer that sums products may go without
        if isinstance(layer.operation, Addition | Concatenation):
            return _joined(layer, sources, output, about)
        return _of_one_input(layer, output, about | {"source": sources[0]})

    def _mac_layer(
        self, layer: FloatLayer, mac: nn.Conv2d | nn.Linear, source: QuantParams, about: dict[str, Any]
    ) -> IntegerMacLayer:
        lut, output = self.luts[layer.layer_name], about["output"]
        operand = CodeFormat.of_operand(lut, "b" if self.activation_operand == "a" else "a")
        weight = mac.weight.detach().numpy()
        params = weight_params(weight, operand.bits, operand.signed, self.per_channel and output is not None)
        scale = float(source.scale) * params.scale.astype(np.float64)
        bias = np.zeros(len(weight)) if mac.bias is None else mac.bias.detach().double().numpy()
        units = np.clip(np.rint(bias / scale), _INT32.min, _INT32.max).astype(np.int64)
        geometry = ConvGeometry.of(mac) if isinstance(mac, nn.Conv2d) else None
        return IntegerMacLayer(
            **about,
            input_shape=layer.input_shapes[0],
            source=source,
            lut=lut,
            activation_operand=self.activation_operand,
            weight=QuantizedWeight.of(weight, params, geometry.groups if geometry else 1, "a weight"),
            bias=units,
            geometry=geometry,
            accumulator=self.accumulator,
            scale=scale,
            requantization=output and _requantization(scale / float(output.scale), layer, output),
        )


def _joined(
    layer: FloatLayer, sources: list[QuantParams], output: QuantParams, about: dict[str, Any]
) -> IntegerOperation:
    if isinstance(layer.operation, Addition):
        to_common, common = Add.scales(*sources)
        requantization = _requantization(common / float(output.scale), layer, output)
        return Add(**about, sources=tuple(sources), to_common=to_common, requantization=requantization)
    unit = float(output.scale) * (1 << FRACTION_BITS)
    own = (_requantization(float(source.scale) / unit, layer, output) for source in sources)
    return Concatenate(**about, sources=tuple(sources), requantizations=tuple(own))


def _of_one_input(layer: FloatLayer, output: QuantParams, about: dict[str, Any]) -> IntegerOperation:
    match layer.operation:
        case nn.BatchNorm1d() | nn.BatchNorm2d() as norm:
            factor, offset, unit = Affine.constants(*_slope_and_intercept(norm), about["source"])
            requantization = _requantization(unit / float(output.scale), layer, output)
            return Affine(**about, factor=factor, offset=offset, requantization=requantization)
        case nn.ReLU() | nn.ReLU6() as activation:
            low, high = _clamp(activation, output)
            return Clamp(**about, low=low, high=high)
        case nn.MaxPool2d() as pool:
            window = Window(*map(_pair, (pool.kernel_size, pool.stride, pool.padding, pool.dilation)))
            return MaxPool(**about, window=window)
        case nn.AvgPool2d() as pool:
            window = Window(*map(_pair, (pool.kernel_size, pool.stride, pool.padding)))
            return AveragePool(**about, window=window, counts_padding=pool.count_include_pad)
        case nn.AdaptiveAvgPool2d():
            kernel = _equal_parts(layer)
            return AveragePool(**about, window=Window(kernel, kernel))
        case Padding(widths):
            whole = ((0, 0),) * (len(layer.output_shape) - len(widths))
            return Pad(**about, widths=(*whole, *widths))
        case Selection(index):
            del about["source"]
            return Slice(**about, index=index)
    raise AssertionError(layer.operation)  # `float_operation` has refused it


def _requantization(
    real_scale: float | NDArray[np.float64], layer: FloatLayer, output: QuantParams
) -> Requantization:
    if layer.activation is None:
        return Requantization.of(real_scale, output)
    low, high = _clamp(layer.activation, output)
    return Requantization.of(real_scale, output, low=low, high=high)


def _clamp(activation: nn.Module, params: QuantParams) -> tuple[int, int]:
    """Return the ends of the levels that a ReLU or ReLU6 lets through."""
    zero = int(params.zero_point)
    if isinstance(activation, nn.ReLU):
        return zero, params.high
    return zero, min(params.high, zero + round(6 / float(params.scale)))


def _slope_and_intercept(
    norm: nn.BatchNorm1d | nn.BatchNorm2d,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return batch normalisation in evaluation mode as ``slope * x + intercept`` per channel."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, variance = (own.double().numpy() for own in (norm.running_mean, norm.running_var))
    slope = 1 / np.sqrt(variance + norm.eps)
    if norm.affine:
        slope = slope * norm.weight.detach().double().numpy()
        return slope, norm.bias.detach().double().numpy() - mean * slope
    return slope, -mean * slope


def _equal_parts(layer: FloatLayer) -> tuple[int, int]:
    """Return the pixels that each output is the mean of; a global mean may have dropped their dimensions."""
    _, rows, columns = layer.input_shapes[0]
    parts = layer.output_shape[1:] or (1, 1)
    return rows // parts[0], columns // parts[1]


def _pair(sides: Any) -> tuple[int, int]:
    rows, columns = sides if isinstance(sides, tuple) else (sides, sides)
    return rows, columns
