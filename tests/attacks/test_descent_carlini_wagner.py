import pytest
import torch
from foolbox import PyTorchModel
from torch import nn

from accelsim.attacks import build_attack, craft_minimal
from accelsim.attacks.descent_carlini_wagner import L2DescentCarliniWagnerAttack


@pytest.fixture
def linear():
    """Two classes whose border is a plane, and grey images on one side of it."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        network[1].weight.copy_(torch.randn((2, 16), generator=generator))
        network[1].bias.zero_()
    images = 0.4 + 0.2 * torch.rand((12, 1, 4, 4), generator=generator)
    return network.eval().requires_grad_(False), images


@pytest.mark.parametrize("confidence", [0.0, 0.5])
def test_finds_the_foot_of_the_perpendicular(linear, confidence):
    """On a linear network the nearest example is known: the margin, with the confidence, over the slope."""
    network, images = linear
    logits = network(images)
    labels = logits.argmax(dim=1)
    margin = (logits[:, 0] - logits[:, 1]).abs() + confidence
    slope = (network[1].weight[0] - network[1].weight[1]).norm()
    attack = L2DescentCarliniWagnerAttack(20, 100, confidence=confidence)
    found = attack.run(PyTorchModel(network, bounds=(0, 1), device="cpu"), images, labels)
    distances = (found - images).flatten(1).norm(dim=1)
    assert (distances > 0.999 * margin / slope).all()
    torch.testing.assert_close(distances, margin / slope, rtol=0.03, atol=1e-3)


def test_examples_are_wrong_by_the_confidence(source, images, labels):
    attack = build_attack("cw-descent-l2", confidence=2.0, steps=25, binary_search_steps=15)
    found = craft_minimal(attack, source, images, labels)
    changed = (found.images != images).flatten(1).any(dim=1)
    assert 10 <= int(changed.sum()) <= 35
    with torch.no_grad():
        logits = source(found.images[changed])
    own = logits.gather(1, labels[changed, None]).squeeze(1)
    other = logits.scatter(1, labels[changed, None], -torch.inf).amax(dim=1)
    assert (other - own >= 2.0 - 1e-4).all()


def test_more_confidence_needs_more_noise(source, images, labels):
    def distance(confidence):
        attack = build_attack("cw-descent-l2", confidence=confidence, steps=30)
        found = craft_minimal(attack, source, images, labels)
        return found.norms

    near, far = distance(0.0), distance(1.0)
    both = torch.isfinite(near) & torch.isfinite(far) & (near > 0)
    assert int(both.sum()) > 10
    assert (far[both] > near[both]).all()


def test_an_image_does_not_depend_on_its_company(source, images, labels):
    attack = build_attack("cw-descent-l2", steps=10, binary_search_steps=6)
    together = craft_minimal(attack, source, images, labels)
    alone = craft_minimal(attack, source, images, labels, batch_size=1)
    torch.testing.assert_close(alone.images, together.images, rtol=0, atol=1e-4)


def test_black_and_white_pixels_stay_where_few_iterations_are_allowed(source, images, labels):
    """The step of plain descent carries the slope of tanh, which is nearly 0 at the ends."""
    black_and_white = images.round()
    with torch.no_grad():
        answers = source(black_and_white).argmax(dim=1)
    attack = build_attack("cw-descent-l2", steps=2, binary_search_steps=1)
    found = craft_minimal(attack, source, black_and_white, answers)
    assert not found.fools.any()
