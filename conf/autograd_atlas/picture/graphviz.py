"""From a :class:`~autograd_atlas.picture.diagram.Diagram` to coordinates, by Graphviz, which comes
inside the pygraphviz package: fewest crossings, and no wire through a box.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from .diagram import Box, Diagram, Wire
from .geometry import Places, Point, Rectangle, frame_chains, label_size, past_stops
from .keys import Key

Middles = dict[Key, tuple[str, Point]]  # of labelled wires: a name for Graphviz, and a size


def by_graphviz(diagram: Diagram) -> Places:
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
    labelled = [wire for wire in diagram.wires if wire.key in labels]
    for wire, frame_around in zip(labelled, common_frames(diagram, labelled), strict=True):
        texts[frame_around].append(wire.key)

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


def common_frames(diagram: Diagram, wires: Iterable[Wire]) -> Iterator[int | None]:
    """The innermost frame around both ends of each wire."""
    chains = frame_chains(diagram)
    frame_of = {box.key: box.frame for box in diagram.boxes}
    for wire in wires:
        both = zip(chains[frame_of[wire.source]], chains[frame_of[wire.target]], strict=False)
        common = [one for one, other in both if one == other]
        yield common[-1] if common else None


def from_plain(plain: str, diagram: Diagram, names: dict[Key, str], labels: Middles) -> Places:
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
    return Places(boxes, paths, centres)
