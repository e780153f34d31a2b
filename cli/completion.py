"""Names that the shell completes."""

import click

__all__ = ["complete_attack", "complete_multiplier"]


def complete_multiplier(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the multipliers, imported ones too, that begin with what was typed."""
    from accelsim.rtl.catalogue import listed_names
    from accelsim.rtl.float_library import float_names

    return [name for name in [*listed_names(), *float_names()] if name.startswith(incomplete)]


def complete_attack(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the attacks with a budget that begin with what was typed."""
    from accelsim.attacks import attack_names

    return [name for name in ["all", "paper", *attack_names("fixed-budget")] if name.startswith(incomplete)]
