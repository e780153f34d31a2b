"""The straight-through surrogate: an approximate function with the gradients of an exact one."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["TensorFunction", "straight_through"]

#: A function of tensors: the input, weight and bias of a layer, say.
TensorFunction = Callable[..., Tensor]


def straight_through(approximate: TensorFunction, exact: TensorFunction, *operands: Tensor | None) -> Tensor:
    """Return ``approximate(*operands)``, whose gradients are those of ``exact`` at the same point.

    The surrogate of Bengio, Leonard and Courville, "Estimating or Propagating Gradients Through Stochastic
    Neurons for Conditional Computation", arXiv:1308.3432, 2013. It can be differentiated once.
    """
    output: Tensor = _StraightThrough.apply(approximate, exact, *operands)  # type: ignore[no-untyped-call]
    return output


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        approximate: TensorFunction,
        exact: TensorFunction,
        *operands: Tensor | None,
    ) -> Tensor:
        ctx.exact = exact
        ctx.save_for_backward(*operands)
        return approximate(*operands)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        wanted = ctx.needs_input_grad[2:]
        operands = [
            None if operand is None else operand.detach().requires_grad_(want)
            for operand, want in zip(ctx.saved_tensors, wanted, strict=True)
        ]
        with torch.enable_grad():
            output = ctx.exact(*operands)
        leaves = [leaf for leaf in operands if leaf is not None and leaf.requires_grad]
        gradients = iter(torch.autograd.grad(output, leaves, gradient))
        return None, None, *(next(gradients) if want else None for want in wanted)
