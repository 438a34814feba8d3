"""Watching code while it runs: the calls as they are written, the values, the modules around
them, and what the engine sends along every edge.

A recording never runs ``backward`` by itself, and keeps neither tensors nor nodes alive: what
it learns of a node is kept in that node's own ``metadata``, and goes with it.
"""

import ast
import inspect
import itertools
import linecache
import sys
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode, resolve_name

from .graph import Argument, Block, Value
from .nodes import (
    AutogradNode,
    forward_order,
    free_in_steps,
    is_leaf,
    local_derivative,
    named_tensors,
    nodes_below,
    saved_values,
    tensors_in,
    value_of,
    version_of,
)

turns = itertools.count()  # of all engines' steps

# Calls that calculate nothing, though they may give a tensor back:
NO_CALLS = {"torch.Tensor.grad.__get__", "torch.Tensor._grad.__get__", "torch.Tensor.backward"}


@dataclass
class Seen:
    """What a recording knows of one tensor between two writes."""

    value: Value
    root: int  # the first of the same object's
    primes: int = 0
    name: str | None = None
    leaf: bool = False
    held: bool = False  # by a module
    requires_grad: bool = False
    made_by: int | None = None  # a call
    changed_by: int | None = None


@dataclass
class Made:
    """What a recording knows of one call."""

    name: str
    arguments: list[Argument]
    options: tuple[str, ...]
    source: str
    line: int
    block: int | None
    first: int  # the sequence numbers of the nodes that it recorded:
    after: int  # from first, before after
    outputs: list[int] = field(default_factory=list)


def full_name(func: Any) -> str:
    return resolve_name(func) or getattr(func, "__name__", type(func).__name__)


def call_name(func: Any) -> str:
    """``mul`` for ``torch.Tensor.mul``, ``T`` for ``torch.Tensor.T.__get__``."""
    parts = full_name(func).split(".")
    if parts[-1] in ("__get__", "__set__") and len(parts) > 1:
        return parts[-2]
    return parts[-1]


def short_text(thing: Any) -> str:
    """An argument that is no tensor, as it would be written, without what is inside of it."""
    if isinstance(thing, (bool, int, float, complex, str)) or thing is None or thing is ...:
        return "..." if thing is ... else repr(thing)
    if isinstance(thing, slice):
        parts = ["" if each is None else short_text(each) for each in (thing.start, thing.stop)]
        step = "" if thing.step is None else f":{short_text(thing.step)}"
        return f"{parts[0]}:{parts[1]}{step}"
    if isinstance(thing, (torch.dtype, torch.device)):
        return str(thing).removeprefix("torch.")
    if isinstance(thing, (list, tuple)) and len(thing) <= 6:
        inner = ", ".join(
            "·" if isinstance(each, torch.Tensor) else short_text(each) for each in thing
        )
        return f"({inner})"
    return "…"


class Recording:
    """Watches the code that runs inside its ``with`` block.

    >>> import torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> with Recording() as recording:
    ...     y = x * x
    ...     y.backward()
    >>> from autograd_atlas import record
    >>> graph = record.of([y], {"x": x, "y": y}, recording)
    >>> graph.calls[0].name, graph.tensors[graph.roots[0].tensor].value.numbers
    ('mul', (4.0,))
    >>> [edge.sent.numbers for edge in graph.edges]
    [(2.0,), (2.0,)]

    ``file`` is the program whose variables give names and whose lines are noted; by default
    that of the ``with`` statement. A recording can be used once.
    """

    def __init__(self, file: str | None = None) -> None:
        self.file = file
        self.seen: list[Seen] = []
        self.calls: list[Made] = []
        self.blocks: list[Block] = []
        self.runs = 0  # of the engine
        self._known: dict[int, tuple[weakref.ref, int, int]] = {}  # by id: tensor, seen, version
        self._writers: dict[int, int] = {}  # by storage: the tensor that was last written there
        self._modules: list[tuple[torch.nn.Module, int]] = []  # that are running, with blocks
        self._paths: dict[torch.nn.Module, dict[int, str]] = {}
        self._buffers: set[int] = set()  # of the outermost module that is running
        self._active = False
        self._inside = 0  # of a call, of the engine, or of our own reading
        self._running: list[int] = []  # runs of the engine can be nested
        self._undo: list[Any] = []

    def __enter__(self) -> "Recording":
        if self.runs or self.seen or self._active:
            raise RuntimeError("a Recording can be used once; make a new one")
        if self.file is None:
            self.file = sys._getframe(1).f_code.co_filename
        self._active = True
        self._paths = weakref.WeakKeyDictionary()
        hooks = torch.nn.modules.module
        before = hooks.register_module_forward_pre_hook(self._enter_module)
        after = hooks.register_module_forward_hook(self._leave_module, always_call=True)
        self._undo = [before.remove, after.remove, watch_engine(self), watch_functions(self)]
        self._mode = Watch(self)
        self._mode.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._mode.__exit__(*exception)
        for undo in reversed(self._undo):
            undo()
        self._active = False
        self._modules.clear()

    def notes(self, node: AutogradNode) -> dict[str, Any]:
        """What this recording knows of a node."""
        return node.metadata.setdefault(self, {})

    # -- tensors

    def see(self, tensor: torch.Tensor, made_by: int | None = None) -> int:
        """The place in ``seen`` of what this tensor is now; a new one if it was written."""
        entry = self._known.get(id(tensor))
        before = entry[1] if entry and entry[0]() is tensor else None
        version = version_of(tensor)
        if before is not None and made_by is None:
            old = self.seen[before]
            if entry[2] == version and not self._changed_silently(tensor, old.value):
                old.requires_grad = tensor.requires_grad
                old.leaf = tensor.is_leaf and tensor.requires_grad
                return before
        place = len(self.seen)
        new = Seen(value_of(tensor), place, made_by=made_by)
        new.requires_grad = tensor.requires_grad
        new.held = isinstance(tensor, torch.nn.Parameter) or id(tensor) in self._buffers
        new.leaf = tensor.is_leaf and tensor.requires_grad
        storage = self._storage(tensor)
        if before is not None:
            old = self.seen[before]
            new.root, new.primes, new.name = old.root, old.primes + 1, old.name
            if made_by is None and self._writers.get(storage, -1) > before:
                new.changed_by = self._writers[storage]
        self.seen.append(new)
        if made_by is not None and before is not None and storage is not None:
            self._writers[storage] = place
        self._known[id(tensor)] = (weakref.ref(tensor), place, version)
        if tensor.grad_fn is not None:
            self.notes(tensor.grad_fn).setdefault("tensors", {})[tensor.output_nr] = place
        return place

    @staticmethod
    def _storage(tensor: torch.Tensor) -> int | None:
        try:
            return tensor.untyped_storage()._cdata
        except (RuntimeError, NotImplementedError):
            return None

    @staticmethod
    def _changed_silently(tensor: torch.Tensor, old: Value) -> bool:
        """Through ``.data``, say, which counts no writes."""
        return old.numbers is not None and repr(value_of(tensor)) != repr(old)

    def place_of(self, tensor: torch.Tensor) -> int | None:
        """Where a tensor stands in ``seen``, if it was seen at all."""
        entry = self._known.get(id(tensor))
        return entry[1] if entry and entry[0]() is tensor else None

    def name(self, tensor: torch.Tensor, name: str, *, anew: bool = False) -> None:
        place = self.place_of(tensor)
        if place is None or not (anew or self.seen[place].name is None):
            return
        root = self.seen[place].root
        for each in self.seen[root : place + 1]:
            if each.root == root:
                each.name = name

    # -- calls

    def call(self, func: Any, name: str, args: tuple, kwargs: dict) -> Any:
        """Run ``func``, and note what it was given, gave back and wrote."""
        if self._inside or not self._active:
            return func(*args, **kwargs)
        frame = self._program_frame()
        self._inside += 1
        try:
            self._take_names(frame)
            given = list(tensors_in((args, kwargs)))
            places = [self.see(each) for each in given]
            versions = [version_of(each) for each in given]
            numbers = [self.seen[place].value for place in places]
            source, line = where(frame)
            arguments, options = described(args, kwargs, places, name, source)
            first = torch.autograd._get_sequence_nr()
            result = func(*args, **kwargs)
            after = torch.autograd._get_sequence_nr()
            written = [
                each
                for each, version, old in zip(given, versions, numbers)
                if version_of(each) != version or self._changed_silently(each, old)
            ]
            block = self._modules[-1][1] if self._modules else None
            made = Made(name, arguments, options, source, line, block, first, after)
            self._note(made, places, written, result)
            return result
        finally:
            self._inside -= 1

    def _note(
        self, call: Made, places: list[int], written: list[torch.Tensor], result: Any
    ) -> None:
        """Keep the call, if it made a tensor or wrote one."""
        changed = {id(each) for each in written}
        made: list[torch.Tensor] = []
        for each in itertools.chain(tensors_in(result), written):
            same = self.place_of(each) in places and id(each) not in changed
            if not same and not any(each is other for other in made):
                made.append(each)
        if made:
            self.calls.append(call)
            call.outputs = [self.see(each, made_by=len(self.calls) - 1) for each in made]

    def _program_frame(self) -> FrameType | None:
        """The innermost frame of the program that is being recorded."""
        frame = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename != self.file:
            frame = frame.f_back
        return frame

    def _take_names(self, frame: FrameType | None) -> None:
        """Variables are rebound, so their names are taken while they hold."""
        while frame is not None:
            if frame.f_code.co_filename == self.file:
                variables = frame.f_locals
                found = {n: v for n, v in variables.items() if isinstance(v, torch.Tensor)}
                for name, value in found.items():
                    if not name.startswith("_"):
                        self.name(value, name)
                if variables is not frame.f_globals and isinstance(variables, dict):
                    # Before Python 3.13 these are copies, which a function's frame would keep.
                    for name in found if frame.f_code.co_flags & inspect.CO_OPTIMIZED else ():
                        del variables[name]
            frame = frame.f_back

    # -- modules

    def _enter_module(self, module: torch.nn.Module, inputs: Any) -> None:
        if self._inside:
            return
        outer = self._modules[0][0] if self._modules else module
        if outer is module:
            self._buffers = {id(each) for each in module.buffers()}
        if outer not in self._paths:
            self._paths[outer] = {id(each): path for path, each in outer.named_modules()}
        path = self._paths[outer].get(id(module), "")
        parent = self._modules[-1][1] if self._modules else None
        self.blocks.append(Block(path, type(module).__name__, parent))
        self._modules.append((module, len(self.blocks) - 1))

    def _leave_module(self, module: torch.nn.Module, inputs: Any, output: Any) -> None:
        if not self._inside and self._modules and self._modules[-1][0] is module:
            self._modules.pop()

    # -- the engine

    def before_engine(self, roots: Sequence[Any]) -> None:
        """Have every node note what it receives and sends."""
        self.runs += 1
        self._running.append(self.runs)
        starts = [getattr(root, "grad_fn", None) or getattr(root, "node", None) for root in roots]
        starts = [start for start in starts if start is not None]
        nodes = nodes_below(starts)
        free_in_steps(forward_order(nodes), starts)
        for node in nodes:
            notes = self.notes(node)
            notes["saved"] = saved_values(node)
            notes["local"] = [local_derivative(node, n) for n in range(len(node.next_functions))]
            if not notes.get("watched"):
                notes["watched"] = True
                self._watch(node, notes)

    def _watch(self, node: AutogradNode, notes: dict[str, Any]) -> None:
        """The hooks hold the node's notes, and not the node, which holds its hooks."""

        def arrives(received: tuple) -> None:
            if self._active:
                self._inside += 1
                notes["run"] = self._running[-1]
                notes["turn"] = next(turns)
                notes["received"] = [None if each is None else value_of(each) for each in received]
                notes.pop("sent", None)
                self._inside -= 1

        def leaves(sent: tuple, received: tuple) -> None:
            if self._active:
                self._inside += 1
                notes["sent"] = [None if each is None else value_of(each) for each in sent]
                self._inside -= 1

        node.register_prehook(arrives)
        if not is_leaf(node):
            node.register_hook(leaves)

    def names(self, namespace: Mapping[str, Any]) -> None:
        """Take names from where the program stands now; they go before names inside functions."""
        for name, tensor in reversed(list(named_tensors(namespace))):
            self.name(tensor, name, anew=True)


class Watch(TorchFunctionMode):
    """Sees every call that goes through torch's public functions."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self.recording = recording

    def __torch_function__(self, func, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        if full_name(func) in NO_CALLS:
            return func(*args, **(kwargs or {}))
        return self.recording.call(func, call_name(func), args, kwargs or {})


def watch_engine(recording: Recording) -> Any:
    """Be told before the engine runs. All ways to ``backward`` lead through one function, which
    is looked up in two modules."""
    places = [torch.autograd, torch.autograd.graph]
    original = torch.autograd.graph._engine_run_backward

    def run(t_outputs: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        recording._inside += 1
        try:
            recording.before_engine(t_outputs)
            return original(t_outputs, *args, **kwargs)
        finally:
            recording._running.pop()
            recording._inside -= 1

    def undo() -> None:
        for place in places:
            place._engine_run_backward = original

    for place in places:
        place._engine_run_backward = run
    return undo


def watch_functions(recording: Recording) -> Any:
    """Custom functions are invisible to torch's modes: ``apply`` is watched in their place."""
    base = torch.autograd.Function
    original = vars(base)["apply"]

    def apply(cls: type, *args: Any, **kwargs: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            return original.__func__(cls, *args, **kwargs)

        return recording.call(run, cls.__name__, args, kwargs)

    base.apply = classmethod(apply)

    def undo() -> None:
        base.apply = original

    return undo


def where(frame: FrameType | None) -> tuple[str, int]:
    """The expression that is being computed in a frame, and its line."""
    if frame is None:
        return "", 0
    positions = frame.f_code.co_positions()
    first, last, start, end = next(itertools.islice(positions, frame.f_lasti // 2, None))
    lines = source_lines(frame)
    if None in (first, last, start, end) or last > len(lines):
        return "", frame.f_lineno
    text = [line.encode() for line in lines[first - 1 : last]]
    text[-1] = text[-1][:end]
    text[0] = text[0][start:]
    return " ".join(part.decode().strip() for part in text), first


def source_lines(frame: FrameType) -> list[str]:
    return linecache.getlines(frame.f_code.co_filename, frame.f_globals)


# Python hands "3 * v" over as "v times 3"; the source tells which stood first.
SWAPPED = {"mul": ast.Mult, "add": ast.Add}
REFLECTED = {
    "__rsub__": "sub", "rsub": "sub", "__rdiv__": "div", "__rtruediv__": "div", "__rpow__": "pow",
    "__radd__": "add", "__rmul__": "mul", "__rmatmul__": "matmul",
}  # fmt: skip
ARITHMETIC = {
    "add", "sub", "mul", "div", "true_divide", "pow", "maximum", "minimum", "__pow__",
    "add_", "sub_", "mul_", "div_", "__iadd__", "__isub__", "__imul__", "__idiv__", "__ipow__",
    "subtract", "multiply", "divide", "eq", "ne", "lt", "le", "gt", "ge", "fmod", "remainder",
}  # fmt: skip


def described(
    args: tuple, kwargs: dict, places: list[int], name: str, source: str
) -> tuple[list[Argument], tuple[str, ...]]:
    """What a call was given, in the order in which it was written."""
    left = iter(places)
    arguments: list[Argument] = []
    options: list[str] = []
    arithmetic = name in ARITHMETIC or name in REFLECTED
    for keyword, thing in [*(("", each) for each in args), *kwargs.items()]:
        inside = list(tensors_in(thing))
        if inside:
            arguments += [Argument(tensor=next(left)) for _ in inside]
            if not isinstance(thing, (torch.Tensor, list)) and isinstance(thing, tuple):
                if len(inside) < len(thing):
                    options.append(short_text(thing))
        elif arithmetic and not keyword and isinstance(thing, (bool, int, float, complex)):
            arguments.append(Argument(text=repr(thing)))
        elif not (keyword == "" and isinstance(thing, type)):
            text = short_text(thing)
            options.append(f"{keyword}={text}" if keyword else text)
    if len(arguments) == 2 and (name in REFLECTED or was_swapped(arguments, name, source)):
        arguments.reverse()
    return arguments, tuple(options)


def was_swapped(arguments: list[Argument], name: str, source: str) -> bool:
    if name not in SWAPPED or arguments[0].tensor is None or arguments[1].tensor is not None:
        return False
    try:
        expression = ast.parse(source, mode="eval").body
    except SyntaxError:
        return False
    if not isinstance(expression, ast.BinOp) or not isinstance(expression.op, SWAPPED[name]):
        return False
    return isinstance(expression.left, ast.Constant) or (
        isinstance(expression.left, ast.UnaryOp)
        and isinstance(expression.left.operand, ast.Constant)
    )
