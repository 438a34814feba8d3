"""Graphs in words: alternative text, and a reading line by line, from the same walk as the
picture. All words that a picture needs stand here, in each language.

A number that changes when a reader changes an input is marked in a line, with the quantity that
it is (see :func:`marked`), so that one walk serves what is read and what is played.
"""

import itertools
import re
from collections.abc import Iterable, Iterator

from ..graph import Call, Edge, Graph, Saved, Value, total
from .diagram import (
    RECORDED,
    Box,
    Diagram,
    block_title,
    number_text,
    rows_of,
    shown,
    tensor_name,
    type_text,
)

LONGEST_READING = 200  # lines; what is left is counted
ROUNDING = {"bfloat16": 3e-2, "float16": 4e-3}  # relative, of a sum in that dtype
MOST_LISTED = 6  # inputs, nodes or targets that one step names
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
        "sent-product": "gradient sent back, ∇ × ∂",
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
        "leaf": "{name} = {value}, a leaf tensor that requires a gradient",
        "computed": "{name} = {value}, computed outside of the recording",
        "constant": "{name} = {value}, needs no gradient",
        "made": "{name} = {source} gives {value}",
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
        "result-of": "the result of {function}",
        "leads": "{node} leads to {targets}",
        "leads-nowhere": "{node} leads nowhere",
        "stop": "`None` (that input needs no gradient)",
        "keeps": "; it saved {saved}",
        "kept": "{name}", "freed": "{name} (freed by the backward pass)", "changed": "{name} (changed since)",
        "packed": "{name} (packed by a hook)",
        "ends": "{node} adds the gradient that arrives to {name}",
        "ends-unnamed": "{node} adds the gradient that arrives to the `.grad` of a leaf tensor",
        "inputs": "the inputs are {inputs}; PyTorch has recorded nothing yet",
        "input": "{name} = {value}",
        "records": "; PyTorch records {nodes}",
        "which-leads": ", which leads to {targets}",
        "records-nothing": "; PyTorch records nothing",
        "record": "PyTorch records {node}; ",
        "seed": "The backward pass starts from {root}, whose gradient with respect to itself is 1. ",
        "seed-given": "The backward pass starts from {root} with the gradient that was given. ",
        "node-of": "{node} ({names})",
        "receives": "{node} receives {received}",
        "hook": " (a hook changed it from {before})",
        "sends": " and sends {sent}",
        "sent-comma": ", ", "sent-and": " and ",
        "to": "{value} to {target}",
        "none": "`None`",
        "grad": "; {name} is {value}",
        "more": "… and {n} more",
        "player": "Play this graph",
        "first": "To the beginning",
        "back": "One step back",
        "play": "Play",
        "pause": "Pause",
        "forward": "One step forward",
        "last": "To the end",
        "step": "Step",
        "zoom-in": "Zoom in",
        "zoom-out": "Zoom out",
        "at": "Step {n} of {all}: ",
        "at-forward": "Step {n} of {all}, forward pass: ",
        "at-backward": "Step {n} of {all}, backward pass: ",
        "picture": "Picture of the graph; the arrow keys play it step by step, with Shift they scroll it",
        "edit": "Change the inputs",
        "why-fixed": "Why the inputs cannot be changed",
        "drag": "Type a number, or drag a name to the left or right.",
        "reset": "Back to PyTorch's numbers",
        "link": "Copy a link to these numbers",
        "copied": "Copied",
        "yours": "With your numbers. ",
        "after-all": "After all steps: ",
        "edited": "Your browser calculated these numbers, operation by operation, on the recorded "
        "graph; PyTorch did not run again. What the program decides with an if or a loop, or takes "
        "out of a tensor with item(), stays as it was.",
        "words-recorded": "The numbers below are PyTorch's, for the original inputs.",
        "not-a-number": "The address says {name} = {text}, but this input cannot take that.",
        "no-input": "The address names {name}, but this graph has no such input.",
        "fixed": "The inputs of this graph cannot be changed here: {why}.",
        "fixed-unseen": "The inputs of this graph cannot be changed here: only what PyTorch "
        "recorded is known, without values.",
        "fixed-large": "The inputs of this graph cannot be changed here: some of its tensors "
        "are too large to calculate with in a page.",
        "fixed-many": "The inputs of this graph cannot be changed here: it has too many numbers to "
        "calculate with in a page.",
        "fixed-hook": "The inputs of this graph cannot be changed here: a hook runs in its backward "
        "pass.",
        "fixed-start": "The inputs of this graph cannot be changed here: the backward pass did not "
        "start from what is drawn.",
        "fixed-type": "The inputs of this graph cannot be changed here: its numbers are neither "
        "float32 nor float64.",
        "fixed-written": "The inputs of this graph cannot be changed here: a tensor was written "
        "in place.",
        "fixed-summed": "The inputs of this graph cannot be changed here: .grad holds more than "
        "this backward pass brought.",
        "why-operation": "this page cannot calculate {name} as it is called here",
        "why-differs": "{name} would not match PyTorch's value, perhaps because of a hook or a "
        "random number",
    },
    "zh": {
        "written": "你写的代码",
        "recorded": "PyTorch 记录的图",
        "view": "视图",
        "words": "这张图的文字说明",
        "backward": "反向传播（按 PyTorch 的执行顺序）",
        "inside": "{block} 内部",
        "inside-equal": "{block} 内部（{others} 与之相同）",
        "scroll": "计算图；左右滚动可查看全图",
        "value": "值",
        "local": "局部导数",
        "sent": "往回传的梯度",
        "sent-product": "往回传的梯度，∇ × ∂",
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
        "leaf": "{name} = {value}，需要梯度的叶子张量",
        "computed": "{name} = {value}，在记录之外算出",
        "constant": "{name} = {value}，不需要梯度",
        "made": "{name} = {source}，得 {value}",
        "unnamed-made": "{source}，得 {value}",
        "several": "{source}，得 {outputs}",
        "output": "{name}：{value}",
        "of": "{function} 作用于 {inputs}",
        "of-nothing": "{function}",
        "alias": "{name}：通过 {source} 被修改，现为 {value}",
        "block": "{name}：{count}，输入：{inputs}",
        "block-leads": "{name}：{count}，通向 {inputs}",
        "block-alone": "{name}：{count}",
        "unnamed": "张量 {n}",
        "result-of": "{function} 的结果",
        "leads": "{node} 通向 {targets}",
        "leads-nowhere": "{node} 不通向任何节点",
        "stop": "`None`（该输入不需要梯度）",
        "keeps": "；它保存了 {saved}",
        "kept": "{name}", "freed": "{name}（反向传播后已释放）", "changed": "{name}（之后被修改）",
        "packed": "{name}（由钩子打包）",
        "ends": "{node} 把收到的梯度累加到 {name}",
        "ends-unnamed": "{node} 把收到的梯度累加到某个叶子张量的 `.grad`",
        "inputs": "输入为 {inputs}；PyTorch 还没有记录任何运算",
        "input": "{name} = {value}",
        "records": "；PyTorch 记录下 {nodes}",
        "which-leads": "，它通向 {targets}",
        "records-nothing": "；PyTorch 什么也没有记录",
        "record": "PyTorch 记录下 {node}；",
        "seed": "反向传播从 {root} 开始：它对自身的梯度为 1。",
        "seed-given": "反向传播从 {root} 开始，初始梯度由程序给出。",
        "node-of": "{node}（{names}）",
        "receives": "{node} 收到 {received}",
        "hook": "（原为 {before}，被钩子修改）",
        "sends": "，{sent}",
        "sent-comma": "，", "sent-and": "，",
        "to": "向 {target} 传出 {value}",
        "none": "`None`",
        "grad": "；{name} 为 {value}",
        "more": "……还有 {n} 项",
        "player": "播放这张图",
        "first": "回到开头",
        "back": "后退一步",
        "play": "播放",
        "pause": "暂停",
        "forward": "前进一步",
        "last": "跳到末尾",
        "step": "步骤",
        "zoom-in": "放大",
        "zoom-out": "缩小",
        "at": "第 {n} 步（共 {all} 步）：",
        "at-forward": "第 {n} 步（共 {all} 步），前向传播：",
        "at-backward": "第 {n} 步（共 {all} 步），反向传播：",
        "picture": "计算图；用方向键逐步播放，按住 Shift 则左右滚动",
        "edit": "修改输入",
        "why-fixed": "为什么不能修改输入",
        "drag": "键入数字，或按住名称左右拖动。",
        "reset": "恢复 PyTorch 的数值",
        "link": "复制这组数值的链接",
        "copied": "已复制",
        "yours": "你的数值。",
        "after-all": "全部步骤之后：",
        "edited": "这些数值由浏览器沿已记录的图逐个运算算出，没有重新运行 PyTorch。"
        "程序里 if 或循环作出的选择，以及用 item() 取出的数，都保持原样。",
        "words-recorded": "下面的数值是 PyTorch 用原来的输入算出的。",
        "not-a-number": "网址里写着 {name} = {text}，但这个输入不能取这个值。",
        "no-input": "网址中提到 {name}，但这张图没有这个输入。",
        "fixed": "这张图的输入不能在此修改：{why}。",
        "fixed-unseen": "这张图的输入不能在此修改：只知道 PyTorch 记录的结构，不知道数值。",
        "fixed-large": "这张图的输入不能在此修改：有的张量太大，不适合在网页里计算。",
        "fixed-many": "这张图的输入不能在此修改：数值太多，不适合在网页里计算。",
        "fixed-hook": "这张图的输入不能在此修改：反向传播中有钩子运行。",
        "fixed-start": "这张图的输入不能在此修改：反向传播不是从图中的结果开始的。",
        "fixed-type": "这张图的输入不能在此修改：数值类型既不是 float32 也不是 float64。",
        "fixed-written": "这张图的输入不能在此修改：有张量被原地修改。",
        "fixed-summed": "这张图的输入不能在此修改：.grad 里不只有这一次反向传播的梯度。",
        "why-operation": "本页无法计算这里的 {name} 运算",
        "why-differs": "{name} 的计算结果与 PyTorch 的不同，可能是因为钩子或随机数",
    },
}  # fmt: skip


# What the player says; the rest is said when a page is built.
PLAYER_WORDS = (
    "play", "pause", "at", "at-forward", "at-backward", "yours", "after-all", "picture", "drag",
    "unnamed", "reset", "link", "copied", "edited", "words-recorded", "not-a-number", "no-input", "fixed", "why-operation",
    "why-differs",
)  # fmt: skip


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


def value_text(value: Value | None, say: dict[str, str], about: str = "") -> str:
    """A value in a line, marked as the quantity ``about`` if it has numbers."""
    if value is None:
        return say["none"]
    rows = rows_of(value)
    whole = rows[0] if len(rows) == 1 else f"[{', '.join(rows)}]"
    if whole == type_text(value):
        return code(whole)
    whole = re.sub(r"(?<=\[) +|(?<=, ) +", "", whole)  # columns are for pictures
    return marked(whole, about) if about else whole


OPEN, BETWEEN, CLOSE = "\ue000", "\ue001", "\ue002"  # of a mark; in private use, never spoken
MARKED = re.compile(f"{OPEN}[^{BETWEEN}]*{BETWEEN}([^{CLOSE}]*){CLOSE}")


def marked(words: str, about: str) -> str:
    """``words``, with the name of the quantity whose value they are."""
    return f"{OPEN}{about}{BETWEEN}{words}{CLOSE}"


def plain(line: str) -> str:
    """A line without its marks."""
    return MARKED.sub(r"\1", line)


def closed(line: str) -> str:
    """A line without spaces after a full-width bracket, which is wide enough."""
    return line.replace("） ", "）")


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
    return summary(graph, picture.view, folded_blocks(picture), language)


def folded_blocks(picture: Diagram) -> list[str]:
    """The titles of the blocks that are folded in a picture."""
    return [box.title for box in picture.boxes if box.kind == "block"]


def summary(graph: Graph, view: str, folded: list[str], language: str) -> str:
    """What a picture of the whole graph shows, in a view, and which blocks are folded in it."""
    say = words(language)
    roots = listed((root.name or say["result"] for root in graph.roots), say)
    if view == RECORDED:
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
    if folded:
        some = folded[:4] + ["…"] * (len(folded) > 4)
        parts.append(say["alt-folded"].format(blocks=say["comma"].join(some)))
    values = list(itertools.islice(results(graph), 9))
    if 0 < len(values) < 9:
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
    lines = [closed(line) for line in lines]
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
    if not name and number in graph.made_by:
        function = code(graph.calls[graph.made_by[number]].name)
        return say["result-of"].format(function=function)
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
    outputs = call.outputs if box.tensor is None else (box.tensor,)
    yield plain(call_line(graph, call, outputs, listed(inputs[box.key], say), say))


def call_line(
    graph: Graph, call: Call, outputs: tuple[int, ...], given: str, say: dict[str, str]
) -> str:
    """What a call made of what it was given, its values marked."""
    kind = "of" if given else "of-nothing"
    source = code(call.source) or say[kind].format(function=code(call.name), inputs=given)
    values = [value_text(graph.tensors[n].value, say, f"v{n}") for n in outputs]
    names = [tensor_called(graph, n, say) for n in outputs]
    if len(outputs) == 1:
        kind = "made" if tensor_name(graph.tensors[outputs[0]]) else "unnamed-made"
        return say[kind].format(name=names[0], source=source, value=values[0])
    made = [say["output"].format(name=n, value=v) for n, v in zip(names, values)]
    return say["several"].format(source=source, outputs=listed(made, say))


def inputs_line(graph: Graph, say: dict[str, str]) -> str:
    """What is given before the first call, its values marked."""
    given = [
        number
        for number, tensor in enumerate(graph.tensors)
        if number not in graph.made_by and tensor.changed_by is None
    ]
    some = []
    for number in given[:MOST_LISTED]:
        value = value_text(graph.tensors[number].value, say, f"v{number}")
        name = code(tensor_name(graph.tensors[number]))
        some.append(say["input"].format(name=name, value=value) if name else value)
    return say["inputs"].format(inputs=some_of(some, len(given), say))


def forward_line(graph: Graph, number: int, say: dict[str, str]) -> str:
    """What one call did, and what PyTorch recorded of it."""
    call = graph.calls[number]
    tensors = dict.fromkeys(a.tensor for a in call.arguments if a.tensor is not None)
    given = listed((tensor_called(graph, n, say) for n in tensors), say)
    line = call_line(graph, call, call.outputs, given, say)
    nodes = [code(graph.nodes[node].name) for node in call.nodes]
    if not nodes:  # a node that nothing here needs is not in the graph
        needed = any(graph.tensors[output].requires_grad for output in call.outputs)
        return closed(line) if needed else closed(line + say["records-nothing"])
    line += say["records"].format(nodes=some_of(nodes[:MOST_LISTED], len(nodes), say))
    if len(nodes) == 1:
        edges = graph.edges_from.get(call.nodes[0], [])
        ends = [node_name(graph, edge.target, say) for edge in edges if edge.target is not None]
        if ends:
            ends = list(dict.fromkeys(ends))
            line += say["which-leads"].format(targets=some_of(ends[:MOST_LISTED], len(ends), say))
    return closed(line)


def record_line(graph: Graph, number: int, say: dict[str, str]) -> str:
    """That a node was recorded, and where it leads."""
    visible = {f"n{place}" for place in range(len(graph.nodes))}
    node = code(graph.nodes[number].name)
    return closed(say["record"].format(node=node) + recorded_line(graph, number, visible, [], say))


def some_of(parts: list[str], count: int, say: dict[str, str]) -> str:
    """The first of ``count`` parts, and how many more there are."""
    if count <= len(parts):
        return listed(parts, say)
    return say["comma"].join(parts) + say["comma"] + say["more"].format(n=count - len(parts))


def node_name(graph: Graph, number: int, say: dict[str, str]) -> str:
    """``MulBackward0 (u)``: the node, and what it made."""
    node = graph.nodes[number]
    names = say["comma"].join(code(output.name) for output in node.outputs if output.name)
    short = code(node.name.rpartition("::")[2])
    return say["node-of"].format(node=short, names=names) if names else short


def recorded_line(
    graph: Graph, number: int, visible: set[str], folded: list[str], say: dict[str, str]
) -> str:
    """Where a node leads: to nodes that the picture shows, and to blocks that they are in."""
    node = graph.nodes[number]
    name = node_name(graph, number, say)
    if node.leaf:
        leaf = node.outputs[0].name
        short = code(node.name.rpartition("::")[2])
        kind = "ends" if leaf else "ends-unnamed"
        return say[kind].format(node=short, name=code(f"{leaf}.grad"))
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
    if len(graph.order) > LONGEST_BACKWARD:
        return []
    return [plain(line) for line in backward_lines(graph, words(language))]


def backward_lines(graph: Graph, say: dict[str, str]) -> list[str]:
    """What each node received, sent, and added to a leaf's ``.grad``, in the engine's order, its
    numbers marked."""
    arriving: dict[tuple[int, int], list[int]] = {}
    for number, edge in enumerate(graph.edges if graph.order else ()):
        if edge.target is not None:
            arriving.setdefault((edge.target, edge.output), []).append(number)
    numbers = {id(edge): number for number, edge in enumerate(graph.edges)}
    lines = []
    for number in graph.order:
        node = graph.nodes[number]
        received = [
            received_text(graph, number, place, arriving.get((number, place), []), say)
            for place in range(len(node.outputs))
        ]
        name = node_name(graph, number, say)
        line = say["receives"].format(node=name, received=listed(received, say))
        sent = [edge for edge in graph.edges_from.get(number, []) if edge.target is not None]
        parts = [
            say["to"].format(
                value=sent_text(edge, numbers[id(edge)], node.outputs[0].received, say),
                target=node_name(graph, edge.target, say),
            )
            for edge in sent[:MOST_LISTED]
        ]
        if parts:
            several = {**say, "comma": say["sent-comma"], "and": say["sent-and"]}
            line += say["sends"].format(sent=some_of(parts, len(sent), several))
        if node.leaf and node.grad is not None and node.outputs[0].name:
            name = code(f"{node.outputs[0].name}.grad")
            grad = value_text(node.grad, say, f"g{number}")
            line += say["grad"].format(name=name, value=grad)
        lines.append(closed(line))
    if lines:
        lines[0] = seed_line(graph, say) + lines[0]
    return lines


def seed_line(graph: Graph, say: dict[str, str]) -> str:
    """Where the first gradient comes from."""
    roots = [root for root in graph.roots if root.node == graph.order[0]]
    if not roots:
        return ""
    received = graph.nodes[roots[0].node].outputs[roots[0].output].received
    alone = received is not None and received.numbers == (1.0,)
    root = code(roots[0].name) or say["result"]
    return say["seed" if alone else "seed-given"].format(root=root)


def received_text(
    graph: Graph, node: int, place: int, edges: list[int], say: dict[str, str]
) -> str:
    """What arrived at one output of a node: a sum, if it came along several edges."""
    received = graph.nodes[node].outputs[place].received
    whole = value_text(received, say, f"r{node}.{place}")
    sent = [graph.edges[edge] for edge in edges]
    before = changed_by_hook(received, sent)
    if before is not None:
        return whole + say["hook"].format(before=value_text(before, say))
    parts = [shown(edge.sent) for edge in sent]
    if 1 < len(parts) <= MOST_LISTED and all(parts):
        terms = [marked(part, f"e{edge}") for part, edge in zip(parts, edges)]
        return f"{' + '.join(terms)} = {whole}"
    return whole


def sent_text(edge: Edge, number: int, received: Value | None, say: dict[str, str]) -> str:
    """What went along an edge: a product, if the local derivative is one number."""
    whole = value_text(edge.sent, say, f"e{number}")
    factor = shown(received)
    if edge.local is None or not factor or not shown(edge.sent):
        return whole
    local = marked(number_text(edge.local), f"d{number}")
    return f"{marked(factor, f'r{edge.source}.0')}\u00a0×\u00a0{local}\u00a0=\u00a0{whole}"


def changed_by_hook(received: Value | None, edges: list[Edge]) -> Value | None:
    """What was sent, if a hook made something else of it."""
    before = total(edge.sent for edge in edges)
    if before is None or received is None or None in (before.numbers, received.numbers):
        return None
    pairs = zip(before.numbers, received.numbers)
    loose = ROUNDING.get(received.dtype, 1e-5)
    same = all(a == b or abs(a - b) <= loose * abs(b) + 1e-8 or a != a for a, b in pairs)
    return None if same else before
