"""The one exception that users can cause, and the wording of its hints."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

__all__ = ["AccelsimError", "nearest", "own_errors"]


class AccelsimError(Exception):
    """Something the user gave is wrong: one line that says what, where, and what would be right."""


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return a hint such as ``"; did you mean mul8u_drum_k4 or mul8u_drum_k5?"``, empty if nothing is near.

    Parameters
    ----------
    name : str
        What the user wrote.
    candidates : iterable of str
        What could have been meant.
    """
    matches = get_close_matches(name, list(candidates), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(matches)}?" if matches else ""


@contextmanager
def own_errors(what: str) -> Iterator[None]:
    """Turn whatever a user's code raises into one line: ``what``, then the error's own message.

    Raises
    ------
    AccelsimError
        If the block raises an exception.
    """
    try:
        yield
    except AccelsimError:
        raise
    except Exception as error:
        message = " ".join(str(error).split())
        raise AccelsimError(f"{what}: {type(error).__name__}: {message}") from error
