"""The attacks that Foolbox lacks as entries of the registry."""

from accelsim.attacks.attack import Attack, Kind, Norm, Parameter, Range
from accelsim.attacks.foolbox_attacks import FOOLBOX_ATTACKS
from accelsim.attacks.parameter_ranges import SHARE, ranges_of

__all__ = ["OWN_ATTACKS"]

_UNIVERSAL: dict[str, Parameter] = {
    "delta": 0.2,
    "passes": 10,
    "group": 8,
    "steps": 50,
    "overshoot": 0.02,
    "inner": "deepfool",
    "inner_budget": 0.1,
}
_LARGEST = {"l2": 10.0, "linf": 1.0}
#: Attacks with a budget whose smallest budget is an attack too.
_SEARCHED = ("fgm-l2", "fgm-linf", "pgd-l2", "pgd-linf")


def _own(
    name: str,
    constructor: str,
    needs_gradients: bool,
    defaults: dict[str, Parameter],
    summary: str,
    *,
    kind: Kind = "minimal-norm",
    fixed: dict[str, Parameter] | None = None,
    ranges: dict[str, Range] | None = None,
    whole_set: bool = False,
) -> Attack:
    norm: Norm = {"l0": "l0", "l2": "l2", "linf": "linf"}[name.rpartition("-")[2]]  # type: ignore[assignment]
    return Attack(
        name,
        norm,
        needs_gradients,
        summary,
        f"accelsim.attacks.{constructor}",
        defaults,
        kind=kind,
        fixed=fixed or {},
        ranges=ranges_of(defaults, **(ranges or {})),
        whole_set=whole_set,
    )


def _smallest_budgets() -> list[Attack]:
    searched = [attack for attack in FOOLBOX_ATTACKS if attack.name in _SEARCHED]
    return [
        _own(
            f"min-{attack.name}",
            "smallest_budget:SmallestBudgetAttack",
            attack.needs_gradients,
            {"largest": _LARGEST[attack.norm], "levels": 100, **attack.defaults},
            f"The first of 100 growing budgets at which {attack.name} fools",
            fixed={"attack": attack.name},
        )
        for attack in searched
    ]


OWN_ATTACKS = (
    *_smallest_budgets(),
    _own(
        "jsma-l0",
        "jsma:JacobianSaliencyMapAttack",
        True,
        {"theta": 1.0, "gamma": 0.145, "targets": None, "others": True},
        "Saliency map of the Jacobian: two pixels per iteration (Papernot et al. 2016)",
        ranges={"gamma": SHARE},
    ),
    _own(
        "lsa-l0",
        "local_search:LocalSearchAttack",
        False,
        {"r": 1.5, "p": None, "d": 5, "t": 5, "rounds": 150, "start": 0.1},
        "Greedy local search by probabilities (Narodytska & Kasiviswanathan 2016)",
    ),
    _own(
        "cw-descent-l2",
        "descent_carlini_wagner:L2DescentCarliniWagnerAttack",
        True,
        {
            "binary_search_steps": 10,
            "steps": 10,
            "stepsize": 0.01,
            "confidence": 0.0,
            "initial_const": 0.01,
            "changes": 5,
        },
        "C&W by gradient descent with a line search (Carlini & Wagner 2017)",
    ),
    _own(
        "boundary-sampled-l2",
        "sampled_boundary:SampledBoundaryAttack",
        False,
        {
            "steps": 5000,
            "spherical_step": 0.01,
            "source_step": 0.01,
            "step_adaptation": 1.5,
            "samples": 20,
            "trials": 25,
            "draws": 100,
        },
        "Boundary with 20 candidates per draw, from noise, by answers alone (Brendel et al. 2018)",
    ),
    _own(
        "square-linf",
        "square_attack:LinfSquareAttack",
        False,
        {"steps": 500, "area": 0.8},
        "Square attack: random search on the margin of the logits (Andriushchenko et al. 2020)",
        kind="fixed-budget",
        ranges={"area": SHARE},
    ),
    _own(
        "rays-linf",
        "rays_attack:LinfRaySAttack",
        False,
        {"queries": 500, "tolerance": 1e-3},
        "RayS: the sign vector along which the border is nearest, by decisions (Chen & Gu 2020)",
    ),
    *(
        _own(
            f"uap-{norm}",
            "universal_perturbation:UniversalPerturbationAttack",
            True,
            _UNIVERSAL,
            "One perturbation for all images, built with DeepFool or FGSM (Moosavi-Dezfooli et al. 2017)",
            kind="fixed-budget",
            fixed={"norm": norm},
            whole_set=True,
        )
        for norm in ("l2", "linf")
    ),
)
