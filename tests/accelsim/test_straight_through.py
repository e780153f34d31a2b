"""Surrogate gradients: where they are, and where nothing asks for them."""

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from accelsim import straight_through as module
from accelsim.straight_through import straight_through


def rounded(x: Tensor) -> Tensor:
    return x.detach().round()


def cubed(x: Tensor) -> Tensor:
    return x**3


def test_gradients_are_those_of_the_exact_function() -> None:
    x = torch.tensor([0.4, 1.7], requires_grad=True)
    output = straight_through(rounded, cubed, x)
    assert output.tolist() == [0, 2]
    output.sum().backward()
    torch.testing.assert_close(x.grad, 3 * x.detach() ** 2)


@pytest.mark.parametrize("requires_grad", [False, True])
def test_without_gradients_autograd_is_spared(requires_grad: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_Surrogate", None)
    x = torch.tensor([0.4, 1.7], requires_grad=requires_grad)
    with torch.set_grad_enabled(not requires_grad):
        assert straight_through(rounded, cubed, x).tolist() == [0, 2]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch, in its own code
def test_forward_mode_is_refused_with_gradients_off_too() -> None:
    """A tangent would be dropped silently."""
    with torch.no_grad(), forward_ad.dual_level():
        x = forward_ad.make_dual(torch.ones(2), torch.ones(2))
        with pytest.raises(NotImplementedError, match="jvp"):
            straight_through(rounded, cubed, x)
