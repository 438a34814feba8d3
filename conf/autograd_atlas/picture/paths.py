"""From the names of parameters to blocks: where no recording saw the modules, a parameter called
``encoder.layers.0.linear1.weight`` says in which of them the node is that uses it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from ..graph import Block, Graph, Value
from .arranging import chain

# Nodes that only turn a parameter round, by the beginning of their names.
TURNS = ("T", "Transpose", "Permute", "View", "UnsafeView", "Expand", "Unsqueeze", "ToCopy")

Path = tuple[str, ...]


def path_blocks(graph: Graph) -> tuple[list[Block], dict[int, int | None]]:
    """Blocks by the paths of parameters, and that of each node that is no leaf.

    Each block is a stretch of the forward order. What uses no parameter is in the blocks that it
    lies between two uses of.
    """
    paths = used_paths(graph)
    if not paths:
        return [], {}
    nodes = [number for number, node in enumerate(graph.nodes) if not node.leaf]
    names = [graph.nodes[number].name for number in nodes]
    ordered = Ordered([paths.get(number) for number in nodes], names)
    blocks: list[Block] = []
    block_of: list[int | None] = [None] * len(nodes)
    todo: list[tuple[int, int, int, int | None]] = [(0, len(nodes), 0, None)]
    while todo:
        start, end, level, parent = todo.pop()
        for run in ordered.runs(start, end, level):
            block = parent
            if (run.first, run.last) != (start, end):  # else it is all of what is around it
                blocks.append(Block(".".join(run.path), "", parent))
                block = len(blocks) - 1
                block_of[run.first : run.last] = [block] * (run.last - run.first)
            todo.append((run.first, run.last, level + 1, block))
    return blocks, dict(zip(nodes, block_of, strict=True))


def parameters_in(graph: Graph) -> dict[int, frozenset[tuple[str, Value]]]:
    """What the parameters that the nodes of each block use are called inside of it, and their
    shapes."""
    inside: dict[int, set[tuple[str, Value]]] = {}
    for edge in graph.edges:
        leaf = None if edge.target is None else graph.nodes[edge.target]
        if leaf is None or not leaf.leaf:
            continue
        used = leaf.outputs[0]
        for block in chain(graph.blocks, graph.nodes[edge.source].block):
            name = (used.name or "").removeprefix(graph.blocks[block].name)
            inside.setdefault(block, set()).add((name, replace(used.value, numbers=None)))
    return {block: frozenset(used) for block, used in inside.items()}


def used_paths(graph: Graph) -> dict[int, Path]:
    """The path of the module whose parameters each node uses, itself or turned round; of several
    modules, what is common to their paths."""
    leaf_paths = {
        number: module_path(node.outputs[0].name or "")
        for number, node in enumerate(graph.nodes)
        if node.leaf
    }
    paths: dict[int, Path] = {}
    turned: dict[int, Path] = {}
    for number, node in enumerate(graph.nodes if any(leaf_paths.values()) else ()):
        if node.leaf:
            continue
        direct, through = [], []
        for edge in graph.edges_from.get(number, ()):
            target = graph.edges[edge].target
            if target is None:
                continue
            if target in leaf_paths:
                if path := leaf_paths[target]:
                    direct.append(path)
            elif target in turned:
                through.append(turned[target])
        if found := direct or through:
            paths[number] = common(found)
            stem = node.name.partition("Backward")[0]
            if stem in TURNS and len(graph.edges_from[number]) == 1:
                turned[number] = paths[number]
    return paths


def module_path(name: str) -> Path:
    """The path of the module that has a parameter of this name; empty if it is no path.

    >>> module_path("layers.0.weight"), module_path("W"), module_path("pairs[0]")
    (('layers', '0'), (), ())
    """
    parts = name.split(".")
    plain = all(part.replace("_", "a").isalnum() for part in parts)
    return tuple(parts[:-1]) if plain else ()


def common(paths: Sequence[Path]) -> Path:
    """How all of these begin."""
    shared = paths[0]
    for path in paths[1:]:
        same = next((n for n, (a, b) in enumerate(zip(shared, path, strict=False)) if a != b), None)
        shared = shared[: min(len(shared), len(path)) if same is None else same]
    return shared


@dataclass
class Run:
    """A stretch of nodes that lies in one module: from the first to before the last."""

    first: int
    last: int
    path: Path

    def is_numbered(self) -> bool:
        return self.path[-1].isdigit()


@dataclass
class Ordered:
    """The path that each node in forward order uses, if it uses any, and its name."""

    paths: Sequence[Path | None]
    names: Sequence[str]

    def runs(self, start: int, end: int, level: int) -> list[Run]:
        """The stretches of one stretch in which paths have the same part at a level."""
        found: list[Run] = []
        before: Path | None = None
        for place in range(start, end):
            path = self.paths[place]
            if path is None:
                continue
            here = path[: level + 1] if len(path) > level else None
            if here is not None and here == before:
                found[-1].last = place + 1
            elif here is not None:
                found.append(Run(place, place + 1, here))
            before = here
        self.take_tails(found, end)
        return found

    def take_tails(self, runs: Sequence[Run], end: int) -> None:
        """Give what follows a numbered module, and uses no parameter, to that one: the sum with
        what flowed past it, say. What follows the last one is its own if it is like the others."""
        tail: Sequence[str] = ()
        for run, following in zip_longest(runs, runs[1:]):
            stop = end if following is None else following.first
            if not run.is_numbered() or any(self.paths[run.last : stop]):
                continue
            if following is not None and following.is_numbered():
                tail = self.names[run.last : stop]
                run.last = stop
            elif tail and tail == self.names[run.last : min(stop, run.last + len(tail))]:
                run.last += len(tail)
