"""From a :class:`~autograd_atlas.picture.diagram.Diagram` to coordinates, from left to right.

What people read is laid out by Graphviz, which comes inside the pygraphviz package: fewest
crossings, and no wire through a box. Past BIG boxes and wires fast-sugiyama does it.
Lengths are in CSS pixels.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from .diagram import CHARACTER, FEW, LINE, STOP, Box, Diagram, Wire
from .keys import Key
from .labels import columns

BIG = 3000  # boxes and wires together; from here on Graphviz takes seconds
MARGIN = 4.0
FRAME_TITLE = 16.0

Point = tuple[float, float]
Middles = dict[Key, tuple[str, Point]]  # of labelled wires: a name for Graphviz, and a size


@dataclass(frozen=True)
class Rectangle:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """``boxes`` by key; ``paths`` by the key of a wire, as a start and Bezier triples; ``labels``
    by the key of a wire, as the middle of its text; ``frames`` by block."""

    width: float
    height: float
    boxes: dict[Key, Rectangle]
    paths: dict[Key, list[Point]]
    labels: dict[Key, Point]
    frames: dict[int, Rectangle]


def layout(diagram: Diagram) -> Layout:
    if len(diagram.boxes) + len(diagram.wires) > BIG:
        return in_layers(diagram)
    return by_graphviz(diagram)


def label_size(wire: Wire) -> Point | None:
    """The room that a wire's text needs, half of it above the wire and half below."""
    widest = max(columns(wire.above), columns(wire.below))
    return (widest * CHARACTER * 0.92 + 4, 2 * LINE) if widest else None


# -- Graphviz -------------------------------------------------------------------------------


def by_graphviz(diagram: Diagram) -> Layout:
    """Labelled wires pass through a node of their own, so that nothing lies on their text."""
    import pygraphviz

    names = {box.key: f"x{number}" for number, box in enumerate(diagram.boxes)}
    labels = {
        wire.key: (f"y{number}", size)
        for number, wire in enumerate(diagram.wires)
        if (size := label_size(wire)) is not None
    }
    source = list(dot_source(diagram, names, labels))
    graph = pygraphviz.AGraph(string="\n".join(source))
    try:
        plain = graph.draw(format="plain", prog="dot").decode()
    finally:
        graph.close()
    return from_plain(plain, diagram, names, labels)


def dot_source(diagram: Diagram, names: dict[Key, str], labels: Middles) -> Iterator[str]:
    """The lines of a DOT file; frames are clusters."""
    gap = 0.11 if labels else 0.4
    yield f"digraph {{rankdir=LR; nodesep=0.12; ranksep={gap}; edge [arrowhead=none];"
    yield 'node [shape=box, fixedsize=true, label=""];'
    inside: dict[int | None, list[Box]] = defaultdict(list)
    children: dict[int | None, list[int]] = defaultdict(list)
    texts: dict[int | None, list[Key]] = defaultdict(list)
    for box in diagram.boxes:
        inside[box.frame].append(box)
    for frame in diagram.frames:
        children[frame.parent].append(frame.block)
    for wire in diagram.wires:
        if wire.key in labels:
            texts[common_frame(diagram, wire)].append(wire.key)

    def content(frame: int | None) -> Iterator[str]:
        for box in inside[frame]:
            yield f"{names[box.key]} [width={box.width / 72:.4f}, height={box.height / 72:.4f}];"
        for key in texts[frame]:
            name, (width, height) = labels[key]
            yield f"{name} [width={width / 72:.4f}, height={height / 72:.4f}];"
        for child in children[frame]:
            yield f"subgraph cluster_{child} {{margin=14;"
            yield from content(child)
            yield "}"

    yield from content(None)
    called = {box.key for box in diagram.boxes if box.symbol}
    for wire in diagram.wires:
        source, target = names[wire.source], names[wire.target]
        into = ":w" if wire.target in called else ""  # where the circle is
        if wire.key in labels:
            middle = labels[wire.key][0]
            yield f"{source} -> {middle}:w [weight=4];"
            yield f"{middle}:e -> {target}{into} [weight=4];"
        else:
            yield f"{source} -> {target}{into} [weight={1 if wire.kind == 'quiet' else 4}];"
    yield "}"


def common_frame(diagram: Diagram, wire: Wire) -> int | None:
    """The innermost frame around both ends of a wire."""
    around = {frame.block: frame.parent for frame in diagram.frames}
    frame_of = {box.key: box.frame for box in diagram.boxes}

    def chain(frame: int | None) -> list[int]:
        return [] if frame is None else [*chain(around[frame]), frame]

    both = zip(chain(frame_of[wire.source]), chain(frame_of[wire.target]), strict=False)
    return next((one for one, other in reversed(list(both)) if one == other), None)


def from_plain(plain: str, diagram: Diagram, names: dict[Key, str], labels: Middles) -> Layout:
    """Read Graphviz's plain format: inches, y upwards."""
    key_of = {name: key for key, name in names.items()}
    middles = {name: key for key, (name, _) in labels.items()}
    boxes: dict[Key, Rectangle] = {}
    centres: dict[Key, Point] = {}
    splines: dict[tuple[str, str], list[list[Point]]] = defaultdict(list)
    size = {box.key: (box.width, box.height) for box in diagram.boxes}
    height = 0.0
    for line in plain.replace("\\\n", "").splitlines():
        kind, *words = line.split(" ")
        if kind == "graph":
            height = float(words[2]) * 72
        elif kind == "node":
            x, y = float(words[1]) * 72, height - float(words[2]) * 72
            if words[0] in middles:
                centres[middles[words[0]]] = (x, y)
            else:
                wide, tall = size[key_of[words[0]]]
                boxes[key_of[words[0]]] = Rectangle(x - wide / 2, y - tall / 2, wide, tall)
        elif kind == "edge":
            count = int(words[2])
            numbers = [float(word) * 72 for word in words[3 : 3 + 2 * count]]
            points = [(x, height - y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
            splines[words[0], words[1]].append(points)
    paths = {}
    stopped = {box.key for box in diagram.boxes if box.stops}
    for wire in diagram.wires:
        source, target = names[wire.source], names[wire.target]
        if wire.key in labels:
            middle, (wide, _) = labels[wire.key]
            x, y = centres[wire.key]
            first, last = splines[source, middle][0], splines[middle, target][0]
            across = [(x - wide / 6, y), (x + wide / 6, y), last[0]]
            paths[wire.key] = [*first, *across, *last[1:]]
        else:
            paths[wire.key] = splines[source, target].pop(0)
        if wire.target in stopped:
            paths[wire.key] += past_stops(paths[wire.key][-1], boxes[wire.target])
    return placed(diagram, boxes, paths, centres)


def past_stops(end: Point, box: Rectangle) -> list[Point]:
    """The rest of the way, for a wire that ends where a box's short ends begin."""
    (x, y), border = end, box.x + STOP
    if x >= border:
        return []
    return [(x + (border - x) / 3, y), (x + (border - x) * 2 / 3, y), (border, y)]


# -- Layers ---------------------------------------------------------------------------------


def in_layers(diagram: Diagram) -> Layout:
    """Straight wires between columns. Wires of such a picture carry no text."""
    import fast_sugiyama

    number = {box.key: place for place, box in enumerate(diagram.boxes)}
    edges = sorted({(number[wire.source], number[wire.target]) for wire in diagram.wires})
    spots: dict[int, Point] = {}
    if edges:
        offset = 0.0
        for positions, width, _, _ in fast_sugiyama.from_edges(
            edges, ranking_type="down", dummy_vertices=False, crossing_minimization="barycenter",
            transpose=False, minimum_length=1, vertex_spacing=1,
        ):  # fmt: skip
            for place, (across, along) in positions:
                spots[int(place)] = (across + offset, along)
            offset += width + 1
    levels = sorted({along for _, along in spots.values()}, reverse=True)
    column_of = {along: place for place, along in enumerate(levels)}
    widths = [0.0] * max(len(levels), 1)
    for spot, (_, along) in spots.items():
        column = column_of[along]
        widths[column] = max(widths[column], diagram.boxes[spot].width)
    lefts = [MARGIN]
    for width in widths:
        lefts.append(lefts[-1] + width + 40)
    row = max((box.height for box in diagram.boxes), default=0) + 8
    lowest = min((across for across, _ in spots.values()), default=0)
    boxes = {}
    for place, box in enumerate(diagram.boxes):
        across, along = spots.get(place, (lowest, levels[0] if levels else 0))
        column = column_of.get(along, 0)
        x = lefts[column] + (widths[column] - box.width) / 2
        boxes[box.key] = Rectangle(
            x, (across - lowest) * row + (row - box.height) / 2, box.width, box.height
        )
    paths = {}
    stopped = {box.key for box in diagram.boxes if box.stops}
    for wire in diagram.wires:
        a, b = boxes[wire.source], boxes[wire.target]
        start, end = (a.x + a.width, a.y + a.height / 2), (b.x, b.y + b.height / 2)
        middle = (start[0] + end[0]) / 2
        paths[wire.key] = [start, (middle, start[1]), (middle, end[1]), end]
        if wire.target in stopped:
            paths[wire.key] += past_stops(end, b)
    return placed(diagram, boxes, paths, {})


# -- Both -----------------------------------------------------------------------------------


def placed(
    diagram: Diagram,
    boxes: dict[Key, Rectangle],
    paths: dict[Key, list[Point]],
    labels: dict[Key, Point],
) -> Layout:
    """Add frames around their boxes, and move everything to the upper left corner."""
    frames = framed(diagram, boxes)
    rectangles = [*boxes.values(), *frames.values()]
    points = [point for path in paths.values() for point in path]
    left = min([area.x for area in rectangles] + [x for x, _ in points], default=0)
    right = max([area.x + area.width for area in rectangles] + [x for x, _ in points], default=0)
    heights = [y for _, y in points] + [y - LINE for _, y in labels.values()]
    depths = [y for _, y in points] + [y + LINE for _, y in labels.values()]
    top = min([area.y for area in rectangles] + heights, default=0)
    bottom = max([area.y + area.height for area in rectangles] + depths, default=0)
    dx, dy = MARGIN - left, MARGIN - top
    digits = 1 if len(boxes) <= FEW else None  # whole pixels are enough where there is much

    def moved_point(point: Point) -> Point:
        return round(point[0] + dx, digits), round(point[1] + dy, digits)

    def moved(area: Rectangle) -> Rectangle:
        x, y = moved_point((area.x, area.y))
        return Rectangle(x, y, round(area.width, digits), area.height)

    return Layout(
        right + dx + MARGIN,
        bottom + dy + MARGIN,
        {key: moved(area) for key, area in boxes.items()},
        {key: [moved_point(point) for point in path] for key, path in paths.items()},
        {key: moved_point(point) for key, point in labels.items()},
        {block: moved(area) for block, area in frames.items()},
    )


def framed(diagram: Diagram, boxes: dict[Key, Rectangle]) -> dict[int, Rectangle]:
    """Frames around what they hold, as wide at least as their titles."""
    frames: dict[int, Rectangle] = {}
    for frame in reversed(diagram.frames):  # an inner one stands behind the one around it
        parts = [boxes[box.key] for box in diagram.boxes if box.frame == frame.block]
        parts += [frames[inner.block] for inner in diagram.frames if inner.parent == frame.block]
        left, top = min(part.x for part in parts), min(part.y for part in parts)
        right = max(part.x + part.width for part in parts)
        right = max(right, left + columns(frame.title) * CHARACTER * 0.92)
        bottom = max(part.y + part.height for part in parts)
        frames[frame.block] = Rectangle(
            left - 8, top - FRAME_TITLE, right - left + 16, bottom - top + FRAME_TITLE + 8
        )
    return frames
