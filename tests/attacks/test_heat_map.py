import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from accelsim.attacks import RobustnessTable, attack_names, wilson_interval
from accelsim.attacks.heat_map import heat_map_figure
from accelsim.errors import AccelsimError

LONG = "mul8u_trunc_k4_corrected"


def table(attacks=2, victims=3, n=200, budgets=(0, 0.1, 0.5)):
    names = [LONG, *(f"mul8u_number{index}" for index in range(1, victims))]
    rows = []
    for attack in attack_names()[:attacks]:
        for level, budget in enumerate(budgets):
            for index, victim in enumerate(names):
                correct = n - 5 * index - 60 * level
                low, high = wilson_interval(correct, n)
                rows.append(
                    (
                        attack,
                        attack.split("-")[1],
                        budget,
                        victim,
                        n,
                        correct,
                        100 * correct / n,
                        100 * low,
                        100 * high,
                    )
                )
    return RobustnessTable.from_rows(rows)


def test_every_cell_says_its_percentage():
    figure = heat_map_figure(table())
    for panel in figure.axes[:2]:
        shown = np.array([text.get_text() for text in panel.texts]).reshape(3, 3)
        assert shown.tolist() == [["100", "98", "95"], ["70", "68", "65"], ["40", "38", "35"]]
        assert panel.images[0].get_array().tolist() == [[100, 97.5, 95], [70, 67.5, 65], [40, 37.5, 35]]
        assert panel.images[0].get_clim() == (0, 100)
        assert [label.get_text() for label in panel.get_yticklabels()] == ["0", "0.1", "0.5"]
        assert panel.get_xticklabels()[0].get_text() == LONG
    assert [panel.get_title() for panel in figure.axes[:2]] == ["fgm-l2", "fgm-linf"]
    assert "200 images, 95 % interval within ±" in figure.get_suptitle()


def test_missing_cells_stay_empty():
    whole = table()
    figure = heat_map_figure(RobustnessTable(whole.frame.drop(index=4)))
    shown = [text.get_text() for text in figure.axes[0].texts]
    assert shown == ["100", "98", "95", "70", "", "65", "40", "38", "35"]


@pytest.mark.parametrize(("attacks", "victims"), [(1, 2), (3, 4), (7, 5), (10, 12)])
def test_everything_drawn_lies_on_the_page_and_names_do_not_run_into_panels(attacks, victims):
    figure = heat_map_figure(table(attacks, victims))
    figure.canvas.draw()
    page = figure.bbox
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == attacks
    drawn = [
        figure.get_tightbbox().get_points() * figure.dpi,
        *(axes.get_tightbbox().get_points() for axes in panels),
    ]
    for (left, bottom), (right, top) in drawn:
        assert left >= -1
        assert bottom >= -1
        assert right <= page.width + 1
        assert top <= page.height + 1
    tops = sorted({round(panel.get_window_extent().y1) for panel in panels})
    assert len(tops) < 3 or np.ptp(np.diff(tops)) <= 3, "rows are unevenly spaced"
    for panel in panels:
        cell = panel.get_window_extent().width / victims
        assert max(text.get_window_extent().width for text in panel.texts) < cell
        for other in panels:
            if other is not panel:
                assert not panel.get_tightbbox().overlaps(other.get_window_extent())


def test_png(tmp_path):
    table().heat_map(tmp_path / "deep" / "map.png")
    pixels = imread(tmp_path / "deep" / "map.png")
    assert min(pixels.shape[:2]) > 300
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 100


def test_only_png(tmp_path):
    with pytest.raises(AccelsimError, match=r"map.jpg: the name of a heat map must end in .png"):
        table().heat_map(tmp_path / "map.jpg")
    assert not list(tmp_path.iterdir())


def test_an_error_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "map.png").write_text("old")
    monkeypatch.setattr(Figure, "savefig", lambda self, file, **_: file.write(b"half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        table().heat_map(tmp_path / "map.png")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
    with pytest.raises(AccelsimError, match="cannot write"):
        table().heat_map(tmp_path / "map.png" / "map.png")
