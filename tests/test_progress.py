"""A build shows how far it is in few words, keeps the whole in a log, and says of a failure what
matters."""

import contextlib
import io
import os
import pty
import re
import subprocess
import sys

import pytest

import progress

PAGE = "docs/index.md"
CATALOGUE = "conf/locale/zh_CN/LC_MESSAGES/index.po"


def build_on_terminal(project) -> str:
    """What a person's terminal gets of a build."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(project.command), "html"], stdout=theirs, stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80", "JOBS": "1"},
    )  # fmt: skip
    os.close(theirs)
    printed = b""
    with contextlib.suppress(OSError):  # so Linux says that the other end was closed
        while more := os.read(ours, 4096):
            printed += more
    os.close(ours)
    assert process.wait() == 0, printed
    return printed.decode()


@pytest.fixture
def changed(built_project):
    """A project with something to build."""
    page = (built_project.root / PAGE).read_text(encoding="utf-8")
    built_project.add(PAGE, "\nA change.\n")
    built_project.write(CATALOGUE, 'msgid "A change."\nmsgstr "更改。"\n')
    yield built_project
    built_project.write(PAGE, page)
    (built_project.root / CATALOGUE).unlink()
    built_project.build()


def test_a_terminal_shows_one_line_that_changes(changed):
    printed = build_on_terminal(changed)
    for stage in ("English: lessons 1 of 1 (", "English: reading pages, ", "Chinese: starting ("):
        assert f"\r\x1b[K{stage}" in printed
    lines = [line.rpartition("\r\x1b[K")[2] for line in printed.split("\r\n")]
    stay = re.compile(
        r"English: built \(\d+ s\)\nChinese: built \(\d+ s\)\nThe site is in build/html: .*\n"
    )
    assert stay.fullmatch("\n".join(lines)), printed


@pytest.mark.parametrize("environment", [{}, {"CI": "true", "FORCE_COLOR": "1"}])
def test_elsewhere_lines_are_plain_and_stay(changed, environment):
    printed = changed.build(**environment).stdout
    assert not set(printed) & {"\r", "\x1b"}
    stages = [re.sub(r" \(.*|[\d%]+", "", line).rstrip() for line in printed.splitlines()]
    for language in ("English", "Chinese"):
        told = [stage.partition(": ")[2] for stage in stages if stage.startswith(language)]
        expected = ["starting", "lessons  of", "reading pages,", "writing pages,", "built"]
        assert told == expected, printed


def test_a_long_stage_says_something_now_and_then(monkeypatch):
    """Where lines stay: one at first, and one when there was none for a while."""
    shown = progress.Progress()
    with shown.out, shown.complaints:
        shown.out, shown.terminal = io.StringIO(), False
        for number in range(1, 4):
            shown.show("lessons", f"{number} of 4")
        monkeypatch.setattr(progress, "EVERY", 0)
        shown.show("lessons", "4 of 4")
        said = shown.out.getvalue()
    assert said == "lessons 1 of 4 (0 s)\nlessons 4 of 4 (0 s)\n"


def test_the_log_has_everything_and_only_of_the_last_build(changed):
    changed.build()
    log = (changed.root / "build/log.txt").read_text(encoding="utf-8")
    for text in ("== en ==", "== zh ==", "Running Sphinx", "reading sources... [100%] index"):
        assert text in log
    assert "\x1b" not in log
    changed.add(PAGE, "\nAnother change.\n")
    changed.build()
    again = (changed.root / "build/log.txt").read_text(encoding="utf-8")
    assert again.count("== en ==") == 1


def test_a_failure_says_what_matters_and_where_the_rest_is(changed):
    changed.add(PAGE, "\nA [link](nowhere.md).\n")
    build = changed.build()
    assert build.returncode != 0
    assert build.stdout.count("WARNING: ") == 1
    assert "Running Sphinx" not in build.stdout
    assert "the English site failed, see above" in build.stdout
    assert "The whole log is in build/log.txt." in build.stdout
    assert "nowhere" in (changed.root / "build/log.txt").read_text(encoding="utf-8")


def test_nothing_to_do_leaves_the_log_of_the_last_build(built_project):
    log = built_project.root / "build/log.txt"
    built_project.build()
    before = log.read_bytes()
    assert "Nothing has changed" in built_project.build().stdout
    assert log.read_bytes() == before


def test_the_last_words_of_a_crash_are_its_report(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("Traceback of before\nhere\nsteps\nFatal Python error: Aborted\n  File a\nend\n")
    assert progress.last_words(log, 20) == "Fatal Python error: Aborted\n  File a\nend"
    log.write_text("".join(f"{line}\n" for line in range(100)))
    assert progress.last_words(log, 0).splitlines() == [str(line) for line in range(80, 100)]
