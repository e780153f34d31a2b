"""The four claims on our outcomes of figures 4 to 6."""

from accelsim.attacks.reproduction.rows import Row
from accelsim.attacks.siddique2022.claims import claims_of
from accelsim.attacks.siddique2022.figures import lenet_grid
from accelsim.attacks.siddique2022.published import PUBLISHED
from accelsim.attacks.siddique2022.study import Study

__all__ = ["claims"]

#: Smaller probabilities may have been rounded to 0.
_LEAST = 1e-300


def claims(study: Study) -> list[Row]:
    """Test each claim; what the data say of it is a remark on the part."""
    grid = lenet_grid(study)
    rows = PUBLISHED.rows("claims", "fixed-budget", "mnist")
    for claim in claims_of(grid, study.mae_percent("LeNet-5")):
        rows.add(claim.name, "", "p_value", claim.p_value, grid.images)
        verdict = "Our data show it" if claim.holds else "Our data do not show it"
        p = f"p = {claim.p_value:.2g}" if claim.p_value > _LEAST else f"p < {_LEAST:g}"
        study.remark("claims", f"{claim.name}: {verdict} ({p}; {claim.test}). {claim.sentence}")
    return rows.rows
