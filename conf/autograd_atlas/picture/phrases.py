"""The parts of a line in words: lists, counts, values and names, in any language.

A number that changes when a reader changes an input is marked in a line, with the quantity that
it is (see :func:`marked`), so that one walk serves what is read and what is played.
"""

import re
from collections.abc import Iterable

from ..graph import Value
from .keys import Quantity
from .labels import is_spelled_out, norm_text, rows_of, type_text
from .words import Words

OPEN, BETWEEN, CLOSE = "\ue000", "\ue001", "\ue002"  # of a mark; in private use, never spoken
MARKED = re.compile(f"{OPEN}[^{BETWEEN}]*{BETWEEN}([^{CLOSE}]*){CLOSE}")


def marked(text: str, quantity: Quantity) -> str:
    """``text``, with the name of the quantity whose value it is."""
    return f"{OPEN}{quantity}{BETWEEN}{text}{CLOSE}"


def unmarked(line: str) -> str:
    """A line without its marks."""
    return MARKED.sub(r"\1", line)


def tidy(line: str, words: Words) -> str:
    """A line in which a closing bracket stands before the next word as the language wants it: a
    full-width one is wide enough, and has no space after it."""
    bracket = words["after-bracket"]
    return line.replace(f"{bracket.rstrip()} ", bracket)


def code(name: str) -> str:
    """A name or an expression inside of a line, between backticks, as in Markdown."""
    return f"`{name.replace('`', 'ˋ')}`" if name else ""


def listed(parts: Iterable[str], words: Words, kind: str = "") -> str:
    """``a, b and c``; ``kind`` begins the keys of a comma and an "and" of their own."""
    parts = list(parts)
    if len(parts) < 2:
        return "".join(parts)
    return words[f"{kind}comma"].join(parts[:-1]) + words[f"{kind}and"] + parts[-1]


def some_of(parts: list[str], count: int, words: Words, kind: str = "") -> str:
    """The first of ``count`` parts, and how many more there are."""
    if count <= len(parts):
        return listed(parts, words, kind)
    more = words["more"].format(n=count - len(parts))
    return words[f"{kind}comma"].join([*parts, more])


def value_text(value: Value | None, words: Words, quantity: Quantity | None = None) -> str:
    """A value in a line, marked as ``quantity`` if it has numbers."""
    if value is None:
        return words["none"]
    if not is_spelled_out(value):
        norm = "" if value.norm is None else f" (∇ {norm_text(value.norm)})"
        return code(type_text(value)) + norm
    rows = rows_of(value)
    whole = rows[0] if len(rows) == 1 else f"[{', '.join(rows)}]"
    whole = re.sub(r"(?<=\[) +|(?<=, ) +", "", whole)  # columns are for pictures
    return whole if quantity is None else marked(whole, quantity)
