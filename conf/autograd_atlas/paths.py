"""From a graph to the part of it that lies between its results and some of its tensors."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from .graph import Block, Call, Graph, Node, Tensor

Arrival = tuple[int | None, int]  # a node, and which of its outputs


def between(graph: Graph, ends: Collection[tuple[int, int]]) -> Graph:
    """Only the paths along which gradients go from the roots to ``ends``, which are nodes and
    their outputs: nodes on them, edges along them, and the calls that recorded these, each with
    the arguments that lie on a path. Roots from which no path leads are left out."""
    ends = set(ends)
    edges = edges_between(graph, ends)
    along = [graph.edges[edge] for edge in edges]
    arrivals: set[Arrival] = {*ends, *((edge.target, edge.output) for edge in along)}
    sources = {edge.source for edge in along}
    roots = [
        root for root in graph.roots if root.node in sources or (root.node, root.output) in ends
    ]
    arrivals |= {(root.node, root.output) for root in roots}
    nodes = numbered({node for node, _ in arrivals if node is not None})
    calls = numbered(n for n, call in enumerate(graph.calls) if sources & set(call.nodes))
    tensors = numbered(tensors_on(graph, calls, arrivals))
    part = Part(nodes, numbered(edges), tensors)
    return with_used_blocks(
        replace(
            graph,
            nodes=tuple(part.node(graph.nodes[number]) for number in nodes),
            edges=tuple(
                replace(edge, source=nodes[edge.source], target=part.of(nodes, edge.target))
                for edge in along
            ),
            roots=tuple(
                replace(root, node=nodes[root.node], tensor=part.of(tensors, root.tensor))
                for root in roots
            ),
            tensors=tuple(part.tensor(graph.tensors[number]) for number in tensors),
            calls=tuple(part.call(graph.calls[number]) for number in calls),
            order=tuple(nodes[number] for number in graph.order if number in nodes),
            bound=(*graph.bound, "part"),
        )
    )


def edges_between(graph: Graph, ends: Collection[Arrival]) -> list[int]:
    """The edges on any path from a root to an end, in order. Nodes stand in forward order, so that
    the ends are met before what leads to them."""
    leading: set[int] = set()  # nodes from which a path leads to an end
    good: set[int] = set()
    for node in range(len(graph.nodes)):
        for number in graph.edges_from.get(node, ()):
            edge = graph.edges[number]
            if (edge.target, edge.output) in ends or edge.target in leading:
                good.add(number)
                leading.add(node)
    reached = {root.node for root in graph.roots}
    kept = []
    for node in reversed(range(len(graph.nodes))):
        if node not in reached:
            continue
        for number in graph.edges_from.get(node, ()):
            target = graph.edges[number].target
            if number in good and target is not None:
                kept.append(number)
                reached.add(target)
    return sorted(kept)


def numbered(numbers: Iterable[int]) -> dict[int, int]:
    """What is kept, by its number before: its number in the part."""
    return {old: new for new, old in enumerate(sorted(numbers))}


def tensors_on(graph: Graph, calls: Collection[int], arrivals: Collection[Arrival]) -> set[int]:
    """The tensors on the paths: of the calls, those at which a gradient arrives on one."""
    used = {root.tensor for root in graph.roots if (root.node, root.output) in arrivals}
    for number in calls:
        call = graph.calls[number]
        used |= {argument.tensor for argument in call.arguments} | set(call.outputs)
    return {
        tensor
        for tensor in used
        if tensor is not None
        and (graph.tensors[tensor].node, graph.tensors[tensor].output) in arrivals
    }


class Part:
    """What is kept of a graph, each by its number before."""

    def __init__(
        self, nodes: Mapping[int, int], edges: Mapping[int, int], tensors: Mapping[int, int]
    ) -> None:
        self.nodes = nodes
        self.edges = edges
        self.tensors = tensors

    @staticmethod
    def of(numbers: Mapping[int, int], number: int | None) -> int | None:
        return None if number is None else numbers.get(number)

    def several(self, numbers: Mapping[int, int], kept: Sequence[int]) -> tuple[int, ...]:
        return tuple(numbers[number] for number in kept if number in numbers)

    def node(self, node: Node) -> Node:
        saved = (replace(each, tensor=self.of(self.tensors, each.tensor)) for each in node.saved)
        return replace(node, saved=tuple(saved))

    def tensor(self, tensor: Tensor) -> Tensor:
        return replace(
            tensor,
            node=self.of(self.nodes, tensor.node),
            changed_by=self.of(self.tensors, tensor.changed_by),
        )

    def call(self, call: Call) -> Call:
        """A call with those arguments that lie on a path."""
        arguments = []
        for argument in call.arguments:
            tensor = self.of(self.tensors, argument.tensor)
            if tensor is not None:
                edges = self.several(self.edges, argument.edges)
                arguments.append(replace(argument, tensor=tensor, edges=edges))
        return replace(
            call,
            arguments=tuple(arguments),
            outputs=self.several(self.tensors, call.outputs),
            nodes=self.several(self.nodes, call.nodes),
        )


def with_used_blocks(graph: Graph) -> Graph:
    """Without the blocks in which nothing happens."""
    used: set[int] = set()
    inside = {call.block for call in graph.calls} | {node.block for node in graph.nodes}
    for innermost in inside:
        block = innermost
        while block is not None and block not in used:
            used.add(block)
            block = graph.blocks[block].parent
    numbers = numbered(used)

    def renumbered(block: int | None) -> int | None:
        return None if block is None else numbers[block]

    blocks: list[Block] = [graph.blocks[number] for number in numbers]
    return replace(
        graph,
        blocks=tuple(replace(block, parent=renumbered(block.parent)) for block in blocks),
        calls=tuple(replace(call, block=renumbered(call.block)) for call in graph.calls),
        nodes=tuple(replace(node, block=renumbered(node.block)) for node in graph.nodes),
    )
