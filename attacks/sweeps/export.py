"""Results of a store as files: CSV, Parquet, LaTeX."""

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from accelsim.attacks.sweeps.rows import COLUMNS, Rows
from accelsim.attacks.sweeps.store import Store
from accelsim.errors import AccelsimError, nearest
from accelsim.storage import written_atomically

__all__ = ["FORMATS", "export"]


def export(store: Store, path: str | os.PathLike[str]) -> int:
    """Write the finished cells of a store's plan, in its order; the same results give the same bytes.

    Parameters
    ----------
    store : Store
        Open.
    path : path-like
        A file whose ending says the format: ``.csv``; ``.parquet`` (needs PyArrow, the extra ``parquet``);
        ``.tex``, a table per attack, budgets by victims, coloured like a heat map.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    AccelsimError
        If the ending is another one, PyArrow is missing, no cell is finished, or a file cannot be read or
        written.
    """
    path = Path(path)
    writer = writer_for(path)
    rows = store.rows()
    if not rows.results:
        raise AccelsimError(f"no cell of {store.path} is finished yet; there is nothing to export")
    writer(rows, path)
    return len(rows.results)


def writer_for(path: Path) -> Callable[[Rows, Path], None]:
    """Return what writes rows into a file of this name.

    Raises
    ------
    AccelsimError
        If its ending is none of `FORMATS`, or what it needs is missing.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        hint = nearest(ending, FORMATS)
        raise AccelsimError(f"cannot export to {path}: its ending must be {', '.join(FORMATS)}{hint}")
    if ending == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError as error:
            raise AccelsimError(
                "Parquet files need PyArrow: pip install 'accelsim[parquet]', or export to .csv"
            ) from error
    return FORMATS[ending]


def _write_csv(rows: Rows, path: Path) -> None:
    # What cells have in common is turned into text once: five times as fast as field by field.
    craftings = {number: _csv_text(values) for number, values in rows.craftings.items()}
    victims = {number: _csv_text(values) for number, values in rows.victims.items()}
    rates = {counts: _csv_text(values) for counts, values in rows.rates().items()}
    with written_atomically(path, "w") as file:
        file.write(_csv_text(tuple(COLUMNS)) + "\n")
        file.writelines(
            f"{craftings[crafting]},{victims[victim]},{n},{correct},{rates[correct, n]},{identity}\n"
            for crafting, victim, n, correct, identity in rows.results
        )


def _csv_text(values: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def _write_parquet(rows: Rows, path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    types = {"str": pyarrow.string(), "float64": pyarrow.float64(), "int64": pyarrow.int64()}
    columns = [
        pyarrow.array(values, types[kind.lower()])
        for values, kind in zip(zip(*rows.tuples(), strict=True), COLUMNS.values(), strict=True)
    ]
    with written_atomically(path) as file:
        parquet.write_table(pyarrow.table(columns, names=list(COLUMNS)), file)


def _write_latex(rows: Rows, path: Path) -> None:
    from accelsim.attacks.sweeps.latex import latex_tables

    text = latex_tables(rows.tuples())
    with written_atomically(path, "w") as file:
        file.write(text)


#: Endings, and what writes such a file.
FORMATS: Mapping[str, Callable[[Rows, Path], None]] = MappingProxyType(
    {".csv": _write_csv, ".parquet": _write_parquet, ".tex": _write_latex}
)
