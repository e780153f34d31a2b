"""The option ``--processes``."""

import click

__all__ = ["PROCESSES"]

#: How many processes a command may use.
PROCESSES = click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many share the work, on one thread each; no result depends on it.",
)

#: What the JSON document has of every paper, for the command's help.
JSON_PARTS = (
    "networks (dataset, dataset_sha256, weights_sha256, accuracy_percent of each), and parts, a list of: "
    "part, title, seconds (of processor time, of a sweep's cells wall time summed over processes; in this "
    "run and those that were stopped; what parts share counts in the first), csv, pictures (paths), remarks "
    "(sentences), rows, a list of: part, kind (minimal-norm, fixed-budget, direct: each attack as the paper "
    "has it, clean, or none), dataset, row, column, quantity, value, low, high (95 % interval; null where "
    "nothing was drawn), n, paper, difference (null where the paper gives no figure)."
)
