"""The gates: one command for all, the same for a person, before a commit, and on CI."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lint import GATES
from project_files import copy_to

ROOT = Path(__file__).resolve().parents[1]
LESSON = "examples/1_computation_graph/plot_fan_out.py"


def lint(root: Path, *gates: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "conf/commands/lint.py"), *gates]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Path:
    """A copy of the project with a fault for each gate but those that would take long here."""
    root = copy_to(tmp_path_factory.mktemp("lint") / "copy")

    def add(name: str, text: str) -> None:
        path = root / name
        path.write_text(path.read_text("utf-8") + text, encoding="utf-8")

    add("conf/commands/project.py", "\n\nfor unused in range(3):\n    import os\n")
    add("tests/extras.py", "\n\nSPACES = ( 1,2 )\n")
    add(
        "examples/1_computation_graph/plot_fan_out.py",
        "\n# %%\n# A ``literal`that is not closed.\n",
    )
    add("docs/index.md", "Ends with a space. \n")
    add("conf/locale/zh_CN/LC_MESSAGES/tensor.po", '\nmsgid "Not said"\nmsgstr ""\n')
    (root / "conf/locale/zh_CN/LC_MESSAGES/gone.po").write_text("")
    add(
        "conf/autograd_atlas/locale/zh_CN/LC_MESSAGES/autograd_atlas.po",
        '\nmsgid "No"\nmsgstr "否"\n',
    )
    add("requirements.txt", "\nsix==1.17.0\n")
    return root


def test_every_failing_gate_is_told_of_at_the_end_and_not_only_the_first(faulty):
    run = lint(faulty, "ruff", "format", "sphinx-lint", "catalogues", "lock")
    assert run.returncode == 1, run.stdout + run.stderr
    line = len((faulty / LESSON).read_text("utf-8").splitlines())
    for wanted in (
        r"^== ruff ==$", r"conf/commands/project\.py:\d+", r"^== format ==$", r"tests/extras\.py",
        r"^== sphinx-lint ==$", rf"^{re.escape(LESSON)}:{line}: ",
        r"^docs/index\.md:\d+: trailing whitespace$", r"^== catalogues ==$",
        r"^conf/locale/zh_CN/LC_MESSAGES/tensor\.po:\d+: not translated: 'Not said'$",
        r"^conf/locale/zh_CN/LC_MESSAGES/gone\.po:1: no page has this name$",
        r"^conf/autograd_atlas/locale/zh_CN/LC_MESSAGES/autograd_atlas\.po:\d+: not used: 'No'$",
        r"^== lock ==$", r"asks for six==1\.17\.0, conf/requirements\.lock does not have it",
    ):  # fmt: skip
        assert re.search(wanted, run.stdout, re.MULTILINE), f"{wanted}\n{run.stdout}"


def test_a_gate_that_passes_says_so():
    run = lint(ROOT, "sphinx-lint", "catalogues")
    assert run.returncode == 0, run.stdout
    assert len(re.findall("good", run.stdout)) == 2


def test_a_gate_that_there_is_not_is_refused_with_those_that_there_are():
    run = lint(ROOT, "flake8")
    assert run.returncode != 0
    assert f"There are: {', '.join(GATES)}" in run.stderr


def test_before_a_commit_the_same_gates_run_with_the_same_versions():
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert repository["repo"] == "local"
    entries = [hook["entry"].split() for hook in repository["hooks"]]
    assert {tuple(entry[:2]) for entry in entries} == {
        (".venv/bin/python", "conf/commands/lint.py")
    }
    assert sorted(gate for entry in entries for gate in entry[2:]) == sorted(GATES)
