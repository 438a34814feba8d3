"""From the pictures of a graph, in which blocks are folded, to those with one more block open, for
the player: in a short text, which ``player/unfolding.js`` turns into SVG again.

They are almost the same picture again and again: most of it only moved, and what is inside of
one layer is inside of the next, with other names. So each is written with steps in the place of
positions (see :func:`relative`), after which what is the same elsewhere is the same text; and of
all these, one after the other, nothing is stored twice (see :mod:`.packing`). Their ids begin with
nothing, and their titles are empty: both come from the page.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from .arranging import chain
from .composing import Scene
from .diagram import Diagram
from .keys import Key, Kind
from .layout import columns_crossed, layout
from .packing import packed
from .svg import untitled
from .tape import picture_tape

# Of the effort (see :func:`effort`) for all pictures of a view in which a block is open; and for
# those of them that Graphviz lays out. Past the first, blocks open below the picture alone. The
# page of an LSTM cell's loop of 100 steps, 10 s of the processor without them, takes 2 s.
MOST_DRAWN, BEST_DRAWN = 20_000, 4_000


def effort(picture: Diagram) -> int:
    """What it takes to draw a picture: the columns that wires cross, each about 0.1 ms; and to find
    what it shows among all that there is, each about a fiftieth of that."""
    return columns_crossed(picture) + len(picture.items) // 50


def unfolded(scene: Scene, pictures: Mapping[str, Diagram]) -> dict[str, Any]:
    """The pictures with one more block open, and what else a tape says of them, in no language.

    ``pictures`` are those in which they are opened, by name. Each block has the name of its picture
    before its own, as in ``graph-J.w/b3``.

    - ``parents``: by name, the picture in which each is opened, and closed again
    - ``drawn``: the pictures, packed, in the same order
    - ``tapes``: by name, what their texts tell
    - ``folded``: by name, the titles of the blocks that are still folded
    """
    larger: dict[str, tuple[str, Diagram]] = {}  # by name, its parent and the picture
    svgs = []
    for base, picture in pictures.items():
        spent = 0
        for name, parent, opened_one in larger_ones(scene, picture, base):
            larger[name] = parent, opened_one
            svgs.append(untitled(opened_one, layout(opened_one, BEST_DRAWN - spent), ""))
            spent += effort(opened_one)
            if spent > MOST_DRAWN:
                break
    return {
        "parents": {name: parent for name, (parent, _) in larger.items()},
        "drawn": packed("".join(map(relative, svgs))),
        "tapes": {name: picture_tape(picture) for name, (_, picture) in larger.items()},
        "folded": {name: picture.folded_titles() for name, (_, picture) in larger.items()},
    }


def larger_ones(scene: Scene, picture: Diagram, base: str) -> Iterator[tuple[str, str, Diagram]]:
    """The picture again with one more block open, for each that is folded, and then for each
    inside of these. Gives name, parent, and picture."""
    todo = deque((base, block) for block in picture.folded())
    while todo:
        parent, block = todo.popleft()
        larger = scene.diagram(picture.view, around=block)
        name = name_in(base, block)
        yield name, parent, larger
        todo += (
            (name, inner) for inner in larger.folded() if block in chain(scene.graph.blocks, inner)
        )


def name_in(base: str, block: int) -> str:
    return f"{base}/{Key(Kind.BLOCK, block)}"


PLACES = re.compile(
    r"""(\ (?:id|data-block)=')([a-z])(\d+)  # what an element is
    |(\ )([xy])='(-?[\d.]+)                  # where it is
    |(\ d='M)(-?[\d.]+)\ (-?[\d.]+)          # where a path begins""",
    re.VERBOSE,
)


def relative(svg: str) -> str:
    """An SVG, with steps in the place of positions.

    ``x``, ``y`` and the start of a path are counted in tenths of a pixel from the last one before,
    and the number in an id from that of the last id. Attributes stand between ``'``, which no text
    of ours holds unescaped, so that nobody's text is taken for one.

    >>> relative('<g id="n4"><rect x="7.5" y="4"/><path d="M8 4h2"/></g><g id="n5">')
    "<g id='n4'><rect x='75' y='40'/><path d='M5 0h2'/></g><g id='n1'>"
    """
    last = {"id": 0, "x": 0, "y": 0}

    def step(kind: str, place: int) -> int:
        before, last[kind] = last[kind], place
        return place - before

    def tenths(axis: str, place: str) -> int:
        return step(axis, round(float(place) * 10))

    def replaced(match: re.Match[str]) -> str:
        if match[1]:
            return f"{match[1]}{match[2]}{step('id', int(match[3]))}"
        if match[4]:
            return f" {match[5]}='{tenths(match[5], match[6])}"
        return f"{match[7]}{tenths('x', match[8])} {tenths('y', match[9])}"

    return PLACES.sub(replaced, svg.replace('"', "'"))
