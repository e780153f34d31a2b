"""The seeds that commands take."""

import click

__all__ = ["SEED"]

#: What every random generator in use takes: NumPy's no negative one, PyTorch's none of 64 bits.
SEED = click.IntRange(0, 2**63 - 1)
