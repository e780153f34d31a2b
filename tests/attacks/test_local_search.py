import pytest
import torch
from foolbox.types import Bounds
from torch import nn

from accelsim.attacks import build_attack, craft_minimal
from accelsim.attacks.local_search import LocalSearchAttack
from accelsim.errors import AccelsimError


class Recorder(nn.Module):
    """A Foolbox model in miniature that remembers what it was shown."""

    bounds = Bounds(0.0, 1.0)

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.shown = []

    def forward(self, pixels):
        self.shown.append(pixels)
        return self.network(pixels)


def changed_value(pixel, r):
    value = r * (pixel - 0.5)
    return value + 0.5 + (1 if value < -0.5 else -1 if value > 0.5 else 0)


def log_probability(network, image, label):
    return network(image[None]).double().log_softmax(dim=1)[0, label].item()


@torch.no_grad()
@pytest.mark.parametrize("p", [None, 3.0])
@pytest.mark.parametrize("t", [1, 3])
def test_first_round_equals_an_exhaustive_search(source, images, p, t):
    labels = source(images).argmax(dim=1)
    adversarial = LocalSearchAttack(p=p, t=t, rounds=1, start=1.0).run(Recorder(source), images, labels)
    for image, label, result in zip(images, labels.tolist(), adversarial, strict=True):
        scores = {}
        for y in range(6):
            for x in range(6):
                probe = image.clone()
                old = image[0, y, x].item()
                sign = 1 if old > 0.5 else -1
                probe[0, y, x] = changed_value(old, 1.5) if p is None else 0.5 + p * sign
                scores[y, x] = log_probability(source, probe, label)
        expected = image.clone()
        for y, x in sorted(scores, key=scores.get)[:t]:
            expected[0, y, x] = changed_value(image[0, y, x].item(), 1.5)
        torch.testing.assert_close(result, expected)


@torch.no_grad()
def test_next_round_probes_the_squares_around_and_nothing_twice(source, images):
    labels = source(images[:1]).argmax(dim=1)
    recorder = Recorder(lambda pixels: source(pixels) * 0 + torch.eye(3)[labels])  # is never fooled
    LocalSearchAttack(d=1, t=1, rounds=2, start=1.0).run(recorder, images[:1], labels)
    _, first, after, second = recorder.shown
    assert len(first) == 36
    centre = (after != images[:1]).nonzero()[0, 2:]
    probed = {tuple((probe != after[0]).nonzero()[0, 1:].tolist()) for probe in second}
    square = {
        (y, x)
        for y in range(max(0, centre[0] - 1), min(6, centre[0] + 2))
        for x in range(max(0, centre[1] - 1), min(6, centre[1] + 2))
    }
    assert probed == square - {tuple(centre.tolist())}


def test_batches_of_images_equal_single_ones(source, images, labels):
    attack = build_attack("lsa-l0", t=2, start=1.0)
    whole = craft_minimal(attack, source, images, labels)
    single = craft_minimal(attack, source, images, labels, batch_size=1)
    torch.testing.assert_close(whole.images, single.images)


def test_pixels_that_are_not_chosen_keep_every_bit(source):
    """Dark grey levels of 8 bits, which do not survive being centred and moved back."""
    grey = torch.randint(1, 40, (20, 1, 6, 6), generator=torch.Generator().manual_seed(4)) / 255
    assert ((grey - 0.5) + 0.5 != grey).any()
    with torch.no_grad():
        labels = source(grey).argmax(dim=1)
    found = craft_minimal(build_attack("lsa-l0", t=2, rounds=1, start=1.0), source, grey, labels)
    assert found.fools.sum() > 2
    assert (found.norms[found.fools] == 2).all()


def test_colours_change_together():
    class Red(nn.Module):
        def forward(self, pixels):
            return torch.stack([pixels[:, 0].amax(dim=(1, 2)), pixels[:, 1].mean(dim=(1, 2)) + 0.5], dim=1)

    images = torch.full((1, 3, 4, 4), 0.2)
    images[0, 0, 1, 2] = 0.95
    examples = craft_minimal(build_attack("lsa-l0", t=1, start=1.0), Red().eval(), images, torch.tensor([0]))
    assert examples.fools.all()
    changed = (examples.images != images)[0]
    assert changed.sum(dim=(1, 2)).unique().numel() == 1
    assert changed[:, 1, 2].all()


@torch.no_grad()
def test_flat_images_are_refused():
    network, images = nn.Linear(4, 2).eval(), torch.rand(2, 4)
    with pytest.raises(AccelsimError, match=r"local search needs images of shape .*; not \(2, 4\)"):
        craft_minimal("lsa-l0", network, images, network(images).argmax(dim=1))
