"""What a recording cannot see is said: a call that was not seen stands for it, with wires from
what is known; and each node that PyTorch recorded belongs to one call.
"""

import threading
from collections import Counter
from random import Random

import pytest
import torch

import test_graph_proofs as proofs
from autograd_atlas import Recording, draw
from autograd_atlas.graph import Call, Graph, Note
from autograd_atlas.picture.composing import diagram
from autograd_atlas.picture.diagram import WRITTEN
from autograd_atlas.picture.labels import call_symbol
from autograd_atlas.picture.svg import svg
from functions import rounded


def leaf(*numbers: float) -> torch.Tensor:
    return torch.tensor([float(each) for each in numbers], requires_grad=True)


def graph_of(recording: Recording, *results: torch.Tensor, **names: object) -> Graph:
    return draw(*results, recording=recording, names=names).graph


def unseen(graph: Graph) -> list[Call]:
    return [call for call in graph.calls if not call.seen]


def given(graph: Graph, call: Call) -> list[str | None]:
    return [graph.tensors[a.tensor].name for a in call.arguments if a.tensor is not None]


def nodes_of(graph: Graph, call: Call) -> set[str]:
    return {graph.nodes[number].name for number in call.nodes}


def owners(graph: Graph) -> list[tuple[str, int]]:
    """The nodes that do not belong to just one call, with the number of their calls."""
    counted = Counter(number for call in graph.calls for number in call.nodes)
    return [
        (node.name, counted[number])
        for number, node in enumerate(graph.nodes)
        if not node.leaf and counted[number] != 1
    ]


def test_scripted_code_is_a_call_that_was_not_seen():
    with pytest.warns(DeprecationWarning, match="jit"):
        scripted = torch.jit.script(torch.nn.Softsign())
    x = leaf(1, 2)
    with Recording() as recording:
        y = scripted(x)
        J = (y * x).sum()
        J.backward()
    graph = graph_of(recording, J, x=x)
    (call,) = unseen(graph)
    assert given(graph, call) == ["x"]
    assert [call.name for call in graph.calls] == ["", "mul", "sum"]
    assert call_symbol(call) == "…"
    assert graph.notes == (Note("unseen", tuple(graph.nodes[n].name for n in call.nodes)),)
    assert owners(graph) == []
    assert [tensor.name for tensor in graph.tensors if tensor.leaf] == ["x"]
    svg(graph, "written")


def test_a_transform_of_a_function_is_a_call_that_was_not_seen():
    x = leaf(1, 2)
    with Recording() as recording:
        J = torch.func.vmap(torch.sin)(x).sum()
    graph = graph_of(recording, J, x=x)
    (call,) = unseen(graph)
    assert (given(graph, call), nodes_of(graph, call)) == (["x"], {"SinBackward0"})


def test_what_another_thread_computed_is_a_call_that_was_not_seen():
    x, w = leaf(1, 2), leaf(3, 4)
    made = []
    with Recording() as recording:
        thread = threading.Thread(target=lambda: made.append((x * w).exp()))
        thread.start()
        thread.join()
        J = (made[0] * x).sum()
        J.backward()
    graph = graph_of(recording, J, x=x, w=w)
    (call,) = unseen(graph)
    assert sorted(map(str, given(graph, call))) == ["w", "x"]
    assert owners(graph) == []
    assert all(argument.edges for argument in call.arguments)


def test_what_was_computed_before_is_a_call_that_was_not_seen():
    x = leaf(1, 2)
    shared = x.exp()
    y, z = shared.sin(), shared.cos()
    with Recording() as recording:
        J = (y * z).sum()
    graph = graph_of(recording, J, x=x)
    assert owners(graph) == []
    assert all(graph.calls[graph.made_by[a.tensor]].seen is False
               for a in graph.calls[-2].arguments if a.tensor is not None)  # fmt: skip
    assert nodes_of(graph, unseen(graph)[0]) | nodes_of(graph, unseen(graph)[1]) == {
        "ExpBackward0", "SinBackward0", "CosBackward0",
    }  # fmt: skip


def test_a_result_that_nobody_saw_is_joined_to_what_was_seen():
    x = leaf(1, 2)
    with Recording() as recording:
        y = x * 2
    J = y.sum()
    graph = graph_of(recording, J, x=x, y=y)
    assert [(call.name, call.seen) for call in graph.calls] == [("mul", True), ("", False)]
    assert given(graph, graph.calls[1]) == ["y"]


def test_a_custom_function_is_seen_by_whatever_name_it_is_called():
    x = leaf(1.2, 2.7)
    with Recording() as recording:
        q = rounded(x)
        J = (q * x).sum()
        J.backward()
    graph = graph_of(recording, J, x=x, q=q)
    assert [(call.name, call.seen) for call in graph.calls] == [
        ("Rounded", True), ("mul", True), ("sum", True),
    ]  # fmt: skip
    assert graph.tensors[graph.calls[0].outputs[0]].name == "q"
    assert owners(graph) == []


def test_a_custom_function_that_ran_unseen_has_its_name():
    x = leaf(1.2, 2.7)
    q = rounded(x)
    with Recording() as recording:
        J = q.sum()
    (call,) = unseen(graph_of(recording, J, x=x, q=q))
    assert call.name == call_symbol(call) == "Rounded"


def test_a_write_through_a_view_that_nobody_keeps_recorded_its_nodes():
    x = leaf(1, 2, 3)
    with Recording() as recording:
        a = x * 1
        a[:2].mul_(1.5)
        J = (a**2).sum()
        J.backward()
    graph = graph_of(recording, J, x=x, a=a)
    owner = {graph.nodes[n].name: call.name for call in graph.calls for n in call.nodes}
    assert owner["torch::autograd::CopySlices"] == "mul_"
    assert owners(graph) == []
    assert not graph.notes


def test_a_backward_pass_in_another_thread_is_seen():
    x = leaf(2)
    with Recording() as recording:
        y = x * 3
        thread = threading.Thread(target=y.backward, args=(torch.ones(1),))
        thread.start()
        thread.join()
        z = y * 2  # the recording goes on
    graph = graph_of(recording, y, x=x)
    assert len(graph.order) == len(graph.nodes)
    assert graph.tensors[0].name == "x"
    assert graph.nodes[0].outputs[0].received.numbers == (3,)
    assert [call.name for call in graph_of(recording, z).calls] == ["mul", "mul"]


def test_another_threads_own_training_is_left_alone():
    own = leaf(1)
    loss = (own * 2).sum()
    with Recording():
        thread = threading.Thread(target=loss.backward)
        thread.start()
        thread.join()
    assert not loss.grad_fn.metadata


# -- Several runs of the engine -------------------------------------------------------------


def received(graph: Graph) -> dict[str, tuple | None]:
    """By the name of each leaf, with its primes: what its picture shows as its gradient."""
    shown = {}
    for tensor in graph.tensors:
        if tensor.leaf:
            value = tensor.received or graph.nodes[tensor.node].outputs[0].received
            shown[f"{tensor.name}{tensor.primes}"] = None if value is None else value.numbers
    return shown


def gradient_texts(graph: Graph) -> list[list[str]]:
    """What stands of gradients in the box of each leaf."""
    leaves = [box for box in diagram(graph, WRITTEN).boxes if box.kind == "leaf"]
    lines = [[span for line in box.lines for span in line] for box in leaves]
    return [[span.text for span in spans if span.style == "grad"] for spans in lines]


def test_each_loss_shows_its_own_backward_pass():
    w = leaf(2)
    with Recording() as recording:
        first = w * 2
        first.backward()
        with torch.no_grad():
            w.sub_(1)
        w.grad = None
        second = w * 3
        second.backward()
    graph = graph_of(recording, first, second, w=w, first=first, second=second)
    assert received(graph) == {"w0": (2,), "w1": (3,)}
    assert gradient_texts(graph) == [["∇ 2"], ["∇ 3"]]
    assert len(graph.order) == len(graph.nodes)
    assert graph.bound
    assert received(graph_of(recording, first, w=w)) == {"w0": (2,)}
    assert received(graph_of(recording, second, w=w)) == {"w0": (3,)}


def test_two_losses_of_one_value_add_up():
    w = leaf(2)
    with Recording() as recording:
        first, second = w * 2, w * 3
        first.backward()
        second.backward()
    assert received(graph_of(recording, first, second, w=w)) == {"w0": (5,)}


def test_where_losses_share_more_than_leaves_a_note_says_whose_gradients_are_shown():
    w = leaf(2)
    with Recording() as recording:
        shared = w * 2
        first, second = shared * 3, shared * 5
        first.backward(retain_graph=True)
        second.backward()
    graph = graph_of(recording, first, second, w=w, first=first, second=second)
    assert graph.notes == (Note("run", ("second",)),)
    assert received(graph) == {"w0": (10,)}


# -- Norms and bytes ------------------------------------------------------------------------


def test_of_a_gradient_with_too_many_numbers_the_norm_is_kept():
    w = torch.full((100,), 2.0, requires_grad=True)
    with Recording() as recording:
        J = (w * 3).sum()
        J.backward()
    graph = graph_of(recording, J, w=w)
    (node,) = (node for node in graph.nodes if node.leaf)
    assert (node.grad.norm, node.outputs[0].received.norm) == (30, 30)
    assert [edge.sent.norm for edge in graph.edges if edge.target == 0] == [30]
    assert graph.tensors[0].value.norm is None


@pytest.mark.parametrize(
    "tensor",
    [
        torch.ones(100, device="meta"),
        torch.ones(100).to(torch.float8_e4m3fn),
        torch.ones(100, dtype=torch.complex64),
        torch.ones(100, dtype=torch.bfloat16),
        torch.eye(100).to_sparse(),
    ],
    ids=["meta", "float8", "complex", "bfloat16", "sparse"],
)
def test_the_norm_of_any_kind_of_gradient_is_read_or_left(tensor):
    from autograd_atlas.recording.nodes import gradient_of

    assert gradient_of(tensor).norm in (None, 10.0)


def test_saved_tensors_tell_their_bytes_and_what_shares_memory():
    x = torch.ones(100, requires_grad=True)
    with Recording() as recording:
        y = x.exp()
        J = (y * y).sum()
    saved = [each for node in graph_of(recording, J).nodes for each in node.saved]
    assert [each.bytes for each in saved] == [400, 400, 400]
    assert len({each.storage for each in saved}) == 1
    assert saved[0].storage == 0


# -- Every node belongs to one call ---------------------------------------------------------

WRITES = [
    "N = A * 1\nN[:1].mul_(1.5)", "N = A * 1\nN4 = N[1:]\nN4.add_(B[:1])\nN = N * B",
    "N = torch.zeros_like(k)\nN[1] = B[0]", "N = A * 1\nN.view(2, 1)[0].exp_()",
    "N = A * 1\nN5 = N.view(2, 1)\nN[0] += 2\nN = (N5 * 2).sum(1) + N",
    "N = torch.zeros_like(k)\nN += A\nN[0] *= B[1]", "N = A * B\nN.data.mul_(2)",
    "N = A * 1\nN6 = N[:1]\nwith torch.no_grad():\n    N6.mul_(3)\nN = N * N6",
    "N = torch.cat([A, B])[::2]\nN.clamp_(-3, 3)\nN[1:].neg_()", "N = A * 1\nN.detach().mul_(2)",
    "N = A.clone()\nN7, N8 = N.unbind()\nN = N7 * N8 * B",
]  # fmt: skip


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(25), id="some"),
        pytest.param(range(1000, 2000), id="many", marks=pytest.mark.slow),
    ],
)
def test_each_node_of_a_random_program_belongs_to_one_call(monkeypatch, seeds):
    monkeypatch.setattr(proofs, "LINES", proofs.LINES + 3 * WRITES)
    for seed in seeds:
        text = proofs.random_program(Random(seed))
        with Recording("program") as recording:
            (J,) = proofs.run_text(text)
        graph = graph_of(recording, J)
        assert owners(graph) == [], text
        assert unseen(graph) == [], text
        assert graph.notes == (), text


def test_of_a_large_weight_that_a_step_changed_each_loss_has_its_norm():
    """Also where one of them used it twice, as the discriminator of a GAN does."""
    w = torch.ones(100, requires_grad=True)
    with Recording() as recording:
        first = (w * 2).sum() + (w * 3).sum()
        first.backward()
        with torch.no_grad():
            w.sub_(1)
        w.grad = None
        second = (w * 7).sum()
        second.backward()
    graph = graph_of(recording, first, second, w=w, first=first, second=second)
    assert gradient_texts(graph) == [["∇ |g| = 50"], ["∇ |g| = 70"]]
