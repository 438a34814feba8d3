"""From tensors to a :class:`~autograd_atlas.graph.Graph`.

From a tensor alone it takes what PyTorch keeps: the nodes, what they saved, shapes, names. A
:class:`~autograd_atlas.recording.watch.Recording` that was on while the code ran adds what PyTorch
forgets: the calls as they were written, the values, and what the engine sent.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from ..graph import (
    Argument,
    Block,
    Call,
    Edge,
    Graph,
    Node,
    Output,
    Root,
    Saved,
    Tensor,
    primed,
)
from .nodes import (
    AutogradNode,
    forward_order,
    free_in_steps,
    grad_fn_of,
    grad_version,
    is_leaf,
    key_of,
    kind_of,
    named_tensors,
    nodes_below,
    quiet,
    saved_values,
    sequence_number,
    value_of,
)
from .watch import Made, Ran, Recording


class GraphError(ValueError):
    """What was asked for has no graph to draw; the message says what to write instead."""


def start_of(name: str, tensor: torch.Tensor) -> AutogradNode:
    """The node at which the graph of a tensor begins, or a GraphError that says why none does."""
    if not isinstance(tensor, torch.Tensor):
        raise GraphError(f"{name} is no tensor, but of type {type(tensor).__name__}")
    if (node := grad_fn_of(tensor)) is not None:
        return node
    if tensor.requires_grad:
        raise GraphError(
            f"{name} is a leaf tensor: nothing was computed yet. Name a result computed from it"
        )
    raise GraphError(
        f"{name} has no graph: nothing was recorded when it was computed. Make an input with "
        "requires_grad=True, and compute outside of torch.no_grad() and without .detach()"
    )


def of(
    tensors: Sequence[torch.Tensor] | Mapping[str, torch.Tensor],
    namespace: Mapping[str, Any] | None = None,
    recording: Recording | None = None,
) -> Graph:
    """The graph behind ``tensors``.

    ``namespace`` gives names (``globals()``, say); ``recording`` the values and calls. Raises
    GraphError for a tensor that has no graph. Never runs ``backward``.
    """
    with quiet() if recording is None else recording.aside():
        return _of(tensors, namespace or {}, recording)


def _of(tensors: Any, namespace: Mapping[str, Any], recording: Recording | None) -> Graph:
    by_object: dict[int, str] = {}
    by_key: dict[tuple[int, int], str] = {}
    for name, tensor in named_tensors(namespace):
        by_object.setdefault(id(tensor), name)
        by_key.setdefault(key_of(tensor), name)
    if isinstance(tensors, Mapping):
        asked = list(tensors.items())
    else:
        alone = len(tensors) == 1
        asked = [
            (by_object.get(id(each), "" if alone else f"[{place}]"), each)
            for place, each in enumerate(tensors)
        ]
    starts = [start_of(name or "the tensor", tensor) for name, tensor in asked]
    by_key |= {key_of(tensor): name for name, tensor in asked if name}
    if recording is not None:
        recording.names({**namespace, **{name: each for name, each in asked if name}})

    ordered = forward_order(nodes_below(starts))
    free_in_steps(ordered, starts)
    place = {node: number for number, node in enumerate(ordered)}
    notes = [{} if recording is None else recording.notes(node) for node in ordered]
    run = None if recording is None else recording.run_of(starts)
    ran = [each.get("runs", {}).get(run) for each in notes]
    nodes = [
        _node(node, note, one, by_key, recording) for node, note, one in zip(ordered, notes, ran)
    ]
    edges, outgoing = _edges(ordered, place, notes, ran)
    order = sorted((n for n, one in enumerate(ran) if one), key=lambda n: ran[n].turn)
    roots = [
        Root(name, place[start], tensor.output_nr) for (name, tensor), start in zip(asked, starts)
    ]
    graph = Graph(tuple(nodes), tuple(edges), tuple(roots), order=tuple(order))
    if recording is None:
        return graph
    graph = replace(graph, bound=tuple(_bound(ordered, notes, starts, run, recording)))
    return _with_calls(graph, asked, ordered, notes, recording, outgoing)


def _bound(
    ordered: list[AutogradNode],
    notes: list[dict[str, Any]],
    starts: list[AutogradNode],
    run: int | None,
    recording: Recording,
) -> Iterator[str]:
    """What the gradients depend on besides the graph."""
    if recording.hooked:
        yield "hook"
    if run is not None:
        began = {node for node, note in zip(ordered, notes) if run in note.get("roots", ())}
        if began != set(starts) or len(began) != recording.starts[run]:
            yield "start"
    for node, note in zip(ordered, notes):
        if is_leaf(node) and run in note.get("runs", ()) and note["written"] != grad_version(node):
            yield "summed"
            break


def _node(
    node: AutogradNode,
    notes: dict[str, Any],
    ran: Ran | None,
    by_key: dict[tuple[int, int], str],
    recording: Recording | None,
) -> Node:
    received = ran.received if ran else []
    if is_leaf(node):
        variable = node.variable
        name = by_key.get(key_of(variable))
        if recording is not None and (at := recording.place_of(variable)) is not None:
            name = recording.seen[at].name or name
        output = Output(value_of(variable), name, received[0] if received else None)
        grad = None if variable.grad is None else value_of(variable.grad)
        held = recording is None or isinstance(variable, torch.nn.Parameter)
        return Node(node.name(), (output,), grad=grad, leaf=True, held=held)
    outputs = []
    for number, kind in enumerate(node._input_metadata):
        value = kind_of(kind)
        name = by_key.get((id(node), number))
        at = notes.get("tensors", {}).get(number)
        if at is not None and recording is not None:
            value = recording.seen[at].value
            name = recording.seen[at].name or name
        arrived = received[number] if number < len(received) else None
        outputs.append(Output(value, name, arrived))
    return Node(node.name(), tuple(outputs), _saved(node, notes, by_key, recording))


def _saved(
    node: AutogradNode,
    notes: dict[str, Any],
    by_key: dict[tuple[int, int], str],
    recording: Recording | None,
) -> tuple[Saved, ...]:
    """What the node keeps now; of what was freed since, what it was."""
    before: dict[str, tuple[Saved, int | None]] = notes.get("saved", {})
    found = []
    for saved, tensor in saved_values(node):
        at, name = None, None
        if tensor is not None:
            name = by_key.get(key_of(tensor))
            at = None if recording is None else recording.place_of_saved(tensor)
        elif saved.attribute in before:
            old, at = before[saved.attribute]
            saved = replace(old, state=saved.state)
        if at is not None:
            name = recording.seen[at].name or name
        found.append(replace(saved, name=name, tensor=at))
    return tuple(found)


def _saved_among(nodes: Sequence[Node], at_tensor: Mapping[int, int]) -> list[Node]:
    """The nodes, with the tensors that they keep numbered as in the graph, or not at all."""
    return [
        replace(node, saved=tuple(replace(s, tensor=at_tensor.get(s.tensor)) for s in node.saved))
        for node in nodes
    ]


def _edges(
    ordered: list[AutogradNode],
    place: dict[AutogradNode, int],
    notes: list[dict[str, Any]],
    ran: list[Ran | None],
) -> tuple[list[Edge], dict[int, list[int]]]:
    edges: list[Edge] = []
    outgoing: dict[int, list[int]] = defaultdict(list)
    for source, node in enumerate(ordered):
        sent = ran[source].sent if ran[source] else []
        local = notes[source].get("local", [])
        for index, (target, output) in enumerate(node.next_functions):
            outgoing[source].append(len(edges))
            if target is None:
                edges.append(Edge(source, index))
                continue
            gradient = sent[index] if index < len(sent) else None
            slope = local[index] if index < len(local) else None
            edges.append(Edge(source, index, place[target], output, gradient, slope))
    return edges, outgoing


def _with_calls(
    graph: Graph,
    asked: list[tuple[str, torch.Tensor]],
    ordered: list[AutogradNode],
    notes: list[dict[str, Any]],
    recording: Recording,
    outgoing: dict[int, list[int]],
) -> Graph:
    """Add what was written: the calls that the asked tensors were computed from."""
    slots: dict[int, tuple[int, int]] = {}  # by place in ``seen``: node and output
    leaves: dict[int, int] = {}  # by the first place of a leaf object: its node
    for number, node in enumerate(ordered):
        for output, at in notes[number].get("tensors", {}).items():
            slots[at] = (number, output)
        if is_leaf(node) and (at := recording.place_of(node.variable)) is not None:
            leaves[recording.seen[at].root] = number

    ends = [recording.place_of(tensor) for _, tensor in asked]
    if None in ends:  # computed outside of the recording: what PyTorch recorded is all there is
        return replace(graph, nodes=tuple(_saved_among(graph.nodes, {})))
    wanted, calls = _needed(ends, recording)
    at_tensor = {at: number for number, at in enumerate(sorted(wanted))}

    def slot(at: int) -> tuple[int | None, int]:
        seen = recording.seen[at]
        return (leaves.get(seen.root), 0) if seen.leaf else slots.get(at, (None, 0))

    sequence = [sequence_number(node) for node in ordered]
    made_in = {
        at: _made_in(recording.calls[at], slot, sequence, graph.edges, outgoing) for at in calls
    }
    primes = _primes(wanted, recording)
    tensors = []
    for at in sorted(wanted):
        seen = recording.seen[at]
        node, output = slot(at)
        changed_by = at_tensor.get(seen.changed_by)
        tensors.append(
            Tensor(seen.value, seen.name, primes[at], seen.leaf, seen.requires_grad, node, output,
                   seen.held, changed_by)
        )  # fmt: skip
    written = []
    for at in sorted(calls):
        made = recording.calls[at]
        inner = made_in[at]
        arguments = _routed(made.arguments, inner, graph.edges, outgoing, slot)
        arguments = [
            replace(each, tensor=at_tensor[each.tensor]) if each.tensor is not None else each
            for each in arguments
        ]
        written.append(
            Call(
                made.name, tuple(arguments),
                tuple(at_tensor[each] for each in made.outputs if each in at_tensor),
                made.options, made.source, made.line, made.block, tuple(inner),
            )
        )  # fmt: skip
    block_of = {
        number: recording.calls[at].block for at, inner in made_in.items() for number in inner
    }
    nodes = _saved_among(graph.nodes, at_tensor)
    nodes = [replace(node, block=block_of.get(n)) for n, node in enumerate(nodes)]
    for at in sorted(wanted, reverse=True):  # a leaf holds today what a step has made of it
        number = leaves.get(recording.seen[at].root) if recording.seen[at].leaf else None
        if number is not None:
            used = replace(nodes[number].outputs[0], value=recording.seen[at].value)
            nodes[number] = replace(nodes[number], outputs=(used,))
    for at in wanted:
        number, output = slots.get(at, (None, 0))
        if number is not None and primes[at] and recording.seen[at].name:
            outputs = list(nodes[number].outputs)
            name = primed(recording.seen[at].name, primes[at])
            outputs[output] = replace(outputs[output], name=name)
            nodes[number] = replace(nodes[number], outputs=tuple(outputs))
    roots = [replace(root, tensor=at_tensor[end]) for root, end in zip(graph.roots, ends)]
    graph = replace(
        graph, nodes=tuple(nodes), roots=tuple(roots), tensors=tuple(tensors), calls=tuple(written)
    )
    return _with_blocks(graph, recording.blocks)


def _made_in(
    call: Made,
    slot: Callable[[int], tuple[int | None, int]],
    sequence: list[int],
    edges: Sequence[Edge],
    outgoing: dict[int, list[int]],
) -> list[int]:
    """The nodes that a call recorded: those behind its outputs that were made while it ran."""
    found: set[int] = set()
    todo = [slot(output)[0] for output in call.outputs]
    while todo:
        node = todo.pop()
        if node is None or node in found or not call.first <= sequence[node] < call.after:
            continue
        found.add(node)
        todo += [edges[edge].target for edge in outgoing[node]]
    return sorted(found)


def _primes(wanted: set[int], recording: Recording) -> dict[int, int]:
    """How often each was written since it first appears in this graph; a view that appears only
    after it was changed with its base has one prime."""
    seen = recording.seen
    first: dict[int, int] = {}
    for at in sorted(wanted, reverse=True):
        first[seen[at].root] = seen[at].primes - (seen[at].changed_by is not None)
    return {at: seen[at].primes - first[seen[at].root] for at in wanted}


def _needed(ends: list[int], recording: Recording) -> tuple[set[int], set[int]]:
    """The tensors and calls that the ends were computed from, back to leaves and constants."""
    tensors: set[int] = set()
    calls: set[int] = set()
    todo = list(ends)
    while todo:
        at = todo.pop()
        if at in tensors:
            continue
        tensors.add(at)
        seen = recording.seen[at]
        if seen.changed_by is not None and not seen.leaf:
            todo.append(seen.changed_by)
        if seen.leaf or seen.made_by is None:
            continue
        made = recording.calls[seen.made_by]
        inputs = [each.tensor for each in made.arguments if each.tensor is not None]
        if not inputs:
            continue  # a tensor made from nothing, such as torch.ones(3): a constant
        calls.add(seen.made_by)
        tensors.update(made.outputs)
        todo.extend(inputs)
    return tensors, calls


def _routed(
    arguments: list[Argument],
    inner: list[int],
    edges: Sequence[Edge],
    outgoing: dict[int, list[int]],
    slot: Callable[[int], tuple[int | None, int]],
) -> list[Argument]:
    """Give each tensor argument the edges along which the call sent gradients to it.

    Where one tensor stands in several places, they share the edges in order, if the counts
    fit; otherwise the first has them all.
    """
    places: dict[tuple[int | None, int], list[int]] = defaultdict(list)
    for position, argument in enumerate(arguments):
        if argument.tensor is not None and slot(argument.tensor)[0] is not None:
            places[slot(argument.tensor)].append(position)
    by_target: dict[tuple[int | None, int], list[int]] = defaultdict(list)
    for node in inner:
        for number in outgoing[node]:
            target = (edges[number].target, edges[number].output)
            if target in places:
                by_target[target].append(number)
    routed = list(arguments)
    for key, positions in places.items():
        found = by_target.get(key, [])
        if len(found) == len(positions):
            for position, number in zip(positions, found):
                routed[position] = replace(routed[position], edges=(number,))
        elif found:
            routed[positions[0]] = replace(routed[positions[0]], edges=tuple(found))
    return routed


def _with_blocks(graph: Graph, blocks: list[Block]) -> Graph:
    """Keep the blocks in which something of this graph happened."""
    used: set[int] = set()
    for block in [each.block for each in (*graph.calls, *graph.nodes)]:
        while block is not None and block not in used:
            used.add(block)
            block = blocks[block].parent
    new = {old: number for number, old in enumerate(sorted(used))}
    new[None] = None
    kept = [replace(blocks[old], parent=new[blocks[old].parent]) for old in sorted(used)]
    return replace(
        graph,
        blocks=tuple(kept),
        calls=tuple(replace(call, block=new[call.block]) for call in graph.calls),
        nodes=tuple(replace(node, block=new[node.block]) for node in graph.nodes),
    )
