"""The state of a :class:`~autograd_atlas.recording.recording.Recording`: what it has seen of the
program, and whether what happens now is part of the program at all.
"""

import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import FrameType
from typing import Any

import torch

from .arguments import described
from .engine import EngineRuns
from .modules import ModuleCalls
from .nodes import quiet, tensors_in
from .notes import NodeNotes, RecordedCall
from .problems import Problem, line_in, problem_at
from .program import Program
from .tensors import TensorHistory

log = logging.getLogger("autograd_atlas")  # at the level of debugging: a program sees none of it


def is_traced() -> bool:
    """Whether the program is being turned into another one, by tensors that stand for others."""
    return (
        torch._C._get_tracing_state() is not None
        or torch._C._are_functorch_transforms_active()
        or torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.PROXY) is not None
    )


class Inside(AbstractContextManager[None]):
    """What happens in it is inside of something that an observer sees as one."""

    def __init__(self, observer: "Observer") -> None:
        self._observer = observer
        self._step = int(threading.get_ident() == observer.thread)

    def __enter__(self) -> None:
        self._observer.depth += self._step

    def __exit__(self, kind: type | None, problem: BaseException | None, trace: Any) -> bool | None:
        self._observer.depth -= self._step
        return None


class Noting(Inside):
    """What we do in it may fail: that is noted, and the program goes on."""

    def __exit__(self, kind: type | None, problem: BaseException | None, trace: Any) -> bool | None:
        self._observer.depth -= self._step
        return problem is not None and self._observer.note_failure(problem)


class Aside(quiet):
    """What happens in it is not part of the program, and seen by nobody."""

    def __init__(self, observer: "Observer") -> None:
        self._observer = observer
        self._step = threading.get_ident() == observer.thread

    def __enter__(self) -> None:
        self._observer.depth += self._step
        quiet.__enter__(self)

    def __exit__(self, kind: type | None, problem: BaseException | None, trace: Any) -> bool | None:
        quiet.__exit__(self)
        self._observer.depth -= self._step
        return None


class Reading(Aside):
    """Both: we read tensors in it. It is entered at every step of the engine."""

    def __exit__(self, kind: type | None, problem: BaseException | None, trace: Any) -> bool | None:
        quiet.__exit__(self)
        self._observer.depth -= self._step
        return problem is not None and self._observer.note_failure(problem)


class Observer:
    """Sees tensors, calls, modules and the engine, in the thread that started it."""

    def __init__(self, file: str | None) -> None:
        self.file = file
        self.notes = NodeNotes()
        self.tensors = TensorHistory(self.notes, self._unseen)
        self.calls: list[RecordedCall] = []
        self.raised: RecordedCall | None = None  # the call that raised an error, if it was the last
        self.problem: Problem | None = None
        self.modules = ModuleCalls()
        self.engine = EngineRuns(self.notes, self.tensors, partial(Reading, self))
        self.program = Program(self.tensors)
        self.thread = 0
        self._active = False
        self.depth = 0  # inside of a call, of the engine, or of our own reading
        self.failures: list[str] = []  # of ours, by the types of their exceptions

    def start(self, frame: FrameType) -> None:
        if self.thread:
            raise RuntimeError("a Recording can be used once; make a new one")
        self.program.file = self.file or frame.f_code.co_filename
        self.program.outermost = id(frame)
        self.thread = threading.get_ident()
        self._active = True

    def stop(self) -> None:
        with self.aside():
            self.program.place(sys._getframe())  # names what was assigned last
        self._active = False
        self.engine.stop()
        self.modules.running.clear()

    def inside(self) -> "Inside":
        """What happens now is inside of something that is seen as one; or another thread's."""
        return Inside(self)

    def aside(self) -> "Aside":
        """Do something that is not part of the program."""
        return Aside(self)

    def reading(self) -> "Reading":
        """Read what the program does. If we fail, that is noted, and the program goes on."""
        return Reading(self)

    def note_failure(self, problem: BaseException) -> bool:
        """Note that we failed; False if it was not us."""
        if not isinstance(problem, Exception):
            return False
        self.failures.append(type(problem).__name__)
        log.debug("a recording failed to read", exc_info=problem)
        return True

    def watches(self) -> bool:
        """Whether what happens now is part of the program, in the thread that is recorded."""
        return (
            self._active
            and not self.depth
            and threading.get_ident() == self.thread
            and not is_traced()
        )

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
        recorded = torch.is_grad_enabled()
        known = None
        with self.reading():
            place = self.program.place(sys._getframe(), function)
            given = list(tensors_in((args, kwargs)))
            places = [self.tensors.note(tensor, recorded=recorded) for tensor in given]
            source = place.expression.text if place.direct else ""
            known = described(function, name, args, kwargs, places, source)
        first = torch._C._autograd._get_sequence_nr()
        try:
            with self.inside():
                result = function(*args, **kwargs)
        except Exception as problem:
            if known is not None:
                self._note_error(
                    RecordedCall(name, *known, source, place.line, self._block(), range(0)), problem
                )
            raise
        if known is None:
            return result
        with self.reading():
            call = RecordedCall(
                name, *known, source, place.line, self._block(),
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
            self.raised = self.problem = None
            self.calls.append(call)
            call.outputs = [self.tensors.note(each, made_by=len(self.calls) - 1) for each in made]

    def _unseen(self, place: int) -> int:
        """A call for a tensor that nobody saw computed. What it was given, its nodes tell."""
        self.calls.append(
            RecordedCall("", [], (), "", 0, self._block(), range(0), [place], seen=False)
        )
        return len(self.calls) - 1

    def _block(self) -> int | None:
        return self.modules.innermost.block if self.modules.innermost else None

    # -- errors, of which only the text is kept: they would keep tensors

    def _note_error(self, call: RecordedCall, problem: Exception) -> None:
        with self.reading():
            self.raised, self.problem = call, problem_at(call.line, problem)

    def end_with(self, problem: BaseException) -> None:
        """Note the error that ended the recording."""
        with self.reading():
            ended = problem_at(line_in(self.program.file, problem.__traceback__), problem)
            if self.problem is None or self.problem.text != ended.text:
                self.raised, self.problem = None, ended

    # -- modules

    def enter_module(self, module: torch.nn.Module) -> None:
        if self.watches():
            with Noting(self):
                self.modules.enter(module, len(self.tensors.versions))
                if len(self.modules.running) == 1:
                    self.tensors.buffers = {id(buffer) for buffer in module.buffers()}

    def leave_module(self, module: torch.nn.Module, result: Any) -> None:
        if self.watches():
            with Noting(self):
                call = self.modules.leave(module)
                if not self.modules.running:
                    with self.aside():
                        self.modules.keep_paths(module, self.tensors)
                if call is not None and not module._forward_hooks:  # which may change the result
                    self.program.name(sys._getframe(), result, call.since)

    # -- the engine

    @contextlib.contextmanager
    def engine_run(self, roots: Sequence[Any]) -> Iterator[None]:
        """Have every node note what it receives and sends while the engine runs, whichever thread
        calls it."""
        run = None
        if self._active and not is_traced():
            own = threading.get_ident() == self.thread
            with self.reading():
                if own:
                    self.program.place(sys._getframe())
                run = self.engine.begin(roots, own)
        if run is None:
            yield
            return
        try:
            with self.inside():
                yield
            with self.reading():
                self.engine.complete(run)
        finally:
            self.engine.end(run)
