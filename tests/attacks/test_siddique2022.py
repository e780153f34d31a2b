"""The experiments of Siddique and Hoque, on few images of digits."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import accelsim
from accelsim.attacks.registry import PAPER_ATTACKS
from accelsim.attacks.reproduction.cells import Cells
from accelsim.attacks.siddique2022 import circuits, figures, formats, readings
from accelsim.attacks.siddique2022.claimed import claims
from accelsim.attacks.siddique2022.parts import PAPER
from accelsim.attacks.siddique2022.published import PUBLISHED
from accelsim.attacks.siddique2022.study import NETWORKS, Study
from accelsim.attacks.siddique2022.transfer import table_2
from accelsim.attacks.sweeps import Network, Store
from accelsim.errors import AccelsimError
from accelsim.models import calibration_images, load_dataset, trained_network

IMAGES = 12
BUDGETS = (0.0, 0.05, 0.5)
#: All of them on digits, which come with the package.
ON_DIGITS = {
    key: Network(name, "digits", epochs=epochs)
    for key, name, epochs in (
        (("LeNet-5", "mnist"), "lenet5", None),
        (("LeNet-5", "cifar10"), "lenet5", None),
        (("AlexNet", "mnist"), "alexnet_siddique_mnist", 1),
        (("AlexNet", "cifar10"), "alexnet_siddique_mnist", 1),
        (("FFNN", "mnist"), "ffnn", None),
    )
}
#: MAE in percent of the circuits that the paper names, as EvoApproxLib publishes it.
PUBLISHED_MAE = {
    "LeNet-5": [0, 0.35703, 0.432676, 0.564645, 0.673845, 0.885913, 1.11609, 1.54305, 2.1506],
    "AlexNet": [0, 0.00152588, 0.00463724, 0.00764132, 0.00758767, 0.0171691, 0.0183105, 0.0565112],
}


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with Store(tmp_path / "store.sqlite", writable=True) as store:
        yield Study(
            folder=tmp_path,
            cells=Cells(tmp_path, {}),
            store=store,
            images={"mnist": IMAGES, "cifar10": IMAGES},
            family="evolved",
            budgets=BUDGETS,
            networks=ON_DIGITS,
        )


def test_figures_of_the_paper_are_found_by_part_budget_and_label() -> None:
    assert PUBLISHED.figure("figure-4a", "0.2", "M1", "robustness_percent") == 54
    assert PUBLISHED.figure("figure-5b", "0.2", "M8", "robustness_percent") == 24
    assert (
        PUBLISHED.figure("table-2", "LeNet-5 to AlexNet, MNIST", "approximate", "accuracy_after_percent")
        == 43
    )
    for unreadable in (("figure-4c", "1", "M7"), ("figure-6a", "0", "M1")):
        assert np.isnan(PUBLISHED.figure(*unreadable, "robustness_percent"))


def test_ours_have_the_published_errors() -> None:
    for network, labels in (("LeNet-5", circuits.LENET), ("AlexNet", circuits.ALEXNET)):
        errors = circuits.mae_percent(circuits.multipliers(labels, "evolved"))
        np.testing.assert_allclose(list(errors.values()), PUBLISHED_MAE[network], rtol=0.021)


def test_published_circuits_are_taken_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELSIM_DATA", str(tmp_path))
    monkeypatch.setenv("ACCELSIM_HOME", str(tmp_path / "home"))
    assert circuits.family_at_hand() == "evolved"
    with pytest.raises(AccelsimError, match=r"mul8u_1JFF \(M1\) is not at hand: import it .*evoapprox"):
        circuits.multipliers(circuits.LENET, "published")
    (tmp_path / "evoapprox").mkdir()
    for published, ours in {*circuits.LENET.values(), *circuits.ALEXNET.values()}:
        accelsim.load_lut(ours).save(tmp_path / "evoapprox" / f"{published}.npy")
    assert circuits.family_at_hand() == "published"
    assert circuits.multipliers(circuits.LENET, "published")["M2"].endswith("mul8u_96D.npy")


def test_a_heat_map_is_what_evaluate_robustness_finds(study: Study) -> None:
    rows = figures.heat_map("4c")(study)
    data = load_dataset("digits")
    net = trained_network("lenet5", data).net
    victims = {"float": net}
    for label in ("M1", "M6"):
        lut = accelsim.load_lut(study.multipliers("LeNet-5")[label])
        victims[label] = accelsim.approximate(net, lut, calibration=calibration_images(data), layers="conv")
    table = accelsim.evaluate_robustness(net, victims, ["fgm-linf"], BUDGETS, *data.test_subset(IMAGES))
    wanted = {(f"{row.budget:g}", row.victim): row.robustness_percent for row in table.frame.itertuples()}
    found = {(row.row, row.column): row.value for row in rows}
    assert {key: found[key] for key in wanted} == wanted
    assert found["0", "M1"] > found["0.5", "M1"]
    assert [row.paper for row in rows if (row.row, row.column) == ("0.05", "M1")] == [97]
    for suffix in ("png", "pdf"):
        assert (study.folder / f"figure-4c.{suffix}").stat().st_size > 5000


def test_a_finished_cell_is_not_computed_again(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    first = figures.heat_map("4c")(study)
    again = replace(study)
    monkeypatch.setattr("accelsim.attacks.sweeps.evaluation.craft", lambda *a, **k: pytest.fail("crafted"))
    assert again.seconds() == 0
    assert figures.heat_map("4c")(again) == first
    assert again.seconds() == study.seconds() > 0, "whenever it was computed"


def test_claims_are_tested_on_all_attacks_and_remarked_on(study: Study) -> None:
    found = claims(study)
    assert [row.quantity for row in found] == ["p_value"] * 4
    assert all(0 <= row.value <= 1 for row in found)
    assert len(study.remarks["claims"]) == 4
    eight = figures.figure_8(study)  # of the same cells
    assert len(eight) == len(PAPER_ATTACKS) * len(BUDGETS) * 2
    assert (study.folder / "figure-8.png").is_file()


@pytest.mark.slow
def test_other_networks(study: Study) -> None:
    assert {row.column for row in figures.figure_1(study)} == {"float", *circuits.LENET}
    assert (study.folder / "figure-1.pdf").is_file()
    assert len(table_2(study)) == 4 * (10 + 9) * 2


@pytest.mark.slow
def test_formats_of_every_width_and_readings_of_every_choice(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "_BUDGETS", (0.0,))
    rows = formats.arithmetic(study)
    assert len(rows) == len(formats.formats()) * len(circuits.LENET)
    clean = {(row.row, row.column): row.value for row in rows}
    assert clean["unsigned, 8 bits", "M1"] >= 90
    monkeypatch.setattr(readings, "_TRAININGS", {"10 epochs": None})
    found = readings.readings(replace(study, budgets=(0.0, 0.5)))
    assert len(found) == 3 * 8 * (8 + 1)


def test_the_mean_difference_leaves_out_what_cannot_be_read() -> None:
    # 4c at 1: M1 10, M2 10, M7 unreadable
    found = readings.mean_differences("4c", (1.0,), ["M1", "M2", "M7"], np.array([[14.0, 4.0, 90.0]]))
    assert found == pytest.approx((4 + 6) / 2)


def test_every_part_has_its_function_and_its_networks() -> None:
    assert len(PAPER.parts) == 20
    assert all(about.part in {part.name for part in PAPER.parts} for about in figures.HEAT_MAPS.values())
    assert {(about.network, about.dataset) for about in figures.HEAT_MAPS.values()} <= set(NETWORKS)
