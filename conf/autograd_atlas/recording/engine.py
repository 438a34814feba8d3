"""The runs of the engine that a recording saw: what every node received and sent in each."""

import itertools
import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import get_ident
from typing import Any, NamedTuple

import torch

from ..graph import Value, total
from .nodes import (
    AutogradNode,
    free_in_steps,
    grad_fn_of,
    grad_version,
    gradient_of,
    has_hooks,
    inputs_first,
    is_leaf,
    is_one_number,
    local_derivatives,
    nodes_below,
    saved_values,
    version_of,
)
from .notes import NodeNotes, NodeRun, Notes
from .tensors import TensorHistory

Gradients = tuple[torch.Tensor | None, ...]
Reading = Callable[[], AbstractContextManager[None]]  # in which a failure of ours is noted
turns = itertools.count()  # of all engines' steps


@dataclass
class EngineRun:
    """One run of the engine: at how many nodes it began, and whether it came to its end."""

    starts: int
    complete: bool = False


class Running(NamedTuple):
    """A run that is going on, and the thread that called the engine."""

    number: int
    nodes: list[AutogradNode]
    thread: int


class EngineRuns:
    """All runs so far. Nodes are held only while a run lasts."""

    def __init__(self, notes: NodeNotes, tensors: TensorHistory, reading: Reading) -> None:
        self.runs: list[EngineRun] = []
        self.hooked = False  # whether someone's hook took part in one
        self.compiled = False  # whether one was compiled, which is not watched
        self.listening = True
        self._notes = notes
        self._tensors = tensors
        self._reading = reading
        self._running: list[Running] = []  # runs can be nested, and run beside each other
        # By the ids of gradients: themselves, how often they had been written, what they were.
        self._read: dict[int, tuple[weakref.ref[torch.Tensor], int, Value]] = {}
        self._hooks: list[Any] = []  # handles, which keep no node alive

    def begin(self, roots: Sequence[Any], own: bool) -> Running | None:
        """Before a run from these tensors, or gradient edges: have all nodes tell of it. None if it
        is no run of ours: one of another thread, in which nothing is that this recording knows."""
        if is_compiled():
            self.compiled = True
            return None
        nodes_or_none = [grad_fn_of(root) or getattr(root, "node", None) for root in roots]
        starts = list(dict.fromkeys(node for node in nodes_or_none if node is not None))
        nodes = inputs_first(starts)
        if not own and not any(map(self._notes.knows, nodes)):
            return None
        self.hooked |= any(map(has_hooks, self._tensors.alive()))
        free_in_steps(nodes, starts)
        for node in nodes:
            self._prepare(node)
        running = Running(len(self.runs), nodes, get_ident())
        self.runs.append(EngineRun(len(starts)))
        for start in starts:
            self._notes.of(start).began |= {running.number}
        self._running.append(running)
        return running

    def complete(self, running: Running) -> None:
        """A run came to its end."""
        self.runs[running.number].complete = True
        for node in running.nodes:
            if is_leaf(node):
                self._notes.of(node).written = grad_version(node)

    def end(self, running: Running) -> None:
        """A run is over, complete or not."""
        self._running.remove(running)
        self._read.clear()
        self._unhook()

    def stop(self) -> None:
        """Listen no more, and leave no hook on any node."""
        self.listening = False
        self._unhook()

    def _unhook(self) -> None:
        if self.listening or self._running:  # hooks that run are not taken away
            return
        while self._hooks:
            self._hooks.pop().remove()

    def _now(self) -> int | None:
        """The run that a hook is called in: of its thread, or of the thread that a device's own
        works for."""
        if not self.listening or not self._running:
            return None
        if len(self._running) > 1:
            for each in reversed(self._running):
                if each.thread == get_ident():
                    return each.number
        return self._running[-1].number

    def _prepare(self, node: AutogradNode) -> None:
        """Note what a first run will free, and have the node tell of every run."""
        notes = self._notes.of(node)
        if notes.prepared:
            return
        notes.prepared = True
        notes.local = self._local(node, notes)
        notes.saved = {
            saved.attribute: (
                saved,
                None if tensor is None else self._tensors.place_of_saved(tensor),
            )
            for saved, tensor in saved_values(node)
        }
        self.hooked |= any(saved.state == "packed" for saved, _ in notes.saved.values())
        self._listen(node, notes)

    def _local(self, node: AutogradNode, notes: Notes) -> list[float | None]:
        """The local derivatives; a node is only asked if what it made may be one number."""
        for place in notes.versions.values():
            if not is_one_number(self._tensors.versions[place].value):
                return [None] * len(node.next_functions)
        return local_derivatives(node)

    def _listen(self, node: AutogradNode, notes: Notes) -> None:
        # The hooks hold these notes, and not the node, which holds its hooks.
        runs = notes.runs

        def arrives(received: Gradients) -> None:
            if (now := self._now()) is not None:
                with self._reading():
                    runs[now] = NodeRun(next(turns), self._values(received))

        def leaves(sent: Gradients, received: Gradients) -> None:
            if (now := self._now()) in runs:
                with self._reading():
                    runs[now].sent = self._values(sent)

        self._hooks.append(node.register_prehook(arrives))
        if not is_leaf(node):
            self._hooks.append(node.register_hook(leaves))

    def _values(self, gradients: Gradients) -> list[Value | None]:
        return [None if gradient is None else self._value(gradient) for gradient in gradients]

    def _value(self, gradient: torch.Tensor) -> Value:
        """What a gradient is; one that a node has sent, and another receives, is read once."""
        known = self._read.get(id(gradient))
        writes = version_of(gradient)
        if known is not None and known[0]() is gradient and known[1] == writes:
            return known[2]
        value = gradient_of(gradient)
        self._read[id(gradient)] = weakref.ref(gradient), writes, value
        return value

    def has_reached(self, starts: Sequence[AutogradNode]) -> bool:
        """Whether the runs to show reached all of these."""
        shown = set(self.runs_to_show(starts))
        return all(shown.intersection(self._notes.read(start).runs) for start in starts)

    def runs_to_show(self, starts: Sequence[AutogradNode]) -> list[int]:
        """The runs to show for these roots: the newest that came to its end and began at all of
        them; or one for each, the newest that began there, if they share leaves alone; or else the
        newest that reached all of them, or else any. Empty if there is none."""
        notes = [self._notes.read(start) for start in starts]
        whole = {number for number, run in enumerate(self.runs) if run.complete}
        began = [set(each.began) & whole for each in notes]
        if shared := set.intersection(*began):
            return [max(shared)]
        if all(began) and share_leaves_alone(starts):
            return [max(each) for each in began]
        reached = [set(each.runs) & whole for each in notes]
        choice = set.intersection(*reached) or set.union(*reached)
        return [max(choice)] if choice else []


def share_leaves_alone(starts: Sequence[AutogradNode]) -> bool:
    """Whether nothing but leaves can be reached from two of these."""
    reached: set[AutogradNode] = set()
    for start in starts:
        nodes = {node for node in nodes_below([start]) if not is_leaf(node)}
        if nodes & reached:
            return False
        reached |= nodes
    return True


def is_compiled() -> bool:
    """Whether torch.compile takes the place of the engine, and would trace the hooks of nodes."""
    module = sys.modules.get("torch._dynamo.compiled_autograd")
    return bool(getattr(module, "compiled_autograd_enabled", False))


def merged(runs: Sequence[NodeRun]) -> NodeRun | None:
    """What a node did in all these together. In several, only a leaf can have taken part."""
    if len(runs) < 2:
        return runs[0] if runs else None
    received = [total(values) for values in zip(*(run.received for run in runs), strict=True)]
    return NodeRun(max(run.turn for run in runs), received)
