"""What all layers on an approximate multiplier have in common."""

import math
from abc import abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from accelsim.accumulator import Accumulator
from accelsim.errors import AccelsimError
from accelsim.gemm import check_multiplier
from accelsim.lut import Lut
from accelsim.quantization import QuantParams
from accelsim.straight_through import straight_through
from accelsim.workers import share_tasks
from accelsim.zero_points import QuantizedWeight, corrected_sums

__all__ = ["ActivationOperand", "ApproxLayer", "CallShape", "table_by_weight"]

ActivationOperand = Literal["a", "b"]

#: Bound on im2col matrix, accumulators and sums of one thread; larger blocks leave the caches.
BLOCK_BYTES = 4 << 20
#: Products worth a thread's while.
BLOCK_MACS = 1 << 20


class CallShape(NamedTuple):
    """Shapes of one call of a layer for one image, and the products it takes."""

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    macs: int


class ApproxLayer(nn.Module):
    """A layer of a quantized network on an approximate multiplier.

    The float input and weight become codes, and an output is

        ``sum (x - zx)(w - zw) = sum mul(x, w) - zw * sum x - zx * sum w + depth * zx * zw``

    in which only ``mul`` is approximate, summed in the accumulator; the corrections are exact adders. The
    integer is multiplied by both scales and the float bias is added in float64, and the result rounded to
    the input's type.

    Backward is the `straight_through` surrogate: the gradients with respect to input, weight and bias are
    those of the exact float layer, rounding and saturation taken for the identity.

    Scales and zero points are buffers: training does not change them, so that a weight that leaves the range
    it had at conversion saturates. The scales stay float32 whatever type the layer is cast to.

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
    accumulator : Accumulator, optional
        What the products are summed in; default: 32 bits, in which no sum may overflow.
    name : str
        Name of the layer in error messages.

    Raises
    ------
    AccelsimError
        If the multiplier is wider than 8 bits, the quantization is not of its widths and signedness, the
        accumulator is narrower than its products, none is given and 32 bits could overflow, or the layer is
        not on the CPU. Called with an input of another
        device or type than the weight's float32 or float64, of another shape, or with NaN (infinities
        saturate, as in a hardware quantizer). Loaded from the state of a layer of other widths or
        signedness.

    References
    ----------
    B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
    Only Inference", CVPR 2018, equation 7.
    """

    activation_scale: Tensor
    activation_zero_point: Tensor
    weight_scale: Tensor
    weight_zero_point: Tensor
    quantization: Tensor
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
        accumulator: Accumulator | None = None,
        name: str = "layer",
    ) -> None:
        super().__init__()
        self.name = name
        self.accumulator = accumulator
        self.activation_operand = activation_operand
        self.weight = layer.weight
        self.bias = layer.bias
        self.depth = layer.weight[0].numel()
        self.groups = layer.groups if isinstance(layer, nn.Conv2d) else 1
        self.calls: list[CallShape] = []
        self.records_calls = False
        self._quantized: tuple[tuple[Tensor, ...], QuantizedWeight] | None = None
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
        if activation.scale.ndim != 0 or weight.scale.shape not in {(), (len(layer.weight),)}:
            raise AccelsimError(
                f"layer {name}: activations take one scale, weights one or {len(layer.weight)}; got "
                f"{activation.scale.size} and {weight.scale.size}"
            )
        self.register_buffer("activation_scale", torch.tensor(activation.scale))
        self.register_buffer("activation_zero_point", torch.tensor(activation.zero_point))
        self.register_buffer("weight_scale", torch.tensor(weight.scale))
        self.register_buffer("weight_zero_point", torch.tensor(weight.zero_point))
        # Levels of other widths or signedness would be taken for these without it.
        self.register_buffer("quantization", torch.tensor([activation.bits, weight.bits, lut.signed]))

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
        scale, zero_point = self.activation_scale.numpy(), self.activation_zero_point.numpy()
        return QuantParams(scale, zero_point, self.activation_bits, self.lut.signed)

    @property
    def weight_params(self) -> QuantParams:
        """Quantization of the weight."""
        scale, zero_point = self.weight_scale.numpy(), self.weight_zero_point.numpy()
        return QuantParams(scale, zero_point, self.weight_bits, self.lut.signed)

    def set_multiplier(self, lut: Lut) -> None:
        """Put another multiplier of the same widths and signedness in place.

        Raises
        ------
        AccelsimError
            If it differs in widths or signedness, is wider than 8 bits, or does not fit the accumulator.
        """
        old = getattr(self, "lut", lut)
        if (old.a_width, old.b_width, old.signed) != (lut.a_width, lut.b_width, lut.signed):
            raise AccelsimError(
                f"layer {self.name} is quantized for {_describe(old)}; {lut.name} is {_describe(lut)}"
            )
        check_multiplier(lut, self.depth, f"layer {self.name}", self.accumulator)
        self.lut = lut

    @abstractmethod
    def accumulate(self, codes: NDArray[np.uint8], threads: int = 1) -> NDArray[np.int64]:
        """Return the integer outputs: sums of approximate products with exact zero-point corrections.

        Parameters
        ----------
        codes : uint8 array
            A batch of inputs, quantized by `activation_params`.
        threads : int
            Threads to use.

        Returns
        -------
        int64 array of the output's shape
            To be multiplied by both scales.
        """

    @abstractmethod
    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the float layer computes; its gradients are the surrogate."""

    @abstractmethod
    def _output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
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
        return straight_through(self._evaluate, self.exact, input, self.weight, self.bias)

    def _recorded(self, input: Tensor, output: Tensor) -> Tensor:
        if self.records_calls:
            macs = self.depth * output.numel()
            self.calls.append(CallShape(tuple(input.shape[1:]), tuple(output.shape[1:]), macs))
        return output

    def _evaluate(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Run the engine over blocks of the batch, on as many threads as torch uses."""
        values = input.detach().numpy()
        images, channels, *size = self._output_shape(values.shape)
        output = np.empty((images, channels, *size), values.dtype)
        activation = self.activation_params
        per_channel = (-1, *(1 for _ in size))
        scale = (activation.scale.astype(np.float64) * self.weight_scale.numpy()).reshape(per_channel)
        offset = 0.0 if bias is None else bias.detach().double().numpy().reshape(per_channel)
        threads = torch.get_num_threads()
        per_block = self._images_per_block(images, math.prod(size), threads)
        blocks = -(-images // per_block)
        self.quantized_weight()  # here, so that the threads find it done

        def run(first: int, stop: int) -> None:
            for block in range(first, stop):
                own = slice(block * per_block, (block + 1) * per_block)
                codes = activation.quantize(values[own], f"an input of layer {self.name}")
                sums = self.accumulate(codes, threads if blocks == 1 else 1)
                output[own] = sums * scale + offset

        share_tasks(run, blocks, threads)
        return torch.from_numpy(output)

    def _images_per_block(self, images: int, pixels: int, threads: int) -> int:
        """Return a share for every thread, unless that is too little work or too much memory."""
        share = -(-images // threads)
        worthwhile = BLOCK_MACS // (pixels * self.weight.numel())
        return max(1, min(max(share, worthwhile), BLOCK_BYTES // self._bytes(pixels)))

    def _bytes(self, pixels: int) -> int:
        """Memory for an output of that many pixels: im2col, int32 accumulators, int64 and float64 sums."""
        return pixels * (self.depth * self.groups + 20 * len(self.weight))

    def _corrected_sums(self, columns: NDArray[np.uint8], threads: int) -> NDArray[np.int64]:
        """Return sums of shape (channels, pixels) for codes of shape (groups, depth, pixels)."""
        return corrected_sums(
            table_by_weight(self.lut, self.activation_operand),
            columns,
            self.quantized_weight(),
            int(self.activation_zero_point),
            self.accumulator or Accumulator(),
            threads,
        )

    def quantized_weight(self) -> QuantizedWeight:
        """Return the quantized weight, derived anew whenever the float weight or its scale has changed.

        Raises
        ------
        AccelsimError
            If the float weight holds NaN.
        """
        origin = (self.weight.detach(), self.weight_scale, self.weight_zero_point)
        if self._quantized is None or not all(map(_same, origin, self._quantized[0])):
            weight = QuantizedWeight.of(
                origin[0].numpy(), self.weight_params, self.groups, f"a weight of layer {self.name}"
            )
            self._quantized = tuple(tensor.clone() for tensor in origin), weight
        return self._quantized[1]

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

    def extra_repr(self) -> str:
        """Return what `repr` shows beside the class."""
        shape = "x".join(str(side) for side in self.weight.shape)
        return f"weight {shape}, multiplier {self.lut.name}, activation is operand {self.activation_operand}"


def _same(first: Tensor, second: Tensor) -> bool:
    return first.dtype == second.dtype and torch.equal(first, second)


def _described(quantization: Tensor) -> str:
    activation_bits, weight_bits, signed = quantization.tolist()
    kind = "signed" if signed else "unsigned"
    return f"{kind} activations of {activation_bits} and weights of {weight_bits} bits"


@lru_cache(maxsize=64)
def table_by_weight(lut: Lut, activation_operand: ActivationOperand) -> NDArray[np.int32]:
    """Return the table indexed [weight, activation], read-only."""
    table = np.ascontiguousarray(lut.table.T if activation_operand == "a" else lut.table)
    table.flags.writeable = False
    return table


def _describe(lut: Lut) -> str:
    return f"{'signed' if lut.signed else 'unsigned'} {lut.a_width} x {lut.b_width} bits"
