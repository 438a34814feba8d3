"""From a function of torch, and what it was given, to a call as it was written: its name, the
tensors and numbers in their order, and the options that the program gave.
"""

import inspect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch.overrides import resolve_name

from ..graph import Argument
from .nodes import tensors_in
from .source import number_first

# Python hands "3 * v" over as "v times 3"; the source tells which stood first.
SWAPPED = {"mul": "Mult", "add": "Add"}
REFLECTED = {
    "__rsub__", "rsub", "__rdiv__", "__rtruediv__", "__rpow__", "__radd__", "__rmul__",
    "__rmatmul__",
}  # fmt: skip
ARITHMETIC = REFLECTED | {
    "add", "sub", "mul", "div", "true_divide", "pow", "maximum", "minimum", "__pow__",
    "add_", "sub_", "mul_", "div_", "__iadd__", "__isub__", "__imul__", "__idiv__", "__ipow__",
    "subtract", "multiply", "divide", "eq", "ne", "lt", "le", "gt", "ge", "fmod", "remainder",
    "where",
}  # fmt: skip


@lru_cache(maxsize=1024)
def full_name(function: Any) -> str:
    """``torch.Tensor.mul``, say; or what the function calls itself."""
    name = resolve_name(function) or getattr(function, "__name__", type(function).__name__)
    return str(name)


def call_name(function: Any) -> str:
    """``mul`` for ``torch.Tensor.mul``, ``T`` for ``torch.Tensor.T.__get__``."""
    parts = full_name(function).split(".")
    if parts[-1] in ("__get__", "__set__") and len(parts) > 1:
        return parts[-2]
    return parts[-1]


def short_text(thing: Any) -> str:
    """An argument that is no tensor, as it would be written, without what is inside of it.

    >>> short_text((slice(1, None), ...)), short_text(torch.float64), short_text(object())
    ('(1:, ...)', 'float64', '…')
    """
    if isinstance(thing, (bool, int, float, complex, str)) or thing is None or thing is ...:
        return "..." if thing is ... else repr(thing)
    if isinstance(thing, slice):
        start, stop = ("" if end is None else short_text(end) for end in (thing.start, thing.stop))
        step = "" if thing.step is None else f":{short_text(thing.step)}"
        return f"{start}:{stop}{step}"
    if isinstance(thing, (torch.dtype, torch.device)):
        return str(thing).removeprefix("torch.")
    if isinstance(thing, (list, tuple)) and len(thing) <= 6:
        inner = ["·" if isinstance(part, torch.Tensor) else short_text(part) for part in thing]
        return f"({', '.join(inner)})"
    return "…"


@lru_cache(maxsize=512)
def defaults(function: Any) -> Mapping[str, Any]:
    """What a function written in Python takes for an option that nobody gives."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
    return {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.default is not parameter.empty
    }


def described(
    function: Any,
    name: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    places: Sequence[int],
    source: str,
) -> tuple[list[Argument], tuple[str, ...]]:
    """What a call was given, in the order in which it was written: tensors and numbers, and
    options as text.

    ``name`` is what the call is called; ``places`` number the tensors in it, in the order of
    ``tensors_in``; ``source`` is the expression. PyTorch passes on every option of a function,
    also those that the program did not give: one at its default is left out.
    """
    remaining = iter(places)
    arguments: list[Argument] = []
    options: list[str] = []
    for keyword, thing in [*(("", each) for each in args), *kwargs.items()]:
        if count := sum(1 for _ in tensors_in(thing)):
            arguments += [Argument(tensor=next(remaining)) for _ in range(count)]
            if isinstance(thing, tuple) and count < len(thing):  # an index, say
                options.append(short_text(thing))
        elif name in ARITHMETIC and not keyword and is_number(thing):
            arguments.append(Argument(text=repr(thing)))
        elif not is_default(function, keyword, thing) and (keyword or not isinstance(thing, type)):
            text = short_text(thing)
            options.append(f"{keyword}={text}" if keyword else text)
    if len(arguments) == 2 and (name in REFLECTED or was_swapped(arguments, name, source)):
        arguments.reverse()
    return arguments, tuple(options)


def is_number(thing: Any) -> bool:
    return isinstance(thing, (bool, int, float, complex))


def is_default(function: Any, keyword: str, thing: Any) -> bool:
    usual = defaults(function) if keyword else {}
    return keyword in usual and thing is usual[keyword]


def was_swapped(arguments: Sequence[Argument], name: str, source: str) -> bool:
    """Whether a number that was written first has been handed over second."""
    if name not in SWAPPED or arguments[0].tensor is None or arguments[1].tensor is not None:
        return False
    return number_first(source, SWAPPED[name])
