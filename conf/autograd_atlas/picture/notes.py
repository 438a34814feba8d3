"""The notes of a graph as sentences."""

from ..graph import Graph
from .phrases import code, some_of
from .words import Words

MOST_NAMED = 8  # subjects of one note


def sentences(graph: Graph, words: Words) -> list[str]:
    """What a picture does not show, and a reader should know, one sentence for each. Names stand
    between backticks, as in Markdown."""
    lines = []
    for note in graph.notes:
        few = list(map(code, note.subjects[:MOST_NAMED]))
        names = some_of(few, len(note.subjects), words)
        lines.append(words[f"note-{note.kind}"].format(*note.subjects, names=names))
    return lines
