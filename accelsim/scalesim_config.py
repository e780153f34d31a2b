"""SCALE-Sim's configuration files: the accelerator as INI."""

import configparser
import math
import os
from dataclasses import dataclass
from pathlib import Path

from accelsim.accelerator import Accelerator
from accelsim.errors import AccelsimError, nearest
from accelsim.file_lines import line_of
from accelsim.systolic_array import Dataflow, SystolicArray

__all__ = ["ScaleSimConfig", "read_config"]

_GENERAL, _ARCHITECTURE, _RUN, _SPARSITY = "general", "architecture_presets", "run_presets", "sparsity"
_DATAFLOWS: dict[str, Dataflow] = {"os": "os", "ws": "ws", "is": "is"}


@dataclass(frozen=True)
class ScaleSimConfig:
    """What a configuration file says of a run.

    Parameters
    ----------
    run_name : str
        Its name.
    accelerator : Accelerator
        Array, scratchpads and bandwidth: ``math.inf`` where the file says ``CALC``, else the smallest of
        those it names, in bytes per cycle for all transfers together.
    """

    run_name: str
    accelerator: Accelerator


def read_config(path: str | os.PathLike[str]) -> ScaleSimConfig:
    """Read a configuration file of SCALE-Sim 3.0.0.

    Address offsets, memory banks, layouts and the topology's path do not matter here.

    Raises
    ------
    AccelsimError
        If the file cannot be read, is malformed, lacks a key or has a bad value (with the line number), or
        asks for sparsity or Ramulator traces.
    """
    return _Config(Path(path)).read()


class _Config:
    """A file, and where its keys are."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parser = configparser.ConfigParser(interpolation=None)
        try:
            self._text = path.read_text(encoding="utf-8")
            self._parser.read_string(self._text)
        except OSError as error:
            raise AccelsimError(f"cannot read {path}: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise AccelsimError(f"{path} is no text file, so no configuration") from error
        except configparser.Error as error:
            raise AccelsimError(f"{path}{_explained(error)}") from error

    def read(self) -> ScaleSimConfig:
        self._refuse(_SPARSITY, "SparsitySupport", "every product counts here")
        self._refuse(_RUN, "UseRamulatorTrace", "the DRAM interface has a bandwidth and no latency here")
        interface = self._value(_RUN, "InterfaceBandwidth")
        if interface not in {"CALC", "USER"}:
            raise self._wrong(_RUN, "InterfaceBandwidth", "CALC or USER")
        dataflow = _DATAFLOWS.get(self._value(_ARCHITECTURE, "Dataflow"))
        if dataflow is None:
            raise self._wrong(_ARCHITECTURE, "Dataflow", "os, ws or is")
        rows, columns, ifmap, filters, ofmap = (
            self._integer(_ARCHITECTURE, key)
            for key in ("ArrayHeight", "ArrayWidth", "IfmapSramSzkB", "FilterSramSzkB", "OfmapSramSzkB")
        )
        bandwidth = self._bandwidth() if interface == "USER" else math.inf
        array = SystolicArray(rows, columns, dataflow)
        return ScaleSimConfig(
            self._value(_GENERAL, "run_name"), Accelerator(array, ifmap, filters, ofmap, bandwidth)
        )

    def _bandwidth(self) -> float:
        given = [field.strip() for field in self._value(_ARCHITECTURE, "Bandwidth").split(",")]
        if not all(_is_positive(field) for field in given):
            raise self._wrong(_ARCHITECTURE, "Bandwidth", "positive integers, separated by commas")
        return float(min(map(int, given)))

    def _integer(self, section: str, key: str) -> int:
        value = self._value(section, key)
        if not _is_positive(value):
            raise self._wrong(section, key, "a positive integer")
        return int(value)

    def _value(self, section: str, key: str) -> str:
        if not self._parser.has_section(section):
            hint = nearest(section, self._parser.sections())
            raise AccelsimError(f"{self._path} has no section [{section}]{hint}")
        if not self._parser.has_option(section, key):
            hint = nearest(key.lower(), self._parser.options(section))
            raise AccelsimError(f"{self._path} has no {key} in [{section}]{hint}")
        return self._parser.get(section, key).strip()

    def _refuse(self, section: str, key: str, reason: str) -> None:
        if self._parser.get(section, key, fallback="false").strip().lower() == "true":
            raise AccelsimError(f"{self._where(section, key)}: {key} is true; {reason}")

    def _wrong(self, section: str, key: str, expected: str) -> AccelsimError:
        value = self._value(section, key)
        return AccelsimError(f"{self._where(section, key)}: {key} is {value!r}; expected {expected}")

    def _where(self, section: str, key: str) -> str:
        line = line_of(self._text, section, key)
        return str(self._path) if line is None else f"{self._path}, line {line}"


def _is_positive(field: str) -> bool:
    return field.isascii() and field.isdigit() and int(field) > 0


def _explained(error: configparser.Error) -> str:
    """Say where a file is malformed, and how."""
    if isinstance(error, configparser.MissingSectionHeaderError):
        return f", line {error.lineno}: expected a section such as [{_ARCHITECTURE}] before any key"
    if isinstance(error, configparser.ParsingError):
        return f", line {error.errors[0][0]}: expected 'key: value', 'key = value' or '[section]'"
    if isinstance(error, configparser.DuplicateSectionError):
        return f", line {error.lineno}: section [{error.section}] is there twice"
    if isinstance(error, configparser.DuplicateOptionError):
        return f", line {error.lineno}: {error.option} is there twice in [{error.section}]"
    return f": {error}"
