import pandas as pd
import pytest

from accelsim.attacks import RobustnessTable, wilson_interval
from accelsim.errors import AccelsimError


def row(attack, budget, victim, correct, n=30):
    low, high = wilson_interval(correct, n)
    return attack, attack.split("-")[1], budget, victim, n, correct, 100 * correct / n, 100 * low, 100 * high


@pytest.fixture
def table():
    return RobustnessTable.from_rows(
        row(attack, budget, victim, correct)
        for attack, base in (("pgd-l2", 29), ("bim-linf", 20))
        for budget, loss in ((0.1, 1), (0, 0), (1 / 3, 7))
        for victim, correct in (("float", base - loss), ("mul8u_x", base - 2 * loss), ("007", 3), ("nan", 0))
    )


def test_columns_and_types(table):
    assert [str(kind) for kind in table.frame.dtypes[["budget", "n", "correct", "robustness_percent"]]] == [
        "float64",
        "int64",
        "int64",
        "float64",
    ]
    assert table.attacks == ["pgd-l2", "bim-linf"]


def test_csv_round_trip_is_exact(table, tmp_path):
    table.save_csv(tmp_path / "deep" / "table.csv")
    back = RobustnessTable.load_csv(tmp_path / "deep" / "table.csv")
    pd.testing.assert_frame_equal(back.frame, table.frame, check_exact=True)
    table.save_csv(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "deep" / "table.csv").read_bytes()


def test_csv_text(table, tmp_path):
    table.save_csv(tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0] == "attack,norm,budget,victim,n,correct,robustness_percent,ci_low_percent,ci_high_percent"
    assert lines[7].startswith("pgd-l2,l2,0.0,007,30,3,10.0,")
    assert len(lines) == 1 + 24


def test_pivot(table):
    grid = table.pivot("pgd-l2")  # noqa: PD010 (not pandas')
    assert list(grid.index) == [0, 0.1, 1 / 3]
    assert list(grid.columns) == ["float", "mul8u_x", "007", "nan"]
    assert grid.loc[1 / 3, "mul8u_x"] == 50
    with pytest.raises(AccelsimError, match="no attack pgd-l3; did you mean pgd-l2"):
        table.pivot("pgd-l3")  # noqa: PD010
    with pytest.raises(AccelsimError, match="no attack x; it has pgd-l2, bim-linf"):
        table.pivot("x")  # noqa: PD010


def test_refuses_other_frames(table):
    with pytest.raises(AccelsimError, match="has the columns attack, norm"):
        RobustnessTable(table.frame.drop(columns="n"))
    with pytest.raises(AccelsimError, match="at least one row"):
        RobustnessTable.from_rows([])
    with pytest.raises(AccelsimError, match="two rows for pgd-l2, budget 0.5, float"):
        RobustnessTable.from_rows([row("pgd-l2", 0.5, "float", 1), row("pgd-l2", 0.5, "float", 2)])


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n", b"attack,norm\n\xff,1\n", b'"', b"attack,norm,budget\nx,l2,many\n", b"a\n1,2\n3\n"],
)
def test_damaged_csv(content, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(AccelsimError, match="table.csv is damaged or not a robustness table") as caught:
        RobustnessTable.load_csv(path)
    assert "\n" not in str(caught.value)


def test_missing_csv(tmp_path):
    with pytest.raises(AccelsimError, match="cannot read .*none.csv: No such file"):
        RobustnessTable.load_csv(tmp_path / "none.csv")


def test_unwritable_csv_leaves_nothing(table, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AccelsimError, match="cannot write"):
        table.save_csv(tmp_path / "file" / "table.csv")
    monkeypatch.setattr(pd.DataFrame, "to_csv", lambda self, file, **_: file.write("half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        table.save_csv(tmp_path / "table.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
