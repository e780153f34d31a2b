import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from accelsim.errors import AccelsimError
from accelsim.models import accuracy_percent, correct_count


class Brightest(nn.Module):
    """Says where the brightest of ten pixels is, and takes note of the batches."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        assert not self.training
        assert not torch.is_grad_enabled()
        self.batches.append(len(images))
        return images.flatten(1)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40), st.integers(1, 50))
def test_it_is_the_share_of_hits(pairs: list[tuple[int, int]], batch_size: int) -> None:
    images = torch.eye(10)[[predicted for predicted, _ in pairs]].reshape(-1, 1, 1, 10)
    labels = torch.tensor([label for _, label in pairs])
    net = Brightest()
    correct = sum(predicted == label for predicted, label in pairs)
    assert accuracy_percent(Brightest(), images, labels, batch_size) == 100 * correct / len(pairs)
    assert correct_count(net, images, labels, batch_size) == correct
    assert sum(net.batches) == len(pairs)
    assert max(net.batches) <= batch_size
    assert net.training


def test_evaluation_mode_is_left_as_it_was() -> None:
    net = Brightest().eval()
    accuracy_percent(net, torch.rand(3, 1, 1, 10), torch.zeros(3, dtype=torch.int64))
    assert not net.training


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(AccelsimError, match="as many labels as images, got 2 for 3"):
        accuracy_percent(Brightest(), torch.rand(3, 1, 1, 10), torch.zeros(2))
    with pytest.raises(AccelsimError, match="got 0 for 0"):
        accuracy_percent(Brightest(), torch.rand(0, 1, 1, 10), torch.zeros(0))
    with pytest.raises(AccelsimError, match="batch size must be at least 1, not 0"):
        accuracy_percent(Brightest(), torch.rand(3, 1, 1, 10), torch.zeros(3), batch_size=0)
