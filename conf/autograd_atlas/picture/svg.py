"""From a :class:`~autograd_atlas.graph.Graph` to SVG and HTML.

The SVG is our own: short ids that stay the same from build to build, styles by class only, so
that pages need no style attribute, and text that cannot break it, whatever it contains.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, MutableMapping
from functools import cache
from html import escape
from importlib.resources import files

from ..graph import Graph
from . import text
from .diagram import (
    CHARACTER,
    LINE,
    PADDING,
    RECORDED,
    STOP,
    WRITTEN,
    Box,
    Diagram,
    columns,
    diagram,
    symbol_width,
)
from .layout import Layout, Point, Rectangle, layout

# What XML 1.0 cannot hold, not even escaped.
UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(words: str) -> str:
    return escape(UNSPEAKABLE.sub("\ufffd", words), quote=True)


@cache
def style() -> str:
    """The style sheet of all pictures, for light and dark."""
    folder = files(__package__)
    parts = (folder.joinpath("graph.css"), folder.joinpath("dark.css"))
    return "".join(part.read_text(encoding="utf-8") for part in parts)


def number(length: float) -> str:
    """One decimal, and no more characters than needed."""
    return f"{length:.1f}".removesuffix(".0")


def path_data(points: list[Point]) -> str:
    """A start and Bezier triples, relative to where each begins, which is shorter."""
    x, y = points[0]
    parts = [f"M{number(x)} {number(y)}c"]
    rounded = (round(x, 1), round(y, 1))
    for start in range(1, len(points) - 2, 3):
        steps = []
        for px, py in points[start : start + 3]:
            steps += [number(px - rounded[0]), number(py - rounded[1])]
        last = points[start + 2]
        rounded = (
            round(rounded[0] + round(last[0] - rounded[0], 1), 1),
            round(rounded[1] + round(last[1] - rounded[1], 1), 1),
        )
        for step in steps:
            parts.append(step if step[0] == "-" or parts[-1][-1] == "c" else f" {step}")
    return "".join(parts)


def label(x: float, y: float, words: str, kind: str = "") -> str:
    """A line of text. What is not plain is given its width, since fonts differ there."""
    wide = columns(words)
    length = (
        "" if words.isascii() or wide == len(words) else f' textLength="{number(wide * CHARACTER)}"'
    )
    name = f' class="{kind}"' if kind else ""
    return f'<text x="{number(x)}" y="{number(y)}"{name}{length}>{clean(words)}</text>'


def box_svg(box: Box, at: Rectangle, prefix: str) -> str:
    """One box: a circle for the operation, a rectangle for what it holds."""
    parts = [f'<g id="{prefix}{box.key}" class="{box.kind}">']
    if box.title:
        parts.append(f"<title>{clean(box.title)}</title>")
    left = at.x
    middle = at.y + at.height / 2
    inner = at.width
    if box.symbol:
        wide = symbol_width(box.symbol)
        x, y = number(left), number(middle - 12)
        rectangle = f'<rect class="op" x="{x}" y="{y}" width="{number(wide)}" height="24" rx="12"/>'
        parts.append(rectangle)
        parts.append(label(left + wide / 2, middle + 4.2, box.symbol, "sym"))
        left += wide
        inner -= wide
    for place, key in enumerate(box.stops):
        y = max(at.y + at.height - 8 - 7 * place, at.y + 4)
        ends = f"M{number(left + STOP)} {number(y)}h-{number(STOP - 2)}m0-5v10"
        parts.append(f'<path id="{prefix}{key}" class="stop" d="{ends}"/>')
    left, inner = (left + STOP, inner - STOP) if box.stops else (left, inner)
    if box.lines or not box.symbol:
        rx = {"leaf": 9, "accumulate": 9, "block": 3}.get(box.kind, 4)
        parts.append(
            f'<rect x="{number(left)}" y="{number(at.y)}" width="{number(inner)}" '
            f'height="{number(at.height)}" rx="{rx}"/>'
        )
    y = at.y + (at.height - len(box.lines) * LINE) / 2 + 12
    for line in box.lines:
        if len(line) == 1:
            parts.append(label(left + PADDING, y, line[0].text, line[0].style))
        else:
            words = "".join(
                f'<tspan class="{span.style}">{clean(span.text)}</tspan>' for span in line
            )
            parts.append(f'<text x="{number(left + PADDING)}" y="{number(y)}">{words}</text>')
        y += LINE
    parts.append("</g>")
    return "".join(parts)


def drawing(picture: Diagram, at: Layout, prefix: str) -> str:
    """What stands inside of an ``<svg>``: frames, wires, their numbers, boxes."""
    parts = []
    heads = {WRITTEN: f'marker-end="url(#{prefix}f)"', RECORDED: f'marker-start="url(#{prefix}f)"'}
    tip = (
        '<path d="M0 0L8 4L0 8z"/>'
        if picture.view == WRITTEN
        else '<path d="M8 0L0 4L8 8" class="open"/>'
    )
    x = 7 if picture.view == WRITTEN else 1
    parts.append(
        f'<defs><marker id="{prefix}f" viewBox="-1 -1 10 10" refX="{x}" refY="4" markerWidth="8" '
        f'markerHeight="8" orient="auto">{tip}</marker></defs>'
    )
    for frame in picture.frames:
        area = at.frames[frame.block]
        parts.append(
            f'<g class="frame" data-block="b{frame.block}"><rect x="{number(area.x)}" y="{number(area.y)}" '
            f'width="{number(area.width)}" height="{number(area.height)}" rx="6"/>'
            f'<rect class="hit" x="{number(area.x)}" y="{number(area.y)}" '
            f'width="{number(columns(frame.title) * CHARACTER + 16)}" height="24"/>'
            f"{label(area.x + 6, area.y + 12, frame.title)}</g>"
        )
    kinds: dict[str, list[str]] = {}
    for wire in picture.wires:
        line = f'<path id="{prefix}{wire.key}" d="{path_data(at.paths[wire.key])}"/>'
        kinds.setdefault(wire.kind, []).append(line)
    for kind, lines in kinds.items():
        parts.append(f'<g class="wire {kind}" {heads[picture.view]}>{"".join(lines)}</g>')
    for wire in picture.wires:
        if wire.key in at.labels:
            x, y = at.labels[wire.key]
            if wire.above:
                parts.append(label(x, y - 5, wire.above, "local"))
            if wire.below:
                parts.append(label(x, y + 13, wire.below, "sent"))
    parts += [box_svg(box, at.boxes[box.key], prefix) for box in picture.boxes]
    return "".join(parts)


def svg(
    graph: Graph,
    view: str = WRITTEN,
    *,
    language: str = "en",
    prefix: str = "g",
    fold: bool | str = True,
    opened: Iterable[str] = (),
    inside: int | None = None,
    alone: bool = False,
) -> str:
    """One view of a graph as SVG.

    ``prefix`` begins every id, and has to differ between the pictures of a page. ``alone``
    puts the style inside, for a file of its own.
    """
    picture = diagram(graph, view, fold=fold, opened=opened, inside=inside)
    return picture_svg(graph, picture, language, prefix, alone=alone)


def picture_svg(
    graph: Graph,
    picture: Diagram,
    language: str,
    prefix: str,
    *,
    alone: bool = False,
    at: Layout | None = None,
    kept: MutableMapping[str, str] | None = None,
) -> str:
    """A picture as SVG; laid out here, if it is not yet.

    Only its title is in a language, so that ``kept`` serves the pictures of all.
    """

    def untold() -> str:
        return untitled(picture, at or layout(picture), prefix, alone)

    svg = untold() if at else stored(kept, "picture", (picture, prefix, alone), untold)
    before, title, after = svg.partition("</title>")
    return before + clean(text.alternative(graph, picture, language)) + title + after


def untitled(picture: Diagram, at: Layout, prefix: str, alone: bool = False) -> str:
    """A picture whose title is still empty."""
    width, height = number(at.width), number(at.height)
    inner = f"<style>{style()}</style>" if alone else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="aa-graph aa-{picture.view}" role="img" '
        f'aria-labelledby="{prefix}t" viewBox="0 0 {width} {height}" '
        f'width="{number(at.width * 1.1)}" height="{number(at.height * 1.1)}">'
        f'<title id="{prefix}t"></title>{inner}{drawing(picture, at, prefix)}</svg>'
    )


def stored(
    kept: MutableMapping[str, str] | None, kind: str, about: tuple, make: Callable[[], str]
) -> str:
    """What ``make`` makes, or what it made before of the same.

    ``about`` is all that it depends on, except for the code of this package: whoever keeps texts
    for longer than a process keeps them by a fingerprint of the code, too.
    """
    if kept is None:
        return make()
    key = f"{kind}-{hashlib.sha256(repr(about).encode()).hexdigest()}"
    if key not in kept:
        kept[key] = make()
    return kept[key]


def card(graph: Graph) -> str:
    """A small picture for a list of lessons: the graph as it is drawn in the dark, as large as
    fits."""
    view = WRITTEN if graph.calls else RECORDED
    picture = svg(graph, view, prefix="card", alone=True)
    place = ' x="12" y="12" width="296" height="176">'
    inner = re.sub(r' width="[^"]*" height="[^"]*">', place, picture, count=1)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" width="320" height="200">'
        f'<rect width="320" height="200" fill="#17324a"/><g data-theme="dark">{inner}</g></svg>\n'
    )
