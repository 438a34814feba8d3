"""Reading what PyTorch keeps: tensors, and the autograd nodes behind them.

Nodes are walked with a list, never by recursion, and held while that lasts. Nothing here
changes a graph, runs it, or unpacks what someone's hook has packed.
"""

import heapq
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, TypeGuard

import torch
from torch.utils._python_dispatch import _disable_current_modes

from ..graph import Saved, Value

KEPT_NUMBERS = 64  # of a tensor with more elements, only shape and dtype are kept
PLAIN_NODE = re.compile(r"\w+Backward\d+")
INTEGERS = frozenset([int])
NOT_TOLD = object()
WIDE = {torch.float32, torch.float64, torch.complex64, torch.complex128}
# How many modes there are; if PyTorch does not tell, there may be one.
modes: Callable[[], int] = getattr(torch._C, "_len_torch_dispatch_stack", lambda: 1)
modes_of_export: Callable[[], int] = getattr(
    torch._ops, "_len_torch_dispatch_stack_pre_dispatch", lambda: 1
)
DEEP = 500  # chains longer than this are freed in steps, see free_in_steps


class OutputMetadata(Protocol):
    """What a node keeps of one of its outputs."""

    @property
    def shape(self) -> Iterable[Any]: ...  # of int, or of what torch.compile calculates with
    @property
    def dtype(self) -> torch.dtype: ...
    @property
    def device(self) -> torch.device: ...


class AutogradNode(Protocol):
    """What is used of a node. ``torch.autograd.graph.Node`` says less, and the nodes that PyTorch
    makes do not inherit from it."""

    @property
    def next_functions(self) -> tuple[tuple["AutogradNode | None", int], ...]: ...
    @property
    def metadata(self) -> dict[Any, Any]: ...
    @property
    def _input_metadata(self) -> list[OutputMetadata]: ...
    def name(self) -> str: ...
    def register_hook(self, hook: Callable[..., Any], /) -> Any: ...
    def register_prehook(self, hook: Callable[..., Any], /) -> Any: ...
    def _sequence_nr(self) -> int: ...
    def __call__(self, *gradients: torch.Tensor) -> Any: ...


class LeafNode(AutogradNode, Protocol):
    """The node at which gradients of a leaf tensor are added up."""

    @property
    def variable(self) -> torch.Tensor: ...


# -- Reading tensors ------------------------------------------------------------------------


class quiet(AbstractContextManager[None]):
    """Read tensors unseen by anyone's modes, subclasses and hooks, and without recording.

    It is entered for everything that is read, so it costs little where there is no mode.
    """

    def __enter__(self) -> None:
        self._functions = torch._C.DisableTorchFunction()
        self._functions.__enter__()
        self._modes: AbstractContextManager[Any] | None = None
        if modes() or modes_of_export():
            self._modes = _disable_current_modes()
            self._modes.__enter__()
        self._records = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)

    def __exit__(self, *problem: Any) -> None:
        torch._C._set_grad_enabled(self._records)
        if self._modes is not None:
            self._modes.__exit__(None, None, None)
        self._functions.__exit__(None, None, None)


def value_of(tensor: torch.Tensor) -> Value:
    """Shape and dtype, and the numbers if they are few and can be read."""
    kind = kind_of(tensor)
    if not is_plain(tensor) or tensor.layout != torch.strided or tensor.numel() > KEPT_NUMBERS:
        return kind
    try:
        numbers: Any = tensor.tolist()
    except (RuntimeError, NotImplementedError, ValueError):  # on the meta device, or wrapped
        return kind
    if not kind.shape:
        return Value((), kind.dtype, (numbers,))
    for _ in kind.shape[1:]:
        numbers = itertools.chain.from_iterable(numbers)
    return Value(kind.shape, kind.dtype, tuple(numbers))


def kind_of(kind: OutputMetadata | torch.Tensor) -> Value:
    """Shape and dtype of a tensor, or of one of a node's outputs. A length that torch calculates
    with is not asked for its number, which would bind what is being compiled to it."""
    try:
        shape = tuple(kind.shape)
    except (RuntimeError, AttributeError):  # strided nested tensors have no one shape
        shape = ()
    if not INTEGERS.issuperset(map(type, shape)):
        shape = tuple(each if isinstance(each, int) else str(each) for each in shape)
    return kind_called(shape, kind.dtype)


@lru_cache(maxsize=4096)
def kind_called(shape: tuple[int | str, ...], dtype: torch.dtype) -> Value:
    return Value(shape, str(dtype).removeprefix("torch."))


def is_plain(tensor: torch.Tensor) -> bool:
    """Whether it is one block of numbers, which can be read without running code of its class: that
    may do anything, such as making a symbol for each number while a program is exported."""
    kind = type(tensor)
    if tensor.is_nested:
        return False
    return kind is torch.Tensor or kind.__torch_dispatch__ is torch.Tensor.__torch_dispatch__


def norm_of(tensor: torch.Tensor) -> float | None:
    """The Euclidean norm; None if it cannot be had."""
    if tensor.is_meta or not is_plain(tensor):
        return None
    try:
        if tensor.layout != torch.strided:
            tensor = tensor.coalesce().values() if tensor.is_sparse else tensor.values()
        wide = tensor if tensor.dtype in WIDE else tensor.to(torch.float32)
        return float(torch.linalg.vector_norm(wide))
    except (RuntimeError, NotImplementedError):  # of a type that has none
        return None


def gradient_of(tensor: torch.Tensor) -> Value:
    """A gradient: of one with too many numbers, its norm."""
    value = value_of(tensor)
    if value.numbers is not None:
        return value
    return Value(value.shape, value.dtype, None, norm_of(tensor))


def grad_fn_of(tensor: Any) -> AutogradNode | None:
    """Its node, or None; also where PyTorch refuses to make one, for a view of a changed base."""
    try:
        node: AutogradNode | None = getattr(tensor, "grad_fn", None)
        return node
    except RuntimeError:
        return None


def is_leaf_tensor(tensor: torch.Tensor) -> bool:
    """Whether it requires a gradient and was not computed."""
    try:
        return tensor.requires_grad and tensor.grad_fn is None
    except RuntimeError:  # see grad_fn_of: what is refused is no leaf
        return False


def has_hooks(tensor: torch.Tensor) -> bool:
    """Whether someone asked to be called when its gradient arrives."""
    return bool(tensor._backward_hooks) or bool(tensor._post_accumulate_grad_hooks)


def grad_version(leaf: LeafNode) -> int | None:
    """How often a leaf's ``.grad`` was written; None if there is none."""
    grad = leaf.variable.grad
    return None if grad is None else version_of(grad)


def bytes_of(tensor: torch.Tensor) -> int:
    """Of its elements; 0 if they are not all in one place."""
    if not is_plain(tensor) or tensor.layout != torch.strided:
        return 0
    return tensor.numel() * tensor.element_size()


def storage_of(tensor: torch.Tensor) -> int | None:
    try:
        address: int = tensor.untyped_storage()._cdata
        return address
    except (RuntimeError, NotImplementedError):
        return None


def version_of(tensor: torch.Tensor) -> int:
    try:
        version: int = tensor._version
        return version
    except RuntimeError:  # tensors made in inference mode count no writes
        return 0


def tensors_in(thing: Any) -> list[torch.Tensor]:
    """The tensors of an argument or a result, in order, each place counted. The parameters of a
    lazy module are none before they have a shape."""
    if isinstance(thing, torch.Tensor):
        return [] if torch.nn.parameter.is_lazy(thing) else [thing]
    parts: Iterable[Any] = ()  # past what a class of the program's own makes of looking into it
    if isinstance(thing, dict):
        parts = dict.values(thing)
    elif isinstance(thing, list):
        parts = list.__iter__(thing)
    elif isinstance(thing, tuple) and not isinstance(thing, torch.Size):
        parts = tuple.__iter__(thing)
    return [tensor for part in parts for tensor in tensors_in(part)]


# -- Reading nodes --------------------------------------------------------------------------


def nodes_below(roots: Iterable[AutogradNode]) -> list[AutogradNode]:
    """Every node that can be reached, each once, in no particular order."""
    reached: dict[AutogradNode, bool] = {}
    todo = list(roots)
    while todo:
        node = todo.pop()
        if node not in reached:
            reached[node] = True
            todo.extend(target for target, _ in node.next_functions if target is not None)
    return list(reached)


def is_leaf(node: AutogradNode) -> TypeGuard[LeafNode]:
    return type(node).__name__ == "AccumulateGrad"


def sequence_number(node: AutogradNode) -> int:
    """Counts the nodes that this thread has made; -1 for leaves, which are not made by a call."""
    return -1 if is_leaf(node) else node._sequence_nr()


def forward_order(nodes: list[AutogradNode]) -> list[AutogradNode]:
    """Inputs before what was computed from them; otherwise as they were recorded, and leaves
    where they were first used."""
    place = {node: number for number, node in enumerate(nodes)}
    waiting = [0] * len(nodes)
    users: list[list[int]] = [[] for _ in nodes]
    key: dict[int, tuple[int, int, int]] = {}
    for number, node in enumerate(nodes):
        if is_leaf(node):
            continue
        sequence, inputs = node._sequence_nr(), node.next_functions
        key[number] = sequence, len(inputs), number
        targets: dict[int, bool] = {}
        for index, (target, _) in enumerate(inputs):
            if target is not None and (below := place[target]) not in targets:
                targets[below] = True
                users[below].append(number)
                if is_leaf(target):
                    use = sequence, index, number
                    key[below] = min(use, key.get(below, use))
        waiting[number] = len(targets)
    ready = [(key[number], number) for number, count in enumerate(waiting) if not count]
    heapq.heapify(ready)
    ordered = []
    while ready:
        _, number = heapq.heappop(ready)
        ordered.append(nodes[number])
        for user in users[number]:
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, (key[user], user))
    return ordered


def free_in_steps(ordered: list[AutogradNode], roots: Iterable[AutogradNode]) -> None:
    """Let a deep graph be freed without exhausting the stack.

    Once Python has seen its nodes, PyTorch frees a chain of them recursively (what it does about
    that, https://github.com/pytorch/pytorch/pull/6873, holds for C++ alone), when the reader
    drops the last tensor, which may be long after drawing. A node that holds those below it,
    nearest last, has them freed one by one. Roots, and nodes at every DEEP-th step of depth,
    hold what is below them anyway up to the next such nodes, so nothing lives longer.
    """
    depth: dict[AutogradNode, int] = {}
    for node in ordered:
        deepest = 0
        for target, _ in node.next_functions:
            if target is not None and depth[target] > deepest:
                deepest = depth[target]
        depth[node] = deepest + 1
    if max(depth.values(), default=0) < DEEP:
        return
    for node in {*roots, *(node for node in ordered if depth[node] % DEEP == 0)}:
        near: dict[AutogradNode, bool] = {}
        todo = [node]
        while todo and len(near) < 4 * DEEP:
            for target, _ in todo.pop(0).next_functions:
                if target is not None and target not in near:
                    near[target] = True
                    if depth[target] % DEEP:
                        todo.append(target)
        node.metadata["autograd_atlas.below"] = list(reversed(near))


# By the class of a node, what it may keep: where PyTorch keeps it, its name, where it is read.
_saved_names: dict[type, list[tuple[str, str, str]]] = {}


class SavedSlot(NamedTuple):
    """One thing that a node keeps, which is not read yet."""

    name: str  # "self" for _saved_self
    saved: Any  # a torch._C._autograd.SavedTensor
    attribute: str  # of the node, from which the tensor itself is read,
    place: int | None  # and in that, if it is a tuple

    def state(self) -> str:
        """ "kept" if reading it runs no one's hook, "packed" if it would (to read what
        checkpointing saved computes it again), "unknown" if PyTorch does not tell."""
        # https://github.com/pytorch/pytorch/pull/164358, which came with PyTorch 2.10
        hook = getattr(self.saved, "unpack_hook", NOT_TOLD)
        if hook is NOT_TOLD:
            return "unknown"
        return "kept" if hook is None else "packed"


def saved_names(node: AutogradNode) -> Iterator[tuple[str, str, str]]:
    custom = isinstance(node, torch.autograd.function.BackwardCFunction)
    for raw in sorted(name for name in dir(node) if name.startswith("_raw_saved_")):
        short = raw.removeprefix("_raw_saved_")
        yield raw, short, "saved_tensors" if custom else f"_saved_{short}"


def saved_by(node: AutogradNode) -> Iterator[SavedSlot]:
    """What a node keeps, by name."""
    kind = type(node)
    if kind not in _saved_names:
        _saved_names[kind] = list(saved_names(node))
    for raw, short, attribute in _saved_names[kind]:
        try:
            saved = getattr(node, raw)
        except RuntimeError:  # a list of them, freed
            continue
        if isinstance(saved, tuple):
            for place, each in enumerate(saved):
                part = f"{short}[{place}]" if len(saved) > 1 else short
                yield SavedSlot(part, each, attribute, place)
        elif saved is not None:
            yield SavedSlot(short, saved, attribute, None)


def saved_values(node: AutogradNode) -> list[tuple[Saved, torch.Tensor | None]]:
    """What a node keeps now, each with the tensor itself, to find its name. Nothing is unpacked
    that a hook has packed."""
    values: list[tuple[Saved, torch.Tensor | None]] = []
    for slot in saved_by(node):
        if (state := slot.state()) != "kept":
            values.append((Saved(slot.name, state=state), None))
            continue
        try:
            tensor = getattr(node, slot.attribute)
        except RuntimeError as problem:
            state = "changed" if "inplace" in str(problem) else "freed"
            values.append((Saved(slot.name, state=state), None))
            continue
        tensor = tensor if slot.place is None else tensor[slot.place]
        if isinstance(tensor, torch.Tensor):
            memory = bytes_of(tensor), storage_of(tensor)
            values.append((Saved(slot.name, value_of(tensor), None, "kept", None, *memory), tensor))
    return values


def local_derivatives(node: AutogradNode) -> list[float | None]:
    """For each input of a node, the derivative of its output, if both are one real number.

    Asked of the node itself, if it is one of PyTorch's own for a single operation: a custom
    function may do anything when it runs.
    """
    inputs = len(node.next_functions)
    unknown: list[float | None] = [None] * inputs
    if not inputs:
        return unknown
    kinds = node._input_metadata
    kind = kinds[0] if len(kinds) == 1 else None
    if kind is None or not is_one_number(kind_of(kind)) or not kind.dtype.is_floating_point:
        return unknown
    if type(node).__module__ != "builtins" or not PLAIN_NODE.fullmatch(node.name()):
        return unknown
    if any(slot.state() != "kept" for slot in saved_by(node)):
        return unknown
    try:
        answer = node(torch.ones(tuple(kind.shape), dtype=kind.dtype, device=kind.device))
        answers = answer if isinstance(answer, tuple) else (answer,)
        return [number_of(one) for one in answers[:inputs]] + unknown[len(answers) :]
    except RuntimeError:  # a saved tensor was freed or changed, or has no numbers
        return unknown


def number_of(derivative: torch.Tensor | None) -> float | None:
    if derivative is None or derivative.numel() != 1 or derivative.is_complex():
        return None
    return float(derivative.item())


def is_one_number(value: Value) -> bool:
    return all(length == 1 for length in value.shape)


def key_of(tensor: torch.Tensor) -> tuple[int, int]:
    """What stays the same of a tensor that a node gives back as another object."""
    node = grad_fn_of(tensor)
    return (id(tensor), -1) if node is None else (id(node), tensor.output_nr)
