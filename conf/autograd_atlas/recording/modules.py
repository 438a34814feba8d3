"""The modules that run while a program is recorded, as blocks that lie in one another."""

import itertools
import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from ..graph import Block
from .tensors import TensorHistory


def tensors_by_path(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Its parameters and buffers."""
    yield from itertools.chain(module.named_parameters(), module.named_buffers())


@dataclass
class ModuleCall:
    """A module that is being called, its block, and how many versions of tensors there were."""

    module: torch.nn.Module
    block: int
    since: int


@dataclass
class Model:
    """A module that the program called, and not another module: the paths of its parameters and
    buffers, each by the place of its first version."""

    module: "weakref.ref[torch.nn.Module]"
    kind: str
    paths: dict[str, int]


class ModuleCalls:
    """The blocks so far, the models that ran, and the modules that are running, outermost first."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.models: list[Model] = []
        self.running: list[ModuleCall] = []
        self._paths: weakref.WeakKeyDictionary[torch.nn.Module, dict[int, str]] = (
            weakref.WeakKeyDictionary()
        )

    @property
    def innermost(self) -> ModuleCall | None:
        return self.running[-1] if self.running else None

    def enter(self, module: torch.nn.Module, since: int) -> None:
        outer = self.running[0].module if self.running else module
        if outer not in self._paths:
            self._paths[outer] = {id(each): path for path, each in outer.named_modules()}
        path = self._paths[outer].get(id(module), "")
        parent = self.innermost.block if self.innermost else None
        self.blocks.append(Block(path, type(module).__name__, parent))
        self.running.append(ModuleCall(module, len(self.blocks) - 1, since))

    def leave(self, module: torch.nn.Module) -> ModuleCall | None:
        """Also those inside that an interrupt has ended. Gives the call that is over."""
        if not any(call.module is module for call in self.running):
            return None
        while (call := self.running.pop()).module is not module:
            pass
        return call

    def keep_paths(self, module: torch.nn.Module, tensors: TensorHistory) -> None:
        """Keep where the tensors lie that an outermost module holds, which may soon be gone."""
        if all(model.module() is not module for model in self.models):
            paths = {path: tensors.first_place(each) for path, each in tensors_by_path(module)}
            seen = {path: place for path, place in paths.items() if place is not None}
            self.models.append(Model(weakref.ref(module), type(module).__name__, seen))
