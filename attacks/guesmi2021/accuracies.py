"""Tables 6 and 8: accuracy of the networks on their hardware, and the errors of the multipliers."""

import torch

from accelsim.attacks.guesmi2021.published import PUBLISHED
from accelsim.attacks.guesmi2021.study import Study
from accelsim.attacks.guesmi2021.subjects import HARDWARE, Subject
from accelsim.attacks.rates import Rate
from accelsim.attacks.reproduction.rows import Row
from accelsim.models.accuracy import correct_count
from accelsim.rtl.float_circuits import FloatCircuit
from accelsim.rtl.float_library import describe_float

__all__ = ["table_6", "table_8"]

#: Networks of gates simulated one by one are asked for this many images at most.
_FEW = 1000
_PAIRS = 2_000_000


def table_6(study: Study) -> list[Row]:
    """Accuracy of float32, Ax-FPM, DoReFa and bfloat16 networks on all test images."""
    columns = {
        "mnist": ("exact", "axfpm", "bf16"),
        "cifar10": ("exact", "axfpm", "dq_full", "dq_weight_only", "bf16"),
    }
    found = []
    for dataset, names in columns.items():
        rows, subject = PUBLISHED.rows("table-6", "clean", dataset), study.subject(dataset)
        for column in names:
            rate = _accuracy(study, subject, column, len(subject.dataset.test_images))
            rows.add_rate(dataset, column, "accuracy_percent", rate)
        found += rows.rows
    return found


def table_8(study: Study) -> list[Row]:
    """Accuracy of LeNet-5, MRED and NMED with exact, HEAP and Ax-FPM multipliers."""
    rows, subject = PUBLISHED.rows("table-8", "clean", "mnist"), study.subject("mnist")
    for column in ("exact", "heap", "axfpm", "axfpm_array24"):
        n = _FEW if column == "heap" else len(subject.dataset.test_images)
        rows.add_rate("accuracy", column, "accuracy_percent", _accuracy(study, subject, column, n))
        study.report(f"errors of {column}")
        multiplier = "fp32_exact" if column == "exact" else HARDWARE.get(column, column)
        errors = FloatCircuit(describe_float(multiplier)).errors(_PAIRS, study.seed)
        rows.add("MRED", column, "mred", errors.mred, _PAIRS)
        rows.add("NMED", column, "nmed", errors.nmed, _PAIRS)
    return rows.rows


def _accuracy(study: Study, subject: Subject, column: str, n: int) -> Rate:
    images, labels = subject.dataset.test_subset(n)

    def compute() -> dict[str, torch.Tensor]:
        study.report(f"accuracy of {column} ({subject.dataset.name})")
        return {"correct": torch.tensor([correct_count(subject.victim(column), images, labels)])}

    identity = {**study.identity(subject), "victim": column, "n": n}
    return Rate(int(study.cells.tensors(f"accuracy {column}", identity, compute)["correct"]), n)
