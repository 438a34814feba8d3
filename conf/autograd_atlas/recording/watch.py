"""Watching code while it runs: the calls as they are written, the values, the modules around
them, and what the engine sends along every edge.

A recording never runs ``backward`` by itself, and keeps neither tensors nor nodes alive: what
it learns of a node is kept in that node's own ``metadata``, and goes with it.
"""

import ast
import contextlib
import inspect
import itertools
import linecache
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode, resolve_name

from ..graph import Argument, Block, Value
from .nodes import (
    AutogradNode,
    forward_order,
    free_in_steps,
    grad_fn_of,
    grad_version,
    has_hooks,
    is_leaf,
    is_leaf_tensor,
    local_derivative,
    named_tensors,
    nodes_below,
    quiet,
    saved_values,
    storage_of,
    tensors_in,
    value_of,
    version_of,
)

turns = itertools.count()  # of all engines' steps

# Calls that calculate nothing, though they may give a tensor back, and are asked for often:
NO_CALLS = {f"torch.Tensor.{name}" for name in ("backward", "size", "dim", "numel", "stride")}
NO_CALLS |= {
    f"torch.Tensor.{name}.__get__"
    for name in ("grad", "_grad", "shape", "dtype", "device", "layout", "ndim", "is_leaf",
                 "grad_fn", "requires_grad", "_version", "_base", "is_sparse", "retains_grad")
}  # fmt: skip


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
    after: int = 0  # from first, before after
    outputs: list[int] = field(default_factory=list)


@lru_cache(maxsize=1024)
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
    """Watches the code that runs inside its ``with`` block, in the thread that entered it.

    >>> import torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> with Recording() as recording:
    ...     y = x * x
    ...     y.backward()
    >>> from autograd_atlas.recording import record
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
        self.complete: list[bool] = []  # of each run of the engine, whether it came to its end
        self._known: dict[int, tuple[weakref.ref, int, int]] = {}  # by id: tensor, seen, version
        self._writers: dict[int, int] = {}  # by storage: the tensor that was last written there
        self._modules: list[Running] = []
        self._paths: dict[torch.nn.Module, dict[int, str]] = weakref.WeakKeyDictionary()
        self._buffers: set[int] = set()  # of the outermost module that is running
        self._thread = 0
        self._active = False
        self.starts: list[int] = []  # of each run of the engine, at how many nodes it began
        self.hooked = False  # whether someone's hook took part in a run of the engine
        self._inside = 0  # of a call, of the engine, or of our own reading
        self._running: list[int] = []  # runs of the engine can be nested

    def __enter__(self) -> "Recording":
        if self._thread:
            raise RuntimeError("a Recording can be used once; make a new one")
        frame = sys._getframe(1)
        while frame.f_code.co_filename == contextlib.__file__:  # entered by an ExitStack
            frame = frame.f_back
        self.file = self.file or frame.f_code.co_filename
        self._thread = threading.get_ident()
        self._active = True
        watch_torch(self)
        self._mode = Watch(self)
        self._mode.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._mode.__exit__(*exception)
        self._active = False
        self._modules.clear()
        unwatch_torch(self)

    def notes(self, node: AutogradNode) -> dict[str, Any]:
        """What this recording knows of a node."""
        return node.metadata.setdefault(self, {})

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Do something that is not part of the program."""
        self._inside += 1
        try:
            with quiet():
                yield
        finally:
            self._inside -= 1

    def watches(self) -> bool:
        """Whether what happens now is part of the program."""
        here = self._active and not self._inside and threading.get_ident() == self._thread
        return here and torch._C._get_tracing_state() is None

    # -- tensors

    def see(self, tensor: torch.Tensor, made_by: int | None = None) -> int:
        """The place in ``seen`` of what this tensor is now; a new one if it was written."""
        before = self.place_of(tensor)
        if before is not None and made_by is None and not self._changed(tensor, before):
            old = self.seen[before]
            old.requires_grad = tensor.requires_grad
            old.leaf = is_leaf_tensor(tensor)
            return before
        place = len(self.seen)
        new = Seen(value_of(tensor), place, made_by=made_by)
        new.requires_grad = tensor.requires_grad
        new.held = isinstance(tensor, torch.nn.Parameter) or id(tensor) in self._buffers
        new.leaf = is_leaf_tensor(tensor)
        storage = storage_of(tensor)
        if before is not None:
            old = self.seen[before]
            new.root, new.primes, new.name = old.root, old.primes + 1, old.name
            if made_by is None:
                writer = self._writers.get(storage, -1)
                new.changed_by = max(before, writer)
        self.seen.append(new)
        if made_by is not None and before is not None and storage is not None:
            self._writers[storage] = place
        self._known[id(tensor)] = (weakref.ref(tensor), place, version_of(tensor))
        if (node := grad_fn_of(tensor)) is not None:
            self.notes(node).setdefault("tensors", {})[tensor.output_nr] = place
        return place

    def place_of(self, tensor: torch.Tensor) -> int | None:
        """Where a tensor stands in ``seen``, if it was seen at all."""
        entry = self._known.get(id(tensor))
        return entry[1] if entry and entry[0]() is tensor else None

    def _alive(self) -> Iterator[torch.Tensor]:
        """The tensors that were seen and still are."""
        for reference, _, _ in list(self._known.values()):
            if (tensor := reference()) is not None:
                yield tensor

    def _changed(self, tensor: torch.Tensor, place: int) -> bool:
        """Whether it was written since it was seen. ``.data``, say, counts no writes."""
        if self._known[id(tensor)][2] != version_of(tensor):
            return True
        old = self.seen[place].value
        if old.numbers is None:
            return False
        new = value_of(tensor)
        return new != old and repr(new) != repr(old)  # not a number differs from itself

    def place_of_saved(self, tensor: torch.Tensor) -> int | None:
        """The same for a tensor that a node has saved, which may be another object."""
        node = grad_fn_of(tensor)
        if node is None:
            return self.place_of(tensor)
        return node.metadata.get(self, {}).get("tensors", {}).get(tensor.output_nr)

    def name(self, tensor: torch.Tensor, name: str, *, anew: bool = False) -> None:
        place = self.place_of(tensor)
        if place is None or not (anew or self.seen[place].name is None):
            return
        root = self.seen[place].root
        for each in self.seen[root : place + 1]:
            if each.root == root:
                each.name = name

    def names(self, namespace: Mapping[str, Any]) -> None:
        """Take names from where the program stands now; they go before names inside functions."""
        for name, tensor in reversed(list(named_tensors(namespace))):
            self.name(tensor, name, anew=True)

    # -- calls

    def call(self, func: Any, name: str, args: tuple, kwargs: dict) -> Any:
        """Run ``func``, and note what it was given, gave back and wrote."""
        if not self.watches():
            return func(*args, **kwargs)
        frame = self._program_frame()
        first = torch.autograd._get_sequence_nr()
        with self.aside():
            self._take_names(frame)
            given = list(tensors_in((args, kwargs)))
            places = [self.see(each) for each in given]
            own = not self._modules or self._modules[-1].frame != id(frame)
            source, position = where(frame)
            arguments, options = described(func, args, kwargs, places, name, source)
        self._inside += 1
        try:
            result = func(*args, **kwargs)
        finally:
            self._inside -= 1
        with self.aside():
            block = self._modules[-1].block if self._modules else None
            made = Made(name, arguments, options, source if own else "", position[0], block, first)
            made.after = torch.autograd._get_sequence_nr()
            written = [t for t, place in zip(given, places) if self._changed(t, place)]
            outputs = self._note(made, written, result)
            names = assigned_names(frame, position) if own and outputs else ()
            if len(names) == len(outputs):
                for each, variable in zip(outputs, names):
                    self.name(each, variable)
        return result

    def _note(self, call: Made, written: list[torch.Tensor], result: Any) -> list[torch.Tensor]:
        """Keep the call, if it made a tensor or wrote one. Gives these."""
        made: list[torch.Tensor] = []
        for each in itertools.chain(tensors_in(result), written):
            place = self.place_of(each)
            new = place is None or self._changed(each, place)
            if new and not any(each is other for other in made):
                made.append(each)
        if made:
            self.calls.append(call)
            call.outputs = [self.see(each, made_by=len(self.calls) - 1) for each in made]
        return made

    def _program_frame(self) -> FrameType | None:
        """The innermost frame of the program that is being recorded."""
        frame = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename != self.file:
            frame = frame.f_back
        return frame

    def _take_names(self, frame: FrameType | None) -> None:
        """The program's variables are rebound, so their names are taken while they hold. Those of
        functions are left alone: to read them would keep copies of them alive."""
        if frame is not None:
            for name, value in list(frame.f_globals.items()):
                if isinstance(value, torch.Tensor) and not name.startswith("_"):
                    self.name(value, name)

    # -- modules

    def enter_module(self, module: torch.nn.Module) -> None:
        if not self.watches():
            return
        outer = self._modules[0].module if self._modules else module
        if outer is module:
            self._buffers = {id(each) for each in module.buffers()}
        if outer not in self._paths:
            self._paths[outer] = {id(each): path for path, each in outer.named_modules()}
        path = self._paths[outer].get(id(module), "")
        parent = self._modules[-1].block if self._modules else None
        self.blocks.append(Block(path, type(module).__name__, parent))
        frame = id(self._program_frame())
        self._modules.append(Running(module, len(self.blocks) - 1, frame))

    def leave_module(self, module: torch.nn.Module) -> None:
        """Also of those inside that an interrupt has ended."""
        if self.watches() and any(each.module is module for each in self._modules):
            while self._modules.pop().module is not module:
                pass

    # -- the engine

    @contextlib.contextmanager
    def engine(self, roots: Sequence[Any]) -> Iterator[None]:
        """Have every node note what it receives and sends while the engine runs."""
        if not self._active or threading.get_ident() != self._thread:
            yield
            return
        number = len(self.complete)
        self.complete.append(False)
        with self.aside():
            starts = [grad_fn_of(root) or getattr(root, "node", None) for root in roots]
            starts = [start for start in starts if start is not None]
            self.hooked |= any(map(has_hooks, self._alive()))
            nodes = nodes_below(starts)
            free_in_steps(forward_order(nodes), starts)
            for node in nodes:
                self._prepare(node)
            for start in starts:
                self.notes(start).setdefault("roots", set()).add(number)
            self.starts.append(len(set(starts)))
        self._running.append(number)
        self._inside += 1
        try:
            yield
            self.complete[number] = True
            for node in filter(is_leaf, nodes):
                self.notes(node)["written"] = grad_version(node)
        finally:
            self._inside -= 1
            self._running.pop()

    def _prepare(self, node: AutogradNode) -> None:
        """Note what a first run will free, and have the node tell of every run."""
        notes = self.notes(node)
        if "runs" in notes:
            return
        runs: dict[int, Ran] = {}
        notes["runs"] = runs
        notes["local"] = [local_derivative(node, n) for n in range(len(node.next_functions))]
        notes["saved"] = {
            saved.attribute: (saved, None if tensor is None else self.place_of_saved(tensor))
            for saved, tensor in saved_values(node)
        }

        self.hooked |= any(saved.state == "packed" for saved, _ in notes["saved"].values())

        def arrives(received: tuple) -> None:
            if self._active and self._running:
                with quiet():
                    values = [None if each is None else value_of(each) for each in received]
                runs[self._running[-1]] = Ran(next(turns), values)

        def leaves(sent: tuple, received: tuple) -> None:
            if self._active and self._running and self._running[-1] in runs:
                with quiet():
                    values = [None if each is None else value_of(each) for each in sent]
                runs[self._running[-1]].sent = values

        # The hooks hold these notes, and not the node, which holds its hooks.
        node.register_prehook(arrives)
        if not is_leaf(node):
            node.register_hook(leaves)

    def ran(self, starts: Sequence[AutogradNode]) -> bool:
        """Whether a run of the engine came to its end that reached all of these."""
        reached = [set(self.notes(start).get("runs", ())) for start in starts]
        return any(self.complete[number] for number in set.intersection(*reached))

    def run_of(self, starts: Sequence[AutogradNode]) -> int | None:
        """The run of the engine to show for these roots: the newest that came to its end and
        began at all of them, or else reached all of them, or else any."""
        notes = [self.notes(start) for start in starts]
        began = [each.get("roots", set()) for each in notes]
        reached = [set(each.get("runs", ())) for each in notes]
        whole = {number for number, complete in enumerate(self.complete) if complete}
        for choice in (
            set.intersection(*began),
            set.intersection(*reached),
            set.union(*reached),
        ):
            if choice & whole:
                return max(choice & whole)
        return None


@dataclass
class Running:
    """A module that is being called, its block, and the frame of the program that called it."""

    module: torch.nn.Module
    block: int
    frame: int


@dataclass
class Ran:
    """What one node did in one run of the engine."""

    turn: int
    received: list[Value | None]
    sent: list[Value | None] = field(default_factory=list)


class Watch(TorchFunctionMode):
    """Sees every call that goes through torch's public functions."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self.recording = recording

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if full_name(func) in NO_CALLS:
            return func(*args, **(kwargs or {}))
        return self.recording.call(func, call_name(func), args, kwargs or {})


# -- Places in torch that all calls of their kind come through, watched while a recording is on

_recordings: list[Recording] = []
_undo: list[Callable[[], None]] = []


def watch_torch(recording: Recording) -> None:
    _recordings.append(recording)
    if len(_recordings) == 1:
        hooks = torch.nn.modules.module
        before = hooks.register_module_forward_pre_hook(
            lambda module, _: [each.enter_module(module) for each in _recordings] and None
        )
        after = hooks.register_module_forward_hook(
            lambda module, *_: [each.leave_module(module) for each in _recordings] and None,
            always_call=True,
        )
        _undo.extend([before.remove, after.remove, watch_engine(), watch_functions()])


def unwatch_torch(recording: Recording) -> None:
    _recordings.remove(recording)
    while _undo and not _recordings:
        _undo.pop()()


def watch_engine() -> Callable[[], None]:
    """All ways to ``backward`` lead through one function, which is looked up in two modules."""
    places = [torch.autograd, torch.autograd.graph]
    original = torch.autograd.graph._engine_run_backward

    def run(t_outputs: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        with contextlib.ExitStack() as stack:
            for recording in _recordings:
                stack.enter_context(recording.engine(t_outputs))
            return original(t_outputs, *args, **kwargs)

    def undo() -> None:
        for place in places:
            place._engine_run_backward = original

    for place in places:
        place._engine_run_backward = run
    return undo


def watch_functions() -> Callable[[], None]:
    """Custom functions are invisible to torch's modes: ``apply`` is watched in their place."""
    base = torch.autograd.Function
    original = vars(base)["apply"]

    def apply(cls: type, *args: Any, **kwargs: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            return original.__get__(None, cls)(*args, **kwargs)

        for recording in reversed(_recordings):
            if recording.watches():
                return recording.call(run, cls.__name__, args, kwargs)
        return run(*args, **kwargs)

    base.apply = classmethod(apply)

    def undo() -> None:
        base.apply = original

    return undo


Position = tuple[int, int | None, int | None, int | None]  # first line, last, start, end


def where(frame: FrameType | None) -> tuple[str, Position]:
    """The expression that is being computed in a frame, and where it stands."""
    if frame is None:
        return "", (0, None, None, None)
    positions = frame.f_code.co_positions()
    first, last, start, end = next(itertools.islice(positions, frame.f_lasti // 2, None))
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    if None in (first, last, start, end) or last > len(lines):
        return "", (frame.f_lineno, None, None, None)
    text = [line.encode() for line in lines[first - 1 : last]]
    text[-1] = text[-1][:end]
    text[0] = text[0][start:]
    return " ".join(part.decode().strip() for part in text), (first, last, start, end)


def assigned_names(frame: FrameType | None, position: Position) -> tuple[str, ...]:
    """The variables to which the value of the expression at a position is assigned."""
    if frame is None or position[1] is None:
        return ()
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    return assignments("".join(lines)).get(position, ())


@lru_cache(maxsize=8)
def assignments(source: str) -> dict[Position, tuple[str, ...]]:
    """By the position of an assigned expression: the variables on the left."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # an IPython cell with a magic, say
        return {}
    found = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[target, *_], value=value):
                pass
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                pass
            case ast.NamedExpr(target=target, value=value):
                pass
            case _:
                continue
        parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
        if all(isinstance(part, ast.Name) for part in parts):
            at = (value.lineno, value.end_lineno, value.col_offset, value.end_col_offset)
            found[at] = tuple(part.id for part in parts)
    return found


# Python hands "3 * v" over as "v times 3"; the source tells which stood first.
SWAPPED = {"mul": ast.Mult, "add": ast.Add}
REFLECTED = {
    "__rsub__": "sub", "rsub": "sub", "__rdiv__": "div", "__rtruediv__": "div", "__rpow__": "pow",
    "__radd__": "add", "__rmul__": "mul", "__rmatmul__": "matmul",
}  # fmt: skip
ARITHMETIC = {
    "add", "sub", "mul", "div", "true_divide", "pow", "maximum", "minimum", "__pow__",
    "add_", "sub_", "mul_", "div_", "__iadd__", "__isub__", "__imul__", "__idiv__", "__ipow__",
    "subtract", "multiply", "divide", "eq", "ne", "lt", "le", "gt", "ge", "fmod", "remainder", "where",
}  # fmt: skip


@lru_cache(maxsize=512)
def defaults(func: Any) -> Mapping[str, Any]:
    """What a function written in Python takes for an option that nobody gives."""
    try:
        parameters = inspect.signature(func).parameters
    except (TypeError, ValueError):
        return {}
    return {
        name: each.default for name, each in parameters.items() if each.default is not each.empty
    }


def described(
    func: Any, args: tuple, kwargs: dict, places: list[int], name: str, source: str
) -> tuple[list[Argument], tuple[str, ...]]:
    """What a call was given, in the order in which it was written.

    PyTorch passes on every option of a function, also those that the program did not give: one
    at its default is left out.
    """
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
        elif keyword and keyword in (usual := defaults(func)) and thing is usual[keyword]:
            continue
        elif not (keyword == "" and isinstance(thing, type)):
            text = short_text(thing)
            options.append(f"{keyword}={text}" if keyword else text)
    if len(arguments) == 2 and (name in REFLECTED or was_swapped(arguments, name, source)):
        arguments.reverse()
    return arguments, tuple(options)


def was_swapped(arguments: list[Argument], name: str, source: str) -> bool:
    if name not in SWAPPED or arguments[0].tensor is None or arguments[1].tensor is not None:
        return False
    return number_first(source, SWAPPED[name])


@lru_cache(maxsize=1024)
def number_first(source: str, operator: type[ast.operator]) -> bool:
    """Whether an expression applies an operator to a number, and then something else."""
    try:
        expression = ast.parse(source, mode="eval").body
    except SyntaxError:
        return False
    if not isinstance(expression, ast.BinOp) or not isinstance(expression.op, operator):
        return False
    left = expression.left
    left = left.operand if isinstance(left, ast.UnaryOp) else left
    return isinstance(left, ast.Constant)
