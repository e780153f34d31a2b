import pytest

from accelsim.attacks.intervals import wilson_interval
from accelsim.attacks.robustness_curves import panels_figure
from accelsim.attacks.table import RobustnessTable


@pytest.mark.parametrize(("attacks", "victims"), [(1, 2), (1, 30), (4, 9)])
def test_title_and_legend_stand_apart(attacks: int, victims: int) -> None:
    low, high = (100 * bound for bound in wilson_interval(250, 500))
    figure = panels_figure(
        RobustnessTable.from_rows(
            (
                f"attack-{attack}",
                "linf",
                budget,
                f"a network with a long name, {victim}",
                500,
                250,
                50,
                low,
                high,
            )
            for attack in range(attacks)
            for victim in range(victims)
            for budget in (0.0, 0.1)
        )
    )
    figure.draw_without_rendering()
    (legend,) = figure.legends
    title = figure._suptitle
    assert title is not None
    assert len(legend.get_texts()) == victims
    assert not legend.get_window_extent().overlaps(title.get_window_extent())
    assert legend.get_window_extent().y0 >= 0
