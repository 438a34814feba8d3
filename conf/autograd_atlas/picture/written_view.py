"""What there is to draw of what was written: tensors, and the calls that made them."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace

from ..graph import Graph, Value, same_numbers, total
from .diagram import WRITTEN, Box, BoxKind, Line, Span, Wire, gradient_lines, value_lines
from .keys import Key, Kind, Measure, Quantity
from .labels import (
    call_symbol,
    number_text,
    rounded,
    short,
    tensor_name,
    title_of,
    unseen_symbol,
)
from .views import View, sent_text


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
        sent = sent_text(wire, total(edge.sent for edge in edges))
        if not sent:
            return wire
        call = self.graph.calls[wire.key.number]
        local = edges[0].local if len(edges) == 1 and len(call.nodes) == 1 else None
        above = "" if local is None else f"∂ {number_text(local)}"
        return wire._replace(above=above, below=f"← {sent}")
