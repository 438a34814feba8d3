"""What one picture of a graph shows, as plain data: boxes, wires and frames.

A :class:`Diagram` is one view: what is folded, what each box says and how large it has to be. It
knows neither coordinates nor any language: what it says are names, numbers and symbols.

Wires run from left to right in both views, as the calculation did. In the recorded view
their arrows point the other way, along ``next_functions``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from ..graph import Value
from .keys import Key, Quantity
from .labels import (
    bytes_text,
    columns,
    gradient_in_one_line,
    is_spelled_out,
    norm_of,
    norm_text,
    rows_of,
    short,
    type_text,
)

WRITTEN, RECORDED = "written", "recorded"

# One character of the monospaced faces that graph.css names is 0.6 em wide; 12 px text.
CHARACTER, LINE, PADDING, CIRCLE = 7.3, 16.0, 7.0, 24.0
STOP = 14.0  # the length of an edge that leads nowhere
MUCH = 1_000_000  # bytes that are worth telling
FEW = 60  # boxes up to which wires carry numbers, and nodes what they saved


NO_ROW = -1  # of a text that is known as soon as a quantity is, but is none of its rows


class Row(NamedTuple):
    """Where the number in a text comes from: a row of a quantity, or of one that nobody knows."""

    quantity: Quantity | None
    number: int = 0

    def __str__(self) -> str:
        return f"{self.quantity or '?'}:{self.number}"


class Span(NamedTuple):
    """A part of a line. ``row`` is what it tells, if that may change when a graph is played (see
    :mod:`autograd_atlas.picture.tape`)."""

    style: str
    text: str
    row: Row | None = None


Line = tuple[Span, ...]

BoxKind = Literal[
    "leaf", "constant", "tensor", "result", "call",  # of what was written
    "accumulate", "node",  # of what was recorded, where a result is one as well
    "block",
]  # fmt: skip


@dataclass(frozen=True)
class Box:
    """A tensor, a call with the tensor that it made, a node, or a folded block."""

    key: Key
    kind: BoxKind
    lines: tuple[Line, ...] = ()
    symbol: str = ""  # of the call, in a circle at the left
    title: str = ""  # the whole of a label that was cut
    frame: int | None = None
    tensor: int | None = None  # whose value it shows, in the written view
    inside: int = 0  # of a folded block: how many calls, or nodes
    seen: bool = True  # or else the circle stands for what a recording did not see
    stops: tuple[Key, ...] = ()  # of edges that lead nowhere, drawn as short ends
    width: float = 0
    height: float = 0


class Wire(NamedTuple):
    """A value that flows from one box to the next, and the gradient that comes back."""

    key: Key
    source: Key
    target: Key
    kind: Literal["flow", "quiet", "alias"] = "flow"  # "quiet": no gradient comes back; "alias":
    # the two share memory
    above: str = ""  # the local derivative
    below: str = ""  # the gradient that was sent
    edges: tuple[int, ...] = ()  # whose gradients, added up, it is


@dataclass(frozen=True)
class Frame:
    """An open block, drawn around what is inside of it."""

    block: int
    title: str
    parent: int | None


@dataclass(frozen=True)
class Diagram:
    """One view. ``items`` are all that could be drawn in a block, and that block."""

    view: str
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    frames: tuple[Frame, ...] = ()
    inside: int | None = None  # the block of which this is the content
    items: tuple[tuple[Key, int], ...] = ()

    def folded(self) -> list[int]:
        """The blocks that are folded."""
        return [box.key.number for box in self.boxes if box.kind == "block"]

    def folded_titles(self) -> list[str]:
        return [box.title for box in self.boxes if box.kind == "block"]


# -- Boxes ----------------------------------------------------------------------------------


def value_lines(name: str, value: Value, style: str, quantity: Quantity | None) -> list[Line]:
    """``name = value``, or the value's rows below the name."""
    label = [(Span(f"{style}-name", short(name)),)] if name else []
    if not is_spelled_out(value):
        return [*label, (Span("type", type_text(value)),)]
    rows = rows_of(value)
    if len(rows) == 1:
        text = f" = {rows[0]}" if name else rows[0]
        return [(*(label[0] if label else ()), Span(style, text, Row(quantity)))]
    return [*label, *((Span(style, row, Row(quantity, n)),) for n, row in enumerate(rows))]


def gradient_lines(value: Value, quantity: Quantity, prefix: str = "∇ ") -> list[Line]:
    """A gradient's rows, with a sign before the first; of one that is too large, its norm."""
    if not is_spelled_out(value):
        text = gradient_in_one_line(value)
        return [(Span("grad", prefix + text, Row(quantity, NO_ROW)),)] if text else []
    return [
        (Span("grad", (" " * len(prefix) if n else prefix) + row, Row(quantity, n)),)
        for n, row in enumerate(rows_of(value))
    ]


def summary_lines(
    gradients: Sequence[Value | None], last: Quantity | None, size: int
) -> list[Line]:
    """What one asks of a folded block: the norm of all gradients that arrived at leaf tensors in
    it, known with the last of them; how many got none; and how much memory it keeps."""
    lines: list[Line] = []
    arrived = [each for each in gradients if each is not None]
    norm = norm_of(arrived)
    if arrived and norm is not None:
        lines.append((Span("grad", f".grad {norm_text(norm)}", Row(last, NO_ROW)),))
    if len(arrived) < len(gradients):
        count = f": {len(gradients) - len(arrived)} / {len(gradients)}" if arrived else ""
        lines.append((Span("grad", f".grad None{count}"),))
    if size >= MUCH:
        lines.append((Span("tag", f"▪ {bytes_text(size)}"),))
    return lines


def symbol_width(symbol: str) -> float:
    return max(CIRCLE, columns(symbol) * CHARACTER + 12) if symbol else 0


def sized(box: Box) -> Box:
    """The box, as large as what it says."""
    widest = max((sum(columns(span.text) for span in line) for line in box.lines), default=0)
    inner = widest * CHARACTER + 2 * PADDING if box.lines else 0
    tall = max(len(box.lines) * LINE + 8 if box.lines else 0, CIRCLE if box.symbol else 0)
    ends = STOP if box.stops else 0
    return replace(box, width=inner + symbol_width(box.symbol) + ends, height=tall)
