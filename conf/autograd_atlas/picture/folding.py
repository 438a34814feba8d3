"""From a :class:`~autograd_atlas.graph.Graph` to which of its blocks stay folded in a picture, so
that there is no more to see at once than one can read."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..graph import Block, Graph
from .choice import Choice

READABLE = 48  # boxes that one can read at once; with more, blocks stay folded
MOST_COPIES = 24  # of a repeated unit that become a block each; more become one block


@dataclass(frozen=True)
class Folds:
    """Which blocks are open, and what stands for an item in a closed one."""

    blocks: tuple[Block, ...]
    open: frozenset[int] = frozenset()

    def chain(self, block: int | None) -> list[int]:
        return chain(self.blocks, block)

    def closed_around(self, block: int | None) -> int | None:
        """The outermost closed block around an item, of which the block is given."""
        return next((outer for outer in self.chain(block) if outer not in self.open), None)


def chain(blocks: Sequence[Block], block: int | None) -> list[int]:
    """A block and those around it, outermost first."""
    around: list[int] = []
    while block is not None:
        around.append(block)
        block = blocks[block].parent
    return around[::-1]


def common_block(blocks: Sequence[Block], users: Iterable[int | None]) -> int | None:
    """The innermost block that holds all of these."""
    common = None
    for level in zip(*(chain(blocks, user) for user in set(users)), strict=False):
        if len(set(level)) > 1:
            break
        common = level[0]
    return common


# -- Which blocks are open ------------------------------------------------------------------


def open_blocks(graph: Graph, items: Sequence[int | None], choice: Choice) -> frozenset[int]:
    """The blocks to open for ``items``, of which the block is given.

    All, if ``fold`` is false or everything together can be read; otherwise level by level, as
    long as it can be. Blocks around one or two items are always open; so is what is named.
    If ``fold`` is "layers", those that hold other blocks, and what is named.
    """
    blocks = graph.blocks
    everything = frozenset(range(len(blocks)))
    names = set(choice.opened)
    named = {block for block in everything if blocks[block].name in names}
    if choice.fold == "layers":
        return frozenset(named | {block.parent for block in blocks if block.parent is not None})
    if not choice.fold or len(items) <= READABLE:
        return everything
    counts = Counter(items)
    inside: Counter[int] = Counter()
    for item, count in counts.items():
        for block in chain(blocks, item):
            inside[block] += count
    small = {block for block in everything if inside[block] <= 2}
    wanted = small | with_insides(blocks, named, inside)
    return level_by_level(blocks, counts, frozenset(wanted))


def with_insides(blocks: Sequence[Block], named: set[int], inside: Counter[int]) -> set[int]:
    """Named blocks with those around them, and with those inside of one that can be read."""
    wanted = {block for name in named for block in chain(blocks, name)}
    for block in range(len(blocks)):
        around = [outer for outer in chain(blocks, block) if outer in wanted]
        if around and inside[around[-1]] <= READABLE:
            wanted.add(block)
    return wanted


def level_by_level(
    blocks: tuple[Block, ...], counts: Counter[int | None], wanted: frozenset[int]
) -> frozenset[int]:
    """The wanted blocks, and as many whole levels as can be read together."""
    depth = [len(chain(blocks, block)) for block in range(len(blocks))]
    chosen = wanted
    for level in range(1, max(depth, default=0) + 1):
        more = chosen | {block for block, own in enumerate(depth) if own <= level}
        folds = Folds(blocks, more)
        visible: Counter[int | None] = Counter()
        for item, count in counts.items():
            visible[folds.closed_around(item)] += count
        if visible.pop(None, 0) + len(visible) > READABLE:
            break
        chosen = more
    return chosen


# -- Blocks of what repeats -----------------------------------------------------------------


def with_repeats(graph: Graph) -> Graph:
    """Where much is to be shown and no module gives blocks, make each copy of what repeats one.

    Only what was computed is looked at, in forward order. An interval of that order can be
    drawn as one box without making a cycle.
    """
    if graph.blocks or max(len(graph.nodes), len(graph.calls)) <= READABLE:
        return graph
    blocks: list[Block] = []
    calls, nodes = list(graph.calls), list(graph.nodes)
    tokens: list[Hashable]
    if graph.calls:
        tokens = [(call.name, len(call.arguments), call.options) for call in calls]
        for call, block in repeats(tokens, blocks).items():
            calls[call] = replace(calls[call], block=block)
            for node in calls[call].nodes:
                nodes[node] = replace(nodes[node], block=block)
    else:
        computed = [number for number, node in enumerate(nodes) if not node.leaf]
        tokens = [(nodes[number].name, len(nodes[number].outputs)) for number in computed]
        for place, block in repeats(tokens, blocks).items():
            nodes[computed[place]] = replace(nodes[computed[place]], block=block)
    return replace(graph, blocks=tuple(blocks), calls=tuple(calls), nodes=tuple(nodes))


def repeats(tokens: Sequence[Hashable], blocks: list[Block]) -> dict[int, int]:
    """The block of each position that lies in a repetition; new blocks are added to ``blocks``.

    A repetition is a unit that stands at least three times in a row. Up to MOST_COPIES become a
    block each; more become one block for all.
    """
    block_at: dict[int, int] = {}
    id_of: dict[Hashable, int] = {}
    ids = [id_of.setdefault(token, len(id_of)) for token in tokens]
    places: dict[int, list[int]] = defaultdict(list)
    for place, token in enumerate(ids):
        places[token].append(place)
    upcoming = dict.fromkeys(places, 0)
    place = 0
    while place < len(ids):
        here = places[ids[place]]
        next_one = upcoming[ids[place]]
        while here[next_one] <= place and next_one < len(here) - 1:
            next_one += 1
        upcoming[ids[place]] = next_one
        period, copies = repetition(ids, place, here[next_one : next_one + 40])
        if not copies:
            place += 1
            continue
        if copies <= MOST_COPIES:
            for copy in range(copies):
                blocks.append(Block(f"{copy + 1}", ""))
                start = place + copy * period
                block_at |= dict.fromkeys(range(start, start + period), len(blocks) - 1)
        else:
            blocks.append(Block(f"× {copies}", ""))
            block_at |= dict.fromkeys(range(place, place + copies * period), len(blocks) - 1)
        place += copies * period
    return block_at


def repetition(ids: Sequence[int], place: int, later: Iterable[int]) -> tuple[int, int]:
    """The length of a unit that begins at ``place`` and again at one of ``later``, and how often
    it stands there in a row; (0, 0) if not three times."""
    for again in later:
        period = again - place
        if period <= 0:
            continue
        end = again
        while end < len(ids) and ids[end] == ids[end - period]:
            end += 1
        copies = (end - place) // period
        if copies >= 3:
            return period, copies  # the shortest period covers what its multiples do
    return 0, 0
