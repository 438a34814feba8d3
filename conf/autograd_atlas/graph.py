"""The one vocabulary of the project: what PyTorch recorded, as plain data.

A :class:`Graph` holds two views of the same calculation. *What was written*: tensors and the
calls that made them. *What PyTorch recorded*: autograd nodes, with edges along
``next_functions``. It knows no language, no drawing and no torch, and is stored as JSON, so
that one execution serves every page that shows it.

Identifiers are positions: ``graph.nodes[edge.source]``. Nodes, tensors and calls stand in
forward order, what is needed before what needs it.
"""

import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, cached_property
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

VERSION = 3  # of the stored form; a stored graph of another version is refused

Number = bool | int | float | complex


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor's content at one moment.

    ``numbers`` are all elements, row by row, or None if there are too many to keep, or none to
    read (a tensor on the meta device, say). Of a gradient with too many, ``norm`` is what one asks
    of it: its Euclidean norm, which is 0 if it is zero everywhere, and no number if one of it is.
    """

    shape: tuple[int | str, ...]  # a length that is no one number, as torch calls it: "j1"
    dtype: str  # as torch names it, without "torch."
    numbers: tuple[Number, ...] | None = None
    norm: float | None = None


@dataclass(frozen=True)
class Block:
    """One run of a module: a box that the calls made inside it can be folded into. Or a stretch of
    such runs, one after the other, that are alike."""

    name: str  # the path of the module, such as "layers.0"; of a stretch, "layers.0 … 11"
    kind: str  # its class
    parent: int | None = None
    copies: int = 1  # of a stretch: how many runs lie in it


@dataclass(frozen=True)
class Tensor:
    """A tensor between two writes. Written in place, it appears again, with one prime more."""

    value: Value
    name: str | None = None
    primes: int = 0
    leaf: bool = False  # made by the user, and requires a gradient
    requires_grad: bool = False
    node: int | None = None  # the node that a gradient for this tensor arrives at,
    output: int = 0  # and there, as the gradient of which output
    held: bool = True  # by a module or a block, which it is folded into if nothing else needs it
    changed_by: int | None = None  # the tensor whose write changed this one, a view, as well
    # Of a leaf that several runs of the engine reached: what its own uses sent. None if that is
    # what its node received.
    received: Value | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """What a call was given: a tensor, or something else as text."""

    tensor: int | None = None
    text: str = ""
    edges: tuple[int, ...] = ()  # along which gradients went from the call to this tensor


@dataclass(frozen=True)
class Call:
    """One call of a function as it was written, with all that it did inside.

    What ran where a recording cannot see (in a compiled function, say) is one call that is not
    ``seen``: it has the nodes between what is known, and no name of its own.
    """

    name: str
    arguments: tuple[Argument, ...]
    outputs: tuple[int, ...]  # tensors
    options: tuple[str, ...] = ()  # arguments that are no numbers to calculate with, as text
    source: str = ""  # the expression in the program
    line: int = 0  # its line, from 1; 0 if it is not in the program itself
    block: int | None = None
    nodes: tuple[int, ...] = ()  # what PyTorch recorded for it
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a recorded operation, and the gradient that arrived there.

    ``received`` is the sum over all edges that lead here, after any hook; None if nothing
    arrived.
    """

    value: Value
    name: str | None = None
    received: Value | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """A tensor that a node keeps for the backward pass."""

    attribute: str  # "self" for _saved_self
    value: Value | None = None  # None if it could not be read without side effects
    name: str | None = None
    # "kept"; or "freed"; or "changed" in place since; or "packed" by a hook; or "unknown", where
    # this version of PyTorch does not tell whether a hook packed it
    state: str = "kept"
    tensor: int | None = None  # which of the graph's tensors it is, if that is known
    bytes: int = 0  # of its elements
    storage: int | None = None  # a number that is the same for what shares memory


@dataclass(frozen=True)
class Node:
    """An autograd node: what PyTorch recorded of one operation, or of one leaf."""

    name: str  # node.name()
    outputs: tuple[Output, ...]
    saved: tuple[Saved, ...] = ()
    grad: Value | None = None  # of an AccumulateGrad: the leaf's .grad
    leaf: bool = False
    held: bool = True  # see Tensor
    block: int | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """Position ``index`` of ``next_functions``: where a gradient is sent."""

    source: int
    index: int
    target: int | None = None  # None where the input needs no gradient
    output: int = 0  # the gradient of which output of the target
    sent: Value | None = None
    local: float | None = None  # the local derivative, where it is one number


@dataclass(frozen=True)
class Root:
    """A tensor that was asked to be drawn."""

    name: str
    node: int
    output: int = 0
    tensor: int | None = None


@dataclass(frozen=True)
class Note:
    """Something that a picture does not show, and a reader should know: words for it are
    ``note-`` and its kind."""

    kind: str
    subjects: tuple[str, ...] = ()  # names of nodes, parameters or functions that it is about


@dataclass(frozen=True)
class Graph:
    """All that is known of a calculation. Without a recorder, ``tensors`` and ``calls`` are
    empty."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    roots: tuple[Root, ...]
    tensors: tuple[Tensor, ...] = ()
    calls: tuple[Call, ...] = ()
    blocks: tuple[Block, ...] = ()
    order: tuple[int, ...] = ()  # of the nodes, as the engine ran them; empty without a backward
    bound: tuple[str, ...] = ()  # what else the numbers depend on: "hook", "start", "summed",
    # or "part", if this is only a part of a graph
    notes: tuple[Note, ...] = ()

    @cached_property
    def made_by(self) -> dict[int, int]:
        """The call that made each tensor, of those that a call made."""
        return {tensor: number for number, call in enumerate(self.calls) for tensor in call.outputs}

    @cached_property
    def edges_from(self) -> dict[int, list[int]]:
        """The edges of each node that has any, in the order of ``next_functions``."""
        edges: dict[int, list[int]] = {}
        for number, edge in enumerate(self.edges):
            edges.setdefault(edge.source, []).append(number)
        return edges

    def to_stored(self) -> dict[str, Any]:
        """The stored form, of what JSON can hold; fields that hold their default are left out."""
        return {"version": VERSION, **_stored(self)}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "Graph":
        """Read what :meth:`to_stored` gave. Raises ValueError for another version."""
        version = stored.get("version") if isinstance(stored, Mapping) else None
        if version != VERSION:
            raise ValueError(f"a stored graph of version {version!r}; this is version {VERSION}")
        parts = {name: part for name, part in stored.items() if name != "version"}
        kind: Any = cls
        graph: Graph = _reader(kind)(parts)
        return graph

    def to_json(self) -> str:
        """The stored form as JSON."""
        stored = self.to_stored()
        return json.dumps(stored, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Graph":
        """Read what :meth:`to_json` wrote. Raises ValueError for another version."""
        return cls.from_stored(json.loads(text))


def _stored(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple):
        return [_stored(part) for part in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)  # JSON has no word for it
    if isinstance(value, complex):
        return {"re": _stored(value.real), "im": _stored(value.imag)}
    kind: Any = type(value)
    parts = ((name, getattr(value, name), default) for name, default in _defaults(kind).items())
    return {name: _stored(part) for name, part, default in parts if part != default}


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    """The fields of a dataclass; what has no default, has one that equals nothing."""
    return {field.name: field.default for field in fields(kind)}


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """What makes a value of this type of its stored form."""
    if kind == Number or kind is float:
        return _number
    if get_origin(kind) is tuple:
        part = _reader(get_args(kind)[0])
        return lambda stored: tuple(map(part, stored))
    if isinstance(kind, UnionType):
        some = next(_reader(option) for option in get_args(kind) if option is not type(None))
        return lambda stored: None if stored is None else some(stored)
    if isinstance(kind, type) and is_dataclass(kind):
        make: Callable[..., Any] = kind
        parts = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}
        return lambda stored: make(**{name: parts[name](part) for name, part in stored.items()})
    return lambda stored: stored


def _number(stored: Any) -> Number:
    if isinstance(stored, dict):
        return complex(float(stored["re"]), float(stored["im"]))
    number: Number = float(stored) if isinstance(stored, str) else stored
    return number


def total(values: Iterable[Value | None]) -> Value | None:
    """The sum of gradients that met; None if none did, or if their numbers were not kept."""
    given = [value for value in values if value is not None]
    if not given:
        return None
    if len(given) == 1:
        return given[0]
    if any(value.numbers is None for value in given):
        return Value(given[0].shape, given[0].dtype)
    columns = zip(*(value.numbers for value in given), strict=True)
    return Value(given[0].shape, given[0].dtype, tuple(map(sum, columns)))


def same_numbers(one: Value, other: Value) -> bool:
    """Whether two values hold the same numbers; what is not a number counts as equal to itself.

    >>> nothing = Value((1,), "float32", (float("nan"),))
    >>> same_numbers(nothing, Value((1,), "float32", (float("nan"),)))
    True
    """
    return repr(one.numbers) == repr(other.numbers)


def primed(name: str, primes: int) -> str:
    """The name of a tensor after so many writes in place.

    >>> primed("x", 0), primed("x", 1), primed("x", 2), primed("x", 12)
    ('x', 'x′', 'x″', 'x′×12')
    """
    return name + (("", "′", "″", "‴")[primes] if primes < 4 else f"′×{primes}")


def check_names(graph: Graph, opened: Iterable[str]) -> None:
    """Raise ValueError for a block to open that there is not, with what there is."""
    known = sorted({block.name for block in graph.blocks if block.name})
    for name in opened:
        if name not in known:
            near = difflib.get_close_matches(name, known, 3, 0.4) or known[:3]
            there = f"there are {', '.join(near)}" if near else "this graph has no blocks"
            raise ValueError(f"there is no block {name!r} to open; {there}")
