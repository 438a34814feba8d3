"""From a :class:`~autograd_atlas.picture.diagram.Diagram` to coordinates, in time linear in what it
shows: boxes in columns, moved up and down towards what they are joined to.

Of the wires that leave a box, those that go far share one track past the columns between. A frame
is laid out alone, and is then one large item among those around it; wires enter and leave it
through ports at its sides. Much here follows Sugiyama, Tagawa and Toda, "Methods for visual
understanding of hierarchical system structures", 1981, https://doi.org/10.1109/TSMC.1981.4308636.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

from .diagram import CHARACTER, Diagram, Wire
from .geometry import Places, Point, Rectangle, frame_chains, label_size, past_stops
from .keys import Key
from .labels import columns
from .ranking import ranks

GAP, TRACK = 9.0, 7.0  # between boxes in a column; the room of a track
NARROWEST, WIDEST = 32.0, 80.0  # between columns
SIDE, TITLE = 12.0, 20.0  # inside of a frame's borders; its title is above
SWEEPS = 4  # of each kind, in a picture of a few thousand items; fewer in larger ones
MOST_TRACKS = 4  # columns that tracks pass, for each item, and
MOST_PASSED = 20  # columns that wires pass on them; the longest wires have no track, past that


class Item(NamedTuple):
    """What has a place in a column: a box, a frame, the text of a wire, or a port through which
    wires from the box ``key`` come into this frame or leave it."""

    kind: Literal["box", "frame", "text", "in", "out"]
    key: Key | int


class End(NamedTuple):
    """Where a wire meets an item: of a frame, at one of its ports."""

    item: Item
    port: Item | None = None


@dataclass
class Content:
    """What lies in a frame, or in none: items, and the links between them."""

    numbers: dict[Item, int] = field(default_factory=dict)
    links: dict[tuple[End, End], int] = field(default_factory=dict)
    ends: list[tuple[int, int, End, End]] = field(default_factory=list)  # of each link
    sizes: list[Point] = field(default_factory=list)
    at: list[Point] = field(default_factory=list)  # the middle of each item
    paths: list[list[Point]] = field(default_factory=list)  # of each link, points on its way
    width: float = 0.0
    height: float = 0.0

    def number(self, item: Item) -> int:
        return self.numbers.setdefault(item, len(self.numbers))

    def link(self, source: End, target: End) -> int:
        """The number of a link, which is a new one or what joins the two already."""
        number = self.links.setdefault((source, target), len(self.ends))
        if number == len(self.ends):
            self.ends.append((self.number(source.item), self.number(target.item), source, target))
        return number

    def middle(self, item: Item) -> Point:
        return self.at[self.numbers[item]]


Contents = dict[int | None, Content]
Way = list[tuple[int | None, int]]  # of a wire: frame and link, one after the other


def in_layers(diagram: Diagram) -> Places:
    contents, ways = sorted_out(diagram)
    sizes = {Item("box", box.key): (box.width, box.height) for box in diagram.boxes}
    for wire in diagram.wires:
        if (size := label_size(wire)) is not None:
            sizes[Item("text", wire.key)] = size
    frames = {frame.block: frame for frame in diagram.frames}
    for block in (*reversed(frames), None):  # an inner frame stands behind the one around it
        content = contents[block]
        content.sizes = [sizes.get(item, (0.0, 0.0)) for item in content.numbers]
        arrange(content, contents)
        if block is not None:
            title = columns(frames[block].title) * CHARACTER * 0.92 + 16
            content.width = max(content.width + 2 * SIDE, title)
            content.height += TITLE + SIDE
            sizes[Item("frame", block)] = content.width, content.height
    return absolute(diagram, contents, ways)


# -- What lies where ------------------------------------------------------------------------


def sorted_out(diagram: Diagram) -> tuple[Contents, dict[Key, Way]]:
    """What lies in each frame, and the links on the way of each wire."""
    contents: Contents = {None: Content(), **{f.block: Content() for f in diagram.frames}}
    for box in diagram.boxes:
        contents[box.frame].number(Item("box", box.key))
    for frame in diagram.frames:
        contents[frame.parent].number(Item("frame", frame.block))
    frame_of = {box.key: box.frame for box in diagram.boxes}
    chains = frame_chains(diagram)
    ways = {}
    for wire in diagram.wires:
        left, entered = chains[frame_of[wire.source]], chains[frame_of[wire.target]]
        ways[wire.key] = way_of(wire, left, entered, contents)
    return contents, ways


def way_of(wire: Wire, left: Sequence[int], entered: Sequence[int], contents: Contents) -> Way:
    """Out of the frames around its source, to the text of a wire, and into those around its
    target."""
    both = 0
    while both < min(len(left), len(entered)) and left[both] == entered[both]:
        both += 1
    way: Way = []
    here = End(Item("box", wire.source))
    for frame in reversed(left[both:]):
        port = Item("out", wire.source)
        way.append((frame, contents[frame].link(here, End(port))))
        here = End(Item("frame", frame), port)
    common = left[both - 1] if both else None
    if wire.above or wire.below:
        text = End(Item("text", wire.key))
        way.append((common, contents[common].link(here, text)))
        here = text
    for frame in entered[both:]:
        port = Item("in", wire.source)
        way.append((common, contents[common].link(here, End(Item("frame", frame), port))))
        here, common = End(port), frame
    way.append((common, contents[common].link(here, End(Item("box", wire.target)))))
    return way


# -- The items of one frame -----------------------------------------------------------------


def arrange(content: Content, contents: Contents) -> None:
    """Give each item its place, and each link its way. A point is at the middle of a frame."""
    links = [(source, target) for source, target, _, _ in content.ends]
    late = [number for item, number in content.numbers.items() if item.kind == "text"]
    rank = ranks(len(content.numbers), links, late)
    at_the_sides(content, rank)
    stack = Stack(content, rank)
    for number, (source, target, start, end) in enumerate(content.ends):
        stack.join(number, source, target, port_height(start, contents), port_height(end, contents))
    stack.settle()
    place(content, rank, stack)


def at_the_sides(content: Content, rank: list[int]) -> None:
    """Ports have columns of their own."""
    inside = [number for item, number in content.numbers.items() if item.kind not in ("in", "out")]
    last = max((rank[number] for number in inside), default=0)
    first = min((rank[number] for number in inside), default=0)
    for item, number in content.numbers.items():
        if item.kind == "in":
            rank[number] = first - 1
        elif item.kind == "out":
            rank[number] = last + 1
    lowest = min(rank, default=0)
    rank[:] = [each - lowest for each in rank]


def port_height(end: End, contents: Contents) -> float:
    """How far below its middle a frame is met."""
    if end.port is None or not isinstance(end.item.key, int):
        return 0.0
    content = contents[end.item.key]
    return content.middle(end.port)[1] + (TITLE - SIDE) / 2


class Stack:
    """Items and tracks in columns, and how high each lies."""

    def __init__(self, content: Content, rank: Sequence[int]) -> None:
        self.room = [height + GAP for _, height in content.sizes]
        self.rank = list(rank)
        self.joins: tuple[list[list[Join]], list[list[Join]]] = (
            [[] for _ in rank],
            [[] for _ in rank],
        )
        self.tracks: dict[int, list[int]] = {}  # of each link that is on one
        self.heights: dict[int, tuple[float, float]] = {}  # of the ends of each link
        self._track_of: dict[tuple[int, float], list[int]] = {}
        self._longest = longest_tracks(content.ends, rank)
        self.y: list[float] = []

    def join(self, link: int, source: int, target: int, start: float, end: float) -> None:
        self.heights[link] = start, end
        steps = self.rank[target] - self.rank[source]
        if steps < 1 or steps > self._longest:
            return  # straight, over whatever lies between
        track = self._track_of.setdefault((source, start), [])
        while len(track) < steps - 1:
            self._lengthen(track, source, start)
        self.tracks[link] = track[: steps - 1]
        if track and steps > 1:
            self._near(track[steps - 2], target, -end, 1.0)
        else:
            self._near(source, target, start - end, 1.0)

    def _lengthen(self, track: list[int], source: int, start: float) -> None:
        number = len(self.rank)
        self.rank.append(self.rank[source] + len(track) + 1)
        self.room.append(TRACK)
        for joins in self.joins:
            joins.append([])
        if track:
            self._near(track[-1], number, 0.0, 6.0)
        else:
            self._near(source, number, start, 1.0)
        track.append(number)

    def _near(self, left: int, right: int, lower: float, weight: float) -> None:
        """``right`` is best ``lower`` than ``left`` by so much."""
        self.joins[0][right].append((left, lower, weight))
        self.joins[1][left].append((right, -lower, weight))

    def settle(self) -> None:
        """Sort each column by where the columns beside it draw its items, forth and back; then
        move them without changing their order."""
        layers: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for number, rank in enumerate(self.rank):
            layers[rank].append(number)
        self.y = [0.0] * len(self.rank)
        for layer in layers:
            self._spread(layer, [0.0] * len(layer), [1.0] * len(layer))
        before, after = self.joins
        sweeps = max(1, min(SWEEPS, 20_000 // (len(self.rank) + 1)))
        for _ in range(sweeps):
            for layer in layers[1:]:
                self._move(layer, (before,), in_order=False)
            for layer in layers[-2::-1]:
                self._move(layer, (after,), in_order=False)
        for _ in range(sweeps):
            for layer in layers:
                self._move(layer, (before, after), in_order=True)
            for layer in reversed(layers):
                self._move(layer, (before, after), in_order=True)

    def _move(
        self, layer: list[int], sides: Sequence[Sequence[Sequence["Join"]]], in_order: bool
    ) -> None:
        y = self.y
        wanted: dict[int, tuple[float, float]] = {}
        for number in layer:
            whole = pull = 0.0
            for side in sides:
                for other, lower, weight in side[number]:
                    whole += weight
                    pull += weight * (y[other] + lower)
            wanted[number] = (pull / whole, whole) if whole else (y[number], 0.1)
        if not in_order:
            layer.sort(key=wanted.__getitem__)
        self._spread(layer, [wanted[n][0] for n in layer], [wanted[n][1] for n in layer])

    def _spread(
        self, layer: Sequence[int], wanted: Sequence[float], weights: Sequence[float]
    ) -> None:
        """Put items as near to where they are drawn as their order and their room allow.

        The least squares of an order (pool adjacent violators; Barlow et al., "Statistical
        inference under order restrictions", 1972), once the room of those above is taken off.
        """
        room, y = self.room, self.y
        above: list[float] = []
        pools: list[tuple[float, float, int]] = []  # weighted sum, weight, how many
        depth = 0.0
        for place, (number, goal, weight) in enumerate(zip(layer, wanted, weights, strict=True)):
            depth += (room[layer[place - 1]] + room[number]) / 2 if place else 0.0
            above.append(depth)
            pool = ((goal - depth) * weight, weight, 1)
            while pools and pools[-1][0] * pool[1] > pool[0] * pools[-1][1]:
                other = pools.pop()
                pool = (pool[0] + other[0], pool[1] + other[1], pool[2] + other[2])
            pools.append(pool)
        place = 0
        for total, weight, count in pools:
            for number in layer[place : place + count]:
                y[number] = total / weight + above[place]
                place += 1


Join = tuple[int, float, float]  # another item; how much lower it is best; how much that counts


def longest_tracks(ends: Sequence[tuple[int, int, End, End]], rank: Sequence[int]) -> int:
    """The number of columns up to which links have tracks, so that these stay few, and so does what
    has to be written of all links on them."""
    steps = sorted(rank[target] - rank[source] for source, target, _, _ in ends)
    reach: dict[tuple[int, End], int] = defaultdict(int)
    for source, target, start, _ in ends:
        reach[source, start] = max(reach[source, start], rank[target] - rank[source])
    return min(
        longest_within(MOST_TRACKS * len(rank) + 1_000, sorted(reach.values())),
        longest_within(MOST_PASSED * len(rank) + 10_000, steps),
    )


def longest_within(most: int, lengths: Sequence[int]) -> int:
    """The longest that one may be, for all that are no longer to be so long at most together."""
    for length in lengths:
        most -= length
        if most < 0:
            return length - 1
    return max(lengths, default=0)


def place(content: Content, rank: Sequence[int], stack: Stack) -> None:
    """Turn columns and heights into points: from the middle of all that lies here."""
    lefts, rights = column_sides(content, rank, stack)
    top = min((y - room / 2 for y, room in zip(stack.y, stack.room, strict=True)), default=0)
    bottom = max((y + room / 2 for y, room in zip(stack.y, stack.room, strict=True)), default=0)
    content.width, content.height = (rights[-1] if rights else 0.0), bottom - top
    middle, across = (top + bottom) / 2, content.width / 2

    def point(number: int) -> Point:
        column = rank[number]
        return (lefts[column] + rights[column]) / 2 - across, stack.y[number] - middle

    content.at = [point(number) for number in range(len(rank))]
    for link, (source, target, _, _) in enumerate(content.ends):
        (x, y), (end_x, end_y) = content.at[source], content.at[target]
        start, end = stack.heights[link]
        points = [(x + content.sizes[source][0] / 2, y + start)]
        for track in stack.tracks.get(link, ()):
            column, height = stack.rank[track], stack.y[track] - middle
            points += [(lefts[column] - across, height), (rights[column] - across, height)]
        points.append((end_x - content.sizes[target][0] / 2, end_y + end))
        content.paths.append(points)


def column_sides(
    content: Content, rank: Sequence[int], stack: Stack
) -> tuple[list[float], list[float]]:
    """Left and right of each column: as wide as what is widest in it, and further from the next
    one, the steeper the wires between are."""
    count = max(rank, default=-1) + 1
    widths, steepest = [0.0] * count, [0.0] * count
    for number, column in enumerate(rank):
        widths[column] = max(widths[column], content.sizes[number][0])
    for number, joins in enumerate(stack.joins[0]):
        for other, lower, _ in joins:
            column = stack.rank[other]
            steep = abs(stack.y[number] - stack.y[other] - lower)
            steepest[column] = max(steepest[column], steep)
    lefts, rights, x = [], [], 0.0
    for width, steep in zip(widths, steepest, strict=True):
        lefts.append(x)
        rights.append(x + width)
        x += width + min(max(NARROWEST, steep / 5), WIDEST)
    return lefts, rights


# -- The whole ------------------------------------------------------------------------------


def absolute(diagram: Diagram, contents: Contents, ways: dict[Key, Way]) -> Places:
    """All points, seen from the middle of the whole."""
    middles: dict[int | None, Point] = {None: (0.0, 0.0)}
    for frame in diagram.frames:
        x, y = middles[frame.parent]
        dx, dy = contents[frame.parent].middle(Item("frame", frame.block))
        middles[frame.block] = x + dx, y + dy + (TITLE - SIDE) / 2
    boxes = {}
    for box in diagram.boxes:
        x, y = moved(contents[box.frame].middle(Item("box", box.key)), middles[box.frame])
        boxes[box.key] = Rectangle(x - box.width / 2, y - box.height / 2, box.width, box.height)
    stopped = {box.key for box in diagram.boxes if box.stops}
    paths, labels = {}, {}
    for wire, alike in counted(diagram.wires):
        points: list[Point] = []
        for block, link in ways[wire.key]:
            content = contents[block]
            points += [moved(each, middles[block]) for each in content.paths[link]]
            target = content.ends[link][3].item
            if target.kind == "text":
                labels[wire.key] = moved(content.middle(target), middles[block])
        paths[wire.key] = curved(points, 5.0 * alike)
        if wire.target in stopped:
            paths[wire.key] += past_stops(paths[wire.key][-1], boxes[wire.target])
    return Places(boxes, paths, labels)


def counted(wires: Iterable[Wire]) -> Iterator[tuple[Wire, int]]:
    """Wires, and how many there were before between the same boxes."""
    seen: dict[tuple[Key, Key], int] = {}
    for wire in wires:
        number = seen.get((wire.source, wire.target), 0)
        seen[wire.source, wire.target] = number + 1
        yield wire, number


def moved(point: Point, by: Point) -> Point:
    return point[0] + by[0], point[1] + by[1]


def curved(points: Sequence[Point], lower: float) -> list[Point]:
    """A start and Bezier triples through all points, level at each. ``lower`` bends its way, so
    that it does not lie on another one between the same boxes."""
    kept = [points[0]]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        if abs(before[1] - here[1]) + abs(here[1] - after[1]) > 0.5:
            kept.append(here)
    kept.append(points[-1])
    path = [kept[0]]
    for (x, y), (end_x, end_y) in pairwise(kept):
        middle = (x + end_x) / 2
        path += [(middle, y + lower), (middle, end_y + lower), (end_x, end_y)]
    return path
