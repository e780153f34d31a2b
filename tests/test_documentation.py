"""The documentation's Python examples run, its links lead somewhere, and the README's commands are CI's."""

import re
import subprocess
from pathlib import Path

import click
import pytest

import accelsim
from accelsim.cli.command_line import root

ROOT = Path(accelsim.__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
PAGES = [page for page in PAGES if "_build" not in page.parts]


@pytest.mark.parametrize(
    "page",
    [
        "tutorial.md",
        "how-to/use-your-own-network.md",
        "how-to/audit.md",
        "how-to/run-a-sweep.md",
        "how-to/retrain.md",
        "how-to/train-a-quantized-network.md",
        "how-to/estimate-cost.md",
        "how-to/import-a-multiplier.md",
        "how-to/export-an-array.md",
        "explanation/engines.md",
        "reference/networks.md",
        "explanation/integer-networks.md",
        "explanation/robustness.md",
        "how-to/run-from-a-file.md",
    ],
)
def test_examples_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCELSIM_HOME", str(tmp_path / "home"))
    blocks = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.DOTALL | re.MULTILINE
    )
    assert blocks
    exec(compile("\n".join(blocks), page, "exec"), {"__name__": page})
    assert capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if not target.startswith(("https://", "http://")):
            assert (page.parent / target).exists(), target


def test_documented_commands_exist():
    for page in PAGES:
        shell = "".join(re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE))
        for line in re.findall(r"^accelsim (.*)$", shell, re.MULTILINE):
            words = line.split("#")[0].split()
            command, context = root, click.Context(root)
            while isinstance(command, click.Group):
                command = command.get_command(context, words.pop(0))
                assert command is not None, line
            options = {name for parameter in command.params for name in parameter.opts}
            given = {word for word in words if word.startswith("-")}
            assert given <= options, line


def test_files_speak_of_the_project_alone():
    """No path of a developer's machine in any text file that git knows."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    files = [
        ROOT / name for name in listed.splitlines() if not name.endswith((".png", ".safetensors"))
    ] or PAGES
    for path in files:
        if path.is_file() and not path.is_symlink():
            assert not re.search(r"(^|[^.\w])/(home|root|work)/\w", path.read_text()), path
