"""A graph as a figure in HTML: both views, what is inside of folded blocks, the words, and the
tape that a browser plays.

It stands without JavaScript and without our site's styles: the switch between the views is a
pair of radio buttons, and folded blocks unfold as details. Opened in their place, they are drawn
for the player alone, which finds those pictures in the tape (see :mod:`.unfolding`).
"""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..graph import Graph
from ..memory import uncollected
from .alternative import summary
from .arranging import chain
from .choice import AS_READABLE, Choice
from .composing import Scene
from .diagram import RECORDED, WRITTEN, Diagram
from .keys import Key, Kind
from .labels import block_title, columns
from .legend import key
from .notes import sentences
from .packing import packed
from .phrases import code, unmarked
from .readings import backward_reading, reading
from .svg import ON_PAGES, clean, picture_svg, stored
from .tape import NEXT, Step, tape, tape_json, too_long
from .unfolding import effort, unfolded
from .words import Words, words

MOST_BELOW = 20_000  # of the effort for all pictures of what is inside of a view's folded blocks
SMALLEST = 11 / 12 / ON_PAGES  # of its own width, to which a picture shrinks: 11 px for letters
SVG_WIDTH = re.compile(r' width="([\d.]+)"')


def views_of(graph: Graph, view: str | None = None) -> list[str]:
    """The views that a figure offers, the first one shown first.

    Raises ValueError for a view that there is not, or that this graph does not have.
    """
    have = [WRITTEN] if graph.calls else []
    have += [RECORDED] if graph.nodes else []
    if view is None:
        return have
    if view not in (WRITTEN, RECORDED):
        raise ValueError(f"there is no view {view!r}; write {WRITTEN} or {RECORDED}")
    if view not in have:
        if view == WRITTEN:
            raise ValueError("what was written is known only if it ran under a Recording")
        raise ValueError("of what PyTorch recorded, nothing is there any more")
    return [view]


def figure(
    graph: Graph,
    prefix: str,
    *,
    language: str = "en",
    view: str | None = None,
    choice: Choice = AS_READABLE,
    caption: str = "",
    kept: MutableMapping[str, str] | None = None,
) -> str:
    """HTML for a page, as is ``caption``. ``prefix`` is the figure's id, and begins all others.

    ``kept`` keeps what is drawn, as :func:`autograd_atlas.picture.svg.stored` does.
    """
    before, after = figure_parts(
        graph, prefix, language=language, view=view, choice=choice, kept=kept
    )
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return before + below + after


@uncollected()
def figure_parts(
    graph: Graph,
    prefix: str,
    *,
    language: str = "en",
    view: str | None = None,
    choice: Choice = AS_READABLE,
    start: str = "end",
    key_of: str | None = None,
    kept: MutableMapping[str, str] | None = None,
) -> tuple[str, str]:
    """What stands before the caption of a figure, and what after it. The player opens it at its
    end, or with ``start="0"`` before its first step. ``key_of`` is the prefix of another figure of
    the page, whose key serves for this one too."""

    def draw() -> str:
        said = words(language)
        return json.dumps(drawn_parts(graph, prefix, said, view, choice, start, key_of, kept))

    inputs = (graph, prefix, language, view, choice, start, key_of)
    before, after = json.loads(stored(kept, "figure", inputs, draw))
    return before, after


def drawn_parts(
    graph: Graph,
    prefix: str,
    words: Words,
    view: str | None,
    choice: Choice,
    start: str,
    key_of: str | None,
    kept: MutableMapping[str, str] | None,
) -> tuple[str, str]:
    """:func:`figure_parts`, drawn now."""
    scene = Scene.of(graph, choice)
    graph = scene.graph
    pictures = {name: scene.diagram(name) for name in views_of(graph, view)}
    drawn: dict[str, Diagram] = {}  # every picture, by the prefix of its ids
    whole = {f"{prefix}.{name[0]}": picture for name, picture in pictures.items()}
    views = []
    for name, picture in pictures.items():
        short = f"{prefix}.{name[0]}"  # no name has a dot, so that no two ids can meet
        drawn[short] = picture
        views.append(f'<div class="aa-view aa-view-{name}">')
        views.append(scrolling(picture_svg(graph, picture, words, short, kept=kept), words))
        found, left_out = insides_of(scene, picture, short)
        views += insides(scene, found, words, drawn, kept)
        if left_out:
            views.append(f'<p class="aa-note">{words["left-out"].format(n=left_out)}</p>')
        views.append("</div>")
    played = tape(graph, drawn, words)
    opening = ' data-start="0"' if start == "0" else ""
    parts = [f'<figure class="aa-figure" id="{prefix}"{opening}>']
    if len(pictures) > 1:
        parts += choices(prefix, pictures, words)
    if played is not None:
        add_unfolded(played, scene, whole, words, kept)
        parts.append(controls(len(played["steps"]) - 1, words))
    else:
        parts.append(f'<p class="aa-note">{too_long(graph, words)}</p>')
    parts += views
    parts.append(legend(pictures.values(), prefix, words, key_of))
    parts.append(notes(graph, words))
    if played is not None:
        parts.append(spoken(played, graph, words))
    parts.append(in_words(graph, pictures, words))
    script = ""
    if played is not None:
        script = f'<script type="application/json">{tape_json(played)}</script>'
    return "".join(parts), f"{script}</figure>"


def choices(prefix: str, views: Iterable[str], words: Words) -> Iterator[str]:
    """The switch between the views; the first one is shown first."""
    for place, name in enumerate(views):
        checked = "" if place else " checked"
        yield (
            f'<input class="aa-choose-{name}" type="radio" name="{prefix}-view" '
            f'id="{prefix}-{name}" value="{name}"{checked}>'
            f'<label for="{prefix}-{name}">{words[name]}</label>'
        )


def add_unfolded(
    played: dict[str, Any],
    scene: Scene,
    pictures: Mapping[str, Diagram],
    words: Words,
    kept: MutableMapping[str, str] | None,
) -> None:
    """Add to a tape the pictures with one more block open, if a block is folded."""
    if not any(picture.folded() for picture in pictures.values()):
        return

    def draw() -> str:
        return json.dumps(unfolded(scene, pictures))

    inputs = (scene.graph, tuple(pictures), scene.choice)
    larger = json.loads(stored(kept, "unfolded", inputs, draw))
    titles = [
        summary(scene.graph, pictures[name.split("/")[0]].view, blocks, words)
        for name, blocks in larger.pop("folded").items()
    ]
    played["pictures"] |= larger.pop("tapes")
    played["unfolded"] = {**larger, "titles": packed(NEXT.join(titles))}


def scrolling(svg: str, words: Words, smallest: float = SMALLEST) -> str:
    """A picture that shrinks to the page as long as it can be read, and then scrolls by itself.

    The empty picture beside it holds the width below which it does not shrink.
    """
    width = SVG_WIDTH.search(svg)
    if width is None:
        raise ValueError("a picture has to say how wide it is")
    least = (
        f'<svg class="aa-least" width="{float(width[1]) * smallest:.0f}" height="0" '
        'aria-hidden="true"/>'
    )
    label = f'tabindex="0" role="group" aria-label="{words["scroll"]}"'
    return f'<div class="aa-scroll" {label}>{least}<div>{svg}</div></div>'


@dataclass(frozen=True)
class Inside:
    """What is inside of folded blocks in which the same happens, and of those in there."""

    blocks: list[int]
    picture: Diagram
    prefix: str  # of its ids
    inner: list["Inside"] = field(default_factory=list)


def insides_of(scene: Scene, picture: Diagram, prefix: str) -> tuple[list[Inside], int]:
    """The insides of the folded blocks of a picture, from outside to inside as long as they are not
    too many; and how many blocks of a picture there are for which that was too much."""
    outermost: list[Inside] = []
    left_out = spent = 0
    todo = deque([(picture, prefix, outermost)])
    while todo:
        around, before, found = todo.popleft()
        groups = scene.stages[picture.view].folded_in(around)
        for blocks in groups:
            if spent > MOST_BELOW:
                left_out += len(blocks)
                continue
            inner = scene.diagram(picture.view, inside=blocks[0])
            if len(inner.boxes) < 2:
                continue
            spent += effort(inner)
            inside = Inside(blocks, inner, f"{before}{Key(Kind.BLOCK, blocks[0])}-")
            found.append(inside)
            todo.append((inner, inside.prefix, inside.inner))
    return outermost, left_out


def insides(
    scene: Scene,
    found: list[Inside],
    words: Words,
    drawn: dict[str, Diagram],
    kept: MutableMapping[str, str] | None,
) -> Iterator[str]:
    """The folded blocks, each to be unfolded; equal ones together."""
    titles = scene.graph.blocks
    for inside in found:
        name = clean(block_title(titles[inside.blocks[0]]))
        others = [titles[block].name or titles[block].kind for block in inside.blocks[1:]]
        kind = "inside-equal" if others else "inside"
        some = others if len(others) < 4 else [others[0], "…", others[-1]]
        title = words[kind].format(block=name, others=clean(words["comma"].join(some)))
        drawn[inside.prefix] = inside.picture
        svg = picture_svg(scene.graph, inside.picture, words, inside.prefix, kept=kept)
        yield f'<details class="aa-inside"><summary>{title}</summary>{scrolling(svg, words)}'
        yield from insides(scene, inside.inner, words, drawn, kept)
        yield "</details>"


# In a square of 16: what each button of the player shows.
ICONS = {
    "first": "M3 3h2v10H3zM13 3v10L6 8z",
    "back": "M11 3v10L4 8z",
    "play": "M4 2v12l9-6z|M3 2h4v12H3zM9 2h4v12H9z",  # and while it plays
    "forward": "M5 3v10l7-5z",
    "last": "M11 3h2v10h-2zM3 3v10l7-5z",
    "zoom-out": "M3 7h10v2H3z",
    "zoom-in": "M3 7h4V3h2v4h4v2H9v4H7V9H3z",
}


def controls(steps: int, words: Words) -> str:
    """Buttons and a scrubber, which sleep until the player wakes them."""

    def button(name: str) -> str:
        paths = "".join(f'<path d="{path}"/>' for path in ICONS[name].split("|"))
        icon = f'<svg viewBox="0 0 16 16" aria-hidden="true">{paths}</svg>'
        label = f'aria-label="{words[name]}" title="{words[name]}"'
        return f'<button type="button" class="aa-{name}" {label} disabled>{icon}</button>'

    buttons = "".join(map(button, ("first", "back", "play", "forward", "last")))
    scrubber = (
        f'<input class="aa-scrubber" type="range" min="0" max="{steps}" value="{steps}" '
        f'aria-label="{words["step"]}" autocomplete="off" disabled>'
    )
    named = words["speed"].format(n=1)
    label = f'aria-label="{named}" title="{named}"'
    speed = f'<button type="button" class="aa-speed" {label} disabled>1×</button>'
    zoom = button("zoom-out") + button("zoom-in")
    label = f'role="group" aria-label="{words["player"]}"'
    return f'<div class="aa-player" {label}>{buttons}{scrubber}{speed}{zoom}</div>'


def spoken(played: dict[str, Any], graph: Graph, words: Words) -> str:
    """The line that tells a step, in room for the longest, and the field for changed inputs."""
    steps = played["steps"]
    lines, longer = [], []
    for place, step in enumerate(steps):
        kind = "at-backward" if "then" in step else "at-forward"
        head = words[kind if place else "at"].format(n=place, all=len(steps) - 1)
        line = unmarked(step["say"])
        lines.append(head + line)
        if block := longest_around(played, graph, step):
            kind = kind.replace("at", "joined")
            joined = words[kind].format(n=len(steps), block=code(block), line=line)
            longer.append(head + joined)
    longest = with_code(max([*lines, *longer], key=columns))
    kind = "why-fixed" if "fixed" in played else "edit"
    return (
        f'<div class="aa-told"><p class="aa-room" aria-hidden="true">{longest}</p>'
        f'<p class="aa-say" role="status">{with_code(lines[-1])}</p></div>'
        f'<details class="aa-edit"><summary>{words[kind]}</summary><div></div></details>'
    )


def longest_around(played: dict[str, Any], graph: Graph, step: Step) -> str:
    """The longest title of a block that the player may say before a step's line; empty if it says
    none."""
    items = played["items"] if "unfolded" in played else {}
    inner = {items[key] for key in step["on"] if key in items}
    around = {outer for block in inner for outer in chain(graph.blocks, block)}
    return max((block_title(graph.blocks[block]) for block in around), key=columns, default="")


def legend(pictures: Iterable[Diagram], prefix: str, words: Words, key_of: str | None) -> str:
    """What the colours and signs mean, of those that occur; and a button for the whole key, which
    may be that of another figure on the page."""
    pictures = list(pictures)
    styles = {
        span.style
        for picture in pictures
        for box in picture.boxes
        for line in box.lines
        for span in line
    }
    wires = [wire for picture in pictures for wire in picture.wires]
    parts = []
    if styles & {"value", "value-name"}:
        parts.append(f'<span class="aa-value">= {words["value"]}</span>')
    if any("∂" in wire.above for wire in wires):
        parts.append(f'<span class="aa-local">∂ {words["local"]}</span>')
    if any(wire.below for wire in wires):
        kind = "sent-product" if any("∂" in wire.above for wire in wires) else "sent"
        parts.append(f'<span class="aa-sent">← {words[kind]}</span>')
    if "grad" in styles:
        parts.append(f'<span class="aa-gradient">∇ {words["arrived"]}</span>')
    shown = parts if len(parts) > 1 else []  # names and values alone explain themselves
    label = f'aria-label="{words["key"]}" title="{words["key"]}"'
    target = f'popovertarget="{key_of or prefix}-key"'
    opens = f'<button type="button" class="aa-help" {target} {label}>?</button>'
    shown_with_button = f'<div class="aa-legend">{" ".join([*shown, opens])}</div>'
    if key_of:
        return shown_with_button
    closes = (
        f'<button type="button" {target} popovertargetaction="hide">{words["key-close"]}</button>'
    )
    window = (
        f'<dialog class="aa-window" id="{prefix}-key" popover '
        f'aria-label="{words["key"]}">{closes}{key(words)}</dialog>'
    )
    return shown_with_button + window


def notes(graph: Graph, words: Words) -> str:
    """What the pictures do not show."""
    lines = "".join(f"<li>{with_code(line)}</li>" for line in sentences(graph, words))
    return f'<ul class="aa-notes">{lines}</ul>' if lines else ""


def in_words(graph: Graph, pictures: Mapping[str, Diagram], words: Words) -> str:
    """The reading of each view, and of what the engine did."""
    parts = [(words[view], reading(graph, picture, words)) for view, picture in pictures.items()]
    if backward := backward_reading(graph, words):
        parts.append((words["backward"], backward))
    lists = "".join(
        f"<p>{title}</p><ol>{''.join(f'<li>{with_code(line)}</li>' for line in lines)}</ol>"
        for title, lines in parts
    )
    return f'<details class="aa-words"><summary>{words["words"]}</summary>{lists}</details>'


def with_code(line: str) -> str:
    return re.sub("`([^`]*)`", r"<code>\1</code>", clean(line))


@cache
def figure_style() -> str:
    """The style sheet of figures; that of their pictures is :func:`.svg.picture_style`."""
    folder = files(__package__)
    parts = (
        folder.joinpath("figure.css"),
        files(__package__.rpartition(".")[0]).joinpath("player", "player.css"),
    )
    return "".join(part.read_text(encoding="utf-8") for part in parts)


PLAYER = Path(__file__).parents[1] / "player.min.js"  # made of the modules in player/


@cache
def player_script() -> str:
    """The script that plays figures, as a bundler made it."""
    return PLAYER.read_text(encoding="utf-8")
