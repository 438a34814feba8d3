"""From a :class:`~autograd_atlas.graph.Graph` to what one picture of it shows.

A :class:`Diagram` is one view, with boxes, wires and frames: what is folded, what each box
says and how large it has to be. It knows neither coordinates nor any language: what it says
are names, numbers and symbols.

Wires run from left to right in both views, as the calculation did. In the recorded view
their arrows point the other way, along ``next_functions``.
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..graph import (
    Block,
    Call,
    Graph,
    Node,
    Number,
    Saved,
    Tensor,
    Value,
    primed,
    same_numbers,
    total,
)

WRITTEN, RECORDED = "written", "recorded"

# One character of the monospaced faces that graph.css names is 0.6 em wide; 12 px text.
CHARACTER, LINE, PADDING, CIRCLE = 7.3, 16.0, 7.0, 24.0
STOP = 14.0  # the length of an edge that leads nowhere
LONGEST_CALL = len("binary_cross_entropy_with_logits")  # a name that people know is not cut
LONGEST = 30  # characters of a label; a longer one is cut in the middle, and kept as a title
READABLE = 48  # boxes that one can read at once; with more, blocks stay folded
FEW = 60  # boxes up to which wires carry numbers, and nodes what they saved
MOST_OUTPUTS = 6  # of a node that are told one by one
ROW = 24  # copies of a repeated block that are drawn one by one; more become one box


class Span(NamedTuple):
    """A part of a line. ``about`` names the quantity that it tells, if that may change when a
    graph is played (see :mod:`autograd_atlas.picture.tape`), and after a colon which row of it."""

    style: str
    text: str
    about: str = ""


UNKNOWN = "?:0"  # about: a number of which nobody knows where it came from


@dataclass(frozen=True)
class Box:
    """A tensor, a call with the tensor that it made, a node, or a folded block."""

    key: str
    kind: str
    lines: tuple[tuple[Span, ...], ...] = ()
    symbol: str = ""  # of the call, in a circle at the left
    title: str = ""  # the whole of a label that was cut
    frame: int | None = None
    tensor: int | None = None  # whose value it shows, in the written view
    inside: int = 0  # of a folded block: how many calls, or nodes
    stops: tuple[str, ...] = ()  # the keys of edges that lead nowhere, drawn as short ends
    width: float = 0
    height: float = 0


@dataclass(frozen=True)
class Wire:
    """A value that flows from one box to the next, and the gradient that comes back."""

    key: str
    source: str
    target: str
    kind: str = "flow"  # "quiet": no gradient comes back; "alias": shares memory
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
    view: str
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    frames: tuple[Frame, ...] = ()
    inside: int | None = None  # the block of which this is the content
    items: tuple[tuple[str, int], ...] = ()  # all that could be drawn in a block, and that block


# -- Text in boxes --------------------------------------------------------------------------


def columns(text: str) -> float:
    """How many characters wide a text is; Chinese characters and emoji take two."""
    if text.isascii():
        return len(text)
    wide = 0.0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Cf"):
            continue
        wide += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return wide


def short(text: str, longest: int = LONGEST) -> str:
    """``text``, cut in the middle if it is too long for a label; a path, at its beginning.

    >>> short("a_name_that_is_longer_than_one_would_like", 20)
    'a_name_tha…ould_like'
    >>> short("encoder.layers.0.self_attn.out_proj.bias", 20)
    '…_attn.out_proj.bias'
    """
    if columns(text) <= longest:
        return text
    if text.isascii() and text.replace(".", "_").isidentifier() and "." in text:
        return f"…{text[1 - longest :]}"
    head, tail = text[: longest // 2], text[-(longest // 2 - 1) :]
    while columns(head) > longest // 2:
        head = head[:-1]
    while columns(tail) > longest // 2 - 1:
        tail = tail[1:]
    return f"{head}…{tail}"


def number_text(number: Number) -> str:
    """As torch prints it, with at most four decimals, and no zeros that say nothing.

    >>> number_text(33.0), number_text(1 / 3), number_text(1e-7), number_text(True)
    ('33', '0.3333', '1e-07', 'True')
    """
    if isinstance(number, complex):
        imaginary = number_text(number.imag)
        sign = "" if imaginary.startswith("−") else "+"
        return f"{number_text(number.real)}{sign}{imaginary}j"
    if not isinstance(number, float) or not math.isfinite(number):
        return str(number).replace("-", "−") if isinstance(number, float) else str(number)
    if number and not 1e-4 <= abs(number) < 1e6:
        mantissa, exponent = f"{number:.4e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}".replace(
            "-", "−", mantissa.count("-")
        )
    text = f"{number:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def type_text(value: Value) -> str:
    return f"{value.dtype}[{', '.join(map(str, value.shape))}]"


def rows_of(value: Value, widest: int = 26, most: int = 4) -> list[str]:
    """The numbers of a small tensor, one text a row; of a large one, dtype and shape."""
    numbers, shape = value.numbers, value.shape
    if numbers is None or len(shape) > 2:
        return (
            [type_text(value)]
            if numbers is None or len(numbers) != 1
            else [number_text(numbers[0])]
        )
    if len(numbers) == 1:
        return [number_text(numbers[0])]
    if 3 * shape[-1] > widest or (len(shape) == 2 and shape[0] > most):
        return [type_text(value)]  # a digit, a comma and a space each would be too wide
    if len(shape) < 2:
        rows = [f"[{', '.join(map(number_text, numbers))}]"]
    else:
        wide = shape[1]
        texts = [number_text(each) for each in numbers]
        cell = max(map(len, texts), default=0)
        parts = [
            ", ".join(t.rjust(cell) for t in texts[n * wide : n * wide + wide])
            for n in range(shape[0])
        ]
        rows = [f"[{part}]" for part in parts]
        rows = [f"[{rows[0]}]"] if len(rows) == 1 else rows
    fits = 0 < len(rows) <= most and all(columns(row) <= widest for row in rows)
    return rows if fits else [type_text(value)]


def shown(value: Value | None, widest: int = 14) -> str:
    """A value for a wire: numbers if they fit in one line, else nothing."""
    if value is None or value.numbers is None:
        return ""
    rows = rows_of(value, widest, 1)
    return rows[0] if value.numbers and rows[0] != type_text(value) else ""


def named(name: str, value: Value, style: str, about: str) -> list[tuple[Span, ...]]:
    """``name = value``, or the value's rows below the name."""
    rows = rows_of(value)
    label = (Span(f"{style}-name", short(name)),) if name else ()
    if rows[0] == type_text(value):
        return [*([label] if label else []), (Span("type", rows[0]),)]
    if len(rows) == 1:
        return [(*label, Span(style, f" = {rows[0]}" if name else rows[0], f"{about}:0"))]
    return [
        *([label] if label else []),
        *((Span(style, row, f"{about}:{n}"),) for n, row in enumerate(rows)),
    ]


def tensor_name(tensor: Tensor) -> str:
    return primed(tensor.name, tensor.primes) if tensor.name else ""


def gradient_lines(value: Value | None, about: str, prefix: str = "∇ ") -> list[tuple[Span, ...]]:
    if value is None:
        return []
    rows = rows_of(value)
    if rows[0] == type_text(value):
        return []
    return [
        (Span("grad", (prefix if n == 0 else " " * len(prefix)) + row, f"{about}:{n}"),)
        for n, row in enumerate(rows)
    ]


SYMBOLS = {
    "add": "+", "sub": "−", "subtract": "−", "mul": "×", "multiply": "×", "div": "÷",
    "true_divide": "÷", "divide": "÷", "neg": "−", "matmul": "@", "mm": "@", "mv": "@", "bmm": "@",
    "__matmul__": "@", "pow": "^", "__pow__": "^", "sum": "Σ", "prod": "Π", "sigmoid": "σ",
    "sqrt": "√", "gt": ">", "lt": "<", "ge": "≥", "le": "≤", "eq": "=", "ne": "≠",
    "__rsub__": "−", "rsub": "−", "__rdiv__": "÷", "__rtruediv__": "÷", "__rpow__": "^",
    "__rmatmul__": "@", "__and__": "&", "__or__": "|", "logical_not": "¬",
}  # fmt: skip


def call_symbol(call: Call) -> str:
    """What stands in a call's circle.

    >>> call_symbol(Call("mul", (), ())), call_symbol(Call("sum", (), (), ("dim=1",)))
    ('×', 'Σ dim=1')
    >>> call_symbol(Call("__getitem__", (), (), ("0",))), call_symbol(Call("exp", (), ()))
    ('[0]', 'exp')
    """
    options = ", ".join(call.options)
    if call.name == "__getitem__":
        return short(f"[{options.removeprefix('(').removesuffix(')')}]", 20)
    if call.name == "__setitem__":
        return short(f"[{call.options[0] if call.options else ''}] =", 20)
    name = SYMBOLS.get(call.name, call.name)
    if name != call.name:
        return short(f"{name} {options}".strip(), 20)
    return short(f"{name}({options})", 24) if options else short(name, LONGEST_CALL)


def symbol_width(symbol: str) -> float:
    return max(CIRCLE, columns(symbol) * CHARACTER + 12) if symbol else 0


def sized(box: Box) -> Box:
    """The box, as large as what it says."""
    widest = max((sum(columns(span.text) for span in line) for line in box.lines), default=0)
    inner = widest * CHARACTER + 2 * PADDING if box.lines else 0
    tall = max(len(box.lines) * LINE + 8 if box.lines else 0, CIRCLE if box.symbol else 0)
    ends = STOP if box.stops else 0
    return replace(box, width=inner + symbol_width(box.symbol) + ends, height=tall)


# -- Folding --------------------------------------------------------------------------------


def with_repeats(graph: Graph) -> Graph:
    """Where much is to be shown and no module gives blocks, make each copy of what repeats one.

    Only what was computed is looked at, in forward order. An interval of that order can be
    drawn as one box without making a cycle.
    """
    if graph.blocks or max(len(graph.nodes), len(graph.calls)) <= READABLE:
        return graph
    blocks: list[Block] = []
    calls, nodes = list(graph.calls), list(graph.nodes)
    if graph.calls:
        tokens = [(call.name, len(call.arguments), call.options) for call in calls]
        for call, block in repeats(tokens, blocks).items():
            calls[call] = replace(calls[call], block=block)
            for node in calls[call].nodes:
                nodes[node] = replace(nodes[node], block=block)
    else:
        computed = [number for number, node in enumerate(nodes) if not node.leaf]
        tokens = [(nodes[n].name, len(nodes[n].outputs)) for n in computed]
        for place, block in repeats(tokens, blocks).items():
            nodes[computed[place]] = replace(nodes[computed[place]], block=block)
    return replace(graph, blocks=tuple(blocks), calls=tuple(calls), nodes=tuple(nodes))


def repeats(tokens: Sequence[Hashable], blocks: list[Block]) -> dict[int, int]:
    """The block of each position that lies in a repetition; new blocks are added to ``blocks``.

    A repetition is a unit that stands at least three times in a row. Up to ROW copies become a
    block each; more become one block for all.
    """
    found: dict[int, int] = {}
    number_of: dict[Hashable, int] = {}
    ids = [number_of.setdefault(token, len(number_of)) for token in tokens]
    places: dict[int, list[int]] = defaultdict(list)
    for place, token in enumerate(ids):
        places[token].append(place)
    upcoming = dict.fromkeys(places, 0)
    place = 0
    while place < len(ids):
        token = ids[place]
        here = places[token]
        while here[upcoming[token]] <= place and upcoming[token] < len(here) - 1:
            upcoming[token] += 1
        best = 0, 0
        for later in here[upcoming[token] : upcoming[token] + 40]:
            period = later - place
            if period <= 0:
                continue
            end = later
            while end < len(ids) and ids[end] == ids[end - period]:
                end += 1
            copies = (end - place) // period
            if copies >= 3 and copies * period > best[0] * best[1]:
                best = period, copies
                break  # the shortest period covers what its multiples do
        period, copies = best
        if not copies:
            place += 1
            continue
        if copies <= ROW:
            for copy in range(copies):
                blocks.append(Block(f"{copy + 1}", ""))
                for inside in range(place + copy * period, place + copy * period + period):
                    found[inside] = len(blocks) - 1
        else:
            blocks.append(Block(f"× {copies}", ""))
            for inside in range(place, place + copies * period):
                found[inside] = len(blocks) - 1
        place += copies * period
    return found


def chain(blocks: Sequence[Block], block: int | None) -> list[int]:
    """A block and those around it, outermost first."""
    found: list[int] = []
    while block is not None:
        found.append(block)
        block = blocks[block].parent
    return found[::-1]


@dataclass(frozen=True)
class Folds:
    """Which blocks are open, and what stands for an item in a closed one."""

    blocks: tuple[Block, ...]
    open: frozenset[int]

    def chain(self, block: int | None) -> list[int]:
        return chain(self.blocks, block)

    def closed(self, block: int | None) -> int | None:
        """The outermost closed block around an item."""
        return next((each for each in self.chain(block) if each not in self.open), None)


def common_block(blocks: tuple[Block, ...], users: Iterable[int | None]) -> int | None:
    """The innermost block that holds all of these."""
    folds = Folds(blocks, frozenset())
    chains = [folds.chain(user) for user in users]
    common = None
    for level in zip(*chains):
        if len(set(level)) > 1:
            break
        common = level[0]
    return common if chains else None


def open_blocks(
    graph: Graph, items: Sequence[int | None], fold: bool | str, opened: Iterable[str]
) -> frozenset[int]:
    """The blocks to open for ``items``, of which the block is given.

    All, if ``fold`` is false or everything together can be read; otherwise level by level, as
    long as it can be. Blocks around one or two items are always open; so is what is named.
    If ``fold`` is "layers", those that hold other blocks, and what is named.
    """
    everything = frozenset(range(len(graph.blocks)))
    none = Folds(graph.blocks, frozenset())
    if fold == "layers":
        names = set(opened)
        named = {block for block in everything if graph.blocks[block].name in names}
        around = {each for block in everything for each in none.chain(block) if each != block}
        return frozenset(named | around)
    if not fold or len(items) <= READABLE:
        return everything
    inside: Counter[int] = Counter()
    depth = {block: len(none.chain(block)) for block in everything}
    counts = Counter(items)
    for item, count in counts.items():
        for block in none.chain(item):
            inside[block] += count
    names = set(opened)
    asked = {block for block in everything if graph.blocks[block].name in names}
    for block in list(asked):
        asked.update(none.chain(block))
    for block in everything:
        around = [each for each in none.chain(block) if each in asked]
        if around and inside[around[-1]] <= READABLE:
            asked.add(block)
    chosen = frozenset(asked | {block for block in everything if inside[block] <= 2})
    for level in range(1, max(depth.values(), default=0) + 1):
        more = chosen | {block for block in everything if depth[block] <= level}
        folds = Folds(graph.blocks, more)
        reps: Counter[int | None] = Counter()
        for item, count in counts.items():
            reps[folds.closed(item)] += count
        visible = reps.pop(None, 0) + len(reps)
        if visible > READABLE:
            break
        chosen = more
    return chosen


def block_title(block: Block) -> str:
    return " · ".join(each for each in (block.name, block.kind) if each)


# -- The two views --------------------------------------------------------------------------


def diagram(
    graph: Graph,
    view: str,
    *,
    fold: bool | str = True,
    opened: Iterable[str] = (),
    inside: int | None = None,
    around: int | None = None,
) -> Diagram:
    """One view of a graph.

    ``fold=False`` opens every block, and ``opened`` names blocks to open. ``inside`` draws the
    content of one block, with what flows into it and out of it; ``around`` opens one block in
    its place among the others.
    """
    graph = with_repeats(graph) if fold else graph
    builder = Written(graph) if view == WRITTEN else Recorded(graph)
    picture = builder.build(fold, opened, inside, around)
    # A block is a stretch of the calculation, so that folding makes no circle; if some program
    # manages to make one all the same, it is drawn unfolded.
    return picture if inside is not None or flows(picture) else builder.build(False, ())


def flows(picture: Diagram) -> bool:
    """Whether the wires never lead in a circle."""
    waiting = Counter(wire.target for wire in picture.wires)
    users: dict[str, list[str]] = defaultdict(list)
    for wire in picture.wires:
        users[wire.source].append(wire.target)
    ready = [box.key for box in picture.boxes if not waiting[box.key]]
    done = 0
    while ready:
        done += 1
        for user in users[ready.pop()]:
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    return done == len(picture.boxes)


class Builder:
    """What both views share: items in blocks become boxes, and wires between them."""

    view: str

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.few = True

    def items(self) -> dict[str, int | None]:
        """The block of each item, by its key, in forward order."""
        raise NotImplementedError

    def box(self, key: str) -> Box:
        raise NotImplementedError

    def wires(self) -> list[Wire]:
        """All wires, without their numbers."""
        raise NotImplementedError

    def labelled(self, wire: Wire) -> Wire:
        """A wire with its numbers."""
        raise NotImplementedError

    def build(
        self,
        fold: bool | str,
        opened: Iterable[str],
        inside: int | None = None,
        around: int | None = None,
    ) -> Diagram:
        items = self.items()
        chosen = open_blocks(self.graph, list(items.values()), fold, opened)
        folds = Folds(self.graph.blocks, chosen)
        block = around if inside is None else inside
        if block is not None:
            inner = {each for each in set(items.values()) if block in folds.chain(each)}
            within = {key: each for key, each in items.items() if each in inner}
            small = open_blocks(self.graph, list(within.values()), fold, opened)
            if inside is None:
                small = chosen | {each for each in small if block in folds.chain(each)}
            folds = Folds(self.graph.blocks, small | set(folds.chain(block)))
        stands = {key: key for key in items}
        closed: Counter[int] = Counter()
        outermost_of = {block: folds.closed(block) for block in set(items.values())}
        for key, block in items.items():
            if (outermost := outermost_of[block]) is not None:
                stands[key] = f"b{outermost}"
                closed[outermost] += not key.startswith(("t", "k"))
        wires = self.wires()
        if inside is not None:
            near = {w.source for w in wires if w.target in within} | {
                w.target for w in wires if w.source in within
            }
            stands = {key: stand for key, stand in stands.items() if key in within or key in near}
            wires = [
                w for w in wires
                if {w.source, w.target} <= stands.keys() and {w.source, w.target} & within.keys()
            ]  # fmt: skip
        visible = list(dict.fromkeys(stands.values()))
        self.few = len(visible) <= FEW
        boxes = []
        for key in visible:
            if key[0] == "b":
                boxes.append(self.block_box(int(key[1:]), closed[int(key[1:])]))
            else:
                boxes.append(replace(sized(self.box(key)), frame=items[key]))
        picture = self.framed(boxes, self.between(wires, stands), folds, inside, around)
        blocks = tuple((key, each) for key, each in items.items() if each is not None)
        return replace(picture, items=blocks)

    def block_box(self, number: int, count: int) -> Box:
        block = self.graph.blocks[number]
        title = block_title(block)
        names = [short(name) for name in (block.name, block.kind) if name]
        lines = [(Span("type" if n else "head", name),) for n, name in enumerate(names)]
        lines.append((Span("type", f"{self.unit} × {count}"),))
        box = sized(Box(f"b{number}", "block", tuple(lines), title=title, inside=count))
        return replace(box, frame=block.parent)

    unit = ""

    def between(self, wires: list[Wire], stands: dict[str, str]) -> list[Wire]:
        """Wires between what is visible; those that join the same two boxes across a fold are
        one."""
        kept: dict[tuple[str, str, str], Wire] = {}
        for wire in wires:
            source, target = stands[wire.source], stands[wire.target]
            if source == target:
                continue
            folded = source[0] == "b" or target[0] == "b"
            key = (source, target, "" if folded else wire.key)
            if key not in kept or kept[key].kind == "quiet":
                kept[key] = replace(wire, source=source, target=target)
        return [self.labelled(wire) if self.few else wire for wire in kept.values()]

    def framed(
        self,
        boxes: list[Box],
        wires: list[Wire],
        folds: Folds,
        inside: int | None,
        around: int | None,
    ) -> Diagram:
        """Draw a frame around an open block if it holds more than one call, and not all; and around
        one that was opened in its place, which is closed by its frame."""
        members: Counter[int] = Counter()
        for box in boxes:
            if box.kind not in ("leaf", "constant", "accumulate"):
                for block in folds.chain(box.frame):
                    members[block] += 1
        everything = sum(box.kind not in ("leaf", "constant", "accumulate") for box in boxes)
        drawn = {block for block, count in members.items() if 1 < count < everything}
        drawn |= {around} & members.keys()
        drawn -= set(folds.chain(inside))

        def nearest(block: int | None) -> int | None:
            return next((each for each in reversed(folds.chain(block)) if each in drawn), None)

        blocks = self.graph.blocks
        frames = [
            Frame(number, block_title(blocks[number]), nearest(blocks[number].parent))
            for number in sorted(drawn)
        ]  # fmt: skip
        boxes = [replace(box, frame=nearest(box.frame)) for box in boxes]
        return Diagram(self.view, tuple(boxes), tuple(wires), tuple(frames), inside)


class Written(Builder):
    """Tensors and the calls that made them.

    A call that made one tensor is one box with it ("c3"); other tensors are boxes of their own
    ("t3"), and so are numbers ("k3.1" for argument 1 of call 3).
    """

    view = WRITTEN
    unit = "ƒ"

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.results = {root.tensor for root in graph.roots}
        used = {a.tensor for call in graph.calls for a in call.arguments} | self.results
        used |= {tensor.changed_by for tensor in graph.tensors}
        self.shown = {
            n: [each for each in call.outputs if each in used] for n, call in enumerate(graph.calls)
        }
        self.made_by = {each: n for n, outputs in self.shown.items() for each in outputs}

    def key_of(self, tensor: int) -> str:
        call = self.made_by.get(tensor)
        if call is not None and len(self.shown[call]) == 1:
            return f"c{call}"
        return f"t{tensor}"

    def items(self) -> dict[str, int | None]:
        graph = self.graph
        users: dict[int, list[int | None]] = defaultdict(list)
        for call in graph.calls:
            for argument in call.arguments:
                if argument.tensor is not None:
                    users[argument.tensor].append(call.block)
        found: dict[str, int | None] = {}
        drawn: set[int] = set()

        def add(tensor: int) -> None:
            if tensor in drawn or tensor in self.made_by:
                return
            drawn.add(tensor)
            changed_by = graph.tensors[tensor].changed_by
            if changed_by is not None:
                add(changed_by)
            if changed_by is not None:  # it changed where its base was written
                writer = graph.made_by.get(changed_by)
                found[f"t{tensor}"] = None if writer is None else graph.calls[writer].block
            elif graph.tensors[tensor].held:
                found[f"t{tensor}"] = common_block(graph.blocks, users[tensor])
            else:
                found[f"t{tensor}"] = None

        for number, call in enumerate(graph.calls):
            for position, argument in enumerate(call.arguments):
                if argument.tensor is not None:
                    add(argument.tensor)
                else:
                    found[f"k{number}.{position}"] = call.block
            found[f"c{number}"] = call.block
            if len(self.shown[number]) != 1:
                found |= {f"t{each}": call.block for each in self.shown[number]}
        for root in graph.roots:
            add(root.tensor)
        return found

    def box(self, key: str) -> Box:
        if key[0] == "k":
            text = self.graph.calls[int(key[1 : key.index(".")])].arguments
            argument = text[int(key[key.index(".") + 1 :])]
            label = Span("value", short(argument.text, 12))
            return Box(key, "constant", ((label,),), title=argument.text)
        if key[0] == "t":
            return self.tensor_box(key, int(key[1:]), "")
        call = self.graph.calls[int(key[1:])]
        outputs = self.shown[int(key[1:])]
        if len(outputs) == 1:
            return self.tensor_box(key, outputs[0], call_symbol(call))
        return Box(key, "call", symbol=call_symbol(call))

    def tensor_box(self, key: str, number: int, symbol: str) -> Box:
        tensor = self.graph.tensors[number]
        kind = "tensor" if tensor.requires_grad else "constant"
        if tensor.leaf:
            kind = "leaf"
        if number in self.results:
            kind = "result"
        lines = named(tensor_name(tensor), tensor.value, "value", f"v{number}")
        if self.few:
            arrived = self.gradient(tensor)
            lines += gradient_lines(arrived, f"r{tensor.node}.{tensor.output}")
            kept = self.graph.nodes[tensor.node].grad if tensor.leaf and arrived else None
            if kept is not None and not same_numbers(kept, arrived):
                lines += gradient_lines(kept, f"g{tensor.node}", ".grad = ")
        full = tensor_name(tensor)
        title = full if columns(full) > LONGEST else ""
        return Box(key, kind, tuple(lines), symbol, title, tensor=number)

    def gradient(self, tensor: Tensor) -> Value | None:
        if tensor.node is None or not self.graph.order:
            return None
        return self.graph.nodes[tensor.node].outputs[tensor.output].received

    def wires(self) -> list[Wire]:
        graph, found = self.graph, []
        for number, call in enumerate(graph.calls):
            for position, argument in enumerate(call.arguments):
                key, target = f"w{number}.{position}", f"c{number}"
                if argument.tensor is None:
                    found.append(Wire(key, f"k{number}.{position}", target, "quiet"))
                else:
                    tensor = graph.tensors[argument.tensor]
                    kind, edges = (
                        ("flow", argument.edges) if tensor.requires_grad else ("quiet", ())
                    )
                    source = self.key_of(argument.tensor)
                    found.append(Wire(key, source, target, kind, edges=edges))
            if len(self.shown[number]) != 1:
                for output in self.shown[number]:
                    found.append(Wire(f"o{output}", f"c{number}", f"t{output}"))
        for number, tensor in enumerate(graph.tensors):
            if tensor.changed_by is not None and number not in self.made_by:
                source = self.key_of(tensor.changed_by)
                found.append(Wire(f"a{number}", source, f"t{number}", "alias"))
        return found

    def labelled(self, wire: Wire) -> Wire:
        if not wire.edges:
            return wire
        edges = [self.graph.edges[edge] for edge in wire.edges]
        sent = shown(total(edge.sent for edge in edges))
        if not sent:
            return wire
        call = self.graph.calls[int(wire.key[1 : wire.key.index(".")])]
        local = edges[0].local if len(edges) == 1 and len(call.nodes) == 1 else None
        above = "" if local is None else f"∂ {number_text(local)}"
        return replace(wire, above=above, below=f"◁ {sent}")


class Recorded(Builder):
    """Autograd nodes ("n3"), joined along ``next_functions`` (edge "e3")."""

    view = RECORDED
    unit = "grad_fn"

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.used = {(edge.target, edge.output) for edge in graph.edges}
        self.used |= {(root.node, root.output) for root in graph.roots}
        self.leaf_tensor = {t.node: n for n, t in reversed([*enumerate(graph.tensors)]) if t.leaf}
        self.stops: dict[int, list[str]] = defaultdict(list)
        for number, edge in enumerate(graph.edges):
            if edge.target is None:
                self.stops[edge.source].append(f"e{number}")

    def items(self) -> dict[str, int | None]:
        users: dict[int, list[int | None]] = defaultdict(list)
        for edge in self.graph.edges:
            if edge.target is not None:
                users[edge.target].append(self.graph.nodes[edge.source].block)
        return {
            f"n{n}": node.block
            if not node.leaf
            else common_block(self.graph.blocks, users[n])
            if node.held
            else None
            for n, node in enumerate(self.graph.nodes)
        }

    def box(self, key: str) -> Box:
        number = int(key[1:])
        node = self.graph.nodes[number]
        prefix, colons, name = node.name.rpartition("::")
        lines: list[tuple[Span, ...]] = []
        if prefix:
            lines.append((Span("type", prefix + colons),))
        lines.append((Span("head", short(name)),))
        if node.leaf:
            lines += self.leaf_lines(number, node)
            kind = "accumulate"
        else:
            lines += self.output_lines(number, node)
            kind = "result" if number in {root.node for root in self.graph.roots} else "node"
        title = name if columns(name) > LONGEST else ""
        return Box(key, kind, tuple(lines), title=title, stops=tuple(self.stops[number]))

    def leaf_lines(self, number: int, node: Node) -> list[tuple[Span, ...]]:
        name = node.outputs[0].name or ""
        if self.few and node.grad is not None and self.graph.order:
            if rows_of(node.grad)[0] != type_text(node.grad):
                return named(f"{short(name)}.grad", node.grad, "grad", f"g{number}")
        if self.few:
            tensor = self.leaf_tensor.get(number)
            about = UNKNOWN if tensor is None else f"v{tensor}"
            return named(name, node.outputs[0].value, "value", about)
        return [(Span("value-name", short(name)),)] if name else []

    def output_lines(self, place: int, node: Node) -> list[tuple[Span, ...]]:
        lines: list[tuple[Span, ...]] = []
        several = len(node.outputs) > 1
        used = [number for number in range(len(node.outputs)) if (place, number) in self.used]
        for number in used[:MOST_OUTPUTS]:
            output = node.outputs[number]
            spans: list[Span] = []
            if output.name and self.few:
                label = f"[{number}] {output.name}" if several else output.name
                spans.append(Span("value-name", short(label)))
            arrived = shown(output.received, 26) if self.few else ""
            if arrived:
                gap = "  " if spans else ""
                spans.append(Span("grad", f"{gap}∇ {arrived}", f"r{place}.{number}:0"))
            if spans:
                lines.append(tuple(spans))
        if len(used) > MOST_OUTPUTS:
            lines.append((Span("type", f"… {len(node.outputs)}"),))
        for saved in node.saved if self.few else ():
            numbers = shown(saved.value, 20) if saved.value is not None else "…"
            text = saved.name or numbers or type_text(saved.value)
            style = "tag" if saved.state == "kept" else f"tag-{saved.state}"
            about = ""
            if not saved.name and saved.value is not None and numbers:
                about = self.saved_about(place, saved)
            lines.append((Span(style, f"▪ {saved.attribute} = {short(text, 20)}", about),))
        return lines

    def saved_about(self, place: int, saved: Saved) -> str:
        """What a saved number is: a tensor of the graph, a number in the program, or who knows."""
        if saved.tensor is not None:
            return f"v{saved.tensor}:0"
        calls = (call for call in self.graph.calls if place in call.nodes)
        texts = {argument.text for call in calls for argument in call.arguments}
        return "" if {number_text(number) for number in saved.value.numbers} <= texts else UNKNOWN

    def wires(self) -> list[Wire]:
        found = []
        for number, edge in enumerate(self.graph.edges):
            if edge.target is None:
                continue
            ends = f"n{edge.target}", f"n{edge.source}"
            found.append(Wire(f"e{number}", *ends, edges=(number,)))
        return found

    def labelled(self, wire: Wire) -> Wire:
        edge = self.graph.edges[wire.edges[0]]
        sent = shown(edge.sent)
        several = len(self.graph.nodes[edge.target].outputs) > 1
        above = [f"[{edge.output}]"] if several else []
        if edge.local is not None and sent:
            above.append(f"∂ {number_text(edge.local)}")
        return replace(wire, above=" ".join(above), below=f"◁ {sent}" if sent else "")


def blocks_to_open(diagram: Diagram) -> list[int]:
    """The folded blocks of a picture."""
    return [int(box.key[1:]) for box in diagram.boxes if box.kind == "block"]
