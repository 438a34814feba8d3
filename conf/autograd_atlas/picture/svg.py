"""From a :class:`~autograd_atlas.graph.Graph` to SVG and HTML.

The SVG is our own: short ids that stay the same from build to build, styles by class only, so
that pages need no style attribute, and text that cannot break it, whatever it contains.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, MutableMapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from ..graph import Graph
from ..memory import uncollected
from .alternative import alternative
from .choice import AS_READABLE, Choice
from .colours import file_style
from .composing import diagram
from .diagram import (
    CHARACTER,
    LINE,
    PADDING,
    RECORDED,
    STOP,
    WRITTEN,
    Box,
    Diagram,
    Frame,
    Line,
    symbol_width,
)
from .geometry import Point, Rectangle
from .keys import Key, Kind
from .labels import columns
from .layout import Layout, layout
from .words import Words, words

SCALE = 1.1  # of a picture on a page

# What XML 1.0 cannot hold, not even escaped.
UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """A text that HTML and XML can hold, in an attribute too."""
    return escape(UNSPEAKABLE.sub("\ufffd", text), quote=True)


@cache
def picture_style() -> str:
    """The style sheet of all pictures, for light and dark."""
    folder = files(__package__)
    parts = (folder.joinpath("graph.css"), folder.joinpath("dark.css"))
    return "".join(part.read_text(encoding="utf-8") for part in parts)


def pixels(length: float) -> str:
    """One decimal, and no more characters than needed."""
    return f"{length:.1f}".removesuffix(".0")


def path_data(points: list[Point]) -> str:
    """A start and Bezier triples, relative to where each begins, which is shorter."""
    x, y = points[0]
    parts = [f"M{pixels(x)} {pixels(y)}c"]
    rounded = (round(x, 1), round(y, 1))
    for start in range(1, len(points) - 2, 3):
        steps = []
        for px, py in points[start : start + 3]:
            steps += [pixels(px - rounded[0]), pixels(py - rounded[1])]
        last = points[start + 2]
        rounded = (
            round(rounded[0] + round(last[0] - rounded[0], 1), 1),
            round(rounded[1] + round(last[1] - rounded[1], 1), 1),
        )
        for step in steps:
            parts.append(step if step[0] == "-" or parts[-1][-1] == "c" else f" {step}")
    return "".join(parts)


def text_svg(x: float, y: float, text: str, style: str = "") -> str:
    """A line of text. One with wide characters is given its width, since fonts differ there."""
    wide = columns(text)
    length = "" if wide == len(text) else f' textLength="{pixels(wide * CHARACTER)}"'
    name = f' class="{style}"' if style else ""
    return f'<text x="{pixels(x)}" y="{pixels(y)}"{name}{length}>{clean(text)}</text>'


def box_svg(box: Box, at: Rectangle, prefix: str) -> str:
    """One box: a circle for the operation, a rectangle for what it holds."""
    parts = [f'<g id="{prefix}{box.key}" class="{box.kind}">']
    if box.title:
        parts.append(f"<title>{clean(box.title)}</title>")
    left, width = at.x, at.width
    if box.symbol:
        wide, middle = symbol_width(box.symbol), at.y + at.height / 2
        unseen = "" if box.seen else " unseen"
        parts.append(
            f'<rect class="op{unseen}" x="{pixels(left)}" y="{pixels(middle - 12)}" '
            f'width="{pixels(wide)}" height="24" rx="12"/>'
        )
        parts.append(text_svg(left + wide / 2, middle + 4.2, box.symbol, f"sym{unseen}"))
        left, width = left + wide, width - wide
    for place, key in enumerate(box.stops):
        end = max(at.y + at.height - 8 - 7 * place, at.y + 4)
        path = f"M{pixels(left + STOP)} {pixels(end)}h-{pixels(STOP - 2)}m0-5v10"
        parts.append(f'<path id="{prefix}{key}" class="stop" d="{path}"/>')
    if box.stops:
        left, width = left + STOP, width - STOP
    if box.lines or not box.symbol:
        radius = {"leaf": 9, "accumulate": 9, "block": 3}.get(box.kind, 4)
        parts.append(
            f'<rect x="{pixels(left)}" y="{pixels(at.y)}" width="{pixels(width)}" '
            f'height="{pixels(at.height)}" rx="{radius}"/>'
        )
    first = at.y + (at.height - len(box.lines) * LINE) / 2 + 12
    for place, line in enumerate(box.lines):
        parts.append(line_svg(left + PADDING, first + place * LINE, line))
    parts.append("</g>")
    return "".join(parts)


def line_svg(x: float, y: float, line: Line) -> str:
    return "".join(blanks_svg(x, y, line)) + words_svg(x, y, line)


def blanks_svg(x: float, y: float, line: Line) -> Iterator[str]:
    """Empty boxes, of an exercise, for what is to be typed into a line."""
    for span in line:
        width = columns(span.text) * CHARACTER
        if span.style == "blank" and span.row:
            area = f'x="{pixels(x)}" y="{pixels(y - 11.5)}" width="{pixels(width)}"'
            yield (
                f'<rect class="blank" data-of="{span.row.quantity}" {area} '
                f'height="{pixels(LINE - 1)}" rx="2"/>'
            )
        x += width


def words_svg(x: float, y: float, line: Line) -> str:
    if len(line) == 1:
        return text_svg(x, y, line[0].text, line[0].style)
    spans = (f'<tspan class="{span.style}">{clean(span.text)}</tspan>' for span in line)
    return f'<text x="{pixels(x)}" y="{pixels(y)}">{"".join(spans)}</text>'


def frame_svg(frame: Frame, area: Rectangle) -> str:
    """The frame of an open block, with an area around its title that can be clicked."""
    key, x, y = Key(Kind.BLOCK, frame.block), pixels(area.x), pixels(area.y)
    return (
        f'<g class="frame" data-block="{key}"><rect x="{x}" y="{y}" '
        f'width="{pixels(area.width)}" height="{pixels(area.height)}" rx="6"/>'
        f'<rect class="hit" x="{x}" y="{y}" '
        f'width="{pixels(columns(frame.title) * CHARACTER + 16)}" height="24"/>'
        f"{text_svg(area.x + 6, area.y + 12, frame.title)}</g>"
    )


def content_svg(picture: Diagram, at: Layout, prefix: str) -> str:
    """What stands inside of an ``<svg>``: frames, wires, their numbers, boxes."""
    if picture.view == WRITTEN:
        end, tip, x = "marker-end", '<path d="M0 0L8 4L0 8z"/>', 7
    else:
        end, tip, x = "marker-start", '<path d="M8 0L0 4L8 8" class="open"/>', 1
    marker = (
        f'<marker id="{prefix}f" viewBox="-1 -1 10 10" refX="{x}" refY="4" markerWidth="8" '
        f'markerHeight="8" orient="auto">{tip}</marker>'
    )
    parts = [f"<defs>{marker}</defs>"]
    parts += [frame_svg(frame, at.frames[frame.block]) for frame in picture.frames]
    paths: dict[str, list[str]] = {}
    for wire in picture.wires:
        path = f'<path id="{prefix}{wire.key}" d="{path_data(at.paths[wire.key])}"/>'
        paths.setdefault(wire.kind, []).append(path)
    for kind, alike in paths.items():
        parts.append(f'<g class="wire {kind}" {end}="url(#{prefix}f)">{"".join(alike)}</g>')
    for wire in picture.wires:
        if wire.key in at.labels:
            middle, y = at.labels[wire.key]
            if wire.above:
                parts.append(text_svg(middle, y - 5, wire.above, "local"))
            if wire.below:
                parts.append(text_svg(middle, y + 13, wire.below, "sent"))
    parts += [box_svg(box, at.boxes[box.key], prefix) for box in picture.boxes]
    return "".join(parts)


@uncollected()
def svg(
    graph: Graph,
    view: str = WRITTEN,
    choice: Choice = AS_READABLE,
    *,
    language: str = "en",
    prefix: str = "g",
    inside: int | None = None,
    alone: bool = False,
) -> str:
    """One view of a graph as SVG.

    ``prefix`` begins every id, and has to differ between the pictures of a page. ``alone``
    puts the style inside, with colours that every program knows, for a file of its own.
    """
    picture = diagram(graph, view, choice, inside=inside)
    return picture_svg(graph, picture, words(language), prefix, alone=alone)


def picture_svg(
    graph: Graph,
    picture: Diagram,
    words: Words,
    prefix: str,
    *,
    alone: bool = False,
    at: Layout | None = None,
    kept: MutableMapping[str, str] | None = None,
) -> str:
    """A picture as SVG; laid out here, if it is not yet.

    Only its title is in a language, so that ``kept`` serves the pictures of all.
    """

    def draw() -> str:
        return untitled(picture, at or layout(picture), prefix, alone)

    svg = draw() if at else stored(kept, "picture", (picture, prefix, alone), draw)
    before, title, after = svg.partition("</title>")
    return before + clean(alternative(graph, picture, words)) + title + after


def untitled(
    picture: Diagram, at: Layout, prefix: str, alone: bool = False, scale: float = SCALE
) -> str:
    """A picture whose title is still empty."""
    width, height = pixels(at.width), pixels(at.height)
    inner, kind, space = "", "aa-graph aa", ""
    if alone:  # whatever draws files knows "xml:space", and not always "white-space"
        inner, kind = f"<style>{file_style()}</style>", "aa-file aa-file"
        space = ' xml:space="preserve"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"{space} class="{kind}-{picture.view}" role="img" '
        f'aria-labelledby="{prefix}t" viewBox="0 0 {width} {height}" '
        f'width="{pixels(at.width * scale)}" height="{pixels(at.height * scale)}">'
        f'<title id="{prefix}t"></title>{inner}{content_svg(picture, at, prefix)}</svg>'
    )


def stored(
    kept: MutableMapping[str, str] | None,
    kind: str,
    inputs: tuple[Any, ...],
    make: Callable[[], str],
) -> str:
    """What ``make`` makes, or what it made before of the same.

    ``inputs`` are all that it depends on, except for the code of this package: whoever keeps texts
    for longer than a process keeps them by a fingerprint of the code, too.
    """
    if kept is None:
        return make()
    key = f"{kind}-{hashlib.sha256(repr(inputs).encode()).hexdigest()}"
    if key not in kept:
        kept[key] = make()
    return kept[key]


def card(graph: Graph) -> str:
    """A small picture for a list of lessons: the graph in dark colours, as large as fits."""
    view = WRITTEN if graph.calls else RECORDED
    picture = svg(graph, view, prefix="card", alone=True)
    place = ' x="12" y="12" width="296" height="176">'
    inner = re.sub(r' width="[^"]*" height="[^"]*">', place, picture, count=1)
    inner = inner.replace(file_style(), file_style("dark"), 1)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" width="320" height="200">'
        f'<rect width="320" height="200" fill="#17324a"/>{inner}</svg>\n'
    )
