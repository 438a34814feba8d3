"""What the exercises ``fill`` and ``find`` share: a graph that the program recorded, drawn as what
was written, in which the page's script lays fields or choices over boxes.

The picture is drawn when the page is written, as all pictures are. The solution shows the whole of
it, which can be played.
"""

from collections.abc import Container
from dataclasses import replace
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx

from ...graph import Graph
from ...picture.calculation import calculation, why_fixed
from ...picture.composing import diagram
from ...picture.diagram import WRITTEN, Box, Diagram, Line, Span, sized
from ...picture.figure import scrolling
from ...picture.keys import Kind
from ...picture.labels import tensor_name
from ...picture.layout import layout
from ...picture.phrases import listed
from ...picture.svg import clean, stored, untitled
from ...run import Request
from ..comments import options_of
from ..graphs import picture_of
from ..pictures import kept
from .base import Exercise, exercise, in_json, name_of, page_words, skip

BLANK = " " * 7  # room for what is typed, and for the sign that it is right
SCALE = 1.5  # of a picture that is typed into: two lines are 24 pixels apart, as fingers need it,
SMALLEST = 0.8  # and a little less where there is a mouse, and less room


class asked_picture(nodes.General, nodes.Element):
    """``graph``, drawn as ``choice`` says; the quantities that are ``blanks`` are empty boxes."""


class Pictured(Exercise):
    """An exercise with the option ``graph``: roots, and how to draw them, as in the comment
    ``# sphinx_gallery_graph``."""

    graph: Graph
    picture: dict[str, Any]  # how it is drawn
    blanks: tuple[str, ...] = ()

    def record(self, code: str) -> None:
        """Run the program, and keep its graph. Raises Refused."""
        text = self.option("graph", "J")
        try:
            self.picture = {"view": WRITTEN, **options_of(repr(text))}
            if self.picture["view"] != WRITTEN:
                raise ValueError("what was written is drawn; take out the view")
            roots, backward = self.picture["roots"], self.picture.get("backward")
            request = Request(roots, code.count("\n"), 0, backward)
            self.graph = self.answer(code, [request]).graphs[0]
            self.figure()
        except ValueError as problem:
            raise self.refusal(f":graph: {text}: {problem}") from None

    def figure(self) -> nodes.Element:
        """The whole picture, for the solution. Raises ValueError for a block that there is not."""
        return picture_of(self.graph, self.picture)

    def drawn(self) -> Diagram:
        return diagram(self.graph, WRITTEN, self.figure()["choice"])

    def shown(self, program: nodes.literal_block) -> list[nodes.Node]:
        choice = self.figure()["choice"]
        return [program, asked_picture(graph=self.graph, choice=choice, blanks=self.blanks)]

    def solved(self, program: nodes.literal_block) -> list[nodes.Node]:
        figure = self.figure()
        figure["program"] = program.astext() + "\n"  # whose lines light up
        return [figure]


# -- What a picture shows ---------------------------------------------------------------------


class Place(NamedTuple):
    """A box, or the operation in it, that can be pointed at."""

    typed: str  # as an exercise calls it
    key: str
    kind: str  # of word: "tensor" or "operation"
    name: str
    symbol: str = ""


def places(graph: Graph, picture: Diagram) -> list[Place]:
    """All boxes with a name, and operations whose results have one."""
    found = []
    for box in picture.boxes:
        name = "" if box.tensor is None else tensor_name(graph.tensors[box.tensor])
        made = name or ", ".join(filter(None, outputs_of(graph, box)))
        if box.symbol and made:
            found.append(Place(f"op {made}", str(box.key), "operation", made, box.symbol))
        if name:
            found.append(Place(name, str(box.key), "tensor", name))
    return found


def outputs_of(graph: Graph, box: Box) -> list[str]:
    """The names of what a call made."""
    outputs = graph.calls[box.key.number].outputs if box.key.kind is Kind.CALL else ()
    return [tensor_name(graph.tensors[output]) for output in outputs]


def quantities_in(picture: Diagram) -> set[str]:
    """What is spelled out in boxes."""
    spans = [span for box in picture.boxes for line in box.lines for span in line]
    return {str(span.row.quantity) for span in spans if span.row}


def with_blanks(picture: Diagram, blanks: Container[str]) -> Diagram:
    """A picture without some quantities; then wires carry no numbers, which would tell what is
    asked."""
    if not blanks:
        return picture
    boxes = tuple(with_blanks_in(box, blanks) for box in picture.boxes)
    wires = tuple(wire._replace(above="", below="") for wire in picture.wires)
    return replace(picture, boxes=boxes, wires=wires)


def with_blanks_in(box: Box, blanks: Container[str]) -> Box:
    lines = tuple(
        tuple(part for span in line for part in emptied(span, blanks)) for line in box.lines
    )
    return sized(replace(box, lines=lines))


def emptied(span: Span, blanks: Container[str]) -> Line:
    """A part of a line, or the sign at its beginning and a blank."""
    if span.row is None or str(span.row.quantity) not in blanks:
        return (span,)
    sign = span.text[: len(span.text) - len(span.text.lstrip(" =∇"))]
    return Span(span.style, sign), Span("blank", BLANK, span.row)


# -- Written ----------------------------------------------------------------------------------


def visit_picture(self: Any, node: asked_picture) -> None:
    say, graph = page_words(self), node["graph"]
    picture = with_blanks(diagram(graph, WRITTEN, node["choice"]), node["blanks"])
    asked = node.parent
    assert isinstance(asked, exercise)
    prefix = f"{name_of(asked)}."
    svg = stored(
        kept(self.builder.app), "asked", (picture, prefix),
        lambda: untitled(picture, layout(picture), prefix, scale=SCALE),
    )  # fmt: skip
    title = say["exercise-picture"].format(roots=listed([root.name for root in graph.roots], say))
    svg = svg.replace("</title>", f"{clean(title)}</title>", 1)
    if node["blanks"]:
        data = f'data-graph="{in_json(None if why_fixed(graph) else calculation(graph))}"'
    else:
        pointed = [place._asdict() for place in places(graph, picture)]
        data = f'data-prefix="{prefix}" data-places="{in_json(pointed)}"'
    self.body.append(f'<div class="aa-asked" {data}>{scrolling(svg, say, SMALLEST)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_node(asked_picture, html=(visit_picture, None), text=(skip, None))
