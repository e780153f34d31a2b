import copy
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from foolbox import PyTorchModel
from foolbox.attacks.base import FixedEpsilonAttack
from foolbox.distances import l2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from accelsim.attacks import ATTACKS, Attack, attack_names, build_attack, craft
from accelsim.errors import AccelsimError

DETERMINISTIC = ["fgm-l2", "fgm-linf", "bim-l2", "bim-linf", "cr-l2"]
RANDOM = ["pgd-l2", "pgd-linf", "rag-l2", "rau-l2", "rau-linf"]
NOISE = ["rag-l2", "rau-l2", "rau-linf"]


def norms(perturbation: torch.Tensor, norm: str) -> torch.Tensor:
    flat = perturbation.flatten(1)
    return (flat**2).sum(dim=1).sqrt() if norm == "l2" else flat.abs().max(dim=1).values


def two_class_line(weights: list[float]) -> nn.Module:
    """Return a classifier with logits 0 and w.x: the loss rises along w for label 0, along -w for label 1."""
    network = nn.Linear(len(weights), 2, bias=False)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[0.0] * len(weights), weights]))
    return network.eval()


@pytest.mark.parametrize("name", attack_names("fixed-budget"))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(budget=st.floats(1e-3, 3), seed=st.integers(0, 10))
def test_stays_in_the_ball_and_in_the_pixels_range(name, budget, seed, source, images, labels):
    attack = build_attack(name, passes=1) if name.startswith("uap") else name
    adversarial = craft(attack, source, images, labels, budget, seed)
    assert norms(adversarial - images, ATTACKS[name].norm).max() <= budget * (1 + 1e-5) + 1e-6
    assert adversarial.min() >= 0
    assert adversarial.max() <= 1
    assert adversarial.dtype == images.dtype


@pytest.mark.parametrize("name", attack_names("fixed-budget"))
def test_budget_zero_is_the_clean_images(name, source, images, labels):
    adversarial = craft(name, source, images, labels, 0)
    assert torch.equal(adversarial, images)
    assert adversarial.data_ptr() != images.data_ptr()


def test_fast_gradient_by_hand():
    weights = [0.6, -0.8, 0.0, 0.0]
    images = torch.tensor([[0.5, 0.5, 0.5, 0.5], [0.95, 0.05, 0.2, 1.0], [0.5, 0.5, 0.5, 0.5]])
    labels = torch.tensor([0, 0, 1])
    linf = craft("fgm-linf", two_class_line(weights), images, labels, 0.1)
    expected = [[0.6, 0.4, 0.5, 0.5], [1.0, 0.0, 0.2, 1.0], [0.4, 0.6, 0.5, 0.5]]
    torch.testing.assert_close(linf, torch.tensor(expected))
    # w has Euclidean norm 1, so that the step is budget * w
    l2 = craft("fgm-l2", two_class_line(weights), images, labels, 0.2)
    expected = [[0.62, 0.34, 0.5, 0.5], [1.0, 0.0, 0.2, 1.0], [0.38, 0.66, 0.5, 0.5]]
    torch.testing.assert_close(l2, torch.tensor(expected))


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_iterating_on_a_line_ends_where_one_step_does(norm):
    images, labels = torch.full((2, 3), 0.5), torch.tensor([0, 1])
    network = two_class_line([1.0, -2.0, 3.0])
    torch.testing.assert_close(
        craft(f"bim-{norm}", network, images, labels, 0.3), craft(f"fgm-{norm}", network, images, labels, 0.3)
    )


def test_projected_descent_on_a_line_goes_a_third_of_the_budget_or_more():
    # 40 steps of budget / 30 from a start at worst one budget behind the image, in the l-inf ball
    images, labels = torch.full((20, 3), 0.5), torch.zeros(20, dtype=torch.int64)
    step = craft("pgd-linf", two_class_line([1.0, -2.0, 3.0]), images, labels, 0.3) - images
    assert (step * torch.tensor([1.0, -1.0, 1.0])).min() >= 0.1 - 1e-6
    assert step.std(dim=0).min() > 0, "the random starts are all the same"


def test_contrast_reduction_by_hand():
    images, labels = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.5, 0.4]]), torch.tensor([0, 0])
    adversarial = craft("cr-l2", two_class_line([1.0, 0.0, 0.0, 0.0]), images, labels, 0.6)
    # the first is 1 away from grey and goes 0.6 of the way; the second arrives
    torch.testing.assert_close(adversarial, torch.tensor([[0.3] * 4, [0.5] * 4]))


@pytest.mark.parametrize("name", DETERMINISTIC)
@pytest.mark.parametrize("budget", [0.1, 1.0])
def test_deterministic_attacks_equal_foolbox_called_image_by_image(name, budget, source, images, labels):
    model = PyTorchModel(source, bounds=(0, 1), device="cpu")
    ours = craft(name, source, images, labels, budget)
    for index in range(len(images)):
        one = slice(index, index + 1)
        _, theirs, _ = ATTACKS[name].construct()(model, images[one], labels[one], epsilons=budget)
        torch.testing.assert_close(ours[one], theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", NOISE)
def test_repeated_noise_changes_only_what_it_fools(name, source, images, labels):
    adversarial = craft(name, source, images, labels, 0.3 if name.endswith("linf") else 1.0)
    changed = (adversarial != images).flatten(1).any(dim=1)
    assert 0 < changed.sum() < len(images)
    with torch.no_grad():
        assert (source(adversarial).argmax(dim=1)[changed] != labels[changed]).all()
        assert (source(images).argmax(dim=1)[changed] == labels[changed]).all()


@pytest.mark.parametrize("name", RANDOM)
def test_same_seed_same_images_whatever_was_drawn_before(name, source, images, labels):
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    first = craft(name, source, images, labels, 1.0, 5)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert torch.equal(craft(name, source, images, labels, 1.0, 5), first)
    assert not torch.equal(craft(name, source, images, labels, 1.0, 6), first)


@pytest.mark.parametrize("name", attack_names("fixed-budget"))
def test_the_callers_generators_are_left_alone(name, source, images, labels):
    before = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    craft(name, source, images, labels, 1.0)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert all(np.array_equal(a, b) for a, b in zip(np.random.get_state(), before[1], strict=True))  # noqa: NPY002


def test_attacks_that_draw_from_numpy_are_seeded_too(source, images, labels, monkeypatch):
    class Legacy(FixedEpsilonAttack):
        distance = l2

        def run(self, model, inputs, criterion, *, epsilon, **kwargs):
            noise = np.random.standard_normal(tuple(inputs.shape))  # noqa: NPY002
            return inputs + torch.from_numpy(noise).float()

    module = ModuleType("legacy_attack")
    module.Legacy = Legacy
    monkeypatch.setitem(sys.modules, "legacy_attack", module)
    attack = Attack("legacy", "l2", False, "noise", "legacy_attack:Legacy", {})
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = craft(attack, source, images, labels, 1.0, 5)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(9)  # noqa: NPY002
    assert torch.equal(craft(attack, source, images, labels, 1.0, 5), first)
    assert norms(first - images, "l2").max() <= 1 + 1e-5
    assert 0 <= first.min() <= first.max() <= 1, "an attack of the user's own may leave the range"


def test_each_batch_has_its_own_stream(source, images, labels):
    twice = torch.cat([images[:5], images[:5]])
    adversarial = craft("pgd-l2", source, twice, torch.cat([labels[:5]] * 2), 0.5, batch_size=5)
    assert not torch.equal(adversarial[:5], adversarial[5:])


def test_leading_batches_do_not_depend_on_later_ones(source, images, labels):
    whole = craft("pgd-l2", source, images, labels, 0.5, batch_size=10)
    assert torch.equal(craft("pgd-l2", source, images[:20], labels[:20], 0.5, batch_size=10), whole[:20])


def test_the_source_is_left_alone(source, images, labels):
    before = copy.deepcopy(source.state_dict())
    craft("pgd-l2", source, images, labels, 0.5)
    assert all(torch.equal(source.state_dict()[key], before[key]) for key in before)
    assert all(parameter.requires_grad and parameter.grad is None for parameter in source.parameters())
    assert source[0].weight.is_contiguous()
    assert not images.requires_grad


def test_works_where_gradients_are_switched_off(source, images, labels):
    expected = craft("bim-linf", source, images, labels, 0.1)
    with torch.no_grad():
        assert torch.equal(craft("bim-linf", source, images, labels, 0.1), expected)


def test_networks_that_view_their_activations(source, images, labels):
    class Viewing(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.linear = copy.deepcopy(source[0]), copy.deepcopy(source[3])

        def forward(self, pixels):
            return self.linear(self.conv(pixels).relu().view(len(pixels), -1))

    torch.testing.assert_close(
        craft("bim-l2", Viewing().eval(), images, labels, 0.5), craft("bim-l2", source, images, labels, 0.5)
    )


def test_tells_when_a_batch_is_finished(source, images, labels):
    calls = []
    craft("fgm-l2", source, images, labels, 0.5, batch_size=15, finished=lambda: calls.append(1))
    assert len(calls) == 3


def test_parameters_count(source, images, labels):
    images = images / 2 + 0.25  # so that no step leaves the range
    weak = craft(build_attack("bim-l2", steps=1, rel_stepsize=0.01), source, images, labels, 1.0)
    torch.testing.assert_close(norms(weak - images, "l2"), torch.full((40,), 0.01), atol=1e-6, rtol=0)


@pytest.mark.parametrize("budget", [-0.1, float("nan"), float("inf"), None, "small"])
def test_bad_budget(budget, source, images, labels):
    with pytest.raises(AccelsimError, match=f"budget {budget} is out of range; expected a finite number"):
        craft("fgm-l2", source, images, labels, budget)


def test_bad_input(source, images, labels):
    with pytest.raises(AccelsimError, match="unknown attack fgm"):
        craft("fgm", source, images, labels, 0.1)
    with pytest.raises(AccelsimError, match="no images"):
        craft("fgm-l2", source, images[:0], labels[:0], 0.1)
    with pytest.raises(AccelsimError, match="pixels range from"):
        craft("fgm-l2", source, images * 255, labels, 0.1)
    with pytest.raises(AccelsimError, match="label 3 is not one of the source's 3 classes"):
        craft("fgm-l2", source, images, labels * 0 + 3, 0.1)
    with pytest.raises(AccelsimError, match="batch size 0"):
        craft("fgm-l2", source, images, labels, 0.1, batch_size=0)
    with pytest.raises(AccelsimError, match="the source network is in training mode"):
        craft("fgm-l2", source.train(), images, labels, 0.1)


def test_source_without_gradient(source, images, labels):
    class Opaque(nn.Module):
        def forward(self, pixels):
            return source(pixels).detach()

    with pytest.raises(AccelsimError, match="the source network passes no gradient to its images"):
        craft("fgm-l2", Opaque().eval(), images, labels, 0.1)
    craft("cr-l2", Opaque().eval(), images, labels, 0.1)


def test_source_that_answers_nan_later(source, images, labels):
    class Overflowing(nn.Module):
        def forward(self, pixels):
            grey = pixels.flatten(1).mean(dim=1, keepdim=True)
            return source(pixels) + torch.where(grey > grey[:1] + 1e-3, torch.nan, 0.0)

    with pytest.raises(AccelsimError, match="the source network answers NaN logits to"):
        craft("pgd-linf", Overflowing().eval(), images, labels, 0.5)
