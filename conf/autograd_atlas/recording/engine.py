"""The runs of the engine that a recording saw: what every node received and sent in each."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..graph import Value
from .nodes import (
    AutogradNode,
    forward_order,
    free_in_steps,
    grad_fn_of,
    grad_version,
    has_hooks,
    is_leaf,
    local_derivative,
    nodes_below,
    quiet,
    saved_values,
    value_of,
)
from .notes import NodeNotes, NodeRun, Notes
from .tensors import TensorHistory

Gradients = tuple[torch.Tensor | None, ...]
turns = itertools.count()  # of all engines' steps


@dataclass
class EngineRun:
    """One run of the engine: at how many nodes it began, and whether it came to its end."""

    starts: int
    complete: bool = False


class EngineRuns:
    """All runs so far. Nodes are held only while a run lasts."""

    def __init__(self, notes: NodeNotes, tensors: TensorHistory) -> None:
        self.runs: list[EngineRun] = []
        self.hooked = False  # whether someone's hook took part in one
        self.listening = True
        self._notes = notes
        self._tensors = tensors
        self._running: list[tuple[int, list[AutogradNode]]] = []  # runs can be nested
        self._hooks: list[Any] = []  # handles, which keep no node alive

    def begin(self, roots: Sequence[Any]) -> None:
        """Before a run from these tensors, or gradient edges: have all nodes tell of it."""
        nodes_or_none = [grad_fn_of(root) or getattr(root, "node", None) for root in roots]
        starts = list(dict.fromkeys(node for node in nodes_or_none if node is not None))
        number = len(self.runs)
        self.runs.append(EngineRun(len(starts)))
        self.hooked |= any(map(has_hooks, self._tensors.alive()))
        nodes = nodes_below(starts)
        free_in_steps(forward_order(nodes), starts)
        for node in nodes:
            self._prepare(node)
        for start in starts:
            self._notes.of(start).began |= {number}
        self._running.append((number, nodes))

    def complete(self) -> None:
        """The innermost run came to its end."""
        number, nodes = self._running[-1]
        self.runs[number].complete = True
        for node in nodes:
            if is_leaf(node):
                self._notes.of(node).written = grad_version(node)

    def end(self) -> None:
        """The innermost run is over, complete or not."""
        self._running.pop()
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

    def _prepare(self, node: AutogradNode) -> None:
        """Note what a first run will free, and have the node tell of every run."""
        notes = self._notes.of(node)
        if notes.prepared:
            return
        notes.prepared = True
        notes.local = [local_derivative(node, n) for n in range(len(node.next_functions))]
        notes.saved = {
            saved.attribute: (
                saved,
                None if tensor is None else self._tensors.place_of_saved(tensor),
            )
            for saved, tensor in saved_values(node)
        }
        self.hooked |= any(saved.state == "packed" for saved, _ in notes.saved.values())
        self._listen(node, notes)

    def _listen(self, node: AutogradNode, notes: Notes) -> None:
        # The hooks hold these notes, and not the node, which holds its hooks.
        runs = notes.runs

        def arrives(received: Gradients) -> None:
            if self.listening and self._running:
                runs[self._running[-1][0]] = NodeRun(next(turns), values_of(received))

        def leaves(sent: Gradients, received: Gradients) -> None:
            if self.listening and self._running and self._running[-1][0] in runs:
                runs[self._running[-1][0]].sent = values_of(sent)

        self._hooks.append(node.register_prehook(arrives))
        if not is_leaf(node):
            self._hooks.append(node.register_hook(leaves))

    def has_reached(self, starts: Sequence[AutogradNode]) -> bool:
        """Whether a run came to its end that reached all of these."""
        reached = [set(self._notes.read(start).runs) for start in starts]
        return any(self.runs[number].complete for number in set.intersection(*reached))

    def run_to_show(self, starts: Sequence[AutogradNode]) -> int | None:
        """The run to show for these roots: the newest that came to its end and began at all of
        them, or else reached all of them, or else any."""
        notes = [self._notes.read(start) for start in starts]
        began = [set(each.began) for each in notes]
        reached = [set(each.runs) for each in notes]
        whole = {number for number, run in enumerate(self.runs) if run.complete}
        for choice in (
            set.intersection(*began),
            set.intersection(*reached),
            set.union(*reached),
        ):
            if choice & whole:
                return max(choice & whole)
        return None


def values_of(gradients: Gradients) -> list[Value | None]:
    with quiet():
        return [None if gradient is None else value_of(gradient) for gradient in gradients]
