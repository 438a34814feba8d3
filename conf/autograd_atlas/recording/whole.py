"""From a recording alone to a :class:`~autograd_atlas.graph.Graph` of all that ran in it: what was
written, from its history, and the nodes of those tensors that are still there.

So is drawn what ran before a line raised an error, with the call that raised it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from ..graph import Graph, Note
from .names import NameSource, namespace_of
from .nodes import grad_fn_of, key_of
from .observer import Observer
from .record import GraphError, bounds, known_in, names_in, notes_on, recorded
from .recording import Recording
from .written import with_calls_behind


def of_all(recording: Recording, namespace: NameSource) -> Graph:
    """All results in a recording that nothing used, and what they were computed from.

    Tensors that are gone by now have their values, but no nodes. Raises GraphError if nothing was
    computed.
    """
    observer = recording._observer
    with observer.aside():
        return graph_of_all(observer, namespace_of(namespace))


def graph_of_all(observer: Observer, namespace: Mapping[str, Any]) -> Graph:
    raised = observer.raised
    ends = unused(observer)
    given = [] if raised is None else [a.tensor for a in raised.arguments if a.tensor is not None]
    if not ends and raised is None:
        raise GraphError(
            "this recording holds no calculation: put the code that computes inside of "
            "'with Recording() as recording:'"
        )
    known = known_in(namespace, observer)
    observer.tensors.take_names(known)
    names = names_in(known)
    alive = with_nodes(observer)
    results = [place for place in ends if place in alive] or [
        place for place in dict.fromkeys(given) if place in alive
    ]
    asked = [(observer.tensors.versions[place].name or "", alive[place]) for place in results]
    names.by_key |= {key_of(tensor): name for name, tensor in asked if name}
    starts = [grad_fn_of(alive[place]) for place in [*results, *alive]]
    graph, walk = recorded(asked, [node for node in starts if node is not None], names, observer)
    bound = list(bounds(walk, [walk.nodes[root.node] for root in graph.roots], observer))
    notes = list(notes_on(graph.roots, walk, observer))
    if observer.problem is not None:
        notes.append(Note("raised", (str(observer.problem.line), observer.problem.text)))
    if raised is not None:
        bound.append("part")
        raised = replace(raised, name=f"{raised.name} ✗")
    graph = replace(graph, bound=tuple(bound), notes=tuple(notes))
    return with_calls_behind(graph, walk, results, observer, (*ends, *given), raised)


def with_nodes(observer: Observer) -> dict[int, torch.Tensor]:
    """The computed tensors that are still there, by their places."""
    alive = {observer.tensors.place_of(tensor): tensor for tensor in observer.tensors.alive()}
    return {
        place: tensor
        for place, tensor in alive.items()
        if place is not None and grad_fn_of(tensor) is not None
    }


def unused(observer: Observer) -> list[int]:
    """The results that no later call used: of those that require a gradient, or else of all."""
    versions = observer.tensors.versions
    calls = [
        call
        for call in observer.calls
        if any(versions[each].requires_grad for each in call.outputs)
    ] or observer.calls
    used = {argument.tensor for call in calls for argument in call.arguments}
    used |= {version.changed_by for version in versions}
    made = [place for call in calls for place in call.outputs]
    return [place for place in made if place not in used and not versions[place].leaf]
