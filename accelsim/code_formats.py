"""Which width and signedness the codes have that pass between the layers of an integer-only network."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from accelsim.approx_layer import ActivationOperand
from accelsim.errors import AccelsimError
from accelsim.float_graph import FloatGraph
from accelsim.float_layers import Reshaping
from accelsim.lut import Lut
from accelsim.quantization import MAX_BITS

__all__ = ["CodeFormat", "activation_formats", "summing_layer"]


@dataclass(frozen=True)
class CodeFormat:
    """Width and signedness of codes, as an operand of a multiplier has them."""

    bits: int
    signed: bool

    @classmethod
    def of_operand(cls, lut: Lut, operand: ActivationOperand) -> "CodeFormat":
        """Return that of operand ``"a"`` or ``"b"``."""
        return cls(lut.a_width if operand == "a" else lut.b_width, lut.signed)

    def __str__(self) -> str:
        return f"{'signed' if self.signed else 'unsigned'} {self.bits} bits"


def summing_layer(graph: FloatGraph) -> str | None:
    """Return the layer whose sums are the network's output, reshaped at most, if there is one."""
    by_name = {layer.name: layer for layer in graph.layers}
    users: dict[str, int] = {graph.output: 1}
    for layer in graph.layers:
        for name in layer.inputs:
            users[name] = users.get(name, 0) + 1
    name = graph.output
    while name in by_name and users[name] == 1:
        layer = by_name[name]
        if layer.is_mac:
            return name if layer.activation is None else None
        if not isinstance(layer.operation, nn.Flatten | Reshaping):
            return None
        (name,) = layer.inputs
    return None


def activation_formats(
    graph: FloatGraph, luts: Mapping[str, Lut], operand: ActivationOperand
) -> dict[str, CodeFormat]:
    """Return the format of the network's input and of each layer's output.

    It is that of the multipliers' operand, passed on backwards through layers that keep their input's scale;
    what no multiplier takes has 8 bits of the first multiplier's signedness.

    Raises
    ------
    AccelsimError
        If two layers take the same codes in different formats.
    """
    wanted: dict[str, tuple[CodeFormat, str]] = {}
    for layer in reversed(graph.layers):
        if layer.is_mac:
            own: tuple[CodeFormat, str] | None = (
                CodeFormat.of_operand(luts[layer.layer_name], operand),
                layer.name,
            )
        else:
            own = None if layer.rescales else wanted.get(layer.name)
        for name in layer.inputs if own else ():
            assert own is not None
            other = wanted.setdefault(name, own)
            if other[0] != own[0]:
                raise AccelsimError(
                    f"layers {own[1]} and {other[1]} take the same activations, but their multipliers take "
                    f"{own[0]} and {other[0]}; give both multipliers of one format"
                )
    default = CodeFormat(MAX_BITS, next(iter(luts.values())).signed)
    formats = {graph.input: wanted.get(graph.input, (default, ""))[0]}
    for layer in graph.layers:
        kept = default if layer.rescales else formats[layer.inputs[0]]
        formats[layer.name] = wanted[layer.name][0] if layer.name in wanted else kept
    return formats
