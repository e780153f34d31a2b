"""Surrogates: an approximate function with gradients of another origin, those of an exact one above all."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from accelsim.errors import AccelsimError

__all__ = ["Gradients", "TensorFunction", "straight_through", "with_gradients"]

#: A function of tensors: the input, weight and bias of a layer, say.
TensorFunction = Callable[..., Tensor]

#: From the gradient of the output, which operands' gradients are wanted, and the operands: their gradients.
Gradients = Callable[[Tensor, Sequence[bool], Sequence[Tensor | None]], Sequence[Tensor | None]]


def straight_through(approximate: TensorFunction, exact: TensorFunction, *operands: Tensor | None) -> Tensor:
    """Return ``approximate(*operands)``, whose gradients are those of ``exact`` at the same point.

    The surrogate of Bengio, Leonard and Courville, "Estimating or Propagating Gradients Through Stochastic
    Neurons for Conditional Computation", arXiv:1308.3432, 2013. See `with_gradients`.
    """
    return with_gradients(approximate, partial(_gradients_of, exact), *operands)


def with_gradients(approximate: TensorFunction, gradients: Gradients, *operands: Tensor | None) -> Tensor:
    """Return ``approximate(*operands)`` with gradients that another function computes.

    It can be differentiated once, by autograd itself: not by the transforms of `torch.func`. Under
    `torch.func.vmap` the first operand may be batched: its first dimension, which is that of the images, then
    takes in the mapped one.

    Raises
    ------
    AccelsimError
        Under `torch.func.vmap` over an operand other than the first, and under `torch.func.grad` and others
        that differentiate.
    """
    if not _watched(operands):
        return approximate(*operands)
    output: Tensor = _Surrogate.apply(approximate, gradients, *operands)  # type: ignore[no-untyped-call]
    return output


class _Surrogate(torch.autograd.Function):
    @staticmethod
    def forward(approximate: TensorFunction, gradients: Gradients, *operands: Tensor | None) -> Tensor:
        return approximate(*operands)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.gradients = inputs[1]
        ctx.save_for_backward(*inputs[2:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        if not _has_memory(gradient):
            raise AccelsimError(
                "torch.func cannot differentiate an approximate layer (grad, vjp, jacrev); backward() and "
                "torch.autograd.grad can"
            )
        return None, None, *ctx.gradients(gradient, ctx.needs_input_grad[2:], ctx.saved_tensors)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        approximate: TensorFunction,
        gradients: Gradients,
        input: Tensor,
        *others: Tensor | None,
    ) -> tuple[Tensor, int]:
        if any(dim is not None for dim in in_dims[3:]):
            raise AccelsimError(
                "torch.func.vmap over the weights of an approximate layer is not possible; map over its "
                "input alone"
            )
        mapped = input.movedim(in_dims[2] or 0, 0)
        output = with_gradients(approximate, gradients, mapped.flatten(0, 1), *others)
        return output.reshape(*mapped.shape[:2], *output.shape[1:]), 0


def _watched(operands: Sequence[Tensor | None]) -> bool:
    """Return whether anything differentiates or maps the call: if not, autograd's 0.1 ms can be spared."""
    wanted = torch.is_grad_enabled() and any(each is not None and each.requires_grad for each in operands)
    forward = torch.autograd.forward_ad._current_level >= 0
    return wanted or forward or torch._C._are_functorch_transforms_active()


def _has_memory(tensor: Tensor) -> bool:
    """Return whether a tensor is one of numbers, not one that `torch.func` has wrapped."""
    try:
        tensor.data_ptr()
    except RuntimeError:
        return False
    return True


def _gradients_of(
    exact: TensorFunction, gradient: Tensor, wanted: Sequence[bool], operands: Sequence[Tensor | None]
) -> list[Tensor | None]:
    leaves = [
        None if operand is None else operand.detach().requires_grad_(want)
        for operand, want in zip(operands, wanted, strict=True)
    ]
    with torch.enable_grad():
        output = exact(*leaves)
    inputs = [leaf for leaf in leaves if leaf is not None and leaf.requires_grad]
    found = iter(torch.autograd.grad(output, inputs, gradient))
    return [next(found) if want else None for want in wanted]
