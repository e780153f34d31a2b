import numpy as np
import pytest
import torch
from torch import nn

import accelsim
from accelsim.attacks import build_attack, craft, craft_minimal, evaluate_attack
from accelsim.attacks.attacker_views import BorrowedGradients, ExpectedLogits, HardLabels, ScaledLogits
from accelsim.attacks.evaluation import craft_examples
from accelsim.attacks.margin_loss import use_loss
from accelsim.attacks.outcome import Crafted
from accelsim.attacks.threat_models import DecisionBased, Transfer, WhiteBox
from accelsim.errors import AccelsimError


@pytest.fixture
def victim(source):
    return accelsim.approximate(source, accelsim.load_float_multiplier("axfpm_authors"))


def answers(network, images):
    with torch.no_grad():
        return network(images).argmax(dim=1)


def image_gradient(network, images):
    images = images.clone().requires_grad_()
    network(images).square().sum().backward()
    return images.grad


def test_transfer_crafts_on_the_source_and_judges_on_the_victim(source, victim, images, labels):
    outcome = evaluate_attack(Transfer(source), "fgm-linf", victim, images, labels, 0.1)
    right = answers(source, images) == labels
    shown = images.clone()
    shown[right] = craft("fgm-linf", source, images[right], labels[right], 0.1)
    eligible = right & (answers(victim, images) == labels)
    fooled = eligible & (answers(victim, shown) != labels)
    on_source = eligible & (answers(source, shown) != labels)
    assert (outcome.success.count, outcome.success.n) == (fooled.sum(), eligible.sum())
    assert (outcome.transfer.count, outcome.transfer.n) == ((fooled & on_source).sum(), on_source.sum())
    assert outcome.source_success.count == on_source.sum()
    assert 0 < outcome.success.count < outcome.n < len(images)
    np.testing.assert_array_equal(outcome.eligible, eligible)


def test_sizes_of_perturbations():
    images = torch.zeros(2, 2, 2, 2)
    adversarial = images.clone()
    adversarial[0, :, 0, 0] = torch.tensor([0.3, 0.4])  # one pixel, two channels
    everything = torch.tensor([True, True])
    labels = torch.zeros(2, dtype=torch.int64)
    crafted = Crafted(images, adversarial, labels, everything, everything, 2, 1.0, 2)
    outcome = crafted.judged(nn.Sequential(nn.Flatten(), nn.Linear(8, 2)).eval())
    assert outcome.l0.tolist() == [1, 0]
    np.testing.assert_allclose(outcome.l2, [0.5, 0], rtol=1e-6)
    np.testing.assert_allclose(outcome.linf, [0.4, 0], rtol=1e-6)
    np.testing.assert_allclose(outcome.mse, [0.25 / 8, 0], rtol=1e-6)
    np.testing.assert_allclose(outcome.psnr, [20 * np.log10(1 / np.sqrt(0.25 / 8)), np.inf], rtol=1e-6)


def test_white_box_attacks_the_victim_itself(victim, images, labels):
    outcome = evaluate_attack(WhiteBox(), "pgd-linf", victim, images, labels, 0.2)
    assert outcome.success == outcome.source_success
    right = answers(victim, images) == labels
    shown = craft("pgd-linf", victim, images[right], labels[right], 0.2)
    assert outcome.success.count == (answers(victim, shown) != labels[right]).sum()


def test_borrowed_gradients(source, victim, images):
    both = BorrowedGradients(victim, source).eval()
    torch.testing.assert_close(both(images), victim(images), rtol=0, atol=0)
    given = torch.rand(len(images), 3)
    wanted = torch.autograd.grad(source(leaf := images.clone().requires_grad_()), leaf, given)[0]
    found = torch.autograd.grad(both(leaf := images.clone().requires_grad_()), leaf, given)[0]
    torch.testing.assert_close(found, wanted)


def test_scaled_logits(source, images):
    torch.testing.assert_close(ScaledLogits(source, 4)(images), source(images) / 4)


def test_expected_logits_are_the_mean_over_transformations(source, images):
    scales = iter([0.5, 1.0, 2.0])
    expected = ExpectedLogits(source, lambda shown: shown * next(scales), 3)(images)
    torch.testing.assert_close(expected, sum(source(images * s) for s in (0.5, 1.0, 2.0)) / 3)


def test_expectation_changes_gradients_and_not_answers(victim, images):
    roles = WhiteBox(noise=0.2, samples=2).roles(victim)
    torch.testing.assert_close(roles.source(images), victim(images), rtol=0, atol=0)
    assert not torch.equal(image_gradient(roles.source, images), image_gradient(victim, images))


def test_names_tell_attackers_apart():
    attackers = [
        WhiteBox(), WhiteBox("products"), WhiteBox(nn.Flatten()), WhiteBox(temperature=5.0),
        WhiteBox(noise=0.1), WhiteBox(noise=0.2), WhiteBox(noise=0.2, samples=2),
        WhiteBox(loss="margin"), DecisionBased(),
    ]  # fmt: skip
    assert len({each.name for each in attackers}) == len(attackers)
    assert all(each.knows for each in attackers)


def test_hard_labels(source, images):
    shown = HardLabels(source)(images)
    assert set(shown.unique().tolist()) == {0, 1}
    assert torch.equal(shown.argmax(dim=1), answers(source, images))
    with torch.no_grad():
        source[3].bias[1] = torch.nan
    assert HardLabels(source)(images).isnan().all()


def test_temperature_unmasks_a_saturated_gradient(source, images, labels):
    """Logits so large that float32's softmax is exactly 0 or 1 pass no gradient; scaled, they do."""
    saturated = ScaledLogits(source, 1e-4).eval()
    masked = evaluate_attack(WhiteBox(), "pgd-linf", saturated, images, labels, 0.05)
    adapted = evaluate_attack(WhiteBox(temperature=1e4), "pgd-linf", saturated, images, labels, 0.05)
    margin = evaluate_attack(WhiteBox(loss="margin"), "pgd-linf", saturated, images, labels, 0.05)
    plain = evaluate_attack(WhiteBox(), "pgd-linf", source, images, labels, 0.05)
    assert masked.success.count < plain.success.count
    assert adapted.success.count == plain.success.count
    assert margin.success.count > masked.success.count


def test_margin_loss(source, images, labels):
    from eagerpy import astensor
    from foolbox import PyTorchModel

    adversary = build_attack("pgd-linf").construct()
    use_loss(adversary, "margin", "pgd-linf")
    loss = adversary.get_loss_fn(PyTorchModel(source, bounds=(0, 1), device="cpu"), astensor(labels))
    logits = source(images).detach().numpy()
    wanted = sum(
        max(z for j, z in enumerate(row) if j != label) - row[label]
        for row, label in zip(logits, labels, strict=True)
    )
    assert loss(astensor(images)).item() == pytest.approx(wanted, rel=1e-5)


def test_decisions_alone(victim, images, labels):
    outcome = evaluate_attack(DecisionBased(), "rau-linf", victim, images, labels, 0.5)
    assert outcome.success.count > 0
    with pytest.raises(AccelsimError, match="passes no gradient"):
        evaluate_attack(DecisionBased(), "pgd-linf", victim, images, labels, 0.5)


def test_gradients_of_the_products(victim, images, labels):
    roles = WhiteBox("products").roles(victim)
    torch.testing.assert_close(roles.source(images), victim(images), rtol=0, atol=0)
    assert not torch.equal(image_gradient(roles.source, images), image_gradient(victim, images))
    outcome = evaluate_attack(WhiteBox("products"), "pgd-linf", victim, images, labels, 0.2)
    assert outcome.success.percent > 50


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"gradients": "exact"},
            'gradients is \'exact\'; expected "straight-through", "products" or a network',
        ),
        ({"temperature": 0}, "temperature is 0; expected a positive number"),
        ({"noise": -1.0}, "noise is -1.0; expected a standard deviation from 0 up"),
        ({"samples": 0}, "samples is 0; expected a whole number from 1 up"),
        ({"loss": "hinge"}, "loss is 'hinge'; expected cross-entropy or margin"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(AccelsimError) as error:
        WhiteBox(**arguments)
    assert str(error.value) == message


def test_attacks_without_a_loss_take_no_margin(victim, images, labels):
    with pytest.raises(AccelsimError, match="rau-linf has an objective of its own; it takes no margin"):
        evaluate_attack(WhiteBox(loss="margin"), "rau-linf", victim, images, labels, 0.5)


def test_victims_that_do_not_fit(source, images, labels):
    other = nn.Sequential(nn.Flatten(), nn.Linear(36, 4)).eval()
    with pytest.raises(AccelsimError, match="the victim has 4 classes and the attacked network 3"):
        evaluate_attack(Transfer(source), "fgm-linf", other, images, labels, 0.1)
    larger = nn.Sequential(nn.Flatten(), nn.Linear(49, 3)).eval()
    with pytest.raises(AccelsimError, match=r"the victim does not accept images of shape \(1, 6, 6\)"):
        evaluate_attack(Transfer(source), "fgm-linf", larger, images, labels, 0.1)


def test_victims_that_do_not_fit_are_refused_before_anything_is_crafted(source, images, labels):
    asked = []
    source[0].register_forward_hook(lambda module, inputs, output: asked.append(len(inputs[0])))
    other = nn.Sequential(nn.Flatten(), nn.Linear(36, 4)).eval()
    with pytest.raises(AccelsimError, match="the victim has 4 classes"):
        evaluate_attack(Transfer(source), "fgm-linf", other, images, labels, 0.1)
    assert asked == [1]


def test_nan_logits(source, victim, images, labels):
    class Broken(nn.Module):
        def forward(self, shown):
            logits = source(shown)
            return torch.where(shown.sum() > 1e9, logits, logits * torch.nan)

    with pytest.raises(AccelsimError, match="the victim .*answers NaN logits to 1 of 1 images"):
        evaluate_attack(Transfer(source), "fgm-linf", Broken().eval(), images, labels, 0.1)


def test_gradients_of_a_network_without(source, images, labels):
    with pytest.raises(AccelsimError, match="supplies gradients passes none"):
        evaluate_attack(WhiteBox(HardLabels(source)), "pgd-linf", source, images, labels, 0.1)
    with pytest.raises(AccelsimError, match="no approximate layer|not approximate"):
        evaluate_attack(WhiteBox("products"), "pgd-linf", source, images, labels, 0.1)


def test_only_images_that_are_right_are_attacked(source, victim, images, labels):
    crafted = craft_examples(Transfer(source), "fgm-linf", victim, images, labels, 0.1)
    changed = (crafted.adversarial != images).flatten(1).any(dim=1)
    assert torch.equal(changed, answers(source, images) == labels)


def test_minimal_examples_keep_on_the_right_side_of_the_attacked_network_alone(
    source, victim, images, labels
):
    attack = build_attack("deepfool-l2")
    outcome = evaluate_attack(Transfer(source), attack, victim, images, labels)
    assert outcome.source_success.percent == 100
    assert outcome.transfer.percent < 100
    right = answers(source, images) == labels
    found = craft_minimal(attack, source, images[right], labels[right])
    np.testing.assert_allclose(outcome.l2[right], found.norms, rtol=1e-5)
