"""What a recording remembers: of tensors, of calls, and of nodes."""

import weakref
from dataclasses import dataclass, field

from ..graph import Argument, Saved, Value
from .nodes import AutogradNode

NOTES = "autograd_atlas.notes"  # the key in a node's metadata


@dataclass(slots=True)
class TensorVersion:
    """One tensor between two writes. It is known by its place in ``TensorHistory.versions``."""

    value: Value
    first: int  # the place of the first version of the same object
    primes: int = 0
    name: str | None = None
    leaf: bool = False
    held: bool = False  # by a module
    requires_grad: bool = False
    made_by: int | None = None  # a call
    changed_by: int | None = None  # the version whose write changed this one, a view, as well
    has_node: bool | None = None  # None if that has not been asked yet


@dataclass(slots=True)
class RecordedCall:
    """One call. Tensors are places in ``TensorHistory.versions``."""

    name: str
    arguments: list[Argument]
    options: tuple[str, ...]
    source: str  # empty if the program did not write it
    line: int
    block: int | None
    sequence: range  # the sequence numbers of the nodes that were recorded while it ran
    outputs: list[int] = field(default_factory=list)
    seen: bool = True


@dataclass(slots=True)
class NodeRun:
    """What one node did in one run of the engine."""

    turn: int  # counts the steps of all runs
    received: list[Value | None]  # for each output
    sent: list[Value | None] = field(default_factory=list)  # along each edge


@dataclass(slots=True)
class Notes:
    """What a recording knows of one node."""

    versions: dict[int, int] = field(default_factory=dict)  # by output: the tensor, by its place
    prepared: bool = False  # whether the node tells of its runs
    runs: dict[int, NodeRun] = field(default_factory=dict)  # by the number of the engine's run
    began: frozenset[int] = frozenset()  # the runs of the engine that began here
    local: list[float | None] = field(default_factory=list)  # derivatives, for each edge
    # What it kept before it first ran, by attribute, and the place of the tensor.
    saved: dict[str, tuple[Saved, int | None]] = field(default_factory=dict)
    written: int | None = None  # of a leaf: how often its .grad was written, after a run


class NodeNotes:
    """The notes of one recording. They are kept in the nodes' own ``metadata``, by a weak reference
    to this: a recording keeps no node alive, and no node a recording. A parameter's node outlives
    many recordings, if each new graph is begun before the last one is dropped; the next one that
    comes there takes away what is left of those that are gone."""

    def __init__(self) -> None:
        self._key = weakref.ref(self)

    def of(self, node: AutogradNode) -> Notes:
        """The notes on a node, to be written."""
        metadata = node.metadata
        notes = metadata.get(NOTES)
        if notes is None:
            notes = metadata[NOTES] = {}
        own: Notes | None = notes.get(self._key)
        if own is None:
            for key in [key for key in notes if key() is None]:
                del notes[key]
            own = notes[self._key] = Notes()
        return own

    def knows(self, node: AutogradNode) -> bool:
        """Whether there are notes on a node."""
        return self._key in node.metadata.get(NOTES, ())

    def read(self, node: AutogradNode) -> Notes:
        """The notes on a node, which stays as it is if there are none."""
        notes: Notes | None = node.metadata.get(NOTES, {}).get(self._key)
        return notes or Notes()
