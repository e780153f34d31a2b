import pandas as pd
import pytest

from accelsim.attacks import PAPER_ATTACKS, PAPER_BUDGETS, attack_names
from accelsim.cli.attack import DEFAULT_ATTACKS, DEFAULT_BUDGETS, attack
from accelsim.cli.experiment import DEFAULT_MULTIPLIERS

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def tiny(accelsim, checkpoints, tmp_path):
    """Attack with the fewest images that still tell something."""

    def run(*arguments):
        network = ["--checkpoint", checkpoints["ffnn"], "-m", "mul4u_udm", "--images", 12]
        return accelsim("attack", *network, "-o", tmp_path / "out", *arguments)

    return run


def test_files_and_document_agree(tiny, tmp_path):
    ended = tiny("-a", "fgm-linf", "-a", "cr-l2", "-b", 0, "-b", "0.1", "--json")
    assert (ended.code, ended.err) == (0, "")
    content = ended.document
    assert content["csv"] == str(tmp_path / "out" / "robustness.csv")
    frame = pd.read_csv(content["csv"])
    assert len(frame) == len(content["results"]) == 2 * 2 * 2
    assert frame.to_dict("records") == content["results"]
    assert set(frame["victim"]) == {"mul4u_exact", "mul4u_udm"}
    assert set(frame["n"]) == {12}
    assert (frame["robustness_percent"] == 100 * frame["correct"] / 12).all()
    assert (tmp_path / "out" / "robustness.png").read_bytes().startswith(PNG)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "robustness.csv",
        "robustness.json",
        "robustness.png",
    }
    assert (tmp_path / "out" / "robustness.json").read_text() == ended.out
    assert (content["network"], content["layers"], content["images"]) == ("ffnn", "linear", 12)


def test_text(tiny, tmp_path):
    lines = tiny("-a", "fgm-linf", "-b", 0, "-b", "0.1").out.splitlines()
    frame = pd.read_csv(tmp_path / "out" / "robustness.csv").set_index(["victim", "budget"])
    title = lines.index("fgm-linf: robustness in % by perturbation budget")
    assert lines[title + 1].split() == ["multiplier", "0", "0.1"]
    for line, victim in zip(lines[title + 2 :], ["mul4u_exact", "mul4u_udm"], strict=False):
        values = [f"{frame.loc[(victim, budget), 'robustness_percent']:.1f}" for budget in (0, 0.1)]
        assert line.split() == [victim, *values]
    assert lines[-3:] == [
        f"table       {tmp_path / 'out' / 'robustness.csv'}",
        f"heat map    {tmp_path / 'out' / 'robustness.png'}",
        f"provenance  {tmp_path / 'out' / 'robustness.json'}",
    ]


def test_an_attack_that_cannot_be_loaded_is_in_nobodys_way(tiny, refused, tmp_path, monkeypatch):
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[accelsim.attacks]\nbroken-linf = nowhere:attack\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert tiny("-a", "fgm-linf", "-b", "0.1").code == 0
    assert "attack broken-linf of broken (nowhere:attack) cannot be loaded" in refused("attack", "-a", "all")


def test_same_seed_same_file(tiny, tmp_path):
    written = []
    for seed in (1, 1):
        tiny("-a", "rau-linf", "-b", "0.4", "--seed", seed)
        written.append((tmp_path / "out" / "robustness.csv").read_bytes())
    assert written[0] == written[1]


def test_all_attacks_and_budgets_of_the_paper(tiny, monkeypatch):
    asked = {}

    def record(source, victims, attacks, budgets, *rest, **settings):
        asked.update(attacks=[attack.name for attack in attacks], budgets=budgets)
        raise KeyboardInterrupt

    monkeypatch.setattr("accelsim.attacks.evaluate_robustness", record)
    assert tiny("-a", "paper", "-b", "paper").code == 130
    assert asked == {"attacks": list(PAPER_ATTACKS), "budgets": list(PAPER_BUDGETS)}
    tiny("-a", "cr-l2", "-a", "all")
    assert asked["attacks"] == ["cr-l2", *(name for name in attack_names("fixed-budget") if name != "cr-l2")]
    assert 0.17 not in PAPER_BUDGETS
    tiny("-b", "0.17", "-b", "paper", "-b", "0.1")
    assert asked["budgets"] == sorted({0.17, 0.1, *PAPER_BUDGETS})
    tiny("-b", "0.2", "-b", "0", "-b", "0.2")
    assert asked["budgets"] == [0, 0.2]


def test_defaults_are_as_promised(accelsim):
    names = {option.name: option.default for option in attack.params}
    assert names["attacks"] == DEFAULT_ATTACKS
    assert len(DEFAULT_ATTACKS) == 3
    assert len(DEFAULT_BUDGETS) == 5
    assert len(DEFAULT_MULTIPLIERS) == 4
    words = accelsim("attack", "--help").out.replace(",", " ").replace(".", " ").split()
    assert {"all", "paper", *PAPER_ATTACKS} <= set(words)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["-a", "pgd-lnf"], "did you mean pgd-linf"),
        (["-a", "deepfool-l2"], "attack deepfool-l2 has no budget: it looks for the smallest"),
        (["-a", "cw-linf"], "attack cw has no norm linf; there is cw-l2"),
        (["-b", "many"], "'many' is not a valid float"),
        (["-b", "-1"], "expected a finite number from 0 up"),
        (["-b", "nan"], "expected a finite number from 0 up"),
        (["--images", "0"], "0 is not in the range x>=1"),
        (["--activation-operand", "c"], "'c' is not one of 'a', 'b'"),
        (["-m", "mul8u_drum"], "drum"),
        (["--seed", "-1"], "-1 is not in the range"),
        (["--seed", str(2**63)], "is not in the range"),
    ],
)
def test_bad_options_are_refused_before_anything_is_trained(refused, monkeypatch, tmp_path, arguments, hint):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("accelsim.models.trained_network", lambda *_, **__: pytest.fail("trained"))
    assert hint in refused("attack", *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "taken", ["out", "out/robustness.csv/", "out/robustness.png/", "out/robustness.json/"]
)
def test_unwritable_folder_is_refused_before_anything_is_trained(refused, monkeypatch, tmp_path, taken):
    monkeypatch.setattr("accelsim.models.trained_network", lambda *_, **__: pytest.fail("trained"))
    if taken.endswith("/"):
        (tmp_path / taken).mkdir(parents=True)
    else:
        (tmp_path / taken).write_text("")
    assert "cannot write" in refused("attack", "-o", tmp_path / "out")


def test_the_clean_output_of_a_real_process(child, checkpoints, tmp_path):
    process = child(
        "attack", "--checkpoint", checkpoints["ffnn"], "-m", "mul4u_udm", "--images", 5, "-a", "fgm-l2",
        "-b", "1", cwd=tmp_path,
    )  # fmt: skip
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("ffnn on 5 test images of digits, linear layers approximate; 95 % interval")
    assert "\x1b" not in out
    assert (tmp_path / "accelsim-attack" / "robustness.png").exists()
