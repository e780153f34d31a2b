"""Sweep files: what they expand to, and what is wrong with them, on which line."""

import re
from pathlib import Path

import pytest

import accelsim
from accelsim import AccelsimError, Arithmetic, load_lut
from accelsim.attacks import PAPER_ATTACKS, PAPER_BUDGETS
from accelsim.attacks.sweeps import Images, Network
from accelsim.attacks.sweeps.grid_values import KEYS
from accelsim.attacks.sweeps.sweep_file import read_sweep


@pytest.fixture
def read(tmp_path):
    def cells_of(text):
        path = tmp_path / "sweep.toml"
        path.write_text(text)
        return read_sweep(path)

    return cells_of


MINIMAL = """[[grid]]
attack = "fgm-linf"
budget = 0.1
multiplier = "mul8u_drum_k4"
"""


def test_defaults(read):
    (cell,) = read(MINIMAL)
    assert cell.crafting.source == Network("lenet5", "digits")
    assert cell.crafting.images == Images("digits", 500)
    assert cell.victim.network == cell.crafting.source
    assert cell.victim.arithmetic == Arithmetic("unsigned", 8, "high", "a", "per-tensor", "conv")


def test_lists_make_a_grid_in_order(read):
    cells = read(
        """
        images = "all"
        seed = 3
        [[grid]]
        network = "ffnn"
        victim = ["ffnn", "lenet5"]
        data = "digits"
        attack = ["fgm-l2", {name = "pgd-linf", steps = 3}]
        budget = [0, 0.5]
        multiplier = ["float32", {name = "mul8u_drum_k4", label = "M4"}]
        bits = [8, 6]
        seed = [1, 2]
        """
    )
    assert len(cells) == 2 * 2 * 2 * (2 * (1 + 2))
    assert [(c.crafting.attack, c.crafting.budget, c.crafting.seed) for c in cells[::6]] == [
        (attack, budget, seed) for attack in ("fgm-l2", "pgd-linf") for budget in (0, 0.5) for seed in (1, 2)
    ]
    assert [(c.victim.network.name, c.victim.label, c.victim.arithmetic.bits) for c in cells[:6]] == [
        (name, label, bits)
        for name in ("ffnn", "lenet5")
        for label, bits in (("float32", 8), ("M4", 8), ("M4", 6))
    ]
    assert [c.victim.arithmetic.layers for c in cells[1:6:3]] == ["linear", "conv"]
    assert cells[-1].crafting.parameters == (("steps", 3),)
    assert cells[0].crafting.images.count is None


def test_words_for_the_papers_attacks_and_budgets(read):
    cells = read(MINIMAL.replace('"fgm-linf"', '"paper"').replace("0.1", '"paper"'))
    assert [cell.crafting.attack for cell in cells[:: len(PAPER_BUDGETS)]] == list(PAPER_ATTACKS)
    assert tuple(cell.crafting.budget for cell in cells[: len(PAPER_BUDGETS)]) == PAPER_BUDGETS


def test_a_cell_of_two_grids_is_one(read):
    assert len(read(MINIMAL + MINIMAL)) == 1


def test_the_scheme_is_the_multipliers(read):
    (cell,) = read(MINIMAL.replace("mul8u_drum_k4", "mul8s_bw"))
    assert cell.victim.arithmetic.scheme == "signed"


def test_files_are_found_beside_the_sweeps(read, tmp_path, monkeypatch):
    load_lut("mul8u_drum_k4").save(tmp_path / "mine.npy")
    monkeypatch.chdir(tmp_path.parent)
    (cell,) = read(MINIMAL.replace("mul8u_drum_k4", "mine.npy"))
    assert cell.victim.multiplier == str(tmp_path / "mine.npy")
    assert cell.victim.label == "mine.npy"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("budget", "bugdet", r"line 3: bugdet: no such key; did you mean budget\?"),
        ("budget = 0.1\n", "", r"line 1: no budget is given; expected a perturbation budget"),
        ("0.1", "-0.1", r"line 3: budget: perturbation budget -0.1 is out of range"),
        ("0.1", "true", r"line 3: budget: True; expected a number"),
        ("0.1", "[]", r"line 3: budget: an empty list; expected a perturbation budget"),
        ("fgm-linf", "fgm-l3", r"line 2: attack: attack fgm has no norm l3; there is fgm-l2 and fgm-linf"),
        ("fgm-linf", "deepfool-l2", r"line 2: attack: attack deepfool-l2 has no budget"),
        ('"fgm-linf"', '{name = "pgd-linf", step = 3}', r"line 2: attack: .* no parameter step; .*steps"),
        ('"fgm-linf"', '{name = "pgd-linf", steps = [3]}', r"line 2: attack: .*steps is \[3\]; expected"),
        ('"fgm-linf"', "3", r"line 2: attack: 3; expected a name"),
        ("mul8u_drum_k4", "mul8u_drumm_k4", r"line 4: multiplier: .*did you mean mul8u_drum_k4"),
        ('"mul8u_drum_k4"', '{name = "x", lable = "y"}', r"line 4: multiplier: .*label = "),
        ("[[grid]]\n", 'images = "some"\n[[grid]]\n', r"line 1: images: 'some'; expected"),
        ("[[grid]]\n", "[[grid]]\nimages = 0\n", r"line 2: images: 0; expected a whole number from 1 up"),
        ("[[grid]]\n", "[[grid]]\nbits = 9\n", r"line 2: bits: 9; expected a whole number from 2 to 8"),
        ("[[grid]]\n", "[[grid]]\nscheme = 'signed'\n", r"line 2: scheme: 'signed'; .* unsigned"),
        ("[[grid]]\n", "[[grid]]\nscheme = 'sign'\n", r"line 2: scheme: 'sign'; .*did you mean sign"),
        ("[[grid]]\n", "[[grid]]\nnetwork = 'lenet'\n", r"line 2: network: no network .*did you mean lenet5"),
        ("[[grid]]\n", "[[grid]]\nnetwork = 'x/y.safetensors'\n", r"line 2: network: there is no checkpoint"),
        ("[[grid]]\n", "[[grid]]\ndata = 'mnits'\n", r"line 2: data: .*did you mean mnist"),
        ("[[grid]]", "[grid]", r"has no \[\[grid\]\]"),
        ("[[grid]]", "[[grids]]", r"line 1: grids: no such key; did you mean \[\[grid\]\]"),
        ("0.1", "0.1.2", r"is not a TOML file: .*line 3"),
        ("[[grid]]\n", f"{MINIMAL}[[grid]]\nbatch = 3\n", r"line 6: batch: .*did you mean batch_size"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_line_and_key(read, old, new, message):
    with pytest.raises(AccelsimError, match=r"sweep.toml.*" + message):
        read(MINIMAL.replace(old, new, 1))


def test_yaml_says_the_same_as_toml(tmp_path):
    page = (Path(accelsim.__file__).resolve().parent.parent / "docs/how-to/run-a-sweep.md").read_text()
    found = {}
    for language in ("toml", "yaml"):
        (example,) = re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
        path = tmp_path / f"grid.{language}"
        path.write_text(example)
        found[language] = read_sweep(path)
    assert found["toml"] == found["yaml"]
    assert len(found["toml"]) == 3 * 5 * 4 + 3 * 2 * 2


YAML = """\
images: 40
grid:
  - attack: fgm-linf
    budget: 1e-3
    multiplier: mul8u_drum_k4
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("budget", "bugdet", r"line 4: bugdet: no such key; did you mean budget\?"),
        ("    budget: 1e-3\n", "", r"line 3: no budget is given; expected a perturbation budget"),
        ("1e-3", "[0, -1]", r"line 4: budget: perturbation budget -1 is out of range"),
        ("40", "some", r"line 1: images: 'some'; expected"),
        ("images", "image", r"line 1: image: no such key; did you mean images"),
        ("fgm-linf", "{name: pgd-linf, step: 3}", r"line 3: attack: .* no parameter step; .*steps"),
        ("fgm-linf", "{name: pgd-linf, 3: 4}", r"line 3: key '3' is no text; put it in quotes"),
        ("fgm-linf", "!!python/name:os.system", r"line 3: not a value: could not determine a constructor"),
        ("    budget", "    attack: fgm-l2\n    budget", r"line 4: attack stands here twice"),
        ("grid", "grids", r"line 2: grids: no such key; did you mean grid\?"),
        ("grid:", "grid: []\nseed:", r"has no grid; expected a list of one at least"),
        ("grid:\n  -", "grid:\n   ", r"line 3: grid is no list; its entries begin with a dash"),
        ("  - attack", "  - 3\n  - attack", r"line 3: grid is no list of keys with values"),
    ],
)  # fmt: skip
def test_mistakes_in_yaml_are_told_with_line_and_key(tmp_path, old, new, message):
    path = tmp_path / "sweep.yml"
    path.write_text(YAML)
    assert read_sweep(path)[0].crafting.budget == 1e-3
    assert old in YAML
    path.write_text(YAML.replace(old, new, 1))
    with pytest.raises(AccelsimError, match=r"sweep.yml.*" + message):
        read_sweep(path)


@pytest.mark.parametrize("text", ["", "# nothing\n", "images: 3\n"])
def test_yaml_without_a_grid(tmp_path, text):
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    with pytest.raises(AccelsimError, match="has no grid; expected a list of one at least"):
        read_sweep(path)


def test_every_value_is_looked_at_even_if_no_victim_takes_it(read):
    with pytest.raises(AccelsimError, match="line 5: bits: 9; expected a whole number from 2 to 8"):
        read(MINIMAL.replace("mul8u_drum_k4", "float32") + "bits = 9\n")


def test_lines_are_found_after_lists_in_lists(read):
    with pytest.raises(AccelsimError, match="line 8: bits: 9; expected"):
        read(MINIMAL + 'layers = [\n  ["conv1", "fc1"],\n]\nbits = 9\n')


def test_number_formats_do_not_concern_a_multiplier_of_floats(read):
    text = MINIMAL.replace("mul8u_drum_k4", "axfpm_blocks4")
    assert read(text + 'bits = [4, 6]\nscheme = ["unsigned", "signed"]\n') == read(text)
    assert len(read(text + 'layers = ["conv", "all"]\nactivation_operand = ["a", "b"]\n')) == 4


def test_a_magnitude_has_a_bit_less_than_its_number(read):
    narrow = MINIMAL.replace("mul8u_drum_k4", "mul4u_exact") + "scheme = 'sign-magnitude'\n"
    (cell,) = read(narrow + "bits = 5\n")
    assert cell.victim.arithmetic.multiplier(load_lut("mul4u_exact")).a_width == 5
    with pytest.raises(AccelsimError, match="line 6: bits: 6; mul4u_exact has operands of 4 bits"):
        read(narrow + "bits = 6\n")


def test_weights_of_the_package_have_no_training_of_their_own(read):
    trained = "network = 'lenet5-mnist-adversarial'\ndata = 'mnist'\ntraining_seed = [1, 2]\nepochs = 3\n"
    (cell,) = read(MINIMAL + trained)
    assert cell.crafting.source == Network("lenet5-mnist-adversarial", "mnist")


def test_a_narrow_multiplier_sets_the_width_and_bounds_it(read):
    narrow = MINIMAL.replace("mul8u_drum_k4", "mul4u_exact")
    assert read(narrow)[0].victim.arithmetic.bits == 4
    with pytest.raises(AccelsimError, match="line 5: bits: 5; mul4u_exact has operands of 4 bits"):
        read(narrow + "bits = 5\n")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(AccelsimError, match="cannot read .*nowhere.toml: No such file"):
        read_sweep(tmp_path / "nowhere.toml")


def test_the_reference_has_every_key():
    page = Path(accelsim.__file__).resolve().parent.parent / "docs/reference/sweeps.md"
    assert re.findall(r"^\| `(\w+)` \|", page.read_text().split("## The store")[0], re.MULTILINE) == list(
        KEYS
    )
