"""Square attack and RayS on linear networks, whose nearest adversarial example is known."""

import itertools

import pytest
import torch
from torch import nn

from accelsim.attacks import build_attack, craft
from accelsim.attacks.minimal_crafting import craft_minimal


def linear(images, classes=2):
    """A linear network whose classes meet in the middle of the images."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net = nn.Sequential(nn.Flatten(), nn.Linear(images[0].numel(), classes))
    with torch.no_grad():
        net[1].bias -= net(images).mean(dim=0)
    return net.eval().requires_grad_(False)


@pytest.fixture
def images():
    return torch.rand((60, 1, 2, 3), generator=torch.Generator().manual_seed(5))


def test_square_breaks_what_the_best_corner_breaks(images):
    """A linear margin is smallest at a corner of the ball: try all 64."""
    net, budget = linear(images), 0.12
    labels = net(images).argmax(dim=1)
    corners = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=6))).view(-1, 1, 1, 2, 3)
    reach = (images + budget * corners).clamp(0, 1)
    breakable = torch.stack([net(batch).argmax(dim=1) != labels for batch in reach]).any(dim=0)
    assert 10 < int(breakable.sum()) < 50
    adversarial = craft(build_attack("square-linf", steps=300), net, images, labels, budget)
    assert torch.equal(net(adversarial).argmax(dim=1) != labels, breakable)
    assert float((adversarial - images).abs().max()) <= budget + 1e-6
    assert torch.equal(
        adversarial, craft(build_attack("square-linf", steps=300), net, images, labels, budget)
    )


def test_square_stops_at_images_that_are_wrong(images):
    net = linear(images)
    wrong = 1 - net(images).argmax(dim=1)
    seen = []
    net.register_forward_pre_hook(lambda module, inputs: seen.append(len(inputs[0])))
    craft(build_attack("square-linf", steps=50), net, images, wrong, 1e-4)
    assert max(seen) == len(images)
    assert sum(size > 1 for size in seen) == 1


def test_rays_finds_the_distance_to_the_plane():
    """In linf it is the margin over the sum of the weights' differences."""
    images = 0.5 + 0.2 * (torch.rand((40, 1, 4, 4), generator=torch.Generator().manual_seed(6)) - 0.5)
    net = linear(images)
    labels = net(images).argmax(dim=1)
    logits = net(images)
    margin = (logits[:, 0] - logits[:, 1]).abs()
    exact = margin / (net[1].weight[0] - net[1].weight[1]).abs().sum()
    found = craft_minimal(build_attack("rays-linf", queries=3000, tolerance=1e-5), net, images, labels)
    reached = exact < 0.3  # the others' perturbations would leave [0, 1]
    assert int(reached.sum()) > 20
    assert found.fools[reached].all()
    ratio = found.norms[reached] / exact[reached]
    assert float(ratio.min()) > 0.999
    assert float(ratio.max()) < 1.02


def test_rays_asks_no_more_than_it_may():
    images = torch.rand((8, 1, 4, 4), generator=torch.Generator().manual_seed(7))
    net = linear(images, 3)
    labels = net(images).argmax(dim=1)
    asked = []
    net[1].register_forward_pre_hook(lambda module, inputs: asked.append(len(inputs[0])))
    found = craft_minimal(build_attack("rays-linf", queries=30), net, images, labels)
    bisection = 11  # of the radius 1 to 1e-3, which may be under way when the last query is spent
    assert sum(asked) <= len(images) * (30 + bisection + 4)
    assert (found.images >= 0).all()
    assert (found.images <= 1).all()


def test_an_image_that_nothing_fools_is_left(images):
    class Stubborn(nn.Module):
        def forward(self, images):
            return torch.tensor([1.0, 0.0]).expand(len(images), 2)

    labels = torch.zeros(len(images), dtype=torch.int64)
    found = craft_minimal(build_attack("rays-linf", queries=20), Stubborn().eval(), images, labels)
    assert not found.fools.any()
    assert torch.equal(found.images, images)
