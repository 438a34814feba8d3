"""From the nodes of a graph, and what a recording knows of them, to the calls that recorded them:
those that were seen, and for what lies between the tensors that are known, calls that were not.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import torch

from ..graph import Argument, Graph, Value
from .nodes import AutogradNode, is_leaf, kind_of, sequence_number
from .notes import Notes, RecordedCall, TensorVersion
from .observer import Observer

Arrival = tuple[int, int]  # the node at which a gradient arrives, and for which output
# What these leave in a tensor depends on nothing that was in it.
OVERWRITING = {"zero_", "fill_", "normal_", "uniform_", "random_"}
Place = tuple[int, int]  # the number of a call that was noted, and 0; before it, less than 0


@dataclass
class Walk:
    """The nodes of a graph in forward order, the number of each, and what is known of each."""

    nodes: list[AutogradNode]
    numbers: dict[AutogradNode, int]
    notes: list[Notes]
    runs: list[int]  # of the engine, to show: one, or one for each root


@dataclass
class Region:
    """The nodes that a call recorded, and where it sends gradients."""

    nodes: dict[int, bool] = field(default_factory=dict)
    ends: dict[Arrival, bool] = field(default_factory=dict)


class Origins:
    """The tensors and calls that the asked tensors were computed from, back to leaves and
    constants, and the nodes of each call. Tensors that only nodes tell of are added."""

    def __init__(self, graph: Graph, walk: Walk, observer: Observer, asked: Iterable[int]) -> None:
        self.graph = graph
        self.versions = list(observer.tensors.versions)
        self.outgoing: dict[int, list[int]] = defaultdict(list)  # by node: numbers of edges
        for number, edge in enumerate(graph.edges):
            self.outgoing[edge.source].append(number)
        self.places: dict[int, float] = {}  # of the tensors, each with what orders them
        self.calls: dict[Place, RecordedCall] = {}
        self.inner: dict[Place, list[int]] = defaultdict(list)  # by call: its nodes
        self.leaves: dict[int, int] = {}  # by the first place of a leaf: its node
        self.outputs: dict[int, Arrival] = {}  # by place: where its gradient arrives
        self._walk = walk
        self._seen = observer.calls
        self._sequence = [sequence_number(node) for node in walk.nodes]
        self._places_at: dict[int, dict[int, int]] = {}  # by node, by output
        self._versions_of: dict[int, list[int]] = {}  # by the node of a leaf: their places
        self._changed: dict[int, list[int]] = defaultdict(list)  # by place: what changed with it
        self._claimed: dict[int, Place] = {}  # by node: the call
        self._read_notes(observer)
        self._trace(asked)
        self._claim()

    def _read_notes(self, observer: Observer) -> None:
        for number, (node, notes) in enumerate(
            zip(self._walk.nodes, self._walk.notes, strict=True)
        ):
            if notes.versions:
                self._places_at[number] = dict(notes.versions)
            for output, place in notes.versions.items():
                self.outputs[place] = (number, output)
                if (writer := self.versions[place].changed_by) is not None:
                    self._changed[writer].append(place)
            if is_leaf(node):
                leaf = observer.tensors.place_of(node.variable)
                if leaf is not None:
                    self.leaves[self.versions[leaf].first] = number
        for place, version in enumerate(self.versions):
            if version.leaf and version.first in self.leaves:
                self._versions_of.setdefault(self.leaves[version.first], []).append(place)

    def arrival(self, place: int) -> Arrival | None:
        """Where the gradient of a tensor arrives."""
        version = self.versions[place]
        if not version.leaf:
            return self.outputs.get(place)
        node = self.leaves.get(version.first)
        return None if node is None else (node, 0)

    def runs_through(self, nodes: Iterable[int]) -> set[int]:
        """The runs of the engine, of those that are shown, in which one of these nodes ran."""
        notes = [self._walk.notes[node] for node in nodes]
        return {run for run in self._walk.runs if any(run in each.runs for each in notes)}

    def arrived_in(self, run: int, place: int) -> Value | None:
        """The gradient that arrived for a tensor in one run."""
        arrival = self.arrival(place)
        noted = None if arrival is None else self._walk.notes[arrival[0]].runs.get(run)
        return None if arrival is None or noted is None else noted.received[arrival[1]]

    def is_own(self, version: TensorVersion) -> bool:
        """Whether a module made it of nothing: a constant of its own."""
        if version.made_by is None or version.requires_grad:
            return False
        call = self._seen[version.made_by]
        return call.block is not None and all(each.tensor is None for each in call.arguments)

    def unseen_nodes(self) -> list[str]:
        """The names of the nodes that no seen call recorded, each once."""
        unseen = (key for key, call in self.calls.items() if not call.seen)
        names = (self.graph.nodes[node].name for key in unseen for node in self.inner[key])
        return list(dict.fromkeys(names))

    # -- what is needed

    def _trace(self, asked: Iterable[int]) -> None:
        todo = list(asked)
        while todo:
            place = todo.pop()
            if place in self.places:
                continue
            self.places[place] = place
            version = self.versions[place]
            if version.changed_by is not None and not version.leaf:
                todo.append(version.changed_by)
            if not version.leaf and version.made_by is not None:
                key = (version.made_by, 0)
                if key not in self.calls:
                    todo += self._added(key, self._seen[version.made_by])

    def _added(self, key: Place, call: RecordedCall) -> list[int]:
        """Add a call. Gives the tensors that it needs."""
        inputs = [each.tensor for each in call.arguments if each.tensor is not None]
        region = self._region(call)
        if not region.nodes and self._is_from_nothing(call):
            return []  # a constant
        self.calls[key] = replace(call, outputs=list(call.outputs))
        self.places |= {place: place for place in call.outputs}
        return inputs + self._unnamed(key, call, region)

    def _is_from_nothing(self, call: RecordedCall) -> bool:
        """Whether a call made a tensor of nothing, as torch.ones(3) does; or filled such a one
        where the program did not write so, as a module does with its buffers when it is made."""
        while inputs := [each.tensor for each in call.arguments if each.tensor is not None]:
            before = self.versions[inputs[0]]
            overwrites = call.name in OVERWRITING and len(inputs) == 1 and not call.source
            if not overwrites or before.leaf or before.made_by is None:
                return False
            call = self._seen[before.made_by]
        return True

    def _unnamed(self, key: Place, call: RecordedCall, region: Region) -> list[int]:
        """The tensors that a call was given besides its arguments: its nodes lead to them. One that
        wrote to a view leads to what was in the base before, which is no argument."""
        if self._is_write(call):
            return []
        given = {each.tensor for each in call.arguments}
        known = {self.arrival(place) for place in given if place is not None}
        places = [self._place_at(end, key) for end in region.ends if end not in known]
        return [place for place in places if place not in given]

    def _is_write(self, call: RecordedCall) -> bool:
        given = {
            self.versions[each.tensor].first for each in call.arguments if each.tensor is not None
        }
        return any(self.versions[place].first in given for place in call.outputs)

    def _region(self, call: RecordedCall) -> Region:
        """From what a call gave and wrote, and what changed with it, down to what is known, or was
        there before."""
        own = {*call.outputs, *(each for place in call.outputs for each in self._changed[place])}
        seeds = {end[0] for place in own if (end := self.arrival(place)) is not None}
        region, todo = Region(), sorted(seeds)
        while todo:
            node = todo.pop()
            if node in region.nodes or node in self._claimed or self.graph.nodes[node].leaf:
                continue
            region.nodes[node] = True
            for number in self.outgoing[node]:
                edge = self.graph.edges[number]
                if edge.target is None:
                    continue
                if edge.target in seeds or self._is_of(edge.target, own, call):
                    todo.append(edge.target)
                else:
                    region.ends[edge.target, edge.output] = True
        return region

    def _is_of(self, node: int, own: set[int], call: RecordedCall) -> bool:
        """Whether a node that the nodes of a call lead to belongs to it as well."""
        if self.graph.nodes[node].leaf or node in self._claimed:
            return False
        if not own.issuperset(self._places_at.get(node, {}).values()):
            return False
        return not call.seen or self._sequence[node] in call.sequence

    # -- what is added

    def _place_at(self, end: Arrival, user: Place) -> int:
        """The place of the tensor whose gradient arrives here. One that nobody saw is added, before
        the call that uses it."""
        node, output = end
        first = min(self.calls[user].outputs)
        if self.graph.nodes[node].leaf:
            there = [place for place in self._versions_of.get(node, ()) if place < first]
            there = there or self._versions_of.get(node, [])[:1]
            return there[-1] if there else self._added_leaf(node, first)
        if output in self._places_at.get(node, ()):
            return self._places_at[node][output]
        kind = kind_of(self._walk.nodes[node]._input_metadata[output])
        place = self._new(TensorVersion(kind, len(self.versions), requires_grad=True), first)
        maker = self._maker(node) or (user[0], -len(self.calls))
        if maker not in self.calls:
            self.calls[maker] = RecordedCall("", [], (), "", 0, None, range(0), seen=False)
        self.calls[maker].outputs.append(place)
        self._places_at.setdefault(node, {})[output] = place
        self.outputs[place] = end
        return place

    def _maker(self, node: int) -> Place | None:
        """The call that a node belongs to: by now, or since one of its outputs is known."""
        if node in self._claimed:
            return self._claimed[node]
        made = (self.versions[place].made_by for place in self._places_at.get(node, {}).values())
        keys = ((number, 0) for number in made if number is not None)
        return next((key for key in keys if key in self.calls), None)

    def _added_leaf(self, node: int, before: int) -> int:
        leaf, output = self._walk.nodes[node], self.graph.nodes[node].outputs[0]
        place = len(self.versions)
        held = is_leaf(leaf) and isinstance(leaf.variable, torch.nn.Parameter)
        self.leaves[place] = node
        self._versions_of[node] = [place]
        version = TensorVersion(
            output.value, place, 0, output.name, leaf=True, held=held, requires_grad=True
        )
        return self._new(version, before)

    def _new(self, version: TensorVersion, before: int) -> int:
        self.versions.append(version)
        self.places[version.first] = before - 0.5
        return version.first

    # -- which call recorded what

    def _claim(self) -> None:
        """Give each node to the first call that it can belong to, and each call the tensors that
        only its nodes tell of."""
        for key in sorted(self.calls):
            call = self.calls[key]
            region = self._region(call)
            self._claimed |= dict.fromkeys(region.nodes, key)
            self.inner[key] = sorted(region.nodes)
            call.arguments = [
                *call.arguments,
                *(Argument(tensor=place) for place in self._unnamed(key, call, region)),
            ]
            if not call.seen:
                call.name = self._name_of(self.inner[key])
        self._claim_rest()

    def _claim_rest(self) -> None:
        """Give what only a later write to the same base leads to, the base being held by no
        variable, to the call that was running."""
        running = [key for key in sorted(self.calls) if self.calls[key].sequence]
        starts = [self.calls[key].sequence.start for key in running]
        for node, number in enumerate(self._sequence):
            if node in self._claimed or self.graph.nodes[node].leaf:
                continue
            key = running[bisect_right(starts, number) - 1] if running else None
            if key is not None and number in self.calls[key].sequence:
                self._claimed[node] = key
                self.inner[key] = sorted([*self.inner[key], node])

    def _name_of(self, nodes: list[int]) -> str:
        """What ran unseen, if its nodes tell."""
        if {self.graph.nodes[node].name for node in nodes} == {"CompiledFunctionBackward"}:
            return "compiled"
        kind = self._walk.nodes[nodes[0]] if len(nodes) == 1 else None
        custom = isinstance(kind, torch.autograd.function.BackwardCFunction)
        return kind.name().removesuffix("Backward") if kind is not None and custom else ""
