"""Graphs in words, line by line, from the same walk as the picture: what it shows, what each call
did, and what the engine did. Names stand between backticks; values may be marked (see
:mod:`.phrases`).
"""

from collections.abc import Container, Iterable, Iterator

from ..graph import Call, Edge, Graph, Saved, Value, total
from .diagram import RECORDED, Box, Diagram
from .keys import Key, Kind, Measure, Quantity
from .labels import in_one_line, number_text, tensor_name
from .phrases import code, listed, marked, some_of, tidy, unmarked, value_text
from .words import Words

LONGEST_READING = 200  # lines; what is left is counted
LONGEST_BACKWARD = 60  # steps of the engine in words; more are only drawn
MOST_LISTED = 6  # inputs, nodes or targets that one step names
ROUNDING = {"bfloat16": 3e-2, "float16": 4e-3}  # relative, of a sum in that dtype


# -- What a picture shows -------------------------------------------------------------------


def reading(graph: Graph, picture: Diagram, words: Words) -> list[str]:
    """What a picture shows, one line a box, in forward order."""
    recorded = picture.view == RECORDED
    inputs = inputs_of(graph, picture, words)
    visible = {box.key for box in picture.boxes}
    blocks = {box_name(graph, box, words) for box in picture.boxes if box.kind == "block"}
    boxes = [box for box in picture.boxes if box.key.kind is not Kind.CONSTANT]
    boxes = boxes[::-1] if recorded else boxes
    lines = []
    for box in boxes[:LONGEST_READING]:
        names = inputs[box.key]
        if box.kind == "block":
            kind = "block-leads" if recorded else "block"
            kind = kind if names else "block-alone"
            count = words.count(box.inside, "nodes" if recorded else "calls")
            sources = listed(names, words)
            lines.append(words[kind].format(name=code(box.title), count=count, inputs=sources))
        elif recorded:
            folded = [name for name in names if name in blocks]
            lines.append(recorded_line(graph, box.key.number, words, visible, folded))
        elif box.key.kind is Kind.TENSOR:
            lines += tensor_lines(graph, box.key.number, words)
        else:
            call = graph.calls[box.key.number]
            outputs = call.outputs if box.tensor is None else (box.tensor,)
            lines.append(unmarked(call_line(graph, call, outputs, listed(names, words), words)))
    rest = len(boxes) - LONGEST_READING
    lines = [tidy(line, words) for line in lines]
    return lines if rest <= 0 else [*lines, words["more"].format(n=rest)]


def inputs_of(graph: Graph, picture: Diagram, words: Words) -> dict[Key, list[str]]:
    """The names of the boxes whose wires lead into each box."""
    boxes = {box.key: box for box in picture.boxes}
    inputs: dict[Key, dict[str, bool]] = {box.key: {} for box in picture.boxes}
    for wire in picture.wires:
        inputs[wire.target][box_name(graph, boxes[wire.source], words)] = True
    return {key: list(names) for key, names in inputs.items()}


def tensor_lines(graph: Graph, number: int, words: Words) -> Iterator[str]:
    """What a tensor is that no call made; of another one, its call tells."""
    tensor = graph.tensors[number]
    name, value = tensor_called(graph, number, words), value_text(tensor.value, words)
    if tensor.changed_by is not None:
        source = tensor_called(graph, tensor.changed_by, words)
        yield words["alias"].format(name=name, source=source, value=value)
    elif number not in graph.made_by:
        kind = "computed" if tensor.requires_grad else "constant"
        yield words["leaf" if tensor.leaf else kind].format(name=name, value=value)


def recorded_line(
    graph: Graph,
    number: int,
    words: Words,
    visible: Container[Key] | None = None,
    folded: Iterable[str] = (),
) -> str:
    """Where a node leads: to nodes that the picture shows, by default all, and to blocks that
    they are in."""
    node = graph.nodes[number]
    if node.leaf:
        leaf = node.outputs[0].name
        short = code(node.name.rpartition("::")[2])
        kind = "ends" if leaf else "ends-unnamed"
        return words[kind].format(node=short, name=code(f"{leaf}.grad"))
    edges = [graph.edges[edge] for edge in graph.edges_from.get(number, ())]
    targets = [
        words["stop"] if edge.target is None else node_name(graph, edge.target, words)
        for edge in edges
        if edge.target is None or visible is None or Key(Kind.NODE, edge.target) in visible
    ]
    targets += folded
    line = words["leads" if targets else "leads-nowhere"].format(
        node=node_name(graph, number, words), targets=listed(targets, words)
    )
    saved = [words[saved.state].format(name=saved_name(saved, words)) for saved in node.saved]
    return line + (words["keeps"].format(saved=listed(saved, words)) if saved else "")


# -- Names ----------------------------------------------------------------------------------


def box_name(graph: Graph, box: Box, words: Words) -> str:
    key = box.key
    if key.kind is Kind.BLOCK:
        return code(box.title.partition(" · ")[0])
    if key.kind is Kind.CONSTANT and key.place is not None:
        return code(graph.calls[key.number].arguments[key.place].text)
    if key.kind is Kind.NODE:
        return node_name(graph, key.number, words)
    if box.tensor is None:
        call = graph.calls[key.number]
        return called(graph, call, words)
    return tensor_called(graph, box.tensor, words)


def called(graph: Graph, call: Call, words: Words) -> str:
    """The expression that a call stands for, or its name; or what nobody saw."""
    if call.seen:
        return code(call.source or call.name)
    names = [code(graph.nodes[node].name) for node in call.nodes[-MOST_LISTED:]]
    return words["not-seen"].format(nodes=some_of(names, len(call.nodes), words))


def tensor_called(graph: Graph, number: int, words: Words) -> str:
    """A tensor's name, or else the expression that it came from."""
    if name := tensor_name(graph.tensors[number]):
        return code(name)
    if number not in graph.made_by:
        return words["unnamed"].format(n=number + 1)
    call = graph.calls[graph.made_by[number]]
    if call.source and call.outputs == (number,):
        return code(call.source)
    function = code(call.name) if call.seen else called(graph, call, words)
    return words["result-of"].format(function=function)


def node_name(graph: Graph, number: int, words: Words) -> str:
    """``MulBackward0 (u)``: the node, and what it made."""
    node = graph.nodes[number]
    names = words["comma"].join(code(output.name) for output in node.outputs if output.name)
    short = code(node.name.rpartition("::")[2])
    return words["node-of"].format(node=short, names=names) if names else short


def saved_name(saved: Saved, words: Words) -> str:
    if saved.name or saved.value is None:
        return code(saved.name or saved.attribute)
    return value_text(saved.value, words)


# -- The forward pass -----------------------------------------------------------------------


def inputs_line(graph: Graph, words: Words) -> str:
    """What is given before the first call, its values marked."""
    given = [
        number
        for number, tensor in enumerate(graph.tensors)
        if number not in graph.made_by and tensor.changed_by is None
    ]
    some = []
    for number in given[:MOST_LISTED]:
        tensor = graph.tensors[number]
        value = value_text(tensor.value, words, Quantity(Measure.VALUE, number))
        name = code(tensor_name(tensor))
        some.append(words["input"].format(name=name, value=value) if name else value)
    return words["inputs"].format(inputs=some_of(some, len(given), words))


def forward_line(graph: Graph, number: int, words: Words) -> str:
    """What one call did, and what PyTorch recorded of it."""
    call = graph.calls[number]
    tensors = dict.fromkeys(a.tensor for a in call.arguments if a.tensor is not None)
    given = listed((tensor_called(graph, tensor, words) for tensor in tensors), words)
    line = call_line(graph, call, call.outputs, given, words)
    nodes = [code(graph.nodes[node].name) for node in call.nodes]
    if not nodes:  # a node that nothing here needs is not in the graph
        needed = any(graph.tensors[output].requires_grad for output in call.outputs)
        return tidy(line if needed else line + words["records-nothing"], words)
    line += words["records"].format(nodes=some_of(nodes[:MOST_LISTED], len(nodes), words))
    if len(nodes) == 1:
        targets = [graph.edges[edge].target for edge in graph.edges_from.get(call.nodes[0], ())]
        names = [node_name(graph, target, words) for target in targets if target is not None]
        if names := list(dict.fromkeys(names)):
            some = some_of(names[:MOST_LISTED], len(names), words)
            line += words["which-leads"].format(targets=some)
    return tidy(line, words)


def call_line(graph: Graph, call: Call, outputs: tuple[int, ...], given: str, words: Words) -> str:
    """What a call made of what it was given, its values marked."""
    kind = "of" if given else "of-nothing"
    function = code(call.name) if call.seen else called(graph, call, words)
    source = code(call.source) or words[kind].format(function=function, inputs=given)
    made = [
        (
            tensor_called(graph, number, words),
            value_text(graph.tensors[number].value, words, Quantity(Measure.VALUE, number)),
        )
        for number in outputs
    ]
    if not outputs:
        return words["raises"].format(source=source)
    if len(outputs) == 1:
        name, value = made[0]
        kind = "made" if tensor_name(graph.tensors[outputs[0]]) else "unnamed-made"
        return words[kind].format(name=name, source=source, value=value)
    parts = [words["output"].format(name=name, value=value) for name, value in made]
    return words["several"].format(source=source, outputs=listed(parts, words))


def record_line(graph: Graph, number: int, words: Words) -> str:
    """That a node was recorded, and where it leads."""
    node = words["record"].format(node=code(graph.nodes[number].name))
    return tidy(node + recorded_line(graph, number, words), words)


# -- The backward pass ----------------------------------------------------------------------


def backward_reading(graph: Graph, words: Words) -> list[str]:
    """What the engine did, one line a node, in its order; empty if it did not run, or if it
    was too much to read."""
    if len(graph.order) > LONGEST_BACKWARD:
        return []
    return [unmarked(line) for line in backward_lines(graph, words)]


def backward_lines(graph: Graph, words: Words) -> list[str]:
    """What each node received, sent, and added to a leaf's ``.grad``, in the engine's order, its
    numbers marked."""
    arriving: dict[tuple[int, int], list[int]] = {}
    for number, edge in enumerate(graph.edges if graph.order else ()):
        if edge.target is not None:
            arriving.setdefault((edge.target, edge.output), []).append(number)
    lines = [backward_line(graph, number, arriving, words) for number in graph.order]
    if lines:
        lines[0] = seed_line(graph, words) + lines[0]
    return lines


def backward_line(
    graph: Graph, number: int, arriving: dict[tuple[int, int], list[int]], words: Words
) -> str:
    """``arriving`` are the edges to each output of each node."""
    node = graph.nodes[number]
    received = [
        received_text(graph, number, place, arriving.get((number, place), []), words)
        for place in range(len(node.outputs))
    ]
    name = node_name(graph, number, words)
    line = words["receives"].format(node=name, received=listed(received, words))
    edges = [(place, graph.edges[place]) for place in graph.edges_from.get(number, ())]
    sent = [
        (sent_text(edge, place, node.outputs[0].received, words), edge.target)
        for place, edge in edges
        if edge.target is not None
    ]
    if sent:
        parts = [
            words["to"].format(value=value, target=node_name(graph, target, words))
            for value, target in sent[:MOST_LISTED]
        ]
        line += words["sends"].format(sent=some_of(parts, len(sent), words, "sent-"))
    if node.leaf and node.grad is not None and node.outputs[0].name:
        grad = value_text(node.grad, words, Quantity(Measure.GRAD, number))
        line += words["grad"].format(name=code(f"{node.outputs[0].name}.grad"), value=grad)
    return tidy(line, words)


def seed_line(graph: Graph, words: Words) -> str:
    """Where the first gradient comes from."""
    roots = [root for root in graph.roots if root.node == graph.order[0]]
    if not roots:
        return ""
    received = graph.nodes[roots[0].node].outputs[roots[0].output].received
    alone = received is not None and received.numbers == (1.0,)
    root = code(roots[0].name) or words["result"]
    return words["seed" if alone else "seed-given"].format(root=root)


def received_text(graph: Graph, node: int, place: int, edges: list[int], words: Words) -> str:
    """What arrived at one output of a node: a sum, if it came along several edges."""
    received = graph.nodes[node].outputs[place].received
    whole = value_text(received, words, Quantity(Measure.RECEIVED, node, place))
    sent = [graph.edges[edge].sent for edge in edges]
    before = changed_by_hook(received, sent)
    if before is not None:
        return whole + words["hook"].format(before=value_text(before, words))
    parts = list(map(in_one_line, sent))
    if 1 < len(parts) <= MOST_LISTED and all(parts):
        terms = [
            marked(part, Quantity(Measure.SENT, edge))
            for part, edge in zip(parts, edges, strict=True)
        ]
        return f"{' + '.join(terms)} = {whole}"
    return whole


def sent_text(edge: Edge, number: int, received: Value | None, words: Words) -> str:
    """What went along an edge: a product, if the local derivative is one number."""
    whole = value_text(edge.sent, words, Quantity(Measure.SENT, number))
    factor = in_one_line(received)
    if edge.local is None or not factor or not in_one_line(edge.sent):
        return whole
    factor = marked(factor, Quantity(Measure.RECEIVED, edge.source, 0))
    local = marked(number_text(edge.local), Quantity(Measure.LOCAL, number))
    return f"{factor}\u00a0×\u00a0{local}\u00a0=\u00a0{whole}"


def changed_by_hook(received: Value | None, sent: list[Value | None]) -> Value | None:
    """What was sent, if a hook made something else of it."""
    before = total(sent)
    if before is None or received is None or before.numbers is None or received.numbers is None:
        return None
    pairs = zip(before.numbers, received.numbers, strict=False)
    loose = ROUNDING.get(received.dtype, 1e-5)
    same = all(a == b or abs(a - b) <= loose * abs(b) + 1e-8 or a != a for a, b in pairs)
    return None if same else before
