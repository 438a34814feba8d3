"""A downloaded lesson runs alone, anywhere, and prints what the site shows."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

import pages
from conftest import run_command
from transcripts import accepted, difference

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted(path.relative_to(ROOT / "examples") for path in ROOT.glob("examples/*/plot_*.py"))


def download(site: Path, lesson: Path, suffix: str, language: str = "en") -> Path:
    """The file that the lesson's page offers."""
    path = (site / language / "lessons" / lesson).with_suffix(".html")
    offered = [a.get("href") for a in pages.select(pages.page(path), "a.download")]
    links = [link for link in offered if link.endswith(suffix)]
    assert len(links) == 1, f"{path}: {links}"
    return path.parent / unquote(links[0])


def run_alone(script: Path) -> tuple[int, str]:
    """In a fresh process, isolated from what its folder and our environment hold."""
    run = subprocess.run(
        [sys.executable, "-P", script],
        cwd=script.parent,
        env={"PATH": os.environ["PATH"], "HOME": str(script.parent), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return run.returncode, run.stdout


def check(site: Path, lesson: Path, folder: Path, run: Callable[[Path], tuple[int, str]]) -> None:
    code, printed = run(Path(shutil.copy(download(site, lesson, ".py"), folder)))
    assert code == 0, printed
    blocks = accepted(f"lessons/{lesson.with_suffix('').as_posix()}")
    expected = "".join(text for kind, text in blocks if kind == "printed")
    assert difference(printed, expected) is None, printed


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_downloaded_script_prints_its_transcript(site, lesson, tmp_path):
    """In a fork of a process that has imported torch."""
    check(site, lesson, tmp_path, run_command)


@pytest.mark.slow
def test_every_downloaded_script_prints_its_transcript_in_a_fresh_process(site, tmp_path):
    for lesson in LESSONS:
        check(site, lesson, tmp_path, run_alone)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_the_download_is_the_lesson_itself(site, lesson):
    for language in ("en", "zh"):
        offered = download(site, lesson, ".py", language).read_text(encoding="utf-8")
        note = re.search(r"(?<=\n)The pictures are on the web page: (\S+)(?=\"\"\"\n)", offered)
        assert note[1].endswith(f"/en/lessons/{lesson.with_suffix('.html').as_posix()}")
        source = (ROOT / "examples" / lesson).read_text(encoding="utf-8")
        assert offered.replace(note[0], "", 1) == source


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_downloaded_notebook_holds_all_code_and_no_raw_markup(site, lesson):
    notebook = nbformat.reads(download(site, lesson, ".ipynb").read_text("utf-8"), as_version=4)
    nbformat.validate(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    source = (ROOT / "examples" / lesson).read_text(encoding="utf-8")
    for line in source.splitlines():
        if line.startswith(("print", "import", "assert", "    print")):
            assert line in code
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            raw = re.search(r":\w+:`|^\.\. ", cell.source, re.MULTILINE)
            assert not raw, json.dumps(cell.source)


def test_lessons_import_nothing_of_ours():
    for lesson in LESSONS:
        source = (ROOT / "examples" / lesson).read_text(encoding="utf-8")
        assert "autograd_atlas" not in source, lesson


def test_every_lesson_has_a_card_with_a_picture_in_the_outline_order(site):
    listed = (ROOT / "examples" / "order.txt").read_text().split()
    assert sorted(listed) == [lesson.as_posix() for lesson in LESSONS]
    shown = []
    for chapter in dict.fromkeys(name.split("/")[0] for name in listed):
        path = site / "en" / "lessons" / chapter / "index.html"
        for card in pages.select(pages.page(path), ".sphx-glr-thumbcontainer"):
            picture = path.parent / card.find(".//img").get("src")
            assert "<text" in picture.read_text(encoding="utf-8"), "the default picture"
            shown.append(f"{chapter}/{Path(card.find('.//a').get('href')).stem}.py")
    assert shown == listed
