"""Transfer between bit widths, networks and multipliers: a matrix for each attack."""

from collections.abc import Sequence

from accelsim.attacks.direct.matrices import add_matrices
from accelsim.attacks.direct.subject import Subject
from accelsim.attacks.outcome import Crafted
from accelsim.attacks.reproduction.rows import Row, Rows
from accelsim.attacks.shrestha2024.direct import MULTIPLIERS
from accelsim.attacks.shrestha2024.paper_attacks import ATTACKS
from accelsim.attacks.shrestha2024.published import PUBLISHED
from accelsim.attacks.shrestha2024.study import Study

__all__ = ["between_bits", "between_multipliers", "between_networks"]

#: Attacks whose examples are shown to networks of other kinds.
_FEW = ("FGSM", "JSMA", "UAP", "BA")


def between_bits(study: Study) -> list[Row]:
    """Show every network's examples to every other bit width."""
    rows = PUBLISHED.rows("transfer-bits", "direct")
    for network in study.networks:
        subjects = {study.subject(network, bits).name: study.subject(network, bits) for bits in study.bits}
        _add(rows, study, network, "transfer-bits", subjects, ATTACKS, f"{network}: bit widths")
    return rows.rows


def between_networks(study: Study) -> list[Row]:
    """Show examples to networks of other architectures and capacities on the same data, float and 8 bits."""
    rows = PUBLISHED.rows("transfer-networks", "direct")
    for network in study.networks:
        subjects = {**study.neighbours(network), f"{network} 8 bits": study.subject(network, 8)}
        title = f"networks on {study.dataset(network).name}"
        _add(rows, study, network, "transfer-networks", subjects, _FEW, title)
    return rows.rows


def between_multipliers(study: Study) -> list[Row]:
    """Show the 8-bit network's examples on each multiplier to the others, and the float network's to all."""
    rows = PUBLISHED.rows("transfer-multipliers", "direct")
    for network in study.networks:
        subjects = {"float": study.subject(network, None)}
        subjects |= {name: study.subject(network, 8, name) for name in MULTIPLIERS}
        title = f"{network}, 8 bits: multipliers"
        _add(rows, study, network, "transfer-multipliers", subjects, _FEW, title)
    return rows.rows


def _add(
    rows: Rows,
    study: Study,
    network: str,
    part: str,
    subjects: dict[str, Subject],
    attacks: Sequence[str],
    title: str,
) -> None:
    def crafted(attack: str, subject: Subject) -> Crafted:
        return study.direct(subject, attack, 0)

    figure = add_matrices(rows, study.cells, subjects, subjects, attacks, crafted, title, of=network)
    study.picture(f"{part}-{network}", figure)
