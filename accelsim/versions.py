"""Versions of the software that a result follows from."""

import platform
from importlib.metadata import version

__all__ = ["software_versions"]


def software_versions() -> dict[str, str]:
    """Return the versions of the package, of what computes its results, and of Python, by name."""
    found = {name: version(name) for name in ("accelsim", "torch", "foolbox", "numpy", "numba")}
    return found | {"python": platform.python_version()}
