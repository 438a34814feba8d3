"""What functions of torch call their parameters, and what they take for those that nobody gives.

A function that is written in Python says so itself; of one of torch's own, its schemas do. Nothing
here keeps a function of the program alive.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import torch

T = TypeVar("T")
REQUIRED = inspect.Parameter.empty


class Parameter(NamedTuple):
    """The name of a parameter, and its default, or REQUIRED."""

    name: str
    default: Any = REQUIRED

    @classmethod
    def named(cls, name: str, default: Any = REQUIRED) -> "Parameter":
        """With the name and the default that a module of torch has for it, if it has none here."""
        return cls(name, default) if default is not REQUIRED else OF_MODULES.get(name, cls(name))


# Parameters of functions that modules of torch call, under the names and with the defaults that the
# modules have for them.
OF_MODULES = {
    "has_biases": Parameter("bias", True),
    "num_layers": Parameter("num_layers", 1),
    "dropout": Parameter("dropout", 0.0),
    "train": Parameter("train", True),
    "bidirectional": Parameter("bidirectional", False),
    "batch_first": Parameter("batch_first", False),
    "add_zero_attn": Parameter("add_zero_attn", False),
    "dropout_p": Parameter("dropout_p", 0.0),
    "return_indices": Parameter("return_indices", False),
}


def remembered(read: Callable[[Any], T]) -> Callable[[Any], T]:
    """Ask ``read`` once for each function, without keeping one of the program's alive."""
    of_torch = lru_cache(maxsize=2048)(read)
    of_python: WeakKeyDictionary[FunctionType, T] = WeakKeyDictionary()

    def known(function: Any) -> T:
        if isinstance(function, FunctionType):
            if function not in of_python:
                of_python[function] = read(function)
            return of_python[function]
        if isinstance(function, torch._ops.OpOverload) or is_of_class(function):
            return read(function)
        return of_torch(function)

    return known


def is_of_class(function: Any) -> bool:
    """Whether it is bound to a class, such as the ``apply`` of a custom function."""
    holder = getattr(function, "__self__", None)
    return isinstance(holder, type) and issubclass(holder, torch.autograd.Function)


@remembered
def signature(function: Any) -> Mapping[str, Parameter]:
    """The parameters of a function that is written in Python."""
    if not isinstance(function, FunctionType):
        return {}
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {
        each.name: Parameter.named(each.name, each.default)
        for each in parameters
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    }


def parameters(
    function: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Mapping[str, Parameter]:
    """The parameters of a function of this name that takes these arguments, in their order; none
    if it does not tell."""
    if known := signature(function):
        return known
    schema = getattr(function, "_schema", None)
    if schema is not None:  # of an operator of a library
        return parameters_in(schema)
    if not isinstance(function, FunctionType):
        name = getattr(function, "__name__", name)  # "linalg_vector_norm" for "vector_norm"
    return matching(name, "".join(map(letter, args)), tuple(kwargs))


def letter(thing: Any) -> str:
    """The kind of an argument: a tensor, a list of them, another list, and so on.

    >>> "".join(map(letter, (torch.ones(1), [torch.ones(1)], (1, 2), None, True, 1, 1.0, "sum")))
    'TLlNbifs'
    """
    if isinstance(thing, torch.Tensor):
        return "T"
    if isinstance(thing, (list, tuple)):
        return "L" if any(isinstance(part, torch.Tensor) for part in thing) else "l"
    return {type(None): "N", bool: "b", int: "i", float: "f", str: "s"}.get(type(thing), "o")


ACCEPTED = {  # by the kind of an argument: what the type of its parameter says
    "T": ("Tensor",), "L": ("List[Tensor]", "List[Optional[Tensor]]"), "l": ("List",),
    "N": ("Optional",), "b": ("bool", "number"), "i": ("int", "number", "float"),
    "f": ("float", "number"), "s": ("str",), "o": ("",),
}  # fmt: skip


@lru_cache(maxsize=2048)
def matching(name: str, kinds: str, keywords: tuple[str, ...]) -> Mapping[str, Parameter]:
    """The parameters of the first schema of an operation that takes arguments of these kinds."""
    find = getattr(torch._C, "_jit_get_schemas_for_operator", None)
    for schema in find(f"aten::{name}") if find and name else ():
        known = [each.name for each in schema.arguments]
        positional = [each for each in schema.arguments if not each.kwarg_only]
        if "out" in known and "out" not in keywords:
            continue
        if len(kinds) > len(positional) or not set(keywords) <= {*known, *OF_MODULES}:
            continue
        types = [str(each.type) for each in positional]
        pairs = zip(kinds, types, strict=False)
        if all(any(part in kind for part in ACCEPTED[letter]) for letter, kind in pairs):
            return parameters_in(schema)
    return {}


def parameters_in(schema: Any) -> Mapping[str, Parameter]:
    found = {}
    for each in schema.arguments:
        default = each.default_value if each.has_default_value() else REQUIRED
        found[each.name] = Parameter.named(each.name, default)
    return found


def is_default(parameter: Parameter, given: Any) -> bool:
    """Whether a parameter was given what it is by default, also as one number for several."""
    default = parameter.default
    if isinstance(default, (list, tuple)):
        listed = given if isinstance(given, (list, tuple)) else [given] * max(len(default), 1)
        return len(default) == len(listed) and all(map(equal, listed, default))
    return equal(given, default)


def equal(one: Any, other: Any) -> bool:
    """Numbers and words alone are compared: other things may answer anything."""
    if one is other:
        return True
    plain = (bool, int, float, complex, str)
    return type(one) in plain and type(other) in plain and bool(one == other)
