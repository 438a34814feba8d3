"""Where the lines of a program stand on a page, so that the player can light them up, and the
program beside the pictures of it, so that line and box are seen together.

A block of code is put into a container with the class ``aa-from-3`` if it begins with line 3 of
the program that was run, and ``aa-for-graph-J`` if it belongs to one picture alone. What belongs
together is put into a container ``aa-program``: the program with what it printed, in one called
``aa-source``, and its pictures.
"""

from collections.abc import Iterable
from itertools import takewhile

from docutils import nodes
from sphinx.application import Sphinx

from .gallery import example_of
from .graphs import beside, graph_figure


def wrap(block: nodes.literal_block, line: int) -> nodes.container:
    """Note around a block of code the line of the program at which it begins."""
    parent, position = block.parent, block.parent.index(block)
    parent.remove(block)
    around = nodes.container("", block, classes=[f"aa-from-{line}"])
    parent.insert(position, around)
    return around


def note_example(app: Sphinx, doctree: nodes.document) -> None:
    """Find the blocks of an example's page in its program."""
    found = example_of(app, app.env.docname)
    if found is None:
        return
    program = found[1].read_text(encoding="utf-8").splitlines()
    place = 0
    for block in list(doctree.findall(nodes.literal_block)):
        first, *_ = block.astext().splitlines() or [""]
        if block.get("language") == "Python" and first in program[place:]:
            place = program.index(first, place) + 1
            wrap(block, place)


def put_beside(app: Sphinx, doctree: nodes.document) -> None:
    """Join each block of an example with its output and the pictures behind it."""
    for block in list(doctree.findall(nodes.container)):
        if not any(name.startswith("aa-from-") for name in block["classes"]):
            continue
        parent = block.parent
        after = parent[parent.index(block) + 1 :]
        outputs = list(takewhile(is_output, after))
        pictures = list(takewhile(is_picture, after[len(outputs) :]))
        if pictures:
            place = parent.index(block)
            for node in (block, *outputs, *pictures):
                parent.remove(node)
            parent.insert(place, beside([block, *outputs], pictures))


def is_output(node: nodes.Node) -> bool:
    return isinstance(node, nodes.literal_block) and "sphx-glr-script-out" in node["classes"]


def is_picture(node: nodes.Node) -> bool:
    return isinstance(node, graph_figure)


def note_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Find the program of a picture that hides its own in a block that stands above it."""
    blocks: list[nodes.literal_block] = []
    for node in list(doctree.findall(nodes.Element)):
        if isinstance(node, nodes.literal_block):
            blocks.append(node)
        if isinstance(node, graph_figure) and node["program"]:
            program = node["program"].splitlines()
            lines = {call.line for call in node["graph"].calls if call.line}
            for block in reversed(blocks):
                by = shift(block.astext().splitlines(), program, lines)
                if by is not None:
                    wrap(block, 1 - by)["classes"].append(f"aa-for-{node['name']}")
                    break


def shift(shown: list[str], program: list[str], lines: Iterable[int]) -> int | None:
    """By how many lines a shown block is further down than the program that was run, if it shows
    these lines of it.

    >>> shift(["import torch", "x = f()", "y = x * x"], ["x = f()", "y = x * x"], [2])
    1
    >>> shift(["y = x + x"], ["y = x * x"], [1]) is None
    True
    """
    wanted = {line - 1: program[line - 1] for line in lines}
    for by in range(1 - len(program), len(shown)):
        if wanted and all(
            0 <= line + by < len(shown) and shown[line + by].strip() == text.strip()
            for line, text in wanted.items()
        ):
            return by
    return None


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", note_example)
    app.connect("doctree-read", put_beside, priority=550)  # when blocks have their lines
    app.connect("doctree-read", note_cells, priority=600)  # when pictures have their names
