"""What all layers on an approximate multiplier have in common."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from accelsim.accumulator import Accumulator
from accelsim.columns import Columns, laid_out
from accelsim.errors import AccelsimError
from accelsim.gate_multiplier import GateMultiplier, IntegerMultiplier
from accelsim.gemm import check_multiplier, lut_gemm
from accelsim.lut import Lut
from accelsim.quantization import QuantParams
from accelsim.quantized_layer import QuantizedLayer, ReplaceableLayer
from accelsim.smoothed_difference import SmoothedDifference
from accelsim.smoothed_gradients import smoothed_gradients
from accelsim.straight_through import straight_through, with_gradients
from accelsim.workers import share_tasks
from accelsim.zero_points import QuantizedWeight, finish

__all__ = ["ActivationOperand", "ApproxLayer", "CallShape", "Gradient", "LayerOptions", "table_by_weight"]

ActivationOperand = Literal["a", "b"]
#: Where a layer's gradients come from: the exact float layer, or the multiplier's own products.
Gradient = Literal["straight-through"] | SmoothedDifference

#: Bound on im2col matrix and accumulators of one thread.
BLOCK_BYTES = 16 << 20
#: The same for gates, which take thousands of pixels at once and dwarf the time that memory takes.
_BLOCK_BYTES_OF_GATES = 64 << 20
#: Products worth a thread's while.
BLOCK_MACS = 1 << 22


class LayerOptions(TypedDict, total=False):
    """The optional parameters of `ApproxLayer`."""

    activation_operand: ActivationOperand
    accumulator: Accumulator | None
    gradient: Gradient
    name: str


class CallShape(NamedTuple):
    """Shapes of one call of a layer for one image, and the products it takes."""

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    macs: int


class ApproxLayer(QuantizedLayer):
    """A layer of a quantized network on an approximate multiplier.

    The float input and weight become codes, and an output is

        ``sum (x - zx)(w - zw) = sum mul(x, w) - zw * sum x - zx * sum w + depth * zx * zw``

    in which only ``mul`` is approximate, summed in the accumulator; the corrections are exact adders. The
    integer is multiplied by both scales and the float bias is added in float64, and the result rounded to
    the input's type.

    Backward is a surrogate, rounding and saturation taken for the identity: `straight_through`, the gradients
    of the exact float layer with respect to input, weight and bias, or `SmoothedDifference`, in which those
    of ``mul`` are the slopes of its own table.

    Scales and zero points are buffers, see `QuantizedLayer`.

    Parameters
    ----------
    layer : nn.Conv1d, nn.Conv2d, nn.Linear or MatrixProduct
        The float layer; its parameters are shared, not copied.
    lut : Lut or GateMultiplier
        The multiplier: a table of operands up to 8 bits, or gates, of operands up to 16 bits.
    activation, weight : QuantParams
        Quantization of the input (per tensor) and of the weight (per tensor or per output channel).
    activation_operand : {"a", "b"}
        The multiplier's operand that the activation goes to; the weight goes to the other.
    accumulator : Accumulator, optional
        What the products are summed in; default: 32 bits, in which no sum may overflow.
    gradient : "straight-through" or SmoothedDifference
        The surrogate.
    name : str
        Name of the layer in error messages.

    Raises
    ------
    AccelsimError
        If a table is wider than 8 bits, gates are given an accumulator or a gradient, the quantization is not
        of the multiplier's widths and signedness, the accumulator is narrower than its products, none is
        given and 32 bits could overflow, or the layer is not on the CPU. Called with an input of another
        device or type than the weight's float32 or float64, of another shape, or with NaN (infinities
        saturate, as in a hardware quantizer). Loaded from the state of a layer of other widths or
        signedness.

    References
    ----------
    B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
    Only Inference", CVPR 2018, equation 7.
    """

    def __init__(
        self,
        layer: ReplaceableLayer,
        lut: IntegerMultiplier,
        activation: QuantParams,
        weight: QuantParams,
        *,
        activation_operand: ActivationOperand = "a",
        accumulator: Accumulator | None = None,
        gradient: Gradient = "straight-through",
        name: str = "layer",
    ) -> None:
        super().__init__(layer, activation, weight, name)
        self.accumulator = accumulator
        self.activation_operand = activation_operand
        self.gradient = gradient
        self.calls: list[CallShape] = []
        self.records_calls = False
        widths = (lut.a_width, lut.b_width) if activation_operand == "a" else (lut.b_width, lut.a_width)
        given = (activation.bits, activation.signed, weight.bits, weight.signed)
        if given != (widths[0], lut.signed, widths[1], lut.signed):
            raise AccelsimError(
                f"layer {name}: activation of {activation.bits} and weight of {weight.bits} bits do not fit "
                f"{lut.name}, which is {_describe(lut)}, activation at operand {activation_operand}"
            )
        self.set_multiplier(lut)

    def set_multiplier(self, lut: IntegerMultiplier) -> None:
        """Put another multiplier of the same widths and signedness in place.

        Raises
        ------
        AccelsimError
            If it differs in widths or signedness, is a table wider than 8 bits, or does not fit the
            accumulator or the gradient.
        """
        old = getattr(self, "lut", lut)
        if (old.a_width, old.b_width, old.signed) != (lut.a_width, lut.b_width, lut.signed):
            raise AccelsimError(
                f"layer {self.name} is quantized for {_describe(old)}; {lut.name} is {_describe(lut)}"
            )
        check_multiplier(lut, self.depth, f"layer {self.name}", self.accumulator)
        if isinstance(lut, GateMultiplier) and isinstance(self.gradient, SmoothedDifference):
            raise AccelsimError(
                f"layer {self.name}: a smoothed difference is of a table; {lut.name} has none"
            )
        self.lut = lut

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
        output = np.empty(self._output_shape(codes.shape), np.int64)
        as_they_are = np.ones(self.channels), np.zeros(self.channels)
        self._fill_in(codes, threads, self.quantized_weight(), *as_they_are, output)
        return output

    @abstractmethod
    def exact(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what the float layer computes; its gradients are the surrogate."""

    @abstractmethod
    def _output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape (images, channels, ...) of a batch's output; raise if the input does not fit."""

    @abstractmethod
    def columns(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the activation codes that meet each place of the weights, of shape (groups, depth, pixels).

        Parameters
        ----------
        codes : uint8 array
            A batch of inputs, quantized by `activation_params`.
        """

    @abstractmethod
    def _column_blocks(self, codes: NDArray[np.uint8]) -> Iterator[tuple[int, NDArray[np.uint8] | Columns]]:
        """Yield `columns` in parts of bounded size, each with its first pixel."""

    @abstractmethod
    def scattered(self, columns: NDArray[np.float32], input_shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return the sum of columns, laid out as `columns` returns them, at the inputs they came from."""

    def _run(self, input: Tensor) -> Tensor:
        """Return the output of a batch, the surrogate's gradients attached."""
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
        if self.records_calls:
            with torch._C.DisableTorchFunction():  # else it could be taken for a call on a parameter
                return self.exact(input, self.weight, self.bias)
        if isinstance(self.gradient, SmoothedDifference):
            gradients = partial(smoothed_gradients, self, self.gradient.half_window)
            return with_gradients(self._evaluate, gradients, input, self.weight, self.bias)
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
        scales, offsets = np.empty(channels), np.zeros(channels)
        scales[:] = self.output_scales(weight)
        if bias is not None:
            offsets[:] = bias.detach().numpy()
        threads = torch.get_num_threads()
        per_block = self._images_per_block(images, math.prod(size), threads)
        blocks = -(-images // per_block)
        quantized = self.quantized_weight(weight)

        def run(first: int, stop: int) -> None:
            for block in range(first, stop):
                own = slice(block * per_block, (block + 1) * per_block)
                codes = self.activation_codes(values[own])
                own_threads = threads if blocks == 1 else 1
                self._fill_in(codes, own_threads, quantized, scales, offsets, output[own])

        share_tasks(run, blocks, threads)
        return torch.from_numpy(output)

    def _images_per_block(self, images: int, pixels: int, threads: int) -> int:
        """Return a share for every thread, unless that is too little work or too much memory."""
        share = -(-images // threads)
        worthwhile = BLOCK_MACS // (pixels * self.weight.numel())
        if isinstance(self.lut, GateMultiplier):
            share = images  # threads share the channels: all lanes of a plane are to be pixels
        return max(1, min(max(share, worthwhile), self._block_bytes // self._bytes(pixels)))

    @property
    def _block_bytes(self) -> int:
        return _BLOCK_BYTES_OF_GATES if isinstance(self.lut, GateMultiplier) else BLOCK_BYTES

    def _bytes(self, pixels: int) -> int:
        """Memory for an output of that many pixels: im2col and accumulators."""
        accumulator = 8 if isinstance(self.lut, GateMultiplier) else 4
        return pixels * (self.depth * self.groups + accumulator * self.channels)

    def _fill_in(
        self,
        codes: NDArray[np.uint8],
        threads: int,
        weight: QuantizedWeight,
        scales: NDArray[np.float64],
        offsets: NDArray[np.float64],
        output: NDArray[Any],
    ) -> None:
        """Fill in the scaled outputs of a batch of codes."""
        flat = output.reshape(len(codes), self.channels, -1)
        zero_point = int(self.activation_zero_point)
        for start, columns in self._column_blocks(codes):
            sums = self._sums(columns, threads, weight.codes)
            finish(sums, columns, weight, zero_point, scales, offsets, flat, start)

    def _sums(
        self, columns: NDArray[np.uint8] | Columns, threads: int, weight: NDArray[np.uint8]
    ) -> NDArray[np.signedinteger[Any]]:
        """Return sums of products (groups, channels, pixels) for codes (groups, depth, pixels)."""
        if isinstance(self.lut, GateMultiplier):
            return self.lut.sums(laid_out(columns), weight, self.activation_operand, threads)
        table = table_by_weight(self.lut, self.activation_operand)
        accumulator = self.accumulator or Accumulator()
        return lut_gemm(table, columns, weight, accumulator=accumulator, threads=threads)

    def extra_repr(self) -> str:
        """Return what `repr` shows beside the class."""
        shape = "x".join(str(side) for side in self.weight.shape)
        return f"weight {shape}, multiplier {self.lut.name}, activation is operand {self.activation_operand}"


@lru_cache(maxsize=64)
def table_by_weight(lut: Lut, activation_operand: ActivationOperand) -> NDArray[np.int32]:
    """Return the table indexed [weight, activation], read-only."""
    table = np.ascontiguousarray(lut.table.T if activation_operand == "a" else lut.table)
    table.flags.writeable = False
    return table


def _describe(lut: IntegerMultiplier) -> str:
    return f"{'signed' if lut.signed else 'unsigned'} {lut.a_width} x {lut.b_width} bits"
