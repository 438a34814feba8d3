"""The directive ``autograd-graph``: a program, and the graph that PyTorch recorded of it.

The program runs through :mod:`autograd_atlas.run`, and leaves a node in the page that is drawn when
the page is written, in the page's language.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .. import run
from ..graph import Graph
from ..picture.choice import Choice
from ..picture.composing import check_opened
from .comments import OPTIONS, yes_or_no
from .settings import folder

logger = logging.getLogger(__name__)


class graph_figure(nodes.General, nodes.Element):
    """A graph, and how it is to be drawn; its child is the caption."""


def picture_of(graph: Graph, options: dict[str, Any]) -> graph_figure:
    """The node of a picture. Raises ValueError for a block to open that there is not."""
    choice = Choice(
        options.get("fold", True),
        tuple(options.get("open", ())),
        options.get("depth"),
        options.get("constants", True),
    )
    check_opened(graph, choice)
    return graph_figure(
        graph=graph,
        view=options.get("view", "both"),
        choice=choice,
        start=options.get("start", "end"),
        program="",  # that was run, if it is not shown with the picture
    )


def answer_to(app: Sphinx, code: str, requests: list[run.Request], **options: Any) -> run.Answer:
    """What a program gives, run as the site has set it. Raises RunError."""
    return run.run(
        code, requests, store=folder(app, "graphs"),
        seconds=app.config.autograd_graph_seconds, prepare=app.config.autograd_graph_prepare,
        **options,
    )  # fmt: skip


def beside(source: Iterable[nodes.Node], pictures: Iterable[nodes.Node]) -> nodes.container:
    """A program with what it printed, beside its pictures where the page is wide enough."""
    program = nodes.container("", *source, classes=["aa-source"])
    return nodes.container("", program, *pictures, classes=["aa-program"])


class AutogradGraph(SphinxDirective):
    """``{autograd-graph}``: its body is a program, which is shown, run alone, and drawn.

    ``roots``: the tensors to draw. ``view``: both, written or recorded. ``backward``: whether
    gradients are shown; yes runs ``backward`` if the program does not. ``fold``: no shows all
    of a large graph, layers folds the innermost modules of a small one. ``open``: names of
    blocks to leave open. ``depth``: how many modules in one another to show. ``constants``: no
    leaves out what needs no gradient. ``start``: 0 opens the picture before its first step.
    ``code``: no hides the program. ``caption``: a sentence
    below.
    """

    has_content = True
    option_spec: ClassVar[Any] = {
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
        page = str(self.env.doc2path(self.env.docname, base=False))
        try:
            answer = answer_to(self.env.app, code, [request], file=page)
        except run.RunError as problem:
            line = self.first_line() + problem.line - 1 if problem.line else self.lineno
            return self.refuse(line, problem.message)
        try:
            picture = picture_of(answer.graphs[0], self.options)
        except ValueError as problem:
            return self.refuse(self.lineno, str(problem))
        shown: list[nodes.Node] = []
        with_code = self.options.get("code", True)
        if with_code:
            block = nodes.literal_block(code, code, language="python")
            self.set_source_info(block)
            shown.append(nodes.container("", block, classes=["aa-from-1"]))
        if answer.printed:
            printed = nodes.literal_block(answer.printed, answer.printed, language="none")
            shown.append(nodes.container("", printed, classes=["aa-printed"]))
        picture["program"] = "" if with_code else code
        self.set_source_info(picture)
        if "caption" in self.options:
            text = self.options["caption"]
            children, messages = self.state.inline_text(text, self.lineno)
            caption = nodes.paragraph(text, "", *children, *messages)
            self.set_source_info(caption)
            picture += caption
        return [beside(shown, [picture]) if with_code else nodes.container("", *shown, picture)]

    def first_line(self) -> int:
        """The line at which the body begins, which MyST's ``content_offset`` does not tell
        (https://github.com/executablebooks/MyST-Parser/pull/1175)."""
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


class graph_key(nodes.General, nodes.Element):
    """The key of the drawing language."""


class AutogradKey(SphinxDirective):
    """``{autograd-key}``: what shapes and signs in pictures mean, as at each picture."""

    def run(self) -> list[nodes.Node]:
        return [graph_key()]


def name_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Give each picture of a page an id of its own, from what it draws; the first one that is not
    folded away holds the key for all."""
    taken: dict[str, int] = {}
    key_of = None
    for node in doctree.findall(graph_figure):
        name = "-".join(["graph", *(root.name for root in node["graph"].roots)])
        taken[name] = taken.get(name, 0) + 1
        node["name"] = name if taken[name] == 1 else f"{name}-{taken[name]}"
        node["key_of"] = key_of
        if key_of is None and not is_folded_away(node):
            key_of = node["name"]


def is_folded_away(node: nodes.Node) -> bool:
    """Whether a node is in the solution of an exercise."""
    while node.parent is not None and type(node).__name__ != "solution":
        node = node.parent
    return type(node).__name__ == "solution"


def end_server(app: Sphinx, problem: Exception | None) -> None:
    run.end_server()


def setup(app: Sphinx) -> None:
    app.add_directive("autograd-graph", AutogradGraph)
    app.add_directive("autograd-key", AutogradKey)
    app.connect("doctree-read", name_figures)
    app.connect("build-finished", end_server)
