"""From tensors to a :class:`~autograd_atlas.graph.Graph`.

From a tensor alone it takes what PyTorch keeps: the nodes, what they saved, shapes, names. A
:class:`~autograd_atlas.recording.recording.Recording` that was on while the code ran adds what
PyTorch forgets: the values, and what the engine sent; and, in :mod:`.written`, the calls.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from ..graph import Edge, Graph, Node, Note, Output, Root, Saved
from ..memory import uncollected
from ..paths import between
from .engine import merged
from .names import NameSource, named_tensors, names_of_models, namespace_of
from .nodes import (
    AutogradNode,
    LeafNode,
    forward_order,
    free_in_steps,
    grad_fn_of,
    grad_version,
    gradient_of,
    is_leaf,
    key_of,
    kind_of,
    nodes_below,
    quiet,
    saved_values,
    value_of,
)
from .notes import NodeRun, Notes
from .observer import Observer
from .origins import Walk
from .recording import Recording
from .written import with_calls


class GraphError(ValueError):
    """What was asked for has no graph to draw; the message says what to write instead."""


def start_of(name: str, tensor: torch.Tensor, observer: Observer | None = None) -> AutogradNode:
    """The node at which the graph of a tensor begins, or a GraphError that says why none does."""
    if not isinstance(tensor, torch.Tensor):
        raise GraphError(f"{name} is no tensor, but of type {type(tensor).__name__}")
    if (node := grad_fn_of(tensor)) is not None:
        return node
    if tensor.requires_grad:
        kind = "a parameter" if isinstance(tensor, torch.nn.Parameter) else "a leaf tensor"
        raise GraphError(
            f"{name} is {kind}: nothing was computed yet. Name a result computed from it: "
            f"draw(loss), or draw(loss, to={name}) for what lies between the two"
        )
    raise GraphError(f"{name} has no graph: {why_none(tensor, observer)}")


def why_none(tensor: torch.Tensor, observer: Observer | None) -> str:
    """Why nothing was recorded when a tensor was computed, and what to write instead."""
    if not (tensor.is_floating_point() or tensor.is_complex()):
        kind = str(tensor.dtype).removeprefix("torch.")
        return (
            f"it is of type {kind}, and only floating-point and complex tensors have gradients; "
            "argmax(), comparisons, .long() and .int() end a graph. Draw what it was computed from"
        )
    if tensor.is_inference():
        return "it was computed in torch.inference_mode(). Compute it outside of that"
    if observer is not None and (reason := reason_seen(tensor, observer)):
        return reason
    return (
        "nothing was recorded when it was computed. Make an input with requires_grad=True, "
        "and compute outside of torch.no_grad() and without .detach()"
    )


def reason_seen(tensor: torch.Tensor, observer: Observer) -> str:
    """Why a tensor has no graph, if a recording saw how it was made."""
    place = observer.tensors.place_of(tensor)
    made_by = None if place is None else observer.tensors.versions[place].made_by
    if made_by is None:
        return ""
    call = observer.calls[made_by]
    source = f", in {call.source}" if call.source else ""
    if call.name in ("detach", "detach_"):
        return f".detach() took it out of its graph{source}. Draw the tensor before that"
    inputs = [each.tensor for each in call.arguments if each.tensor is not None]
    if any(observer.tensors.versions[each].requires_grad for each in inputs):
        return (
            f"it was computed under torch.no_grad(), or by what has no derivative{source}. "
            "Compute it with gradients on"
        )
    return f"none of its inputs requires a gradient{source}. Make one with requires_grad=True"


def has_run(recording: Recording, starts: Sequence[AutogradNode]) -> bool:
    """Whether the engine ran while this was on, to its end, and reached all of these nodes."""
    return recording._observer.engine.has_reached(starts)


@uncollected()
def of(
    tensors: Sequence[torch.Tensor] | Mapping[str, torch.Tensor],
    namespace: NameSource | None = None,
    recording: Recording | None = None,
    to: Sequence[torch.Tensor] = (),
) -> Graph:
    """The graph behind ``tensors``; with ``to``, only what lies between them and these.

    ``namespace`` gives names (``globals()``, say, or a model); ``recording`` the values and calls.
    Raises GraphError for a tensor that has no graph, or that no gradient leads to. Never runs
    ``backward``.
    """
    observer = None if recording is None else recording._observer
    with quiet() if observer is None else observer.aside():
        return record_graph(tensors, namespace_of(namespace or {}), observer, to)


def record_graph(
    tensors: Sequence[torch.Tensor] | Mapping[str, torch.Tensor],
    namespace: Mapping[str, Any],
    observer: Observer | None,
    to: Sequence[torch.Tensor] = (),
) -> Graph:
    known = known_in(namespace, observer)
    names = names_in(known)
    asked = named_by_program(tensors, names)
    starts = [start_of(name or "the tensor", tensor, observer) for name, tensor in asked]
    names.by_key |= {key_of(tensor): name for name, tensor in asked if name}
    if observer is not None:
        observer.tensors.take_names([*((name, each) for name, each in asked if name), *known])

    graph, walk = recorded(asked, starts, names, observer)
    if observer is not None:
        graph = replace(
            graph,
            bound=tuple(bounds(walk, starts, observer)),
            notes=tuple(notes_on(graph.roots, walk, observer)),
        )
        graph = with_calls(graph, walk, [tensor for _, tensor in asked], observer)
    if not to:
        return graph
    ends = named_by_program(to, names)
    return between(graph, [end_in(graph, walk, name, tensor) for name, tensor in ends])


def recorded(
    asked: Sequence[tuple[str, torch.Tensor]],
    starts: Sequence[AutogradNode],
    names: "Names",
    observer: Observer | None,
) -> tuple[Graph, Walk]:
    """What PyTorch recorded below ``starts``, of which the first belong to what was asked for."""
    walk = walk_from(starts, observer)
    runs = [
        merged([notes.runs[number] for number in dict.fromkeys(walk.runs) if number in notes.runs])
        for notes in walk.notes
    ]
    parts = zip(walk.nodes, walk.notes, runs, strict=True)
    nodes = [node_of(node, notes, run, names, observer) for node, notes, run in parts]
    turns = {number: run.turn for number, run in enumerate(runs) if run is not None}
    graph = Graph(
        tuple(nodes),
        tuple(edges_of(walk, runs)),
        tuple(
            Root(name, walk.numbers[start], tensor.output_nr)
            for (name, tensor), start in zip(asked, starts, strict=False)
        ),
        order=tuple(sorted(turns, key=turns.__getitem__)),
    )
    return graph, walk


def end_in(graph: Graph, walk: Walk, name: str, tensor: torch.Tensor) -> tuple[int, int]:
    """The node and output at which the gradient of a tensor arrives, or a GraphError that says
    why none does."""
    called = name or "the tensor of to="
    drawn = " and ".join(root.name or "the result" for root in graph.roots)
    if not tensor.requires_grad:
        raise GraphError(
            f"no gradient leads from {drawn} to {called}, which requires none: "
            f"write {name or 'w'}.requires_grad_() before computing"
        )
    node = grad_fn_of(tensor)
    number = leaf_in(walk, tensor) if node is None else walk.numbers.get(node)
    output = 0 if node is None else tensor.output_nr
    arrivals = {(edge.target, edge.output) for edge in graph.edges}
    arrivals |= {(root.node, root.output) for root in graph.roots}
    if number is None or (number, output) not in arrivals:
        raise GraphError(
            f"{called} does not influence {drawn}: no gradient leads from {drawn} to it. Was it "
            "detached on the way, or does its name stand for another tensor now?"
        )
    return number, output


def leaf_in(walk: Walk, leaf: torch.Tensor) -> int | None:
    return next(
        (n for n, node in enumerate(walk.nodes) if is_leaf(node) and node.variable is leaf), None
    )


# -- Names ----------------------------------------------------------------------------------


@dataclass
class Names:
    """What the program calls its tensors: by their ids, and by what stays the same of a tensor
    that a node gives back as another object. And numbers for memory, by its address."""

    by_object: dict[int, str] = field(default_factory=dict)
    by_key: dict[tuple[int, int], str] = field(default_factory=dict)
    storages: dict[int, int] = field(default_factory=dict)


def known_in(
    namespace: Mapping[str, Any], observer: Observer | None
) -> list[tuple[str, torch.Tensor]]:
    """The tensors that the program can name now. Parameters of what ran are named at once."""
    ran = [] if observer is None else observer.modules.models
    if observer is not None:
        observer.tensors.take_paths(names_of_models(namespace, ran))
    return list(named_tensors(namespace, ran))


def names_in(known: Sequence[tuple[str, torch.Tensor]]) -> Names:
    names = Names()
    for name, tensor in known:
        names.by_object.setdefault(id(tensor), name)
        names.by_key.setdefault(key_of(tensor), name)
    return names


def named_by_program(
    tensors: Sequence[torch.Tensor] | Mapping[str, torch.Tensor], names: Names
) -> list[tuple[str, torch.Tensor]]:
    """What was asked for, each with its name; several that have none are numbered."""
    if isinstance(tensors, Mapping):
        return list(tensors.items())
    alone = len(tensors) == 1
    return [
        (names.by_object.get(id(tensor), "" if alone else f"[{place}]"), tensor)
        for place, tensor in enumerate(tensors)
    ]


# -- What PyTorch recorded ------------------------------------------------------------------


def walk_from(starts: Sequence[AutogradNode], observer: Observer | None) -> Walk:
    """All nodes that can be reached, which may be freed in steps from now on."""
    nodes = forward_order(nodes_below(starts))
    free_in_steps(nodes, starts)
    numbers = {node: number for number, node in enumerate(nodes)}
    if observer is None:
        return Walk(nodes, numbers, [Notes()] * len(nodes), [])
    notes = [observer.notes.read(node) for node in nodes]
    shown = observer.engine.runs_to_show(starts) if starts else []
    return Walk(nodes, numbers, notes, shown)


def bounds(walk: Walk, starts: Sequence[AutogradNode], observer: Observer) -> Iterator[str]:
    """What the gradients depend on besides the graph."""
    if observer.engine.hooked:
        yield "hook"
    if not walk.runs:
        return
    pairs = list(zip(walk.nodes, walk.notes, strict=True))
    shown = walk.runs[0]
    began = {node for node, notes in pairs if shown in notes.began}
    if began != set(starts) or len(began) != observer.engine.runs[shown].starts:
        yield "start"
    if any(
        is_leaf(node) and shown in notes.runs and notes.written != grad_version(node)
        for node, notes in pairs
    ):
        yield "summed"


def notes_on(roots: Sequence[Root], walk: Walk, observer: Observer) -> Iterator[Note]:
    """What a reader should know of the recording."""
    if observer.failures:
        yield Note("failed", tuple(dict.fromkeys(observer.failures)))
    if observer.engine.compiled:
        yield Note("compiled")
    if len(roots) > 1 and len(walk.runs) == 1:
        began = [walk.runs[0] in walk.notes[root.node].began for root in roots]
        if any(began) and not all(began):
            named = (root.name for root, here in zip(roots, began, strict=True) if here)
            yield Note("run", tuple(named))
    if names := list(without_gradient(walk, observer)):
        yield Note("no-gradient", tuple(names))


def without_gradient(walk: Walk, observer: Observer) -> Iterator[str]:
    """The parameters of modules that ran whose ``.grad`` is still None, after the engine gave
    others one."""
    leaves = (node.variable for node in walk.nodes if is_leaf(node))
    if not walk.runs or all(leaf.grad is None for leaf in leaves):
        return
    for model in observer.modules.models:
        module = model.module()
        for path, parameter in [] if module is None else module.named_parameters():
            if parameter.requires_grad and parameter.grad is None:
                yield path


def node_of(
    node: AutogradNode,
    notes: Notes,
    run: NodeRun | None,
    names: Names,
    observer: Observer | None,
) -> Node:
    received = run.received if run else []
    if is_leaf(node):
        return leaf_of(node, Output(value_of(node.variable), None, *received[:1]), names, observer)
    outputs = []
    for number, kind in enumerate(node._input_metadata):
        value = kind_of(kind)
        name = names.by_key.get((id(node), number))
        if observer is not None and number in notes.versions:
            version = observer.tensors.versions[notes.versions[number]]
            value, name = version.value, version.name or name
        arrived = received[number] if number < len(received) else None
        outputs.append(Output(value, name, arrived))
    return Node(node.name(), tuple(outputs), saved_of(node, notes, names, observer))


def leaf_of(node: LeafNode, output: Output, names: Names, observer: Observer | None) -> Node:
    leaf = node.variable
    name = names.by_key.get(key_of(leaf))
    if observer is not None and (place := observer.tensors.place_of(leaf)) is not None:
        name = observer.tensors.versions[place].name or name
    grad = None if leaf.grad is None else gradient_of(leaf.grad)
    held = observer is None or isinstance(leaf, torch.nn.Parameter)
    return Node(node.name(), (replace(output, name=name),), grad=grad, leaf=True, held=held)


def saved_of(
    node: AutogradNode, notes: Notes, names: Names, observer: Observer | None
) -> tuple[Saved, ...]:
    """What the node keeps now; of what was freed since, what it was."""
    kept = []
    for saved, tensor in saved_values(node):
        shown, place, name = saved, None, None
        if tensor is not None:
            name = names.by_key.get(key_of(tensor))
            place = None if observer is None else observer.tensors.place_of_saved(tensor)
        elif saved.attribute in notes.saved:
            shown, place = notes.saved[saved.attribute]
        if observer is not None and place is not None:
            name = observer.tensors.versions[place].name or name
        storage = shown.storage
        if storage is not None:
            storage = names.storages.setdefault(storage, len(names.storages))
        kept.append(
            Saved(shown.attribute, shown.value, name, saved.state, place, shown.bytes, storage)
        )
    return tuple(kept)


def edges_of(walk: Walk, runs: Sequence[NodeRun | None]) -> Iterator[Edge]:
    """The edges of each node in turn, in the order of ``next_functions``."""
    for source, node in enumerate(walk.nodes):
        run, local = runs[source], walk.notes[source].local
        sent = run.sent if run else []
        for index, (target, output) in enumerate(node.next_functions):
            if target is None:
                yield Edge(source, index)
                continue
            yield Edge(
                source,
                index,
                walk.numbers[target],
                output,
                sent[index] if index < len(sent) else None,
                local[index] if index < len(local) else None,
            )
