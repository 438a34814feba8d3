"""Graphs in words: alternative text, and a reading line by line, from the same walk as the
picture. All words that a picture needs stand here, in each language.
"""

from collections.abc import Iterable, Iterator

from .diagram import RECORDED, Box, Diagram, block_title, rows_of, tensor_name, type_text
from .graph import Edge, Graph, Saved, Value, total

LONGEST_READING = 200  # lines; what is left is counted
ROUNDING = {"bfloat16": 3e-2, "float16": 4e-3}  # relative, of a sum in that dtype
LONGEST_BACKWARD = 60  # steps of the engine that are told; more are only drawn

WORDS = {
    "en": {
        "written": "What you wrote",
        "recorded": "What PyTorch recorded",
        "view": "View",
        "words": "The graph in words",
        "backward": "The backward pass, in the order in which PyTorch ran it",
        "inside": "Inside {block}",
        "inside-equal": "Inside {block} (the same in {others})",
        "scroll": "Picture of the graph; scroll sideways to see all of it",
        "value": "value",
        "local": "local derivative",
        "sent": "gradient sent back",
        "arrived": "gradient that arrived",
        "comma": ", ",
        "and": " and ",
        "result": "the result",
        "alt-written": "Computation graph of {roots}: {calls} on {leaves}.",
        "alt-recorded": "What PyTorch recorded for {roots}: {nodes}, {edges}.",
        "alt-inside": "Inside {block}.",
        "alt-folded": "Folded: {blocks}.",
        "alt-values": "{values}.",
        "call": "one operation", "calls": "{n} operations",
        "node": "one node", "nodes": "{n} nodes",
        "edge": "one edge", "edges": "{n} edges",
        "no-leaves": "computed tensors",
        "leaf-tensor": "one leaf tensor", "leaf-tensors": "{n} leaf tensors",
        "leaf": "{name}: a leaf tensor that requires a gradient, {value}",
        "computed": "{name}: computed outside of the recording, {value}",
        "constant": "{name}: needs no gradient, {value}",
        "made": "{name}: {source} gives {value}",
        "unnamed-made": "{source} gives {value}",
        "several": "{source} gives {outputs}",
        "output": "{name}, {value}",
        "of": "{function} of {inputs}",
        "of-nothing": "{function}",
        "alias": "{name}: changed through {source}, now {value}",
        "block": "{name}: {count}, from {inputs}",
        "block-leads": "{name}: {count}, leads to {inputs}",
        "block-alone": "{name}: {count}",
        "unnamed": "tensor {n}",
        "leads": "{node} leads to {targets}",
        "leads-nowhere": "{node} leads nowhere",
        "stop": "an end (no gradient needed)",
        "keeps": "; it keeps {saved}",
        "kept": "{name}", "freed": "{name} (freed)", "changed": "{name} (changed since)",
        "packed": "{name} (packed by a hook)",
        "ends": "{node} adds up gradients in {name}",
        "ends-unnamed": "{node} adds up gradients in a leaf tensor",
        "receives": "{node} receives {received}",
        "hook": " (a hook changed it from {before})",
        "sends": " and sends {sent}",
        "to": "{value} to {target}",
        "none": "`None`",
        "grad": "; {name} is {value}",
        "more": "… and {n} more",
    },
    "zh": {
        "written": "你写的",
        "recorded": "PyTorch 记录的",
        "view": "视图",
        "words": "用文字描述这张图",
        "backward": "反向传播（按 PyTorch 的执行顺序）",
        "inside": "{block} 内部",
        "inside-equal": "{block} 内部（{others} 与之相同）",
        "scroll": "计算图；左右滚动可查看全图",
        "value": "值",
        "local": "局部导数",
        "sent": "往回传的梯度",
        "arrived": "收到的梯度",
        "comma": "、",
        "and": "、",
        "result": "结果",
        "alt-written": "{roots} 的计算图：对 {leaves} 做了 {calls}。",
        "alt-recorded": "PyTorch 为 {roots} 记录的图：{nodes}，{edges}。",
        "alt-inside": "{block} 内部。",
        "alt-folded": "已折叠：{blocks}。",
        "alt-values": "{values}。",
        "call": "1 次运算", "calls": "{n} 次运算",
        "node": "1 个节点", "nodes": "{n} 个节点",
        "edge": "1 条边", "edges": "{n} 条边",
        "no-leaves": "计算得到的张量",
        "leaf-tensor": "1 个叶子张量", "leaf-tensors": "{n} 个叶子张量",
        "leaf": "{name}：需要梯度的叶子张量，{value}",
        "computed": "{name}：在记录之外算出，{value}",
        "constant": "{name}：不需要梯度，{value}",
        "made": "{name}：{source} 得 {value}",
        "unnamed-made": "{source} 得 {value}",
        "several": "{source} 得 {outputs}",
        "output": "{name}：{value}",
        "of": "{function} 作用于 {inputs}",
        "of-nothing": "{function}",
        "alias": "{name}：通过 {source} 被修改，现为 {value}",
        "block": "{name}：{count}，输入：{inputs}",
        "block-leads": "{name}：{count}，通向 {inputs}",
        "block-alone": "{name}：{count}",
        "unnamed": "张量 {n}",
        "leads": "{node} 通向 {targets}",
        "leads-nowhere": "{node} 不通向任何节点",
        "stop": "终点（不需要梯度）",
        "keeps": "；它保存着 {saved}",
        "kept": "{name}", "freed": "{name}（已释放）", "changed": "{name}（之后被修改）",
        "packed": "{name}（由钩子打包）",
        "ends": "{node} 把梯度累加到 {name}",
        "ends-unnamed": "{node} 把梯度累加到一个叶子张量",
        "receives": "{node} 收到 {received}",
        "hook": "（原为 {before}，被钩子修改）",
        "sends": "，{sent}",
        "to": "向 {target} 传出 {value}",
        "none": "`None`",
        "grad": "；{name} 为 {value}",
        "more": "……还有 {n} 项",
    },
}  # fmt: skip


def words(language: str) -> dict[str, str]:
    """The words of a language; raises ValueError for one that there is not."""
    if language not in WORDS:
        raise ValueError(f"no words for language {language!r}; there are {', '.join(WORDS)}")
    return WORDS[language]


def listed(parts: Iterable[str], say: dict[str, str]) -> str:
    parts = list(parts)
    if len(parts) < 2:
        return "".join(parts)
    return say["comma"].join(parts[:-1]) + say["and"] + parts[-1]


def counted(n: int, word: str, say: dict[str, str]) -> str:
    return say[word] if n == 1 else say[f"{word}s"].format(n=n)


def value_text(value: Value | None, say: dict[str, str]) -> str:
    if value is None:
        return say["none"]
    rows = rows_of(value)
    whole = rows[0] if len(rows) == 1 else f"[{', '.join(rows)}]"
    return code(whole) if whole == type_text(value) else whole


def code(name: str) -> str:
    """A name or an expression inside of a line, between backticks, as in Markdown."""
    return f"`{name.replace('`', 'ˋ')}`" if name else ""


# -- Alternative text -----------------------------------------------------------------------


def alternative(graph: Graph, picture: Diagram, language: str) -> str:
    """One or two sentences that stand for the picture."""
    say = words(language)
    if picture.inside is not None:
        block = block_title(graph.blocks[picture.inside])
        return say["alt-inside"].format(block=block)
    roots = listed((root.name or say["result"] for root in graph.roots), say)
    if picture.view == RECORDED:
        parts = [
            say["alt-recorded"].format(
                roots=roots,
                nodes=counted(len(graph.nodes), "node", say),
                edges=counted(sum(edge.target is not None for edge in graph.edges), "edge", say),
            )
        ]
    else:
        leaves = [tensor_name(tensor) for tensor in graph.tensors if tensor.leaf]
        names = listed(leaves[:6], say) if all(leaves[:6]) else ""
        if len(leaves) > 6 or not names:
            many = counted(len(leaves), "leaf-tensor", say)
            names = many if leaves else say["no-leaves"]
        parts = [
            say["alt-written"].format(
                roots=roots, calls=counted(len(graph.calls), "call", say), leaves=names
            )
        ]
    folded = [box.title for box in picture.boxes if box.kind == "block"]
    if folded:
        some = folded[:4] + ["…"] * (len(folded) > 4)
        parts.append(say["alt-folded"].format(blocks=say["comma"].join(some)))
    values = list(results(graph))
    if values and len(values) <= 8:
        parts.append(say["alt-values"].format(values=say["comma"].join(values)))
    return ("" if language == "zh" else " ").join(parts)


def results(graph: Graph) -> Iterator[str]:
    """``J = 33``, and ``a.grad = 3`` for each leaf that has a name and a gradient."""
    for root in graph.roots:
        if root.tensor is not None and root.name:
            value = graph.tensors[root.tensor].value
            if value.numbers is not None and rows_of(value)[0] != type_text(value):
                yield f"{root.name} = {' '.join(rows_of(value))}"
    leaves = [tensor.node for tensor in graph.tensors if tensor.leaf and tensor.node is not None]
    leaves = dict.fromkeys([*leaves, *range(len(graph.nodes))])
    for node in (graph.nodes[number] for number in leaves):
        name = node.outputs[0].name if node.leaf else None
        if name and node.grad is not None and graph.order:
            if rows_of(node.grad)[0] != type_text(node.grad):
                yield f"{name}.grad = {' '.join(rows_of(node.grad))}"


# -- Readings -------------------------------------------------------------------------------


def reading(graph: Graph, picture: Diagram, language: str) -> list[str]:
    """What a picture shows, one line a box, in forward order; names stand between backticks."""
    say = words(language)
    recorded = picture.view == RECORDED
    inputs = inputs_of(graph, picture, say)
    visible = {box.key for box in picture.boxes}
    blocks = {box_name(graph, box, say) for box in picture.boxes if box.kind == "block"}
    boxes = [box for box in picture.boxes if box.key[0] != "k"]
    boxes = boxes[::-1] if recorded else boxes
    lines = []
    for box in boxes[:LONGEST_READING]:
        if box.kind == "block":
            kind = "block-leads" if recorded else "block"
            kind = kind if inputs[box.key] else "block-alone"
            count = counted(box.inside, "node" if recorded else "call", say)
            sources = listed(inputs[box.key], say)
            lines.append(say[kind].format(name=code(box.title), count=count, inputs=sources))
        elif recorded:
            folded = [name for name in inputs[box.key] if name in blocks]
            lines.append(recorded_line(graph, int(box.key[1:]), visible, folded, say))
        else:
            lines += written_lines(graph, box, inputs, say)
    rest = len(boxes) - LONGEST_READING
    return lines if rest <= 0 else [*lines, say["more"].format(n=rest)]


def inputs_of(graph: Graph, picture: Diagram, say: dict[str, str]) -> dict[str, list[str]]:
    """The names of the boxes whose wires lead into each box."""
    boxes = {box.key: box for box in picture.boxes}
    found: dict[str, list[str]] = {box.key: [] for box in picture.boxes}
    for wire in picture.wires:
        name = box_name(graph, boxes[wire.source], say)
        if name not in found[wire.target]:
            found[wire.target].append(name)
    return found


def box_name(graph: Graph, box: Box, say: dict[str, str]) -> str:
    if box.kind == "block":
        return code(box.title.partition(" · ")[0])
    if box.key[0] == "k":
        call, _, position = box.key[1:].partition(".")
        return code(graph.calls[int(call)].arguments[int(position)].text)
    if box.key[0] == "n":
        return node_name(graph, int(box.key[1:]), say)
    if box.tensor is None:
        call = graph.calls[int(box.key[1:])]
        return code(call.source or call.name)
    return tensor_called(graph, box.tensor, say)


def tensor_called(graph: Graph, number: int, say: dict[str, str]) -> str:
    """A tensor's name, or else the expression that it came from."""
    name = tensor_name(graph.tensors[number])
    if not name and number in graph.made_by:
        call = graph.calls[graph.made_by[number]]
        name = call.source if call.outputs == (number,) else ""
    return code(name) or say["unnamed"].format(n=number + 1)


def written_lines(
    graph: Graph, box: Box, inputs: dict[str, list[str]], say: dict[str, str]
) -> Iterator[str]:
    if box.key[0] == "t":
        number = int(box.key[1:])
        tensor = graph.tensors[number]
        name, value = tensor_called(graph, number, say), value_text(tensor.value, say)
        if tensor.changed_by is not None:
            source = tensor_called(graph, tensor.changed_by, say)
            yield say["alias"].format(name=name, source=source, value=value)
        elif number not in graph.made_by:
            kind = "computed" if tensor.requires_grad else "constant"
            yield say["leaf" if tensor.leaf else kind].format(name=name, value=value)
        return
    call = graph.calls[int(box.key[1:])]
    given = listed(inputs[box.key], say)
    kind = "of" if given else "of-nothing"
    source = code(call.source) or say[kind].format(function=code(call.name), inputs=given)
    if box.tensor is not None:
        name = tensor_called(graph, box.tensor, say)
        value = value_text(graph.tensors[box.tensor].value, say)
        kind = "made" if name != source else "unnamed-made"
        yield say[kind].format(name=name, source=source, value=value)
    else:
        outputs = [
            say["output"].format(
                name=tensor_called(graph, n, say), value=value_text(graph.tensors[n].value, say)
            )
            for n in call.outputs
        ]
        yield say["several"].format(source=source, outputs=listed(outputs, say))


def node_name(graph: Graph, number: int, say: dict[str, str]) -> str:
    """``MulBackward0 (u)``: the node, and what it made."""
    node = graph.nodes[number]
    names = say["comma"].join(code(output.name) for output in node.outputs if output.name)
    short = code(node.name.rpartition("::")[2])
    return f"{short} ({names})" if names else short


def recorded_line(
    graph: Graph, number: int, visible: set[str], folded: list[str], say: dict[str, str]
) -> str:
    """Where a node leads: to nodes that the picture shows, and to blocks that they are in."""
    node = graph.nodes[number]
    name = node_name(graph, number, say)
    if node.leaf:
        leaf = node.outputs[0].name
        short = code(node.name.rpartition("::")[2])
        return say["ends" if leaf else "ends-unnamed"].format(node=short, name=code(leaf or ""))
    targets = [
        say["stop"] if edge.target is None else node_name(graph, edge.target, say)
        for edge in graph.edges_from.get(number, [])
        if edge.target is None or f"n{edge.target}" in visible
    ]
    targets += folded
    line = say["leads" if targets else "leads-nowhere"].format(
        node=name, targets=listed(targets, say)
    )
    saved = [say[each.state].format(name=saved_name(each, say)) for each in node.saved]
    return line + (say["keeps"].format(saved=listed(saved, say)) if saved else "")


def saved_name(saved: Saved, say: dict[str, str]) -> str:
    if saved.name or saved.value is None:
        return code(saved.name or saved.attribute)
    return value_text(saved.value, say)


def backward_reading(graph: Graph, language: str) -> list[str]:
    """What the engine did, one line a node, in its order; empty if it did not run, or if it
    was too much to read."""
    say = words(language)
    if len(graph.order) > LONGEST_BACKWARD:
        return []
    sent: dict[int, list[Edge]] = {}
    arriving: dict[tuple[int, int], list[Edge]] = {}
    for edge in graph.edges if graph.order else ():
        if edge.target is not None:
            sent.setdefault(edge.source, []).append(edge)
            arriving.setdefault((edge.target, edge.output), []).append(edge)
    lines = []
    for number in graph.order:
        node = graph.nodes[number]
        received = listed((value_text(each.received, say) for each in node.outputs), say)
        line = say["receives"].format(node=node_name(graph, number, say), received=received)
        for place, output in enumerate(node.outputs):
            before = changed_by_hook(output.received, arriving.get((number, place), []))
            if before is not None:
                line += say["hook"].format(before=value_text(before, say))
        parts = [
            say["to"].format(
                value=value_text(edge.sent, say), target=node_name(graph, edge.target, say)
            )
            for edge in sent.get(number, [])
        ]
        if parts:
            line += say["sends"].format(sent=listed(parts, say))
        if node.leaf and node.grad is not None and node.outputs[0].name:
            name = code(f"{node.outputs[0].name}.grad")
            line += say["grad"].format(name=name, value=value_text(node.grad, say))
        lines.append(line)
    return lines


def changed_by_hook(received: Value | None, edges: list[Edge]) -> Value | None:
    """What was sent, if a hook made something else of it."""
    before = total(edge.sent for edge in edges)
    if before is None or received is None or None in (before.numbers, received.numbers):
        return None
    pairs = zip(before.numbers, received.numbers)
    loose = ROUNDING.get(received.dtype, 1e-5)
    same = all(a == b or abs(a - b) <= loose * abs(b) + 1e-8 or a != a for a, b in pairs)
    return None if same else before
