"""Is the robustness of quantized networks gradient masking? The audit at each bit width.

R. Bernhard, P.-A. Moellic and J.-M. Dutertre, "Impact of Low-Bitwidth Quantization on the Adversarial
Robustness for Embedded Neural Networks" (Cyberworlds 2019) say so of activations of few bits.
"""

import json
from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from accelsim.attacks.audit_attacks import AuditAttacks
from accelsim.attacks.audit_report import WORST_CASE
from accelsim.attacks.auditing import audit
from accelsim.attacks.direct.subject import Subject
from accelsim.attacks.rates import Rate
from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.shrestha2024.published import PUBLISHED
from accelsim.attacks.shrestha2024.study import DATASETS, Study
from accelsim.storage import written_atomically

__all__ = ["masking"]

#: Widths that are audited.
_BITS = (None, 1, 2, 4, 8)
_BUDGETS = {"mnist": (0.2,), "cifar10": (4 / 255,)}


def masking(study: Study) -> list[Row]:
    """Audit each bit width, and write what was found as masking-NETWORK.json."""
    rows = PUBLISHED.rows("masking", "fixed-budget")
    for network in study.networks:
        found = {}
        for bits in [each for each in _BITS if each in study.bits]:
            subject = study.subject(network, bits)
            document = found[subject.name] = _audited(study, network, subject)
            for line in document["curves"]:
                if line["network"] != "victim" or line["budget"] in (0, 1):
                    continue
                rate = Rate(line["correct"], line["n"])
                place = f"{network} {line['attack']} linf {line['budget']:.3g}"
                rows.add_rate(place, subject.name, "robustness_percent", rate)
            is_masked = document["verdict"]["soundness"] == "gradient masking"
            rows.add(
                network, subject.name, "gradient_masking", float(is_masked), document["provenance"]["images"]
            )
        with written_atomically(study.folder / f"masking-{network}.json", "w") as file:
            json.dump(found, file, indent=1)
        study.picture(f"masking-{network}", _figure(found, network))
    return rows.rows


def _audited(study: Study, network: str, subject: Subject) -> dict[str, Any]:
    exact = study.subject(network, None)
    attacks = AuditAttacks(steps=20, queries=200)
    budgets = _BUDGETS[DATASETS[network]]
    images, labels = subject.dataset.test_subset(study.audited_images)
    identity = {
        "audit": [subject.trained.sha256, exact.trained.sha256, subject.dataset.sha256],
        "settings": [len(images), list(budgets), repr(attacks), study.seed],
    }

    def compute() -> dict[str, torch.Tensor]:
        study.report(f"audit of {network} {subject.name}")
        report = audit(
            subject.net,
            images,
            labels,
            exact=None if subject is exact else exact.net,
            budgets=budgets,
            attacks=attacks,
            seed=study.seed,
        )
        text = json.dumps(report.document()).encode()
        return {"document": torch.from_numpy(np.frombuffer(text, dtype=np.uint8).copy())}

    kept = study.cells.tensors(f"audit {network} {subject.name}", identity, compute)
    document: dict[str, Any] = json.loads(kept["document"].numpy().tobytes())
    return document


def _figure(found: dict[str, dict[str, Any]], network: str) -> Figure:
    """Draw what the white-box attack and the worst case leave, over the bit widths, a panel per budget."""
    budgets = [each for each in found["float"]["provenance"]["budgets"] if each < 1]
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
