"""From the blocks of a view to which of them are open in a picture, so that there is no more to
see at once than one can read."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..graph import Block
from .arranging import chain, with_inner
from .choice import Choice
from .keys import Key

READABLE = 48  # boxes that one can read at once, without constants; with more, blocks stay folded
MOST_SEEN = 60  # boxes of any kind
SMALLER = (READABLE, 36, 24, 16, 8)  # tried in turn until a picture is narrow enough
FEW_SEEN = 12  # boxes that say too little of a graph: then some blocks open, where not all can


@dataclass(frozen=True)
class Folds:
    """Which blocks are open, and what stands for an item in a closed one."""

    blocks: Sequence[Block]
    open: frozenset[int] = frozenset()

    def chain(self, block: int | None) -> list[int]:
        return chain(self.blocks, block)

    def closed_around(self, block: int | None) -> int | None:
        """The outermost closed block around an item, of which the block is given."""
        return next((outer for outer in self.chain(block) if outer not in self.open), None)


@dataclass(frozen=True)
class Foldable:
    """The items of a view, each with its block, and the blocks."""

    blocks: Sequence[Block]
    block_of: dict[Key, int | None]
    constants: frozenset[Key] = frozenset()
    modules: frozenset[int] = frozenset()  # the blocks that are one run of a module each

    @cached_property
    def direct(self) -> dict[int | None, Counter[bool]]:
        """How many items lie in each block itself: constants, and others."""
        direct: dict[int | None, Counter[bool]] = defaultdict(Counter)
        for key, block in self.block_of.items():
            direct[block][key in self.constants] += 1
        return direct

    @cached_property
    def children(self) -> dict[int | None, list[int]]:
        """The blocks in each block, of those in which there are items."""
        children: dict[int | None, list[int]] = defaultdict(list)
        for block in sorted(self.inside):
            children[self.blocks[block].parent].append(block)
        return children

    @cached_property
    def inside(self) -> Counter[int]:
        """How many items lie in each block and in those inside of it."""
        totals = {block: counts.total() for block, counts in self.direct.items()}
        return with_inner(self.blocks, totals)

    def blocks_in(self, block: int) -> Iterator[int]:
        """The blocks in a block, and those inside of these."""
        todo = list(self.children[block])
        while todo:
            yield todo[-1]
            todo += self.children[todo.pop()]

    def visible(self, open_ones: frozenset[int], within: int | None) -> Counter[bool]:
        """How many boxes of items and of closed blocks are seen: constants, and others."""
        seen = Counter(self.direct[within])
        todo = list(self.children[within])
        while todo:
            block = todo.pop()
            if block in open_ones:
                seen.update(self.direct[block])
                todo += self.children[block]
            else:
                seen[False] += 1
        return seen

    def fits(self, open_ones: frozenset[int], within: int | None, most: int) -> bool:
        seen = self.visible(open_ones, within)
        return seen[False] <= most and seen.total() <= MOST_SEEN


def open_blocks(
    given: Foldable,
    choice: Choice,
    content_of: Callable[[int], int],
    within: int | None = None,
    most: int = READABLE,
) -> frozenset[int]:
    """The blocks to open in one block, or in all.

    All, if ``fold`` is false or everything together can be read; otherwise level by level, as
    long as there are not more than ``most`` boxes, but no stretch of copies. Blocks around one or
    two items are always open; so is what is named. If ``fold`` is "layers", those that hold other
    blocks, and what is named. ``content_of`` gives numbers that are equal for equal blocks.
    """
    everything = frozenset(given.inside if within is None else given.blocks_in(within))
    named = {block for block in everything if given.blocks[block].name in choice.opened}
    if choice.fold == "layers":
        holding = frozenset(block for block in everything if given.children[block])
        return shallow(given, holding, choice, named)
    items = sum(given.direct[None].values()) if within is None else 0
    tops = given.children[None] if within is None else [within]
    if not choice.fold or items + sum(given.inside[top] for top in tops) <= most:
        return shallow(given, everything, choice, named)
    small = {block for block in everything if given.inside[block] <= 2}
    wanted = everything.intersection(small | with_insides(given, named))
    return shallow(given, level_by_level(given, wanted, content_of, within, most), choice, named)


def shallow(
    given: Foldable, opened: frozenset[int], choice: Choice, named: Iterable[int]
) -> frozenset[int]:
    """Those of the blocks that do not lie too deep, and what is named."""
    wanted = {around for block in named for around in chain(given.blocks, block)}
    if choice.depth is None:
        return opened | wanted
    depth = {
        block: sum(around in given.modules for around in chain(given.blocks, block))
        for block in opened
    }
    return frozenset(block for block in opened if depth[block] < choice.depth) | wanted


def with_insides(given: Foldable, named: Iterable[int]) -> set[int]:
    """Named blocks with those around them, and with those inside of one that can be read."""
    wanted = {around for block in named for around in chain(given.blocks, block)}
    for block in given.inside if wanted else ():
        around = [outer for outer in chain(given.blocks, block) if outer in wanted]
        if around and given.inside[around[-1]] <= READABLE:
            wanted.add(block)
    return wanted


def level_by_level(
    given: Foldable,
    wanted: frozenset[int],
    content_of: Callable[[int], int],
    within: int | None,
    most: int,
) -> frozenset[int]:
    """The wanted blocks, and as many whole levels as can be read together; where that says too
    little, those blocks of the next level that can be, equal ones together."""
    chosen = wanted
    level = given.children[within]
    while level:
        single = [block for block in level if given.blocks[block].copies == 1]
        if given.fits(chosen.union(single), within, most):
            chosen = chosen.union(single)
        elif given.visible(chosen, within).total() >= FEW_SEEN:
            break
        else:
            for alike in equal_ones(given, single, content_of):
                if given.fits(chosen.union(alike), within, most):
                    chosen = chosen.union(alike)
        level = [inner for block in level if block in chosen for inner in given.children[block]]
    return chosen


def equal_ones(
    given: Foldable, blocks: Iterable[int], content_of: Callable[[int], int]
) -> list[list[int]]:
    """Blocks, with those together that are alike; what holds most stands first."""
    groups: dict[int, list[int]] = defaultdict(list)
    for block in blocks:
        groups[content_of(block)].append(block)
    return sorted(groups.values(), key=lambda group: -given.inside[group[0]])
