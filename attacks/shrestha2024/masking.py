"""Is the robustness of quantized networks gradient masking? The audit at each bit width.

R. Bernhard, P.-A. Moellic and J.-M. Dutertre, "Impact of Low-Bitwidth Quantization on the Adversarial
Robustness for Embedded Neural Networks" (Cyberworlds 2019) say so of activations of few bits.
"""

import json
from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor, nn

from accelsim.attacks.audit_attacks import AuditAttacks
from accelsim.attacks.audit_report import WORST_CASE
from accelsim.attacks.auditing import audit
from accelsim.attacks.rates import Rate
from accelsim.attacks.reproduction.cells import Cell
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.shrestha2024.published import PUBLISHED
from accelsim.attacks.shrestha2024.study import DATASETS, Study
from accelsim.storage import written_atomically

__all__ = ["masking"]

_ATTACKS = AuditAttacks(steps=20, queries=200)
_BUDGETS = {"mnist": (0.2,), "cifar10": (4 / 255,)}


def masking(study: Study) -> list[Row]:
    """Audit each bit width, and write what was found as masking-NETWORK.json."""
    rows = PUBLISHED.rows("masking", "fixed-budget")
    for network in study.networks:
        found = _audits(study, network)
        for column, document in found.items():
            for line in document["curves"]:
                if line["network"] != "victim" or line["budget"] in (0, 1):
                    continue
                rate = Rate(line["correct"], line["n"])
                place = f"{network} {line['attack']} linf {line['budget']:.3g}"
                rows.add_rate(place, column, "robustness_percent", rate)
            is_masked = document["verdict"]["soundness"] == "gradient masking"
            rows.add(network, column, "gradient_masking", float(is_masked), document["provenance"]["images"])
        with written_atomically(study.folder / f"masking-{network}.json", "w") as file:
            json.dump(found, file, indent=1)
        study.picture(f"masking-{network}", _figure(found, network))
    return rows.rows


def _audits(study: Study, network: str) -> dict[str, dict[str, Any]]:
    """Return the document of the audit of each bit width."""
    subjects = [study.subject(network, bits) for bits in study.bits]
    exact = study.subject(network, None)
    budgets = _BUDGETS[DATASETS[network]]
    images, labels = exact.dataset.test_subset(study.audited_images)
    settings = [len(images), list(budgets), repr(_ATTACKS), study.seed]
    cells = []
    for subject in subjects:
        hashes = [subject.trained.sha256, exact.trained.sha256, subject.dataset.sha256]
        compared = None if subject is exact else exact.net
        compute = partial(_audit, subject.net, compared, images.clone(), labels.clone(), budgets, study.seed)
        name = f"audit of {network} {subject.name}"
        cells.append(Cell(name, {"audit": hashes, "settings": settings}, compute))
    found = study.cells.all_tensors(cells, study.begun)
    documents = [json.loads(each["document"].numpy().tobytes()) for each in found]
    return {subject.name: document for subject, document in zip(subjects, documents, strict=True)}


def _audit(
    victim: nn.Module,
    exact: nn.Module | None,
    images: Tensor,
    labels: Tensor,
    budgets: tuple[float, ...],
    seed: int,
) -> dict[str, Tensor]:
    report = audit(victim, images, labels, exact=exact, budgets=budgets, attacks=_ATTACKS, seed=seed)
    text = json.dumps(report.document()).encode()
    return {"document": torch.from_numpy(np.frombuffer(text, dtype=np.uint8).copy())}


def _figure(found: dict[str, dict[str, Any]], network: str) -> Figure:
    """Draw what the white-box attack and the worst case leave, over the bit widths, a panel per budget."""
    budgets = [each for each in next(iter(found.values()))["provenance"]["budgets"] if each < 1]
    figure = Figure(figsize=(3.1 * len(budgets) + 0.8, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(budgets), sharey=True, squeeze=False)[0]
    for axes, budget in zip(panels, budgets, strict=True):
        for attack in ("single step", "white-box", WORST_CASE):
            left = [
                next(
                    line["robustness_percent"]
                    for line in document["curves"]
                    if (line["network"], line["attack"], line["budget"]) == ("victim", attack, budget)
                )
                for document in found.values()
            ]
            axes.plot(range(len(found)), left, marker="o", label=attack)
        axes.set_xticks(range(len(found)), list(found))
        axes.set(xlabel="bits", ylim=(-3, 103), title=f"linf {budget:.3g}")
    panels[0].set_ylabel("classified correctly (%)")
    panels[-1].legend(fontsize="small")
    figure.suptitle(f"{network}: what attacks leave", size="medium")
    return figure
