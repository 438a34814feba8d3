"""Where the recorded program stands: which of its frames are on the stack, and which expression
each of them computes. That tells what a call was written as, and what variables hold.

Frames are looked at while something happens, and never kept: a frame keeps its variables alive.
"""

import os
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import torch

from .source import Expression, Position, expression_at, variables_of
from .tensors import TensorHistory

TORCH = str(Path(torch.__file__).parent) + os.sep
OURS = str(Path(__file__).parents[1]) + os.sep
PYTHON = sysconfig.get_path("stdlib") + os.sep
# Files of torch whose functions only pass a call on:
THIN = {TORCH + file.replace("/", os.sep) for file in (
    "overrides.py", "_tensor.py", "functional.py", "nn/functional.py", "_jit_internal.py",
    "nn/modules/module.py", "_ops.py", "_library/custom_ops.py", "autograd/function.py",
)}  # fmt: skip


@lru_cache(maxsize=4096)
def is_program(file: str) -> bool:
    """Whether a file is neither torch's, nor ours, nor of Python's own library."""
    if file.startswith(PYTHON) and "-packages" not in file:
        return False
    return not file.startswith((TORCH, OURS, "<frozen "))


@lru_cache(maxsize=4096)
def passes_on(file: str) -> bool:
    """Whether what runs in a file only passes on a call that stands elsewhere."""
    return file in THIN or file.startswith(OURS)


class Files(dict[str, bool]):
    """Whether files are the program's, each asked once."""

    def __missing__(self, file: str) -> bool:
        self[file] = is_program(file)
        return self[file]


@dataclass(slots=True)
class Standing:
    """A frame, by its id, at an instruction that may still be computing an expression."""

    frame: int
    code: CodeType
    instruction: int
    since: int  # how many versions of tensors there were when it began
    variables: tuple[str, ...]  # that its value is assigned to, and that are not named yet


NOWHERE = Expression("", Position(0))


@dataclass(slots=True)
class Place:
    """Where a call comes from: the innermost expression of the program, and whether the call is
    that expression itself, and not something that happens inside of it."""

    expression: Expression = NOWHERE
    direct: bool = False
    line: int = 0  # of the file that is recorded


class Program:
    """Follows a program from call to call, and names tensors after the variables that hold them.

    A variable names a tensor if the expression on its right gave it. What a function of the
    program's gives back is known when the frame that called it has gone on: then the variable is
    looked up. So no name is given to what only happened inside of a function.
    """

    def __init__(self, tensors: TensorHistory) -> None:
        self.file = ""
        self.outermost = 0  # the id of the frame with the ``with`` statement
        self._tensors = tensors
        self._files = Files()
        self._standing: list[Standing] = []  # outermost first

    def place(self, start: FrameType, function: Callable[..., Any] | None = None) -> Place:
        """Where the program stands, seen from one of our own frames, while ``function`` is called.

        Names what was assigned since it was last asked.
        """
        frames, direct = self._frames(start, getattr(function, "__code__", None))
        common = self._settle(frames)
        if not frames:
            return Place()
        for depth in reversed(range(len(frames))):
            if frames[depth].f_code.co_filename == self.file:
                if depth >= common - 1:
                    self._name_globals(frames[depth])
                line = expression_at(frames[depth]).position.line
                return Place(expression_at(frames[-1]), direct, line)
        return Place(expression_at(frames[-1]), direct)

    def name_value(self, expression: Expression, result: Any, since: int) -> None:
        """Name the value of the innermost expression, which a call has given, if it was made
        ``since`` there were so many versions of tensors."""
        self.name_parts(expression.variables, result, since)
        if self._standing:
            self._standing[-1].variables = ()

    def name(self, start: FrameType, result: Any, since: int) -> None:
        """Name what is being given back, if it is the value of the expression that is being
        computed, and was made ``since`` there were so many versions of tensors."""
        frame: FrameType | None = start
        while frame is not None and passes_on(frame.f_code.co_filename):
            if id(frame) == self.outermost:
                return  # the program itself is one of ours, as in draw(model, x)
            frame = frame.f_back
        if frame is not None and is_program(frame.f_code.co_filename):
            self.name_parts(expression_at(frame).variables, result, since)
            for standing in self._standing:
                if standing.frame == id(frame) and standing.instruction == frame.f_lasti:
                    standing.variables = ()

    def name_parts(self, variables: Sequence[str], result: Any, since: int) -> None:
        """Name a tensor, or several, that are assigned to as many variables."""
        parts = result if isinstance(result, tuple | list) and len(variables) > 1 else [result]
        if len(parts) == len(variables):
            for name, part in zip(variables, parts, strict=True):
                if isinstance(part, torch.Tensor) and name != "_":
                    self._tensors.name_result(part, name, since)

    def _frames(self, start: FrameType, own: CodeType | None) -> tuple[list[FrameType], bool]:
        """The frames of the program, outermost first, and whether below them there is only what
        passes a call on, and the frame of the called function itself."""
        frames: list[FrameType] = []
        direct = True
        known, outermost = self._files, self.outermost
        frame: FrameType | None = start
        while frame is not None:  # for every frame at every call: as little as can be
            code = frame.f_code
            if known[code.co_filename]:
                frames.append(frame)
            elif direct and not frames and code is not own:
                direct = passes_on(code.co_filename)
            if id(frame) == outermost:
                break
            frame = frame.f_back
        frames.reverse()
        return frames, direct

    def _settle(self, frames: Sequence[FrameType]) -> int:
        """Note where the program stands now; frames that have gone on since the last time name
        what was assigned. Gives the number of frames that stand where they stood."""
        before = self._standing
        common = 0
        for standing, frame in zip(before, frames, strict=False):
            if standing.frame != id(frame) or standing.code is not frame.f_code:
                break
            if standing.instruction != frame.f_lasti:
                self._look_up(standing, frame)
                break
            common += 1
        # A frame in a loop may have come back to where it was, which nobody can tell from here.
        unsure = range(common) if common == len(before) == len(frames) else range(common)[-1:]
        for depth in unsure:
            self._look_up(before[depth], frames[depth])
        now = len(self._tensors.versions)
        del before[common:]
        for frame in frames[common:]:
            variables = expression_at(frame).variables
            before.append(Standing(id(frame), frame.f_code, frame.f_lasti, now, variables))
        return common

    def _look_up(self, standing: Standing, frame: FrameType) -> None:
        """Name the tensors that an expression gave by the variables that hold them."""
        if standing.variables:
            held = variables_of(frame, standing.variables)
            for name, value in held.items():
                self.name_parts((name,), value, standing.since)

    def _name_globals(self, frame: FrameType) -> None:
        """The program's variables are rebound, so their names are taken while they hold. Those of
        functions are only looked up where something is assigned."""
        for name, value in list(frame.f_globals.items()):
            if isinstance(value, torch.Tensor) and not name.startswith("_"):
                self._tensors.name(value, name)
