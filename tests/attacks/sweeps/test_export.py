"""Tables and pictures of a store."""

import importlib.util
import re
import subprocess
import sys

import pandas as pd
import pytest
from matplotlib.image import imread

from accelsim import AccelsimError, Arithmetic
from accelsim.attacks.sweeps import Cell, Store, Victim, resolved, run
from accelsim.attacks.sweeps.export import export
from accelsim.attacks.sweeps.pages import pages_of
from accelsim.attacks.sweeps.pictures import draw


@pytest.fixture(scope="module")
def store(cells, tmp_path_factory):
    with Store(tmp_path_factory.mktemp("store") / "sweep.sqlite", writable=True) as store:
        store.plan(cells)
        run(store)
        yield store


def test_csv_is_what_the_frame_holds(store, tmp_path):
    assert export(store, tmp_path / "sweep.csv") == 8
    read = pd.read_csv(tmp_path / "sweep.csv", keep_default_na=False)
    frame = store.frame()
    assert list(read.columns) == list(frame.columns)
    for column in ("attack", "budget", "victim", "bits", "n", "correct", "ci_high_percent", "identity"):
        assert list(read[column]) == list(frame[column]), column


def test_labels_are_quoted(cells, tmp_path):
    odd = resolved([Cell(cells[2].crafting, Victim(cells[0].victim.network, label='one, "two"'))])
    with Store(tmp_path / "odd.sqlite", writable=True) as store:
        store.plan(odd)
        run(store)
        export(store, tmp_path / "odd.csv")
        export(store, tmp_path / "odd.tex")
    assert list(pd.read_csv(tmp_path / "odd.csv")["victim"]) == ['one, "two"']


@pytest.mark.skipif(not importlib.util.find_spec("pyarrow"), reason="pyarrow is not installed")
def test_parquet_is_what_the_frame_holds(store, tmp_path):
    export(store, tmp_path / "sweep.parquet")
    read = pd.read_parquet(tmp_path / "sweep.parquet")
    for column, values in store.frame().items():
        assert [None if pd.isna(v) else v for v in read[column]] == [
            None if pd.isna(v) else v for v in values
        ], column


def test_parquet_without_pyarrow_is_one_line(store, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(AccelsimError, match=r"pip install 'accelsim\[parquet\]'"):
        export(store, tmp_path / "sweep.parquet")
    assert not (tmp_path / "sweep.parquet").exists()


def test_latex_has_a_table_per_attack_with_every_percentage(store, tmp_path):
    export(store, tmp_path / "sweep.tex")
    text = (tmp_path / "sweep.tex").read_text()
    assert text.count(r"\begin{table}") == text.count(r"\toprule") == 2
    found = [int(value) for value in re.findall(r"(?:\}|\{)(\d+)\}?(?= &| \\\\)", text)]
    expected = [round(value) for value in store.frame()["robustness_percent"]]
    assert found == expected
    assert r"mul8u\_drum\_k4" in text
    assert text.count("{") == text.count("}")


def test_another_ending_is_refused(store, tmp_path):
    with pytest.raises(AccelsimError, match=r"ending must be .csv, .parquet, .tex; did you mean .csv"):
        export(store, tmp_path / "sweep.cvs")


def test_nothing_finished_is_told(cells, tmp_path):
    with Store(tmp_path / "new.sqlite", writable=True) as new:
        new.plan(cells)
        for attempt in (lambda: export(new, tmp_path / "x.csv"), lambda: draw(new, tmp_path)):
            with pytest.raises(AccelsimError, match="finished yet"):
                attempt()


def test_pictures_are_drawn_as_png_and_pdf_the_same_each_time(store, tmp_path):
    files = draw(store, tmp_path / "one")
    assert [file.name for file in files] == ["heat-map.png", "heat-map.pdf", "curves.png", "curves.pdf"]
    for file in files[::2]:
        assert imread(file).std() > 0.05
    for file, again in zip(files, draw(store, tmp_path / "two"), strict=True):
        assert file.read_bytes() == again.read_bytes()


def test_victims_of_one_label_are_told_apart(store):
    frame = store.frame()
    narrow = frame.assign(bits=frame["bits"].where(frame["victim"] == "float32", 6))
    (table,) = pages_of(pd.concat([frame, narrow[narrow["victim"] != "float32"]], ignore_index=True)).values()
    assert list(table.frame["victim"].unique()) == [
        "float32", "mul8u_drum_k4, 8 bits", "mul8u_drum_k4, 6 bits",
    ]  # fmt: skip
    one, other = (
        frame.assign(victim="M", multiplier="one.npy"),
        frame.assign(victim="M", multiplier="other.npy"),
    )
    both = pd.concat([one[one["bits"] == 8], other[other["bits"] == 8]], ignore_index=True)
    (table,) = pages_of(both).values()
    assert list(table.frame["victim"].unique()) == ["M, one.npy", "M, other.npy"]
    other = frame.assign(source="lenet5", seed=1)
    assert list(pages_of(pd.concat([frame, other], ignore_index=True))) == ["ffnn, seed 0", "lenet5, seed 1"]


def test_reading_a_store_needs_neither_torch_nor_numpy(store, tmp_path):
    code = (
        "import sys; from accelsim.cli import main; "
        f"assert main(['sweep', 'status', {str(store.path)!r}]) == 0; "
        f"assert main(['sweep', 'export', {str(store.path)!r}, '-o', {str(tmp_path / 'x.csv')!r}]) == 0; "
        "print(sorted({'torch', 'numpy', 'pandas', 'numba', 'foolbox', 'amaranth'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_a_multiplier_of_floats_has_no_number_format(cells, tmp_path):
    net = cells[0].victim.network
    arithmetic = Arithmetic(bits=6, activation_operand="b", layers="linear")
    victim = Victim(net, "axfpm_blocks4", arithmetic, label="Ax-FPM")
    with Store(tmp_path / "floats.sqlite", writable=True) as store:
        store.plan(resolved([Cell(cells[0].crafting, victim)]))
        run(store)
        (row,) = store.frame().itertuples()
    assert (row.victim, row.multiplier, row.scheme, row.bits, row.placement, row.weights, row.layers) == (
        "Ax-FPM", "axfpm_blocks4", "", 32, "", "", "linear",
    )  # fmt: skip
    assert row.activation_operand == "b"
    assert pd.isna(row.calibration)


def test_arithmetic_is_in_the_table(store):
    rows = store.frame().set_index("victim")
    assert rows.loc["float32", "scheme"].eq("").all()
    assert set(rows["multiplier"]) == {"", "mul8u_drum_k4"}
    assert rows.loc["mul8u_drum_k4", "scheme"].eq(Arithmetic().scheme).all()
