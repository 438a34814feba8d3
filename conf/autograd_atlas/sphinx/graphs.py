"""Graphs on pages: the directive ``autograd-graph``, and the comment
``# sphinx_gallery_graph = "J"`` in a lesson.

Both run code through :mod:`autograd_atlas.run`, once for both languages, and leave a node in
the page that is drawn when the page is written, in the page's language.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from site_extension.lessons import EXAMPLES, OPTION, LessonError, lesson_files, line_of
from site_extension.plots import lesson_plot

from .. import run
from ..graph import Graph, check_names
from .options import OPTIONS, of_comment, yes_or_no

logger = logging.getLogger(__name__)

PICTURES = "graphs"  # the folder, beside the staged sources, where answers are kept


class graph_figure(nodes.General, nodes.Element):
    """A graph as JSON, and how it is to be drawn; its child is the caption."""


def store(app: Sphinx) -> Path:
    return Path(app.srcdir).parent / PICTURES


# -- On pages -------------------------------------------------------------------------------


def picture_of(graph: Graph, options: dict[str, Any]) -> graph_figure:
    return graph_figure(
        graph=graph.to_json(),
        view=options.get("view", "both"),
        fold=options.get("fold", True),
        open=options.get("open", []),
        program="",  # that was run, if it is not shown with the picture
    )


class AutogradGraph(SphinxDirective):
    """``{autograd-graph}``: its body is a program, which is shown, run alone, and drawn.

    ``roots``: the tensors to draw. ``view``: both, written or recorded. ``backward``: whether
    gradients are shown; yes runs ``backward`` if the program does not. ``fold``: no shows all
    of a large graph, layers folds the innermost modules of a small one. ``open``: names of
    blocks to leave open. ``code``: no hides the program. ``caption``: a sentence below.
    """

    has_content = True
    option_spec = {
        **OPTIONS,
        "code": yes_or_no,
        "caption": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        if "roots" not in self.options:
            return self.refuse(self.lineno, "say what to draw, as in :roots: J")
        if not any(line.strip() for line in self.content):
            return self.refuse(self.lineno, "write a program below the options")
        code = "\n".join(self.content) + "\n"
        request = run.Request(
            self.options["roots"], len(self.content), 0, self.options.get("backward")
        )
        page = self.env.doc2path(self.env.docname, base=False)
        try:
            answer = run.run(
                code, [request], file=f"docs/{page}", store=store(self.env.app),
                seconds=self.config.atlas_lesson_seconds,
            )  # fmt: skip
        except run.RunError as problem:
            line = self.first_line() + problem.line - 1 if problem.line else self.lineno
            return self.refuse(line, problem.message)
        try:
            check_names(answer.graphs[0], self.options.get("open", ()))
        except ValueError as problem:
            return self.refuse(self.lineno, str(problem))
        shown: list[nodes.Node] = []
        alone = self.options.get("code", True)
        if alone:
            block = nodes.literal_block(code, code, language="python")
            self.set_source_info(block)
            shown.append(nodes.container("", block, classes=["aa-from-1"]))
        if answer.printed:
            printed = nodes.literal_block(answer.printed, answer.printed, language="none")
            shown.append(nodes.container("", printed, classes=["aa-printed"]))
        picture = picture_of(answer.graphs[0], self.options)
        picture["program"] = "" if alone else code
        self.set_source_info(picture)
        if "caption" in self.options:
            text = self.options["caption"]
            children, messages = self.state.inline_text(text, self.lineno)
            caption = nodes.paragraph(text, "", *children, *messages)
            self.set_source_info(caption)
            picture += caption
        return [nodes.container("", *shown, picture, classes=["aa-program"] if alone else [])]

    def first_line(self) -> int:
        """The line at which the body begins, which MyST's ``content_offset`` does not tell."""
        page = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8").splitlines()
        body = next(line for line in self.content if line.strip())
        places = [n for n in range(self.lineno, len(page)) if page[n].strip() == body.strip()]
        if not places:  # the directive stands in an included file
            return self.lineno
        return places[0] + 1 - list(self.content).index(body)

    def refuse(self, line: int, message: str) -> list[nodes.Node]:
        where = (self.env.docname, line)
        logger.warning("autograd-graph: %s", message, location=where, type="autograd_graph")
        return []


# -- In lessons -----------------------------------------------------------------------------


def options_in(text: str) -> dict[int, dict[str, Any]]:
    """What the comments of a lesson ask for, by their lines."""
    return {
        line_of(text, found.start()): of_comment(found[2])
        for found in OPTION.finditer(text)
        if found[1] == "graph"
    }


def requests_in(lesson: Path) -> list[run.Request]:
    """What a lesson's comments ask for: each is drawn as things stand after its block."""
    from sphinx_gallery.py_source_parser import split_code_and_text_blocks

    text = lesson.read_text(encoding="utf-8")
    asked = options_in(text)
    if not asked:
        return []
    _, blocks = split_code_and_text_blocks(str(lesson))
    found = []
    for block in blocks:
        last = block.lineno + block.content.count("\n")
        for line, options in asked.items():
            if block.type == "code" and block.lineno <= line <= last:
                backward = options.get("backward")
                found.append(run.Request(options["roots"], last, line, backward))
    return found


def of_lesson(app: Sphinx, lesson: Path) -> dict[int, Graph]:
    """The graphs of a lesson, by the line of the comment that asks for each."""
    requests = requests_in(lesson)
    if not requests:
        return {}
    lines = lesson.read_text(encoding="utf-8").splitlines(keepends=True)
    answer = run.run(
        "".join(lines[: requests[-1].after]), requests,
        file=lesson.relative_to(EXAMPLES.parent).as_posix(), store=store(app),
        seconds=app.config.atlas_lesson_seconds, may_warn=True,
    )  # fmt: skip
    return dict(zip((request.line for request in requests), answer.graphs, strict=True))


class Recorded:
    """The graphs of all lessons, for the scraper, which sphinx-gallery calls by its name."""

    graphs: dict[Path, dict[int, Graph]] = {}


def record_lessons(app: Sphinx) -> None:
    """Before the gallery runs: the child's clock is its own, and errors name their line."""
    Recorded.graphs = {}
    chosen = re.compile(app.config.sphinx_gallery_conf["filename_pattern"])
    problems = []
    for lesson in filter(lambda path: chosen.search(str(path)), lesson_files()):
        try:
            Recorded.graphs[lesson] = of_lesson(app, lesson)
        except run.RunError as problem:
            name = lesson.relative_to(EXAMPLES.parent).as_posix()
            problems.append(f"{name}:{problem.line}: {problem.message}")
    if problems:
        raise LessonError("\n".join(problems))


def in_block(block: Any, lesson: Path) -> list[tuple[int, Graph]]:
    """The graphs that a block of a lesson asks for, with their lines."""
    last = block.lineno + block.content.count("\n")
    graphs = Recorded.graphs.get(lesson, {})
    return [(line, graph) for line, graph in graphs.items() if block.lineno <= line <= last]


class LessonGraph(SphinxDirective):
    """What the scraper puts into a lesson's page: file and line of the comment."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        name, line = self.arguments
        lesson = EXAMPLES / name
        graph = Recorded.graphs.get(lesson, {}).get(int(line))
        if graph is None:
            graph = of_lesson(self.env.app, lesson)[int(line)]
        options = options_in(lesson.read_text(encoding="utf-8"))[int(line)]
        picture = picture_of(graph, options)
        self.set_source_info(picture)
        return [picture]


def name_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Give each picture of a page an id of its own, from what it draws."""
    taken: dict[str, int] = {}
    for node in doctree.findall(graph_figure):
        name = "-".join(["graph", *(root.name for root in Graph.from_json(node["graph"]).roots)])
        taken[name] = taken.get(name, 0) + 1
        node["name"] = name if taken[name] == 1 else f"{name}-{taken[name]}"


def move_behind_outputs(app: Sphinx, doctree: nodes.document) -> None:
    """sphinx-gallery puts what a scraper gives before what the block printed."""
    for output in list(doctree.findall(nodes.literal_block)):
        if "sphx-glr-script-out" not in output["classes"]:
            continue
        parent = output.parent
        place = parent.index(output)
        first = place
        while first and isinstance(parent[first - 1], graph_figure | lesson_plot):
            first -= 1
        parent.remove(output)
        parent.insert(first, output)


def end_server(app: Sphinx, problem: Exception | None) -> None:
    run.end_server()


def setup(app: Sphinx) -> None:
    app.add_directive("autograd-graph", AutogradGraph)
    app.add_directive("lesson-graph", LessonGraph)
    app.connect("doctree-read", move_behind_outputs)
    app.connect("doctree-read", name_figures)
    app.connect("build-finished", end_server)
    app.connect("builder-inited", record_lessons, priority=150)  # after the lessons' own check
