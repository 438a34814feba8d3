"""Points and rectangles in CSS pixels, y downwards, and what both ways of laying out a picture have
in common: what they give, and what a wire needs."""

from dataclasses import dataclass
from typing import NamedTuple

from .diagram import CHARACTER, LINE, STOP, Diagram, Wire
from .keys import Key
from .labels import columns

Point = tuple[float, float]


@dataclass(frozen=True)
class Rectangle:
    x: float
    y: float
    width: float
    height: float


class Places(NamedTuple):
    """Where boxes and wires lie: ``boxes`` by key; ``paths`` by the key of a wire, as a start and
    Bezier triples; ``labels`` by the key of a wire, as the middle of its text."""

    boxes: dict[Key, Rectangle]
    paths: dict[Key, list[Point]]
    labels: dict[Key, Point]


def label_size(wire: Wire) -> Point | None:
    """The room that a wire's text needs, half of it above the wire and half below."""
    widest = max(columns(wire.above), columns(wire.below))
    return (widest * CHARACTER * 0.92 + 4, 2 * LINE) if widest else None


def past_stops(end: Point, box: Rectangle) -> list[Point]:
    """The rest of the way, for a wire that ends where a box's short ends begin."""
    (x, y), border = end, box.x + STOP
    if x >= border:
        return []
    return [(x + (border - x) / 3, y), (x + (border - x) * 2 / 3, y), (border, y)]


def frame_chains(diagram: Diagram) -> dict[int | None, list[int]]:
    """Each frame with those around it, outermost first; none around what is in no frame."""
    chains: dict[int | None, list[int]] = {None: []}
    for frame in diagram.frames:  # an inner one stands behind the one around it
        chains[frame.block] = [*chains[frame.parent], frame.block]
    return chains
