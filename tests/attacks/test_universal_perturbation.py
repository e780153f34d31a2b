import pytest
import torch
from foolbox import PyTorchModel

from accelsim.attacks import build_attack, craft, perturbation_norms
from accelsim.attacks.universal_perturbation import UniversalPerturbationAttack


@pytest.fixture
def model(source):
    return PyTorchModel(source.requires_grad_(False), bounds=(0, 1), device="cpu")


@pytest.mark.parametrize("group", [1, 8])
@pytest.mark.parametrize(("norm", "radius"), [("l2", 4.0), ("linf", 0.9)])
def test_fools_what_it_promises_within_the_ball(model, images, labels, norm, radius, group):
    attack = UniversalPerturbationAttack(norm, delta=0.4, group=group)
    shift = attack.perturbation(model, images, labels, epsilon=radius)
    assert shift.shape == (1, 1, 6, 6)
    assert perturbation_norms(shift, norm).item() <= radius * (1 + 1e-6)
    fooled = model((images + shift).clamp(0, 1)).argmax(dim=1) != labels
    assert fooled.float().mean() >= 0.6
    assert torch.equal(attack.run(model, images, labels, epsilon=radius), (images + shift).clamp(0, 1))


def test_one_perturbation_whatever_the_batches(source, images, labels):
    images = images / 2 + 0.25  # so that nothing is clipped
    adversarial = craft("uap-linf", source, images, labels, 0.2, batch_size=7)
    shift = adversarial - images
    torch.testing.assert_close(shift, shift[:1].expand_as(shift))
    assert torch.equal(craft("uap-linf", source, images, labels, 0.2), adversarial)


def test_progress_counts_batches(source, images, labels):
    calls = []
    craft("uap-l2", source, images, labels, 0.1, batch_size=7, finished=lambda: calls.append(1))
    assert len(calls) == 6


def test_keeps_the_best_of_its_passes(model, images, labels):
    def withstanding(passes):
        attack = UniversalPerturbationAttack("linf", delta=0.0, passes=passes)
        shift = attack.perturbation(model, images, labels, epsilon=0.25)
        return int((model((images + shift).clamp(0, 1)).argmax(dim=1) == labels).sum())

    counts = [withstanding(passes) for passes in (1, 2, 4, 8)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] < 35


def test_first_step_is_deepfools(model, source, images, labels):
    from foolbox.attacks import L2DeepFoolAttack

    right = model(images).argmax(dim=1) == labels
    one, label = images[right][:1], labels[right][:1]
    expected = L2DeepFoolAttack().run(model, one, label) - one
    shift = UniversalPerturbationAttack("l2", passes=1).perturbation(model, one, label, epsilon=10.0)
    torch.testing.assert_close(shift, expected)
    short = UniversalPerturbationAttack("l2", passes=1, delta=0.0).run(model, one, label, epsilon=0.01)
    torch.testing.assert_close(short, one), "does not fool, so the best is no perturbation"
    assert build_attack("uap-l2").whole_set


def test_sign_steps_count_where_they_turn_an_image(model, images, labels):
    """As long as one step turns no image, there is no perturbation; then all steps are multiples of one."""
    weak = UniversalPerturbationAttack("linf", inner="fgsm", inner_budget=1e-4, passes=2)
    assert not weak.perturbation(model, images, labels, epsilon=0.5).any()
    attack = UniversalPerturbationAttack("linf", delta=0.4, passes=20, inner="fgsm", inner_budget=0.125)
    shift = attack.perturbation(model, images / 2 + 0.25, labels, epsilon=0.25)
    assert shift.any()
    steps = shift / 0.125
    torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-4)
    assert shift.abs().max() <= 0.25
