"""The two views of a :class:`~autograd_atlas.graph.Graph`: what there is to draw in each. Items
become boxes, and wires lead between them; what is folded is decided in :mod:`.composing`.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

from ..graph import Graph, Node, Saved, Value, same_numbers, total
from .diagram import (
    NO_ROW,
    RECORDED,
    WRITTEN,
    Box,
    BoxKind,
    Line,
    Row,
    Span,
    Wire,
    gradient_lines,
    summary_lines,
    value_lines,
)
from .keys import Key, Kind, Measure, Quantity
from .labels import (
    call_symbol,
    cut_apart,
    gradient_in_one_line,
    in_one_line,
    is_spelled_out,
    number_text,
    rounded,
    short,
    tensor_name,
    title_of,
    type_text,
    unseen_symbol,
)

MOST_OUTPUTS = 6  # of a node that have a line of their own


class View(ABC):
    """What both views have: items in blocks, their boxes, and the wires between them."""

    name: ClassVar[str]
    unit: ClassVar[str]  # what a folded block counts, as it stands on it

    def __init__(self, graph: Graph, *, constants: bool = True) -> None:
        self.graph = graph
        self.with_constants = constants

    @cached_property
    def items(self) -> dict[Key, int | None]:
        """What is drawn, in forward order, and the block in which it was computed, if it was."""
        items = self.all_items().items()
        return {key: block for key, block in items if not self.is_hidden(key)}

    @cached_property
    def wires(self) -> list[Wire]:
        """All wires, without their numbers."""
        items = self.items
        return [wire for wire in self.all_wires() if wire.source in items and wire.target in items]

    @cached_property
    def users(self) -> dict[Key, list[Key]]:
        """What each item is given to."""
        users: dict[Key, list[Key]] = defaultdict(list)
        for wire in self.wires:
            users[wire.source].append(wire.target)
        return users

    @cached_property
    def computed(self) -> dict[Key, int | None]:
        """What was computed, and not only given, after all that it was computed from."""
        made = {wire.target for wire in self.wires}
        return self.in_turn(
            {key: block for key, block in self.items.items() if key in made or self.is_made(key)}
        )

    def in_turn(self, computed: dict[Key, int | None]) -> dict[Key, int | None]:
        """What was computed, as it follows one another; each view may say so better."""
        return computed

    @cached_property
    def short_names(self) -> dict[str, str]:
        """The names of leaf tensors as they are drawn, no two of which are the same."""
        return cut_apart(name for name in self.leaf_names if name)

    def short(self, name: str) -> str:
        return self.short_names.get(name) or short(name)

    @abstractmethod
    def all_items(self) -> dict[Key, int | None]:
        """What there is to draw, in forward order, with the block in which it was computed."""

    @abstractmethod
    def all_wires(self) -> Iterator[Wire]:
        """All wires that there are to draw."""

    @abstractmethod
    def is_made(self, key: Key) -> bool:
        """Whether it is a call or a node, which is computed even if it was given nothing."""

    @abstractmethod
    def is_held(self, key: Key) -> bool:
        """Whether something that was not computed belongs to a block, if nothing else uses it."""

    @abstractmethod
    def is_constant(self, key: Key) -> bool:
        """Whether it was not computed, and needs no gradient."""

    @abstractmethod
    def is_hidden(self, key: Key) -> bool:
        """Whether it is left out: what needs no gradient, if so chosen, and what is empty."""

    @abstractmethod
    def label(self, key: Key) -> str:
        """What an item is called."""

    @abstractmethod
    def token(self, key: Key) -> Hashable:
        """What is equal for items that are alike."""

    @abstractmethod
    def exact_token(self, key: Key) -> Hashable:
        """What is equal for items in which the same happens."""

    @abstractmethod
    def box(self, key: Key, detailed: bool) -> Box:
        """The box of an item, not yet sized; with gradients and what was saved, if ``detailed``."""

    def summary(self, keys: Collection[Key]) -> list[Line]:
        """What one asks of a folded block, of which the items are given."""
        leaves = self.leaf_gradients(keys) if self.graph.order else {}
        reached = [self.turns[node] for node in leaves if node in self.turns]
        last = Quantity(Measure.RECEIVED, self.graph.order[max(reached)], 0) if reached else None
        return summary_lines(list(leaves.values()), last, self.kept_bytes(self.nodes_of(keys)))

    @cached_property
    def turns(self) -> dict[int, int]:
        """When the engine ran each node."""
        return {node: turn for turn, node in enumerate(self.graph.order)}

    @cached_property
    def leaf_names(self) -> set[str | None]:
        return {node.outputs[0].name for node in self.graph.nodes if node.leaf}

    def kept_bytes(self, nodes: Iterable[int]) -> int:
        """What nodes keep in memory besides leaf tensors; what shares memory counts once."""
        sizes: dict[object, int] = {}
        for number in nodes:
            for saved in self.graph.nodes[number].saved:
                if saved.state in ("kept", "freed") and not (
                    saved.name and saved.name in self.leaf_names
                ):
                    place = (number, saved.attribute) if saved.storage is None else saved.storage
                    sizes[place] = max(saved.bytes, sizes.get(place, 0))
        return sum(sizes.values())

    @abstractmethod
    def leaf_gradients(self, keys: Iterable[Key]) -> dict[int, Value | None]:
        """What arrived at each leaf tensor among the items, by its node, or else a number below
        zero."""

    @abstractmethod
    def nodes_of(self, keys: Iterable[Key]) -> Iterator[int]:
        """The nodes that were recorded for the items."""

    @abstractmethod
    def labelled(self, wire: Wire) -> Wire:
        """A wire with its numbers."""


class WrittenView(View):
    """Tensors and the calls that made them.

    A call that made one tensor is one box with it; other tensors are boxes of their own, and so
    are numbers.
    """

    name = WRITTEN
    unit = "ƒ"

    def __init__(self, graph: Graph, *, constants: bool = True) -> None:
        super().__init__(graph, constants=constants)
        self.results = {root.tensor for root in graph.roots}
        # By the node of a leaf: what that was last.
        self.newest = {each.node: n for n, each in enumerate(graph.tensors) if each.leaf}
        used = {a.tensor for call in graph.calls for a in call.arguments} | self.results
        used |= {tensor.changed_by for tensor in graph.tensors}
        self.drawn_outputs = [
            [output for output in call.outputs if output in used] or list(call.outputs)
            for call in graph.calls
        ]
        self.made_by = {
            output: number
            for number, outputs in enumerate(self.drawn_outputs)
            for output in outputs
        }  # fmt: skip

    def key_of(self, tensor: int) -> Key:
        call = self.made_by.get(tensor)
        if call is not None and len(self.drawn_outputs[call]) == 1:
            return Key(Kind.CALL, call)
        return Key(Kind.TENSOR, tensor)

    def all_items(self) -> dict[Key, int | None]:
        graph = self.graph
        block_of: dict[Key, int | None] = {}
        for number, call in enumerate(graph.calls):
            for place, argument in enumerate(call.arguments):
                if argument.tensor is not None:
                    self.add_given(argument.tensor, block_of)
                else:
                    block_of[Key(Kind.CONSTANT, number, place)] = None
            block_of[Key(Kind.CALL, number)] = call.block
            outputs = self.drawn_outputs[number]
            if len(outputs) != 1:
                block_of |= {Key(Kind.TENSOR, output): call.block for output in outputs}
        for root in graph.roots:
            if root.tensor is not None:
                self.add_given(root.tensor, block_of)
        return block_of

    def add_given(self, tensor: int, block_of: dict[Key, int | None]) -> None:
        """Add a tensor that no call here made, after the one with which it changed."""
        key = Key(Kind.TENSOR, tensor)
        if key in block_of or tensor in self.made_by:
            return
        block = None
        changed_by = self.graph.tensors[tensor].changed_by
        if changed_by is not None:  # it changed where its base was written
            self.add_given(changed_by, block_of)
            writer = self.graph.made_by.get(changed_by)
            block = None if writer is None else self.graph.calls[writer].block
        block_of[key] = block

    def in_turn(self, computed: dict[Key, int | None]) -> dict[Key, int | None]:
        """What changed with a tensor stands right behind that."""
        changed: dict[Key, list[Key]] = defaultdict(list)
        for key in computed:
            if key.kind is Kind.TENSOR and key.number not in self.made_by:
                writer = self.graph.tensors[key.number].changed_by
                if writer is not None and self.key_of(writer) in computed:
                    changed[self.key_of(writer)].append(key)
        late = {key for keys in changed.values() for key in keys}
        ordered: dict[Key, int | None] = {}
        for first in computed:
            todo = [] if first in late else [first]
            while todo:
                key = todo.pop()
                ordered[key] = computed[key]
                todo += reversed(changed[key])
        return ordered

    def is_made(self, key: Key) -> bool:
        return key.kind is Kind.CALL

    def is_held(self, key: Key) -> bool:
        return key.kind is Kind.CONSTANT or self.graph.tensors[key.number].held

    def is_constant(self, key: Key) -> bool:
        if key.kind is Kind.TENSOR and key.number not in self.made_by:
            tensor = self.graph.tensors[key.number]
            return not tensor.requires_grad and tensor.changed_by is None
        return key.kind is Kind.CONSTANT

    def is_hidden(self, key: Key) -> bool:
        if key.kind is Kind.CONSTANT:
            return not self.with_constants
        outputs = self.drawn_outputs[key.number] if key.kind is Kind.CALL else [key.number]
        if any(self.graph.tensors[output].requires_grad for output in outputs):
            return False
        if self.results.intersection(outputs):
            return False
        empty = self.is_constant(key) and 0 in self.graph.tensors[key.number].value.shape
        return empty or not self.with_constants

    def label(self, key: Key) -> str:
        if key.kind is Kind.CALL:
            return self.graph.calls[key.number].name
        if key.kind is Kind.CONSTANT and key.place is not None:
            return self.graph.calls[key.number].arguments[key.place].text
        maker = self.graph.made_by.get(key.number)
        name = tensor_name(self.graph.tensors[key.number])
        return name or ("" if maker is None else self.graph.calls[maker].name)

    def token(self, key: Key) -> Hashable:
        if key.kind is not Kind.CALL:
            return ""  # one of several results, which may be used or not
        call = self.graph.calls[key.number]
        given = [self.graph.tensors[a.tensor] for a in call.arguments if a.tensor is not None]
        parameters = tuple(each.value.shape for each in given if each.held)
        return call.name, len(call.arguments), parameters

    def exact_token(self, key: Key) -> Hashable:
        if key.kind is not Kind.CALL:
            return key.kind
        call = self.graph.calls[key.number]
        return call.name, call.options, len(call.arguments)

    def box(self, key: Key, detailed: bool) -> Box:
        if key.kind is Kind.TENSOR:
            return self.tensor_box(key, key.number, "", detailed)
        call = self.graph.calls[key.number]
        if key.kind is Kind.CONSTANT and key.place is not None:
            text = call.arguments[key.place].text
            return Box(key, "constant", ((Span("value", short(rounded(text), 12)),),), title=text)
        outputs = self.drawn_outputs[key.number]
        if call.seen:
            box = Box(key, "call", symbol=call_symbol(call))
        else:
            nodes = [self.graph.nodes[node].name for node in call.nodes]
            box = Box(key, "call", symbol=unseen_symbol(nodes), title=", ".join(nodes), seen=False)
        if len(outputs) != 1:
            return box
        made = self.tensor_box(key, outputs[0], box.symbol, detailed)
        return replace(made, seen=box.seen, title=box.title or made.title)

    def tensor_box(self, key: Key, number: int, symbol: str, detailed: bool) -> Box:
        tensor = self.graph.tensors[number]
        kind: BoxKind = "tensor" if tensor.requires_grad else "constant"
        if tensor.leaf:
            kind = "leaf"
        if number in self.results:
            kind = "result"
        name = tensor_name(tensor)
        lines = value_lines(
            self.short(name), tensor.value, "value", Quantity(Measure.VALUE, number)
        )
        if detailed:
            lines += self.gradients(number)
        return Box(key, kind, tuple(lines), symbol, title_of(name), tensor=number)

    def received(self, number: int) -> Value | None:
        """The gradient that arrived for a tensor."""
        tensor = self.graph.tensors[number]
        if tensor.node is None or tensor.received is not None:
            return tensor.received
        return self.graph.nodes[tensor.node].outputs[tensor.output].received

    def leaf_gradients(self, keys: Iterable[Key]) -> dict[int, Value | None]:
        tensors = (key.number for key in keys if key.kind is Kind.TENSOR)
        return {
            -1 - number if (node := self.graph.tensors[number].node) is None else node:
            self.received(number)
            for number in tensors
            if self.graph.tensors[number].leaf
        }  # fmt: skip

    def nodes_of(self, keys: Iterable[Key]) -> Iterator[int]:
        for key in keys:
            if key.kind is Kind.CALL:
                yield from self.graph.calls[key.number].nodes

    def gradients(self, number: int) -> list[Line]:
        """The gradient that arrived for a tensor, and what a leaf's ``.grad`` holds, if that is
        something else. Before it was written, a leaf has the ``.grad`` of another time."""
        tensor = self.graph.tensors[number]
        if not self.graph.order or not tensor.requires_grad:
            return []
        received = self.received(number)
        if tensor.node is None or received is None:
            return [(Span("grad", "∇ None"),)] if tensor.leaf else []
        node = self.graph.nodes[tensor.node]
        lines = gradient_lines(received, Quantity(Measure.RECEIVED, tensor.node, tensor.output))
        newest = self.newest.get(tensor.node) == number
        if newest and node.grad is not None and not same_numbers(node.grad, received):
            lines += gradient_lines(node.grad, Quantity(Measure.GRAD, tensor.node), ".grad = ")
        return lines

    def all_wires(self) -> Iterator[Wire]:
        graph = self.graph
        for number, call in enumerate(graph.calls):
            target = Key(Kind.CALL, number)
            for place, argument in enumerate(call.arguments):
                key = Key(Kind.ARGUMENT, number, place)
                if argument.tensor is None:
                    yield Wire(key, Key(Kind.CONSTANT, number, place), target, "quiet")
                elif graph.tensors[argument.tensor].requires_grad:
                    source = self.key_of(argument.tensor)
                    yield Wire(key, source, target, edges=argument.edges)
                else:
                    yield Wire(key, self.key_of(argument.tensor), target, "quiet")
            if len(self.drawn_outputs[number]) != 1:
                for output in self.drawn_outputs[number]:
                    yield Wire(Key(Kind.OUTPUT, output), target, Key(Kind.TENSOR, output))
        for number, tensor in enumerate(graph.tensors):
            if tensor.changed_by is not None and number not in self.made_by:
                source, changed = self.key_of(tensor.changed_by), Key(Kind.TENSOR, number)
                yield Wire(Key(Kind.ALIAS, number), source, changed, "alias")

    def labelled(self, wire: Wire) -> Wire:
        edges = [self.graph.edges[edge] for edge in wire.edges]
        sent = in_one_line(total(edge.sent for edge in edges))
        if not sent:
            return wire
        call = self.graph.calls[wire.key.number]
        local = edges[0].local if len(edges) == 1 and len(call.nodes) == 1 else None
        above = "" if local is None else f"∂ {number_text(local)}"
        return wire._replace(above=above, below=f"◁ {sent}")


class RecordedView(View):
    """Autograd nodes, joined along ``next_functions``."""

    name = RECORDED
    unit = "grad_fn"

    def __init__(self, graph: Graph, *, constants: bool = True) -> None:
        super().__init__(graph, constants=constants)
        self.results = {root.node for root in graph.roots}
        self.used_outputs = {(edge.target, edge.output) for edge in graph.edges}
        self.used_outputs |= {(root.node, root.output) for root in graph.roots}
        self.leaf_tensor: dict[int | None, int] = {}
        for number, tensor in enumerate(graph.tensors):
            if tensor.leaf:
                self.leaf_tensor.setdefault(tensor.node, number)
        self.stops: dict[int, list[Key]] = defaultdict(list)
        for number, edge in enumerate(graph.edges):
            if edge.target is None:
                self.stops[edge.source].append(Key(Kind.EDGE, number))

    def all_items(self) -> dict[Key, int | None]:
        nodes = enumerate(self.graph.nodes)
        return {Key(Kind.NODE, number): None if node.leaf else node.block for number, node in nodes}

    def is_made(self, key: Key) -> bool:
        return not self.graph.nodes[key.number].leaf

    def is_held(self, key: Key) -> bool:
        return self.graph.nodes[key.number].held

    def is_constant(self, key: Key) -> bool:
        return False

    def is_hidden(self, key: Key) -> bool:
        return False

    def label(self, key: Key) -> str:
        node = self.graph.nodes[key.number]
        return (node.outputs[0].name if node.leaf else "") or node.name.rpartition("::")[2]

    def token(self, key: Key) -> Hashable:
        node = self.graph.nodes[key.number]
        return node.name, len(node.outputs)

    def exact_token(self, key: Key) -> Hashable:
        return self.token(key)

    def box(self, key: Key, detailed: bool) -> Box:
        node = self.graph.nodes[key.number]
        prefix, colons, name = node.name.rpartition("::")
        lines: list[Line] = [(Span("type", prefix + colons),)] if prefix else []
        lines.append((Span("head", short(name)),))
        kind: BoxKind
        if node.leaf:
            lines += self.leaf_lines(key.number, node, detailed)
            kind = "accumulate"
        else:
            lines += self.output_lines(key.number, node, detailed)
            if detailed:
                lines += [self.saved_line(key.number, saved) for saved in node.saved]
                lines += summary_lines((), None, self.kept_bytes((key.number,)))
            kind = "result" if key.number in self.results else "node"
        stops = tuple(self.stops[key.number])
        return Box(key, kind, tuple(lines), title=title_of(name), stops=stops)

    def leaf_gradients(self, keys: Iterable[Key]) -> dict[int, Value | None]:
        nodes = ((key.number, self.graph.nodes[key.number]) for key in keys)
        return {number: node.outputs[0].received for number, node in nodes if node.leaf}

    def nodes_of(self, keys: Iterable[Key]) -> Iterator[int]:
        return (key.number for key in keys)

    def leaf_lines(self, number: int, node: Node, detailed: bool) -> list[Line]:
        """The ``.grad`` that a node adds to, or else the value of its leaf."""
        name = node.outputs[0].name or ""
        if not detailed:
            return [(Span("value-name", self.short(name)),)] if name else []
        if node.grad is not None and self.graph.order and is_spelled_out(node.grad):
            grad = Quantity(Measure.GRAD, number)
            return value_lines(f"{self.short(name)}.grad", node.grad, "grad", grad)
        tensor = self.leaf_tensor.get(number)
        value = None if tensor is None else Quantity(Measure.VALUE, tensor)
        lines = value_lines(self.short(name), node.outputs[0].value, "value", value)
        if not self.graph.order:
            return lines
        received = node.outputs[0].received
        if received is None:
            return [*lines, (Span("grad", "∇ None"),)]
        return [*lines, *gradient_lines(received, Quantity(Measure.RECEIVED, number, 0))]

    def output_lines(self, number: int, node: Node, detailed: bool) -> list[Line]:
        """The names of a node's outputs, and what arrived for each."""
        lines: list[Line] = []
        several = len(node.outputs) > 1
        places = range(len(node.outputs))
        used = [place for place in places if (number, place) in self.used_outputs]
        for place in used[:MOST_OUTPUTS] if detailed else ():
            output = node.outputs[place]
            spans: list[Span] = []
            if output.name:
                label = f"[{place}] {output.name}" if several else output.name
                spans.append(Span("value-name", short(label)))
            if arrived := gradient_in_one_line(output.received):
                gap = "  " if spans else ""
                whole = 0 if in_one_line(output.received, 26) else NO_ROW
                row = Row(Quantity(Measure.RECEIVED, number, place), whole)
                spans.append(Span("grad", f"{gap}∇ {arrived}", row))
            if spans:
                lines.append(tuple(spans))
        if len(used) > MOST_OUTPUTS:
            lines.append((Span("type", f"… {len(node.outputs)}"),))
        return lines

    def saved_line(self, number: int, saved: Saved) -> Line:
        style = "tag" if saved.state == "kept" else f"tag-{saved.state}"
        text, row = saved.name or "…", None
        if saved.value is not None and not saved.name:
            numbers = in_one_line(saved.value, 20)
            text = numbers or type_text(saved.value)
            row = self.saved_row(number, saved) if numbers else None
        return (Span(style, f"▪ {saved.attribute} = {short(text, 20)}", row),)

    def saved_row(self, number: int, saved: Saved) -> Row | None:
        """What a saved number is: a tensor of the graph, a number in the program, or who knows."""
        if saved.tensor is not None:
            return Row(Quantity(Measure.VALUE, saved.tensor))
        calls = (call for call in self.graph.calls if number in call.nodes)
        texts = {rounded(argument.text) for call in calls for argument in call.arguments}
        numbers = saved.value.numbers if saved.value is not None else None
        return None if set(map(number_text, numbers or ())) <= texts else Row(None)

    def all_wires(self) -> Iterator[Wire]:
        nodes = [Key(Kind.NODE, number) for number in range(len(self.graph.nodes))]
        for number, edge in enumerate(self.graph.edges):
            if edge.target is not None:
                source, target = nodes[edge.target], nodes[edge.source]
                yield Wire(Key(Kind.EDGE, number), source, target, edges=(number,))

    def labelled(self, wire: Wire) -> Wire:
        edge = self.graph.edges[wire.key.number]
        sent = in_one_line(edge.sent)
        several = edge.target is not None and len(self.graph.nodes[edge.target].outputs) > 1
        above = [f"[{edge.output}]"] if several else []
        if edge.local is not None and sent:
            above.append(f"∂ {number_text(edge.local)}")
        return wire._replace(above=" ".join(above), below=f"◁ {sent}" if sent else "")
