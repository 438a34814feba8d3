"""The figures of graphs on the site: in a real browser, without JavaScript, in both languages;
and what becomes of a mistake in one.
"""

import copy
import re

import pytest
from lxml import etree

import pages
from conftest import FILES, page_names

LESSON = "lessons/2_dynamic_graph/plot_dynamic_graph"


def pages_with_figures(site, language="en"):
    for name in page_names(site, language):
        page = pages.page(site / language / name)
        if pages.select(page, ".aa-figure .aa-scroll"):
            yield name, page


def test_every_lesson_and_the_reference_have_pictures(site):
    found = {name for name, _ in pages_with_figures(site)}
    lessons = {name for name in page_names(site) if "/plot_" in name}
    assert lessons | {"index.html", "tensor.html"} <= found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_label_is_cut_and_all_can_be_read(site, visits, language):
    """On a wide screen and on a phone, in both views."""
    records = visits.records(language)
    labels = 0
    for name, _ in pages_with_figures(site, language):
        assert records[name].labels.keys() == {
            "360 written", "360 recorded", "1280 written", "1280 recorded"
        }  # fmt: skip
        for state, found in records[name].labels.items():
            assert found["cut"] == [], (name, state)
            assert min(found["sizes"]) >= 10.95, (name, state)  # pixels are rounded
        labels += found["count"]
    assert labels > 100


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_lesson_begins_with_its_graph(site, visits, language):
    """On the first screen of a window of 1280 × 900 pixels, nothing of it cut off."""
    lessons = {
        name: record.first["1280"]
        for name, record in visits.records(language).items()
        if "/plot_" in name
    }
    assert len(lessons) > 20
    for name, first in lessons.items():
        assert first["top"] + min(150, first["bottom"] - first["top"]) <= 900, (name, first)
        assert first["cut"] <= 1, (name, first)


@pytest.mark.parametrize("javascript", [True, False])
def test_the_views_are_switched_with_mouse_and_keyboard(site, reader, javascript):
    page = reader((site / "en" / f"{LESSON}.html").as_uri(), java_script_enabled=javascript)
    figure = page.locator(".aa-figure").first
    written, recorded = figure.locator(".aa-view-written"), figure.locator(".aa-view-recorded")
    assert written.is_visible()
    assert not recorded.is_visible()
    figure.get_by_text("What PyTorch recorded").first.click()
    assert recorded.is_visible()
    assert not written.is_visible()
    assert "AccumulateGrad" in recorded.locator("svg[role=img]").text_content()
    page.keyboard.press("ArrowLeft")
    assert written.is_visible()
    assert not recorded.is_visible()


@pytest.mark.parametrize(
    ("language", "alternative", "words"),
    [
        ("en", "Computation graph of J: 3 operations on a, b and c. J = 33", "The graph in words"),
        ("zh", "J 的计算图：对 a、b、c 做了 3 次运算。J = 33", "这张图的文字说明"),
    ],
)
def test_a_picture_speaks_the_language(site, reader, language, alternative, words):
    page = reader((site / language / f"{LESSON}.html").as_uri(), shared=True)
    picture = page.get_by_role("img", name=alternative).first
    assert picture.is_visible()
    page.get_by_text(words).first.click()
    assert page.locator(".aa-words[open] li").first.is_visible()


def test_both_languages_show_the_same_pictures(site):
    chinese = dict(pages_with_figures(site, "zh"))
    for name, page in pages_with_figures(site):
        ours, theirs = (pages.select(each, "svg[role]") for each in (page, chinese[name]))
        assert [untitled(each) for each in ours] == [untitled(each) for each in theirs], name


def untitled(picture: pages.Element) -> str:
    """A picture without its alternative text."""
    picture = copy.deepcopy(picture)
    picture.find(".//title").drop_tree()
    return etree.tostring(picture, encoding="unicode", with_tail=False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_values_and_gradients_can_be_told_apart_on_either_ground(site, reader, scheme):
    page = reader((site / "en/index.html").as_uri(), color_scheme=scheme)
    page.locator(".aa-figure .aa-view-written svg[role=img]").wait_for()
    lightness = {}
    for kind in ("value", "grad"):
        colour = page.locator(f".aa-view-written .{kind}").first.evaluate(
            "each => getComputedStyle(each).fill"
        )
        lightness[kind] = sum(map(int, re.findall(r"\d+", colour)[:3]))
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    ground = sum(map(int, re.findall(r"\d+", ground)[:3]))
    assert lightness["value"] != lightness["grad"]
    assert all(abs(ground - each) > 250 for each in lightness.values()), (ground, lightness)


# -- Mistakes -------------------------------------------------------------------------------

GRAPH = """
```{{autograd-graph}}
{options}

import torch

x = torch.tensor([2.0], requires_grad=True)
y = x * x
{code}
```
"""
ABOVE, IN_CODE = 0, 7  # lines from the fence to what a message names, with one option
MISTAKES = [
    (":roots: z", "", ABOVE, "autograd-graph: there is no variable z; write y"),
    (":roots: x", "", ABOVE, "autograd-graph: x is a leaf tensor"),
    (":roots: n", "n = y.detach()", ABOVE, "autograd-graph: n has no graph"),
    (":roots: y", "1 / 0", IN_CODE, "autograd-graph: ZeroDivisionError: division by zero"),
    (":roots: y", "y = (", IN_CODE, "autograd-graph: SyntaxError: '(' was never closed"),
    (":roots: y", "raise SystemExit", IN_CODE, "autograd-graph: SystemExit"),
    (":roots: y", "x.T", IN_CODE, "autograd-graph: UserWarning: The use of `x.T`"),
    (":view: both", "", ABOVE, "autograd-graph: say what to draw, as in :roots: J"),
    (":roots: y, 3", "", 1, "name the tensors to draw, as in J or J, K"),
    (":roots: y\n:view: up", "", 2, 'choose from "both", "written", or "recorded"'),
    (":roots: y\n:rots: x", "", 2, "Unknown option key: 'rots'"),
]


def test_every_mistake_in_a_graph_is_told_with_its_line(built_project):
    """All on one page: each is reported, and the site stays as it was."""
    page, expected = "# More\n", []
    for options, code, offset, message in MISTAKES:
        fence = page.count("\n") + 2
        page += GRAPH.format(options=options, code=code)
        expected.append((fence + offset, message))
    told = built_project.refused(page)
    for line, message in expected:
        assert any(
            each.startswith(f"docs/more.md:{line}: ") and message in each for each in told
        ), (line, message, told)


LESSON_BLOCK = """
# %%
import torch

x = torch.tensor([2.0], requires_grad=True)
y = x * x
print(f"{y = }")
COMMENT

# %%
# Words.

y.backward()
print(f"{x.grad = }")
"""


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ('= "z"', "plot_one.py:16: there is no variable z; write y"),
        ("= y", "plot_one.py:16: name the tensors to draw, as in J or J, K"),
        ('= "y; back: no"', "plot_one.py:16: there is no option 'back'; there are roots, view"),
        ('= "x"', "plot_one.py:16: x is a leaf tensor"),
        (
            '= "y; open: layers"',
            "plot_one.py:16: there is no block 'layers' to open; this graph has",
        ),
    ],
)
def test_a_mistake_in_a_lessons_comment_is_told_with_its_line(built_project, comment, message):
    name = "examples/1_chapter/plot_one.py"
    before, lesson = built_project.site(), (built_project.root / name).read_text("utf-8")
    added = LESSON_BLOCK.replace("COMMENT", f"# sphinx_gallery_graph {comment}")
    built_project.add(name, added)
    try:
        build = built_project.build()
    finally:
        built_project.write(name, lesson)
    assert build.returncode != 0
    assert message in build.stdout
    assert built_project.site() == before


def test_a_lesson_prints_the_same_with_and_without_a_picture(small_project):
    """The lesson's own graph is never touched: its backward runs after the picture, once, and
    its tensors die when it says so."""
    name = "examples/1_chapter/plot_one.py"
    lifetime = """
import weakref

watched = weakref.ref(y)
del y
print(f"{watched() is None = }")
"""
    printed = []
    for comment in ("", '# sphinx_gallery_graph = "y"'):
        small_project.write(name, FILES[name] + LESSON_BLOCK.replace("COMMENT", comment) + lifetime)
        build = small_project.build()
        assert build.returncode == 0, build.stdout
        page = pages.parsed(small_project.page("lessons/1_chapter/plot_one"))
        figures = pages.select(page, ".aa-figure")
        assert [figure.get("data-start") for figure in figures] == ["0"] * bool(comment)
        assert "sphinx_gallery_graph" not in pages.text(pages.select(page, "article")[0])
        blocks = pages.select(page, ".sphx-glr-script-out pre")
        printed.append([pages.text(block) for block in blocks])
    assert printed[0] == printed[1]
    assert printed[0][-1] == "x.grad = tensor([4.])\nwatched() is None = True\n"


def test_one_execution_serves_both_languages_and_an_unchanged_build(small_project):
    body = GRAPH.format(options=":roots: y", code='open(COUNT, "a").write("1")').lstrip()
    count = small_project.root / "count"
    small_project.write("docs/more.md", "# More\n\n" + body.replace("COUNT", repr(str(count))))
    small_project.change("docs/index.md", "lessons/1", "more\nlessons/1")
    assert small_project.build().returncode == 0
    small_project.add("docs/more.md", "\nMore words.\n")
    assert small_project.build().returncode == 0
    assert count.read_text() == "1"
    assert "What you wrote" in small_project.page("more")
    assert "你写的" in small_project.page("more", "zh")


def test_what_a_page_program_prints_is_shown_and_its_caption_too(small_project):
    options = ":roots: y\n:caption: The square of *x*."
    body = GRAPH.format(options=options, code='print(f"{y = }")').lstrip()
    small_project.write("docs/more.md", f"# More\n\n{body}")
    small_project.change("docs/index.md", "lessons/1", "more\nlessons/1")
    build = small_project.build()
    assert build.returncode == 0, build.stdout
    page = pages.parsed(small_project.page("more"))
    printed, caption = (pages.select(page, css)[0] for css in (".aa-printed pre", "figcaption"))
    assert pages.text(printed).startswith("y = tensor([4.]")
    assert pages.text(caption).strip() == "The square of x."
    assert pages.select(page, ".highlight-python pre")
