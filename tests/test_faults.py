"""Whatever goes wrong: a message with file and line, a failing exit code, and the last good
site untouched."""

import os
import re
import resource
import shutil
import signal
from collections.abc import Iterator

import pytest

from conftest import FILES, Project

LESSON = "examples/1_chapter/plot_one.py"
PAGE = "docs/index.md"
CELLS = """---
file_format: mystnb
kernelspec:
  name: python3
---

# Title

```{{code-cell}} python
{}
```
"""


def short_limits(project: Project) -> None:
    project.change("conf/conf.py", "autograd_graph_seconds = 60", "autograd_graph_seconds = 1")
    project.change("conf/conf.py", "nb_execution_timeout = 60", "nb_execution_timeout = 2")


def endless_lesson(project: Project) -> None:
    short_limits(project)
    project.add(LESSON, "\nwhile True:\n    pass\n")


def endless_cell(project: Project) -> None:
    short_limits(project)
    project.write(PAGE, CELLS.format("while True:\n    pass"))


SWALLOWING = """
import time

for _ in range(3):
    try:
        time.sleep(1)
    except Exception:
        pass
"""


def swallowing_lesson(project: Project) -> None:
    short_limits(project)
    project.add(LESSON, SWALLOWING)


def latin_catalogue(project: Project) -> None:
    path = project.root / "conf/locale/zh_CN/LC_MESSAGES/index.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes('msgid "Title"\nmsgstr "标题"\n'.encode("gb18030"))


FAULTS = {
    "the player's script does not parse": (
        lambda project: project.add("conf/autograd_atlas/player/tensors.js", "\nlet = 3;\n"),
        r"the player's script does not parse: conf/autograd_atlas/player/tensors\.js:\d+: .",
    ),
    "a lesson raises": (
        lambda p: p.add(LESSON, "\ny = 1 / 0\n"),
        r"^examples/1_chapter/plot_one\.py:10: ZeroDivisionError: division by zero$",
    ),
    "a lesson does not parse": (
        lambda p: p.add(LESSON, "\ny = (\n"),
        r"examples/1_chapter/plot_one\.py:10: SyntaxError: ",
    ),
    "a lesson warns": (
        lambda p: p.add(LESSON, "\nimport warnings\nwarnings.warn('surprise')\n"),
        r"^examples/1_chapter/plot_one\.py:11: UserWarning: surprise\n  mend it, or announce it",
    ),
    "a lesson announces a warning that does not come": (
        lambda p: p.add(LESSON, '\n# sphinx_gallery_warns = "UserWarning: no"\ny = 1\n'),
        r"^examples/1_chapter/plot_one\.py:10: no such warning came: UserWarning: no$",
    ),
    "a lesson runs past its limit": (
        endless_lesson,
        r"^examples/1_chapter/plot_one\.py:1[01]: OutOfTime: a lesson may run for 1 seconds",
    ),
    "a lesson catches what its limit raises": (
        swallowing_lesson,
        r"^examples/1_chapter/plot_one\.py:1: ran past 1 seconds, and caught OutOfTime$",
    ),
    "a warning is announced without quotation marks": (
        lambda p: p.add(LESSON, "\n# sphinx_gallery_warns = UserWarning\ny = 1\n"),
        r"^examples/1_chapter/plot_one\.py:10: write # sphinx_gallery_warns = \"UserWarning",
    ),
    "a dead link in a lesson": (
        lambda p: p.add(LESSON, "\n# %%\n# Words.\n#\n# See :doc:`/nowhere`.\n"),
        r"^examples/1_chapter/plot_one\.py:13: WARNING: .*nowhere",
    ),
    "a misspelt option": (
        lambda p: p.add(LESSON, "\n# sphinx_gallery_thumbnail_numbr = 1\ny = 1\n"),
        r"plot_one\.py:10: sphinx_gallery_thumbnail_numbr is unknown; "  # noqa: ISC004 (one pattern)
        r"write sphinx_gallery_thumbnail_number$",
    ),
    "an option with a colon": (
        lambda p: p.add(LESSON, "\n# sphinx_gallery_thumbnail_number: 1\ny = 1\n"),
        r"^examples/1_chapter/plot_one\.py:10: write # sphinx_gallery_thumbnail_number = value",
    ),
    "a lesson that is not listed": (
        lambda p: p.write("examples/1_chapter/plot_two.py", FILES[LESSON]),
        r"^examples/1_chapter/plot_two\.py:1: is not in examples/order\.txt",
    ),
    "a listed lesson that is missing": (
        lambda p: p.add("examples/order.txt", "1_chapter/plot_three.py\n"),
        r"^examples/order\.txt:2: there is no lesson 1_chapter/plot_three\.py$",
    ),
    "an unknown role in a lesson": (
        lambda p: p.add(LESSON, "\n# %%\n# Words.\n#\n# A :nosuch:`role`.\n"),
        r"^examples/1_chapter/plot_one\.py:13: .*nosuch",
    ),
    "an unknown role in a lesson's docstring": (
        lambda p: p.change(LESSON, "Words.", "Words.\n\nA :nosuch:`role`."),
        r"^examples/1_chapter/plot_one\.py:6: .*nosuch",
    ),
    "an unknown role on a page": (
        lambda p: p.write(PAGE, FILES[PAGE] + "\nA {nosuch}`role`.\n"),
        r"^docs/index\.md:9: WARNING: .*nosuch",
    ),
    "a dead link": (
        lambda p: p.write(PAGE, FILES[PAGE] + "\nA [link](nowhere.md).\n"),
        r"^docs/index\.md:9: WARNING: .*nowhere",
    ),
    "a dead anchor": (
        lambda p: p.write(PAGE, FILES[PAGE] + "\nA [link](#nowhere).\n"),
        r"^docs/index\.md:9: WARNING: .*nowhere",
    ),
    "an unknown API name": (
        lambda p: p.write(PAGE, FILES[PAGE] + "\nA {py:func}`torch.nowhere`.\n"),
        r"^docs/index\.md:9: WARNING: .*torch\.nowhere",
    ),
    "a cell raises": (
        lambda p: p.write(PAGE, CELLS.format("x = 1\nx / 0")),
        r"^docs/index\.md:11: ZeroDivisionError: division by zero$",
    ),
    "a cell warns": (
        lambda p: p.write(PAGE, CELLS.format("import warnings\nwarnings.warn('surprise')")),
        r"^docs/index\.md:\d+: WARNING: stderr was found in the cell outputs",
    ),
    "a cell runs past its limit": (
        endless_cell,
        r"^docs/index\.md:10: this cell ran past its time limit",
    ),
    "a catalogue with an open quotation mark": (
        lambda p: p.write(
            "conf/locale/zh_CN/LC_MESSAGES/index.po", 'msgid "Title"\nmsgstr "标题\n'
        ),
        r"conf/locale/zh_CN/LC_MESSAGES/index\.po:2: not a line of a catalogue",
    ),
    "a catalogue in another encoding": (
        latin_catalogue,
        r"conf/locale/zh_CN/LC_MESSAGES/index\.po:2: not UTF-8",
    ),
    "a catalogue without a translation line": (
        lambda p: p.write("conf/locale/zh_CN/LC_MESSAGES/index.po", 'msgstr "标题"\n'),
        r"conf/locale/zh_CN/LC_MESSAGES/index\.po:1: ",
    ),
    "a translation that loses a link": (
        lambda p: (
            p.write(PAGE, FILES[PAGE] + "\nSee {doc}`index`.\n"),
            p.write(
                "conf/locale/zh_CN/LC_MESSAGES/index.po",
                'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
                'msgid "See {doc}`index`."\nmsgstr "见"\n',
            ),
        ),
        r"^docs/index\.md:9: WARNING: inconsistent term references",
    ),
}


@pytest.fixture(scope="module")
def project_once(tmp_path_factory) -> Project:
    project = Project(tmp_path_factory.mktemp("faults") / "project")
    build = project.build()
    assert build.returncode == 0, build.stdout
    return project.keep()


@pytest.fixture
def project(project_once) -> Iterator[Project]:
    """A project with its good site; what a test does to it is undone."""
    yield project_once
    project_once.back()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_and_loses_nothing(project, fault):
    make_fault, message = FAULTS[fault]
    before = project.site()
    make_fault(project)
    build = project.build()
    assert build.returncode != 0
    assert re.search(message, build.stdout, re.MULTILINE), build.stdout
    if ".po:" not in message:
        assert "build/html still holds the last good site" in build.stdout
    assert project.site() == before


def test_after_a_fault_the_good_sources_build_the_good_site_again(project):
    before = project.site()
    project.add(LESSON, "\ny = 1 / 0\n")
    assert project.build().returncode != 0
    project.write(LESSON, FILES[LESSON])
    project.add(PAGE, "\n")  # so that the site is built at all
    assert project.build().returncode == 0
    assert project.site() == before


def wait_for(process, text: str) -> None:
    """Until a build has said something, if only in the middle of a line."""
    said = b""
    while text.encode() not in said:
        more = os.read(process.stdout.fileno(), 4096)
        assert more, f"the build ended without saying {text!r}"
        said += more


def stop(process) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_build_that_was_killed_is_made_good_by_the_next_one(project):
    before = project.site()
    project.add(LESSON, "\nimport time\ntime.sleep(50)\n")
    process = project.start()
    wait_for(process, "English: lessons")
    stop(process)
    assert project.site() == before
    project.write(LESSON, FILES[LESSON])
    project.add(PAGE, "\n")
    assert project.build().returncode == 0
    assert project.site() == before


def test_a_page_that_was_cut_while_being_written_is_written_again(project):
    before = project.site()
    work = project.root / "build" / "work"
    (work / "unfinished").touch()
    (work / "html" / "en" / "index.html").write_text("<html>cut")
    project.add(PAGE, "\n")
    assert project.build().returncode == 0
    assert project.site() == before


def test_a_second_build_at_the_same_time_is_refused(project):
    before = project.site()
    project.add(LESSON, "\nimport time\ntime.sleep(50)\n")
    first = project.start()
    wait_for(first, "English")
    second = project.build()
    stop(first)
    assert second.returncode != 0
    assert "another build is running in this folder" in second.stdout
    assert project.site() == before


def test_spaces_and_chinese_characters_in_the_path_do_no_harm(tmp_path):
    project = Project(tmp_path / "有 空格 的 路径" / "it's a project")
    build = project.build()
    assert build.returncode == 0, build.stdout
    assert "x = 1" in project.page("lessons/1_chapter/plot_one")
    project.add(LESSON, "\nimport warnings\nwarnings.warn('surprise')\n")
    build = project.build()
    assert build.returncode != 0
    assert "examples/1_chapter/plot_one.py:11: UserWarning: surprise" in build.stdout


def test_an_announced_warning_is_welcome_and_breaks_no_preview(project):
    project.add(
        LESSON,
        '\n# sphinx_gallery_warns = "UserWarning: as planned"\n'
        'import warnings\nwarnings.warn("as planned")\n',
    )
    build = project.build()
    assert build.returncode == 0, build.stdout
    assert "UserWarning: as planned" in project.page("lessons/1_chapter/plot_one")
    assert "sphinx_gallery_warns" not in project.page("lessons/1_chapter/plot_one")
    assert project.build("preview", "index").returncode == 0


def test_an_exchange_that_was_cut_short_is_mended(project):
    """Where two folders cannot be swapped in one step."""
    site = project.root / "build" / "html"
    before = project.site()
    site.rename(site.with_name("html.aside"))
    assert project.build().returncode == 0
    assert project.site() == before
    shutil.copytree(site, site.with_name("html.aside"))
    assert project.build().returncode == 0
    assert project.site() == before
    assert not site.with_name("html.aside").exists()


def test_cut_off_results_of_cells_are_made_again(project):
    toctree = FILES[PAGE].partition("Some words.")[2]
    project.write(PAGE, CELLS.format("print(1 + 1)") + toctree)
    assert project.build().returncode == 0
    work = project.root / "build" / "work"
    for kept in (work / "notebooks").rglob("*.ipynb"):
        kept.write_text('{"cells"')
    (work / "unfinished").touch()
    project.add(PAGE, "\n")
    build = project.build()
    assert build.returncode == 0, build.stdout
    assert ">2\n" in project.page("index")


def test_a_lesson_that_cannot_be_interrupted_ends_the_build_and_is_named(project):
    """Like a call into C that never comes back."""
    before = project.site()
    short_limits(project)
    block = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])"
    project.add(LESSON, f"\nimport signal\nimport time\n\n{block}\ntime.sleep(60)\n")
    build = project.build()
    assert build.returncode != 0
    assert re.search(r'File ".*examples/1_chapter/plot_one\.py", line 14', build.stdout), (
        build.stdout
    )
    assert project.site() == before


def test_the_lock_lasts_while_a_lesson_runs_without_its_parent(project):
    project.add(LESSON, "\nimport time\ntime.sleep(50)\n")
    first = project.start()
    wait_for(first, "English: lessons")
    os.kill(first.pid, signal.SIGTERM)
    first.wait()
    second = project.build()
    stop(first)
    assert second.returncode != 0
    assert "another build is running in this folder" in second.stdout


@pytest.mark.parametrize(
    ("start", "message"), [("where it was", "File too large"), ("anew", "disk I/O error")]
)
def test_a_full_disk_is_named_and_loses_nothing(project, start, message):
    """No file may grow past 4 kB, which is how a full disk looks to a program that writes."""
    project.add(PAGE, "\n")
    assert project.build().returncode == 0
    before = project.site()
    project.add(PAGE, "\nMore words.\n")
    if start == "anew":
        shutil.rmtree(project.root / "build" / "work")
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # noqa: E731
    build = project.start(preexec_fn=limit)
    printed, _ = build.communicate()
    assert build.returncode != 0
    assert message in printed
    assert project.site() == before
    assert project.build().returncode == 0
    assert "More words." in project.page("index")


def test_a_work_folder_that_cannot_be_written_is_named(project):
    before = project.site()
    project.add(PAGE, "\n")
    work = project.root / "build" / "work"
    aside = work.rename(work.with_name("aside"))
    work.write_text("in the way")
    build = project.build()
    work.unlink()
    aside.rename(work)
    assert build.returncode != 0
    assert re.search(r"site: Not a directory: .*build/work; build/html still holds", build.stdout)
    assert project.site() == before
