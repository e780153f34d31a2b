from types import SimpleNamespace

import pytest
import torch
from foolbox import PyTorchModel
from torch import nn

from accelsim.attacks import build_attack, craft_minimal
from accelsim.attacks.sampled_boundary import SampledBoundaryAttack, _Walk


@pytest.fixture
def model(source):
    return PyTorchModel(source.requires_grad_(False), bounds=(0, 1), device="cpu")


def walk(model, images, labels, **parameters):
    torch.manual_seed(7)
    right = model(images).argmax(dim=1) == labels
    found = _Walk(SampledBoundaryAttack(**parameters), model, images[right], labels[right])
    found.start()
    return found, images[right], labels[right]


def test_every_step_fools_and_comes_nearer(model, images, labels):
    found, shown, known = walk(model, images, labels)
    distance = (found.points - shown.flatten(1)).norm(dim=1)
    began = distance.clone()
    for _ in range(15):
        found.step()
        assert (model(found.points.view_as(shown)).argmax(dim=1) != known).all()
        nearer = (found.points - shown.flatten(1)).norm(dim=1)
        assert (nearer <= distance + 1e-5).all()
        distance = nearer
    assert distance.mean() < 0.6 * began.mean()


def test_candidates_are_as_far_from_the_image_as_the_point(model, images, labels):
    found, shown, _ = walk(model, images * 0.1 + 0.45, labels)
    found.model = SimpleNamespace(bounds=(-50, 50))
    which = torch.arange(len(shown))
    found.around[:] = 0.3
    drawn = found._drawn(which).view(len(shown), 20, -1)
    distances = (drawn - found.images[:, None]).norm(dim=2)
    expected = (found.points - found.images).norm(dim=1, keepdim=True).expand_as(distances)
    # As projected, not rescaled: never farther, and hardly nearer.
    assert (distances <= expected * 1.0001).all()
    torch.testing.assert_close(distances, expected, rtol=0.05, atol=0)


def test_comes_to_the_border_of_a_linear_network():
    network = nn.Sequential(nn.Flatten(), nn.Linear(9, 2)).requires_grad_(False).eval()
    generator = torch.Generator().manual_seed(3)
    network[1].weight.copy_(torch.randn((2, 9), generator=generator))
    network[1].bias.copy_(-0.5 * network[1].weight.sum(dim=1))  # the border passes through grey
    images = 0.4 + 0.2 * torch.rand((6, 1, 3, 3), generator=generator)
    logits = network(images)
    least = (logits[:, 0] - logits[:, 1]).abs() / (network[1].weight[0] - network[1].weight[1]).norm()
    found = craft_minimal(
        build_attack("boundary-sampled-l2", steps=20), network, images, logits.argmax(dim=1)
    )
    assert found.fools.all()
    assert (found.norms >= least * 0.999).all()
    torch.testing.assert_close(found.norms, least, rtol=0.3, atol=5e-3)


def test_without_noise_that_fools_it_begins_at_an_image_of_another_class(source, images, labels):
    found = craft_minimal(build_attack("boundary-sampled-l2", steps=1, draws=0), source, images, labels)
    assert found.fools.all()
    assert int((found.norms > 0).sum()) == 35, "all but those that are wrong anyway"


def test_an_image_without_any_start_is_left_alone(source, images, labels):
    with torch.no_grad():
        answers = source(images).argmax(dim=1)
    same = images[answers == answers[0]]
    attack = build_attack("boundary-sampled-l2", steps=2, draws=0)
    found = craft_minimal(attack, source, same, answers[answers == answers[0]])
    assert not found.fools.any()
    assert torch.equal(found.images, same)


def test_the_seed_decides(source, images, labels):
    attack = build_attack("boundary-sampled-l2", steps=3)
    first, again, other = (craft_minimal(attack, source, images, labels, seed) for seed in (1, 1, 2))
    assert torch.equal(first.images, again.images)
    assert not torch.equal(first.images, other.images)
