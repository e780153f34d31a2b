"""Figures 3 to 6: what the Boundary attack makes of images, and what the network sees in the worst."""

import torch
from torch import Tensor

from accelsim.attacks.direct.results import perturbed
from accelsim.attacks.direct.subject import Subject
from accelsim.attacks.outcome import Crafted
from accelsim.attacks.rates import Rate
from accelsim.attacks.recognition import correlation_matrix, correlations, recognisable, resemblance_of_others
from accelsim.attacks.reproduction.rows import Row, Rows
from accelsim.attacks.shrestha2024.paper_attacks import paper_attack
from accelsim.attacks.shrestha2024.pictures import image_grid
from accelsim.attacks.shrestha2024.published import PUBLISHED
from accelsim.attacks.shrestha2024.study import DATASETS, Study

__all__ = ["figure_3", "figure_4", "figure_5", "figure_6", "unrecognisable"]

#: Iterations of figure 3, and those at which the paper finds the images like the originals.
_PROGRESS = {"mnist": (1, 5, 10, 15, 50, 100), "cifar10": (1, 4, 8, 12, 50)}


def figure_3(study: Study) -> list[Row]:
    """Follow the attack over its iterations on the full-precision network."""
    rows = PUBLISHED.rows("figure-3", "direct")
    for network in study.networks:
        subject, shown = study.subject(network, None), {}
        for steps in _PROGRESS[DATASETS[network]]:
            crafted = _crafted(study, subject, steps, 5)
            shown[f"{steps}"] = crafted.adversarial
            _add_distance(rows, f"{network} BA {steps}", subject, crafted)
        shown["original"] = crafted.images
        study.picture(
            f"figure-3-{network}", image_grid(shown, f"{network}, full precision: iterations of Boundary")
        )
    return rows.rows


def figure_4(study: Study) -> list[Row]:
    """Compare full precision with 1 bit after many iterations."""
    return _compared(
        study, "figure-4", {"mnist": ((None, 100), (1, 100)), "cifar10": ((None, 50), (1, 50))}, 5
    )


def figure_5(study: Study) -> list[Row]:
    """Compare 1 bit at 1,000 iterations with full precision at 200; Mnist A."""
    return _compared(study, "figure-5", {"mnist": ((1, 1000), (None, 200))}, 10)


def figure_6(study: Study) -> list[Row]:
    """Show the attack on 1 bit."""
    return _compared(study, "figure-6", {"mnist": ((1, 100),), "cifar10": ((1, 50),)}, 10)


def unrecognisable(study: Study) -> list[Row]:
    """Ask the 1-bit network what it sees in the examples of table 6 that no longer look like anything."""
    rows = PUBLISHED.rows("unrecognisable", "direct")
    for network in study.networks:
        images, labels = study.sample(study.subject(network, None), 0, 1000)
        least = resemblance_of_others(images, labels)
        rows.add(network, "all", "least_correlation", least, len(images))
        for bits in study.bits:
            subject = study.subject(network, bits)
            crafted = [study.direct(subject, "BA", run) for run in range(study.runs)]
            adversarial = torch.cat([each.adversarial for each in crafted])
            originals = torch.cat([each.images for each in crafted])
            labels = torch.cat([each.labels for each in crafted])
            lost = ~recognisable(adversarial, originals, least)
            place = (f"{network} BA", subject.name)
            rows.add_rate(*place, "unrecognisable_percent", Rate(int(lost.sum()), len(lost)))
            top_2 = subject.logits(adversarial).topk(2, dim=1).indices
            is_seen = (top_2 == labels[:, None]).any(dim=1)
            rows.add_rate(*place, "label_in_top_2_percent", Rate(int(is_seen[lost].sum()), int(lost.sum())))
            rows.add_rate(
                *place,
                "label_in_top_2_of_others_percent",
                Rate(int(is_seen[~lost].sum()), int((~lost).sum())),
            )
            for which, chosen in (("unrecognisable", lost), ("others", ~lost)):
                rate = _nearest_neighbours(study, network, adversarial[chosen], labels[chosen])
                rows.add_rate(*place, f"nearest_neighbour_right_of_{which}_percent", rate)
    return rows.rows


def _nearest_neighbours(study: Study, network: str, images: Tensor, labels: Tensor) -> Rate:
    """Count the images that the most correlated of 5,000 training images names rightly."""
    data = study.dataset(network)
    known, classes = data.train_images[:5000], data.train_labels[:5000]
    nearest = correlation_matrix(images, known).argmax(dim=1)
    return Rate(int((classes[nearest] == labels).sum()), len(labels))


def _compared(
    study: Study, part: str, choices: dict[str, tuple[tuple[int | None, int], ...]], count: int
) -> list[Row]:
    rows = PUBLISHED.rows(part, "direct")
    for network in study.networks:
        shown = {}
        for bits, steps in choices.get(DATASETS[network], ()):
            subject = study.subject(network, bits)
            crafted = _crafted(study, subject, steps, count)
            width = "full precision" if bits is None else f"{bits} bit"
            shown[f"{width}\n{steps} iterations"] = crafted.adversarial
            shown[f"{width}\noriginals"] = crafted.images
            _add_distance(rows, f"{network} BA {steps}", subject, crafted)
        if shown:
            study.picture(f"{part}-{network}", image_grid(shown, f"{network}: examples of Boundary"))
    return rows.rows


def _crafted(study: Study, subject: Subject, steps: int, count: int) -> Crafted:
    return study.crafted(subject, paper_attack("BA", subject.dataset.name, steps=steps), 0, count)


def _add_distance(rows: Rows, row: str, subject: Subject, crafted: Crafted) -> None:
    norms = perturbed(crafted)
    rows.add_mean(row, subject.name, "l2_mean", norms["l2"])
    similar = correlations(crafted.adversarial, crafted.images).numpy()
    rows.add_mean(row, subject.name, "correlation_mean", similar)
