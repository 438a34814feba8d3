"""A rebuild does what the change asks for and nothing more, and gives what a clean build gives."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import fingerprint
from autograd_atlas.run import RECORDER
from conftest import FILES, Project, contents
from prefork import FIXED
from project_files import copy_to

ROOT = Path(__file__).resolve().parents[1]
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


CATALOGUE = "conf/locale/zh_CN/LC_MESSAGES/plain.po"
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'


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
        self.project.write("docs/extra.md", "# Extra\n\nSee {doc}`plain`.\n")
        self.project.write(CATALOGUE, f'{HEAD}msgid "Words."\nmsgstr "话。"\n')
        self.project.write(PAGE, FILES[PAGE].replace("lessons/1", "cells\nplain\nextra\nlessons/1"))

    def build(self, **environment: str) -> list[str]:
        """Build, and give what was run."""
        self.runs.write_text("")
        self.build_output = self.project.build(RUNS=str(self.runs), **environment)
        assert self.build_output.returncode == 0, self.build_output.stdout
        return sorted(self.runs.read_text().split())

    def shown(self, doing: str) -> set[str]:
        """The English pages of which Sphinx said in the last build that it was, say, "writing
        output" them."""
        log = (self.project.root / "build/log.txt").read_text(encoding="utf-8")
        english = log.partition("== zh ==")[0]
        return set(re.findall(rf"{doing}\.\.\. (?:\x1b\S*)?\[ *\d+%\] (\S+)", english))

    def written(self) -> set[str]:
        return self.shown("writing output")

    def read(self) -> set[str]:
        return self.shown("reading sources")


@pytest.fixture(scope="module")
def counted_once(tmp_path_factory) -> Counted:
    made = Counted(tmp_path_factory.mktemp("counted"))
    assert made.build() == ["One", "Two", "cell"], "one execution serves both languages"
    made.project.keep()
    return made


@pytest.fixture
def counted(counted_once) -> Iterator[Counted]:
    """A current site; what a test changes is undone."""
    yield counted_once
    counted_once.project.back()


def unchanged(counted: Counted) -> bool:
    counted.build()
    return "Nothing has changed" in counted.build_output.stdout


def test_nothing_changed_nothing_runs(counted):
    assert counted.build() == []
    assert "Nothing has changed" in counted.build_output.stdout


def test_a_new_date_on_a_file_changes_nothing(counted):
    os.utime(counted.project.root / LESSON)
    assert unchanged(counted)


def test_a_change_that_keeps_size_and_date_is_seen(counted):
    path = counted.project.root / "docs/plain.md"
    before = path.stat()
    counted.project.change("docs/plain.md", "Words", "Werds")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not unchanged(counted)
    assert "Werds." in counted.project.page("plain")


@pytest.mark.parametrize("damage", ["change", "delete", "add"])
def test_a_site_that_was_touched_by_hand_is_published_anew(counted, damage):
    page = counted.project.root / "build/html/zh/plain.html"
    good = counted.project.site()
    match damage:
        case "change":
            page.write_bytes(page.read_bytes().replace(b"Plain", b"Plane"))
        case "delete":
            page.unlink()
        case "add":
            page.with_name("extra.html").write_text("extra")
    assert not unchanged(counted)
    assert counted.project.site() == good


@pytest.mark.parametrize(
    "name",
    ["conf/static/atlas.css", "conf/templates/page.html", "conf/conf.py",
     "conf/inventories/torch.txt", "conf/package.json",
     "conf/site_extension/temml.js", "examples/order.txt", "docs/plain.md", LESSON],
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
    counted.project.add(LESSON, 'print("more")\n')
    assert counted.build() == ["One"]
    assert "more" in counted.project.page("lessons/1_chapter/plot_one", "zh")


def test_prose_changed_only_that_page_is_written_and_nothing_runs(counted):
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
    counted.project.change("docs/cells.md", "import os", "import os, sys")
    assert counted.build() == ["cell"]


def test_a_changed_recorder_runs_everything_again(counted):
    counted.project.add("conf/autograd_atlas/recording/record.py", "\nUNUSED = 1\n")
    assert counted.build() == ["One", "Two", "cell"]


WORDS = "LC_MESSAGES/autograd_atlas.po"
EVERYTHING = {
    "index", "cells", "plain", "extra", "lessons/1_chapter/index", "lessons/1_chapter/plot_one",
    "lessons/1_chapter/plot_two",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "read", "written"),
    [
        ("conf/autograd_atlas/picture/svg.py", set(), EVERYTHING),
        ("conf/autograd_atlas/picture/labels.py", EVERYTHING, EVERYTHING),
        (f"conf/autograd_atlas/locale/zh_CN/{WORDS}", set(), EVERYTHING),
        ("conf/templates/page.html", set(), EVERYTHING),
        ("conf/static/atlas.css", set(), EVERYTHING),
        ("conf/site_extension/outputs.py", EVERYTHING, EVERYTHING),
        ("conf/commands/website.py", set(), set()),
    ],
)
def test_a_change_of_our_own_code_does_no_more_than_it_can_reach(counted, name, read, written):
    before = counted.project.site()
    counted.project.add(name, "\n")
    assert counted.build() == []
    assert counted.read() == read
    assert counted.written() == written
    if not name.endswith(".css"):  # the name of which tells its content
        assert counted.project.site() == before


@pytest.mark.parametrize(
    "name",
    ["commands/live.py", "commands/catalogues.py", "commands/environment.py",
     "locale/zh_CN/repeated.json"],
)  # fmt: skip
def test_what_is_no_part_of_a_build_changes_nothing(counted, name):
    counted.project.add(f"conf/{name}", "\n")
    assert unchanged(counted)


def test_what_has_a_part_in_an_answer_counts_as_that():
    for path in RECORDER:
        assert fingerprint.stage_of(path) == "running", path


def test_what_is_not_known_to_change_less_runs_everything_again(counted):
    counted.project.write("conf/autograd_atlas/quite_new.py", "")
    assert counted.build() == ["One", "Two", "cell"]


def test_a_setting_that_has_a_part_in_running_runs_everything_again(counted):
    counted.project.change("conf/conf.py", "nb_merge_streams = True", "nb_merge_streams = False")
    assert counted.build() == ["One", "Two", "cell"]
    counted.project.change("conf/conf.py", 'author = "The', 'author = "All the')
    assert counted.build() == []


WITH_GRAPH = """
# %%
import torch

x = torch.tensor([2.0], requires_grad=True)
y = x * x
# sphinx_gallery_graph = "y"
"""


@pytest.mark.slow
def test_pictures_and_cards_that_are_drawn_otherwise_need_no_run(counted, tmp_path):
    """They are what a clean build draws."""
    counted.project.add(LESSON, WITH_GRAPH)
    assert set(counted.build()) == {"One"}  # and once more for the picture
    before = counted.project.site()
    counted.project.change(
        "conf/autograd_atlas/picture/svg.py", 'height="24" rx="12"', 'height="24" rx="9"'
    )
    assert counted.build() == []
    after = counted.project.site()
    changed = {name for name in after if after[name] != before[name]}
    assert "en/_images/sphx_glr_plot_one_thumb.svg" in changed
    assert "zh/lessons/1_chapter/plot_one.html" in changed
    assert after == clean_build_elsewhere(counted, tmp_path)


def test_a_picture_that_nobody_has_wanted_for_long_is_dropped(counted):
    pictures = counted.project.root / "build" / "work" / "pictures"
    pictures.mkdir(exist_ok=True)
    for name, days in (("old", 90), ("new", 1)):
        (pictures / name).touch()
        os.utime(pictures / name, times=(time.time() - days * 24 * 3600,) * 2)
    counted.project.add("docs/plain.md", "More.\n")
    counted.build()
    assert not (pictures / "old").exists()
    assert (pictures / "new").exists()


IMPORTING = CELL.replace("import os\n", "import os\nimport autograd_atlas\n")


def test_cells_that_import_our_library_run_again_when_it_changes(counted):
    counted.project.write("docs/cells.md", IMPORTING)
    assert counted.build() == ["cell"]
    counted.project.add("docs/plain.md", "More.\n")
    assert counted.build() == []
    counted.project.add("conf/autograd_atlas/picture/svg.py", "\nUNUSED = 1\n")
    assert counted.build() == ["cell"]


def test_a_changed_translation_reaches_its_page_and_nothing_runs(counted):
    for word in ("平", "凡"):
        counted.project.write(CATALOGUE, f'{HEAD}msgid "Plain"\nmsgstr "{word}"\n')
        assert counted.build() == []
        assert f"<h1>{word}" in counted.project.page("plain", "zh")


# -- What pages show of each other --------------------------------------------------------------

REFERRING = """# Refers

{ref}`place`, {term}`cut`, [](extra.md), [](#words), [](extra.md#a-part), {eq}`sum`.
"""
REFERRED = """
(place)=
## A place

```{glossary}
cut
  A place where no gradient goes on.
```

## Words

$$x + y$$ (sum)
"""


@pytest.fixture
def referring(counted) -> Counted:
    """With a page that refers to others, beyond the list in which it stands."""
    counted.project.write("docs/deep/index.md", "# Deep\n\n```{toctree}\nrefers\n```\n")
    text = REFERRING.replace("extra.md", "../extra.md").replace("](#words)", "](../plain.md#words)")
    counted.project.write("docs/deep/refers.md", text)
    counted.project.change(PAGE, "plain\n", "plain\ndeep/index\n")
    counted.project.add("docs/plain.md", REFERRED)
    counted.project.add("docs/extra.md", "\n## A part\n")
    counted.build()
    return counted


def test_a_page_shows_what_it_refers_to_as_it_is_now(referring, tmp_path):
    for name, old, new in (
        ("docs/plain.md", "## A place", "## Another place"),
        ("docs/plain.md", "## Words", "## Words!"),
        ("docs/plain.md", "$$x + y$$ (sum)", "$$a + b$$ (first)\n\n$$x + y$$ (sum)"),
        ("docs/extra.md", "## A part", "## A Part"),
        ("docs/extra.md", "# Extra", "# Quite new"),
    ):
        referring.project.change(name, old, new)
        assert referring.build() == []
        assert "deep/refers" in referring.written(), new
    assert referring.project.site() == clean_build_elsewhere(referring, tmp_path)


def test_a_new_label_or_term_writes_no_page_but_its_own(referring):
    referring.project.add(
        "docs/plain.md", "\n(new)=\n## New\n\n```{glossary}\nnew term\n  New.\n```\n"
    )
    assert referring.build() == []
    assert referring.written() == {"plain", "index"}  # Sphinx also writes what lists the page
    referring.project.add("docs/deep/refers.md", "\n{ref}`new`\n")
    assert referring.build() == []
    assert referring.written() == {"deep/refers", "deep/index"}
    referring.project.change("docs/plain.md", "## New", "## Newer")
    assert referring.build() == []
    assert referring.written() == {"plain", "index", "deep/refers", "deep/index"}
    assert "Newer" in referring.project.page("deep/refers")


def test_a_label_that_is_gone_is_reported_where_it_was_used(referring):
    referring.project.change("docs/plain.md", "(place)=\n", "")
    build = referring.project.build()
    assert build.returncode != 0
    assert re.search(r"^docs/deep/refers\.md:3: WARNING: .*'place'", build.stdout, re.MULTILINE)


def grow(counted: Counted) -> None:
    counted.project.write("docs/new.md", "# New\n\nSee {doc}`plain`.\n")
    counted.project.change(PAGE, "plain\n", "plain\nnew\n")
    counted.project.change("docs/plain.md", "# Plain", "# Fresh title")


def shrink(counted: Counted) -> None:
    (counted.project.root / "docs/extra.md").unlink()
    counted.project.change(PAGE, "extra\n", "")
    (counted.project.root / OTHER).unlink()
    counted.project.write("examples/order.txt", "1_chapter/plot_one.py\n")
    (counted.project.root / CATALOGUE).unlink()


def restyle(counted: Counted) -> None:
    counted.project.add("conf/static/atlas.css", "\n.new { color: red; }\n")


CHANGES = {
    "a page more, and another title": grow,
    "a page, a lesson and a catalogue less": shrink,
    "another style": restyle,
}


def clean_build_elsewhere(counted: Counted, folder: Path, **environment: str) -> dict[str, bytes]:
    copy = Project(folder / "elsewhere")
    copy.restore(counted.project.sources())
    build = copy.build(RUNS=str(folder / "runs"), **environment)
    assert build.returncode == 0, build.stdout
    return copy.site()


@pytest.mark.parametrize("change", CHANGES)
def test_after_any_change_the_site_equals_a_clean_build(counted, change, tmp_path):
    """In another folder, byte for byte."""
    CHANGES[change](counted)
    counted.build()
    assert counted.project.site() == clean_build_elsewhere(counted, tmp_path)


def test_two_processes_build_what_one_builds(counted, tmp_path):
    """Two clean builds, byte for byte, one of them with several processes that read and write."""
    assert counted.project.site() == clean_build_elsewhere(counted, tmp_path, JOBS="2")


def test_a_number_of_processes_that_is_none_is_refused(counted):
    counted.project.add(PAGE, "More.\n")
    build = counted.project.build(JOBS="many")
    assert build.returncode != 0
    assert "JOBS is how many processes build the site, as in JOBS=2, not 'many'" in build.stdout


def test_what_is_known_of_the_site_survives_a_build_that_failed(counted):
    """Back at the good sources nothing has to be built, even if the work folder was dropped."""
    sources = counted.project.sources()
    counted.project.add("conf/autograd_atlas/recording/record.py", "\nUNUSED = 1\n")
    counted.project.add(LESSON, "\n1 / 0\n")
    assert counted.project.build(RUNS=str(counted.runs)).returncode != 0
    counted.project.restore(sources)
    assert unchanged(counted)


def test_a_link_to_a_page_that_is_gone_is_reported(counted):
    counted.project.write("docs/gone.md", "---\norphan: true\n---\n\n# Gone\n")
    counted.project.add("docs/plain.md", "\nSee {doc}`gone`.\n")
    counted.build()
    (counted.project.root / "docs/gone.md").unlink()
    build = counted.project.build(RUNS=str(counted.runs))
    assert build.returncode != 0
    assert "docs/plain.md:" in build.stdout
    assert "gone" in build.stdout


@pytest.mark.slow
def test_two_clean_builds_of_the_whole_site_are_byte_identical(site, tmp_path):
    """The site under test, whatever steps it was built in, against a clean build elsewhere."""
    root = copy_to(tmp_path / "another folder")
    build = subprocess.run(
        [sys.executable, str(root / "conf/commands/website.py"), "html"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert build.returncode == 0, build.stdout + build.stderr
    first, second = contents(site), contents(root / "build" / "html")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_an_unchanged_rebuild_imports_no_torch(counted):
    commands = counted.project.root / "conf" / "commands"
    program = (
        "import runpy, sys; sys.argv = ['website.py', 'html'];"
        f"sys.path.insert(0, {str(commands)!r});"
        f"runpy.run_path({str(commands / 'website.py')!r}, run_name='__main__');"
        "print(sorted({'torch', 'sphinx'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | FIXED, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Nothing has changed" in run.stdout, run.stdout + run.stderr
    assert run.stdout.endswith("[]\n")
