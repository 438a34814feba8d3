"""The repository holds sources only, and speaks of nothing but the project."""

import re
from pathlib import Path

import pytest
import yaml

import autograd_atlas
import bundle
import project_files

ROOT = Path(__file__).resolve().parents[1]
PARTS = {"docs", "examples", "conf", "tests", "requirements.txt", "Makefile"}
ABOUT = re.compile(
    r"(README|CONTRIBUTING|CHANGELOG|SECURITY)\.md|LICENSE.*|CITATION\.cff|pyproject\.toml"
)


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    return project_files.names()


def test_the_top_level_holds_the_parts_and_what_is_said_about_them(tracked):
    tops = {name.split("/")[0] for name in tracked}
    others = {top for top in tops - PARTS if not top.startswith(".")}
    assert tops >= PARTS
    assert [top for top in others if not ABOUT.fullmatch(top)] == []


def test_no_generated_file_is_kept(tracked):
    generated = re.compile(r"\.(pyc|mo|pot|ipynb|zip|md5|html5)$|^docs/lessons/|jupyter_execute")
    assert [name for name in tracked if generated.search(name)] == []


def test_no_package_of_others_is_copied_in(tracked):
    ours = {script.target.relative_to(ROOT).as_posix() for script in bundle.SCRIPTS}
    copied = {name for name in tracked if name.endswith((".woff2", ".min.js", ".whl"))}
    assert copied == ours
    assert "resolved" not in (ROOT / "conf/package-lock.json").read_text()


def test_no_folder_of_a_machine_is_named(tracked):
    for name in tracked:
        if not name.endswith(".png"):
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"/(home|root|Users)/\w", text), name
            assert f"{ROOT}/" not in text, name


def test_every_place_that_names_our_version_names_the_same():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert citation["version"] == autograd_atlas.__version__
    assert newest[1] in ("Unreleased", autograd_atlas.__version__)


def test_forms_for_issues_can_be_filled_in():
    """GitHub drops a form in silence if a part of it has another name."""
    forms = [path for path in (ROOT / ".github/ISSUE_TEMPLATE").iterdir() if path.stem != "config"]
    for path in forms:
        form = yaml.safe_load(path.read_text("utf-8"))
        assert form.keys() - {"labels"} == {"name", "description", "body"}, path.name
        for field in form["body"]:
            assert field["attributes"].get("label") or field["type"] == "markdown", path.name
    assert {path.stem for path in forms} >= {"wrong-explanation", "missing-error", "bug"}
