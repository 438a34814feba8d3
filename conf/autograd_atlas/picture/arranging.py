"""From the items of a view to all blocks that they can be folded into.

To the modules that ran it adds a block around what repeats, and cuts what is still too long to
read into stretches. Each block is a stretch of the forward order, so that whatever is folded, no
wires lead in a circle.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..graph import Block
from .keys import Key
from .repeating import repetitions

MOST_COPIES = 24  # of what repeats, side by side; of more, the first stands beside the others
MOST_UNITS = 40  # items and blocks side by side in one block; more are cut into stretches
MOST_ALONE = 100  # in one of several blocks that have none inside of them
PASSED_OVER = -1  # the number of what makes no difference
MOST_PLAIN = 8  # items in a row that no block of their own is worth

Unit = Key | int  # an item, or a block by its number


def chain(blocks: Sequence[Block], block: int | None) -> list[int]:
    """A block and those around it, outermost first."""
    around: list[int] = []
    while block is not None:
        around.append(block)
        block = blocks[block].parent
    return around[::-1]


def with_inner(blocks: Sequence[Block], counts: Mapping[int | None, int]) -> Counter[int]:
    """A count for each block, to which those of the blocks inside of it are added."""
    summed: Counter[int] = Counter()
    for block, count in counts.items():
        around = block
        while around is not None:
            summed[around] += count
            around = blocks[around].parent
    return summed


def common_block(blocks: Sequence[Block], users: Iterable[int | None]) -> int | None:
    """The innermost block that holds all of these."""
    different = set(users)
    if len(different) == 1:
        return different.pop()
    if None in different:
        return None
    parents = {blocks[user].parent for user in different if user is not None}
    if len(parents) == 1:
        return parents.pop()
    common = None
    for level in zip(*(chain(blocks, user) for user in different), strict=False):
        if len(set(level)) > 1:
            break
        common = level[0]
    return common


def as_stretches(
    blocks: Sequence[Block], block_of: Mapping[Key, int | None]
) -> dict[Key, int | None]:
    """The block of each item, with what lies between the first and the last item of a block in
    that block, too."""
    chains = {block: chain(blocks, block) for block in set(block_of.values())}
    last: dict[int, int] = {}
    for place, block in enumerate(block_of.values()):
        for around in chains[block]:
            last[around] = place
    running: list[int] = []
    placed: dict[Key, int | None] = {}
    for place, (key, block) in enumerate(block_of.items()):
        while running and last[running[-1]] < place:
            running.pop()
        if chains[block][: len(running)] == running:
            running = list(chains[block])
        placed[key] = running[-1] if running else None
    return placed


@dataclass
class Tree:
    """Blocks, and what lies side by side in each, in forward order; in None, what is in no block.

    ``name_of`` gives an item's name, and ``token_of`` what is equal for units that are alike.
    """

    blocks: list[Block]
    rows: dict[int | None, list[Unit]]
    name_of: Callable[[Key], str]
    token_of: Callable[[Unit], Hashable]

    @classmethod
    def of(
        cls,
        blocks: Sequence[Block],
        block_of: Mapping[Key, int | None],
        name_of: Callable[[Key], str],
        token_of: Callable[[Unit], Hashable],
    ) -> "Tree":
        rows: dict[int | None, list[Unit]] = defaultdict(list)
        seen: set[int] = set()
        for key, inner in as_stretches(blocks, block_of).items():
            unit: Unit = key
            block = inner
            while True:
                rows[block].append(unit)
                if block is None or block in seen:
                    break
                seen.add(block)
                unit, block = block, blocks[block].parent
        return cls(list(blocks), {None: [], **rows}, name_of, token_of)

    def placed(self) -> dict[Key, int | None]:
        """The block of each item; the blocks learn what is around them."""
        block_of: dict[Key, int | None] = {}
        for block, row in self.rows.items():
            for unit in row:
                if not isinstance(unit, int):
                    block_of[unit] = block
                elif self.blocks[unit].parent != block:
                    self.blocks[unit] = replace(self.blocks[unit], parent=block)
        return block_of

    def add(self, block: Block, row: list[Unit]) -> int:
        self.blocks.append(block)
        self.rows[len(self.blocks) - 1] = row
        return len(self.blocks) - 1

    def name(self, unit: Unit) -> str:
        if isinstance(unit, int):
            return self.blocks[unit].name or self.blocks[unit].kind
        return self.name_of(unit)

    def contents(self) -> "Contents":
        return Contents(self.blocks, self.rows, self.token_of)

    # -- What repeats

    def fold_repeats(self) -> None:
        """Put a block around each stretch of units that are alike, at least three times in a
        row; first inside of blocks."""
        self.fold_in(None, self.contents())

    def fold_in(self, block: int | None, contents: "Contents") -> None:
        for unit in self.rows.get(block, ()):
            if isinstance(unit, int):
                self.fold_in(unit, contents)
        while self.fold_row(block, contents):
            pass

    def fold_row(self, block: int | None, contents: "Contents") -> bool:
        """Fold what repeats in one block; whether there was any."""
        row = self.rows.get(block, [])
        folded: list[Unit] = []
        end = 0
        for place, period, copies in repetitions([contents.of(unit) for unit in row]):
            members = row[place : place + period * copies]
            if len(members) <= MOST_PLAIN and not any(isinstance(unit, int) for unit in members):
                continue
            parts = [members[n : n + period] for n in range(0, len(members), period)]
            if block is not None and len(members) == len(row):
                self.fold_whole(block, parts)
                return False
            folded += [*row[end:place], self.stretch(parts)]
            end = place + len(members)
        self.rows[block] = [*folded, *row[end:]]
        return end > 0

    def fold_whole(self, block: int, parts: list[list[Unit]]) -> None:
        """Make a block in which there is nothing but copies one that says so."""
        whole, kind = self.blocks[block], self.kind(parts[0])
        of_blocks = any(isinstance(unit, int) for unit in parts[0])
        if whole.name and of_blocks:
            name = whole.name if whole.kind else self.span(parts)
            self.blocks[block] = replace(whole, name=name, copies=len(parts))
            self.rows[block] = self.copies(parts, kind)
        elif of_blocks or len(self.rows[block]) > MOST_COPIES:
            self.rows[block] = [self.stretch(parts)]

    def span(self, parts: list[list[Unit]]) -> str:
        names = [self.name(unit) for part in (parts[0], parts[-1]) for unit in part]
        return span([name for name in names if name])

    def kind(self, part: Iterable[Unit]) -> str:
        kinds = (self.blocks[unit].kind for unit in part if isinstance(unit, int))
        return ", ".join(dict.fromkeys(kind for kind in kinds if kind))

    def stretch(self, parts: list[list[Unit]]) -> int:
        kind = self.kind(parts[0])
        copies = self.copies(parts, kind)
        return self.add(Block(self.span(parts), kind, copies=len(parts)), copies)

    def copies(self, parts: list[list[Unit]], kind: str) -> list[Unit]:
        """A unit for each part; of very many, the first, and one for the others."""
        ones = [
            part[0] if len(part) == 1 else self.add(Block(self.copy_name(part, n), kind), part)
            for n, part in enumerate(parts, 1)
        ]
        if len(ones) <= MOST_COPIES:
            return ones
        others = Block(f"2 … {len(ones)}", kind, copies=len(ones) - 1)
        return [ones[0], self.add(others, self.grouped(ones[1:], MOST_COPIES, others, 2))]

    def copy_name(self, part: Iterable[Unit], number: int) -> str:
        names = dict.fromkeys(self.blocks[unit].name for unit in part if isinstance(unit, int))
        names.pop("", None)
        return span(list(names)) if len(names) == 1 and has_number(*names) else f"{number}"

    def grouped(
        self, units: list[Unit], most: int, like: Block | None = None, first: int = 1
    ) -> list[Unit]:
        """So many units that there are not more than ``most`` side by side: groups of them, where
        there are more. Groups of copies are ``like`` that block, and numbered from ``first``."""
        if len(units) <= most:
            return units
        size = max(math.ceil(len(units) / most), math.isqrt(len(units)))
        groups: list[Unit] = []
        for start in range(0, len(units), size):
            part = units[start : start + size]
            if like is None:
                group = Block(span([self.name(unit) for unit in part]), "")
            else:
                name = f"{first + start} … {first + start + len(part) - 1}"
                group = replace(like, name=name, copies=len(part))
            row = self.grouped(part, most, like, first + start)
            groups.append(part[0] if len(part) == 1 else self.add(group, row))
        return groups

    # -- What is too long

    def insert_sources(
        self, block_of: Mapping[Key, int | None], users: Mapping[Key, Sequence[Key]]
    ) -> None:
        """Put what is not computed into the rows, each before the unit that uses it first."""
        blocks = {unit: block for block, row in self.rows.items() for unit in row}
        places = {key: place for place, key in enumerate(block_of)}
        before: dict[tuple[int | None, Unit | None], list[Unit]] = defaultdict(list)
        for key, block in block_of.items():
            if key not in blocks:
                unit: Unit | None = min(users[key], key=places.__getitem__, default=None)
                while unit is not None and blocks[unit] != block:
                    unit = blocks[unit]
                before[block, unit].append(key)
        for block, row in self.rows.items():
            merged = [each for unit in row for each in (*before[block, unit], unit)]
            self.rows[block] = [*merged, *before[block, None]]

    def cut(self) -> None:
        """Cut what has too many units into stretches: first those without blocks. One of several
        blocks, in which there are none, can be larger: it is opened only if one asks for it."""
        asked_for = {
            block
            for row in self.rows.values()
            if len(blocks := self.blocks_of(row)) > 1
            for block in blocks
            if not self.blocks_of(self.rows[block])
        }
        for block, row in list(self.rows.items()):
            if len(row) > (MOST_ALONE if block in asked_for else MOST_UNITS):
                few = list(self.without_runs(row)) if self.blocks_of(row) else row
                many = len(few) > MOST_UNITS
                self.rows[block] = self.grouped(few, MOST_COPIES) if many else few

    def blocks_of(self, row: Iterable[Unit]) -> list[int]:
        return [unit for unit in row if isinstance(unit, int)]

    def without_runs(self, row: Iterable[Unit]) -> Iterator[Unit]:
        run: list[Unit] = []
        for unit in [*row, -1]:
            if not isinstance(unit, int):
                run.append(unit)
                continue
            if len(run) > MOST_PLAIN:
                name = span([self.name(each) for each in run])
                yield self.add(Block(name, ""), self.grouped(run, MOST_COPIES))
            else:
                yield from run
            run = []
            if unit >= 0:
                yield unit


class Contents:
    """Numbers that are equal for units in which the same happens.

    ``token_of`` gives None for a block that is like one with the same content, and nothing, as a
    text, for an item that makes no difference.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        rows: Mapping[int | None, Sequence[Unit]],
        token_of: Callable[[Unit], Hashable],
    ) -> None:
        self._blocks, self._rows, self._token_of = blocks, rows, token_of
        self._numbers: dict[Hashable, int] = {"": PASSED_OVER}
        self._known: dict[Unit, int] = {}

    def of(self, unit: Unit) -> int:
        if unit not in self._known:
            token = self._token_of(unit)
            if isinstance(unit, int) and token is None:
                inner = tuple([n for n in map(self.of, self._rows[unit]) if n != PASSED_OVER])
                token = self._blocks[unit].kind, self._blocks[unit].copies, inner
            self._known[unit] = self._numbers.setdefault(token, len(self._numbers))
        return self._known[unit]


def has_number(name: str) -> bool:
    return name.rpartition(".")[2].isdigit()


def span(names: Sequence[str]) -> str:
    """The name of a stretch, from those of its units.

    >>> span(["layers.0", "layers.1", "layers.2"]), span(["cell", "cell"]), span(["sin", "mul"])
    ('layers.0 … 2', 'cell', 'sin … mul')
    """
    if not names:
        return ""
    first, last = names[0].partition(" … ")[0], names[-1]
    head = first.rpartition(".")[0]
    if " … " in last:
        last = last.partition(" … ")[2]
    if head and last.startswith(f"{head}."):
        last = last.removeprefix(f"{head}.")
    return first if last in (first, first.rpartition(".")[2]) else f"{first} … {last}"
