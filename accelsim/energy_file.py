"""Energies from a TOML file, instead of the built-in ones.

All keys may be left out::

    [scratchpad]
    kib = [8, 32, 1024]           # sizes; with one number for pj_per_byte this is left out
    pj_per_byte = [6.4, 12.8, 64]
    source = "CACTI 7, 28 nm"

    [dram]
    pj_per_byte = 160

    [pe]                          # energies of one product, and static power
    multiplier_fj = 200
    adder_fj = 100
    registers_fj = 50
    leakage_nw = 100
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from accelsim.energy import DEFAULT_MEMORY_ENERGY, MemoryEnergy, PartEnergy, PeEnergy
from accelsim.errors import AccelsimError, nearest
from accelsim.file_lines import line_of

__all__ = ["BUILT_IN_ENERGIES", "EnergyFile", "read_energies"]

_PARTS = ("multiplier_fj", "adder_fj", "registers_fj")
_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "scratchpad": ("kib", "pj_per_byte", "source"),
        "dram": ("pj_per_byte", "source"),
        "pe": (*_PARTS, "leakage_nw", "source"),
    }
)


@dataclass(frozen=True)
class EnergyFile:
    """Energies that a file gives.

    Parameters
    ----------
    memory : MemoryEnergy
        Of scratchpads and DRAM, built-in ones where the file has none.
    pe : mapping of str to float
        What it gives of ``multiplier_fj``, ``adder_fj``, ``registers_fj`` per product, and ``leakage_nw``.
    source : str
        Where those come from.
    """

    memory: MemoryEnergy = DEFAULT_MEMORY_ENERGY
    pe: Mapping[str, float] = field(default_factory=dict)
    source: str = ""

    def of_pe(self, computed: PeEnergy) -> PeEnergy:
        """Return a PE's energy with what the file gives in place of what was computed."""
        parts = {
            key.removesuffix("_fj"): PartEnergy(per_product_fj=self.pe[key])
            for key in _PARTS
            if key in self.pe
        }
        leakage = self.pe.get("leakage_nw", computed.leakage_nw)
        return replace(computed, **parts, leakage_nw=leakage)


#: What holds without a file.
BUILT_IN_ENERGIES = EnergyFile()


def read_energies(path: str | os.PathLike[str]) -> EnergyFile:
    """Read energies from a TOML file.

    Raises
    ------
    AccelsimError
        If the file cannot be read or is malformed, or a key or value is another (with the line number).
    """
    return _Reader(Path(path)).read()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._text = path.read_text(encoding="utf-8")
            self._content: dict[str, Any] = tomllib.loads(self._text)
        except OSError as error:
            raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise AccelsimError(f"{path} is no text file, so no TOML") from error
        except tomllib.TOMLDecodeError as error:
            raise AccelsimError(f"{path} is not TOML: {error}") from error

    def read(self) -> EnergyFile:
        for section, content in self._content.items():
            if section not in _KEYS or not isinstance(content, dict):
                hint = nearest(section, _KEYS) or f"; there are [{'], ['.join(_KEYS)}]"
                raise self._wrong(
                    section if isinstance(content, dict) else "", section, f"is no section{hint}"
                )
            for key in content:
                if key not in _KEYS[section]:
                    hint = nearest(key, _KEYS[section]) or f"; there are {', '.join(_KEYS[section])}"
                    raise self._wrong(section, key, f"is no key of [{section}]{hint}")
            if not isinstance(content.get("source", ""), str):
                raise self._wrong(section, "source", "is no text")
        default, name = DEFAULT_MEMORY_ENERGY, self._path.name
        memory = MemoryEnergy(
            self._scratchpad() if "scratchpad" in self._content else default.scratchpad,
            self._number("dram", "pj_per_byte") if "dram" in self._content else default.dram,
            "; ".join(
                f"{section}: {self._source(section) if section in self._content else default.source}"
                for section in ("scratchpad", "dram")
            ),
        )
        pe = {key: self._number("pe", key) for key in self._content.get("pe", {}) if key != "source"}
        return EnergyFile(memory, MappingProxyType(pe), self._source("pe") if pe else name)

    def _source(self, section: str) -> str:
        return str(self._content.get(section, {}).get("source", self._path.name))

    def _scratchpad(self) -> tuple[tuple[float, float], ...]:
        given = self._content["scratchpad"]
        if not isinstance(given.get("pj_per_byte"), list):
            if "kib" in given:
                raise self._wrong(
                    "scratchpad", "kib", "is there with one pj_per_byte for all sizes; leave it out"
                )
            return ((1.0, self._number("scratchpad", "pj_per_byte")),)
        sizes, energies = given.get("kib"), given["pj_per_byte"]
        if not isinstance(sizes, list) or len(sizes) != len(energies) or not sizes:
            raise self._wrong("scratchpad", "pj_per_byte", "is a list; expected as many sizes in kib")
        for key, values in (("kib", sizes), ("pj_per_byte", energies)):
            if not all(_is_number(value) and value > 0 for value in values):
                raise self._wrong("scratchpad", key, f"is {values}; expected numbers above 0")
        if sizes != sorted({*sizes}):
            raise self._wrong("scratchpad", "kib", f"is {sizes}; expected rising numbers")
        return tuple((float(size), float(energy)) for size, energy in zip(sizes, energies, strict=True))

    def _number(self, section: str, key: str) -> float:
        value = self._content[section].get(key)
        if not _is_number(value) or not 0 <= value < float("inf"):
            raise self._wrong(section, key, f"is {value!r}; expected a number from 0 on")
        return float(value)

    def _wrong(self, section: str, key: str, what: str) -> AccelsimError:
        line = line_of(self._text, section, key) or line_of(self._text, section) or 1
        return AccelsimError(f"{self._path}, line {line}: {key} {what}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
