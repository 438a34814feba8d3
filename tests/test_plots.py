"""Plots of lessons: legible in both themes, told in both languages, the same in each build."""

import re

import pytest

PLOT = """
# %%
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.plot([1, 2, 3], [1, 4, 9], label="$x^2$")
ax.legend()
COMMENT
"""
SAID = '# sphinx_gallery_plot = "A curve which rises from 1 to 9."'


@pytest.fixture
def plotted(built_project):
    """Adds a plot to a lesson, builds, and takes it out again."""
    name = "examples/1_chapter/plot_one.py"
    before = (built_project.root / name).read_text("utf-8")

    def build(comment: str):
        built_project.add(name, PLOT.replace("COMMENT", comment))
        return built_project.build()

    yield build
    built_project.write(name, before)


def test_a_plot_stands_on_the_page_in_the_colours_of_both_themes(built_project, plotted):
    assert plotted(SAID).returncode == 0
    page = built_project.page("lessons/1_chapter/plot_one")
    images = re.findall(r"<img[^>]*only-(?:light|dark)[^>]*>", page)
    assert len(images) == 2
    for image in images:
        assert 'alt="A curve which rises from 1 to 9."' in image
    light, dark = (
        (built_project.root / "build/html/en/_images" / re.search(r'_images/([^"]+)"', each)[1])
        for each in images
    )
    light, dark = light.read_text("utf-8"), dark.read_text("utf-8")
    colours = set(re.findall("#[0-9a-f]{6}", light))
    assert len(colours) >= 3
    assert not colours & set(re.findall("#[0-9a-f]{6}", dark)), "a colour is that of both themes"
    assert "<dc:date>" not in light


def test_a_plot_that_is_taken_out_leaves_nothing_behind(built_project):
    assert built_project.build().returncode == 0
    before = built_project.site()
    name = "examples/1_chapter/plot_one.py"
    lesson = (built_project.root / name).read_text("utf-8")
    built_project.add(name, PLOT.replace("COMMENT", SAID))
    assert built_project.build().returncode == 0
    assert len(built_project.site()) > len(before)
    built_project.write(name, lesson)
    assert built_project.build().returncode == 0
    assert built_project.site() == before


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("", "this block has 1 figures and 0 comments"),
        (f"plt.close()\n{SAID}", "this block has 0 figures and 1 comments"),
        (
            f'ax.axvline(2, color="#123456")\n{SAID}',
            "the plot uses #123456, which may be illegible",
        ),
        ("# sphinx_gallery_plot = ", 'write # sphinx_gallery_plot = "what can be seen in it"'),
        (f"plt.figure()\n{SAID}", "this block has 2 figures and 1 comments"),
    ],
)
def test_a_figure_that_is_not_told_is_an_error(built_project, plotted, comment, message):
    before = built_project.site()
    build = plotted(comment)
    assert build.returncode != 0
    assert re.search(rf"examples/1_chapter/plot_one\.py:\d+: .*{re.escape(message)}", build.stdout)
    assert built_project.site() == before


def test_every_plot_on_the_site_is_told_in_both_languages(site):
    said = {}
    for language in ("en", "zh"):
        for path in sorted((site / language / "lessons").rglob("*.html")):
            for image in re.findall(r'<img[^>]*class="only-light[^>]*>', path.read_text("utf-8")):
                text = re.search(r'alt="([^"]*)"', image)[1]
                said.setdefault(language, []).append(text)
    assert len(said["en"]) == len(said["zh"]) >= 1
    for english, chinese in zip(said["en"], said["zh"], strict=True):
        assert len(english) > 40, english
        assert re.search("[\u4e00-\u9fff]{5}", chinese), chinese
