"""From what a recording saw to what was written: the calls that the tensors of a graph were
computed from, joined to the nodes that PyTorch recorded for them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from ..graph import Argument, Block, Call, Graph, Node, Output, Tensor, primed
from .nodes import AutogradNode, is_leaf, sequence_number
from .notes import Notes, RecordedCall, TensorVersion
from .observer import Observer

Arrival = tuple[int | None, int]  # the node at which a gradient arrives, and for which output


@dataclass
class Walk:
    """The nodes of a graph in forward order, the number of each, and what is known of each."""

    nodes: list[AutogradNode]
    numbers: dict[AutogradNode, int]
    notes: list[Notes]
    run: int | None  # the run of the engine to show


def with_calls(
    graph: Graph, walk: Walk, asked: Sequence[torch.Tensor], observer: Observer
) -> Graph:
    """Add the calls that the asked tensors were computed from."""
    ends = [place for each in asked if (place := observer.tensors.place_of(each)) is not None]
    if len(ends) < len(asked):
        # computed outside of the recording: what PyTorch recorded is all there is
        return replace(graph, nodes=tuple(saved_renumbered(graph.nodes, {})))
    places, calls = needed(ends, observer)
    joined = Joined(graph, walk, observer, places)
    inner = {call: joined.recorded_by(observer.calls[call]) for call in calls}
    return with_blocks(
        replace(
            graph,
            nodes=tuple(joined.nodes(inner)),
            roots=tuple(
                replace(root, tensor=joined.numbers[end])
                for root, end in zip(graph.roots, ends, strict=True)
            ),
            tensors=tuple(joined.tensors()),
            calls=tuple(joined.call(observer.calls[call], inner[call]) for call in sorted(calls)),
        ),
        observer.modules.blocks,
    )


def needed(ends: Iterable[int], observer: Observer) -> tuple[set[int], set[int]]:
    """The tensors and calls that the ends were computed from, back to leaves and constants."""
    places: set[int] = set()
    calls: set[int] = set()
    todo = list(ends)
    while todo:
        place = todo.pop()
        if place in places:
            continue
        places.add(place)
        version = observer.tensors.versions[place]
        if version.changed_by is not None and not version.leaf:
            todo.append(version.changed_by)
        if version.leaf or version.made_by is None:
            continue
        call = observer.calls[version.made_by]
        inputs = [each.tensor for each in call.arguments if each.tensor is not None]
        if not inputs:
            continue  # a tensor made from nothing, such as torch.ones(3): a constant
        calls.add(version.made_by)
        places.update(call.outputs)
        todo.extend(inputs)
    return places, calls


class Joined:
    """The tensors that a graph needs, by their places in the history, and where the gradient of
    each arrives in the graph."""

    def __init__(self, graph: Graph, walk: Walk, observer: Observer, places: set[int]) -> None:
        self.graph = graph
        self.places = sorted(places)
        self.numbers = {place: number for number, place in enumerate(self.places)}  # in the graph
        self.versions = observer.tensors.versions
        self.primes = primes_of(self.places, self.versions)
        self.outgoing: dict[int, list[int]] = defaultdict(list)  # by node: numbers of edges
        for number, edge in enumerate(graph.edges):
            self.outgoing[edge.source].append(number)
        self.sequence = [sequence_number(node) for node in walk.nodes]
        self._calls = observer.calls
        self._outputs: dict[int, tuple[int, int]] = {}  # by place: node and output
        self._leaves: dict[int, int] = {}  # by the first place of a leaf: its node
        for number, (node, notes) in enumerate(zip(walk.nodes, walk.notes, strict=True)):
            for output, place in notes.versions.items():
                self._outputs[place] = (number, output)
            if is_leaf(node):
                leaf = observer.tensors.place_of(node.variable)
                if leaf is not None:
                    self._leaves[self.versions[leaf].first] = number

    def arrival(self, place: int) -> Arrival:
        """Where the gradient of a tensor arrives."""
        version = self.versions[place]
        if version.leaf:
            return self._leaves.get(version.first), 0
        return self._outputs.get(place, (None, 0))

    def recorded_by(self, call: RecordedCall) -> list[int]:
        """The nodes that a call recorded: those behind its outputs that were made while it ran."""
        nodes: set[int] = set()
        todo = [self.arrival(output)[0] for output in call.outputs]
        while todo:
            node = todo.pop()
            if node is None or node in nodes or self.sequence[node] not in call.sequence:
                continue
            nodes.add(node)
            todo += [self.graph.edges[edge].target for edge in self.outgoing[node]]
        return sorted(nodes)

    def tensors(self) -> Iterable[Tensor]:
        for place in self.places:
            version = self.versions[place]
            node, output = self.arrival(place)
            yield Tensor(
                version.value, version.name, self.primes[place], version.leaf,
                version.requires_grad, node, output, version.held,
                renumbered(version.changed_by, self.numbers),
            )  # fmt: skip

    def call(self, call: RecordedCall, inner: list[int]) -> Call:
        """A call with its arguments joined to the edges of the nodes that it recorded."""
        arguments = [
            replace(argument, tensor=renumbered(argument.tensor, self.numbers))
            for argument in self.routed(call.arguments, inner)
        ]
        outputs = [self.numbers[place] for place in call.outputs if place in self.numbers]
        return Call(
            call.name, tuple(arguments), tuple(outputs), call.options, call.source, call.line,
            call.block, tuple(inner),
        )  # fmt: skip

    def routed(self, arguments: Sequence[Argument], inner: Iterable[int]) -> list[Argument]:
        """Give each tensor argument the edges along which the call sent gradients to it.

        Where one tensor stands in several places, they share the edges in order, if the counts
        fit; otherwise the first has them all.
        """
        positions: dict[Arrival, list[int]] = defaultdict(list)
        for position, argument in enumerate(arguments):
            if argument.tensor is not None:
                arrival = self.arrival(argument.tensor)
                if arrival[0] is not None:
                    positions[arrival].append(position)
        edges: dict[Arrival, list[int]] = defaultdict(list)
        for node in inner:
            for number in self.outgoing[node]:
                edge = self.graph.edges[number]
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

    def nodes(self, inner: Mapping[int, list[int]]) -> list[Node]:
        """The nodes, each in the block of the call that recorded it, with values and names as they
        were when the program ran."""
        blocks = {
            number: self._calls[call].block for call, numbers in inner.items() for number in numbers
        }
        nodes = [
            replace(node, block=blocks.get(number))
            for number, node in enumerate(saved_renumbered(self.graph.nodes, self.numbers))
        ]
        for place in reversed(self.places):  # a leaf holds today what a step has made of it
            version = self.versions[place]
            leaf = self._leaves.get(version.first) if version.leaf else None
            if leaf is not None:
                used = replace(nodes[leaf].outputs[0], value=version.value)
                nodes[leaf] = with_output(nodes[leaf], 0, used)
        for place in self.places:
            name, primes = self.versions[place].name, self.primes[place]
            if name and primes and place in self._outputs:
                number, output = self._outputs[place]
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


def with_blocks(graph: Graph, blocks: Sequence[Block]) -> Graph:
    """Keep the blocks in which something of this graph happened."""
    used: set[int] = set()
    inside = {call.block for call in graph.calls} | {node.block for node in graph.nodes}
    for innermost in inside:
        block = innermost
        while block is not None and block not in used:
            used.add(block)
            block = blocks[block].parent
    kept = sorted(used)
    numbers = {old: number for number, old in enumerate(kept)}
    return replace(
        graph,
        blocks=tuple(
            replace(blocks[old], parent=renumbered(blocks[old].parent, numbers)) for old in kept
        ),
        calls=tuple(replace(call, block=renumbered(call.block, numbers)) for call in graph.calls),
        nodes=tuple(replace(node, block=renumbered(node.block, numbers)) for node in graph.nodes),
    )
