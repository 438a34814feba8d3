"""The places in torch that all calls of a kind come through, which show them to the observers that
are on. When the last one stops, torch is as it was.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from threading import Lock, get_ident
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from .arguments import call_name, full_name
from .compiling import Curtain, skipped
from .observer import Observer

# Calls that calculate nothing, though they may give a tensor back, and are asked for often:
NO_CALLS = {f"torch.Tensor.{name}" for name in ("backward", "size", "dim", "numel", "stride")}
NO_CALLS |= {
    f"torch.Tensor.{name}.__get__"
    for name in ("grad", "_grad", "shape", "dtype", "device", "layout", "ndim", "is_leaf",
                 "grad_fn", "requires_grad", "_version", "_base", "is_sparse", "retains_grad")
}  # fmt: skip

_observers: list[Observer] = []
_undo: list[Callable[[], None]] = []
_lock = Lock()  # two threads may begin to record at once


class CallWatcher(TorchFunctionMode):
    """Sees every call that goes through torch's public functions."""

    def __init__(self, observer: Observer) -> None:
        super().__init__()
        self.observer = observer

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if full_name(func) in NO_CALLS:
            return func(*args, **(kwargs or {}))
        return self.observer.call(func, call_name(func), args, kwargs or {})


def watch_torch(observer: Observer) -> None:
    """Show modules, the engine and custom functions to an observer."""
    with _lock:
        _observers.append(observer)
        if len(_observers) == 1:
            _undo.extend([watch_engine(), watch_functions()])
            _undo.append(_curtain.hang())


def unwatch_torch(observer: Observer) -> None:
    with _lock:
        _observers.remove(observer)
        while _undo and not _observers:
            _undo.pop()()


def watch_modules() -> Callable[[], None]:
    def enter(module: torch.nn.Module, *_: Any) -> None:
        for observer in _observers:
            observer.enter_module(module)

    def leave(module: torch.nn.Module, _: Any, result: Any) -> None:
        for observer in _observers:
            observer.leave_module(module, result)

    hooks = torch.nn.modules.module
    before = hooks.register_module_forward_pre_hook(enter)
    after = hooks.register_module_forward_hook(leave, always_call=True)

    def undo() -> None:
        before.remove()
        after.remove()

    return undo


_curtain = Curtain(CallWatcher, watch_modules)


def watch_engine() -> Callable[[], None]:
    """All ways to ``backward`` lead through one function, which is looked up in two modules."""
    places: list[Any] = [torch.autograd, torch.autograd.graph]
    original = torch.autograd.graph._engine_run_backward

    @skipped
    def run(t_outputs: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        if get_ident() in _curtain.drawn:
            return original(t_outputs, *args, **kwargs)
        with contextlib.ExitStack() as stack:
            for observer in _observers:
                stack.enter_context(observer.engine_run(t_outputs))
            return original(t_outputs, *args, **kwargs)

    def undo() -> None:
        for place in places:
            place._engine_run_backward = original

    for place in places:
        place._engine_run_backward = run
    return undo


def watch_functions() -> Callable[[], None]:
    """Custom functions are invisible to torch's modes: what ``Function.apply`` calls in the end is
    watched in their place. ``apply`` itself stays as it is, which a program may hold already, and
    which torch.compile knows."""
    base: Any = torch.autograd.function._SingleLevelFunction
    original = vars(torch._C._FunctionBase)["apply"]

    @skipped
    def apply(cls: type, *args: Any, **kwargs: Any) -> Any:
        run = original.__get__(None, cls)
        if get_ident() in _curtain.drawn:
            return run(*args, **kwargs)
        for observer in reversed(_observers):
            if observer.watches():
                return observer.call(run, cls.__name__, args, kwargs)
        return run(*args, **kwargs)

    def undo() -> None:
        del base.apply

    base.apply = classmethod(apply)
    return undo
