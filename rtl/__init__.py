"""Hardware: descriptions of multipliers, their synthesis to netlists, and the library of names."""

from accelsim.rtl.arrays import (
    ArrayMultiplier,
    BaughWooleyMultiplier,
    CarrySaveMultiplier,
    DaddaMultiplier,
    WallaceMultiplier,
)
from accelsim.rtl.cells import CELLS, AdderCell, FullAdder, HalfAdder
from accelsim.rtl.drum import DrumMultiplier
from accelsim.rtl.library import Description, describe, names, wide_names
from accelsim.rtl.logarithmic import MitchellMultiplier
from accelsim.rtl.multiplier import Multiplier
from accelsim.rtl.names import MultiplierName
from accelsim.rtl.sign_magnitude import SignMagnitudeMultiplier
from accelsim.rtl.truncation import BrokenArrayMultiplier, TruncatedMultiplier
from accelsim.rtl.underdesigned import UnderdesignedMultiplier

__all__ = [  # noqa: RUF022 - grouped by what they are
    # Adder cells
    "CELLS",
    "AdderCell",
    "FullAdder",
    "HalfAdder",
    # Multipliers
    "ArrayMultiplier",
    "BaughWooleyMultiplier",
    "BrokenArrayMultiplier",
    "CarrySaveMultiplier",
    "DaddaMultiplier",
    "DrumMultiplier",
    "MitchellMultiplier",
    "Multiplier",
    "SignMagnitudeMultiplier",
    "TruncatedMultiplier",
    "UnderdesignedMultiplier",
    "WallaceMultiplier",
    # Names
    "Description",
    "MultiplierName",
    "describe",
    "names",
    "wide_names",
]
