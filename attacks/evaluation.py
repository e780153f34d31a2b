"""One attack under a threat model: examples crafted on what the attacker sees, judged on the hardware."""

import time

from torch import Tensor, nn

from accelsim.attacks.attack import Attack
from accelsim.attacks.crafting import BATCH_SIZE, check_batch_size, check_seed, craft
from accelsim.attacks.margin_loss import use_loss
from accelsim.attacks.minimal_crafting import craft_minimal
from accelsim.attacks.network import CheckedNetwork, check_images
from accelsim.attacks.outcome import Crafted, Outcome, checked_judge
from accelsim.attacks.registry import build_attack
from accelsim.attacks.threat_models import ThreatModel

__all__ = ["craft_examples", "evaluate_attack"]


def craft_examples(
    threat_model: ThreatModel,
    attack: str | Attack,
    victim: nn.Module,
    images: Tensor,
    labels: Tensor,
    budget: float | None = None,
    seed: int = 0,
    *,
    batch_size: int = BATCH_SIZE,
) -> Crafted:
    """Craft adversarial examples against a victim with what the attacker knows of it.

    Images that the attacked network misclassifies anyway are not attacked.

    Parameters
    ----------
    threat_model : ThreatModel
        What the attacker knows.
    attack : str or Attack
        A name, or what `build_attack` returns.
    victim : nn.Module
        The network on its hardware, in evaluation mode, images (N, ...) to logits (N, classes).
    images : float tensor of shape (N, ...)
        Pixels in [0, 1].
    labels : int64 tensor of shape (N,)
        True classes.
    budget : float, optional
        Largest norm of the perturbation, in the attack's norm; none for attacks of the smallest one.
    seed : int
        Any whole number.
    batch_size : int
        Images attacked together; part of the result's identity.

    Raises
    ------
    AccelsimError
        As `craft`; or if the victim has no gradients of the kind that the threat model takes, does not
        accept the images, or has other classes than the attacked network.
    """
    attack = build_attack(attack) if isinstance(attack, str) else attack
    check_images(images, labels)
    check_batch_size(batch_size)
    check_seed(seed)
    roles = threat_model.roles(victim)
    attacked = CheckedNetwork(roles.attacked, "the attacked network", images[:1])
    checked_judge(roles.judge, "the victim", images[:1], attacked.classes)  # before hours go into examples
    correct = attacked.classifies_correctly(images, labels, batch_size)
    adversarial, fooled, seconds = images.clone(), ~correct, 0.0
    if correct.any():
        start = time.perf_counter()
        if budget is None:
            use_loss(attack.construct(), threat_model.loss, attack.name)  # refuses another than its own
            adversarial[correct] = craft_minimal(
                attack, roles.source, images[correct], labels[correct], seed, batch_size=batch_size
            ).images
        else:
            adversarial[correct] = craft(
                attack, roles.source, images[correct], labels[correct], budget, seed,
                batch_size=batch_size, loss=threat_model.loss,
            )  # fmt: skip
        seconds = time.perf_counter() - start
        fooled[correct] = ~attacked.classifies_correctly(adversarial[correct], labels[correct], batch_size)
    return Crafted(images, adversarial, labels, correct, fooled, attacked.classes, seconds, batch_size)


def evaluate_attack(
    threat_model: ThreatModel,
    attack: str | Attack,
    victim: nn.Module,
    images: Tensor,
    labels: Tensor,
    budget: float | None = None,
    seed: int = 0,
    *,
    batch_size: int = BATCH_SIZE,
) -> Outcome:
    """Craft as `craft_examples` does, and judge the examples on the victim.

    Raises
    ------
    AccelsimError
        As `craft_examples`.
    """
    crafted = craft_examples(
        threat_model, attack, victim, images, labels, budget, seed, batch_size=batch_size
    )
    return crafted.judged(victim, "the victim")
