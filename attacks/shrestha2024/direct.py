"""Tables 3, 6 and 7: accuracies, and direct attacks at each bit width and on approximate multipliers."""

from collections.abc import Iterable
from itertools import product

import numpy as np
import torch

from accelsim.attacks.direct.results import add_direct, perturbed
from accelsim.attacks.direct.subject import Subject
from accelsim.attacks.rates import Rate
from accelsim.attacks.recognition import resemblance_of_others
from accelsim.attacks.reproduction.rows import Row, Rows
from accelsim.attacks.shrestha2024.paper_attacks import ATTACKS
from accelsim.attacks.shrestha2024.published import PUBLISHED
from accelsim.attacks.shrestha2024.study import Study

__all__ = ["approximate", "table_3", "table_6", "table_7"]

#: What the 8-bit network is put on: an exact multiplier, and approximate ones that leave it its accuracy.
MULTIPLIERS = ("mul8u_exact", "mul8u_ama5_k4", "mul8u_trunc_k6", "mul8u_drum_k6")
#: Attacks that are tried on them.
_ON_MULTIPLIERS = ("FGSM", "JSMA", "UAP", "BA")


def table_3(study: Study) -> list[Row]:
    """Test accuracy at each bit width."""
    rows = PUBLISHED.rows("table-3", "clean")
    for network in study.networks:
        for bits in study.bits:
            subject = study.subject(network, bits)
            accuracy, n = subject.trained.accuracy_percent, len(subject.dataset.test_images)
            rate = Rate(round(accuracy / 100 * n), n)
            rows.add_rate(network, subject.name, "accuracy_percent", rate)
    return rows.rows


def table_6(study: Study) -> list[Row]:
    """Every attack at every bit width."""
    rows = PUBLISHED.rows("table-6", "direct")
    study.craft_all(
        study.wanted(study.subject(network, bits), attack, run)
        for attack, network, bits, run in product(ATTACKS, study.networks, study.bits, range(study.runs))
    )
    for attack in ATTACKS:
        for network in study.networks:
            for bits in study.bits:
                _add_direct(rows, study, network, attack, study.subject(network, bits), range(study.runs))
    return rows.rows


def approximate(study: Study) -> list[Row]:
    """Measure the 8-bit network's accuracy on multipliers, and attack it there."""
    rows = PUBLISHED.rows("approximate", "direct")
    for network in study.networks:
        for multiplier in MULTIPLIERS:
            subject = study.subject(network, 8, multiplier)
            labels = subject.dataset.test_labels
            right = int((study.answers(subject) == labels).sum())
            rows.add_rate(f"{network} clean", subject.name, "accuracy_percent", Rate(right, len(labels)))
    for attack in _ON_MULTIPLIERS:
        for network in study.networks:
            for multiplier in MULTIPLIERS:
                _add_direct(rows, study, network, attack, study.subject(network, 8, multiplier), range(1))
    return rows.rows


def table_7(study: Study) -> list[Row]:
    """L0 distances of JSMA: of all examples, and of those that fool."""
    rows = PUBLISHED.rows("table-7", "direct")
    for network in study.networks:
        for bits in study.bits:
            subject = study.subject(network, bits)
            crafted = [study.direct(subject, "JSMA", run) for run in range(study.runs)]
            l0 = np.concatenate([perturbed(each)["l0"] for each in crafted])
            fooled = torch.cat([each.fooled for each in crafted]).numpy()
            rows.add_mean(f"{network} JSMA", subject.name, "l0_mean_of_all", l0)
            rows.add_mean(f"{network} JSMA", subject.name, "l0_mean", l0[fooled])
    return rows.rows


def _add_direct(
    rows: Rows, study: Study, network: str, attack: str, subject: Subject, runs: Iterable[int]
) -> None:
    """Add what an attack did to a network."""
    images, labels = study.sample(study.subject(network, None), 0, 1000)
    least = resemblance_of_others(images, labels)
    crafted = [study.direct(subject, attack, run) for run in runs]
    add_direct(rows, f"{network} {attack}", subject.name, crafted, least)
