"""The options that define a grid without a file: those of its keys."""

import functools
from collections.abc import Callable
from typing import Any

import click

from accelsim.cli.completion import complete_attack, complete_multiplier

__all__ = ["grid_options"]

#: Keys of `accelsim.attacks.sweeps.grid_values.KEYS`, short options, and help.
_OPTIONS = (
    ("network", "", "Network that is attacked; default: lenet5."),
    ("data", "", "Data set; default: digits."),
    ("attack", "-a", "Attack; paper: the ten of Siddique & Hoque (2022); all: every one with a budget."),
    ("budget", "-b", "Perturbation budget; paper: the ten of Siddique & Hoque (2022)."),
    ("multiplier", "-m", "Multiplier of the victims, by name or path; float32: not quantized."),
    ("images", "", "Number of test images, or all; default: 500."),
    ("seed", "", "Seed of the attacks; default: 0."),
    ("batch_size", "", "Images attacked together, a part of a result's identity; default: 125."),
    ("victim", "", "Network that the examples are shown to; default: the attacked one."),
    ("scheme", "", "unsigned, signed or sign-magnitude; default: the multiplier's."),
    ("bits", "", "Width of activations and weights; default: the multiplier's, up to 8."),
    (
        "placement",
        "",
        "high or low: bits of the multiplier's operand that a narrower one takes; default: high.",
    ),
    ("activation_operand", "", "a or b: the multiplier's operand that is the activation; default: a."),
    ("weights", "", "Scales of the weights: per-tensor (default) or per-channel."),
    ("layers", "", "conv, linear or all; default: conv, or linear in a network without convolutions."),
    ("calibration", "", "Number of training images that victims are quantized with; default: 256."),
    ("calibration_seed", "", "Seed of their choice; default: 0."),
    ("training_seed", "", "Seed of the training of networks; default: 0."),
    ("epochs", "", "Epochs of that training; default: by data set."),
)
_COMPLETIONS = {"attack": complete_attack, "multiplier": complete_multiplier}


def grid_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each key; the command gets those that are given, lists of values, as ``grid``."""

    @functools.wraps(command)
    def with_grid(*arguments: Any, **parameters: Any) -> None:
        given = {key: parameters.pop(key) for key, _, _ in _OPTIONS}
        grid = {key: [_value(text) for text in texts] for key, texts in given.items() if texts}
        command(*arguments, grid=grid, **parameters)

    for key, short, text in reversed(_OPTIONS):
        names = [f"--{key.replace('_', '-')}", key, *filter(None, [short])]
        with_grid = click.option(
            *names, multiple=True, metavar="VALUE", help=text, shell_complete=_COMPLETIONS.get(key)
        )(with_grid)
    return with_grid


def _value(text: str) -> int | float | str:
    """Return a number where the text is one, as a sweep's file would give it."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
