"""From a function of torch, and what it was given, to a call as it was written: its name, the
tensors and numbers in their order, and the options that the program gave.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import resolve_name

from ..graph import Argument
from .nodes import tensors_in
from .signatures import REQUIRED, Parameter, is_default, parameters, remembered
from .source import number_first

# Python hands "3 * v" over as "v times 3"; the source tells which stood first.
SWAPPED = {"mul": "Mult", "add": "Add"}
REFLECTED = {
    "__rsub__", "rsub", "__rdiv__", "__rtruediv__", "__rpow__", "__radd__", "__rmul__",
    "__rmatmul__", "__rfloordiv__", "__rmod__",
}  # fmt: skip
ARITHMETIC = REFLECTED | {
    "add", "sub", "mul", "div", "true_divide", "pow", "maximum", "minimum", "__pow__",
    "add_", "sub_", "mul_", "div_", "__iadd__", "__isub__", "__imul__", "__idiv__", "__ipow__",
    "subtract", "multiply", "divide", "eq", "ne", "lt", "le", "gt", "ge", "fmod", "remainder",
    "where", "floor_divide", "__floordiv__", "__mod__",
}  # fmt: skip
COMPARISONS = {f"__{name}__": name for name in ("eq", "ne", "lt", "le", "gt", "ge")}
# What torch's own modules pass on and nobody would write:
# Lengths along each dimension, of which one stands for as many as there are:
LENGTHS = {
    "kernel_size", "stride", "padding", "output_padding", "dilation", "output_size",
}  # fmt: skip
NAMELESS = Parameter("")
UNSEEN = {"_stacklevel", "embed_dim_to_check"}


@remembered
def full_name(function: Any) -> str:
    """``torch.Tensor.mul``, say; or what the function calls itself."""
    name = resolve_name(function) or getattr(function, "__name__", type(function).__name__)
    return str(name)


@remembered
def call_name(function: Any) -> str:
    """``mul`` for ``torch.Tensor.mul``, ``T`` for ``torch.Tensor.T.__get__``, ``eq`` for
    ``torch.Tensor.__eq__``, and ``twice`` for an operator ``mine::twice`` of a library."""
    if schema := getattr(function, "_schema", None):
        return str(schema.name).rpartition("::")[2]
    parts = full_name(function).split(".")
    if parts[-1] in ("__get__", "__set__") and len(parts) > 1:
        return parts[-2]
    return COMPARISONS.get(parts[-1], parts[-1])


def short_text(thing: Any) -> str:
    """An argument that is no tensor, as it would be written, without what is inside of it.

    >>> short_text((slice(1, None), ...)), short_text(torch.float64), short_text(object())
    ('(1:, ...)', 'float64', '…')
    """
    if isinstance(thing, (bool, int, float, complex, str)) or thing is None or thing is ...:
        return "..." if thing is ... else repr(thing)
    if isinstance(thing, torch.Tensor):
        return "·"
    if isinstance(thing, slice):
        start, stop = ("" if end is None else short_text(end) for end in (thing.start, thing.stop))
        step = "" if thing.step is None else f":{short_text(thing.step)}"
        return f"{start}:{stop}{step}"
    if isinstance(thing, (torch.dtype, torch.device)):
        return str(thing).removeprefix("torch.")
    if isinstance(thing, (list, tuple)) and len(thing) <= 6:
        return f"({', '.join(map(short_text, thing))})"
    return "…"


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
    ``tensors_in``; ``source`` is the expression, empty if the program did not write the call.
    """
    remaining = iter(places)
    arguments: list[Argument] = []
    for place, thing in enumerate(itertools.chain(args, kwargs.values())):
        if is_number(thing):
            if name in ARITHMETIC and place < len(args):
                arguments.append(Argument(text=repr(thing)))
        elif thing is not None:
            arguments += [Argument(next(remaining)) for _ in tensors_in(thing)]
    if len(arguments) == 2 and (name in REFLECTED or was_swapped(arguments, name, source)):
        arguments.reverse()
    if name in ("__getitem__", "__setitem__"):
        return arguments, tuple(map(short_text, args[1:2])) + written_number(args[2:])
    return arguments, tuple(options_of(function, name, args, kwargs, bool(source)))


def written_number(value: Sequence[Any]) -> tuple[str, ...]:
    """The number that is written to a part of a tensor."""
    return tuple(short_text(thing) for thing in value if not isinstance(thing, torch.Tensor))


def options_of(
    function: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], written: bool
) -> Iterator[str]:
    """What is not at its default, as one would write it: by name, but for what the program itself
    has written without, and for the first.

    PyTorch passes on every option of a function, also those that the program did not give.
    """
    if not kwargs and all(map(is_tensor, args)) and not name.startswith("conv"):
        return
    known = parameters(function, name, args, kwargs)
    places = itertools.chain(known.values(), itertools.repeat(NAMELESS))
    given = [*zip(places, args, strict=False)]
    given += [(known.get(each) or Parameter.named(each), thing) for each, thing in kwargs.items()]
    if name.startswith("conv") and len(args) > 1 and isinstance(args[1], torch.Tensor):
        yield "×".join(map(str, args[1].shape[2:]))  # the size of the kernel
    kernel = next((thing for parameter, thing in given if parameter.name == "kernel_size"), None)
    bare = True
    for place, (parameter, thing) in enumerate(given):
        positional = place < len(args)
        if is_number(thing):
            if positional and name in ARITHMETIC:
                continue
        elif tensors_in(thing):
            continue
        if is_left_out(parameter, thing) or (parameter.name == "stride" and thing == kernel):
            bare = False
            continue
        text = short_text(compact(parameter.name, thing))
        bare = bare and positional and not isinstance(thing, bool)
        bare = bare and (written or parameter.default is REQUIRED)
        yield text if bare or not parameter.name else f"{parameter.name}={text}"


def is_tensor(thing: Any) -> bool:
    return isinstance(thing, torch.Tensor)


def is_left_out(parameter: Parameter, thing: Any) -> bool:
    """Whether an argument need not be written: nothing was given, or what there is by default; or
    a type, which a subclass of tensors passes on."""
    nothing = thing is None or isinstance(thing, type)
    return nothing or parameter.name in UNSEEN or is_default(parameter, thing)


def compact(name: str, thing: Any) -> Any:
    """One number for several that are the same, as modules of torch make them: 3 for (3, 3)."""
    if not isinstance(thing, (tuple, list)):
        return thing
    alike = name in LENGTHS and len(set(map(repr, thing))) == 1
    return thing[0] if alike or (name == "normalized_shape" and len(thing) == 1) else thing


def is_number(thing: Any) -> bool:
    return isinstance(thing, (bool, int, float, complex))


def was_swapped(arguments: Sequence[Argument], name: str, source: str) -> bool:
    """Whether a number that was written first has been handed over second."""
    if name not in SWAPPED or arguments[0].tensor is None or arguments[1].tensor is not None:
        return False
    return number_first(source, SWAPPED[name])
