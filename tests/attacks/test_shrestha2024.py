"""The machinery of the reproduction, on small networks."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from accelsim.attacks.audit_attacks import AuditAttacks
from accelsim.attacks.direct.results import add_direct, perturbed
from accelsim.attacks.direct.subject import Subject
from accelsim.attacks.outcome import Crafted
from accelsim.attacks.reproduction import examples
from accelsim.attacks.reproduction.cells import Cells
from accelsim.attacks.reproduction.rows import Rows
from accelsim.attacks.shrestha2024 import boundary, direct, masking, transfer
from accelsim.attacks.shrestha2024 import study as shrestha_study
from accelsim.attacks.shrestha2024.paper_attacks import ATTACKS, paper_attack
from accelsim.attacks.shrestha2024.parts import PAPER
from accelsim.attacks.shrestha2024.published import PUBLISHED
from accelsim.attacks.shrestha2024.study import Study
from accelsim.attacks.shrestha2024.subjects import BITS
from accelsim.dorefa_conversion import quantization_aware
from accelsim.errors import AccelsimError
from accelsim.models import Dataset, TrainedNetwork, accuracy_percent, weights_sha256
from accelsim.models.cifar10 import CIFAR10_NAMES
from accelsim.models.recipe import Recipe


@pytest.fixture
def data(images, labels):
    return Dataset("mnist", images, labels, images, labels, ("a", "b", "c"))


@pytest.fixture
def subjects(source, data):
    """The small network at every width, by width."""

    def made(bits, multiplier=""):
        net = source if bits is None else quantization_aware(source, bits, bits, layers="linear").eval()
        trained = TrainedNetwork(
            net, "mnist_a", "mnist", data.sha256, data.train_sha256, Recipe(epochs=1),
            accuracy_percent(net, data.test_images, data.test_labels), weights_sha256(net),
        )  # fmt: skip
        return Subject(multiplier or ("float" if bits is None else str(bits)), trained, data, multiplier)

    return made


@pytest.fixture
def study(subjects, data, tmp_path):
    def made(lines=None, **settings):
        settings = {"images": 6, "iterative_images": 6, "runs": 2, "audited_images": 12, **settings}
        folder = tmp_path / "out"
        found = Study(
            folder=folder,
            cells=Cells(folder / "cells", {"accelsim": "1"}),
            report=(lines if lines is not None else []).append,
            **settings,
        )
        found._datasets["mnist"] = data
        for bits in BITS:
            found._subjects["mnist_a", bits, ""] = subjects(bits)
        for name in direct.MULTIPLIERS:
            found._subjects["mnist_a", 8, name] = subjects(8, name)
        return found

    return made


def test_samples_are_right_images_and_grow_at_their_end(study):
    made = study()
    subject = made.subject("mnist_a", 2)
    images, labels = made.sample(subject, 0, 10)
    assert torch.equal(subject.answers(images), labels)
    fewer, _ = made.sample(subject, 0, 4)
    assert torch.equal(fewer, images[:4])
    other, _ = made.sample(subject, 1, 10)
    assert not torch.equal(other, images)
    everything, _ = made.sample(subject, 0, 1000)
    assert len(everything) == int(
        (subject.answers(subject.dataset.test_images) == made.dataset("mnist_a").test_labels).sum()
    )


def test_a_stopped_run_goes_on_and_more_images_add_to_it(study, monkeypatch):
    monkeypatch.setattr(examples, "CHUNK", 4)
    lines = []
    made = study(lines)
    first = made.direct(made.subject("mnist_a", 2), "FGSM", 0)
    assert len(lines) == 2
    lines.clear()
    again = study(lines)
    more = again.crafted(again.subject("mnist_a", 2), paper_attack("FGSM", "mnist"), 0, 12)
    assert [line.rpartition(" ")[2] for line in lines] == ["4", "8"]
    assert torch.equal(more.adversarial[:4], first.adversarial[:4])
    judged = first.judged(made.subject("mnist_a", 2).net)
    np.testing.assert_array_equal(judged.fooled, first.fooled.numpy())


def test_norms_are_those_of_numpy(images):
    other = images.clone()
    other[:, 0, 0, :3] = 0.25
    crafted = Crafted(images, other, torch.zeros(40), torch.ones(40), torch.ones(40), 3, 0.0, 40)
    change = (other.double() - images.double()).numpy().reshape(40, -1)
    found = perturbed(crafted)
    np.testing.assert_array_equal(found["l0"], (change != 0).sum(axis=1))
    for name, order in (("l1", 1), ("l2", 2), ("linf", np.inf)):
        np.testing.assert_allclose(found[name], [np.linalg.norm(each, order) for each in change])


def test_unrecognisable_examples_are_counted_and_left_out():
    """Ten images: three withstand, seven fool, and two of these are noise."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand((10, 1, 6, 6), generator=generator)
    adversarial = images + 0.01
    adversarial[8:] = torch.rand((2, 1, 6, 6), generator=generator)
    fooled = torch.tensor([False] * 3 + [True] * 7)
    crafted = Crafted(images, adversarial, torch.zeros(10), torch.ones(10), fooled, 3, 5.0, 10)
    rows = Rows(None, "x")
    add_direct(rows, "A", "float", [crafted], 0.6)
    found = {row.quantity: row.value for row in rows.rows}
    assert found["adversarial_accuracy_percent"] == 30
    assert found["evasion_percent"] == 70
    assert found["unrecognisable_percent"] == 20
    assert found["adversarial_accuracy_recognisable_percent"] == pytest.approx(100 * 3 / 8)
    assert found["l2_mean_recognisable"] == pytest.approx(0.06, rel=1e-4)
    assert found["l2_mean"] > 0.5
    assert found["seconds_per_example"] == 0.5


def test_the_papers_figures():
    """Some read from the table again."""
    found = [
        PUBLISHED.figure("table-6", f"mnist_a {attack}", bits, "adversarial_accuracy_percent")
        for attack, bits in zip(ATTACKS, ("float", "2", "8", "1", "12"), strict=True)
    ]
    assert found == [33.7, 37.5, 37.8, 52.6, 0.1]
    assert PUBLISHED.figure("table-6", "resnet20 BA", "1", "l2_mean") == 2.816
    assert (
        PUBLISHED.figure("figure-7", "resnet20 FGSM 0.025", "float", "adversarial_accuracy_percent") == 12.7
    )


def test_the_papers_hyperparameters():
    attack = {name: paper_attack(name, "cifar10") for name in ATTACKS}
    assert attack["FGSM"].budget == 0.05
    assert (attack["UAP"].budget, attack["UAP"].attack.parameters["inner_budget"]) == (0.1, 0.01)
    assert attack["C&W"].attack.parameters["confidence"] == 5
    assert attack["JSMA"].attack.parameters["theta"] == 0.3
    assert attack["BA"].attack.parameters["steps"] == 12
    assert paper_attack("BA", "mnist", steps=7).attack.parameters["steps"] == 7


@pytest.fixture
def cheap(monkeypatch):
    """The paper's attacks with few iterations."""
    few = {
        "UAP": {"passes": 2},
        "BA": {"steps": 3},
        "C&W": {"steps": 3, "binary_search_steps": 3},
    }

    def attack(name, dataset, budget=None, **parameters):
        return paper_attack(name, dataset, budget, **{**parameters, **few.get(name, {})})

    for module in (shrestha_study, boundary):
        monkeypatch.setattr(module, "paper_attack", attack)
    monkeypatch.setattr(masking, "_ATTACKS", AuditAttacks(2, 2, 4))


@pytest.mark.parametrize("name", CIFAR10_NAMES)
def test_cifar10_has_its_hyperparameters_whichever_its_test_images(name):
    for attack in ATTACKS:
        own = paper_attack(attack, name)
        assert own == paper_attack(attack, "cifar10")
        assert (own != paper_attack(attack, "mnist")) == (attack != "C&W")


@pytest.fixture
def neighbour(monkeypatch, subjects):
    """Another network of the package on the same data."""
    trained = replace(subjects(1).trained, network="lenet5")
    monkeypatch.setattr(shrestha_study, "shipped_on", lambda data: {"lenet5": trained})
    return trained


def test_neighbours_are_the_networks_of_the_package_on_the_same_data(study, neighbour):
    found = study().neighbours("mnist_a")
    assert list(found) == ["lenet5", "mnist_a"]
    assert found["lenet5"].trained is neighbour
    assert found["mnist_a"].trained.recipe.weight_bits is None


def test_the_audit_takes_every_width_and_needs_no_full_precision(study, cheap):
    assert {row.column for row in masking.masking(study(bits=(1, 12)))} == {"1", "12"}


def test_every_part_runs(study, cheap, neighbour):
    made = study(bits=(None, 1, 8))
    for part in PAPER.parts:
        rows = PAPER.run(part, made)
        assert rows, part.name
        assert {row.part for row in rows} == {part.name}
    found = json.loads((made.folder / "masking-mnist_a.json").read_text())
    assert set(found) == {"float", "1", "8"}
    assert found["1"]["verdict"]["statement"]
    for name in made.pictures:
        assert (made.folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert {name.removesuffix("-mnist_a") for name in made.pictures} == {
        *(f"figure-{number}" for number in range(3, 8)), "masking",
        *(f"transfer-{what}" for what in ("bits", "networks", "multipliers")),
    }  # fmt: skip


def test_what_a_network_fools_itself_with_fools_it(study, cheap):
    made = study(bits=(None, 2))
    rows = {(row.row, row.column): row for row in transfer.between_bits(made)}
    for attack in ATTACKS:
        for bits in ("float", "2"):
            own = rows[f"mnist_a {attack} {bits}", bits]
            assert own.value == 100 or own.n == 0
    crafted = made.direct(made.subject("mnist_a", None), "FGSM", 0)
    judge = made.subject("mnist_a", 2)
    right = judge.answers(crafted.images) == crafted.labels
    wrong = judge.answers(crafted.adversarial) != crafted.labels
    counted = right & crafted.fooled
    assert rows["mnist_a FGSM float", "2"].n == int(counted.sum())
    assert rows["mnist_a FGSM float", "2"].value == pytest.approx(100 * float(wrong[counted].float().mean()))


def test_a_multiplier_too_narrow_is_refused(subjects, study):
    made = study()
    made._subjects["mnist_a", 16, "mul8u_exact"] = subjects(16, "mul8u_exact")
    with pytest.raises(AccelsimError, match="16"):
        made.direct(made.subject("mnist_a", 16, "mul8u_exact"), "FGSM", 0)
