"""The library of multipliers: from a name to its hardware description, and the curated list of names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from accelsim.rtl.arrays import (
    ArrayMultiplier,
    BaughWooleyMultiplier,
    CarrySaveMultiplier,
    DaddaMultiplier,
    WallaceMultiplier,
)
from accelsim.rtl.drum import DrumMultiplier
from accelsim.rtl.logarithmic import MitchellMultiplier
from accelsim.rtl.multiplier import Multiplier
from accelsim.rtl.names import MultiplierName
from accelsim.rtl.sign_magnitude import SignMagnitudeMultiplier
from accelsim.rtl.truncation import BrokenArrayMultiplier, TruncatedMultiplier
from accelsim.rtl.underdesigned import UnderdesignedMultiplier

__all__ = ["Description", "describe", "names", "wide_names"]


@dataclass(frozen=True)
class _Family:
    """An architecture of the library: what it is, who published it, and how to build it."""

    summary: str
    source: str
    build: Callable[[MultiplierName], Multiplier]


_FAMILIES: Mapping[str, _Family] = MappingProxyType(
    {
        "array": _Family(
            "array of ripple-carry rows",
            "B. Parhami, Computer Arithmetic, 2nd ed., Oxford University Press 2010, chapter 11",
            lambda name: ArrayMultiplier(name.width, name.cell, name.k),
        ),
        "csa": _Family(
            "carry-save array",
            "E. L. Braun, Digital Computer Design, Academic Press 1963",
            lambda name: CarrySaveMultiplier(name.width, name.cell, name.k),
        ),
        "wallace": _Family(
            "Wallace tree",
            "C. S. Wallace, IEEE Trans. Electronic Computers EC-13(1), 1964",
            lambda name: WallaceMultiplier(name.width, name.cell, name.k),
        ),
        "dadda": _Family(
            "Dadda tree",
            "L. Dadda, Alta Frequenza 34, 1965",
            lambda name: DaddaMultiplier(name.width, name.cell, name.k),
        ),
        "trunc": _Family(
            "carry-save array without the partial products below column {k}",
            "M. J. Schulte and E. E. Swartzlander, VLSI Signal Processing VI, 1993",
            lambda name: TruncatedMultiplier(name.width, _given(name.k), name.corrected),
        ),
        "bam": _Family(
            "broken array, horizontal break level {h}, vertical break level {v}",
            "H. R. Mahdiani, A. Ahmadi, S. M. Fakhraie and C. Lucas, IEEE TCAS-I 57(4), 2010",
            lambda name: BrokenArrayMultiplier(name.width, _given(name.h), _given(name.v)),
        ),
        "udm": _Family(
            "underdesigned multiplier, recursive on 2x2 blocks in which 3*3 = 7",
            "P. Kulkarni, P. Gupta and M. Ercegovac, VLSI Design 2011",
            lambda name: UnderdesignedMultiplier(name.width),
        ),
        "mitchell": _Family(
            "logarithmic multiplier",
            "J. N. Mitchell, IRE Trans. Electronic Computers EC-11(4), 1962",
            lambda name: MitchellMultiplier(name.width),
        ),
        "drum": _Family(
            "DRUM with segments of {k} bits",
            "S. Hashemi, R. I. Bahar and S. Reda, ICCAD 2015",
            lambda name: DrumMultiplier(name.width, _given(name.k)),
        ),
        "bw": _Family(
            "Baugh-Wooley array of ripple-carry rows",
            "C. R. Baugh and B. A. Wooley, IEEE Trans. Computers C-22(12), 1973",
            lambda name: BaughWooleyMultiplier(name.width, name.cell, name.k),
        ),
    }
)
_CELL_SOURCE = "V. Gupta, D. Mohapatra, A. Raghunathan and K. Roy, IEEE TCAD 32(1), 2013"


@dataclass(frozen=True)
class Description:
    """A multiplier of the library.

    Parameters
    ----------
    parsed : MultiplierName
        Its name, taken apart.
    """

    parsed: MultiplierName

    @property
    def name(self) -> str:
        """The canonical name."""
        return str(self.parsed)

    @property
    def width(self) -> int:
        """Bits of each operand; the product has twice as many."""
        return self.parsed.width

    @property
    def signed(self) -> bool:
        """Whether operands and product are two's complement."""
        return self.parsed.signed

    @property
    def summary(self) -> str:
        """What it is, in one line."""
        name = self.parsed
        words = [f"{name.width}-bit {'signed' if name.signed else 'unsigned'}"]
        if name.sign_magnitude:
            words.append("sign-magnitude")
        words.append(_FAMILIES[name.architecture].summary.format(k=name.k, h=name.h, v=name.v))
        if name.corrected:
            words.append("plus a correction constant")
        if name.cell != "exact":
            where = "in all columns" if name.k is None else f"below column {name.k}"
            words.append(f"with {name.cell.upper()} cells {where}")
        return " ".join(words)

    @property
    def source(self) -> str:
        """Where it was published."""
        family = _FAMILIES[self.parsed.architecture].source
        return family if self.parsed.cell == "exact" else f"{family}; {_CELL_SOURCE}"

    def build(self) -> Multiplier:
        """Return a new hardware description, with ports ``a``, ``b`` and ``p``."""
        build = _FAMILIES[self.parsed.architecture].build
        if self.parsed.sign_magnitude:
            return SignMagnitudeMultiplier(build(self.parsed.magnitude))
        return build(self.parsed)


def describe(name: str) -> Description:
    """Return the description of any multiplier of the grammar of `accelsim.rtl.names`, listed or not.

    Raises
    ------
    AccelsimError
        If the name is not of the grammar, or a parameter is out of its range.
    """
    return Description(MultiplierName.parse(name))


_LIBRARY = {
    "mul4u": """
        exact csa wallace dadda ama1_k3 ama2_k4 ama3_k3 ama4_k4 ama5_k4
        trunc_k3 bam_h1_v3 udm mitchell drum_k3
    """,
    "mul6u": """
        exact csa wallace dadda ama1_k5 ama5_k5
        trunc_k5 trunc_k5_corrected bam_h1_v4 mitchell drum_k3 drum_k4
    """,
    "mul8u": """
        exact csa wallace dadda
        ama1_k4 ama1_k6 ama1_k8 ama2_k4 ama2_k6 ama2_k8 ama3_k4 ama3_k6 ama3_k8
        ama4_k4 ama4_k6 ama4_k8 ama5_k4 ama5_k6 ama5_k8 ama5
        csa_ama1_k6 csa_ama5_k6 wallace_ama2_k6 wallace_ama5_k6 dadda_ama2_k6 dadda_ama3_k6
        trunc_k4 trunc_k6 trunc_k8 trunc_k4_corrected trunc_k6_corrected trunc_k8_corrected
        bam_h0_v4 bam_h1_v6 bam_h2_v6 bam_h2_v8 udm mitchell drum_k3 drum_k4 drum_k5 drum_k6
    """,
    "mul12u": "exact dadda ama5_k12 trunc_k10 bam_h2_v10 mitchell drum_k6",
    "mul4s": "exact bw_ama1_k3 bw_ama5_k3 sm_exact sm_udm sm_mitchell sm_drum_k3",
    "mul6s": "exact bw_ama2_k4 sm_dadda sm_trunc_k4 sm_drum_k4",
    "mul8s": """
        exact bw_ama1_k6 bw_ama2_k6 bw_ama3_k6 bw_ama4_k6 bw_ama5_k6
        sm_exact sm_csa sm_wallace sm_dadda sm_ama5_k8 sm_trunc_k6 sm_trunc_k6_corrected sm_bam_h1_v6 sm_udm
        sm_mitchell sm_drum_k4 sm_drum_k6
    """,
    "mul12s": "exact sm_mitchell sm_drum_k6",
}

#: Wider than a LUT can be.
_WIDE_LIBRARY = {
    "mul16u": "exact csa wallace dadda ama5_k16 trunc_k16_corrected bam_h4_v16 udm mitchell drum_k6",
    "mul16s": "exact sm_dadda sm_mitchell sm_drum_k6",
    "mul32u": "exact dadda udm mitchell drum_k8",
    "mul32s": "exact sm_drum_k8",
}


def names() -> list[str]:
    """Return the canonical names of the library's multipliers, each narrow enough for a LUT."""
    return _spelled(_LIBRARY)


def wide_names() -> list[str]:
    """Return the canonical names of the library's multipliers that are too wide for a LUT."""
    return _spelled(_WIDE_LIBRARY)


def _spelled(library: Mapping[str, str]) -> list[str]:
    return [f"{prefix}_{suffix}" for prefix, suffixes in library.items() for suffix in suffixes.split()]


def _given(parameter: int | None) -> int:
    """Narrow the type of a parameter that the name's own checks require."""
    assert parameter is not None
    return parameter
