"""What a layer keeps of its quantization: scales and zero points as buffers, and the weight's codes."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from accelsim.errors import AccelsimError
from accelsim.fingerprint import fingerprint
from accelsim.matrix_product import MatrixProduct
from accelsim.quantization import QuantParams
from accelsim.zero_points import QuantizedWeight

__all__ = ["QuantizedLayer", "ReplaceableLayer"]

#: What an approximate layer takes the place of.
ReplaceableLayer = nn.Conv1d | nn.Conv2d | nn.Linear | MatrixProduct


class QuantizedLayer(nn.Module):
    """A layer whose input and weight become codes; see `accelsim.approx_layer.ApproxLayer`.

    Scales and zero points are buffers: training does not change them, so that a weight that leaves the range
    it had at conversion saturates. The scales stay float32 whatever type the layer is cast to.

    Parameters
    ----------
    layer : nn.Conv1d, nn.Conv2d, nn.Linear or MatrixProduct
        The float layer; its parameters are shared, not copied.
    activation, weight : QuantParams
        Quantization of the input (per tensor) and of the weight (per tensor or per output channel).
    name : str
        Name of the layer in error messages.

    Attributes
    ----------
    channels, depth, groups : int
        Outputs, products that one output sums, and groups of channels that do not see one another.
    """

    activation_scale: Tensor
    activation_zero_point: Tensor
    weight_scale: Tensor
    weight_zero_point: Tensor
    quantization: Tensor
    weight: Tensor
    bias: Tensor | None

    def __init__(
        self, layer: ReplaceableLayer, activation: QuantParams, weight: QuantParams, name: str
    ) -> None:
        super().__init__()
        self.name = name
        self.weight, self.bias = layer.weight, layer.bias
        self.transposed = isinstance(layer, MatrixProduct)
        self.groups = 1 if isinstance(layer, nn.Linear | MatrixProduct) else layer.groups
        self.activation_bits, self.weight_bits = activation.bits, weight.bits
        self.signed = activation.signed
        rows = self.rows_of(layer.weight)
        self.channels, self.depth = len(rows), rows[0].numel()
        self._quantized: tuple[tuple[Any, ...], QuantizedWeight] | None = None
        if layer.weight.device.type != "cpu":
            raise AccelsimError(
                f"layer {name} is on {layer.weight.device}; approximate layers run on the CPU"
            )
        if activation.scale.ndim != 0 or weight.scale.shape not in {(), (self.channels,)}:
            raise AccelsimError(
                f"layer {name}: activations take one scale, weights one or {self.channels}; got "
                f"{activation.scale.size} and {weight.scale.size}"
            )
        self.register_buffer("activation_scale", torch.tensor(activation.scale))
        self.register_buffer("activation_zero_point", torch.tensor(activation.zero_point))
        self.register_buffer("weight_scale", torch.tensor(weight.scale))
        self.register_buffer("weight_zero_point", torch.tensor(weight.zero_point))
        # Levels of other widths or signedness would be taken for these without it.
        self.register_buffer("quantization", torch.tensor([activation.bits, weight.bits, activation.signed]))

    def rows_of(self, weight: Tensor) -> Tensor:
        """Return the weight with one row per output channel."""
        return weight.T if self.transposed else weight

    @property
    def activation_params(self) -> QuantParams:
        """Quantization of the input."""
        scale, zero_point = self.activation_scale.numpy(), self.activation_zero_point.numpy()
        return QuantParams(scale, zero_point, self.activation_bits, self.signed)

    @property
    def weight_params(self) -> QuantParams:
        """Quantization of the weight."""
        scale, zero_point = self.weight_scale.numpy(), self.weight_zero_point.numpy()
        return QuantParams(scale, zero_point, self.weight_bits, self.signed)

    def activation_codes(self, values: NDArray[np.floating[Any]]) -> NDArray[Any]:
        """Return the codes of a batch of inputs, uint8 or uint16 of its shape.

        Raises
        ------
        AccelsimError
            If one is NaN.
        """
        return self.activation_params.quantize(values, f"an input of layer {self.name}")

    def output_scales(self, weight: Tensor) -> NDArray[np.float64]:
        """Return what the corrected sums are multiplied by, of shape () or (channels,)."""
        return np.asarray(self.activation_scale.numpy().astype(np.float64) * self.weight_scale.numpy())

    def quantized_weight(self, weight: Tensor | None = None) -> QuantizedWeight:
        """Return the quantized weight, derived anew whenever the float weight or its scale has changed.

        Parameters
        ----------
        weight : tensor, optional
            The float weight; default: that of the layer.

        Raises
        ------
        AccelsimError
            If the float weight holds NaN.
        """
        given = self.weight if weight is None else weight
        origin = tuple(map(fingerprint, (given, self.weight_scale, self.weight_zero_point)))
        found = self._quantized
        if found is None or origin != found[0]:
            codes = QuantizedWeight.of(
                self.rows_of(given.detach()).numpy(),
                self.weight_params,
                self.groups,
                f"a weight of layer {self.name}",
            )
            found = self._quantized = origin, codes
        return found[1]

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Apply a cast or move; of a cast, the scales are spared: float16 has too few digits for them."""
        scales = {name: self._buffers[name] for name in ("activation_scale", "weight_scale")}
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # untyped in torch
        for name, scale in scales.items():
            applied = self._buffers[name]
            if scale is not None and applied is not None and applied.dtype != scale.dtype:
                self._buffers[name] = scale.to(applied.device)
        return self

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """Refuse the state of a layer that is quantized in another way, before anything is taken from it."""
        given = state_dict.get(f"{prefix}quantization")
        if given is not None and given.tolist() != self.quantization.tolist():
            raise AccelsimError(
                f"layer {self.name} has {_described(self.quantization)}; the state given has "
                f"{_described(given)}"
            )
        super()._load_from_state_dict(state_dict, prefix, *others)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_quantized": None}


def _described(quantization: Tensor) -> str:
    activation_bits, weight_bits, signed = quantization.tolist()
    kind = "signed" if signed else "unsigned"
    return f"{kind} activations of {activation_bits} and weights of {weight_bits} bits"
