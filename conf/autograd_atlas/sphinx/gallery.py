"""Graphs in the examples of sphinx-gallery: the comment ``# sphinx_gallery_graph = "J"`` shows the
graph behind ``J``, as it stands after the comment's block.

Examples are recorded before sphinx-gallery runs them, each in a process of its own. The scraper
``autograd_atlas.sphinx.gallery.graphs`` then puts the pictures into the pages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxDirective

from .. import run
from ..graph import Graph
from .comments import COMMENT, line_of, options_of
from .graphs import answer_to, graph_figure, picture_of


class LessonError(SphinxError):
    """An example that cannot be shown: a line for each problem, with file and line."""

    category = "Lessons"


@dataclass(frozen=True)
class Gallery:
    """A folder of examples, and the folder of their pages in the sources."""

    examples: Path
    pages: str

    def name(self, example: Path) -> str:
        """An example's path, from the folder around its gallery."""
        return example.relative_to(self.examples.parent).as_posix()

    def page(self, example: Path) -> str:
        """The document that sphinx-gallery makes of an example."""
        inside = example.relative_to(self.examples).with_suffix("")
        return f"{self.pages}/{inside.as_posix()}"

    def example(self, page: str) -> Path | None:
        """The example that a document was made of, or None."""
        inside = page.removeprefix(f"{self.pages}/")
        example = self.examples / f"{inside}.py"
        return example if inside != page and example.exists() else None


def galleries(app: Sphinx) -> list[Gallery]:
    """What sphinx-gallery is set to run; nothing on a site that goes without it."""

    def folders(setting: str) -> list[str]:
        value = app.config.sphinx_gallery_conf[setting]
        return [str(folder) for folder in (value if isinstance(value, list | tuple) else [value])]

    if "sphinx_gallery_conf" not in app.config:
        return []
    return [
        Gallery(Path(app.srcdir, examples).resolve(), Path(pages).as_posix())
        for examples, pages in zip(folders("examples_dirs"), folders("gallery_dirs"), strict=True)
    ]


def chosen_examples(app: Sphinx) -> Iterator[tuple[Gallery, Path]]:
    """The examples that sphinx-gallery runs, in the order of their paths."""
    for gallery in galleries(app):
        chosen = re.compile(app.config.sphinx_gallery_conf["filename_pattern"])
        for path in sorted(gallery.examples.rglob("*.py")):
            if chosen.search(str(path)):
                yield gallery, path


def example_of(app: Sphinx, page: str) -> tuple[Gallery, Path] | None:
    """The example that a document was made of, with its gallery."""
    for gallery in galleries(app):
        if (example := gallery.example(page)) is not None:
            return gallery, example
    return None


def options_in(example: Path) -> dict[int, dict[str, Any]]:
    """What the comments of an example ask for, by their lines. Raises LessonError, without the
    name of the example: ``12: what is wrong``."""
    text = example.read_text(encoding="utf-8")
    options = {}
    for comment in COMMENT.finditer(text):
        if comment[1] == "graph":
            line = line_of(text, comment.start())
            try:
                options[line] = options_of(comment[2])
            except ValueError as problem:
                form = '# sphinx_gallery_graph = "J; backward: no"'
                raise LessonError(f"{line}: {problem}; for example {form}") from None
    return options


def requests_in(example: Path) -> list[run.Request]:
    """What an example's comments ask for: each is drawn as things stand after its block."""
    from sphinx_gallery.py_source_parser import split_code_and_text_blocks

    asked = options_in(example)
    if not asked:
        return []
    _, blocks = split_code_and_text_blocks(str(example))
    return [
        run.Request(options["roots"], last_line(block), line, options.get("backward"))
        for block in blocks
        for line, options in asked.items()
        if block.type == "code" and block.lineno <= line <= last_line(block)
    ]


def last_line(block: Any) -> int:
    return int(block.lineno) + str(block.content).count("\n")


def graphs_of(app: Sphinx, gallery: Gallery, example: Path) -> dict[int, Graph]:
    """The graphs of an example, by the line of the comment that asks for each.

    Raises LessonError.
    """
    name = gallery.name(example)
    try:
        requests = requests_in(example)
        if not requests:
            return {}
        lines = example.read_text(encoding="utf-8").splitlines(keepends=True)
        code = "".join(lines[: requests[-1].after])
        answer = answer_to(app, code, requests, file=name, may_warn=True)
    except LessonError as problem:
        raise LessonError(f"{name}:{problem}") from None
    except run.RunError as problem:
        raise LessonError(f"{name}:{problem.line}: {problem.message}") from None
    recorded = dict(zip((request.line for request in requests), answer.graphs, strict=True))
    options = options_in(example)
    for line, graph in recorded.items():
        try:
            picture_of(graph, options[line])
        except ValueError as problem:
            raise LessonError(f"{name}:{line}: {problem}") from None
    return recorded


# For the scraper, which sphinx-gallery calls by its name: the graphs of each example, by line.
recorded_graphs: dict[Path, dict[int, Graph]] = {}


def record_examples(app: Sphinx) -> None:
    """Before the gallery runs: the child's clock is its own, and errors name their line."""
    recorded_graphs.clear()
    problems = []
    for gallery, example in chosen_examples(app):
        try:
            recorded_graphs[example] = graphs_of(app, gallery, example)
        except LessonError as problem:
            problems.append(str(problem))
    if problems:
        raise LessonError("\n".join(problems))


def first_graph(example: Path) -> Graph | None:
    """The first graph of an example, if it shows any."""
    return next(iter(recorded_graphs.get(example, {}).values()), None)


def graphs(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """A scraper for sphinx-gallery (``image_scrapers``) that puts the graphs that a block asks for
    behind it."""
    lines = recorded_graphs.get(Path(block_vars["src_file"]), {})
    asked = [line for line in lines if block.lineno <= line <= last_line(block)]
    return "".join(f"\n.. gallery-graph:: {line}\n\n" for line in asked)


class GalleryGraph(SphinxDirective):
    """What the scraper puts into an example's page: the line of the comment."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        line = int(self.arguments[0])
        found = example_of(self.env.app, self.env.docname)
        if found is None:
            raise self.error("gallery-graph stands only in pages that sphinx-gallery has made")
        gallery, example = found
        graph = recorded_graphs.get(example, {}).get(line)
        if graph is None:  # sphinx-gallery had nothing to run
            graph = graphs_of(self.env.app, gallery, example)[line]
        picture = picture_of(graph, {"start": "0", **options_in(example)[line]})
        self.set_source_info(picture)
        return [picture]


def show_outputs_first(doctree: nodes.document, kind: type[nodes.Element]) -> None:
    """Move what blocks printed before nodes of this kind: sphinx-gallery puts what a scraper gives
    first."""
    for output in list(doctree.findall(nodes.literal_block)):
        if "sphx-glr-script-out" not in output["classes"]:
            continue
        parent = output.parent
        place = first = parent.index(output)
        while first and isinstance(parent[first - 1], kind):
            first -= 1
        if first < place:
            parent.remove(output)
            parent.insert(first, output)


def show_outputs_before_graphs(app: Sphinx, doctree: nodes.document) -> None:
    show_outputs_first(doctree, graph_figure)


def setup(app: Sphinx) -> None:
    app.add_directive("gallery-graph", GalleryGraph)
    app.connect("doctree-read", show_outputs_before_graphs, priority=400)  # before they are named
    app.connect("builder-inited", record_examples, priority=150)  # sphinx-gallery's own is at 500
