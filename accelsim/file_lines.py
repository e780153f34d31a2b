"""Where a key stands in a file of sections, for error messages."""

import re

__all__ = ["line_of"]

#: A line of a list that goes on over several is none.
_HEADING = re.compile(r"""\s*\[{1,2}([^][,"']+)\]{1,2}\s*([#;].*)?""")


def line_of(text: str, section: str, key: str = "", *, occurrence: int = 1) -> int | None:
    """Return the number of the line of a key, or of a section's heading, in an INI or TOML file.

    Parameters
    ----------
    text : str
        The file.
    section : str
        Name in brackets, empty before the first one.
    key : str
        What stands before ``=`` or ``:``, in any case; empty: the heading.
    occurrence : int
        Which section of that name, where there are several, from 1 up.
    """
    within, times = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _HEADING.fullmatch(line):
            within = heading[1].strip()
            times += within == section
            if within == section and not key and times == occurrence:
                return number
        name = line.replace(":", "=").partition("=")[0].strip().strip("\"'")
        if within == section and times in (0, occurrence) and key and name.lower() == key.lower():
            return number
    return None
