"""The figures of the paper; columns by its bit widths, ``float`` for full precision."""

from pathlib import Path

from accelsim.attacks.reproduction.rows import PublishedFigures

__all__ = ["PUBLISHED"]

PUBLISHED = PublishedFigures(Path(__file__).parent / "published.csv")
