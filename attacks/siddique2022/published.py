"""The figures of the paper that can be read: rows by budget, columns by its labels of multipliers."""

from pathlib import Path

from accelsim.attacks.reproduction.rows import PublishedFigures

__all__ = ["PUBLISHED"]

PUBLISHED = PublishedFigures(Path(__file__).parent / "published.csv")
