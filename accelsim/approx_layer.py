"""What all layers on an approximate multiplier have in common."""

import math
from abc import abstractmethod
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from accelsim.errors import AccelsimError
from accelsim.gemm import check_multiplier, lut_gemm
from accelsim.lut import Lut
from accelsim.quantization import QuantParams
from accelsim.straight_through import straight_through

__all__ = ["ActivationOperand", "ApproxLayer", "CallShape"]

ActivationOperand = Literal["a", "b"]

#: Bound on im2col matrix, accumulators and corrected sums together. Larger blocks leave the cache.
BLOCK_BYTES = 16 << 20


class CallShape(NamedTuple):
    """Shapes of one call of a layer for one image, and the products it takes."""

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    macs: int


class ApproxLayer(nn.Module):
    """A layer of a quantized network on an approximate multiplier.

    The float input and weight become codes, and an output is

        ``sum (x - zx)(w - zw) = sum mul(x, w) - zw * sum x - zx * sum w + depth * zx * zw``

    in which only ``mul`` is approximate (int32 accumulators); the corrections are exact adders. [1]_ The
    integer is multiplied by both scales and the float bias is added in float64, and the result rounded to
    the input's type.

    Backward is the `straight_through` surrogate: the gradients with respect to input, weight and bias are
    those of the exact float layer, rounding and saturation taken for the identity.

    Parameters
    ----------
    layer : nn.Conv2d or nn.Linear
        The float layer; its parameters are shared, not copied.
    lut : Lut
        The multiplier, of operands up to 8 bits.
    activation, weight : QuantParams
        Quantization of the input (per tensor) and of the weight (per tensor or per output channel).
    activation_operand : {"a", "b"}
        The multiplier's operand that the activation goes to; the weight goes to the other.
    name : str
        Name of the layer in error messages.

    Raises
    ------
    AccelsimError
        If the multiplier is wider than 8 bits, the quantization is not of its widths and signedness, the
        int32 accumulators could overflow, or the layer is not on the CPU. Called with an input of another
        device or type than the weight's float32 or float64, of another shape, or with NaN. (Infinities
        saturate, as in a hardware quantizer.)

    References
    ----------
    .. [1] B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
       Only Inference", CVPR 2018, equation 7.
    """

    activation_scale: Tensor
    activation_zero_point: Tensor
    weight_scale: Tensor
    weight_zero_point: Tensor
    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        layer: nn.Conv2d | nn.Linear,
        lut: Lut,
        activation: QuantParams,
        weight: QuantParams,
        *,
        activation_operand: ActivationOperand = "a",
        name: str = "layer",
    ) -> None:
        super().__init__()
        self.name = name
        self.activation_operand = activation_operand
        self.weight = layer.weight
        self.bias = layer.bias
        self.depth = layer.weight[0].numel()
        self.groups = layer.groups if isinstance(layer, nn.Conv2d) else 1
        self.calls: tuple[CallShape, ...] = ()
        self._quantized: _Weight | None = None
        if layer.weight.device.type != "cpu":
            raise AccelsimError(
                f"layer {name} is on {layer.weight.device}; approximate layers run on the CPU"
            )
        self.set_multiplier(lut)
        given = (activation.bits, activation.signed, weight.bits, weight.signed)
        if given != (self.activation_bits, lut.signed, self.weight_bits, lut.signed):
            raise AccelsimError(
                f"layer {name}: activation of {activation.bits} and weight of {weight.bits} bits do not fit "
                f"{lut.name}, which is {_describe(lut)}, activation at operand {activation_operand}"
            )
        if activation.scale.dim() != 0 or weight.scale.shape not in {(), (len(layer.weight),)}:
            raise AccelsimError(
                f"layer {name}: activations take one scale, weights one or {len(layer.weight)}; got "
                f"{activation.scale.numel()} and {weight.scale.numel()}"
            )
        self.register_buffer("activation_scale", activation.scale.clone())
        self.register_buffer("activation_zero_point", activation.zero_point.clone())
        self.register_buffer("weight_scale", weight.scale.clone())
        self.register_buffer("weight_zero_point", weight.zero_point.clone())

    @property
    def activation_bits(self) -> int:
        """Width of the activation's operand."""
        return self.lut.a_width if self.activation_operand == "a" else self.lut.b_width

    @property
    def weight_bits(self) -> int:
        """Width of the weight's operand."""
        return self.lut.b_width if self.activation_operand == "a" else self.lut.a_width

    @property
    def activation_params(self) -> QuantParams:
        """Quantization of the input."""
        return QuantParams(
            self.activation_scale, self.activation_zero_point, self.activation_bits, self.lut.signed
        )

    @property
    def weight_params(self) -> QuantParams:
        """Quantization of the weight."""
        return QuantParams(self.weight_scale, self.weight_zero_point, self.weight_bits, self.lut.signed)

    def set_multiplier(self, lut: Lut) -> None:
        """Put another multiplier of the same widths and signedness in place.

        Raises
        ------
        AccelsimError
            If it differs in widths or signedness, is wider than 8 bits, or could overflow the accumulators.
        """
        old = getattr(self, "lut", lut)
        if (old.a_width, old.b_width, old.signed) != (lut.a_width, lut.b_width, lut.signed):
            raise AccelsimError(
                f"layer {self.name} is quantized for {_describe(old)}; {lut.name} is {_describe(lut)}"
            )
        check_multiplier(lut, self.depth, f"layer {self.name}")
        self.lut = lut

    @abstractmethod
    def accumulate(self, codes: Tensor) -> Tensor:
        """Return the integer outputs: sums of approximate products with exact zero-point corrections.

        Parameters
        ----------
        codes : uint8 tensor
            A batch of inputs, quantized by `activation_params`.

        Returns
        -------
        int64 tensor of the output's shape
            To be multiplied by both scales.
        """

    @abstractmethod
    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the float layer computes; its gradients are the surrogate."""

    @abstractmethod
    def _output_shape(self, input_shape: torch.Size) -> tuple[int, ...]:
        """Return the shape (images, channels, ...) of a batch's output; raise if the input does not fit."""

    def _run(self, input: Tensor) -> Tensor:
        """Return the output of a batch, straight-through gradients attached."""
        where = f"layer {self.name}"
        for tensor in (input, self.weight):
            if tensor.device.type != "cpu":
                raise AccelsimError(f"{where} was given tensors on {tensor.device}; it runs on the CPU only")
        if input.dtype != self.weight.dtype or input.dtype not in {torch.float32, torch.float64}:
            raise AccelsimError(
                f"{where} has weights of {self.weight.dtype} and was given {input.dtype}; "
                "expected float32 for both or float64 for both"
            )
        self._output_shape(input.shape)
        if input.numel() and torch.aminmax(input.detach()).min.isnan():
            raise AccelsimError(f"{where} was given NaN, which has no code")
        return straight_through(self._evaluate, self.exact, input, self.weight, self.bias)

    def _evaluate(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Run the engine over blocks of the batch."""
        shape = self._output_shape(input.shape)
        activation = self.activation_params
        per_channel = (-1, *(1,) * (len(shape) - 2))
        scale = (activation.scale.double() * self.weight_scale.double()).reshape(per_channel)
        offset = 0.0 if bias is None else bias.double().reshape(per_channel)
        output = input.new_empty(shape)
        images = max(1, BLOCK_BYTES // self._bytes(math.prod(shape[2:])))
        for first in range(0, len(input), images):
            block = slice(first, first + images)
            output[block] = self.accumulate(activation.quantize(input[block])).double() * scale + offset
        return output

    def _bytes(self, pixels: int) -> int:
        """Memory for an output of that many pixels: im2col, int32 accumulators, int64 and float64 sums."""
        return pixels * (self.depth * self.groups + 20 * len(self.weight))

    def _corrected_sums(self, columns: NDArray[np.uint8]) -> Tensor:
        """Return int64 sums of shape (all channels, pixels) for codes of shape (groups, depth, pixels)."""
        weight = self._weight()
        table = _table_by_weight(self.lut, self.activation_operand)
        products = lut_gemm(table, columns, weight.codes, threads=torch.get_num_threads())
        sums = torch.from_numpy(products).to(torch.int64)
        zx = self.activation_zero_point
        if weight.zero_points.any():
            activations = torch.from_numpy(columns.sum(axis=1, dtype=np.int64))
            sums.addcmul_(activations[:, None, :], weight.zero_points, value=-1)
        if zx:
            sums.add_(zx * (self.depth * weight.zero_points - weight.sums))
        return sums.flatten(0, 1)

    def _weight(self) -> "_Weight":
        """Return the quantized weight, derived anew whenever the float weight or its scale has changed."""
        origin = (self.weight.detach(), self.weight_scale, self.weight_zero_point)
        if self._quantized is None or not all(map(_same, origin, self._quantized.origin)):
            if not torch.isfinite(self.weight).all():
                raise AccelsimError(f"layer {self.name} has a weight that is NaN or infinite")
            params = self.weight_params
            codes = params.quantize(origin[0]).reshape(self.groups, -1, self.depth)
            zero_points = params.zero_point.expand(len(self.weight)).reshape(self.groups, -1, 1)
            sums = params.levels(codes).sum(dim=2, keepdim=True)
            own = (origin[0].clone(), origin[1].clone(), origin[2].clone())
            self._quantized = _Weight(codes.numpy(), zero_points.clone(), sums, own)
        return self._quantized

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_quantized": None}

    def extra_repr(self) -> str:
        """Return what `repr` shows beside the class."""
        shape = "x".join(str(side) for side in self.weight.shape)
        return f"weight {shape}, multiplier {self.lut.name}, activation is operand {self.activation_operand}"


class _Weight(NamedTuple):
    codes: NDArray[np.uint8]  # (groups, channels, depth)
    zero_points: Tensor  # int64 (groups, channels, 1)
    sums: Tensor  # int64 (groups, channels, 1): sums of the levels
    origin: tuple[Tensor, Tensor, Tensor]  # float weight, scale and zero point they were derived from


def _same(first: Tensor, second: Tensor) -> bool:
    return first.dtype == second.dtype and torch.equal(first, second)


@lru_cache(maxsize=64)
def _table_by_weight(lut: Lut, activation_operand: ActivationOperand) -> NDArray[np.int32]:
    """Return the table indexed [weight, activation]."""
    return np.ascontiguousarray(lut.table.T if activation_operand == "a" else lut.table)


def _describe(lut: Lut) -> str:
    return f"{'signed' if lut.signed else 'unsigned'} {lut.a_width} x {lut.b_width} bits"
