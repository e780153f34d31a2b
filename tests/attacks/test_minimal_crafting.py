import copy

import numpy as np
import pytest
import torch
from foolbox import PyTorchModel
from torch import nn

from accelsim.attacks import (
    ATTACKS,
    attack_names,
    build_attack,
    craft_minimal,
    evaluate_robustness,
    perturbation_norms,
)
from accelsim.errors import AccelsimError

#: Steps that suffice for networks this small.
FEW = {
    "cw-l2": {"steps": 100, "binary_search_steps": 5, "stepsize": 0.05, "initial_const": 0.1},
    "boundary-l2": {"steps": 300},
    "hopskipjump-l2": {"steps": 8},
    "hopskipjump-linf": {"steps": 8},
    "jsma-l0": {"gamma": 1.0},
    "lsa-l0": {"t": 1, "start": 1.0},
    "min-fgm-l2": {"levels": 50},
    "min-pgd-l2": {"levels": 20, "steps": 10},
    "min-pgd-linf": {"levels": 20, "steps": 10},
}
NAMES = attack_names("minimal-norm")
FOOLBOX = ["deepfool-l2", "deepfool-linf", "cw-l2", "boundary-l2", "hopskipjump-l2", "hopskipjump-linf"]
RANDOM = ["boundary-l2", "hopskipjump-l2", "hopskipjump-linf"]


def quick(name):
    return build_attack(name, **FEW.get(name, {}))


def answers(network, images):
    with torch.no_grad():
        return network(images).argmax(dim=1)


@pytest.fixture
def line():
    """Two classes divided by the plane x.w = 1: the smallest perturbations are known."""
    network = nn.Linear(4, 2)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[0.0] * 4, [2.0, -1.0, 0.5, 1.5]]))
        network.bias.copy_(torch.tensor([0.0, -1.0]))
    return network.eval()


@pytest.mark.parametrize("name", NAMES)
def test_every_image_fools_and_those_misclassified_are_left(name, source, images, labels):
    examples = craft_minimal(quick(name), source, images, labels)
    assert torch.equal(examples.fools, answers(source, examples.images) != labels)
    assert examples.fools.float().mean() > 0.95 if name == "lsa-l0" else examples.fools.all()  # it is greedy
    assert 0 <= examples.images.min() <= examples.images.max() <= 1
    assert examples.images.dtype == images.dtype
    norms = perturbation_norms(examples.images - images, ATTACKS[name].norm).where(examples.fools, torch.inf)
    assert torch.equal(examples.norms, norms)
    # those misclassified already are left as they are
    wrong = answers(source, images) != labels
    assert wrong.sum() == 5
    assert torch.equal(examples.images[wrong], images[wrong])
    assert (examples.norms[wrong] == 0).all()
    assert (examples.norms[~wrong] > 0).all()


@pytest.mark.parametrize("name", FOOLBOX)
def test_distance_to_a_plane(name, line):
    images = torch.tensor([[0.5, 0.5, 0.5, 0.45], [0.6, 0.5, 0.4, 0.5], [0.4, 0.5, 0.6, 0.4]])
    labels = answers(line, images)
    weights = line.weight[1].detach()
    margins = (images @ weights - 1).abs()
    expected = margins / {"l2": weights.norm(), "linf": weights.abs().sum()}[ATTACKS[name].norm]
    norms = craft_minimal(quick(name), line, images, labels).norms
    assert (norms >= expected * (1 - 1e-4)).all(), "nearer than the boundary"
    slack = 1.6 if name == "boundary-l2" else 1.2  # its walk has not ended after so few steps
    assert (norms <= expected * slack + 2e-4).all()


@pytest.mark.parametrize("name", ["deepfool-l2", "deepfool-linf", "cw-l2"])
def test_equals_foolbox_called_on_the_images_classified_correctly(name, source, images, labels):
    right = answers(source, images) == labels
    model = PyTorchModel(source, bounds=(0, 1), device="cpu")
    _, theirs, success = quick(name).construct()(model, images[right], labels[right], epsilons=None)
    ours = craft_minimal(quick(name), source, images, labels)
    assert success.all()
    torch.testing.assert_close(ours.images[right], theirs, atol=2e-4, rtol=0)


@pytest.mark.parametrize("name", RANDOM)
def test_same_seed_same_images_whatever_was_drawn_before(name, source, images, labels):
    attack = quick(name).with_parameters(steps=3)
    torch.manual_seed(1)
    first = craft_minimal(attack, source, images, labels, 5)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert torch.equal(craft_minimal(attack, source, images, labels, 5).images, first.images)
    assert not torch.equal(craft_minimal(attack, source, images, labels, 6).images, first.images)


@pytest.mark.parametrize("name", RANDOM)
def test_the_callers_generators_are_left_alone(name, source, images, labels):
    before = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    craft_minimal(quick(name).with_parameters(steps=1), source, images, labels)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert all(np.array_equal(a, b) for a, b in zip(np.random.get_state(), before[1], strict=True))  # noqa: NPY002


def test_leading_batches_do_not_depend_on_later_ones(source, images, labels):
    attack = quick("boundary-l2").with_parameters(steps=20)
    calls = []
    whole = craft_minimal(
        attack, source, images, labels, batch_size=10, finished=lambda: calls.append(1)
    ).images
    part = craft_minimal(attack, source, images[:20], labels[:20], batch_size=10).images
    assert torch.equal(part, whole[:20])
    assert len(calls) == 4


def test_the_source_is_left_alone(source, images, labels):
    before = copy.deepcopy(source.state_dict())
    craft_minimal("deepfool-l2", source, images, labels)
    assert all(torch.equal(source.state_dict()[key], before[key]) for key in before)
    assert all(parameter.requires_grad and parameter.grad is None for parameter in source.parameters())
    assert source[0].weight.is_contiguous()


class NoiseIsZero(nn.Module):
    """Bright and dark images are classes 1 and 2; noise, as anything in between, is class 0."""

    def forward(self, pixels):
        grey = pixels.flatten(1).mean(dim=1)
        return torch.stack([torch.full_like(grey, 0.25), grey - 0.45, 0.55 - grey], dim=1)


@pytest.mark.parametrize("name", RANDOM)
def test_starts_from_another_image_where_noise_does_not_fool(name):
    generator = torch.Generator().manual_seed(1)
    images = 0.4 + 0.2 * torch.rand((6, 1, 8, 8), generator=generator)
    images[:2] = 0.9
    labels = answers(NoiseIsZero(), images)
    assert labels.tolist() == [1, 1, 0, 0, 0, 0]
    examples = craft_minimal(quick(name), NoiseIsZero().eval(), images, labels)
    assert examples.fools.all()


@pytest.mark.parametrize("name", RANDOM)
def test_images_without_a_start_do_not_lose_the_batch(name):
    images = torch.full((4, 1, 8, 8), 0.5)
    labels = torch.tensor(
        [0, 1, 0, 0]
    )  # class 0 has neither noise nor an image of another class to start from
    examples = craft_minimal(quick(name), NoiseIsZero().eval(), images, labels)
    assert examples.fools.tolist() == [False, True, False, False]
    assert examples.norms.tolist() == [torch.inf, 0, torch.inf, torch.inf]
    assert torch.equal(examples.images, images)
    images[1] = 0.9
    examples = craft_minimal(quick(name), NoiseIsZero().eval(), images, labels)
    assert examples.fools.all()


def test_failed_images_are_the_clean_ones(source, images, labels):
    class Constant(nn.Module):
        def forward(self, pixels):
            return 1e-9 * pixels.flatten(1)[:, :3] + torch.tensor([1.0, 0.0, 0.0])

    weak = build_attack("cw-l2", steps=3, binary_search_steps=1)
    examples = craft_minimal(weak, Constant().eval(), images, labels * 0)
    assert not examples.fools.any()
    assert torch.equal(examples.images, images)
    assert (examples.norms == torch.inf).all()


def test_kinds_are_not_mixed(source, images, labels):
    with pytest.raises(AccelsimError, match="^attack fgm-l2 works within a budget"):
        craft_minimal("fgm-l2", source, images, labels)
    with pytest.raises(AccelsimError, match="^attack cw-l2 has no budget: it looks for the smallest"):
        evaluate_robustness(source, {"same": source}, ["fgm-l2", "cw-l2"], [0.1], images, labels)


def test_bad_input(source, images, labels):
    with pytest.raises(AccelsimError, match="unknown attack deepfol-l2; did you mean deepfool-l2"):
        craft_minimal("deepfol-l2", source, images, labels)
    with pytest.raises(AccelsimError, match="pixels range from"):
        craft_minimal("deepfool-l2", source, images * 255, labels)
    with pytest.raises(AccelsimError, match="label 3 is not one of the source's 3 classes"):
        craft_minimal("deepfool-l2", source, images, labels * 0 + 3)
    with pytest.raises(AccelsimError, match="seed is 'x'"):
        craft_minimal("deepfool-l2", source, images, labels, "x")


@pytest.mark.parametrize("name", ["deepfool-linf", "cw-l2", "boundary-l2", "hopskipjump-l2"])
def test_source_that_answers_nan_later(name, source, images, labels):
    class Overflowing(nn.Module):
        def forward(self, pixels):
            changed = (pixels.flatten(1)[:, None] != images.flatten(1)).any(dim=2).all(dim=1)
            return source(pixels) + torch.where(changed, torch.nan, 0.0)[:, None]

    with pytest.raises(AccelsimError, match="the source network answers NaN logits to"):
        craft_minimal(quick(name), Overflowing().eval(), images, labels)
