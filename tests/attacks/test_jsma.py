from itertools import combinations

import pytest
import torch
from foolbox import PyTorchModel
from foolbox.criteria import TargetedMisclassification
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from accelsim.attacks import build_attack, craft_minimal
from accelsim.attacks.jsma import JacobianSaliencyMapAttack
from accelsim.attacks.saliency_pairs import best_pairs
from accelsim.errors import AccelsimError


def brute_force(gains, losses, free):
    """Score every pair of one image; return the best score, None without a valid pair."""
    scores = [
        (gains[p] + gains[q]) * (losses[p] + losses[q])
        for p, q in combinations(range(len(gains)), 2)
        if free[p] and free[q] and gains[p] + gains[q] > 0 and losses[p] + losses[q] > 0
    ]
    return max(scores, default=None)


@settings(deadline=None, max_examples=150)
@given(
    size=st.integers(2, 24),
    seed=st.integers(0, 10**6),
    levels=st.sampled_from([0, 2, 5]),
    share=st.sampled_from([0.3, 1.0]),
    slope=st.sampled_from([-1.0, 0.0, 1.0]),
)
def test_pair_equals_the_best_of_all_pairs(size, seed, levels, share, slope):
    generator = torch.Generator().manual_seed(seed)
    gains = torch.randn((3, size), generator=generator)
    losses = torch.randn((3, size), generator=generator) + slope * gains  # fronts long and short
    if levels:  # ties
        gains, losses = ((x * levels).round() / levels for x in (gains, losses))
    free = torch.rand((3, size), generator=generator) < share
    pairs, found = best_pairs(gains, losses, free)
    for image in range(3):
        one = [x[image].double().tolist() for x in (gains, losses)]
        expected = brute_force(*one, free[image].tolist())
        assert bool(found[image]) == (expected is not None)
        if expected is not None:
            p, q = pairs[image].tolist()
            assert p != q
            assert free[image, p]
            assert free[image, q]
            assert (one[0][p] + one[0][q]) * (one[1][p] + one[1][q]) == expected


def test_first_step_is_the_best_pair_of_the_jacobian(source, images, labels):
    with torch.no_grad():
        answers = source(images).argmax(dim=1)
    goals = (answers + 1) % 3
    model = PyTorchModel(source, bounds=(0, 1), device="cpu")
    one_step = JacobianSaliencyMapAttack(gamma=2.5 / 36)
    adversarial = one_step.run(model, images, TargetedMisclassification(goals))
    moved = 0
    for image, goal, result in zip(images, goals.tolist(), adversarial, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda x: source(x[None])[0], image).flatten(1)
        gains = jacobian[goal].double().tolist()
        losses = (jacobian[goal] - jacobian.sum(dim=0)).double().tolist()
        expected = brute_force(gains, losses, (image.flatten() < 1).tolist())
        changed = (result != image).flatten().nonzero().flatten().tolist()
        if expected is None:
            assert changed == []
            continue
        p, q = changed
        score = (gains[p] + gains[q]) * (losses[p] + losses[q])
        assert score == pytest.approx(expected, rel=1e-4)
        assert (result.flatten()[changed] == 1).all()
        moved += 1
    assert moved > 30


def test_by_hand():
    """Class 1 rises with pixels 0 and 3; 0, 1 and 2 only move it and class 0 together."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[-1.0, 1.0, 1.0, -2.0], [1.0, 1.0, 1.0, 1.0]]))
        network[1].bias.copy_(torch.tensor([2.0, 0.0]))
    images = torch.full((1, 1, 2, 2), 0.2)
    examples = craft_minimal(build_attack("jsma-l0", gamma=1.0), network.eval(), images, torch.tensor([0]))
    assert examples.images.flatten().tolist() == pytest.approx([1.0, 0.2, 0.2, 1.0])
    assert examples.norms.tolist() == [2]


def test_darkening_is_brightening_of_the_negative(source, images, labels):
    class Negative(nn.Module):
        def forward(self, pixels):
            return source(1 - pixels)

    up = craft_minimal(build_attack("jsma-l0", gamma=1.0), source, images, labels)
    down = craft_minimal(
        build_attack("jsma-l0", gamma=1.0, theta=-1.0), Negative().eval(), 1 - images, labels
    )
    assert torch.equal(up.fools, down.fools)
    torch.testing.assert_close(1 - down.images, up.images)


def test_all_targets_need_no_more_pixels_than_each(source, images, labels):
    both = craft_minimal(build_attack("jsma-l0", gamma=1.0), source, images, labels)
    runner_up = craft_minimal(build_attack("jsma-l0", gamma=1.0, targets=1), source, images, labels)
    assert (both.norms <= runner_up.norms).all()
    assert (both.norms < runner_up.norms).any()


def test_share_of_pixels_is_kept(source, images, labels):
    model = PyTorchModel(source, bounds=(0, 1), device="cpu")
    adversarial = JacobianSaliencyMapAttack(gamma=0.1).run(model, images, labels)
    assert (adversarial != images).flatten(1).sum(dim=1).max() == 2  # the even number below 0.1 * 36
    goal = TargetedMisclassification(labels)
    with pytest.raises(AccelsimError, match=r"JSMA aims at \(Targeted\)Misclassification"):
        JacobianSaliencyMapAttack().run(model, images, goal & goal)


def test_random_targets_are_wrong_classes_and_reached(source, images, labels):
    attack = build_attack("jsma-l0", gamma=1.0, targets="random")
    found = [craft_minimal(attack, source, images, labels, seed) for seed in range(3)]
    with torch.no_grad():
        answers = [source(each.images).argmax(dim=1) for each in found]
    for each, answer in zip(found, answers, strict=True):
        assert int(each.fools.sum()) > 25
        assert (answer[each.fools] != labels[each.fools]).all()
    assert not torch.equal(answers[0], answers[1])
    nearest = craft_minimal(build_attack("jsma-l0", gamma=1.0), source, images, labels)
    both = nearest.fools & found[0].fools
    assert nearest.norms[both].mean() < found[0].norms[both].mean()
