"""The repository holds sources only, and speaks of nothing but the project."""

import re
from pathlib import Path

import pytest

import project_files

ROOT = Path(__file__).resolve().parents[1]
TOP = {
    "docs", "examples", "conf", "tests", "requirements.txt", "Makefile", "README.md",
    "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "LICENSE-text.md", "CITATION.cff",
    "pyproject.toml",
}  # fmt: skip


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    return project_files.names()


def test_the_top_level_holds_what_it_should(tracked):
    tops = {name.split("/")[0] for name in tracked}
    assert {top for top in tops if not top.startswith(".")} == TOP


def test_no_generated_file_is_kept(tracked):
    generated = re.compile(r"\.(pyc|mo|pot|ipynb|zip|md5|html5)$|^docs/lessons/|jupyter_execute")
    assert [name for name in tracked if generated.search(name)] == []


def test_no_package_of_others_is_copied_in(tracked):
    assert [name for name in tracked if name.endswith((".woff2", ".min.js", ".whl"))] == []
    assert "resolved" not in (ROOT / "conf/package-lock.json").read_text()


def test_no_folder_of_a_machine_is_named(tracked):
    for name in tracked:
        if not name.endswith(".png"):
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"/(home|root|Users)/\w", text), name
            assert f"{ROOT}/" not in text, name
