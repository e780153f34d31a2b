"""Table 4: examples of a substitute that was trained from the victim's answers."""

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from accelsim.attacks.guesmi2021.paper_attacks import PAPER_ATTACKS, fixed_budgets, paper_attack
from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.registry import build_attack
from accelsim.attacks.reproduction.cells import Cell
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.substitute import BlackBox
from accelsim.attacks.threat_models import Roles, ThreatModel
from accelsim.errors import AccelsimError
from accelsim.models.networks import build_network

__all__ = ["fixed_budget_black_box", "table_4"]

#: Images of the attacker's own, and his budget of queries. Papernot et al. (2017) begin with 150; from 200
#: the substitute gets 65 % of clean images right, and is a poor one to attack.
_OWN_IMAGES, _QUERIES = 1000, 6400
_EPOCHS = 20
_COLUMNS = ("exact", "axfpm")
#: Fewer steps of the attacks by decisions: the substitute's examples need not be the closest.
_STEPS = {"BA": 1000, "HSJ": 8}


@dataclass(frozen=True, eq=False)
class _Attacker(ThreatModel):
    """The black-box attacker with his substitute trained.

    Parameters
    ----------
    substitute : nn.Module
        In evaluation mode.
    label, knowledge : str
        The `BlackBox`'s ``name`` and ``knows``.
    """

    substitute: nn.Module
    label: str
    knowledge: str

    @property
    def name(self) -> str:
        """Its name in tables."""
        return self.label

    @property
    def knows(self) -> str:
        """What the attacker knows, in words."""
        return self.knowledge

    def roles(self, victim: nn.Module) -> Roles:
        """Return the substitute as attacked network and the victim as judge."""
        return Roles(self.substitute, self.substitute, victim)


def table_4(study: Study) -> list[Row]:
    """Black-box attacks on the exact and on the approximate network, each with a substitute of its own."""
    rows = PUBLISHED.rows("table-4", "minimal-norm", "mnist")
    for column, attacker in _attackers(study).items():
        for name in PAPER_ATTACKS:
            attack = paper_attack(name, "mnist")
            if name in _STEPS:
                attack = attack.with_parameters(steps=_STEPS[name])
            found = study.outcome(study.subject("mnist"), attacker, attack, column)
            rows.add_rate(name, column, "success_percent", found.transfer)
    return rows.rows


def fixed_budget_black_box(study: Study) -> list[Row]:
    """Black-box attacks at fixed budgets."""
    rows = PUBLISHED.rows("black-box-fixed-budget", "fixed-budget", "mnist")
    attackers = _attackers(study)
    for budget in fixed_budgets("mnist"):
        for column, attacker in attackers.items():
            found = study.outcome(study.subject("mnist"), attacker, build_attack("pgd-linf"), column, budget)
            rows.add_rate(f"PGD linf {budget}", column, "success_percent", found.success)
    return rows.rows


def _attackers(study: Study) -> dict[str, _Attacker]:
    """Return the attacker of each network, whose images are the last ones of the test set."""
    subject = study.subject("mnist")
    most = len(subject.dataset.test_images) - _OWN_IMAGES
    if len(subject.images) > most:
        raise AccelsimError(
            f"{len(subject.images)} attacked images of MNIST leave the black-box attacker none of his own; "
            f"expected at most {most}"
        )
    build = partial(build_network, "lenet5", seed=study.seed)
    images = subject.dataset.test_images[-_OWN_IMAGES:].clone()
    untrained = BlackBox(images, build, _QUERIES, epochs=_EPOCHS, seed=study.seed)
    identity = {**study.identity(subject), "attacker": untrained.name, "seed": study.seed}
    cells = [
        Cell(
            f"substitute of {column}",
            {**identity, "victim": column},
            partial(_trained, untrained, subject.victim(column)),
        )
        for column in _COLUMNS
    ]
    attackers = {}
    for column, weights in zip(_COLUMNS, study.cells.all_tensors(cells, study.begun), strict=True):
        net = build().eval()
        net.load_state_dict(weights)
        attackers[column] = _Attacker(net, untrained.name, untrained.knows)
    return attackers


def _trained(attacker: BlackBox, victim: nn.Module) -> dict[str, Tensor]:
    return dict(attacker.substitute(victim).net.state_dict())
