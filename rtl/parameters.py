"""Ranges of the multipliers' parameters, for the components and the name grammar alike."""

from accelsim.errors import AccelsimError

__all__ = [
    "WIDTHS",
    "approximate_columns",
    "checked_integer",
    "checked_power_of_two",
    "checked_width",
    "dropped_columns",
    "horizontal_levels",
    "segment_widths",
]

#: Operand widths of all multipliers, in bits.
WIDTHS = range(2, 33)


def approximate_columns(width: int) -> range:
    """Return how many of the ``2 width`` product columns may hold approximate cells: none to all."""
    return range(2 * width + 1)


def dropped_columns(width: int) -> range:
    """Return how many columns of partial products may be dropped: at least the highest one stays."""
    return range(2 * width - 1)


def horizontal_levels(width: int) -> range:
    """Return how many rows of partial products may be omitted: at least the highest one stays."""
    return range(width)


def segment_widths(width: int) -> range:
    """Return how many bits a DRUM segment may have."""
    return range(2, width + 1)


def checked_integer(owner: str, parameter: str, value: object, allowed: range) -> int:
    """Return `value` if it is an integer of `allowed`.

    Raises
    ------
    AccelsimError
        Otherwise; names owner, parameter, value and range.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        raise AccelsimError(
            f"{owner}: {parameter} is {value!r}; expected an integer from {allowed[0]} to {allowed[-1]}"
        )
    return value


def checked_width(owner: str, width: object) -> int:
    """Return `width` if it is an operand width of 2 to 32 bits, else raise `AccelsimError`."""
    return checked_integer(owner, "width", width, WIDTHS)


def checked_power_of_two(owner: str, width: object) -> int:
    """Return `width` if it is 2, 4, 8, 16 or 32 bits, else raise `AccelsimError`."""
    width = checked_width(owner, width)
    if width & (width - 1):
        raise AccelsimError(f"{owner}: width is {width}; expected a power of two (2, 4, 8, 16 or 32)")
    return width
