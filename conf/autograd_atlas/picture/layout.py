"""From a :class:`~autograd_atlas.picture.diagram.Diagram` to coordinates, from left to right.

What people read is laid out by Graphviz (:mod:`.graphviz`), which draws best, and takes time that
nobody knows before; what would take it long, in columns (:mod:`.layers`). Lengths are in CSS
pixels.
"""

from collections import defaultdict
from dataclasses import dataclass

from .diagram import CHARACTER, FEW, LINE, Diagram
from .geometry import Places, Point, Rectangle, label_size
from .graphviz import by_graphviz
from .keys import Key
from .labels import columns
from .layers import in_layers
from .ranking import crossed, ranks

# Columns that wires cross, and boxes: up to here, one layout by Graphviz took at most 0.35 s, and
# in most pictures 0.05 s. Measured with pygraphviz 2.0.4 on chains, trees, wide and random graphs,
# encoders, LSTM and ConvLSTM loops, in both views, with frames and without; past it, random graphs
# and ConvLSTM take seconds (6,114: 5 s) and minutes. Nothing stops Graphviz once it runs.
MOST_CROSSED = 1_800
MARGIN = 4.0
FRAME_TITLE = 16.0


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


def layout(diagram: Diagram, most: int = MOST_CROSSED) -> Layout:
    """The places of all that a picture shows; by Graphviz, if no more than ``most`` are crossed."""
    quickly = columns_crossed(diagram) > min(most, MOST_CROSSED)
    return placed(diagram, in_layers(diagram) if quickly else by_graphviz(diagram))


def columns_crossed(diagram: Diagram) -> int:
    """What laying out a picture takes: its boxes, and the columns that its wires cross. A wire with
    a text crosses one more, in which that stands."""
    numbers = {box.key: number for number, box in enumerate(diagram.boxes)}
    links = []
    for wire in diagram.wires:
        source, target = numbers[wire.source], numbers[wire.target]
        if label_size(wire) is not None:
            text = numbers[wire.key] = len(numbers)
            links += [(source, text), (text, target)]
        else:
            links.append((source, target))
    return len(diagram.boxes) + crossed(ranks(len(numbers), links), links)


def placed(diagram: Diagram, places: Places) -> Layout:
    """Add frames around their boxes, and move everything to the upper left corner."""
    boxes, paths, labels = places
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
    inside: dict[int | None, list[Rectangle]] = defaultdict(list)
    for box in diagram.boxes if diagram.frames else ():
        inside[box.frame].append(boxes[box.key])
    for frame in reversed(diagram.frames):  # an inner one stands behind the one around it
        parts = inside[frame.block]
        left, top = min(part.x for part in parts), min(part.y for part in parts)
        right = max(part.x + part.width for part in parts)
        right = max(right, left + columns(frame.title) * CHARACTER * 0.92)
        bottom = max(part.y + part.height for part in parts)
        area = Rectangle(
            left - 8, top - FRAME_TITLE, right - left + 16, bottom - top + FRAME_TITLE + 8
        )
        frames[frame.block] = area
        inside[frame.parent].append(area)
    return frames
