"""A flag of the audit each, and a network built to trip it."""

import copy

import pytest
import torch
from torch import Tensor, nn

from accelsim.attacks.audit_attacks import AuditAttacks
from accelsim.attacks.auditing import audit
from accelsim.errors import AccelsimError
from accelsim.straight_through import with_gradients

QUICK = AuditAttacks(steps=20, noises=5, queries=40)
BUDGETS = (0.1,)


@pytest.fixture(scope="module")
def images():
    """Pixels on a grid of eighths."""
    generator = torch.Generator().manual_seed(2)
    return torch.randint(0, 9, (200, 1, 5, 5), generator=generator).float() / 8


@pytest.fixture(scope="module")
def net(images):
    """A convolutional network of three classes that gives each its share of the images."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(54, 3))
    with torch.no_grad():
        net[3].weight *= 4
        net[3].bias -= net(images).mean(dim=0)
    return net.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def data(net, images):
    return images, net(images).argmax(dim=1)


@pytest.fixture
def audited(data):
    def run(victim, **settings):
        report = audit(victim.eval(), *data, **{"budgets": BUDGETS, "attacks": QUICK, **settings})
        print(
            report.curves[report.curves.budget > 0]
            .pivot_table(index=["network", "attack"], columns="budget", values="correct")
            .to_string(),
            *[(f.status, f.name, f.finding) for f in report.flags],
            report.verdict.statement,
            sep="\n",
        )
        return report.verdict, {flag.name: flag for flag in report.flags}, set(report.failed)

    return run


class Around(nn.Module):
    """A network with something done to its images, logits or gradients."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net


class Confident(Around):
    """The network with margins of the logits at which float32's softmax has no gradient."""

    def __init__(self, net, factor=1e3):
        super().__init__(net)
        self.factor = factor

    def forward(self, images):
        return self.factor * self.net(images)


class OtherGradients(Around):
    """The network's logits, with gradients that a rule makes of the true ones."""

    def __init__(self, net, rule):
        super().__init__(net)
        self.rule = rule

    def forward(self, images):
        def gradients(upstream, wanted, operands):
            with torch.enable_grad():
                shown = operands[0].detach().requires_grad_(True)
                (true,) = torch.autograd.grad(self.net(shown), shown, upstream)
            return [self.rule(true, operands[0])]

        return with_gradients(self.net, gradients, images)


def distance_to_grid(images: Tensor) -> Tensor:
    return (images - (images * 8).round() / 8).abs().flatten(1).amax(dim=1).view(-1, 1, 1, 1)


def test_plain_network_has_no_flag(audited, net):
    verdict, flags, failed = audited(net)
    assert not failed
    assert verdict.soundness == "sound"
    assert verdict.comparison == "not compared"
    assert {name for name, flag in flags.items() if flag.status != "passed"} == {"white_box_beats_transfer"}
    assert len(flags) == 16


def test_large_logits_trip_gradients_and_temperature(audited, net):
    verdict, flags, failed = audited(Confident(net), exact=net)
    assert {"gradients_present", "temperature_changes_nothing", "adaptive_changes_nothing"} <= failed
    assert {"white_box_beats_transfer", "gradient_free_changes_nothing"} <= failed
    assert not failed & {"judged_on_hardware", "deterministic", "provenance", "worst_case_stands"}
    assert verdict.soundness == "gradient masking"
    assert verdict.comparison == "as robust"
    assert verdict.statement.startswith("Gradient masking: ")
    temperature = flags["temperature_changes_nothing"]
    assert max(share.count for share in temperature.evidence if "temperature 100," in share.what) > 20


def test_quantiser_without_surrogate_trips_attacks_without_gradients(audited, net):
    class Quantised(Around):
        def forward(self, images):
            return self.net((images * 16).round() / 16)

    verdict, _, failed = audited(Quantised(net), exact=net)
    assert {
        "gradients_present",
        "gradient_free_changes_nothing",
        "hard_label_changes_nothing",
        "white_box_beats_transfer",
        "adaptive_changes_nothing",
        "unbounded_attack_succeeds",
    } <= failed
    assert verdict.soundness == "gradient masking"
    assert verdict.comparison != "more robust"


def test_noise_for_gradients_trips_the_exact_networks_gradients(audited, net):
    noisy = OtherGradients(net, lambda true, images: torch.randn_like(true))
    verdict, _, failed = audited(noisy, exact=net)
    assert {"adaptive_changes_nothing", "white_box_beats_transfer"} <= failed
    assert "gradients_present" not in failed
    assert verdict.soundness == "gradient masking"


def test_gradients_that_mislead_trip_noise_and_the_unbounded_attack(audited, net):
    _, _, failed = audited(OtherGradients(net, lambda true, images: -true))
    assert {"white_box_beats_noise", "unbounded_attack_succeeds"} <= failed


def test_gradients_only_at_the_images_trip_the_single_step(audited, net):
    def rule(true, images):
        return torch.where(distance_to_grid(images) < 1e-6, true, -true)

    _, _, failed = audited(OtherGradients(net, rule))
    assert "iterative_beats_single_step" in failed


def test_gradients_only_near_the_images_trip_the_rise_with_the_budget(audited, net):
    def rule(true, images):
        return torch.where(distance_to_grid(images) < 0.045, true, -true)

    _, flags, failed = audited(OtherGradients(net, rule), budgets=(0.04, 0.1))
    assert "success_rises_with_budget" in failed
    assert flags["success_rises_with_budget"].evidence[0].budget == 0.04


def sparse(true, images):
    """Leave one pixel in ten its gradient, others each time."""
    return true * (torch.rand_like(true) < 0.1)


def test_gradients_at_few_pixels_at_a_time_trip_doubling_and_one_attack(audited, net):
    _, _, failed = audited(
        OtherGradients(net, sparse), budgets=(0.15,), attacks=AuditAttacks(steps=1, noises=1, queries=1)
    )
    assert {"doubling_changes_nothing", "one_attack_is_enough"} <= failed


def test_large_logits_with_gradients_at_few_pixels_trip_the_worst_case(audited, net):
    victim = OtherGradients(Confident(net, 1e7), sparse)  # beyond all temperatures of the sweep
    verdict, _, failed = audited(victim, budgets=(0.15,), attacks=AuditAttacks(steps=1, noises=1, queries=1))
    assert "worst_case_stands" in failed
    assert verdict.soundness == "gradient masking"


def test_answers_that_depend_on_the_batch_trip_the_judge(audited, net):
    class Batched(Around):
        def forward(self, images):
            return self.net(images) if len(images) > 1 else self.net(images).flip(1)

    verdict, _, failed = audited(Batched(net))
    assert "judged_on_hardware" in failed
    assert "deterministic" not in failed
    assert verdict.soundness == "not repeatable"


def test_random_answers_trip_repetition(audited, net):
    class Random(Around):
        def forward(self, images):
            return self.net(images + 0.02 * torch.randn_like(images))

    verdict, flags, failed = audited(Random(net))
    assert "deterministic" in failed
    assert verdict.soundness == "not repeatable"
    assert any("expected gradients" in share.what for share in flags["adaptive_changes_nothing"].evidence)


def test_state_that_moves_trips_provenance(audited, net):
    class Counting(Around):
        def __init__(self, net):
            super().__init__(net)
            self.register_buffer("calls", torch.zeros(1))

        def forward(self, images):
            self.calls += 1
            return self.net(images)

    verdict, flags, failed = audited(Counting(net))
    assert failed == {"provenance"}
    assert flags["provenance"].details == {"changed": ["victim_weights_sha256"]}
    assert verdict.soundness == "not repeatable"


def test_few_images_decide_nothing(net, data):
    images, labels = data
    report = audit(net, images[:30], labels[:30], budgets=BUDGETS, attacks=QUICK)
    assert report.verdict.soundness == "undecided"
    assert not report.failed


def test_few_images_are_not_called_as_robust(net, data):
    images, labels = data
    few, all_of_them = (
        audit(copy.deepcopy(net), images[:n], labels[:n], exact=net, budgets=BUDGETS, attacks=QUICK).verdict
        for n in (15, 200)
    )
    assert (few.comparison, all_of_them.comparison) == ("undecided", "as robust")
    assert "The images are too few to tell whether it is more robust" in few.statement
    assert "It is not more robust than the exact network: " in all_of_them.statement


def test_refusals(net, data):
    images, labels = data

    class Nan(nn.Module):
        def forward(self, images):
            return images.flatten(1)[:, :3] * torch.nan

    class Opaque(Around):
        def forward(self, images):
            return self.net(images.detach())

    two = nn.Sequential(nn.Flatten(), nn.Linear(25, 2)).eval()
    other_shape = nn.Sequential(nn.Flatten(), nn.Linear(26, 3)).eval()

    def refusal(victim, images=images, labels=labels, **settings):
        with pytest.raises(AccelsimError) as caught:
            audit(victim.eval(), images, labels, **settings)
        return str(caught.value)

    assert refusal(Nan()) == "the victim answers NaN logits to 1 of 1 images"
    assert refusal(Opaque(net)) == (
        "the victim passes no gradient to its images, which the white-box attack needs; give the audit a "
        "surrogate, a network to differentiate in its place"
    )
    assert refusal(net, exact=two) == "the victim has 3 classes and the exact network 2"
    assert "does not accept images of shape (1, 5, 5)" in refusal(net, exact=other_shape)
    assert refusal(net, images[:0], labels[:0]) == "there are no images to attack"
    assert refusal(net, budgets=[]) == "no budget is given; expected at least one"
    assert refusal(net, budgets=[0.1, 0.1]) == "a budget is listed twice among 0.1, 0.1"
    assert "budget 0 is out of range" in refusal(net, budgets=[0])
    assert "is not one of the victim's 3 classes" in refusal(net, labels=labels + 1)


def test_surrogate_stands_in_for_a_network_without_gradients(net, data):
    class Opaque(Around):
        def forward(self, images):
            return self.net(images.detach())

    plain, opaque = (
        audit(victim.eval(), *data, budgets=BUDGETS, attacks=QUICK, surrogate=surrogate)
        for victim, surrogate in ((net, None), (Opaque(net), net))
    )
    assert plain.curves.equals(opaque.curves)
