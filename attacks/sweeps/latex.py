"""Tables of robustness in LaTeX, coloured like heat maps."""

from collections.abc import Sequence
from math import isnan

import pandas as pd
from matplotlib.colors import to_hex

from accelsim.attacks.heat_map import COLOURS, is_dark
from accelsim.attacks.sweeps.pages import pages_of
from accelsim.attacks.sweeps.rows import COLUMNS
from accelsim.attacks.table import RobustnessTable

__all__ = ["latex_tables"]

_HEADER = "% Needs \\usepackage{booktabs,graphicx} and \\usepackage[table]{xcolor}.\n"
_ESCAPES = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


def latex_tables(rows: Sequence[tuple[object, ...]]) -> str:
    """Return a ``table`` per attack: budgets by victims, whole percents on the colours of the heat maps.

    Parameters
    ----------
    rows : sequence of tuple
        Values of `accelsim.attacks.sweeps.rows.COLUMNS`.
    """
    pages = pages_of(pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS))
    tables = [_table(title, table, attack) for title, table in pages.items() for attack in table.attacks]
    return "\n".join([_HEADER, *tables])


def _table(title: str, page: RobustnessTable, attack: str) -> str:
    grid = page.pivot(attack)  # noqa: PD010 (not pandas')
    rows = page.frame[page.frame["attack"] == attack]
    reach = (rows["ci_high_percent"] - rows["ci_low_percent"]).max() / 2
    heads = " & ".join(rf"\rotatebox{{45}}{{{_text(victim)}}}" for victim in grid.columns)
    lines = [
        " & ".join([f"{budget:g}", *(_cell(value) for value in grid.loc[budget])]) + r" \\"
        for budget in grid.index
    ]
    caption = (
        rf"Images classified correctly (\%) under {_text(attack)} on {_text(title)}, by perturbation budget "
        rf"and victim; {rows['n'].max()} images, 95\,\% interval within $\pm${reach:.1f} points."
    )
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{caption}}}",
            rf"\begin{{tabular}}{{r{'c' * len(grid.columns)}}}",
            r"\toprule",
            rf"budget & {heads} \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _text(name: object) -> str:
    return str(name).translate(_ESCAPES)


def _cell(percent: float) -> str:
    if isnan(percent):
        return ""
    text = rf"\textcolor{{white}}{{{percent:.0f}}}" if is_dark(percent) else f"{percent:.0f}"
    return rf"\cellcolor[HTML]{{{to_hex(COLOURS(percent / 100))[1:].upper()}}}{text}"
