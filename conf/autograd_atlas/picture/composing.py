"""From a graph to its views, with all that they can be folded into, and from these to a
:class:`~.diagram.Diagram` of what is to be seen."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from itertools import takewhile
from operator import itemgetter

from ..graph import Block, Graph, check_names
from .arranging import Contents, Tree, Unit, as_stretches, chain, common_block, with_inner
from .choice import AS_READABLE, Choice
from .diagram import CHARACTER, FEW, Box, Diagram, Frame, Line, Span, Wire, sized
from .folding import MOST_SEEN, READABLE, SMALLER, Foldable, Folds, open_blocks
from .keys import Key, Kind
from .labels import block_title, columns, short
from .paths import parameters_in, path_blocks
from .recorded_view import RecordedView
from .views import View
from .written_view import WrittenView

WIDEST = 9_000  # pixels of a picture at first sight, as far as one can tell before it is laid out
GAP, SCALE = 40, 1.1  # between two boxes, and of a picture in the page


def diagram(
    graph: Graph,
    view: str,
    choice: Choice = AS_READABLE,
    *,
    inside: int | None = None,
    around: int | None = None,
) -> Diagram:
    """One view of a graph; see :meth:`Scene.diagram`."""
    return Scene.of(graph, choice).diagram(view, inside=inside, around=around)


@dataclass(frozen=True)
class Scene:
    """A graph with all blocks that it can be folded into, and each of its views on its stage."""

    graph: Graph
    choice: Choice
    stages: Mapping[str, "Stage"]

    @classmethod
    def of(cls, graph: Graph, choice: Choice) -> "Scene":
        graph, modules = with_paths(graph, choice)
        views: list[View] = [RecordedView(graph, constants=choice.constants)]
        if graph.calls:
            views.insert(0, WrittenView(graph, constants=choice.constants))
        if choice.fold in (False, "layers") or all(len(view.items) <= READABLE for view in views):
            arranged = [Arranged(graph.blocks, placed(view, graph.blocks)) for view in views]
            offsets = [0] * len(views)
        else:
            arranged = list(arranged_in_turn(views))
            # What is alike in one view may differ in another, so that each has its own blocks.
            offsets = [0, len(arranged[0].blocks)]
            arranged = [each.moved(by) for each, by in zip(arranged, offsets, strict=False)]
            blocks = tuple(block for each in arranged for block in each.blocks)
            arranged = [replace(each, blocks=blocks) for each in arranged]
            graph = replace(graph, blocks=blocks)
        stages = {
            view.name: Stage(
                view, each.blocks, each.block_of, choice,
                frozenset(range(offset, offset + modules)),
            )
            for view, each, offset in zip(views, arranged, offsets, strict=False)
        }  # fmt: skip
        return cls(graph, choice, stages)

    def diagram(
        self, view: str, *, inside: int | None = None, around: int | None = None
    ) -> Diagram:
        """One view. ``inside`` draws the content of one block, with what flows into it and out of
        it; ``around`` opens one block in its place among the others."""
        return self.stages[view].diagram(inside, around)


def check_opened(graph: Graph, choice: Choice) -> None:
    """Raise ValueError for a block to open that there is neither in the graph nor in what it is
    folded into, with what there is."""
    if not set(choice.opened) <= {block.name for block in graph.blocks}:
        check_names(Scene.of(graph, choice).graph, choice.opened)


# -- The blocks that a view can be folded into ----------------------------------------------


def with_paths(graph: Graph, choice: Choice) -> tuple[Graph, int]:
    """A graph in whose first blocks, so many, a module runs each: where none was recorded, they
    come from the paths of parameters."""
    wanted = choice.depth is not None or (choice.fold and len(graph.nodes) > READABLE)
    if graph.blocks or graph.calls or not (wanted or choice.fold == "layers"):
        return graph, len(graph.blocks)
    blocks, block_of = path_blocks(graph)
    if not blocks:
        return graph, 0
    nodes = [replace(node, block=block_of.get(number)) for number, node in enumerate(graph.nodes)]
    return replace(graph, blocks=tuple(blocks), nodes=tuple(nodes)), len(blocks)


@dataclass(frozen=True)
class Arranged:
    """Blocks, and the block of each item."""

    blocks: Sequence[Block]
    block_of: dict[Key, int | None]

    def moved(self, by: int) -> "Arranged":
        """The same with other numbers."""
        if not by:
            return self

        def shifted(block: int | None) -> int | None:
            return None if block is None else block + by

        blocks = [replace(block, parent=shifted(block.parent)) for block in self.blocks]
        return Arranged(blocks, {key: shifted(block) for key, block in self.block_of.items()})


def placed(view: View, blocks: Sequence[Block]) -> dict[Key, int | None]:
    """The block of each item, as it was recorded."""
    return with_sources(view, blocks, as_stretches(blocks, view.computed))


def with_sources(
    view: View, blocks: Sequence[Block], block_of: Mapping[Key, int | None]
) -> dict[Key, int | None]:
    """The block of each item: what is not computed is in the block that alone uses it, if it
    belongs to a block at all."""

    def block_of_item(key: Key) -> int | None:
        if key in block_of:
            return block_of[key]
        if not view.is_held(key):
            return None
        return common_block(blocks, (block_of[user] for user in view.users[key]))

    return {key: block_of_item(key) for key in view.items}


def arranged_in_turn(views: Iterable[View]) -> Iterator[Arranged]:
    """Each view with its blocks. Modules in which the same was written are alike in what was
    recorded, too, although the first of them may have fewer nodes; and so are those that use
    parameters of the same names, if that is all that is known."""
    like: Mapping[int, Hashable] = {}
    for view in views:
        if not view.graph.calls:
            like = parameters_in(view.graph)
        tree = Tree.of(view.graph.blocks, view.computed, view.label, partial(token, view, like))
        contents = tree.contents()
        like = {block: contents.of(block) for block in tree.rows if block is not None}
        yield arranged_blocks(view, tree)


def token(view: View, like: Mapping[int, Hashable], unit: Unit) -> Hashable:
    return like.get(unit) if isinstance(unit, int) else view.token(unit)


def exact_token(view: View, unit: Unit) -> Hashable:
    return None if isinstance(unit, int) else view.exact_token(unit)


def arranged_blocks(view: View, tree: Tree) -> Arranged:
    """Blocks around what repeats, and around stretches of what is too long, beside those that the
    graph has."""
    tree.fold_repeats()
    block_of = with_sources(view, tree.blocks, tree.placed())
    block_of |= given_to_copies(view, tree.blocks, block_of)
    if len(block_of) > MOST_SEEN:
        tree.insert_sources(block_of, view.users)
        tree.cut()
        block_of |= tree.placed()
    return Arranged(tree.blocks, block_of)


def given_to_copies(
    view: View, blocks: Sequence[Block], block_of: Mapping[Key, int | None]
) -> dict[Key, int]:
    """What each of several copies was given, such as the input at each step: it belongs to the
    stretch of these, although the program made it outside."""
    modules = len(view.graph.blocks)
    given: dict[int, dict[Key, int]] = defaultdict(dict)
    for key, block in block_of.items():
        if block is not None or not view.is_constant(key):
            continue
        used_in = common_block(blocks, (block_of[user] for user in view.users[key]))
        around = chain(blocks, used_in)
        outside = list(takewhile(lambda b: b >= modules or blocks[b].copies > 1, around))
        if len(around) > 1 and outside and blocks[outside[0]].copies > 1:
            given[outside[0]][key] = outside[-1]
    places: dict[Key, int] = {}
    for inputs in given.values():
        places |= inputs if len(inputs) >= 3 else {}
    return places


# -- What is seen ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """A view, the blocks that it can be folded into, and what a reader chose to see."""

    view: View
    blocks: Sequence[Block]
    block_of: dict[Key, int | None]
    choice: Choice
    modules: frozenset[int]  # the blocks that are one run of a module each

    @cached_property
    def items(self) -> tuple[tuple[Key, int], ...]:
        return tuple((key, block) for key, block in self.block_of.items() if block is not None)

    @cached_property
    def keys_in(self) -> dict[int | None, list[Key]]:
        """What lies in each block itself."""
        keys: dict[int | None, list[Key]] = defaultdict(list)
        for key, block in self.block_of.items():
            keys[block].append(key)
        return keys

    def all_in(self, block: int) -> Iterator[Key]:
        """What lies in a block, and in those inside of it."""
        todo = [block]
        while todo:
            yield from self.keys_in[todo[-1]]
            todo += self.foldable.children[todo.pop()]

    @cached_property
    def place_of(self) -> dict[Key, int]:
        """The place of each item in forward order, and that of a block's first one."""
        places: dict[Key, int] = {}
        for place, (key, block) in enumerate(self.block_of.items()):
            places[key] = place
            around = block
            while around is not None and places.setdefault(Key(Kind.BLOCK, around), place) == place:
                around = self.blocks[around].parent
        return places

    @cached_property
    def wires_in(self) -> dict[int | None, list[tuple[int, Wire]]]:
        """The wires whose two ends have no smaller block around both, by that block, each with
        its place among all wires."""
        wires: dict[int | None, list[tuple[int, Wire]]] = defaultdict(list)
        known: dict[tuple[int | None, int | None], int | None] = {}
        block_of = self.block_of
        for place, wire in enumerate(self.view.wires):
            ends = block_of[wire.source], block_of[wire.target]
            if ends not in known:
                known[ends] = common_block(self.blocks, ends)
            wires[known[ends]].append((place, wire))
        return wires

    @cached_property
    def contents(self) -> Contents:
        """What is equal for blocks in which the same happens, in every option."""
        rows: dict[int | None, list[Unit]] = defaultdict(list)
        for block, inner in self.foldable.children.items():
            rows[block] += inner
        for key, block in self.block_of.items():
            if key in self.view.computed:
                rows[block].append(key)
        for row in rows.values():
            row.sort(key=lambda unit: self.place_of[as_key(unit)])
        return Contents(self.blocks, rows, partial(exact_token, self.view))

    def content_of(self, block: int) -> int:
        return self.contents.of(block)

    @cached_property
    def foldable(self) -> Foldable:
        return Foldable(
            self.blocks, self.block_of,
            frozenset(key for key in self.block_of if self.view.is_constant(key)), self.modules,
        )  # fmt: skip

    @cached_property
    def at_first(self) -> tuple[frozenset[int], Diagram]:
        """As many open blocks as can be read, in a picture that is not too wide; and that."""
        for most in SMALLER:
            opened = open_blocks(self.foldable, self.choice, self.content_of, most=most)
            picture = self.drawn(Folds(self.blocks, opened), None, None)
            if not self.is_folded or length(picture) <= WIDEST:
                break
        return opened, picture

    @cached_property
    def is_folded(self) -> bool:
        """Whether it is for us to say which blocks are open."""
        return self.choice.fold is True and len(self.block_of) > READABLE

    def folds(self, block: int) -> Folds:
        """Which blocks are open: as for the whole, and as for the content of one block."""
        opened = open_blocks(self.foldable, self.choice, self.content_of, block)
        around_it = frozenset(chain(self.blocks, block))
        return Folds(self.blocks, self.at_first[0] | opened | around_it)

    @cached_property
    def counted(self) -> Counter[int]:
        """How many calls, or nodes, lie in each block and in those inside of it."""
        direct: Counter[int | None] = Counter(
            block for key, block in self.items if key.kind not in (Kind.TENSOR, Kind.CONSTANT)
        )
        return with_inner(self.blocks, direct)

    def folded_in(self, picture: Diagram) -> list[list[int]]:
        """The folded blocks of a picture, but not those around the one that it shows; with those
        together in which the same happens."""
        groups: dict[int, list[int]] = defaultdict(list)
        for block in picture.folded():
            if picture.inside is None or picture.inside in chain(self.blocks, block):
                groups[self.content_of(block)].append(block)
        return list(groups.values())

    def diagram(self, inside: int | None, around: int | None) -> Diagram:
        """The boxes of items, or of the closed blocks that they are in, the wires between these,
        and frames around open blocks."""
        block = around if inside is None else inside
        if block is None:
            return self.at_first[1]
        return self.drawn(self.folds(block), inside, around)

    def drawn(self, folds: Folds, inside: int | None, around: int | None) -> Diagram:
        closed_around = cache(folds.closed_around)

        def shown_as(key: Key) -> Key:
            outer = closed_around(self.block_of[key])
            return key if outer is None else Key(Kind.BLOCK, outer)

        seen: dict[Key, int] = {}
        wires: list[tuple[int, Wire]] = []
        for region in self.regions(folds, inside):
            inner = [Key(Kind.BLOCK, block) for block in self.foldable.children[region]]
            keys = [*self.keys_in[region], *(key for key in inner if key.number not in folds.open)]
            seen |= {key: self.place_of[key] for key in keys}
            wires += self.wires_in[region]
        if inside is not None:
            through = list(self.wires_through(inside))
            wires += through
            for _, wire in through:
                for key in (wire.source, wire.target):
                    place = self.place_of[key]
                    seen[shown_as(key)] = min(place, seen.get(shown_as(key), place))
        visible = sorted(seen, key=seen.__getitem__)
        detailed = len(visible) <= FEW
        boxes = [self.box(key, detailed) for key in visible]
        shown = joined((wire for _, wire in sorted(wires, key=itemgetter(0))), shown_as)
        if detailed:
            shown = [self.view.labelled(wire) for wire in shown]
        framed = framed_blocks(boxes, folds, inside, around)

        def frame_of(block: int | None) -> int | None:
            return next((outer for outer in reversed(folds.chain(block)) if outer in framed), None)

        return Diagram(
            self.view.name,
            tuple(replace(box, frame=frame_of(box.frame)) for box in boxes),
            tuple(shown),
            tuple(
                Frame(block, block_title(self.blocks[block]), frame_of(self.blocks[block].parent))
                for block in sorted(framed, key=folds.chain)  # from outside to inside
            ),
            inside,
            self.items,
        )

    def regions(self, folds: Folds, inside: int | None) -> Iterator[int | None]:
        """The block that is drawn, or all, and the open blocks in it."""
        todo: list[int | None] = [inside]
        while todo:
            region = todo.pop()
            yield region
            todo += [block for block in self.foldable.children[region] if block in folds.open]

    def wires_through(self, block: int) -> Iterator[tuple[int, Wire]]:
        """The wires that lead into a block, or out of it."""
        within = {block, *self.foldable.blocks_in(block)}
        for around in (None, *chain(self.blocks, block)[:-1]):
            for place, wire in self.wires_in[around]:
                if self.block_of[wire.source] in within or self.block_of[wire.target] in within:
                    yield place, wire

    def box(self, key: Key, detailed: bool) -> Box:
        if key.kind is not Kind.BLOCK:
            return replace(sized(self.view.box(key, detailed)), frame=self.block_of[key])
        lines = self.view.summary(list(self.all_in(key.number))) if detailed else []
        block = self.blocks[key.number]
        return block_box(key, block, self.view.unit, self.counted[key.number], lines)


def as_key(unit: Unit) -> Key:
    return Key(Kind.BLOCK, unit) if isinstance(unit, int) else unit


def block_box(key: Key, block: Block, unit: str, count: int, summary: Iterable[Line]) -> Box:
    names = [short(name) for name in (block.name, block.kind) if name]
    lines: list[Line] = [(Span("type" if n else "head", name),) for n, name in enumerate(names)]
    copies = [f"× {block.copies}"] if block.copies > 1 else []
    counts = " · ".join([*copies, *([f"{unit} × {count}"] if count else [])])
    lines += [(Span("type", counts),)] if counts else []
    lines += summary
    box = Box(key, "block", tuple(lines), title=block_title(block), inside=count)
    return replace(sized(box), frame=block.parent)


def length(picture: Diagram) -> float:
    """How wide a picture will be, about: the longest way through it, in pixels."""
    users: dict[Key, list[tuple[Key, float]]] = defaultdict(list)
    waiting = Counter(wire.target for wire in picture.wires)
    for wire in picture.wires:
        label = max(columns(wire.above), columns(wire.below)) * CHARACTER
        users[wire.source].append((wire.target, GAP + label))
    width = {box.key: box.width for box in picture.boxes}
    end = dict(width)
    ready = [box.key for box in picture.boxes if not waiting[box.key]]
    while ready:
        key = ready.pop()
        for user, gap in users[key]:
            end[user] = max(end[user], end[key] + gap + width[user])
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    return SCALE * max(end.values(), default=0)


def joined(wires: Iterable[Wire], shown_as: Callable[[Key], Key]) -> list[Wire]:
    """Wires between what is visible; those that join the same two boxes across a fold are one."""
    kept: dict[tuple[Key, Key, Key | None], Wire] = {}
    for wire in wires:
        source, target = shown_as(wire.source), shown_as(wire.target)
        if source == target:
            continue
        across = Kind.BLOCK in (source.kind, target.kind)
        same = (source, target, None if across else wire.key)
        if same not in kept or kept[same].kind == "quiet":
            kept[same] = wire._replace(source=source, target=target)
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
