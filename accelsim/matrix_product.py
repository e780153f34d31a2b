"""The product of an input and a parameter, as a layer."""

from torch import Tensor, nn

__all__ = ["MatrixProduct"]


class MatrixProduct(nn.Module):
    """``input @ weight``: a linear layer whose weight has one column, not one row, per output.

    Parameters
    ----------
    weight : nn.Parameter of shape (in_features, out_features)
        The parameter, which is shared.
    """

    bias = None

    def __init__(self, weight: nn.Parameter) -> None:
        super().__init__()
        self.in_features, self.out_features = weight.shape
        self.weight = weight

    def forward(self, input: Tensor) -> Tensor:
        """Return the product (..., out_features) of an input (..., in_features)."""
        return input @ self.weight
