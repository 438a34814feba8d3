"""From what ``draw()`` was given to the tensors whose graph is drawn, each with a name.

Models give lists, dicts and objects of their own: where it is plain what is meant, that is done.
Where it is not, the error says what was given, what that is, and the call that works.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from .graph import Graph
from .recording.names import named_tensors
from .recording.nodes import grad_fn_of
from .recording.record import GraphError, start_of
from .recording.recording import Recording

Named = list[tuple[str, torch.Tensor]]


def tensors_of(
    things: Sequence[Any], namespace: Mapping[str, Any]
) -> Sequence[torch.Tensor] | Mapping[str, torch.Tensor]:
    """The tensors in what was given: all of them if they were given as such; of a container,
    those that have a graph, by name. Raises GraphError if there are none."""
    if all(isinstance(thing, torch.Tensor) for thing in things):
        return things
    known: dict[int, str] = {}
    for name, tensor in named_tensors(namespace):
        known.setdefault(id(tensor), name)
    named: dict[str, torch.Tensor] = {}
    for place, thing in enumerate(things):
        alone = f"[{place}]" if len(things) > 1 else ""
        for path, tensor in with_graph(thing, name_of(thing, namespace)):
            by_place = not path or path.startswith("[")
            called = known.get(id(tensor), alone + path) if by_place else path
            named[called if called not in named else f"{alone}{path}"] = tensor
    return named


def with_graph(thing: Any, name: str) -> Named:
    """The tensors in a thing that have a graph, or a GraphError that says why there are none."""
    if isinstance(thing, torch.Tensor):
        return [("", thing)]
    found = list(parts_of(thing))
    if not is_container(thing) or not found:
        raise GraphError(refusal(thing, name))
    if (loss := loss_of(thing)) is not None and grad_fn_of(loss) is not None:
        return [("loss", loss)]
    drawn = [(path, tensor) for path, tensor in found if grad_fn_of(tensor) is not None]
    if not drawn:
        path, tensor = found[0]
        start_of(f"{name}{path}" if path.startswith("[") else f"{name}[{path!r}]", tensor)
    return drawn


def loss_of(thing: Any) -> torch.Tensor | None:
    """The loss of what a model gives; a plain dict is drawn as a whole."""
    loss = None if type(thing) is dict else getattr(thing, "loss", None)
    return loss if isinstance(loss, torch.Tensor) else None


def is_container(thing: Any) -> bool:
    if isinstance(thing, list | tuple | Mapping):
        return True
    return dataclasses.is_dataclass(thing) and not isinstance(thing, type | Graph)


def parts_of(thing: Any, path: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors in a container, each with its key or its field, or else with its place."""
    if isinstance(thing, torch.Tensor):
        yield path, thing
    elif isinstance(thing, Mapping):
        for key, part in thing.items():
            yield from parts_of(part, f"{path}[{key!r}]" if path else str(key))
    elif isinstance(thing, list | tuple):
        fields = getattr(thing, "_fields", None)  # of a namedtuple
        for place, part in enumerate(thing):
            inner = f"[{place}]" if fields is None else f".{fields[place]}"
            yield from parts_of(part, f"{path}{inner}".removeprefix("."))
    elif is_container(thing):
        for field in dataclasses.fields(thing):
            part = getattr(thing, field.name, None)
            yield from parts_of(part, f"{path}.{field.name}".removeprefix("."))


def name_of(thing: Any, namespace: Mapping[str, Any]) -> str:
    """The variable that holds what was given, or nothing."""
    return next(
        (name for name, value in namespace.items() if value is thing and name.isidentifier()), ""
    )


# -- Errors ---------------------------------------------------------------------------------


def refusal(thing: Any, name: str) -> str:
    """What was given in the place of a tensor, and the call that works."""
    called = name or "this"
    kind = type(thing).__name__
    if isinstance(thing, torch.nn.Module):
        return (
            f"{called} is a module, of class {kind}, and not what it gives: write "
            f"draw({name or 'model'}(x)), or draw({name or 'model'}, x), which runs it"
        )
    if isinstance(thing, str):
        return f"{thing!r} is a string: write draw(loss) with the tensor itself, without quotes"
    if thing is None:
        return "draw() was given None: does the function that gave it have a return? draw(loss)"
    if type(thing).__module__ == "numpy":
        return (
            f"{called} is a NumPy array, which has no graph: draw the tensor that it was made "
            "from, before .detach() or .numpy()"
        )
    if isinstance(thing, bool | int | float | complex):
        return (
            f"{name or thing!r} is a number, of type {kind}, which has no graph: "
            "draw the tensor itself, before .item()"
        )
    return more_refusals(thing, name, called, kind)


def more_refusals(thing: Any, name: str, called: str, kind: str) -> str:
    """Of what is neither a module nor a value."""
    if isinstance(thing, Recording):
        return (
            f"{called} is a Recording: write draw(loss, recording={name or 'recording'}), or "
            f"draw(recording={name or 'recording'}) for all that ran in it"
        )
    if isinstance(getattr(thing, "graph", None), Graph):
        return f"{called} is a drawing already: write {name or 'drawing'}.show()"
    if isinstance(thing, Graph):
        return f"{called} is a Graph: write Drawing({name or 'graph'})"
    if hasattr(thing, "next_functions"):
        return f"{called} is a node, {kind}: write draw(loss) with the tensor whose grad_fn it is"
    if is_container(thing):
        return f"{called} is a {kind} that holds no tensor: write draw(loss)"
    attributes = getattr(thing, "__dict__", {})
    held = [key for key, value in attributes.items() if isinstance(value, torch.Tensor)]
    if held:
        return (
            f"{called} is of type {kind}, and holds {', '.join(held[:4])}: "
            f"write draw({name or kind.lower()}.{held[0]})"
        )
    if callable(thing):
        return f"{called} is a function or class, not what it gives: write draw({name or 'f'}(x))"
    if isinstance(thing, Iterator | set | frozenset):
        return f"{called} is of type {kind}: write draw(*{name or 'outputs'})"
    return f"{called} is of type {kind}: draw() takes tensors, or a list, tuple or dict of them"
