"""The tensors that a recording saw: their values between writes, and their names."""

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch

from .nodes import (
    AutogradNode,
    grad_fn_of,
    is_leaf_tensor,
    storage_of,
    value_of,
    version_of,
)
from .notes import NodeNotes, TensorVersion


class KnownTensor(NamedTuple):
    """A tensor object, the place of its newest version, and how often it had been written then."""

    reference: "weakref.ref[torch.Tensor]"
    place: int
    writes: int


class TensorHistory:
    """What every tensor was, one version for each write. It keeps no tensor alive."""

    def __init__(self, notes: NodeNotes, unseen: Callable[[int], int]) -> None:
        """``unseen`` gives a call for a computed tensor, by its place, that nobody saw computed."""
        self._unseen = unseen
        self.versions: list[TensorVersion] = []
        self.buffers: set[int] = set()  # ids of those of the outermost module that is running
        self._notes = notes
        self._known: dict[int, KnownTensor] = {}  # by id
        self._writers: dict[int, int] = {}  # by storage: the version that was last written there

    def note(
        self, tensor: torch.Tensor, made_by: int | None = None, *, recorded: bool = True
    ) -> int:
        """The place of what this tensor is now: a new one if it is new, was written, or was made
        by a call. ``recorded`` says whether what is done with it is recorded by PyTorch."""
        before = self.place_of(tensor)
        if before is None and made_by is None and (again := self._twin_of(tensor)) is not None:
            return again
        if before is not None and made_by is None and not self.is_changed(tensor, before):
            if self._is_still(tensor, before, recorded):
                self.versions[before].held |= id(tensor) in self.buffers  # made before it ran
                return before
            before = None  # computed anew, where nobody saw it
        place = len(self.versions)
        waits = self._waits(tensor, before, recorded and made_by is None)
        node = None if waits else grad_fn_of(tensor)
        new = TensorVersion(
            value_of(tensor),
            first=place,
            leaf=node is None and not waits and is_leaf_tensor(tensor),
            held=isinstance(tensor, torch.nn.Parameter) or id(tensor) in self.buffers,
            requires_grad=tensor.requires_grad,
            made_by=made_by,
            has_node=None if waits else node is not None,
        )
        storage = storage_of(tensor)
        if before is not None:
            self._follow(new, before, storage, self._place_at(node, tensor))
        self.versions.append(new)
        if made_by is not None and before is not None and storage is not None:
            self._writers[storage] = place
        self._known[id(tensor)] = KnownTensor(weakref.ref(tensor), place, version_of(tensor))
        if node is not None:
            self._join(node, tensor, place)
        return place

    def _join(self, node: AutogradNode, tensor: torch.Tensor, place: int) -> None:
        """Have a node know its output. What neither a call made nor a write changed was computed
        where nobody saw it."""
        self._notes.of(node).versions[tensor.output_nr] = place
        version = self.versions[place]
        version.has_node = True
        if version.made_by is None and version.changed_by is None:
            version.made_by = self._unseen(place)

    def _place_at(self, node: AutogradNode | None, tensor: torch.Tensor) -> int | None:
        return None if node is None else self._notes.read(node).versions.get(tensor.output_nr)

    def _waits(self, tensor: torch.Tensor, before: int | None, recorded: bool) -> bool:
        """Whether asking for a tensor's node would make it: for a view that was written PyTorch
        makes a new one when it is asked, with a number that orders the engine. So the program's own
        next step is awaited, where that is recorded."""
        if before is None or recorded or not tensor._is_view():
            return False
        written = self._known[id(tensor)].writes != version_of(tensor)
        return written or self.versions[before].has_node is None

    def _is_still(self, tensor: torch.Tensor, place: int, recorded: bool) -> bool:
        """Whether a tensor that was not written is what it was; then what is known is renewed."""
        version = self.versions[place]
        if self._waits(tensor, place, recorded):
            return True
        node = grad_fn_of(tensor)
        if node is not None and version.has_node is False:
            return False
        if node is not None and version.has_node is None:
            self._join(node, tensor, place)
        version.requires_grad = tensor.requires_grad
        version.leaf = node is None and version.requires_grad and is_leaf_tensor(tensor)
        return True

    def _twin_of(self, tensor: torch.Tensor) -> int | None:
        """The place of a tensor that came back as another object, from what a node saved, say."""
        place = self._place_at(grad_fn_of(tensor), tensor)
        if place is not None:
            self._known[id(tensor)] = KnownTensor(weakref.ref(tensor), place, version_of(tensor))
        return place

    def _follow(
        self, new: TensorVersion, before: int, storage: int | None, at_node: int | None
    ) -> None:
        """Have a version follow an older one of the same object. If no call wrote it itself, one
        wrote to what it is a view of, or else nobody knows how it changed: past PyTorch, if its
        node still is that of the older one, or has none."""
        old = self.versions[before]
        new.first, new.primes, new.name = old.first, old.primes + 1, old.name
        if new.made_by is None:
            writer = -1 if storage is None else self._writers.get(storage, -1)
            if writer > before or at_node == before or not new.has_node:
                new.changed_by = max(writer, before)

    def place_of(self, tensor: torch.Tensor) -> int | None:
        """The place of a tensor's newest version, if it was seen at all."""
        known = self._known.get(id(tensor))
        return known.place if known and known.reference() is tensor else None

    def first_place(self, tensor: torch.Tensor) -> int | None:
        """The place of the first version of the same object."""
        place = self.place_of(tensor)
        return None if place is None else self.versions[place].first

    def place_of_saved(self, tensor: torch.Tensor) -> int | None:
        """The same for a tensor that a node has saved, which may be another object."""
        node = grad_fn_of(tensor)
        if node is None:
            return self.place_of(tensor)
        return self._place_at(node, tensor)

    def alive(self) -> Iterator[torch.Tensor]:
        """The tensors that were seen and still are."""
        for known in list(self._known.values()):
            if (tensor := known.reference()) is not None:
                yield tensor

    def is_changed(self, tensor: torch.Tensor, place: int) -> bool:
        """Whether it was written since it was seen. ``.data``, say, counts no writes."""
        if self._known[id(tensor)].writes != version_of(tensor):
            return True
        old = self.versions[place].value
        if old.numbers is None:
            return False
        new = value_of(tensor)
        return new != old and repr(new) != repr(old)  # not a number differs from itself

    def name(self, tensor: torch.Tensor, name: str, *, anew: bool = False) -> None:
        """Name all versions of a tensor, unless it has a name already that is to stay."""
        place = self.place_of(tensor)
        if place is None or not (anew or self.versions[place].name is None):
            return
        first = self.versions[place].first
        for version in self.versions[first : place + 1]:
            if version.first == first:
                version.name = name

    def name_result(self, tensor: torch.Tensor, name: str, since: int) -> None:
        """Name a tensor anew if it was first seen ``since`` there were so many versions; an older
        one is only given back again."""
        place = self.place_of(tensor)
        if place is not None:
            self.name(tensor, name, anew=self.versions[place].first >= since)

    def take_names(self, named: Sequence[tuple[str, torch.Tensor]]) -> None:
        """Take names from where the program stands now; they go before all that was seen."""
        for name, tensor in reversed(named):
            self.name(tensor, name, anew=True)

    def take_paths(self, named: Iterable[tuple[str, int]]) -> None:
        """Take names of parameters, each known by the place of its first version."""
        names = {place: name for name, place in named}
        for version in self.versions:
            version.name = names.get(version.first, version.name)
