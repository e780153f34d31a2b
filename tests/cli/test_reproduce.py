import os

import pandas as pd
import pytest


def test_files_and_document_agree(accelsim, tmp_path):
    folder = tmp_path / "out"
    ended = accelsim("reproduce", "guesmi2021", "--figure", 4, "--seed", 3, "-o", folder, "--json")
    assert ended.code == 0
    assert (folder / "guesmi2021.json").read_text() == ended.out
    (part,) = ended.document["parts"]
    assert (part["part"], part["csv"]) == ("figure-4", str(folder / "figure-4.csv"))
    frame = pd.read_csv(part["csv"])
    assert list(frame["value"]) == [row["value"] for row in part["rows"]]
    assert len(frame) == 6 * 4
    assert (folder / "figure-4.png").read_bytes().startswith(b"\x89PNG")
    assert ended.document["seed"] == 3
    assert ended.document["versions"]["torch"]


def test_text_has_the_papers_figure_ours_and_the_difference(accelsim, tmp_path):
    lines = accelsim("reproduce", "guesmi2021", "--table", 9, "-q", "-o", tmp_path).out.splitlines()
    assert lines[0] == "table-9: Energy and delay of 24 x 24 significand multipliers"
    (found,) = [line.split() for line in lines if line.split()[:2] == ["energy", "axfpm"]]
    assert found[2:4] == ["relative_energy", "0.395"]
    assert abs(float(found[4]) - 0.395 - float(found[5])) < 1e-3
    frame = pd.read_csv(tmp_path / "table-9.csv").set_index(["row", "column"])
    assert abs(frame.loc[("energy", "axfpm"), "value"] - float(found[4])) < 1e-3


def test_refusals(refused, tmp_path):
    assert refused("reproduce", "guesmi2021", "--table", 22, "-o", tmp_path) == (
        "accelsim: Guesmi et al. (2021) have no table-22 here; did you mean table-2 or table-9 or table-8?\n"
    )
    assert "no command guesmi2012; did you mean guesmi2021?" in refused("reproduce", "guesmi2012")
    assert "--images" in refused("reproduce", "guesmi2021", "--images", 0)
    file = tmp_path / "file"
    file.write_text("")
    assert "file" in refused("reproduce", "guesmi2021", "-o", file)
    assert list(tmp_path.iterdir()) == [file]


def test_shrestha2024_refusals(refused, tmp_path):
    assert "Shrestha and Großmann (2024) have no table-5 here" in refused(
        "reproduce", "shrestha2024", "--table", 5, "-o", tmp_path
    )
    assert "--bits" in refused("reproduce", "shrestha2024", "--bits", 3)
    assert "--network" in refused("reproduce", "shrestha2024", "--network", "lenet5")
    assert list(tmp_path.iterdir()) == []


def test_siddique_refuses_figures_that_are_none(refused, tmp_path):
    said = refused("reproduce", "siddique2022", "--figure", "4e", "-o", tmp_path)
    assert said.startswith(
        "accelsim: Siddique and Hoque (2022) have no figure '4e' here; there are 1, 4a, 4b"
    )
    assert "no claimz here; did you mean claims?" in refused(
        "reproduce", "siddique2022", "--part", "claimz", "-o", tmp_path
    )
    assert "--table" in refused("reproduce", "siddique2022", "--table", 3, "-o", tmp_path)


@pytest.mark.skipif(
    "ACCELSIM_DATA" not in os.environ, reason="$ACCELSIM_DATA, with mnist/ inside, is not set"
)
def test_siddique_keeps_a_store_and_draws(accelsim, tmp_path):
    options = ("--figure", "4d", "--images", 8, "--multipliers", "evolved", "-o", tmp_path, "--json")
    first = accelsim("reproduce", "siddique2022", *options)
    assert first.code == 0
    (part,) = first.document["parts"]
    assert part["part"] == "figure-4d"
    assert len(part["rows"]) == 10 * 10
    assert first.document["multipliers"]["LeNet-5"]["M2"]["multiplier"] == "mul8u_evo_m35703"
    for suffix in ("png", "pdf", "csv"):
        assert (tmp_path / f"figure-4d.{suffix}").is_file()
    assert (tmp_path / "siddique2022.sqlite").is_file()
    assert accelsim("reproduce", "siddique2022", *options).document["parts"][0]["rows"] == part["rows"]
