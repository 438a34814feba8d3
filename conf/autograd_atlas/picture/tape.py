"""From a :class:`~autograd_atlas.graph.Graph` and its pictures to the tape that a browser plays.

A tape says, step by step, what appears and what lights up in the pictures, and a line of text.
Numbers in it go by the names of quantities:

- ``v3``: the value of tensor 3,
- ``r3.0``: the gradient that node 3 received for its output 0,
- ``e3``: the gradient that was sent along edge 3; ``d3``: the local derivative there,
- ``g3``: the leaf's ``.grad`` at node 3.

Where the numbers of all tensors are known, the tape also holds what the browser needs to
calculate them anew from other inputs: calls, nodes, edges, and the engine's order.
"""

import ast
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..graph import Call, Graph, Number, Value, same_numbers
from . import text
from .diagram import Diagram
from .packing import packed

MOST_STEPS = 4_000  # of a tape; a longer calculation is only drawn
MOST_NUMBERS = 4_096  # of all quantities, that a browser calculates anew
REAL = ("float32", "float64")
NEXT = "\ue003"  # stands between lines that are packed together, and like their marks in no line


def tape(graph: Graph, pictures: Mapping[str, Diagram], language: str) -> dict[str, Any] | None:
    """What a browser needs to play ``graph``, to be stored as JSON; None if it has too many steps.

    ``pictures`` are its drawn pictures, by the prefix of their ids.
    """
    say = text.words(language)
    steps = [*forward_steps(graph, say), *backward_steps(graph, say)]
    if len(steps) > MOST_STEPS:
        return None
    why = why_fixed(graph)
    found: dict[str, Any] = {
        "say": {key: say[key] for key in text.PLAYER_WORDS},
        "steps": [{"say": text.inputs_line(graph, say) if graph.calls else "", "on": []}, *steps],
        "pictures": {prefix: picture_tape(picture) for prefix, picture in pictures.items()},
    }
    if graph.blocks:
        found["blocks"] = [block.parent for block in graph.blocks]
        found["items"] = dict(item for picture in pictures.values() for item in picture.items)
    if why:
        for step in found["steps"]:
            step["say"] = text.plain(step["say"])
        found["fixed"] = say[why]
    else:
        found["graph"] = calculation(graph)
    return found


def tape_json(stored: dict[str, Any]) -> str:
    """JSON that can stand inside of a script element, which nothing in it ends.

    The lines that tell the steps are much alike, and stand packed beside them (see
    :mod:`.packing`).
    """
    steps = [{key: step[key] for key in step if key != "say"} for step in stored["steps"]]
    lines = packed(NEXT.join(step["say"] for step in stored["steps"]))
    plain = json.dumps(
        {**stored, "steps": steps, "lines": lines},
        ensure_ascii=False, allow_nan=False, separators=(",", ":"),
    )  # fmt: skip
    return plain.replace("</", "<\\/").replace("<!", "\\u003c!")


# -- Steps ----------------------------------------------------------------------------------


def forward_steps(graph: Graph, say: dict[str, str]) -> Iterator[dict[str, Any]]:
    """One for each call in the order in which they ran, with what PyTorch recorded meanwhile; or
    one for each node, if the calls are not known."""
    met: set[int] = set()

    def recorded(nodes: tuple[int, ...]) -> list[str]:
        keys = []
        for node in nodes:
            keys.append(f"n{node}")
            for place, edge in edges[node]:
                keys.append(f"e{place}")
                if edge.target is not None and graph.nodes[edge.target].leaf:
                    if edge.target not in met:
                        met.add(edge.target)
                        keys.append(f"n{edge.target}")
        return keys

    edges = numbered_edges(graph)
    changed: dict[int, list[int]] = {}
    for number, tensor in enumerate(graph.tensors):
        if tensor.changed_by is not None:
            changed.setdefault(tensor.changed_by, []).append(number)
    for number, call in enumerate(graph.calls):
        keys = [f"c{number}"]
        for position, argument in enumerate(call.arguments):
            keys.append(f"w{number}.{position}")
            if argument.tensor is None:
                keys.append(f"k{number}.{position}")
        for output in call.outputs:
            keys += [f"o{output}", f"t{output}"]
            for other in changed.get(output, []):
                keys += [f"a{other}", f"t{other}"]
        keys += recorded(call.nodes)
        step = {"say": text.forward_line(graph, number, say), "on": keys}
        yield {**step, "line": call.line} if call.line else step
    if not graph.calls:
        for number, node in enumerate(graph.nodes):
            if not node.leaf:
                yield {"say": text.record_line(graph, number, say), "on": recorded((number,))}


def backward_steps(graph: Graph, say: dict[str, str]) -> Iterator[dict[str, Any]]:
    """One for each node, in the order in which the engine ran them."""
    edges = numbered_edges(graph)
    calls = {node: number for number, call in enumerate(graph.calls) for node in call.nodes}
    leaves: dict[int, list[str]] = {}
    for number, tensor in enumerate(graph.tensors):
        if tensor.leaf and tensor.node is not None:
            leaves.setdefault(tensor.node, []).append(f"t{number}")
    for number, line in zip(graph.order, text.backward_lines(graph, say), strict=bool(graph.order)):
        node = graph.nodes[number]
        places = [place for place, _ in edges[number]]
        lit = [f"n{number}", *leaves.get(number, ()), *(f"e{place}" for place in places)]
        appear = [f"r{number}.{place}" for place in range(len(node.outputs))]
        appear += [f"{kind}{place}" for place in places for kind in "ed"]
        if node.leaf:
            appear.append(f"g{number}")
        step = {"say": line, "on": lit, "then": appear}
        if number in calls:
            call = graph.calls[calls[number]]
            lit.append(f"c{calls[number]}")
            for position, argument in enumerate(call.arguments):
                if set(argument.edges) & set(places):
                    lit.append(f"w{calls[number]}.{position}")
            if call.line:
                step["line"] = call.line
        yield step


def numbered_edges(graph: Graph) -> list[list[tuple[int, Any]]]:
    """The edges of each node, with their numbers."""
    found: list[list[tuple[int, Any]]] = [[] for _ in graph.nodes]
    for place, edge in enumerate(graph.edges):
        found[edge.source].append((place, edge))
    return found


# -- Pictures -------------------------------------------------------------------------------


def picture_tape(picture: Diagram) -> dict[str, Any]:
    """What the texts of a picture are about, in the order in which they stand in its SVG."""
    texts = {
        box.key: [span.about for line in box.lines for span in line]
        for box in picture.boxes
        if any(span.about for line in box.lines for span in line)
    }
    labels = [
        [wire.key, [kind for kind, words in (("d", wire.above), ("e", wire.below)) if words],
         list(wire.edges)]
        for wire in picture.wires
        if wire.above or wire.below
    ]  # fmt: skip
    return {"texts": texts, "labels": labels}


# -- Calculating anew -----------------------------------------------------------------------


def quantities(graph: Graph) -> dict[str, Value]:
    """All that was recorded, by name."""
    found = {f"v{number}": tensor.value for number, tensor in enumerate(graph.tensors)}
    if not graph.order:
        return found
    for number, node in enumerate(graph.nodes):
        for place, output in enumerate(node.outputs):
            if output.received is not None:
                found[f"r{number}.{place}"] = output.received
        if node.leaf and node.grad is not None and number in graph.order:
            found[f"g{number}"] = node.grad
    for number, edge in enumerate(graph.edges):
        if edge.sent is not None:
            found[f"e{number}"] = edge.sent
            if edge.local is not None:
                found[f"d{number}"] = Value((), edge.sent.dtype, (edge.local,))
    return found


def why_fixed(graph: Graph) -> str:
    """The word that says why no browser can calculate this anew; empty if it may try."""
    if not graph.calls:
        return "fixed-unseen"
    known = quantities(graph).values()
    if any(value.numbers is None for value in known):
        return "fixed-large"
    if sum(len(value.numbers) for value in known) > MOST_NUMBERS:
        return "fixed-many"
    if any(t.requires_grad and t.value.dtype not in REAL for t in graph.tensors):
        return "fixed-type"
    if any(value.dtype not in (*REAL, "bool", "int32", "int64") for value in known):
        return "fixed-type"
    for number, tensor in enumerate(graph.tensors):
        given = number not in graph.made_by
        if tensor.changed_by is not None or (given and tensor.primes):
            return "fixed-written"
    for number in graph.order:
        node = graph.nodes[number]
        received = node.outputs[0].received
        if node.leaf and node.grad is not None and received is not None:
            if not same_numbers(node.grad, received):
                return "fixed-summed"
    return f"fixed-{graph.bound[0]}" if graph.bound else ""


def calculation(graph: Graph) -> dict[str, Any]:
    """Calls, nodes and edges, and the numbers that PyTorch had for them."""
    return {
        "tensors": [
            {
                "name": text.tensor_name(tensor),
                "at": None if tensor.node is None else [tensor.node, tensor.output],
                "input": number not in graph.made_by and tensor.value.dtype in REAL,
            }
            for number, tensor in enumerate(graph.tensors)
        ],
        "calls": [
            {
                "name": call.name,
                **operation(graph, call),
                "made": list(call.outputs),
                "nodes": list(call.nodes),
            }
            for call in graph.calls
        ],
        "nodes": [node.name for node in graph.nodes],
        "edges": [[edge.source, edge.target, edge.output] for edge in graph.edges],
        "roots": [[root.node, root.output, root.tensor] for root in graph.roots],
        "order": list(graph.order),
        "single": all(tensor.value.dtype != "float64" for tensor in graph.tensors),
        "known": {
            name: [
                list(value.shape),
                [spelled(number) for number in value.numbers],
                *([value.dtype] if value.dtype not in REAL else []),
            ]
            for name, value in quantities(graph).items()
        },
    }


# Names under which torch offers the same operation.
SAME = {
    "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "__eq__": "eq",
    "__pow__": "pow", "__rpow__": "pow", "__rsub__": "sub", "rsub": "sub", "negative": "neg",
    "absolute": "abs", "clip": "clamp", "mm": "matmul", "mv": "matmul", "dot": "matmul",
    "__matmul__": "matmul", "view": "reshape", "reshape_as": "view_as", "ravel": "flatten",
    "swapaxes": "transpose", "broadcast_to": "expand", "concat": "cat", "concatenate": "cat",
}  # fmt: skip
IN_PLACE = re.compile(r"__i(\w+)__|(\w+[^_])_")

# What the player can calculate (ops.js): how many tensors or numbers each operation is given, and
# its options, those that may come without a name first and in their order; "*" takes all that come.
ONE, TWO = (1,), (2,)
ALONG, REDUCED = (ONE, "dim"), (ONE, "dim", "keepdim")
SPREAD = (ONE, "dim", "=keepdim", "=unbiased", "=correction")
LOSS = (TWO, "=reduction")
TAKES: dict[str, tuple[tuple[int, ...], *tuple[str, ...]]] = {
    **dict.fromkeys(
        ["neg", "exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "square", "reciprocal", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "sigmoid", "logsigmoid", "relu", "silu", "abs", "sign", "floor", "ceil", "round", "detach", "zeros_like", "ones_like", "t", "T", "mT", "clone", "max", "min"], (ONE,)
    ),
    **dict.fromkeys(
        ["mul", "div", "pow", "maximum", "minimum", "gt", "lt", "ge", "le", "eq", "ne", "matmul", "outer", "view_as", "expand_as"], (TWO,)
    ),
    **dict.fromkeys(["sum", "mean", "prod", "amax", "amin", "logsumexp"], REDUCED),
    **dict.fromkeys(["softmax", "log_softmax", "cumsum"], ALONG),
    **dict.fromkeys(["var", "std"], SPREAD),
    **dict.fromkeys(
        ["mse_loss", "l1_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"], LOSS
    ),
    **dict.fromkeys(["nll_loss", "cross_entropy"], (*LOSS, "=ignore_index", "=label_smoothing")),
    "add": (TWO, "=alpha"), "sub": (TWO, "=alpha"), "where": ((3,),), "__rtruediv__": (TWO,),
    "clamp": (ONE, "min", "max"), "leaky_relu": (ONE, "negative_slope"), "elu": (ONE, "alpha"),
    "softplus": (ONE, "beta", "threshold"), "norm": (ONE, "=p", "=dim", "=keepdim"),
    "vector_norm": (ONE, "=ord", "=dim", "=keepdim"), "addmm": ((3,),), "linear": ((2, 3),),
    "reshape": (ONE, "*shape"), "flatten": (ONE, "start_dim", "end_dim"),
    "transpose": (ONE, "dim0", "dim1"), "permute": (ONE, "*dims"), "unsqueeze": (ONE, "dim"),
    "squeeze": (ONE, "*dim"), "expand": (ONE, "*size"), "flip": (ONE, "*dims"),
    "select": (ONE, "dim", "index"), "cat": ((1, 2, 3, 4, 5, 6, 7, 8), "dim"),
    "stack": ((1, 2, 3, 4, 5, 6, 7, 8), "dim"),
}  # fmt: skip
SILENT = {"inplace", "_stacklevel", "memory_format"}  # options that change no number
OWN_NODE = re.compile(r"\w+Backward\d+|torch::autograd::\w+")  # PyTorch's, not a custom function's


def operation(graph: Graph, call: Call) -> dict[str, Any]:
    """What a call did, as the player's table knows it; without ``op`` if that cannot be told."""
    name = call.name
    if found := IN_PLACE.fullmatch(name):
        name = found[1] or found[2]
    name = SAME.get(name, name)
    try:
        if not all(OWN_NODE.fullmatch(graph.nodes[node].name) for node in call.nodes):
            raise ValueError("a custom function")
        given = [[spelled(read(a.text))] if a.tensor is None else a.tensor for a in call.arguments]
        if name == "__getitem__":
            return {"op": name, "given": given, "steps": indexing(graph, call)}
        counts, *names = TAKES[name]
        if len(given) not in counts:
            raise ValueError("other arguments")
        return {"op": name, "given": given, "named": named_options(call.options, names)}
    except (ValueError, KeyError):
        return {"given": []}


NAMED = re.compile(r"([a-z_]\w*)=(.*)", re.DOTALL)


def named_options(options: tuple[str, ...], names: list[str]) -> dict[str, Any]:
    """Options by their names; raises ValueError for one that is not expected."""
    found: dict[str, Any] = {}
    places = [name for name in names if name[0] != "="]
    for option in options:
        pair = NAMED.fullmatch(option)
        value = read(pair[2] if pair else option)
        if pair and (value is None or pair[1] in SILENT):
            continue
        if pair:
            name = {"axis": "dim"}.get(pair[1], pair[1])
            if name not in (each.lstrip("=*") for each in names):
                raise ValueError(option)
        elif not places:
            raise ValueError(option)
        else:
            name = places[0].lstrip("*")
            if places[0][0] == "*":
                listed = list(value) if isinstance(value, tuple) else [value]
                found[name] = [*found.get(name, ()), *listed]
                continue
            del places[0]
        if name == "dim" and isinstance(value, bool):
            raise ValueError(option)
        found[name] = value
    return found


def read(option: str) -> Any:
    """The value of an argument; raises ValueError if its text does not tell."""
    if option in ("inf", "-inf", "nan"):
        return option.replace("inf", "Infinity").replace("nan", "NaN")
    try:
        value = ast.literal_eval(option)
    except SyntaxError as problem:
        raise ValueError(option) from problem
    if isinstance(value, complex) or value is ...:
        raise ValueError(option)
    return value


def indexing(graph: Graph, call: Call) -> list[list[Any]]:
    """The steps into which torch takes ``x[0, :, 1:3]`` apart: each a view along a dimension."""
    if len(call.arguments) != 1 or len(call.options) != 1:
        raise ValueError("an index that is a tensor")
    items = call.options[0].removeprefix("(").removesuffix(")").split(", ")
    used = sum(item not in ("...", "None") for item in items)
    dimension, steps = 0, []
    for item in items:
        if item == "...":
            dimension += len(graph.tensors[call.arguments[0].tensor].value.shape) - used
        elif item == "None":
            steps.append(["unsqueeze", dimension])
            dimension += 1
        elif ":" in item:
            start, end, step = [*(read(part) if part else None for part in item.split(":")), 1][:3]
            if start or end is not None or step != 1 or len(items) == 1:
                steps.append(["slice", dimension, start or 0, end, step])
            dimension += 1
        elif type(index := read(item)) is int:
            steps.append(["select", dimension, index])
        else:
            raise ValueError(item)
    return steps or [["alias", 0]]


def spelled(number: Number) -> int | float | str:
    """As JavaScript's ``Number`` reads it; JSON has no word for what is not finite."""
    if isinstance(number, (bool, str)):
        return number if isinstance(number, str) else int(number)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
