"""A picture of a graph in one or two sentences, for those who do not see it."""

from collections.abc import Iterator
from functools import reduce
from itertools import islice

from ..graph import Graph
from .diagram import RECORDED, Diagram
from .labels import block_title, is_spelled_out, rows_of, tensor_name
from .phrases import listed
from .words import Words


def alternative(graph: Graph, picture: Diagram, words: Words) -> str:
    """One or two sentences that stand for the picture."""
    if picture.inside is not None:
        block = block_title(graph.blocks[picture.inside])
        return words["alt-inside"].format(block=block)
    return summary(graph, picture.view, picture.folded_titles(), words)


def summary(graph: Graph, view: str, folded: list[str], words: Words) -> str:
    """What a picture of the whole graph shows, in a view, and which blocks are folded in it."""
    names = [root.name or words["result"] for root in graph.roots] or [words["result"]]
    roots = listed(names, words)
    if view == RECORDED:
        nodes = words.count(len(graph.nodes), "nodes")
        edges = words.count(sum(edge.target is not None for edge in graph.edges), "edges")
        sentences = [words["alt-recorded"].format(roots=roots, nodes=nodes, edges=edges)]
    else:
        calls, leaves = words.count(len(graph.calls), "calls"), leaf_names(graph)
        kind = "alt-written" if leaves else "alt-counted"
        given = listed(leaves, words) if leaves else leaf_count(graph, words)
        sentences = [words[kind].format(roots=roots, calls=calls, leaves=given)]
    if folded:
        kind = "alt-folded-some" if len(folded) > 4 else "alt-folded"
        some = words["comma"].join(folded[:4])
        sentences.append(words[kind].format(blocks=some, n=len(folded)))
    values = list(islice(results(graph), 9))
    if 0 < len(values) < 9:
        sentences.append(words["alt-values"].format(values=words["comma"].join(values)))
    return reduce(lambda text, more: words["sentences"].format(text=text, more=more), sentences)


def leaf_names(graph: Graph) -> list[str]:
    """The leaf tensors by name, if there are few and all have one."""
    leaves = [tensor_name(tensor) for tensor in graph.tensors if tensor.leaf]
    return leaves if len(leaves) <= 6 and all(leaves) else []


def leaf_count(graph: Graph, words: Words) -> str:
    count = sum(tensor.leaf for tensor in graph.tensors)
    return words.count(count, "leaf-tensors") if count else words["no-leaves"]


def results(graph: Graph) -> Iterator[str]:
    """``J = 33``, and ``a.grad = 3`` for each leaf that has a name and a gradient."""
    for root in graph.roots:
        if root.tensor is not None and root.name:
            value = graph.tensors[root.tensor].value
            if value.numbers is not None and is_spelled_out(value):
                yield f"{root.name} = {' '.join(rows_of(value))}"
    leaves = [tensor.node for tensor in graph.tensors if tensor.leaf and tensor.node is not None]
    for number in dict.fromkeys([*leaves, *range(len(graph.nodes))]):
        node = graph.nodes[number]
        name = node.outputs[0].name if node.leaf else None
        if name and node.grad is not None and graph.order and is_spelled_out(node.grad):
            yield f"{name}.grad = {' '.join(rows_of(node.grad))}"
