"""The multipliers that the paper calls M1 to M9, and ours of the same error."""

from collections.abc import Mapping
from typing import Literal

from accelsim.errors import AccelsimError
from accelsim.metrics import error_metrics
from accelsim.rtl.catalogue import load_lut
from accelsim.rtl.manifest import read_entries
from accelsim.storage import data_folder

__all__ = ["ALEXNET", "LENET", "Family", "family_at_hand", "mae_percent", "multipliers"]

#: Whether the circuits of EvoApproxLib or the evolved ones of the package stand for M1 to M9.
Family = Literal["published", "evolved"]

#: EvoApproxLib's circuit of each label of LeNet-5 (figures 4 to 6), and ours within 2 % of its MAE.
LENET: Mapping[str, tuple[str, str]] = {
    "M1": ("mul8u_1JFF", "mul8u_evo_m0"),
    "M2": ("mul8u_96D", "mul8u_evo_m35703"),
    "M3": ("mul8u_12N4", "mul8u_evo_m43268"),
    "M4": ("mul8u_17KS", "mul8u_evo_m56464"),
    "M5": ("mul8u_1AGV", "mul8u_evo_m67384"),
    "M6": ("mul8u_FTA", "mul8u_evo_m88591"),
    "M7": ("mul8u_JQQ", "mul8u_evo_m111609b"),
    "M8": ("mul8u_L40", "mul8u_evo_m154305"),
    "M9": ("mul8u_JV3", "mul8u_evo_m215060"),
}

#: The same of AlexNet (figure 7), whose labels go to M8.
ALEXNET: Mapping[str, tuple[str, str]] = {
    "M1": ("mul8u_1JFF", "mul8u_evo_m0"),
    "M2": ("mul8u_2P7", "mul8u_evo_m153c"),
    "M3": ("mul8u_KEM", "mul8u_evo_m464b"),
    "M4": ("mul8u_150Q", "mul8u_evo_m764b"),
    "M5": ("mul8u_14VP", "mul8u_evo_m759"),
    "M6": ("mul8u_QJD", "mul8u_evo_m1717"),
    "M7": ("mul8u_1446", "mul8u_evo_m1831b"),
    "M8": ("mul8u_GS2", "mul8u_evo_m5651"),
}


def family_at_hand() -> Family:
    """Return ``"published"`` where all circuits of the paper are at hand, else ``"evolved"``."""
    names = {published for circuits in (LENET, ALEXNET) for published, _ in circuits.values()}
    return "published" if all(_place(name) for name in names) else "evolved"


def multipliers(circuits: Mapping[str, tuple[str, str]], family: Family) -> dict[str, str]:
    """Return name or path of the multiplier of each label, as `accelsim.load_lut` takes it.

    Raises
    ------
    AccelsimError
        If a published circuit is neither imported nor a table in the data folder.
    """
    if family == "evolved":
        return {label: evolved for label, (_, evolved) in circuits.items()}
    found = {}
    for label, (published, _) in circuits.items():
        place = _place(published)
        if place is None:
            raise AccelsimError(
                f"{published} ({label}) is not at hand: import it with accelsim multipliers import, put its "
                f"truth table into {data_folder() / 'evoapprox'}, or choose the evolved multipliers"
            )
        found[label] = place
    return found


def mae_percent(names: Mapping[str, str]) -> dict[str, float]:
    """Return the mean absolute error of multipliers in percent of 2^16, by label."""
    return {label: error_metrics(load_lut(name)).mae_percent for label, name in names.items()}


def _place(name: str) -> str | None:
    """Return under what name or path a published circuit is to be had, None if it is not."""
    if name in read_entries():
        return name
    path = data_folder() / "evoapprox" / f"{name}.npy"
    return str(path) if path.is_file() else None
