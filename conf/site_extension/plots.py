"""Plots in lessons: the comment ``# sphinx_gallery_plot = "…"`` shows the figure that its block
has made, and says what can be seen in it to those who cannot see it.

A plot is saved once for both languages, so that its labels are symbols, and in the colours of
both themes.
"""

import hashlib
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from autograd_atlas.sphinx.comments import COMMENT, line_of, quoted
from autograd_atlas.sphinx.gallery import LessonError, last_line, show_outputs_first

from .lessons import EXAMPLES

# In the light theme, and in the dark one: ink, grid, and the colours of lines, which differ in
# lightness too.
INK = ("#16202b", "#d6dee6")
GRID = ("#d4dae0", "#39434e")
LINES = (
    ("#0b5c8a", "#7cc4f0"),
    ("#b4500c", "#f5b27a"),
    ("#2f7d32", "#a5e0a0"),
    ("#7a3fa3", "#d3b1f5"),
)
COLOURS = dict((INK, GRID, *LINES))


def style() -> dict[str, Any]:
    from cycler import cycler

    ink = ["text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"]
    return dict.fromkeys(ink, INK[0]) | {
        "patch.edgecolor": INK[0],
        "axes.prop_cycle": cycler(
            color=[light for light, _ in LINES], linestyle=["-", "--", "-.", ":"]
        ),
        "axes.grid": True,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.constrained_layout.use": True,
        "figure.figsize": (6.4, 3.8),
        "font.size": 11,
        "grid.color": GRID[0],
        "legend.frameon": False,
        "savefig.transparent": True,
        "svg.hashsalt": "autograd-atlas",  # the same ids in each build
    }


def set_style(gallery_conf: dict[str, Any], fname: str | None, when: str) -> None:
    """A reset hook for sphinx-gallery: no lesson sees another one's figures or settings."""
    lessons = EXAMPLES.glob(f"*/{Path(fname).name}") if fname else ()
    uses = any("matplotlib" in lesson.read_text(encoding="utf-8") for lesson in lessons)
    if not (uses or "matplotlib.pyplot" in sys.modules):
        return
    import matplotlib
    import matplotlib.pyplot as plt

    plt.close("all")
    matplotlib.use("agg")
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(style())  # type: ignore[arg-type]  # it wants names as literals


def asked_in(block: Any, lesson: Path) -> list[tuple[int, str]]:
    """What the comments of a block say of its plot, with their lines."""
    text = lesson.read_text(encoding="utf-8")
    comments = [
        (line_of(text, comment.start()), quoted(comment[2]) or "")
        for comment in COMMENT.finditer(text)
        if comment[1] == "plot"
    ]
    return [(line, text) for line, text in comments if block.lineno <= line <= last_line(block)]


def plot_of(block: Any, lesson: Path, images: Path) -> str:
    """The directive that shows what a block has plotted, or nothing; the plot goes into the folder
    ``images``. Raises LessonError."""
    name = lesson.relative_to(EXAMPLES.parent).as_posix()
    plt: Any = sys.modules.get("matplotlib.pyplot")
    made = plt.get_fignums() if plt else []
    asked = asked_in(block, lesson)
    if len(made) != len(asked) or len(made) > 1:
        line = asked[-1][0] if asked else block.lineno
        raise LessonError(
            f"{name}:{line}: this block has {len(made)} figures and {len(asked)} comments; give "
            'each figure a block of its own, with # sphinx_gallery_plot = "what can be seen in it"'
        )
    if not made:
        return ""
    (line, description), *_ = asked
    path = images / f"{lesson.stem}_{slug(description)}.svg"
    plt.gcf().savefig(path, metadata={"Date": None})
    plt.close("all")
    svg = path.read_text(encoding="utf-8")
    if other := set(re.findall("#[0-9a-f]{6}", svg)) - COLOURS.keys():
        raise LessonError(
            f"{name}:{line}: the plot uses {', '.join(sorted(other))}, which may be illegible in "
            "one theme; leave colours to the site, or write C0 to C3"
        )
    dark = re.sub("|".join(COLOURS), lambda found: COLOURS[found[0]], svg)
    dark_path(path).write_text(dark, encoding="utf-8")
    shown = f"/lessons/{lesson.parent.name}/images/{path.name}"
    return f"\n.. lesson-plot:: {shown}\n\n    {description}\n\n"


def slug(text: str) -> str:
    """A short name of a plot, from what is said of it; the same in each build.

    >>> len(slug("A curve.")), slug("A curve.") == slug("A line.")
    (8, False)
    """
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def dark_path(path: Path) -> Path:
    return path.with_stem(f"{path.stem}_dark")


class lesson_plot(nodes.General, nodes.Element):
    """Two images, for light and dark, and a paragraph that tells what they show."""


class LessonPlot(SphinxDirective):
    """What the scraper puts into a lesson's page: the file, and what it shows."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        path = Path(self.arguments[0])
        description = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, description)
        images = [
            nodes.image(uri=each.as_posix(), classes=[f"only-{theme}"])
            for theme, each in (("light", path), ("dark", dark_path(path)))
        ]
        return [lesson_plot("", *images, *description.children)]


def show_outputs_before_plots(app: Sphinx, doctree: nodes.document) -> None:
    show_outputs_first(doctree, lesson_plot)


def drop_stale_images(app: Sphinx, problem: Exception | None) -> None:
    """What an earlier build has copied, and no page shows any more."""
    if problem is None and app.builder.format == "html":
        shown = {name for _, name in app.env.images.values()}
        for image in (Path(app.outdir) / "_images").glob("*"):
            if image.name not in shown:
                image.unlink()


def describe(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn what a plot shows, now in the page's language, into the images' alternative text."""
    if app.builder.format != "html":
        return
    for plot in doctree.findall(lesson_plot):
        *images, description = plot.children
        for image in images:
            if isinstance(image, nodes.image):
                image["alt"] = description.astext()
        plot.remove(description)


def visit_html(self: Any, node: lesson_plot) -> None:
    self.body.append('<figure class="aa-plot">')


def depart_html(self: Any, node: lesson_plot) -> None:
    self.body.append("</figure>\n")


def skip(self: Any, node: lesson_plot) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_node(lesson_plot, html=(visit_html, depart_html), text=(skip, None))
    app.add_directive("lesson-plot", LessonPlot)
    app.connect("doctree-read", show_outputs_before_plots)
    app.connect("doctree-resolved", describe)
    app.connect("build-finished", drop_stale_images)
