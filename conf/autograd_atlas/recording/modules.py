"""The modules that run while a program is recorded, as blocks that lie in one another."""

import weakref
from dataclasses import dataclass

import torch

from ..graph import Block


@dataclass
class ModuleCall:
    """A module that is being called, its block, and the frame of the program that called it."""

    module: torch.nn.Module
    block: int
    frame: int  # by its id: a frame that is held keeps its variables alive


class ModuleCalls:
    """The blocks so far, and the modules that are running, outermost first."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.running: list[ModuleCall] = []
        self._paths: weakref.WeakKeyDictionary[torch.nn.Module, dict[int, str]] = (
            weakref.WeakKeyDictionary()
        )

    @property
    def innermost(self) -> ModuleCall | None:
        return self.running[-1] if self.running else None

    def enter(self, module: torch.nn.Module, frame: int) -> None:
        outer = self.running[0].module if self.running else module
        if outer not in self._paths:
            self._paths[outer] = {id(each): path for path, each in outer.named_modules()}
        path = self._paths[outer].get(id(module), "")
        parent = self.innermost.block if self.innermost else None
        self.blocks.append(Block(path, type(module).__name__, parent))
        self.running.append(ModuleCall(module, len(self.blocks) - 1, frame))

    def leave(self, module: torch.nn.Module) -> None:
        """Also those inside that an interrupt has ended."""
        if any(call.module is module for call in self.running):
            while self.running.pop().module is not module:
                pass
