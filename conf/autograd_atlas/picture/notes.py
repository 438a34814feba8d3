"""The notes of a graph as sentences."""

from ..graph import Graph
from .words import Words


def sentences(graph: Graph, words: Words) -> list[str]:
    """What a picture does not show, and a reader should know, one sentence for each."""
    return [words[f"note-{note.kind}"].format(*note.subjects) for note in graph.notes]
