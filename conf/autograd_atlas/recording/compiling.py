"""A curtain between the recording and torch.compile, which would trace and compile whatever runs
while it is on, our own code too: while it compiles, and while what it compiled runs, we are away.
"""

import functools
import sys
from collections.abc import Callable
from threading import get_ident
from types import FrameType
from typing import Any, NamedTuple, TypeVar

import torch
from torch.overrides import TorchFunctionMode

Function = TypeVar("Function", bound=Callable[..., Any])
Watch = Callable[[], Callable[[], None]]  # gives what ends it
COMPILER = ("torch._C._dynamo.eval_frame", "torch._dynamo.eval_frame", "torch._dynamo.decorators")
EXPORTS = [("torch.export", "export"), ("torch.export._trace", "_export")]
has_global_hooks = getattr(torch.nn.modules.module, "_has_any_global_hook", bool)


def skipped(function: Function) -> Function:
    """Have torch.compile run the frame of a function as it is."""
    if hasattr(torch._C._dynamo.eval_frame, "skip_code"):
        torch._C._dynamo.eval_frame.skip_code(function.__code__)
    return function


class Drawn(NamedTuple):
    """A curtain that is drawn in one thread."""

    frame: int  # of torch that turned its compiler on, and will turn it off, by its id
    modes: list[TorchFunctionMode]  # the whole stack as it was


class Curtain:
    """Where the compiler is on, by thread. What of ours is called there looks into ``drawn`` before
    anything else: even a function of ours that it called would be compiled."""

    def __init__(self, watcher: type[TorchFunctionMode], watch_modules: Watch) -> None:
        self.drawn: dict[int, Drawn] = {}
        self._watcher = watcher
        self._watch_modules = watch_modules
        self._unwatch: list[Callable[[], None]] = []

    def hang(self) -> Callable[[], None]:
        """From now on, watch modules, but take these hooks away, and the watchers among the modes,
        whenever the compiler is turned on, or a program is exported. Gives what undoes all this."""
        self._unwatch.append(self._watch_modules())
        undo = [self._around_compiler(), *map(self._around_export, EXPORTS)]
        undo.append(put(torch.nn.modules.module, "_has_any_global_hook", self._has_other_hooks))

        def end() -> None:
            for each in undo:
                each()
            while self._unwatch:
                self._unwatch.pop()()

        return end

    def _around_compiler(self) -> Callable[[], None]:
        """What turns the compiler on and off calls one function, which Dynamo's modules know by two
        names, also those that are imported later."""
        original = torch._C._dynamo.eval_frame.set_eval_frame

        @skipped
        def set_eval_frame(callback: Any) -> Any:
            prior = original(None)  # nothing of what follows is compiled
            frame = sys._getframe(1)
            if callback is None:
                self._open(frame)
            elif frame.f_code.co_name != "__enter__":  # whose frame does not turn it off again
                self._draw(frame)
            original(callback)
            return prior

        def rename(old: Any, new: Any) -> None:
            for place in map(sys.modules.get, COMPILER):
                for name in ("set_eval_frame", "_maybe_set_eval_frame"):
                    if getattr(place, name, None) is old:
                        setattr(place, name, new)

        rename(original, set_eval_frame)
        return lambda: rename(set_eval_frame, original)

    def _around_export(self, where: tuple[str, str]) -> Callable[[], None]:
        place, name = sys.modules.get(where[0]), where[1]
        original = getattr(place, name, None)
        if original is None:
            return lambda: None

        @functools.wraps(original)
        def export(*args: Any, **kwargs: Any) -> Any:
            self._draw(frame := sys._getframe())
            try:
                return original(*args, **kwargs)
            finally:
                self._open(frame)

        return put(place, name, export)

    def _has_other_hooks(self) -> bool:
        """A compiled module warns of global hooks, but ours are taken away in time."""
        ours = list(self._unwatch)
        while self._unwatch:
            self._unwatch.pop()()
        others = bool(has_global_hooks())
        if ours:
            self._unwatch.append(self._watch_modules())
        return others

    def _draw(self, frame: FrameType) -> None:
        if get_ident() not in self.drawn:
            modes = stack()
            self.drawn[get_ident()] = Drawn(id(frame), modes)
            restack([mode for mode in modes if not isinstance(mode, self._watcher)])
        while self._unwatch:
            self._unwatch.pop()()

    def _open(self, frame: FrameType) -> None:
        drawn = self.drawn.get(get_ident())
        if drawn is not None and drawn.frame == id(frame):
            del self.drawn[get_ident()]
            restack(drawn.modes)
            if not self.drawn:
                self._unwatch.append(self._watch_modules())


def put(place: Any, name: str, new: Any) -> Callable[[], None]:
    """Have a name in a module mean something else, if it is there. Gives what undoes it."""
    if not hasattr(place, name):
        return lambda: None
    original = getattr(place, name)
    setattr(place, name, new)
    return lambda: setattr(place, name, original)


def stack() -> list[TorchFunctionMode]:
    """The modes that are on in this thread, innermost last."""
    place = torch._C._get_function_stack_at
    return [place(number) for number in range(torch._C._len_torch_function_stack())]


def restack(modes: list[TorchFunctionMode]) -> None:
    while torch._C._len_torch_function_stack():
        torch._C._pop_torch_function_stack()
    for mode in modes:
        torch._C._push_on_torch_function_stack(mode)
