"""What the two views of a :class:`~autograd_atlas.graph.Graph` have in common: items become boxes,
and wires lead between them; what is folded is decided in :mod:`.composing`.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator
from functools import cached_property
from typing import ClassVar

from ..graph import Edge, Graph, Value
from .diagram import NO_ROW, Box, Line, Row, Span, Wire, summary_lines
from .keys import Key, Kind, Measure, Quantity
from .labels import cut_apart, gradient_in_one_line, in_one_line, short


def sent_text(wire: Wire, sent: Value | None) -> str:
    """What was sent along a wire, if it fits there; to or from a folded block, else its norm."""
    if Kind.BLOCK in (wire.source.kind, wire.target.kind):
        return gradient_in_one_line(sent, 14)
    return in_one_line(sent)


class View(ABC):
    """What both views have: items in blocks, their boxes, and the wires between them."""

    name: ClassVar[str]
    unit: ClassVar[str]  # what a folded block counts, as it stands on it

    def __init__(self, graph: Graph, *, constants: bool = True) -> None:
        self.graph = graph
        self.with_constants = constants

    @cached_property
    def items(self) -> dict[Key, int | None]:
        """What is drawn, in forward order, and the block in which it was computed, if it was."""
        items = self.all_items().items()
        return {key: block for key, block in items if not self.is_hidden(key)}

    @cached_property
    def wires(self) -> list[Wire]:
        """All wires, without their numbers."""
        items = self.items
        return [wire for wire in self.all_wires() if wire.source in items and wire.target in items]

    @cached_property
    def users(self) -> dict[Key, list[Key]]:
        """What each item is given to."""
        users: dict[Key, list[Key]] = defaultdict(list)
        for wire in self.wires:
            users[wire.source].append(wire.target)
        return users

    @cached_property
    def computed(self) -> dict[Key, int | None]:
        """What was computed, and not only given, after all that it was computed from."""
        made = {wire.target for wire in self.wires}
        return self.in_turn(
            {key: block for key, block in self.items.items() if key in made or self.is_made(key)}
        )

    def in_turn(self, computed: dict[Key, int | None]) -> dict[Key, int | None]:
        """What was computed, as it follows one another; each view may say so better."""
        return computed

    @cached_property
    def short_names(self) -> dict[str, str]:
        """The names of leaf tensors as they are drawn, no two of which are the same."""
        return cut_apart(name for name in self.leaf_names if name)

    def short(self, name: str) -> str:
        return self.short_names.get(name) or short(name)

    @abstractmethod
    def all_items(self) -> dict[Key, int | None]:
        """What there is to draw, in forward order, with the block in which it was computed."""

    @abstractmethod
    def all_wires(self) -> Iterator[Wire]:
        """All wires that there are to draw."""

    @abstractmethod
    def is_made(self, key: Key) -> bool:
        """Whether it is a call or a node, which is computed even if it was given nothing."""

    @abstractmethod
    def is_held(self, key: Key) -> bool:
        """Whether something that was not computed belongs to a block, if nothing else uses it."""

    @abstractmethod
    def is_constant(self, key: Key) -> bool:
        """Whether it was not computed, and needs no gradient."""

    @abstractmethod
    def is_hidden(self, key: Key) -> bool:
        """Whether it is left out: what needs no gradient, if so chosen, and what is empty."""

    @abstractmethod
    def label(self, key: Key) -> str:
        """What an item is called."""

    @abstractmethod
    def token(self, key: Key) -> Hashable:
        """What is equal for items that are alike."""

    @abstractmethod
    def exact_token(self, key: Key) -> Hashable:
        """What is equal for items in which the same happens."""

    @abstractmethod
    def box(self, key: Key, detailed: bool) -> Box:
        """The box of an item, not yet sized; with gradients and what was saved, if ``detailed``."""

    def summary(self, keys: Collection[Key]) -> list[Line]:
        """What one asks of a folded block, of which the items are given."""
        leaves = self.leaf_gradients(keys) if self.graph.order else {}
        arrived = self.arrived(keys) if self.graph.order else []
        reached = [self.turns[node] for node in leaves if node in self.turns]
        last = Quantity(Measure.RECEIVED, self.graph.order[max(reached)], 0) if reached else None
        lines = summary_lines(list(leaves.values()), last, self.kept_bytes(self.nodes_of(keys)))
        if len(arrived) != 1:
            return lines
        node, output = arrived[0]
        gradient = self.graph.nodes[node].outputs[output].received
        text = gradient_in_one_line(gradient)
        whole = 0 if in_one_line(gradient, 26) else NO_ROW
        row = Row(Quantity(Measure.RECEIVED, node, output), whole)
        return [(Span("grad", f"∇ {text}", row),), *lines] if text else lines

    def arrived(self, keys: Collection[Key]) -> list[tuple[int, int]]:
        """The outputs of nodes in a folded block that a gradient reached from outside of it."""
        nodes = set(self.nodes_of(keys))
        reached = {
            (node, edge.output)
            for node in nodes
            for edge in self.edges_to[node]
            if edge.source not in nodes and edge.sent is not None
        }
        reached |= {(root.node, root.output) for root in self.graph.roots if root.node in nodes}
        return sorted(reached)

    @cached_property
    def edges_to(self) -> dict[int | None, list[Edge]]:
        edges: dict[int | None, list[Edge]] = defaultdict(list)
        for edge in self.graph.edges:
            edges[edge.target].append(edge)
        return edges

    @cached_property
    def turns(self) -> dict[int, int]:
        """When the engine ran each node."""
        return {node: turn for turn, node in enumerate(self.graph.order)}

    @cached_property
    def leaf_names(self) -> set[str | None]:
        return {node.outputs[0].name for node in self.graph.nodes if node.leaf}

    def kept_bytes(self, nodes: Iterable[int]) -> int:
        """What nodes keep in memory besides leaf tensors; what shares memory counts once."""
        sizes: dict[object, int] = {}
        for number in nodes:
            for saved in self.graph.nodes[number].saved:
                if saved.state in ("kept", "freed") and not (
                    saved.name and saved.name in self.leaf_names
                ):
                    place = (number, saved.attribute) if saved.storage is None else saved.storage
                    sizes[place] = max(saved.bytes, sizes.get(place, 0))
        return sum(sizes.values())

    @abstractmethod
    def leaf_gradients(self, keys: Iterable[Key]) -> dict[int, Value | None]:
        """What arrived at each leaf tensor among the items, by its node, or else a number below
        zero."""

    @abstractmethod
    def nodes_of(self, keys: Iterable[Key]) -> Iterator[int]:
        """The nodes that were recorded for the items."""

    @abstractmethod
    def labelled(self, wire: Wire) -> Wire:
        """A wire with its numbers."""
