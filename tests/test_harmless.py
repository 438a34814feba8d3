"""Whatever runs without a recording runs with one: it gives the same, to the last bit, warns of
nothing more, and leaves torch as it was.
"""

import contextlib
import logging
import re
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, ClassVar

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import test_graph_proofs as proofs
from autograd_atlas import Recording, draw
from autograd_atlas.recording import record
from functions import rounded

# A program prepares, yields, runs, and yields its results: a tensor to draw, and all to compare.
Program = Callable[[], Iterator[Any]]


def ran(make: Program, recording: Recording | None) -> tuple[Any, list[str]]:
    """What a program gave, and the warnings."""
    if "torch._dynamo" in sys.modules:
        torch._dynamo.reset()
    torch.manual_seed(0)
    program = make()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        next(program)
        with recording or contextlib.nullcontext():
            given = next(program)
    return given, [str(each.message) for each in caught]


def same(one: Any, other: Any) -> bool:
    """Whether two results are equal to the last bit."""
    if isinstance(one, torch.Tensor):
        if one.layout != torch.strided:
            one, other = one.to_dense(), other.to_dense()
        kinds = [(each.shape, each.dtype, each.requires_grad) for each in (one, other)]
        return kinds[0] == kinds[1] and torch.equal(one.nan_to_num(), other.nan_to_num())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, str):  # torch numbers the classes that it makes
        one, other = (re.sub(r"mangle_\d+", "", each) for each in (one, other))
    return bool(one == other)


def assert_harmless(make: Program) -> None:
    ran(make, None)  # what torch warns of once
    modes = torch._C._len_torch_function_stack()
    recording = Recording()
    (_, expected), warned = ran(make, None)
    (result, found), warned_too = ran(make, recording)
    assert same(found, expected)
    assert warned_too == warned
    assert torch._C._len_torch_function_stack() == modes
    assert not torch.nn.modules.module._global_forward_pre_hooks
    assert torch.autograd.graph._engine_run_backward.__module__ == "torch.autograd.graph"
    assert "apply" not in vars(torch.autograd.function._SingleLevelFunction)
    graph = draw(result, recording=recording, names={}).graph
    assert not any(note.kind == "failed" for note in graph.notes)
    counted = Counter(number for call in graph.calls for number in call.nodes)
    others = [node.name for n, node in enumerate(graph.nodes) if not node.leaf and counted[n] != 1]
    assert not others, "each node belongs to one call"


def backward(loss: torch.Tensor, *leaves: torch.Tensor) -> tuple[torch.Tensor, Any]:
    loss.backward()
    return loss, [loss.detach(), *(leaf.grad for leaf in leaves)]


def small_model() -> tuple[nn.Module, torch.Tensor]:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)), torch.randn(2, 4)


# -- Programs that run in a moment ----------------------------------------------------------


def jagged():
    layout = torch.jagged
    x = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(4, 3)], layout=layout)
    linear = nn.Linear(3, 2)
    yield
    yield backward(linear(x).values().pow(2).mean(), *linear.parameters())


def strided_nested():
    x = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(4, 3)])
    linear = nn.Linear(3, 2)
    yield
    yield backward(torch.nested.to_padded_tensor(linear(x), 0.0).mean(), *linear.parameters())


def scripted():
    function = torch.jit.script(nn.Softsign())
    x = torch.randn(3, requires_grad=True)
    yield
    yield backward((function(x) * x).sum(), x)


def scripted_inside():
    model, x = small_model()
    yield
    yield backward(torch.jit.script(model)(x).sum(), *model.parameters())


def traced_inside():
    model, x = small_model()
    yield
    traced = torch.jit.trace(model, x)
    loss, found = backward(traced(x).sum(), *model.parameters())
    yield loss, [*found, str(traced.graph)]


def traced_symbolically():
    model, x = small_model()
    yield
    traced = torch.fx.symbolic_trace(model)
    loss, found = backward(traced(x).sum(), *model.parameters())
    yield loss, [*found, traced.code]


def transformed():
    x = torch.randn(3, requires_grad=True)
    yield
    z = torch.func.vmap(torch.sin)(x)
    g = torch.func.grad(lambda t: (t**3).sum())(x)
    j = torch.func.jacrev(lambda t: t**2)(x)
    _, t = torch.func.jvp(torch.sin, (x,), (torch.ones(3),))
    yield backward((z * g).sum() + j.sum() + t.sum(), x)


def written_views():
    x = torch.randn(4, requires_grad=True)
    yield
    a = x * 1
    view = a[:2]
    view.mul_(2)
    rows = a.view(2, 2)
    rows[0] += 1
    yield backward((a * rows.view(4)).sum() + view.sum(), x)


def stale_parts():
    """PyTorch refuses to tell the node of a part whose whole was written."""
    x = torch.randn(4, requires_grad=True)
    yield
    a = x * 1
    part, _ = a.chunk(2)
    b = torch.zeros(4)
    with torch.no_grad():
        other = b[:2]
    a.mul_(2)
    b.mul_(x)
    with torch.no_grad():
        other.mul_(2)
        part.detach().mul_(2)
    yield backward(a.sum() + b.sum(), x)


class Logged(torch.Tensor):
    log: ClassVar[list[str]] = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.log.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})


def subclass():
    x = torch.randn(3).as_subclass(Logged).requires_grad_()
    Logged.log.clear()
    yield
    loss = (x * 2).sin().sum()
    loss.backward()
    log = list(Logged.log)
    yield loss, [loss.detach().as_subclass(torch.Tensor), log]


def dispatched_subclass():
    from torch.testing._internal.two_tensor import TwoTensor

    x = TwoTensor(torch.randn(3), torch.randn(3)).requires_grad_()
    yield
    loss = (x * 2).sin().sum()
    loss.backward()
    yield loss, [loss.a.detach(), x.grad.a, x.grad.b]


def other_thread():
    model, x = small_model()
    made: list[torch.Tensor] = []
    yield
    thread = threading.Thread(target=lambda: made.append(model(x).sum()))
    thread.start()
    thread.join()
    yield backward(made[0] * 2, *model.parameters())


def generator():
    model, x = small_model()

    class Twice(nn.Module):
        def forward(self, x):
            for factor in range(2):
                yield model(x * factor)

    yield
    yield backward(sum(each.sum() for each in Twice()(x)), *model.parameters())


def exceptions():
    model, x = small_model()

    class Broken(nn.Module):
        def forward(self, x):
            model(x)
            raise KeyboardInterrupt

    yield
    with contextlib.suppress(KeyboardInterrupt):
        Broken()(x)
    for wrong in (lambda: torch.ones(2) @ torch.ones(3), lambda: x.sum().backward()):
        with contextlib.suppress(RuntimeError):
            wrong()
    yield backward(model(x).sum(), *model.parameters())


def fake():
    from torch._subclasses.fake_tensor import FakeTensorMode

    x = torch.randn(3, requires_grad=True)
    yield
    with FakeTensorMode():
        w = torch.empty(3, requires_grad=True)
        (w * 2).sum().backward()
    loss, found = backward(x.sum(), x)
    yield loss, [*found, str(w.grad.shape)]


def random_numbers():
    x = torch.randn(8, requires_grad=True)
    yield
    loss, found = backward((F.dropout(x, 0.5) + torch.rand(8)).sum(), x)
    yield loss, [*found, torch.rand(2)]


def hooks():
    model, x = small_model()
    log: list[str] = []
    yield
    model[0].register_forward_pre_hook(lambda *_: log.append("module, before"))
    model[0].register_forward_hook(lambda *_: log.append("module, after"))
    model[0].register_full_backward_hook(lambda *_: log.append("module, backward"))
    y = model(x)
    y.register_hook(lambda gradient: log.append("tensor") or gradient * 2)
    y.grad_fn.register_prehook(lambda *_: log.append("node, before"))
    y.grad_fn.register_hook(lambda *_: log.append("node, after"))
    y.retain_grad()
    loss, found = backward(y.sum(), *model.parameters())
    yield loss, [*found, y.grad, log]


def inference():
    model, x = small_model()
    yield
    with torch.inference_mode():
        made = model(x)
    yield backward(model(x).sum() + made.sum().item(), *model.parameters())


def own_call():
    model, x = small_model()

    class Own(nn.Module):
        def __call__(self, x):
            return model(x) * 2

    yield
    yield backward(Own()(x).sum(), *model.parameters())


def nested_recordings():
    model, x = small_model()
    yield
    with Recording():
        y = model(x)
    yield backward(y.sum(), *model.parameters())


def parallel():
    model, x = small_model()
    yield
    yield backward(nn.DataParallel(model)(x).sum(), *model.parameters())


def kinds_of_tensors():
    x = torch.randn(100, requires_grad=True)
    yield
    on_meta = torch.empty(100, device="meta", requires_grad=True)
    torch.randn(100).to(torch.float8_e4m3fn)
    c = torch.randn(100, dtype=torch.complex64, requires_grad=True)
    embedding = nn.Embedding(50, 3, sparse=True)
    sparse = torch.sparse.mm(torch.eye(100).to_sparse(), x.unsqueeze(1))
    loss = sparse.sum() + (c * c.conj()).real.sum() + embedding(torch.tensor([1, 2])).sum()
    loss, found = backward(loss, x, c, embedding.weight)
    yield loss, [*found, str(on_meta.grad)]


def checkpointed():
    from torch.utils.checkpoint import checkpoint

    model, x = small_model()
    x.requires_grad_()
    yield
    loss = checkpoint(model, x, use_reentrant=False).sum()
    yield backward(loss + checkpoint(model, x, use_reentrant=True).sum(), *model.parameters())


PROGRAMS = [
    strided_nested, scripted, traced_symbolically, written_views, stale_parts, subclass,
    dispatched_subclass, other_thread, generator, exceptions, fake, random_numbers, hooks,
    inference, own_call, nested_recordings, parallel, kinds_of_tensors, checkpointed,
    *(  # these import much
        pytest.param(each, marks=pytest.mark.slow)
        for each in (jagged, scripted_inside, traced_inside, transformed)
    ),
]  # fmt: skip


@pytest.mark.parametrize("make", PROGRAMS)
def test_a_program_runs_with_a_recording_as_without(make):
    assert_harmless(make)


# -- Programs that are compiled -------------------------------------------------------------


def compiled_module(backend: str, before: bool, **options: Any) -> Program:
    def program():
        model, x = small_model()
        early = before and torch.compile(model, backend=backend, **options)
        if early:
            early(x)
        yield
        compiled = early or torch.compile(model, backend=backend, **options)
        yield backward(compiled(x).sum(), *model.parameters())

    return program


def compiled_function(backend: str, before: bool, **options: Any) -> Program:
    def program():
        x = torch.randn(3, requires_grad=True)

        @torch.compile(backend=backend, **options)
        def function(x):
            return (x.sin() * x).sum() + rounded(x).sum()

        if before:
            function(x)
        yield
        yield backward(function(x) * 2, x)

    return program


def compiled_in_parts():
    x = torch.randn(3, requires_grad=True)

    @torch.compile(backend="aot_eager")
    def function(x):
        y = x.sin()
        torch._dynamo.graph_break()
        return y * 3

    yield
    yield backward(function(x).sum(), x)


def compiled_in_place():
    model, x = small_model()
    model.compile(backend="aot_eager")
    yield
    yield backward(model(x).sum(), *model.parameters())


def compiled_under_a_mode():
    from torch.overrides import BaseTorchFunctionMode

    x = torch.randn(3, requires_grad=True)

    @torch.compile(backend="aot_eager")
    def function(x):
        return (x.sin() * x).sum()

    yield
    with BaseTorchFunctionMode():
        loss = function(x)
    yield backward(loss * 2, x)


def compiled_backward():
    import torch._dynamo.compiled_autograd as compiler

    model, x = small_model()
    yield
    loss = model(x).sum()
    with compiler._enable(torch.compile(backend="eager")):
        loss.backward()
    yield loss, [parameter.grad for parameter in model.parameters()]


def conditional():
    x = torch.randn(3, requires_grad=True)
    yield
    yield backward(torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,)).sum(), x)


def exported(strict: bool) -> Program:
    def program():
        model, x = small_model()
        yield
        made = torch.export.export(model, (x,), strict=strict)
        loss = made.module()(x).sum()
        yield loss, [loss.detach(), str(made.graph)]

    return program


def exported_with_any_length():
    model, x = small_model()
    yield
    length = torch.export.Dim("length", max=64)
    made = torch.export.export(model, (x,), dynamic_shapes=({0: length},))
    loss = made.module()(torch.ones(7, 4)).sum()
    yield loss, [loss.detach(), str(made.graph), str(made.range_constraints)]


def made_fx():
    from torch.fx.experimental.proxy_tensor import make_fx

    x = torch.randn(3, requires_grad=True)
    yield
    made = make_fx(lambda x: torch.relu(x) * 2)(x)
    loss = made(x).sum()
    yield loss, [loss.detach(), made.code]


def distributed():
    import torch.distributed as dist

    model, x = small_model()
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        wrapped = nn.parallel.DistributedDataParallel(model)
        yield
        yield backward(wrapped(x).sum(), *model.parameters())
    finally:
        dist.destroy_process_group()


COMPILED: dict[str, Program] = {
    **{
        f"{what.__name__}, {backend}, {'before' if before else 'inside'}{', whole' * full}": what(
            backend, before, fullgraph=full
        )
        for what in (compiled_module, compiled_function)
        for backend in ("eager", "aot_eager", "inductor")
        for before in (True, False)
        for full in (True, False)
    },
    **{
        each.__name__: each
        for each in (
            compiled_in_parts, compiled_in_place, compiled_under_a_mode, compiled_backward,
            conditional, exported_with_any_length, made_fx, distributed,
        )
    },
    "exported": exported(False),
    "exported strictly": exported(True),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILED)
def test_what_is_compiled_runs_with_a_recording_as_without(name):
    assert_harmless(COMPILED[name])


@pytest.mark.filterwarnings("ignore")  # what torch.compile warns of is not the subject
@pytest.mark.parametrize(
    "what", [compiled_module, pytest.param(compiled_function, marks=pytest.mark.slow)]
)
def test_compiled_code_is_one_call(what):
    program = what("aot_eager", False, fullgraph=True)()
    next(program)
    with Recording() as recording:
        loss, _ = next(program)
    graph = record.of([loss], {}, recording)
    assert [(call.name, call.seen) for call in graph.calls][:1] == [("compiled", False)]
    assert len(graph.order) == len(graph.nodes)


# -- Proofs ---------------------------------------------------------------------------------


def as_program(make: Callable[[], proofs.Program]) -> Program:
    """A program of the proofs, which gives its results and the gradients of its parameters."""

    def program():
        run = make()
        yield
        proofs.seed()
        results = run()
        module = getattr(run, "module", None)
        leaves = [] if module is None else list(module.parameters())
        namespace = getattr(proofs.run_text, "namespace", {})
        leaves += [namespace[name] for name in "xyW" if module is None]
        yield results[0], [*results, *(leaf.grad for leaf in leaves if leaf.grad is not None)]

    return program


def check_modules(part: int, parts: int, most: int | None) -> int:
    """How many of the inputs of PyTorch's own tests ran with a recording as without."""
    count = 0
    for name, make in proofs.module_cases(part, parts, most):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runs = proofs.runs(make)
        if runs:
            try:
                assert_harmless(as_program(make))
            except Exception as problem:
                raise AssertionError(f"{name}: {problem}") from problem
            count += 1
    return count


@pytest.mark.filterwarnings("ignore")
def test_some_modules_of_torch_run_with_a_recording_as_without():
    assert check_modules(0, 12, most=1) > 15


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_all_modules_of_torch_run_with_a_recording_as_without(terminal):
    terminal(f"modules that gave the same with a recording: {check_modules(0, 1, most=None)}")


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(12), id="some"),
        pytest.param(range(1000), id="many", marks=pytest.mark.slow),
    ],
)
def test_random_programs_run_with_a_recording_as_without(seeds):
    for seed in seeds:
        text = proofs.random_program(Random(seed))
        assert_harmless(as_program(lambda text=text: lambda: proofs.run_text(text)))


# -- Failures of ours -----------------------------------------------------------------------


def test_a_failure_of_ours_is_told_and_the_program_goes_on(monkeypatch, caplog, no_failure_of_ours):
    x = torch.tensor([2.0], requires_grad=True)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with Recording() as recording:
        y = x * 3
        with monkeypatch.context() as broken_reading:
            broken_reading.setattr("autograd_atlas.recording.observer.described", broken)
            broken_reading.setattr("autograd_atlas.recording.engine.gradient_of", broken)
            z = y.exp()
            z.backward()
        J = z * 2
    torch.testing.assert_close(x.grad, 3 * z.detach())
    graph = draw(J, recording=recording, names={}).graph
    assert [note.kind for note in graph.notes] == ["failed", "unseen"]
    assert graph.notes[0].subjects == ("ZeroDivisionError",)
    assert not [each for each in caplog.records if each.levelno > logging.DEBUG]
    assert no_failure_of_ours
    no_failure_of_ours.clear()


# -- What is read ---------------------------------------------------------------------------


def test_a_view_whose_base_was_written_gets_its_node_when_the_program_asks():
    """Its number orders the engine, which adds gradients in that order."""

    def later() -> list[bool]:
        x = torch.ones(4, requires_grad=True)
        a = x * 1
        view = a[:2]
        a.mul_(2)
        with torch.no_grad():
            view.sum()
        b = x * 3
        J = (view * b[:2]).sum()
        (to_view, _), (to_b, _) = J.grad_fn.next_functions[0][0].next_functions
        first = b.grad_fn._sequence_nr()
        return [to_view._sequence_nr() > first, to_b._sequence_nr() > first]

    assert later() == [True, True]
    with Recording():
        again = later()
    assert again == [True, True]


def test_a_part_whose_whole_was_written_is_not_taken_for_a_leaf():
    x = torch.ones(4, requires_grad=True)
    with Recording() as recording:
        a = x * 1
        part, other = a.chunk(2)
        a.mul_(2)
        J = a.sum()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = draw(J, recording=recording, names={"part": part, "other": other}).graph
    assert [tensor.leaf for tensor in graph.tensors].count(True) == 1
