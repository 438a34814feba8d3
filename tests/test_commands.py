"""The commands people type do what their one line says, and refuse what they cannot do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def make(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", f"PYTHON={sys.executable}", *arguments],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_make_alone_lists_the_commands():
    listed = [line.split()[1] for line in make().stdout.splitlines()]
    assert {"html", "test", "doctest", "serve", "live", "gettext", "accept", "clean", "preview"} <= set(listed)


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 15, 0)])
def test_another_python_is_refused(version, tmp_path):
    program = (
        f"import runpy, sys; sys.version_info = {version}; sys.argv = ['environment.py'];"
        f"runpy.run_path({str(ROOT / 'conf/commands/environment.py')!r}, run_name='__main__')"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode != 0
    assert "needs Python 3.11 to 3.14" in run.stderr
    assert f"is Python {version[0]}.{version[1]}." in run.stderr
    assert "make PYTHON=" in run.stderr


def test_preview_builds_the_named_page_and_leaves_the_site_alone(built_project):
    before = built_project.site()
    built_project.write("docs/other.md", "# Other page\n\nNew words.\n")
    build = built_project.build("preview", "other")
    assert build.returncode == 0, build.stdout
    assert "build/preview/en/other.html" in build.stdout
    for language in ("en", "zh"):
        page = built_project.root / "build" / "preview" / language / "other.html"
        assert "New words." in page.read_text(encoding="utf-8")
    assert built_project.site() == before


def test_preview_runs_the_named_lesson(built_project):
    build = built_project.build("preview", "examples/1_chapter/plot_one.py")
    assert build.returncode == 0, build.stdout
    page = built_project.root / "build/preview/en/lessons/1_chapter/plot_one.html"
    assert "x = 1" in page.read_text(encoding="utf-8")


def test_preview_of_an_unknown_page_names_the_known_ones(built_project):
    build = built_project.build("preview", "tensors")
    assert build.returncode != 0
    assert "no page or lesson is called 'tensors'" in build.stdout
    assert "docs/index.md" in build.stdout
