"""From a :class:`~autograd_atlas.graph.Graph` to what a browser needs to calculate its numbers anew
from other inputs: calls with their options, nodes, edges, the engine's order, and what PyTorch had.

Only a graph whose numbers are all known, and few, can be calculated so; :func:`why_fixed` says why
another one cannot. What the browser then does with it is in ``player/calculation.js``.
"""

import ast
import math
import re
from typing import Any

from ..graph import Argument, Call, Graph, Number, Value, same_numbers
from .keys import Measure, Quantity
from .labels import tensor_name

MOST_NUMBERS = 4_096  # of all quantities, that a browser calculates anew
REAL = ("float32", "float64")
KNOWN_TYPES = (*REAL, "bool", "int32", "int64")


def quantities(graph: Graph) -> dict[Quantity, Value]:
    """All that was recorded, by name."""
    known = {
        Quantity(Measure.VALUE, number): tensor.value for number, tensor in enumerate(graph.tensors)
    }
    if not graph.order:
        return known
    ran = set(graph.order)
    for number, node in enumerate(graph.nodes):
        for place, output in enumerate(node.outputs):
            if output.received is not None:
                known[Quantity(Measure.RECEIVED, number, place)] = output.received
        if node.leaf and node.grad is not None and number in ran:
            known[Quantity(Measure.GRAD, number)] = node.grad
    for number, edge in enumerate(graph.edges):
        if edge.sent is not None:
            known[Quantity(Measure.SENT, number)] = edge.sent
            if edge.local is not None:
                local = Value((), edge.sent.dtype, (edge.local,))
                known[Quantity(Measure.LOCAL, number)] = local
    return known


def why_fixed(graph: Graph) -> str:
    """The key of the words that say why no browser can calculate this anew; empty if it may try."""
    if not graph.calls:
        return "fixed-unseen"
    if not all(call.seen for call in graph.calls):
        return "fixed-not-seen"
    known = quantities(graph).values()
    if any(value.numbers is None for value in known):
        return "fixed-large"
    if sum(len(value.numbers or ()) for value in known) > MOST_NUMBERS:
        return "fixed-many"
    if any(t.requires_grad and t.value.dtype not in REAL for t in graph.tensors):
        return "fixed-type"
    if any(value.dtype not in KNOWN_TYPES for value in known):
        return "fixed-type"
    if any(
        tensor.changed_by is not None or (tensor.primes and number not in graph.made_by)
        for number, tensor in enumerate(graph.tensors)
    ):
        return "fixed-written"
    if any(holds_more(graph, number) for number in graph.order):
        return "fixed-summed"
    return f"fixed-{graph.bound[0]}" if graph.bound else ""


def holds_more(graph: Graph, number: int) -> bool:
    """Whether a leaf's ``.grad`` is not what this backward pass brought there."""
    node = graph.nodes[number]
    received = node.outputs[0].received
    if not node.leaf or node.grad is None or received is None:
        return False
    return not same_numbers(node.grad, received)


def calculation(graph: Graph) -> dict[str, Any]:
    """Calls, nodes and edges, and the numbers that PyTorch had for them."""
    return {
        "tensors": [
            {
                "name": tensor_name(tensor),
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
            str(quantity): [
                list(value.shape),
                [spelled(number) for number in value.numbers or ()],
                *([value.dtype] if value.dtype not in REAL else []),
            ]
            for quantity, value in quantities(graph).items()
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

# What player/operations can calculate: how many tensors or numbers each operation is given, and
# its options, those that may come without a name first and in their order; "*" takes all that come.
ONE, TWO = (1,), (2,)
ALONG, REDUCED = (ONE, "dim"), (ONE, "dim", "keepdim")
SPREAD = (ONE, "dim", "=keepdim", "=unbiased", "=correction")
LOSS = (TWO, "=reduction")
TAKES: dict[str, tuple[tuple[int, ...], *tuple[str, ...]]] = {
    **dict.fromkeys(
        (
            "neg", "exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "square",
            "reciprocal", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
            "sigmoid", "logsigmoid", "relu", "silu", "abs", "sign", "floor", "ceil", "round",
            "detach", "zeros_like", "ones_like", "t", "T", "mT", "clone", "max", "min",
        ), (ONE,)
    ),
    **dict.fromkeys(
        (
            "mul", "div", "pow", "maximum", "minimum", "gt", "lt", "ge", "le", "eq", "ne",
            "matmul", "outer", "view_as", "expand_as",
        ), (TWO,)
    ),
    **dict.fromkeys(("sum", "mean", "prod", "amax", "amin", "logsumexp"), REDUCED),
    **dict.fromkeys(("softmax", "log_softmax", "cumsum"), ALONG),
    **dict.fromkeys(("var", "std"), SPREAD),
    **dict.fromkeys(
        ("mse_loss", "l1_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"), LOSS
    ),
    **dict.fromkeys(("nll_loss", "cross_entropy"), (*LOSS, "=ignore_index", "=label_smoothing")),
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
    """What a call did, as the player's table has it; without ``op`` if it is not in there."""
    name = call.name
    if in_place := IN_PLACE.fullmatch(name):
        name = in_place[1] or in_place[2]
    name = SAME.get(name, name)
    try:
        if not all(OWN_NODE.fullmatch(graph.nodes[node].name) for node in call.nodes):
            raise ValueError("a custom function")
        given = list(map(given_as, call.arguments))
        if name == "__getitem__":
            return {"op": name, "given": given, "steps": indexing(graph, call)}
        counts, *names = TAKES[name]
        if len(given) not in counts:
            raise ValueError("other arguments")
        return {"op": name, "given": given, "named": named_options(call.options, names)}
    except (ValueError, KeyError):
        return {"given": []}


def given_as(argument: Argument) -> int | list[Number | str]:
    """A tensor, or a number in a list of its own; raises ValueError for anything else."""
    if argument.tensor is not None:
        return argument.tensor
    number = read(argument.text)
    if not isinstance(number, int | float | str):
        raise ValueError(argument.text)
    return [spelled(number)]


NAMED = re.compile(r"([a-z_]\w*)=(.*)", re.DOTALL)


def named_options(options: tuple[str, ...], names: list[str]) -> dict[str, Any]:
    """Options by their names; raises ValueError for one that is not expected."""
    values: dict[str, Any] = {}
    places = [name for name in names if name[0] != "="]
    for option in options:
        pair = NAMED.fullmatch(option)
        value = read(pair[2] if pair else option)
        if pair and (value is None or pair[1] in SILENT):
            continue
        if pair:
            name = {"axis": "dim"}.get(pair[1], pair[1])
            if name not in (known.lstrip("=*") for known in names):
                raise ValueError(option)
        elif not places:
            raise ValueError(option)
        else:
            name = places[0].lstrip("*")
            if places[0][0] == "*":
                listed = list(value) if isinstance(value, tuple) else [value]
                values[name] = [*values.get(name, ()), *listed]
                continue
            del places[0]
        if name == "dim" and isinstance(value, bool):
            raise ValueError(option)
        values[name] = value
    return values


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
    base = call.arguments[0].tensor if len(call.arguments) == 1 else None
    if base is None or len(call.options) != 1:
        raise ValueError("an index that is a tensor")
    items = call.options[0].removeprefix("(").removesuffix(")").split(", ")
    used = sum(item not in ("...", "None") for item in items)
    dimension, steps = 0, []
    for item in items:
        if item == "...":
            dimension += len(graph.tensors[base].value.shape) - used
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


def spelled(number: Number | str) -> Number | str:
    """As JavaScript's ``Number`` reads it; JSON has no word for what is not finite."""
    if isinstance(number, bool):
        return int(number)
    if not isinstance(number, float) or math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
