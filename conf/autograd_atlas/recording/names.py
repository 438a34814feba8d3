"""From what a program can name to names of tensors: its variables, what stands in its lists and
dicts, and the parameters of its models by their paths.

A parameter is called by its path in the model that holds it, "layers.0.weight". Where several
models are in scope or ran, and have a parameter of the same path, the model goes before it: by the
variable that holds it ("netG.0.weight", "self.model.0.weight", "nets[0].0.weight"), or by its class
in lower case if none does ("sequential.0.weight"; with several of one class, "sequential1.…" and
"sequential2.…", as they ran). A module inside of another one is part of that, and no model.
"""

import types
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch

from .modules import Model, tensors_by_path
from .nodes import is_leaf_tensor

NameSource = Mapping[str, Any] | torch.nn.Module | Iterable[tuple[str, torch.Tensor]]


def namespace_of(names: NameSource) -> Mapping[str, Any]:
    """What names are taken from: variables and what they hold; or a model, or its
    ``named_parameters()``, which give its paths."""
    if isinstance(names, torch.nn.Module):
        return {"": names}
    return names if isinstance(names, Mapping) else dict(names)


def named_tensors(
    namespace: Mapping[str, Any], ran: Sequence[Model] = ()
) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors that a program can name, and the gradients that these hold. ``ran`` are the
    models that a recording saw."""
    # What happens to stand in a namespace may raise anything when it is looked at; plain
    # isinstance checks on types do not.
    public = public_in(namespace)
    variables = [(name, value) for name, value in public if isinstance(value, torch.Tensor)]
    yield from variables
    for name, value in things_in_containers(public):
        if isinstance(value, torch.Tensor):
            yield name, value
    scope = scope_of(public)
    named, _ = path_names(scope, ran)
    for (_, module), names in zip(scope, named, strict=True):
        for path, tensor in tensors_by_path(module):
            yield names[path], tensor
    for name, tensor in variables:
        if is_leaf_tensor(tensor) and tensor.grad is not None:
            yield f"{name}.grad", tensor.grad


def public_in(namespace: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(n, v) for n, v in namespace.items() if isinstance(n, str) and not n.startswith("_")]


def things_in_containers(variables: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """``parts[0]``, ``more['k']`` and ``self.weight``, but not what IPython keeps of a session."""
    for name, value in variables:
        if isinstance(value, (list, tuple)):
            yield from ((f"{name}[{key}]", thing) for key, thing in enumerate(value))
        elif isinstance(value, dict):
            if name not in ("In", "Out"):
                yield from ((f"{name}[{key!r}]", thing) for key, thing in list(value.items()))
        elif not isinstance(value, (torch.Tensor, torch.nn.Module, types.ModuleType, type)):
            yield from ((f"{name}.{key}", thing) for key, thing in attributes_of(value).items())


def attributes_of(thing: Any) -> dict[str, Any]:
    """What an object holds itself; nothing that it would have to be asked for."""
    try:
        return dict(object.__getattribute__(thing, "__dict__"))
    except Exception:  # it has none, or will not tell
        return {}


def scope_of(variables: Sequence[tuple[str, Any]]) -> list[tuple[str, torch.nn.Module]]:
    """The modules that are part of no other one, each by the first of its names."""
    modules: dict[int, tuple[str, torch.nn.Module]] = {}
    for name, thing in [*variables, *things_in_containers(variables)]:
        if isinstance(thing, torch.nn.Module):
            modules.setdefault(id(thing), (name, thing))
    parts = {
        id(part)
        for _, module in modules.values()
        for part in module.modules()
        if part is not module
    }
    return [modules[number] for number in modules if number not in parts]


def path_names(
    scope: Sequence[tuple[str, torch.nn.Module]], ran: Sequence[Model]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The names of what lies at each path of each model: of those in scope, and of those that ran.
    These have none if a model in scope has them, or another one that ran."""
    alive = [model.module() for model in ran]
    inner = {id(part) for _, module in scope for part in module.modules()}
    inner |= {
        id(part)
        for each in alive
        if each is not None
        for part in each.modules()
        if part is not each
    }
    titles: list[tuple[str, str, list[str]]] = [
        (name, type(module).__name__, [path for path, _ in tensors_by_path(module)])
        for name, module in scope
    ]
    titles += [
        ("", model.kind, [] if module is not None and id(module) in inner else list(model.paths))
        for model, module in zip(ran, alive, strict=True)
    ]
    shared = Counter(path for _, _, paths in titles for path in paths)
    kinds = Counter(kind for name, kind, paths in titles if paths and not name)
    met: Counter[str] = Counter()
    found = []
    for name, kind, paths in titles:
        title = name or kind.lower()
        if paths and not name and kinds[kind] > 1:
            met[kind] += 1
            title += str(met[kind])
        found.append({path: path if shared[path] == 1 else f"{title}.{path}" for path in paths})
    return found[: len(scope)], found[len(scope) :]


def names_of_models(
    namespace: Mapping[str, Any], ran: Sequence[Model]
) -> Iterator[tuple[str, int]]:
    """The names of what the models that ran hold, each with its place."""
    _, named = path_names(scope_of(public_in(namespace)), ran)
    for model, names in zip(ran, named, strict=True):
        for path, name in names.items():
            yield name, model.paths[path]
