"""A graph as a figure in HTML: both views, what is inside of folded blocks, and the words.

It stands without JavaScript and without our site's styles: the switch between the views is a
pair of radio buttons, and folded blocks unfold as details.
"""

import re
from collections.abc import Iterable
from importlib.resources import files

from . import text
from .diagram import RECORDED, WRITTEN, Diagram, block_title, blocks_to_open, diagram, with_repeats
from .graph import Graph
from .svg import clean, picture_svg

SMALLEST = 0.72  # of its own width, to which a picture shrinks: its 12 px become 9.5
MOST_INSIDE = 120  # boxes of a block's inside that are worth a picture


def views_of(graph: Graph, view: str | None = None) -> list[str]:
    """The views that a figure offers, the first one shown first.

    Raises ValueError for a view that there is not, or that this graph does not have.
    """
    have = [WRITTEN, RECORDED] if graph.calls else [RECORDED]
    if view is None:
        return have
    if view not in (WRITTEN, RECORDED):
        raise ValueError(f"there is no view {view!r}; write {WRITTEN} or {RECORDED}")
    if view not in have:
        raise ValueError("what was written is known only if it ran under a Recording")
    return [view]


def figure(
    graph: Graph,
    prefix: str,
    *,
    language: str = "en",
    view: str | None = None,
    fold: bool = True,
    opened: Iterable[str] = (),
    caption: str = "",
) -> str:
    """HTML for a page, as is ``caption``. ``prefix`` is the figure's id, and begins all others."""
    say = text.words(language)
    graph = with_repeats(graph) if fold else graph
    views = views_of(graph, view)
    pictures = {each: diagram(graph, each, fold=fold, opened=opened) for each in views}
    parts = [f'<figure class="aa-figure" id="{prefix}">']
    if len(views) > 1:
        for place, each in enumerate(views):
            checked = " checked" if place == 0 else ""
            parts.append(
                f'<input class="aa-choose-{each}" type="radio" name="{prefix}-view" '
                f'id="{prefix}-{each}"{checked}><label for="{prefix}-{each}">{say[each]}</label>'
            )
    for each, picture in pictures.items():
        short = f"{prefix}.{each[0]}"  # no name has a dot, so that no two ids can meet
        parts.append(f'<div class="aa-view aa-view-{each}">')
        parts.append(scrolling(picture_svg(graph, picture, language, short), say))
        parts += insides(graph, picture, short, language, say, opened)
        parts.append("</div>")
    parts.append(legend(pictures.values(), say))
    parts.append(in_words(graph, pictures, language, say))
    if caption:
        parts.append(f"<figcaption>{caption}</figcaption>")
    parts.append("</figure>")
    return "".join(parts)


def scrolling(svg: str, say: dict[str, str]) -> str:
    """A picture that shrinks to the page as long as it can be read, and then scrolls by itself.

    The empty picture beside it holds the width below which it does not shrink.
    """
    width = float(re.search(r' width="([\d.]+)"', svg)[1])
    least = f'<svg class="aa-least" width="{width * SMALLEST:.0f}" height="0" aria-hidden="true"/>'
    label = f'tabindex="0" role="group" aria-label="{say["scroll"]}"'
    return f'<div class="aa-scroll" {label}>{least}<div>{svg}</div></div>'


def insides(
    graph: Graph,
    picture: Diagram,
    prefix: str,
    language: str,
    say: dict[str, str],
    opened: Iterable[str],
) -> Iterable[str]:
    """The folded blocks, each to be unfolded; equal ones together."""
    equal: dict[object, list[int]] = {}
    for block in blocks_to_open(picture):
        equal.setdefault(content_of(graph, picture.view, block), []).append(block)
    for blocks in equal.values():
        inner = diagram(graph, picture.view, opened=opened, inside=blocks[0])
        if len(inner.boxes) > MOST_INSIDE or len(inner.boxes) < 2:
            continue
        name = clean(block_title(graph.blocks[blocks[0]]))
        others = [graph.blocks[block].name or graph.blocks[block].kind for block in blocks[1:]]
        kind = "inside-equal" if others else "inside"
        some = others if len(others) < 4 else [others[0], "…", others[-1]]
        summary = say[kind].format(block=name, others=clean(say["comma"].join(some)))
        below = f"{prefix}b{blocks[0]}-"
        svg = picture_svg(graph, inner, language, below)
        yield f'<details class="aa-inside"><summary>{summary}</summary>{scrolling(svg, say)}'
        yield from insides(graph, inner, below, language, say, opened)
        yield "</details>"


def content_of(graph: Graph, view: str, block: int) -> object:
    """What is equal for two blocks in which the same happens."""

    def inside(each: int | None) -> bool:
        while each is not None and each != block:
            each = graph.blocks[each].parent
        return each is not None

    if view == WRITTEN:
        calls = (call for call in graph.calls if inside(call.block))
        return tuple((call.name, call.options, len(call.arguments)) for call in calls)
    nodes = [node for node in graph.nodes if inside(node.block)]
    return tuple((node.name, len(node.outputs)) for node in nodes)


def legend(pictures: Iterable[Diagram], say: dict[str, str]) -> str:
    """What the colours and signs mean, of those that occur."""
    pictures = list(pictures)
    styles = {
        kind
        for picture in pictures
        for box in picture.boxes
        for line in box.lines
        for kind, _ in line
    }
    wires = [wire for picture in pictures for wire in picture.wires]
    parts = []
    if styles & {"value", "value-name"}:
        parts.append(f'<span class="aa-value">= {say["value"]}</span>')
    if any("∂" in wire.above for wire in wires):
        parts.append(f'<span class="aa-local">∂ {say["local"]}</span>')
    if any(wire.below for wire in wires):
        parts.append(f'<span class="aa-gradient">◁ {say["sent"]}</span>')
    if "grad" in styles:
        parts.append(f'<span class="aa-gradient">∇ {say["arrived"]}</span>')
    if len(parts) < 2:
        return ""  # names and values alone need no key
    return f'<p class="aa-legend">{" ".join(parts)}</p>'


def in_words(graph: Graph, pictures: dict[str, Diagram], language: str, say: dict[str, str]) -> str:
    """The reading of each view, and of what the engine did."""
    parts = [
        (say[view], text.reading(graph, picture, language)) for view, picture in pictures.items()
    ]
    if backward := text.backward_reading(graph, language):
        parts.append((say["backward"], backward))
    lists = "".join(
        f"<p>{title}</p><ol>{''.join(f'<li>{with_code(line)}</li>' for line in lines)}</ol>"
        for title, lines in parts
    )
    return f'<details class="aa-words"><summary>{say["words"]}</summary>{lists}</details>'


def with_code(line: str) -> str:
    return re.sub("`([^`]*)`", r"<code>\1</code>", clean(line))


def figure_style() -> str:
    """The style sheet of figures; that of the pictures is :func:`autograd_atlas.svg.style`."""
    return files(__package__).joinpath("figure.css").read_text(encoding="utf-8")
