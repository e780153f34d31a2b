"""The layers of a network as the array runs them."""

from torch import Tensor, nn

from accelsim.array_layer import ArrayLayer, Ifmap
from accelsim.errors import AccelsimError
from accelsim.float_graph import float_graph
from accelsim.im2col import ConvGeometry
from accelsim.integer_inference import IntegerNetwork
from accelsim.systolic_array import Gemm

__all__ = ["array_layers", "array_layers_of_float"]

_SUM_BYTES = 4


def array_layers(network: IntegerNetwork) -> list[ArrayLayer]:
    """Return the convolution and linear layers of an integer-only network, in order, for one image."""
    return [
        _array_layer(
            layer.name,
            layer.geometry,
            layer.gemm,
            layer.groups,
            layer.input_shape,
            layer.output_shape,
            output_bytes=_SUM_BYTES if layer.requantization is None else 1,
        )
        for layer in network.mac_layers
    ]


def array_layers_of_float(net: nn.Module, image: Tensor) -> list[ArrayLayer]:
    """Return the convolution and linear layers of a PyTorch network, in order, for one image.

    Parameters
    ----------
    net : nn.Module
        A network that `accelsim.integer_inference.integer_network` covers, say to export it with
        `accelsim.scalesim_topology.write_topology`.
    image : float tensor of shape (1, ...)
        An input of it.

    Raises
    ------
    AccelsimError
        If the network cannot be traced, has a layer without an integer counterpart, or none that the array
        runs.
    """
    graph = float_graph(net, image)
    shapes = {graph.input: graph.input_shape} | {layer.name: layer.output_shape for layer in graph.layers}
    found = []
    geometry: ConvGeometry | None
    for layer in graph.layers:
        operation = layer.operation
        if isinstance(operation, nn.Conv2d):
            geometry, groups = ConvGeometry.of(operation), operation.groups
            pixels = layer.output_shape[1] * layer.output_shape[2]
        elif isinstance(operation, nn.Linear):
            geometry, groups, pixels = None, 1, 1
        else:
            continue
        gemm = Gemm(operation.weight[0].numel(), pixels, len(operation.weight) // groups)
        input_shape = shapes[layer.inputs[0]]
        found.append(_array_layer(layer.name, geometry, gemm, groups, input_shape, layer.output_shape))
    if not found:
        raise AccelsimError(
            f"{type(net).__name__} has no Conv2d or Linear layer, which is what the array runs"
        )
    return found


def _array_layer(
    name: str,
    geometry: ConvGeometry | None,
    gemm: Gemm,
    groups: int,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    output_bytes: int = 1,
) -> ArrayLayer:
    if geometry is None:
        ifmap = Ifmap.of_matrix(gemm.pixels)
    else:
        ifmap = Ifmap(
            input_shape[1],
            input_shape[2],
            output_shape[1],
            output_shape[2],
            geometry.kernel,
            geometry.stride[0],
            geometry.dilation[0],
            geometry.padding[2],
        )
    return ArrayLayer(name, gemm, ifmap, groups, output_bytes)
