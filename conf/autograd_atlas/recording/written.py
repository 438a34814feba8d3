"""From what a recording saw to what was written: the calls that the tensors of a graph were
computed from, joined to the nodes that PyTorch recorded for them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import torch

from ..graph import (
    Argument,
    Call,
    Edge,
    Graph,
    Node,
    Note,
    Output,
    Tensor,
    Value,
    primed,
    total,
)
from ..paths import with_used_blocks
from .notes import RecordedCall, TensorVersion
from .observer import Observer
from .origins import Arrival, Origins, Walk


def with_calls(
    graph: Graph, walk: Walk, asked: Sequence[torch.Tensor], observer: Observer
) -> Graph:
    """Add the calls that the asked tensors were computed from."""
    if not any(notes.versions for notes in walk.notes):
        # computed outside of the recording: what PyTorch recorded is all there is
        return replace(graph, nodes=tuple(saved_renumbered(graph.nodes, {})))
    ends = [observer.tensors.note(each) for each in asked]
    walk = replace(walk, notes=[observer.notes.read(node) for node in walk.nodes])
    return with_calls_behind(graph, walk, ends, observer)


def with_calls_behind(
    graph: Graph,
    walk: Walk,
    ends: Sequence[int],
    observer: Observer,
    others: Sequence[int] = (),
    raised: RecordedCall | None = None,
) -> Graph:
    """Add the calls behind ``ends``, which are the places of the roots' tensors; those behind
    ``others``; and last the call that ``raised`` an error."""
    origins = Origins(graph, walk, observer, [*ends, *others])
    joined = Joined(origins, several=len(set(walk.runs)) > 1)
    unseen = origins.unseen_nodes()
    last = [] if raised is None else [joined.raised(raised)]
    return with_used_blocks(
        replace(
            graph,
            nodes=tuple(joined.nodes()),
            roots=tuple(
                replace(root, tensor=joined.numbers[end])
                for root, end in zip(graph.roots, ends, strict=True)
            ),
            tensors=tuple(joined.tensors()),
            calls=(*joined.calls(), *last),
            notes=graph.notes + ((Note("unseen", tuple(unseen)),) if unseen else ()),
            blocks=tuple(observer.modules.blocks),
        )
    )


class Joined:
    """The tensors and calls that a graph needs, numbered as in the graph, and joined to its
    nodes."""

    def __init__(self, origins: Origins, several: bool) -> None:
        self.origins = origins
        self.graph = origins.graph
        self.versions = origins.versions
        self.places = sorted(origins.places, key=lambda place: (origins.places[place], place))
        self.numbers = {place: number for number, place in enumerate(self.places)}
        self.primes = primes_of(self.places, self.versions)
        self.keys = sorted(key for key in origins.calls if origins.calls[key].outputs)
        self.arguments = {
            key: self.routed(origins.calls[key].arguments, origins.inner[key]) for key in self.keys
        }
        self.several = several  # runs of the engine

    def tensors(self) -> Iterable[Tensor]:
        received = self.received() if self.several else {}
        for place in self.places:
            version = self.versions[place]
            node, output = self.origins.arrival(place) or (None, 0)
            yield Tensor(
                version.value, version.name, self.primes[place], version.leaf,
                version.requires_grad, node, output, version.held or self.origins.is_own(version),
                renumbered(version.changed_by, self.numbers),
                received.get(place),
            )  # fmt: skip

    def received(self) -> dict[int, Value | None]:
        """By the place of a leaf: what arrived for what it was then. That is what a run of the
        engine brought, if the run is of no other time; or the sum of what the calls sent."""
        edges: dict[int, list[Edge]] = defaultdict(list)
        for arguments in self.arguments.values():
            for argument in arguments:
                if argument.tensor is not None and self.versions[argument.tensor].leaf:
                    edges[argument.tensor] += [self.graph.edges[edge] for edge in argument.edges]
        runs = {
            place: self.origins.runs_through({edge.source for edge in sent})
            for place, sent in edges.items()
        }
        times: dict[int, Counter[int]] = defaultdict(Counter)  # by leaf: of what it was, in a run
        for place, own in runs.items():
            times[self.versions[place].first].update(own)
        arrived: dict[int, Value | None] = {}
        for place, sent in edges.items():
            run, *more = runs[place] or (-1,)
            if not more and times[self.versions[place].first][run] == 1:
                arrived[place] = self.origins.arrived_in(run, place)
            else:
                arrived[place] = total(edge.sent for edge in sent)
        return arrived

    def calls(self) -> Iterable[Call]:
        """The calls, with their arguments joined to the edges of the nodes that they recorded."""
        for key in self.keys:
            call = self.origins.calls[key]
            arguments = [
                replace(argument, tensor=renumbered(argument.tensor, self.numbers))
                for argument in self.arguments[key]
            ]
            yield Call(
                call.name, tuple(arguments), tuple(self.numbers[place] for place in call.outputs),
                call.options, call.source, call.line, call.block, tuple(self.origins.inner[key]),
                call.seen,
            )  # fmt: skip

    def raised(self, call: RecordedCall) -> Call:
        """A call that gave nothing."""
        arguments = (
            replace(argument, tensor=renumbered(argument.tensor, self.numbers))
            for argument in call.arguments
        )
        return Call(
            call.name, tuple(arguments), (), call.options, call.source, call.line, call.block
        )  # fmt: skip

    def routed(self, arguments: Sequence[Argument], inner: Iterable[int]) -> list[Argument]:
        """Give each tensor argument the edges along which the call sent gradients to it.

        Where one tensor stands in several places, they share the edges in order, if the counts
        fit; otherwise the first has them all.
        """
        positions: dict[Arrival, list[int]] = defaultdict(list)
        for position, argument in enumerate(arguments):
            place = argument.tensor
            arrival = None if place is None else self.origins.arrival(place)
            if arrival is not None:
                positions[arrival].append(position)
        edges: dict[Arrival, list[int]] = defaultdict(list)
        for node in inner:
            for number in self.origins.outgoing[node]:
                edge = self.graph.edges[number]
                if edge.target is not None:
                    edges[edge.target, edge.output].append(number)
        routed = list(arguments)
        for arrival, places in positions.items():
            numbers = edges.get(arrival, [])
            if len(numbers) == len(places):
                for position, number in zip(places, numbers, strict=True):
                    routed[position] = replace(routed[position], edges=(number,))
            elif numbers:
                routed[places[0]] = replace(routed[places[0]], edges=tuple(numbers))
        return routed

    def nodes(self) -> list[Node]:
        """The nodes, each in the block of the call that recorded it, with values and names as they
        were when the program ran."""
        calls, inner = self.origins.calls, self.origins.inner
        blocks = {number: calls[key].block for key in self.keys for number in inner[key]}
        nodes = [
            replace(node, block=blocks.get(number))
            for number, node in enumerate(saved_renumbered(self.graph.nodes, self.numbers))
        ]
        for place in reversed(self.places):  # a leaf holds today what a step has made of it
            version = self.versions[place]
            leaf = self.origins.leaves.get(version.first) if version.leaf else None
            if leaf is not None:
                used = replace(nodes[leaf].outputs[0], value=version.value)
                nodes[leaf] = with_output(nodes[leaf], 0, used)
        for place in self.places:
            name, primes = self.versions[place].name, self.primes[place]
            if name and primes and place in self.origins.outputs:
                number, output = self.origins.outputs[place]
                named = replace(nodes[number].outputs[output], name=primed(name, primes))
                nodes[number] = with_output(nodes[number], output, named)
        return nodes


def with_output(node: Node, number: int, output: Output) -> Node:
    outputs = list(node.outputs)
    outputs[number] = output
    return replace(node, outputs=tuple(outputs))


def primes_of(places: Sequence[int], versions: Sequence[TensorVersion]) -> dict[int, int]:
    """How often each was written since it first appears in this graph; a view that appears only
    after it was changed with its base has one prime."""
    first: dict[int, int] = {}
    for place in sorted(places, reverse=True):
        version = versions[place]
        first[version.first] = version.primes - (version.changed_by is not None)
    return {place: versions[place].primes - first[versions[place].first] for place in places}


def renumbered(place: int | None, numbers: Mapping[int, int]) -> int | None:
    return None if place is None else numbers.get(place)


def saved_renumbered(nodes: Sequence[Node], numbers: Mapping[int, int]) -> list[Node]:
    """The nodes, with the tensors that they keep numbered as in the graph, or not at all."""
    return [
        replace(
            node,
            saved=tuple(replace(s, tensor=renumbered(s.tensor, numbers)) for s in node.saved),
        )
        for node in nodes
    ]
