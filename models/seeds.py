"""The seeds that PyTorch's random generators take."""

from accelsim.errors import AccelsimError

__all__ = ["check_seed"]


def check_seed(seed: int, what: str) -> None:
    """Raise unless a seed is a whole number from 0 to 2^63 - 1.

    Parameters
    ----------
    seed : int
        What the user gave.
    what : str
        What it is the seed of, for the error message.

    Raises
    ------
    AccelsimError
        If it is not.
    """
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise AccelsimError(f"{what}: seed must be a whole number from 0 to 2^63 - 1, not {seed!r}")
