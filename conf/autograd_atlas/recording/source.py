"""From a frame of the running program to what stands there in its source: the expression that is
being computed, and the variables it is assigned to.

Nothing here knows torch.
"""

import ast
import itertools
import linecache
from functools import lru_cache
from types import FrameType
from typing import NamedTuple


class Position(NamedTuple):
    """Where an expression stands: lines from 1, columns in bytes from 0, as Python counts them.

    All but the line is None if Python does not know it.
    """

    line: int
    last_line: int | None = None
    start: int | None = None
    end: int | None = None


def where(frame: FrameType | None) -> tuple[str, Position]:
    """The expression that is being computed in a frame, on one line, and where it stands.

    The text is empty, and the line 0, if there is no frame or no source.
    """
    if frame is None:
        return "", Position(0)
    positions = frame.f_code.co_positions()
    line, last, start, end = next(itertools.islice(positions, frame.f_lasti // 2, None))
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    if line is None or last is None or start is None or end is None or last > len(lines):
        return "", Position(frame.f_lineno)
    parts = [part.encode() for part in lines[line - 1 : last]]
    parts[-1] = parts[-1][:end]
    parts[0] = parts[0][start:]
    text = " ".join(part.decode().strip() for part in parts)
    return text, Position(line, last, start, end)


def assigned_names(frame: FrameType | None, position: Position) -> tuple[str, ...]:
    """The variables to which the value of the expression at a position is assigned."""
    if frame is None or position.last_line is None:
        return ()
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    return assignments("".join(lines)).get(position, ())


@lru_cache(maxsize=8)
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
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[target, *_], value=value):
                pass
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                pass
            case ast.NamedExpr(target=target, value=value):
                pass
            case _:
                continue
        parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        variables = [part.id for part in parts if isinstance(part, ast.Name)]
        if len(variables) == len(parts):
            ends = value.end_lineno, value.col_offset, value.end_col_offset
            names[Position(value.lineno, *ends)] = tuple(variables)
    return names


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
