"""Which values the parameters of the registry's attacks take."""

import math
from collections.abc import Mapping
from typing import Any

from accelsim.attacks.attack import Parameter, Range

__all__ = ["SHARE", "ranges_of"]


def ranges_of(defaults: Mapping[str, Parameter], **special: Range) -> dict[str, Range]:
    """Return the range of each parameter: a special one, or the one that its name has everywhere."""
    return {key: special[key] if key in special else _RANGES[key] for key in defaults}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _choice(*values: str) -> Range:
    return (lambda value: value in values, " or ".join(values))


_COUNT = (_is_count, "a whole number from 1 up")
_POSITIVE = (_is_positive, "a positive number")
_SWITCH = (lambda value: isinstance(value, bool), "True or False")
#: Of a share of something.
SHARE: Range = (lambda value: _is_number(value) and 0 < value <= 1, "a share above 0, up to 1")
_STEP_SIZE = (_is_positive, "a positive step size")

_RANGES: dict[str, Range] = {
    "queries": _COUNT,
    "tolerance": _POSITIVE,
    "abort_early": _SWITCH,
    "abs_stepsize": (
        lambda value: value is None or _is_positive(value),
        "a positive step size, or None to use rel_stepsize",
    ),
    "binary_search_steps": _COUNT,
    "candidates": (
        lambda value: value is None or (_is_count(value) and value >= 2),
        "a number of classes from 2 up, or None for all",
    ),
    "changes": _COUNT,
    "check_trivial": _SWITCH,
    "confidence": (lambda value: _is_number(value) and value >= 0, "a margin of logits from 0 up"),
    "d": (lambda value: value == 0 or _is_count(value), "a whole number of pixels from 0 up"),
    "delta": (lambda value: _is_number(value) and 0 <= value < 1, "a share from 0 up, below 1"),
    "gamma": _POSITIVE,
    "draws": (lambda value: value == 0 or _is_count(value), "a number of noise images from 0 up"),
    "group": _COUNT,
    "initial_const": _POSITIVE,
    "initial_gradient_eval_steps": _COUNT,
    "inner": _choice("deepfool", "fgsm"),
    "inner_budget": (_is_positive, "a positive budget"),
    "largest": (_is_positive, "a positive budget"),
    "levels": _COUNT,
    "loss": _choice("logits", "crossentropy"),
    "max_gradient_eval_steps": _COUNT,
    "others": _SWITCH,
    "overshoot": (lambda value: _is_number(value) and value >= 0, "a share of the step from 0 up"),
    "p": (
        lambda value: value is None or _is_number(value),
        "a factor, or None to probe with the change itself",
    ),
    "passes": _COUNT,
    "r": (lambda value: _is_number(value) and 0 <= value <= 2, "a factor from 0 to 2"),
    "random_start": _SWITCH,
    "rel_stepsize": (_is_positive, "a positive step size relative to the budget"),
    "repeats": _COUNT,
    "rounds": _COUNT,
    "samples": _COUNT,
    "source_step": _STEP_SIZE,
    "source_step_convergance": _STEP_SIZE,
    "spherical_step": _STEP_SIZE,
    "start": SHARE,
    "step_adaptation": (lambda value: _is_number(value) and value > 1, "a factor above 1"),
    "steps": _COUNT,
    "stepsize": _STEP_SIZE,
    "stepsize_search": _choice("geometric_progression", "grid_search"),
    "t": _COUNT,
    "target": (lambda value: _is_number(value) and 0 <= value <= 1, "a grey level from 0 to 1"),
    "targets": (
        lambda value: value in (None, "random") or _is_count(value),
        "a number of classes from 1 up, random for one drawn, or None for all",
    ),
    "theta": (
        lambda value: _is_number(value) and 0 < abs(value) <= 1,
        "a change of a pixel from -1 to 1 that is not 0",
    ),
    "trials": _COUNT,
    "update_stats_every_k": _COUNT,
}
