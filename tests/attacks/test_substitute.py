import pytest
import torch
from torch import nn

from accelsim.attacks import BlackBox, evaluate_attack
from accelsim.attacks.substitute import _augmented
from accelsim.errors import AccelsimError


class Counting(nn.Module):
    """Counts the images it is asked for."""

    def __init__(self, network):
        super().__init__()
        self.network, self.asked = network, 0

    def forward(self, images):
        self.asked += len(images)
        return self.network(images)


def linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 3))


def test_asks_for_no_more_than_the_budget(source, images):
    victim = Counting(source).eval()
    attacker = BlackBox(images, linear, queries=100, epochs=1)
    found = attacker.substitute(victim)
    assert found.queries == 100
    assert victim.asked == 100 + 1  # one to see whether it takes such images at all
    assert attacker.substitute(victim) is found
    assert victim.asked == 101


def test_the_substitute_learns_the_victims_decisions(images):
    torch.manual_seed(0)
    victim = linear().eval()
    found = BlackBox(images, linear, queries=600, epochs=30, learning_rate=0.01).substitute(victim)
    fresh = torch.rand((500, 1, 6, 6), generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        agreement = (found.net(fresh).argmax(dim=1) == victim(fresh).argmax(dim=1)).float().mean()
    assert agreement > 0.8
    assert found.agreement_percent > 80


def test_one_seed_one_substitute(source, images):
    found = [BlackBox(images, linear, queries=80, epochs=1, seed=s).substitute(source) for s in (1, 1, 2)]
    weights = [each.net[1].weight for each in found]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_images_move_along_the_sign_of_the_jacobian():
    net = linear()
    shown = torch.full((2, 1, 6, 6), 0.5)
    moved = _augmented(net, shown, torch.tensor([0, 2]), 0.1)
    wanted = 0.5 + 0.1 * net[1].weight[[0, 2]].sign().reshape(2, 1, 6, 6)
    torch.testing.assert_close(moved, wanted)


def test_attacks_the_substitute_and_judges_on_the_victim(source, images, labels):
    attacker = BlackBox(images[20:], linear, queries=200, epochs=20, learning_rate=0.01)
    outcome = evaluate_attack(attacker, "pgd-linf", source, images[:20], labels[:20], 0.3)
    assert outcome.source_success.percent > 90
    assert outcome.success.count > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"queries": 0}, "query budget is 0; expected a whole number from 1 up"),
        ({"queries": 10}, "query budget 10 does not cover the attacker's 40 images; each is a query"),
        ({"epochs": 0}, "epochs is 0; expected a whole number from 1 up"),
    ],
)
def test_bad_budgets(images, arguments, message):
    with pytest.raises(AccelsimError) as error:
        BlackBox(images, linear, **arguments)
    assert str(error.value) == message
    with pytest.raises(AccelsimError, match="no images of his own"):
        BlackBox(images[:0], linear)
