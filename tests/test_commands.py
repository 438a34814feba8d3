"""The commands people type do what their one line says, and refuse what they cannot do."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import transcripts
from conftest import contents
from project_files import copy_to

ROOT = Path(__file__).resolve().parents[1]


def make(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", f"PYTHON={sys.executable}", *arguments],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_make_alone_lists_the_commands():
    listed = [line.split()[1] for line in make().stdout.splitlines()]
    assert {
        "html",
        "test",
        "doctest",
        "serve",
        "live",
        "gettext",
        "accept",
        "clean",
        "preview",
    } <= set(listed)


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 15, 0)])
def test_another_python_is_refused(version, tmp_path):
    program = (
        f"import runpy, sys; sys.version_info = {version}; sys.argv = ['environment.py'];"
        f"runpy.run_path({str(ROOT / 'conf/commands/environment.py')!r}, run_name='__main__')"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert run.returncode != 0
    assert "needs Python 3.11 to 3.14" in run.stderr
    assert f"is Python {version[0]}.{version[1]}." in run.stderr
    assert "make PYTHON=" in run.stderr


def test_preview_builds_the_named_page_and_leaves_the_site_alone(built_project):
    before = built_project.site()
    built_project.write("docs/other.md", "# Other page\n\nNew words.\n")
    build = built_project.build("preview", "other")
    (built_project.root / "docs/other.md").unlink()
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


@pytest.mark.slow
def test_a_real_lesson_can_be_previewed(tmp_path):
    """Its links lead to pages that the preview does not have."""
    root = copy_to(tmp_path / "copy")
    run = subprocess.run(
        [sys.executable, str(root / "conf/commands/website.py"), "preview", "plot_forward_pass"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    for language in ("en", "zh"):
        page = root / f"build/preview/{language}/lessons/1_computation_graph/plot_forward_pass.html"
        assert "J = 33" in page.read_text(encoding="utf-8")


def test_live_shows_the_site_and_builds_again_when_a_source_is_saved(built_project):
    """At a port that is free."""
    live = subprocess.Popen(
        [sys.executable, str(built_project.root / "conf/commands/live.py"), "0"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    page = (built_project.root / "docs/index.md").read_text(encoding="utf-8")
    try:
        for words in ("Some words.", "New words."):
            built_project.write("docs/index.md", page.replace("Some words.", words))
            shown = ""
            while words not in shown:
                line = next(line for line in live.stdout if line.startswith("http://"))
                with urllib.request.urlopen(f"{line.split()[0]}en/index.html") as answer:
                    shown = answer.read().decode()
    finally:
        os.killpg(live.pid, signal.SIGKILL)
        live.communicate()
        built_project.write("docs/index.md", page)


def test_accept_writes_what_the_site_prints(site, tmp_path, monkeypatch):
    monkeypatch.setattr(transcripts, "ACCEPTED", tmp_path / "accepted")
    monkeypatch.setattr(transcripts, "ROOT", tmp_path)
    transcripts.accept()
    assert contents(tmp_path / "accepted") == contents(ROOT / "tests" / "transcripts")


def test_accept_without_a_site_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(transcripts, "SITE", tmp_path / "no site")
    monkeypatch.setattr(transcripts, "ACCEPTED", tmp_path / "accepted")
    (tmp_path / "accepted").mkdir()
    (tmp_path / "accepted" / "page.txt").write_text("kept")
    with pytest.raises(SystemExit, match="make html"):
        transcripts.accept()
    assert (tmp_path / "accepted" / "page.txt").read_text() == "kept"
