"""The state of a :class:`~autograd_atlas.recording.recording.Recording`: what it has seen of the
program, and whether what happens now is part of the program at all.
"""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import torch

from .arguments import described
from .engine import EngineRuns
from .modules import ModuleCalls
from .nodes import quiet, tensors_in
from .notes import NodeNotes, RecordedCall
from .program import Program
from .tensors import TensorHistory


class Observer:
    """Sees tensors, calls, modules and the engine, in the thread that started it."""

    def __init__(self, file: str | None) -> None:
        self.file = file
        self.notes = NodeNotes()
        self.tensors = TensorHistory(self.notes)
        self.calls: list[RecordedCall] = []
        self.modules = ModuleCalls()
        self.program = Program(self.tensors)
        self.engine = EngineRuns(self.notes, self.tensors)
        self._thread = 0
        self._active = False
        self._inside = 0  # of a call, of the engine, or of our own reading

    def start(self, frame: FrameType) -> None:
        if self._thread:
            raise RuntimeError("a Recording can be used once; make a new one")
        self.program.file = self.file or frame.f_code.co_filename
        self.program.outermost = id(frame)
        self._thread = threading.get_ident()
        self._active = True

    def stop(self) -> None:
        with self.aside():
            self.program.place(sys._getframe())  # names what was assigned last
        self._active = False
        self.engine.stop()
        self.modules.running.clear()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Do something that is not part of the program."""
        self._inside += 1
        try:
            with quiet():
                yield
        finally:
            self._inside -= 1

    def is_here(self) -> bool:
        """Whether it is on, and this is its thread."""
        return self._active and threading.get_ident() == self._thread

    def watches(self) -> bool:
        """Whether what happens now is part of the program."""
        return self.is_here() and not self._inside and torch._C._get_tracing_state() is None

    # -- calls

    def call(
        self,
        function: Callable[..., Any],
        name: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Run ``function``, and note what it was given, gave back and wrote."""
        if not self.watches():
            return function(*args, **kwargs)
        first = torch._C._autograd._get_sequence_nr()
        with self.aside():
            place = self.program.place(sys._getframe(), function)
            given = list(tensors_in((args, kwargs)))
            places = [self.tensors.note(tensor) for tensor in given]
            source = place.expression.text if place.direct else ""
            arguments, options = described(function, name, args, kwargs, places, source)
        self._inside += 1
        try:
            result = function(*args, **kwargs)
        finally:
            self._inside -= 1
        with self.aside():
            call = RecordedCall(
                name, arguments, options, source, place.line,
                block=self.modules.innermost.block if self.modules.innermost else None,
                sequence=range(first, torch._C._autograd._get_sequence_nr()),
            )  # fmt: skip
            written = [
                tensor
                for tensor, before in zip(given, places, strict=True)
                if self.tensors.is_changed(tensor, before)
            ]
            since = len(self.tensors.versions)
            self._keep(call, [*tensors_in(result), *written])
            if place.direct:
                self.program.name_value(place.expression, result, since)
        return result

    def _keep(self, call: RecordedCall, results: Sequence[torch.Tensor]) -> None:
        """Keep the call, if it made a tensor or wrote one."""
        made: list[torch.Tensor] = []
        for tensor in results:
            place = self.tensors.place_of(tensor)
            new = place is None or self.tensors.is_changed(tensor, place)
            if new and not any(tensor is other for other in made):
                made.append(tensor)
        if made:
            self.calls.append(call)
            call.outputs = [self.tensors.note(each, made_by=len(self.calls) - 1) for each in made]

    # -- modules

    def enter_module(self, module: torch.nn.Module) -> None:
        if self.watches():
            self.modules.enter(module, len(self.tensors.versions))
            outermost = self.modules.running[0].module
            if outermost is module:
                self.tensors.buffers = {id(buffer) for buffer in module.buffers()}

    def leave_module(self, module: torch.nn.Module, result: Any) -> None:
        if self.watches():
            with self.aside():
                call = self.modules.leave(module, self.tensors)
                if call is not None and not module._forward_hooks:  # which may change the result
                    self.program.name(sys._getframe(), result, call.since)

    # -- the engine

    @contextlib.contextmanager
    def engine_run(self, roots: Sequence[Any]) -> Iterator[None]:
        """Have every node note what it receives and sends while the engine runs."""
        if not self.is_here():
            yield
            return
        with self.aside():
            self.program.place(sys._getframe())
            self.engine.begin(roots)
        self._inside += 1
        try:
            yield
            self.engine.complete()
        finally:
            self._inside -= 1
            self.engine.end()
