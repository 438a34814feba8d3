"""From an error that a program raised to what is kept of it: the error itself would keep its frames
alive, and the tensors in these.
"""

from types import TracebackType
from typing import NamedTuple


class Problem(NamedTuple):
    """The line that raised an error, and the error's kind with the first line of its text."""

    line: int
    text: str


def problem_at(line: int, error: BaseException) -> Problem:
    r"""What is kept of an error at a line.

    >>> problem_at(3, ValueError("too large\nby 2"))
    Problem(line=3, text='ValueError: too large')
    """
    first = str(error).strip().partition("\n")[0]
    return Problem(line, f"{type(error).__name__}: {first}".removesuffix(": "))


def line_in(file: str | None, traceback: TracebackType | None) -> int:
    """The innermost line of a file that an error came through; 0 if it came through none."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
