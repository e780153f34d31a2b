"""The honest test of a network's robustness."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from accelsim.attacks.attack import checked_budget
from accelsim.attacks.audit_attacks import TEMPERATURES, UNBOUNDED, AuditAttacks, attack_network
from accelsim.attacks.audit_flags import comparison_flags
from accelsim.attacks.audit_report import AuditReport, curves
from accelsim.attacks.audit_verdict import gains, verdict
from accelsim.attacks.crafting import BATCH_SIZE, check_seed
from accelsim.attacks.network import CheckedNetwork, check_images
from accelsim.attacks.network_flags import (
    gradients_flag,
    hardware,
    judge_flag,
    provenance_flag,
    repeatability_flag,
    unrepeated,
)
from accelsim.errors import AccelsimError
from accelsim.models import weights_sha256
from accelsim.progress import progress_bar
from accelsim.versions import software_versions

__all__ = ["DEFAULT_BUDGETS", "audit"]

#: Linf budgets for images of digits, over pixels in [0, 1].
DEFAULT_BUDGETS = (0.05, 0.1, 0.15, 0.2, 0.3)


def audit(
    victim: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    exact: nn.Module | None = None,
    surrogate: nn.Module | None = None,
    budgets: Iterable[float] = DEFAULT_BUDGETS,
    attacks: AuditAttacks | None = None,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> AuditReport:
    """Tell how robust a network is, and whether the usual white-box attack would have told so.

    The victim and, where it is another one, the exact network that it came from are attacked within each
    budget in linf, and without a bound. Every example is judged on the victim itself. The flags compare the
    white-box attack (projected gradient descent on the cross-entropy, the victim's own gradients) with a
    single step, noise, examples of the exact network, itself at twice the steps and at other temperatures of
    the logits, the margin loss, gradients of the exact network, an attack on the logits alone and one on the
    decisions alone. What those break and it misses, beyond `TOLERANCE`, is robustness that is not there.

    Parameters
    ----------
    victim : nn.Module
        Network in evaluation mode, images (N, ...) to logits (N, classes): what is to be judged, on its
        hardware.
    images : float tensor of shape (N, ...)
        Pixels in [0, 1]. Flags are decided from about 200 images up.
    labels : int64 tensor of shape (N,)
        True classes.
    exact : nn.Module, optional
        The exact float network that the victim came from. Left out: the victim is itself exact; nothing is
        transferred or compared.
    surrogate : nn.Module, optional
        A network to differentiate in the victim's place, where that has no gradients of its own.
    budgets : iterable of float
        Largest changes of a pixel, above 0 and below 1; the unbounded 1 is always there.
    attacks : AuditAttacks, optional
        How hard to try.
    seed : int
        Any whole number.
    about : mapping of str to JSON values, optional
        What else is to stand in the report's provenance.
    progress : bool
        Whether to show a progress bar on stderr, if it is a terminal.

    Raises
    ------
    AccelsimError
        If an argument is of another type, a budget is out of range or listed twice, the images or labels are
        not as above, a network cannot classify them, answers NaN, has other classes than the other one, or
        the victim passes no gradient to its images and there is no surrogate.
    """
    attacks = attacks or AuditAttacks()
    levels = _checked_budgets(budgets)
    check_images(images, labels)
    check_seed(seed)
    judge = CheckedNetwork(victim, "the victim", images[:1])
    networks = {"victim": judge}
    if exact is not None:
        networks["exact"] = CheckedNetwork(exact, "the exact network", images[:1])
        if networks["exact"].classes != judge.classes:
            raise AccelsimError(
                f"the victim has {judge.classes} classes and the exact network {networks['exact'].classes}"
            )
    if labels.max().item() >= judge.classes:
        raise AccelsimError(f"label {labels.max().item()} is not one of the victim's {judge.classes} classes")
    differentiated = (
        CheckedNetwork(surrogate, "the surrogate", images[:1]) if surrogate is not None else judge
    )
    _require_gradients(differentiated, images[:1])

    identity = partial(_hashes, networks, images, labels)
    before = identity()
    different = unrepeated(judge, images)
    ground = [repeatability_flag(different, len(images)), gradients_flag(differentiated, images, labels)]
    with progress_bar("auditing", _steps(len(levels), exact is not None, bool(different)), progress) as step:
        states = {
            name: attack_network(
                network,
                images,
                labels,
                levels,
                attacks,
                seed,
                exact=networks["exact"].network if name == "victim" and exact is not None else None,
                surrogate=surrogate if name == "victim" else None,
                is_random=bool(different) and name == "victim",
                finished=step,
            )
            for name, network in networks.items()
        }
    state = states["victim"]
    compared = gains(state, states["exact"]) if exact is not None else []
    flags = (
        judge_flag(state),
        *ground,
        *comparison_flags(state),
        provenance_flag(before, identity()),
    )
    provenance = {
        **(about or {}),
        **before,
        "images": len(images),
        "seed": int(seed),
        "batch_size": BATCH_SIZE,
        "budgets": list(levels),
        "steps": attacks.steps,
        "noises": attacks.noises,
        "queries": attacks.queries,
        "hardware": hardware(victim),
        "versions": software_versions(),
    }
    return AuditReport(verdict(flags, state, compared), flags, curves(states), tuple(compared), provenance)


def _checked_budgets(budgets: Iterable[float]) -> tuple[float, ...]:
    if not isinstance(budgets, Iterable):
        raise AccelsimError(f"budgets is {budgets!r}; expected a list, such as [0.1, 0.2]")
    levels = sorted(checked_budget(budget) for budget in budgets)
    if not levels:
        raise AccelsimError("no budget is given; expected at least one")
    if levels[0] == 0 or levels[-1] >= UNBOUNDED:
        wrong = levels[0] if levels[0] == 0 else levels[-1]
        raise AccelsimError(
            f"budget {wrong:g} is out of range; an audit takes changes of a pixel above 0 and below 1, and "
            "adds 0 and 1 itself"
        )
    if len(set(levels)) < len(levels):
        raise AccelsimError(f"a budget is listed twice among {', '.join(f'{level:g}' for level in levels)}")
    return (*levels, UNBOUNDED)


def _require_gradients(network: CheckedNetwork, image: Tensor) -> None:
    with torch.enable_grad():
        shown = image.clone().requires_grad_(True)
        if not network.network(shown).requires_grad:
            raise AccelsimError(
                f"{network.name} passes no gradient to its images, which the white-box attack needs; give "
                "the audit a surrogate, a network to differentiate in its place"
            )


def _hashes(networks: Mapping[str, CheckedNetwork], images: Tensor, labels: Tensor) -> dict[str, str]:
    """Return what tells the data and the networks from any other."""
    found = {
        "images_sha256": hashlib.sha256(images.detach().cpu().contiguous().numpy().tobytes()).hexdigest(),
        "labels_sha256": hashlib.sha256(labels.cpu().contiguous().numpy().tobytes()).hexdigest(),
    }
    for name, network in networks.items():
        found[f"{name}_weights_sha256"] = weights_sha256(network.network)
    return found


def _steps(levels: int, has_exact: bool, is_random: bool) -> int:
    """Return how many attacks an audit runs."""
    per_level = 3 + 1 + len(TEMPERATURES) + 3
    bounded = levels - 1
    victim = bounded * per_level + 3 + 1
    if not has_exact:
        return victim + bounded * is_random
    return 2 * victim + levels + bounded + bounded * is_random
