"""From a view of a graph, and what is folded in it, to a :class:`~.diagram.Diagram`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..graph import Block, Graph
from .choice import AS_READABLE, EVERYTHING, Choice
from .diagram import FEW, WRITTEN, Box, Diagram, Frame, Line, Span, Wire, sized
from .folding import Folds, open_blocks, with_repeats
from .keys import Key, Kind
from .labels import block_title, short
from .views import RecordedView, View, WrittenView


def diagram(
    graph: Graph,
    view: str,
    choice: Choice = AS_READABLE,
    *,
    inside: int | None = None,
    around: int | None = None,
) -> Diagram:
    """One view of a graph.

    ``inside`` draws the content of one block, with what flows into it and out of it; ``around``
    opens one block in its place among the others.
    """
    graph = with_repeats(graph) if choice.fold else graph
    drawn: View = WrittenView(graph) if view == WRITTEN else RecordedView(graph)
    picture = composed(drawn, choice, inside, around)
    # A block is a stretch of the calculation, so that folding makes no circle; if some program
    # manages to make one all the same, it is drawn unfolded.
    return picture if inside is not None or flows(picture) else composed(drawn, EVERYTHING)


def flows(picture: Diagram) -> bool:
    """Whether the wires never lead in a circle."""
    waiting = Counter(wire.target for wire in picture.wires)
    users: dict[Key, list[Key]] = defaultdict(list)
    for wire in picture.wires:
        users[wire.source].append(wire.target)
    ready = [box.key for box in picture.boxes if not waiting[box.key]]
    done = 0
    while ready:
        done += 1
        for user in users[ready.pop()]:
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    return done == len(picture.boxes)


def composed(
    view: View,
    choice: Choice,
    inside: int | None = None,
    around: int | None = None,
) -> Diagram:
    """The boxes of items, or of the closed blocks that they are in, the wires between these, and
    frames around open blocks."""
    blocks, items = view.graph.blocks, view.items()
    folds = folds_of(view.graph, list(items.values()), choice, inside, around)
    closed = {block: folds.closed_around(block) for block in set(items.values())}
    drawn_as = {
        key: key if (outer := closed[block]) is None else Key(Kind.BLOCK, outer)
        for key, block in items.items()
    }
    counts = Counter(
        closed[block]
        for key, block in items.items()
        if key.kind not in (Kind.TENSOR, Kind.CONSTANT)
    )
    wires = view.wires()
    if inside is not None:
        inner = {block for block in closed if inside in folds.chain(block)}
        within = {key for key, block in items.items() if block in inner}
        wires = [wire for wire in wires if wire.source in within or wire.target in within]
        near = within.union(*((wire.source, wire.target) for wire in wires))
        drawn_as = {key: drawn for key, drawn in drawn_as.items() if key in near}

    visible = list(dict.fromkeys(drawn_as.values()))
    detailed = len(visible) <= FEW
    boxes = [
        block_box(key, blocks[key.number], view.unit, counts[key.number])
        if key.kind is Kind.BLOCK
        else replace(sized(view.box(key, detailed)), frame=items[key])
        for key in visible
    ]
    wires = joined(wires, drawn_as)
    if detailed:
        wires = [view.labelled(wire) for wire in wires]
    framed = framed_blocks(boxes, folds, inside, around)

    def frame_of(block: int | None) -> int | None:
        return next((outer for outer in reversed(folds.chain(block)) if outer in framed), None)

    return Diagram(
        view.name,
        tuple(replace(box, frame=frame_of(box.frame)) for box in boxes),
        tuple(wires),
        tuple(
            Frame(number, block_title(blocks[number]), frame_of(blocks[number].parent))
            for number in sorted(framed)
        ),
        inside,
        tuple((key, block) for key, block in items.items() if block is not None),
    )


def folds_of(
    graph: Graph,
    items: Sequence[int | None],
    choice: Choice,
    inside: int | None,
    around: int | None,
) -> Folds:
    """Which blocks are open: as for the whole, or as for the content of the block that is drawn
    alone or opened in its place."""
    chosen = open_blocks(graph, items, choice)
    block = around if inside is None else inside
    if block is None:
        return Folds(graph.blocks, chosen)
    folds = Folds(graph.blocks)
    inner = {item for item in set(items) if block in folds.chain(item)}
    small = open_blocks(graph, [item for item in items if item in inner], choice)
    if inside is None:
        small = chosen | {more for more in small if block in folds.chain(more)}
    return Folds(graph.blocks, small | set(folds.chain(block)))


def block_box(key: Key, block: Block, unit: str, count: int) -> Box:
    names = [short(name) for name in (block.name, block.kind) if name]
    lines: list[Line] = [(Span("type" if n else "head", name),) for n, name in enumerate(names)]
    lines.append((Span("type", f"{unit} × {count}"),))
    box = Box(key, "block", tuple(lines), title=block_title(block), inside=count)
    return replace(sized(box), frame=block.parent)


def joined(wires: Iterable[Wire], drawn_as: Mapping[Key, Key]) -> list[Wire]:
    """Wires between what is visible; those that join the same two boxes across a fold are one."""
    kept: dict[tuple[Key, Key, Key | None], Wire] = {}
    for wire in wires:
        source, target = drawn_as[wire.source], drawn_as[wire.target]
        if source == target:
            continue
        across = Kind.BLOCK in (source.kind, target.kind)
        same = (source, target, None if across else wire.key)
        if same not in kept or kept[same].kind == "quiet":
            kept[same] = replace(wire, source=source, target=target)
    return list(kept.values())


def framed_blocks(
    boxes: Iterable[Box], folds: Folds, inside: int | None, around: int | None
) -> set[int]:
    """Open blocks that hold more than one call, but not all; and one that was opened in its
    place, which is closed by its frame."""
    frames = [box.frame for box in boxes if box.kind not in ("leaf", "constant", "accumulate")]
    members = Counter(block for frame in frames for block in folds.chain(frame))
    framed = {block for block, count in members.items() if 1 < count < len(frames)}
    if around is not None and around in members:
        framed.add(around)
    return framed - set(folds.chain(inside))
