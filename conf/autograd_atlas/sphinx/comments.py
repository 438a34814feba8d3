"""Comments in the examples of sphinx-gallery, ``# sphinx_gallery_NAME = "…"``, and the options of
a picture, which the directive ``autograd-graph`` and the comment
``# sphinx_gallery_graph = "J; backward: no"`` share.
"""

import re
from ast import literal_eval
from collections.abc import Callable
from typing import Any

from docutils.parsers.rst import directives

COMMENT = re.compile(r"^[ \t]*#[ \t]*sphinx_gallery_(\w*)[ \t]*(.*)$", re.MULTILINE)


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def names(argument: str) -> tuple[str, ...]:
    found = tuple(name.strip() for name in (argument or "").split(","))
    if not all(name.isidentifier() for name in found):
        raise ValueError("name the tensors to draw, as in J or J, K")
    return found


def one_view(argument: str) -> str:
    return directives.choice(argument, ("both", "written", "recorded"))


def yes_or_no(argument: str) -> bool:
    return directives.choice(argument, ("yes", "no")) == "yes"


def folding(argument: str) -> bool | str:
    choice = directives.choice(argument, ("yes", "no", "layers"))
    return choice if choice == "layers" else choice == "yes"


def block_names(argument: str) -> list[str]:
    return [name.strip() for name in directives.unchanged_required(argument).split(",")]


def first_step(argument: str) -> str:
    return directives.choice(argument, ("0", "end"))


OPTIONS: dict[str, Callable[[str], Any]] = {
    "roots": names,
    "view": one_view,
    "backward": yes_or_no,
    "fold": folding,
    "open": block_names,
    "depth": directives.positive_int,
    "constants": yes_or_no,
    "start": first_step,
}


def quoted(value: str) -> str | None:
    """What a comment sets an option to, or None if that is no text in quotation marks."""
    try:
        text = literal_eval(value.lstrip("= "))
    except (SyntaxError, ValueError):
        return None
    return text if isinstance(text, str) and text else None


def options_of(value: str) -> dict[str, Any]:
    """The options in ``= "y, z; backward: no"``. Raises ValueError with what is wrong."""
    roots, *more = (quoted(value) or "").split(";")
    options = {"roots": OPTIONS["roots"](roots)}
    for part in more:
        name, _, setting = (piece.strip() for piece in part.partition(":"))
        if name not in OPTIONS:
            raise ValueError(f"there is no option {name!r}; there are {', '.join(OPTIONS)}")
        options[name] = OPTIONS[name](setting)
    return options
