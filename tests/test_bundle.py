"""The scripts that pages run are made of modules: what is committed is what these give, and a
mistake in one is told with its place."""

import re

import pytest

import bundle
from conftest import ROOT, Project, run_command

SCRIPTS = pytest.mark.parametrize("script", bundle.SCRIPTS, ids=lambda each: each.target.name)


@SCRIPTS
def test_the_committed_script_is_what_its_modules_give(script: bundle.Script) -> None:
    committed = script.target.read_text(encoding="utf-8")
    assert committed == bundle.bundled(script), "type 'make bundle', and commit what it writes"


@SCRIPTS
def test_a_change_in_a_module_makes_the_script_anew_and_nothing_else_does(
    small_project: Project, script: bundle.Script
) -> None:
    entry, target = (path.relative_to(ROOT).as_posix() for path in (script.entry, script.target))
    command = small_project.root / "conf/commands/bundle.py"
    assert run_command(command) == (0, "")
    small_project.add(entry, '\nconsole.log("more");\n')
    assert run_command(command) == (0, f"{target} is made anew.\n")
    assert '"more"' in (small_project.root / target).read_text(encoding="utf-8")
    assert run_command(command) == (0, "")


MISTAKES = {
    "player/operations/views.js": "let = 3;",
    "player/numbers.js": 'import { nothing } from "./nowhere.js";\nnothing();',
    "sphinx/exercises/answers.mjs": "parts(",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_module_is_told_with_its_file_and_line(
    small_project: Project, name: str
) -> None:
    path = f"conf/autograd_atlas/{name}"
    before = {each.name: each.target.read_bytes() for each in bundle.SCRIPTS}
    lines = (small_project.root / path).read_text(encoding="utf-8").count("\n")
    small_project.add(path, MISTAKES[name])
    code, told = run_command(small_project.root / "conf/commands/bundle.py")
    assert code == 1
    script = "exercises'" if name.startswith("sphinx") else "player's"
    place = rf"bundle: the {script} script does not parse: {re.escape(path)}:(\d+): .+"
    found = re.fullmatch(place, told.strip())
    assert found, told
    assert lines <= int(found[1]) <= lines + 2
    for each in bundle.SCRIPTS:
        kept = small_project.root / each.target.relative_to(ROOT)
        assert kept.read_bytes() == before[each.name]
