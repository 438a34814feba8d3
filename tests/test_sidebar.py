"""The sidebar opens the part in which a page stands, and does not grow with the site."""

import re
from pathlib import Path

import pytest

from conftest import FILES, Project

ENTRY = re.compile(r'<li class="toctree-l(\d)[^"]*"><a class="[^"]*" href="([^"]*)">(.*?)</a>')


def listed(project: Project, name: str, language: str = "en") -> list[tuple[str, str, str]]:
    """What a page's sidebar lists: level, address and title."""
    html = project.page(name, language)
    tree = html.partition('<div class="sidebar-tree">')[2].partition("</div>")[0]
    return ENTRY.findall(tree)


def chapter(project: Project, number: int, pages: int) -> None:
    names = [f"page{n:02}" for n in range(pages)]
    toctree = "\n".join(names)
    project.write(
        f"docs/c{number}/index.md", f"# Chapter {number}\n\n```{{toctree}}\n{toctree}\n```\n"
    )
    for name in names:
        project.write(f"docs/c{number}/{name}.md", f"# Chapter {number}, `{name}`\n\nWords.\n")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A chapter of two pages, and one of sixty."""
    made = Project(tmp_path_factory.mktemp("sidebar") / "project")
    chapter(made, 1, 2)
    chapter(made, 2, 60)
    made.write(
        "docs/index.md", FILES["docs/index.md"].replace("lessons", "c1/index\nc2/index\nlessons")
    )
    build = made.build()
    assert build.returncode == 0, build.stdout
    return made.keep()


def test_the_own_chapter_is_open_and_the_others_are_closed(project):
    code = '<code class="docutils literal notranslate"><span class="pre">page0{}</span></code>'
    assert listed(project, "c1/page01") == [
        ("1", "index.html", "Chapter 1"),
        ("2", "page00.html", f"Chapter 1, {code.format(0)}"),
        ("2", "#", f"Chapter 1, {code.format(1)}"),
        ("1", "../c2/index.html", "Chapter 2"),
        ("1", "../lessons/1_chapter/index.html", "One"),
    ]
    assert [title for _, _, title in listed(project, "index")] == ["Chapter 1", "Chapter 2", "One"]


@pytest.mark.parametrize(
    ("name", "first", "last"), [("page30", 20, 40), ("page02", 0, 12), ("page59", 49, 59)]
)
def test_of_many_pages_those_nearby_are_listed_and_the_way_to_all(project, name, first, last):
    below = [address for level, address, _ in listed(project, f"c2/{name}") if level == "2"]
    near = [f"page{n:02}.html" for n in range(first, last + 1)]
    assert below == ["#" if each == f"{name}.html" else each for each in near] + ["index.html"]
    assert listed(project, f"c2/{name}")[-2][2] == "All 60 pages"


def test_the_page_and_what_is_around_it_are_marked(project):
    html = project.page("c1/page00")
    marked = re.findall(r'<li class="([^"]*current[^"]*)">', html)
    assert marked == ["toctree-l1 current has-children", "toctree-l2 current current-page"]
    assert len(re.findall(r'<input [^>]*class="toctree-checkbox"', html)) == 1
    assert 'aria-label="Toggle navigation of Chapter 1"' in html
    assert "checked" in re.search(r'<input [^>]*class="toctree-checkbox"[^>]*>', html)[0]


def test_a_page_does_not_grow_with_the_site(project):
    before = size(project.root)
    chapter(project, 2, 90)
    build = project.build()
    after = size(project.root)
    project.back()
    assert build.returncode == 0, build.stdout
    assert after == before


def size(root: Path) -> int:
    return (root / "build" / "html" / "en" / "c2" / "page20.html").stat().st_size
