"""From a :class:`~autograd_atlas.graph.Graph` and its pictures to the tape that a browser plays.

A tape says, step by step, what appears and what lights up in the pictures, and a line of text.
What is drawn goes by its key in it, and a number by the name of its quantity (see :mod:`.keys`).
Where the numbers of all tensors are known, the tape also holds what the browser needs to calculate
them anew from other inputs (see :mod:`.calculation`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..graph import Graph
from .calculation import calculation, why_fixed
from .diagram import Diagram, Wire
from .keys import Key, Kind, Measure, Quantity
from .packing import packed
from .phrases import unmarked
from .readings import backward_lines, forward_line, inputs_line, record_line
from .words import Words

MOST_STEPS = 4_000  # of a tape; a longer calculation is only drawn
NEXT = "\ue003"  # stands between lines that are packed together, and like their marks in no line

# What the player says; all other words are in the page already.
PLAYER_WORDS = (
    "play", "pause", "speed", "at", "at-forward", "at-backward", "joined-forward",
    "joined-backward", "joined-one", "yours", "after-all", "comma", "picture", "drag", "field",
    "unnamed", "reset", "link", "copied", "edited", "words-recorded", "not-a-number", "no-input",
    "fixed", "why-operation", "why-differs",
)  # fmt: skip

Step = dict[str, Any]  # "say": what happens; "on": keys; "then": quantities; "line": of the program


def tape(graph: Graph, pictures: Mapping[str, Diagram], words: Words) -> dict[str, Any] | None:
    """What a browser needs to play ``graph``, to be stored as JSON; None if it has too many steps.

    ``pictures`` are its drawn pictures, by the prefix of their ids.
    """
    if step_count(graph) > MOST_STEPS:
        return None
    steps = [*forward_steps(graph, words), *backward_steps(graph, words)]
    first = {"say": inputs_line(graph, words) if graph.calls else "", "on": []}
    stored: dict[str, Any] = {
        "say": {key: words[key] for key in PLAYER_WORDS},
        "steps": [first, *steps],
        "pictures": {prefix: picture_tape(picture) for prefix, picture in pictures.items()},
    }
    if graph.blocks:
        stored["blocks"] = [block.parent for block in graph.blocks]
        stored["items"] = {
            str(key): block for picture in pictures.values() for key, block in picture.items
        }
    if why := why_fixed(graph):
        for step in stored["steps"]:
            step["say"] = unmarked(step["say"])
        stored["fixed"] = words[why]
    else:
        stored["graph"] = calculation(graph)
    return stored


def step_count(graph: Graph) -> int:
    """How many steps the calculation has, after the first, in which it has not begun."""
    forward = len(graph.calls) or sum(not node.leaf for node in graph.nodes)
    return forward + len(graph.order)


def too_long(graph: Graph, words: Words) -> str:
    """The sentence that says that ``graph`` cannot be played; empty if it can."""
    count = step_count(graph)
    return words["too-long"].format(n=count, most=MOST_STEPS) if count > MOST_STEPS else ""


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


def forward_steps(graph: Graph, words: Words) -> Iterator[Step]:
    """One for each call in the order in which they ran, with what PyTorch recorded meanwhile; or
    one for each node, if the calls are not known."""
    appearing = Appearing(graph)
    if not graph.calls:
        for number, node in enumerate(graph.nodes):
            if not node.leaf:
                line = record_line(graph, number, words)
                yield {"say": line, "on": texts(appearing.keys_of(number))}
        return
    changed: dict[int, list[int]] = {}
    for number, tensor in enumerate(graph.tensors):
        if tensor.changed_by is not None:
            changed.setdefault(tensor.changed_by, []).append(number)
    for number, call in enumerate(graph.calls):
        keys = [Key(Kind.CALL, number)]
        for place, argument in enumerate(call.arguments):
            keys.append(Key(Kind.ARGUMENT, number, place))
            if argument.tensor is None:
                keys.append(Key(Kind.CONSTANT, number, place))
        for output in call.outputs:
            keys += [Key(Kind.OUTPUT, output), Key(Kind.TENSOR, output)]
            for other in changed.get(output, ()):
                keys += [Key(Kind.ALIAS, other), Key(Kind.TENSOR, other)]
        for recorded in call.nodes:
            keys += appearing.keys_of(recorded)
        step = {"say": forward_line(graph, number, words), "on": texts(keys)}
        yield {**step, "line": call.line} if call.line else step


class Appearing:
    """What appears with a recorded node: its edges, and leaves that have not appeared yet."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.leaves: set[int] = set()  # that have appeared

    def keys_of(self, node: int) -> Iterator[Key]:
        yield Key(Kind.NODE, node)
        for place in self.graph.edges_from.get(node, ()):
            yield Key(Kind.EDGE, place)
            target = self.graph.edges[place].target
            if target is not None and self.graph.nodes[target].leaf and target not in self.leaves:
                self.leaves.add(target)
                yield Key(Kind.NODE, target)


def backward_steps(graph: Graph, words: Words) -> Iterator[Step]:
    """One for each node, in the order in which the engine ran them."""
    call_of = {node: number for number, call in enumerate(graph.calls) for node in call.nodes}
    leaves: dict[int, list[Key]] = {}
    for number, tensor in enumerate(graph.tensors):
        if tensor.leaf and tensor.node is not None:
            leaves.setdefault(tensor.node, []).append(Key(Kind.TENSOR, number))
    lines = backward_lines(graph, words)
    for number, line in zip(graph.order, lines, strict=True):
        node, edges = graph.nodes[number], graph.edges_from.get(number, ())
        keys = [Key(Kind.NODE, number), *leaves.get(number, ())]
        keys += [Key(Kind.EDGE, edge) for edge in edges]
        appear = [Quantity(Measure.RECEIVED, number, place) for place in range(len(node.outputs))]
        for edge in edges:
            appear += [Quantity(Measure.SENT, edge), Quantity(Measure.LOCAL, edge)]
        if node.leaf:
            appear.append(Quantity(Measure.GRAD, number))
        source = 0
        if number in call_of:
            call = graph.calls[call_of[number]]
            source = call.line
            keys.append(Key(Kind.CALL, call_of[number]))
            keys += [
                Key(Kind.ARGUMENT, call_of[number], place)
                for place, argument in enumerate(call.arguments)
                if set(argument.edges) & set(edges)
            ]
        step = {"say": line, "on": texts(keys), "then": texts(appear)}
        yield {**step, "line": source} if source else step


def texts(keys: Iterable[Key | Quantity]) -> list[str]:
    return list(map(str, keys))


# -- Pictures -------------------------------------------------------------------------------


def picture_tape(picture: Diagram) -> dict[str, Any]:
    """What the texts of a picture tell, in the order in which they stand in its SVG."""
    rows = {
        str(box.key): [str(span.row or "") for line in box.lines for span in line]
        for box in picture.boxes
        if any(span.row for line in box.lines for span in line)
    }
    labels = [
        [str(wire.key), measures(wire), list(wire.edges)]
        for wire in picture.wires
        if wire.above or wire.below
    ]
    return {"texts": rows, "labels": labels}


def measures(wire: Wire) -> list[Measure]:
    """What the texts at a wire tell, above it and below."""
    texts = ((Measure.LOCAL, wire.above), (Measure.SENT, wire.below))
    return [measure for measure, text in texts if text]
