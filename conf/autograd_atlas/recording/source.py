"""From a frame of the running program to what stands there in its source: the expression that is
being computed, and the variables it is assigned to; and to what its variables hold.

Nothing here knows torch.
"""

import ast
import inspect
import linecache
import sys
import weakref
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any, NamedTuple


class Position(NamedTuple):
    """Where an expression stands: lines from 1, columns in bytes from 0, as Python counts them.

    All but the line is None if Python does not know it.
    """

    line: int
    last_line: int | None = None
    start: int | None = None
    end: int | None = None


class Expression(NamedTuple):
    """An expression on one line, where it stands, and the variables that its value is assigned to.

    The text is empty, and there are no variables, if there is no source.
    """

    text: str
    position: Position
    variables: tuple[str, ...] = ()


class Instructions:
    """The expressions that the instructions of one code object compute, each read once."""

    def __init__(self, code: CodeType) -> None:
        number = id(code)
        self.code = weakref.ref(code, lambda _: _read.pop(number, None))
        self.positions = [Position(p[0] or 0, *p[1:]) for p in code.co_positions()]
        self.expressions: dict[int, Expression] = {}


_read: dict[int, Instructions] = {}  # by the id of the code, which hashes slowly


def expression_at(frame: FrameType) -> Expression:
    """The expression that is being computed in a frame."""
    code = frame.f_code
    instructions = _read.get(id(code))
    if instructions is None or instructions.code() is not code:
        instructions = _read[id(code)] = Instructions(code)
    found = instructions.expressions.get(frame.f_lasti)
    if found is None:
        position = instructions.positions[frame.f_lasti // 2]
        found = instructions.expressions[frame.f_lasti] = expression_in(frame, position)
    return found


def expression_in(frame: FrameType, position: Position) -> Expression:
    """The expression that stands at a position in the source of a frame."""
    line, last, start, end = position
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    if not line or last is None or start is None or end is None or last > len(lines):
        return Expression("", Position(frame.f_lineno))
    parts = [part.encode() for part in lines[line - 1 : last]]
    parts[-1] = parts[-1][:end]
    parts[0] = parts[0][start:]
    text = " ".join(part.decode().strip() for part in parts)
    return Expression(text, position, assignments("".join(lines)).get(position, ()))


@lru_cache(maxsize=32)
def assignments(source: str) -> dict[Position, tuple[str, ...]]:
    """By the position of an assigned expression: the variables on the left.

    >>> assignments("p, q = x.chunk(2)")
    {Position(line=1, last_line=1, start=7, end=17): ('p', 'q')}
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:  # an IPython cell with a magic, say
        return {}
    names = {}
    value: ast.expr | ast.stmt
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[target, *_], value=value):
                pass
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                pass
            case ast.NamedExpr(target=target, value=value):
                pass
            case ast.AugAssign(target=target):
                value = node  # the whole statement adds
            case _:
                continue
        parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        variables = [part.id for part in parts if isinstance(part, ast.Name)]
        if len(variables) == len(parts):
            ends = value.end_lineno, value.col_offset, value.end_col_offset
            names[Position(value.lineno, *ends)] = tuple(variables)
    return names


def variables_of(frame: FrameType, names: Iterable[str] | None = None) -> dict[str, Any]:
    """What the local variables of a frame hold now; all of them, or those of these names.

    Before Python 3.13 a function's ``f_locals`` is a copy that stays on the frame, and keeps alive
    what it holds until the function returns (https://peps.python.org/pep-0667/). So it is emptied,
    unless someone else has it: the program, which asked for ``locals()``, or a debugger, which
    writes back what stands there.
    """
    held = frame.f_locals
    found = dict(held) if names is None else {name: held[name] for name in names if name in held}
    copied = sys.version_info < (3, 13) and frame.f_code.co_flags & inspect.CO_OPTIMIZED
    watched = sys.gettrace() is not None or sys.getprofile() is not None
    if copied and not watched and sys.getrefcount(held) == 3:  # the frame's, ours, and its own
        held.clear()
    return found


@lru_cache(maxsize=1024)
def number_first(source: str, operator: str) -> bool:
    """Whether an expression applies an operator, as ``ast`` calls it, to a number, and then
    something else.

    >>> number_first("3 * v", "Mult"), number_first("v * 3", "Mult")
    (True, False)
    """
    try:
        expression = ast.parse(source, mode="eval").body
    except SyntaxError:
        return False
    if not isinstance(expression, ast.BinOp) or type(expression.op).__name__ != operator:
        return False
    left = expression.left
    left = left.operand if isinstance(left, ast.UnaryOp) else left
    return isinstance(left, ast.Constant)
