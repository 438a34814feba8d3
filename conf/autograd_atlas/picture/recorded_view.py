"""What there is to draw of what PyTorch recorded: its nodes, and the edges between them."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator

from ..graph import Graph, Node, Saved, Value
from .diagram import (
    NO_ROW,
    RECORDED,
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
    gradient_in_one_line,
    in_one_line,
    is_spelled_out,
    number_text,
    rounded,
    short,
    title_of,
    type_text,
)
from .views import View, sent_text

MOST_OUTPUTS = 6  # of a node that have a line of their own


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
        sent = sent_text(wire, edge.sent)
        several = edge.target is not None and len(self.graph.nodes[edge.target].outputs) > 1
        above = [f"[{edge.output}]"] if several else []
        if edge.local is not None and sent:
            above.append(f"∂ {number_text(edge.local)}")
        return wire._replace(above=" ".join(above), below=f"← {sent}" if sent else "")
