"""``accelsim multipliers remove``: imported multipliers that are no longer wanted."""

import click

from accelsim.cli.completion import complete_multiplier
from accelsim.cli.output import Output, output_options

__all__ = ["remove"]


@click.command(epilog="JSON: removed, a list of: name, files (a list of file and sha256).")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_multiplier)
@output_options
def remove(output: Output, names: tuple[str, ...]) -> None:
    """Remove imported multipliers.

    Their copies in $ACCELSIM_HOME are deleted; the files that they were imported from are not touched. All
    are removed, or on an error none.
    """
    from dataclasses import asdict

    from accelsim.rtl.manifest import remove_entries

    removed = remove_entries(names)
    if output.json:
        output.document(
            {"removed": [{"name": entry.name, "files": list(map(asdict, entry.files))} for entry in removed]}
        )
        return
    for entry in removed:
        output.line(f"removed {entry.name}: {entry.described()}")
