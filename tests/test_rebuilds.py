"""A rebuild does what the change asks for and nothing more, and gives what a clean build gives."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import FILES, Project, contents
from project_files import copy_to

LESSON = "examples/1_chapter/plot_one.py"
OTHER = "examples/1_chapter/plot_two.py"
PAGE = "docs/index.md"

COUNTING = '''"""
{title}
===
Words.
"""

import os
from pathlib import Path

print("{title}")
with Path(os.environ["RUNS"]).open("a") as runs:
    print("{title}", file=runs)
'''
CELL = """---
file_format: mystnb
kernelspec:
  name: python3
---

# Cells

Words.

```{code-cell} python
import os
from pathlib import Path

with Path(os.environ["RUNS"]).open("a") as runs:
    print("cell", file=runs)
```
"""


class Counted:
    """A project whose lessons and cells note each run."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder / "project")
        self.runs = folder / "runs"
        self.project.write(LESSON, COUNTING.format(title="One"))
        self.project.write(OTHER, COUNTING.format(title="Two"))
        self.project.add("examples/order.txt", "1_chapter/plot_two.py\n")
        self.project.write("docs/cells.md", CELL)
        self.project.write("docs/plain.md", "# Plain\n\nWords.\n")
        self.project.write(PAGE, FILES[PAGE].replace("lessons/1", "cells\nplain\nlessons/1"))

    def build(self) -> list[str]:
        """Build, and give what was run."""
        self.runs.write_text("")
        self.build_output = self.project.build(env=os.environ | {"RUNS": str(self.runs)})
        assert self.build_output.returncode == 0, self.build_output.stdout
        return sorted(self.runs.read_text().split())

    def written(self) -> set[str]:
        """The English pages that Sphinx wrote in the last build."""
        english = self.build_output.stdout.partition("== zh ==")[0]
        lines = english.split("writing output... ")[1:]
        return {line.split("] ")[1].split()[0] for line in lines if "] " in line.split("\n")[0]}


@pytest.fixture(scope="module")
def counted(tmp_path_factory) -> Counted:
    made = Counted(tmp_path_factory.mktemp("counted"))
    assert made.build() == ["One", "Two", "cell"], "one execution serves both languages"
    return made


def unchanged(counted: Counted) -> bool:
    counted.build()
    return "Nothing has changed" in counted.build_output.stdout


def test_nothing_changed_nothing_runs(counted):
    counted.build()
    assert counted.build() == []
    assert "Nothing has changed" in counted.build_output.stdout


def test_a_new_date_on_a_file_changes_nothing(counted):
    counted.build()
    os.utime(counted.project.root / LESSON)
    assert unchanged(counted)


def test_a_change_that_keeps_size_and_date_is_seen(counted):
    counted.build()
    path = counted.project.root / "docs/plain.md"
    before = path.stat()
    counted.project.change("docs/plain.md", "Words", "Werds")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not unchanged(counted)
    assert "Werds." in counted.project.page("plain")


@pytest.mark.parametrize(
    "damage",
    ["change", *(pytest.param(each, marks=pytest.mark.slow) for each in ("delete", "add"))],
)
def test_a_site_that_was_touched_by_hand_is_published_anew(counted, damage):
    counted.build()
    page = counted.project.root / "build/html/zh/plain.html"
    good = counted.project.site()
    match damage:
        case "change":
            page.write_bytes(page.read_bytes().replace(b"W", b"V"))
        case "delete":
            page.unlink()
        case "add":
            page.with_name("extra.html").write_text("extra")
    assert not unchanged(counted)
    assert counted.project.site() == good


@pytest.mark.parametrize(
    "name",
    ["requirements.txt", "conf/static/atlas.css", "conf/templates/page.html", "conf/conf.py",
     "conf/inventories/torch.txt", "conf/package.json", "conf/locale/zh_CN/repeated.json",
     "conf/autograd_atlas/sphinx/temml.js", "examples/order.txt", "docs/plain.md", LESSON],
)  # fmt: skip
def test_every_kind_of_source_is_seen(counted, name):
    before = (counted.project.root / name).read_text(encoding="utf-8")
    first = sources(counted)
    counted.project.add(name, "\n")
    second = sources(counted)
    counted.project.write(name, before)
    assert first != second
    assert first == sources(counted)


def sources(counted: Counted, **env: str) -> str:
    commands = counted.project.root / "conf" / "commands"
    program = "import fingerprint; print(fingerprint.of_sources())"
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(commands)} | env,
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_another_date_for_the_build_is_seen(counted):
    assert sources(counted, SOURCE_DATE_EPOCH="1") != sources(counted, SOURCE_DATE_EPOCH="2")


def test_one_lesson_changed_only_it_runs(counted):
    counted.build()
    counted.project.add(LESSON, 'print("more")\n')
    assert counted.build() == ["One"]
    assert "more" in counted.project.page("lessons/1_chapter/plot_one", "zh")


def test_prose_changed_only_that_page_is_written_and_nothing_runs(counted):
    counted.build()
    before = counted.project.site()
    counted.project.add("docs/cells.md", "\nMore prose.\n")
    assert counted.build() == []
    # Sphinx also writes the page that lists it, which comes out the same.
    assert counted.written() == {"cells", "index"}
    after = counted.project.site()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {
        f"{folder}/{name}" for folder in ("en", "zh") for name in ("cells.html", "searchindex.js")
    }
    assert "More prose." in counted.project.page("cells")


def test_the_glossary_can_still_be_searched_after_another_page_changed(counted):
    entry = "\n```{glossary}\ncut\n  A place where no gradient goes on.\n```\n"
    counted.project.add("docs/plain.md", entry)
    counted.build()
    for word in ("first", "second"):
        index = counted.project.page("searchindex", suffix="js")
        assert '"indexentries":{"cut":[[' in index
        counted.project.add("docs/cells.md", f"\nThe {word} change.\n")
        assert counted.build() == []


def test_a_changed_cell_runs_again(counted):
    counted.build()
    counted.project.change("docs/cells.md", "import os", "import os, sys")
    assert counted.build() == ["cell"]


def test_a_changed_helper_module_runs_everything_again(counted):
    counted.build()
    counted.project.add("conf/autograd_atlas/reset.py", "\nUNUSED = 1\n")
    assert counted.build() == ["One", "Two", "cell"]


def test_a_changed_translation_reaches_its_page_and_nothing_runs(counted):
    catalogue = "conf/locale/zh_CN/LC_MESSAGES/plain.po"
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    for word in ("平", "凡"):
        counted.project.write(catalogue, f'{head}msgid "Plain"\nmsgstr "{word}"\n')
        assert counted.build() == []
        assert f"<h1>{word}" in counted.project.page("plain", "zh")


def grow(counted: Counted) -> None:
    counted.project.write("docs/extra.md", "# Extra\n\nSee {doc}`plain`.\n")
    counted.project.change(PAGE, "plain\n", "plain\nextra\n")
    counted.project.change("docs/plain.md", "# Plain", "# Fresh title")


def shrink(counted: Counted) -> None:
    (counted.project.root / "docs/extra.md").unlink()
    counted.project.change(PAGE, "extra\n", "")
    (counted.project.root / OTHER).unlink()
    counted.project.write("examples/order.txt", "1_chapter/plot_one.py\n")
    (counted.project.root / "conf/locale/zh_CN/LC_MESSAGES/plain.po").unlink()


def restyle(counted: Counted) -> None:
    counted.project.add("conf/static/atlas.css", "\n.new { color: red; }\n")


CHANGES = {
    "a page more, and another title": grow,
    "a page, a lesson and a catalogue less": shrink,
    "another style": restyle,
}


def clean_build_elsewhere(counted: Counted, folder: Path) -> dict[str, bytes]:
    copy = Project(folder / "elsewhere")
    for name in ("docs", "examples", "conf"):
        shutil.rmtree(copy.root / name)
        shutil.copytree(counted.project.root / name, copy.root / name)
    shutil.copy(counted.project.root / "requirements.txt", copy.root)
    build = copy.build(env=os.environ | {"RUNS": str(folder / "runs")})
    assert build.returncode == 0, build.stdout
    return copy.site()


@pytest.mark.parametrize(
    "change",
    [
        next(iter(CHANGES)),
        *(pytest.param(each, marks=pytest.mark.slow) for each in list(CHANGES)[1:]),
    ],
)
def test_after_any_change_the_site_equals_a_clean_build(counted, change, tmp_path):
    """In another folder, byte for byte. The changes build on one another, and on all above."""
    counted.build()
    CHANGES[change](counted)
    counted.build()
    assert counted.project.site() == clean_build_elsewhere(counted, tmp_path)


def test_a_link_to_a_page_that_is_gone_is_reported(counted):
    counted.project.write("docs/gone.md", "---\norphan: true\n---\n\n# Gone\n")
    counted.project.add("docs/plain.md", "\nSee {doc}`gone`.\n")
    counted.build()
    (counted.project.root / "docs/gone.md").unlink()
    build = counted.project.build(env=os.environ | {"RUNS": str(counted.runs)})
    counted.project.change("docs/plain.md", "\nSee {doc}`gone`.\n", "")
    assert build.returncode != 0
    assert "docs/plain.md:" in build.stdout and "gone" in build.stdout


@pytest.mark.slow
def test_two_clean_builds_of_the_whole_site_are_byte_identical(site, tmp_path):
    """The site under test, whatever steps it was built in, against a clean build elsewhere."""
    root = copy_to(tmp_path / "another folder")
    build = subprocess.run(
        [sys.executable, str(root / "conf/commands/site.py"), "html"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert build.returncode == 0, build.stdout + build.stderr
    first, second = contents(site), contents(root / "build" / "html")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_an_unchanged_rebuild_imports_no_torch(counted):
    counted.build()
    commands = counted.project.root / "conf" / "commands"
    program = (
        f"import runpy, sys; sys.argv = ['site.py', 'html']; sys.path.insert(0, {str(commands)!r});"
        f"runpy.run_path({str(commands / 'site.py')!r}, run_name='__main__');"
        "print(sorted({'torch', 'sphinx'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "Nothing has changed" in run.stdout, run.stdout + run.stderr
    assert run.stdout.endswith("[]\n")
