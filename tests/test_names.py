"""A name is given to the tensor that the expression gave, and to no other; and a parameter has its
path, whoever holds the model."""

import functools
import linecache
import sys
import types
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from autograd_atlas import Recording, draw
from autograd_atlas.graph import Graph
from autograd_atlas.recording import record

HELPER = """
import torch
from torch.nn import functional as F

def info_nce(a, b, tau=0.1):
    a = a / a.norm(dim=1, keepdim=True)
    logits = a @ b.T / tau
    target = torch.arange(len(a))
    return F.cross_entropy(logits, target)

def both(x):
    doubled = x * 2
    return doubled, doubled + 1
"""


def cell(code: str, number: int, namespace: dict[str, Any]) -> None:
    """Run a notebook's cell, which is a file of its own."""
    file = f"<ipython-input-{number}-of-a-test>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    exec(compile(code, file, "exec"), namespace)


@pytest.fixture(scope="module")
def helper() -> types.ModuleType:
    """Functions in another file."""
    module = types.ModuleType("helper_of_a_test")
    cell(HELPER, 1, vars(module))
    return module


def leaf(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, requires_grad=True)


def made(graph: Graph) -> list[tuple[str, str | None, str]]:
    """Each call with the name of what it made, and its source."""
    return [(call.name, graph.tensors[call.outputs[0]].name, call.source) for call in graph.calls]


def names(graph: Graph) -> list[str | None]:
    return [name for _, name, _ in made(graph)]


def leaves(graph: Graph) -> list[str | None]:
    return [node.outputs[0].name for node in graph.nodes if node.leaf]


# -- Helpers ----------------------------------------------------------------------------------


INFO_NCE = [
    ("norm", None, "a.norm(dim=1, keepdim=True)"),
    ("div", "a", "a / a.norm(dim=1, keepdim=True)"),
    ("T", None, "b.T"),
    ("matmul", None, "a @ b.T"),
    ("div", "logits", "a @ b.T / tau"),
    ("cross_entropy", "loss", "F.cross_entropy(logits, target)"),
]


def test_a_helper_of_another_file_keeps_its_own_names(helper: types.ModuleType) -> None:
    a, b = leaf(3, 4), leaf(3, 4)
    with Recording() as recording:
        loss = helper.info_nce(a, b)
        loss.backward()
    graph = record.of([loss], {}, recording)
    assert made(graph) == INFO_NCE
    assert [t.name for t in graph.tensors if not t.requires_grad] == ["target"]
    assert {call.line for call in graph.calls} == {sys._getframe().f_lineno - 5}


def test_a_helper_of_another_cell_keeps_its_own_names() -> None:
    session: dict[str, Any] = {"a": leaf(3, 4), "b": leaf(3, 4), "Recording": Recording}
    cell(HELPER, 2, session)
    cell(
        "with Recording() as recording:\n    loss = info_nce(a, b)\n    loss.backward()", 3, session
    )
    graph = record.of([session["loss"]], {}, session["recording"])
    assert made(graph) == INFO_NCE


def test_what_a_helper_gives_back_is_named_when_the_program_goes_on(
    helper: types.ModuleType,
) -> None:
    def run() -> None:
        p, q = helper.both(leaf(2))
        if (r := double(p)) is not None:
            r += q
        for _ in range(3):
            r = double(r)
        s = functools.reduce(lambda one, other: one + other, [r, q])
        t = torch.no_grad()(double)(s) + s
        results.append(t.sum())

    results: list[torch.Tensor] = []
    with Recording() as recording:
        run()
    assert names(record.of(results, {}, recording)) == [
        "p", "q", "r", "r", "r", "r", "r", "s", None, "t", None,
    ]  # fmt: skip


def double(x: torch.Tensor) -> torch.Tensor:
    return x * 2


def test_a_helper_that_gives_back_what_it_was_given_renames_nothing() -> None:
    def same(x: torch.Tensor) -> torch.Tensor:
        return x

    with Recording() as recording:
        x = leaf(2)
        y = x * 3
        other = same(y)
        z = other.sum()
    assert names(record.of([z], {}, recording)) == ["y", "z"]


@pytest.mark.parametrize("kind", ["distribution", "jacobian", "comprehension", "generator", "exec"])
def test_what_happens_inside_of_a_call_has_not_the_name_of_its_result(kind: str) -> None:
    x = leaf(2)

    def parts() -> Iterator[torch.Tensor]:
        yield x * 2
        yield x * 3

    def run() -> torch.Tensor:
        if kind == "distribution":
            result = torch.distributions.Normal(x, 1.0).log_prob(x * 2)
        elif kind == "jacobian":
            result = torch.autograd.functional.jacobian(torch.exp, x, create_graph=True)
        elif kind == "comprehension":
            result = torch.stack([double(each) for each in (x, x)])
        elif kind == "generator":
            result = functools.reduce(torch.add, parts())
        else:
            result = eval("(x * 2).sin().cos()", {"x": x})
        return result.sum()

    with Recording() as recording:
        total = run()
    found = names(record.of([total], {}, recording))
    assert found.count("result") == 1
    assert found.index("result") == len(found) - 2, "the last but the sum"


def test_a_call_through_a_thin_layer_of_torch_is_the_expression_itself() -> None:
    with Recording() as recording:
        x = leaf(1, 4)
        y = F.max_pool1d(x, 2)
        z = F.tanh(y)
        w = 3 - z
        loss = w.norm()
    assert made(record.of([loss], {}, recording)) == [
        ("max_pool1d", "y", "F.max_pool1d(x, 2)"),
        ("tanh", "z", "F.tanh(y)"),
        ("__rsub__", "w", "3 - z"),
        ("norm", "loss", "w.norm()"),
    ]


def test_reading_names_keeps_no_variable_alive() -> None:
    with Recording():
        x = leaf(2)
        gone = torch.ones(2)
        y = double(x)
        z = y.sum()
        draw(z)
        reference = weakref.ref(gone)
        del gone
        assert reference() is None


# -- Modules ----------------------------------------------------------------------------------


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(4, 4, bias=False) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q = self.query(x)
        k = self.key(x)
        a = torch.softmax(q @ k.T, dim=-1)
        v = self.value(x)
        return a @ v


def test_the_result_of_a_module_has_the_name_of_its_variable() -> None:
    attention, both = Attention(), nn.Sequential(nn.Linear(4, 4), nn.Identity(), nn.Tanh())
    with Recording() as recording:
        out = attention(torch.randn(3, 4))
        end = both(out)
        loss = end.sum()
    assert names(record.of([loss], {}, recording)) == [
        "q", "k", None, None, "a", "v", "out", None, "end", "loss",
    ]  # fmt: skip


def test_a_hook_that_changes_a_result_takes_its_name_along() -> None:
    layer = nn.Linear(4, 4)
    layer.register_forward_hook(lambda module, given, result: result * 2)
    with Recording() as recording:
        y = layer(torch.randn(3, 4))
        loss = y.sum()
    assert names(record.of([loss], {}, recording)) == [None, "y", "loss"]


class Trainer:
    def __init__(self, model: Any) -> None:
        self.model = model

    def loss(self) -> torch.Tensor:
        result = torch.zeros(())
        for each in self.model if isinstance(self.model, list) else [self.model]:
            result = result + each(torch.ones(1, 2)).sum()
        return result


def test_parameters_have_their_paths_whoever_holds_the_model() -> None:
    trainer = Trainer(nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)))
    with Recording() as recording:
        loss = trainer.loss()
    paths = ["0.weight", "0.bias", "2.weight", "2.bias"]
    for namespace, watched in (
        ({}, recording),
        ({"t": trainer}, recording),
        ({"t": trainer}, None),
    ):
        assert sorted(map(str, leaves(record.of([loss], namespace, watched)))) == sorted(paths)


def test_a_model_that_is_gone_has_told_its_paths() -> None:
    with Recording() as recording:
        loss = nn.Linear(2, 1)(torch.ones(1, 2)).sum()
    assert sorted(map(str, leaves(record.of([loss], {}, recording)))) == ["bias", "weight"]


@pytest.mark.parametrize(
    ("holding", "title"),
    [
        (lambda one, two: {"netG": one, "netD": two}, ("netG", "netD")),
        (lambda one, two: {"nets": [one, two]}, ("nets[0]", "nets[1]")),
        (lambda one, two: {"nets": {"g": one, "d": two}}, ("nets['g']", "nets['d']")),
        (lambda one, two: {"self": Trainer(one), "netD": two}, ("netD", "self.model")),
        (lambda one, two: {}, ("linear1", "linear2")),
        (lambda one, two: {"netD": two}, ("linear", "netD")),
    ],
)
def test_two_models_with_equal_paths_are_told_apart(holding: Any, title: tuple[str, str]) -> None:
    one, two = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    with Recording() as recording:
        loss = two(one(torch.ones(1, 2))).sum()
    graph = record.of([loss], holding(one, two), recording)
    assert sorted(map(str, leaves(graph))) == sorted(f"{each}.weight" for each in title)
    if len(holding(one, two)) > 1:
        plain = record.of([loss], holding(one, two))
        assert sorted(map(str, leaves(plain))) == sorted(map(str, leaves(graph)))


def test_a_part_of_a_model_is_no_model_of_its_own() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    first, same = model[0], model
    with Recording() as recording:
        loss = (first(torch.ones(1, 2)) + same(torch.ones(1, 2))).sum()
    for graph in (record.of([loss], {}, recording), record.of([loss], locals())):
        assert set(leaves(graph)) == {"0.weight", "1.weight"}


@pytest.mark.parametrize("how", ["model", "pairs", "list", "dict"])
def test_names_are_taken_from_a_model(how: str) -> None:
    model = nn.Linear(2, 1)
    loss = model(torch.ones(1, 2)).sum()
    given: Any = {
        "model": model,
        "pairs": model.named_parameters(),
        "list": list(model.named_parameters()),
        "dict": dict(model.named_parameters()),
    }[how]
    assert set(leaves(draw(loss, names=given).graph)) == {"weight", "bias"}
