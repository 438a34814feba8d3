"""Recording and drawing: the hard kinds of graph, and what a reader's own tensors are spared."""

import contextlib
import gc
import json
import subprocess
import sys
import weakref
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.utils.checkpoint import checkpoint

import pages
from autograd_atlas import GraphError, Recording, draw
from autograd_atlas.graph import VERSION, Graph
from autograd_atlas.picture.choice import EVERYTHING, Choice
from autograd_atlas.picture.composing import diagram
from autograd_atlas.picture.diagram import RECORDED, WRITTEN
from autograd_atlas.picture.labels import call_symbol
from autograd_atlas.picture.layout import layout
from autograd_atlas.picture.svg import svg
from autograd_atlas.recording import record
from witness import assert_drawn_as_recorded, drawn, node_name

ROOT = Path(__file__).resolve().parents[1]

# Where PyTorch does not tell whether a hook packed a saved tensor, it is not read: see
# test_versions.py.
TELLS_OF_HOOKS = hasattr(torch._C._autograd.SavedTensor, "unpack_hook")
reads_saved = pytest.mark.skipif(not TELLS_OF_HOOKS, reason="this PyTorch does not tell of hooks")


def leaf(*numbers: float) -> torch.Tensor:
    return torch.tensor([float(each) for each in numbers], requires_grad=True)


def names(graph: Graph) -> list[str]:
    return [node.name.rpartition("::")[2] for node in graph.nodes]


def numbers(value) -> tuple | None:
    return None if value is None else value.numbers


# -- Kinds of graphs ------------------------------------------------------------------------


def test_the_example_says_what_the_course_derives():
    with Recording() as recording:
        a, b, c = leaf(5), leaf(3), leaf(2)
        u = b * c
        v = a + u
        J = 3 * v
        J.backward()
    graph = draw(J, recording=recording).graph
    assert [t.name for t in graph.tensors] == ["a", "b", "c", "u", "v", "J"]
    assert [t.value.numbers for t in graph.tensors] == [(5,), (3,), (2,), (6,), (11,), (33,)]
    assert [call.source for call in graph.calls] == ["b * c", "a + u", "3 * v"]
    assert graph.calls[2].arguments[0].text == "3", "the constant stands first, as written"
    assert {n.outputs[0].name: numbers(n.grad) for n in graph.nodes if n.leaf} == {
        "a": (3,), "b": (6,), "c": (9,),
    }  # fmt: skip
    local = [2, 3, 1, 1, 3] if TELLS_OF_HOOKS else [None, None, 1, 1, None]
    assert [edge.local for edge in graph.edges if edge.target is not None] == local
    assert [names(graph)[n] for n in graph.order][:2] == ["MulBackward0", "AddBackward0"]


def test_a_tensor_used_twice_gets_both_gradients():
    with Recording() as recording:
        x = leaf(3)
        y = x * x
        y.backward()
    graph = record.of([y], {}, recording)
    assert [numbers(edge.sent) for edge in graph.edges] == [(3,), (3,)]
    arguments = graph.calls[0].arguments
    assert [argument.edges for argument in arguments] == [(0,), (1,)]


def test_an_operation_with_several_outputs():
    with Recording() as recording:
        x = leaf(1, 2, 3, 4)
        p, q = x.chunk(2)
        J = (p * q).sum()
        J.backward()
    graph = record.of([J], locals(), recording)
    assert [graph.tensors[n].name for n in graph.calls[0].outputs] == ["p", "q"]
    split = graph.nodes[names(graph).index("SplitBackward0")]
    assert [numbers(output.received) for output in split.outputs] == [(3, 4), (1, 2)]


def test_writes_in_place_appear_again_and_reach_views():
    with Recording() as recording:
        x = leaf(1, 2)
        y = x.clone()
        z = y[0]
        y.mul_(2)
        w = z * 3
        y[1] = 5.0
        J = w + y.sum()
        J.backward()
    graph = record.of([J], locals(), recording)
    written = {(t.name, t.primes): t.value.numbers for t in graph.tensors if t.name}
    assert written[("y", 0)] == (1, 2)
    assert written[("y", 1)] == (2, 4)
    assert written[("y", 2)] == (2, 5)
    assert written[("z", 1)] == (2,)
    changed = next(t for t in graph.tensors if t.name == "z")
    assert graph.tensors[changed.changed_by].name == "y"
    assert "CopySlices" in names(graph)
    assert x.grad.tolist() == [8, 0]
    assert "y″" in svg(graph, WRITTEN)


def test_writes_before_the_graph_begins_leave_no_prime():
    with Recording() as recording:
        model = torch.nn.Linear(1, 1)  # initialised in place
        loss = model(leaf(2)).sum()
    graph = record.of([loss], locals(), recording)
    assert {t.name for t in graph.tensors} >= {"weight", "bias"}
    assert not any(tensor.primes for tensor in graph.tensors)


def test_a_write_that_autograd_does_not_see_is_shown():
    with Recording() as recording:
        x = leaf(2)
        y = x * 1
        x.data.fill_(10.0)
        J = y + x
    graph = record.of([J], locals(), recording)
    assert {(t.name, t.primes): t.value.numbers for t in graph.tensors if t.leaf} == {
        ("x", 0): (2,), ("x", 1): (10,),
    }  # fmt: skip


class Cube(torch.autograd.Function):
    runs = 0

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, gradient):
        Cube.runs += 1
        (x,) = ctx.saved_tensors
        return 3 * x * x * gradient


def test_a_custom_function_is_one_operation_and_runs_backward_once():
    Cube.runs = 0
    with Recording() as recording:
        x = leaf(2)
        y = Cube.apply(x)
        y.backward()
    graph = record.of([y], locals(), recording)
    assert [call.name for call in graph.calls] == ["Cube"]
    assert names(graph) == ["AccumulateGrad", "CubeBackward"]
    assert numbers(graph.edges[0].sent) == (12,)
    assert Cube.runs == 1


def test_the_graph_of_a_gradient():
    with Recording() as recording:
        x = leaf(2)
        y = x**3
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        h = 2 * g
        h.backward()
    graph = record.of([h], locals(), recording)
    assert [call.name for call in graph.calls] == ["__pow__", "grad", "mul"]
    assert x.grad.item() == 24  # d(2 · 3x²)/dx = 12x
    assert {n.outputs[0].name for n in graph.nodes if n.leaf} == {"x"}
    assert numbers(graph.nodes[0].grad) == (24,)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_is_not_disturbed(reentrant):
    ran = []

    def part(t):
        ran.append(1)
        return (t * t).sin()

    def program(watch):
        ran.clear()
        x = leaf(2)
        if watch:
            with Recording() as recording:
                J = checkpoint(part, x, use_reentrant=reentrant) * 2
                draw(J)
                J.backward()
            graph = record.of([J], locals(), recording)
            assert graph.order
        else:
            checkpoint(part, x, use_reentrant=reentrant).mul(2).backward()
        return x.grad.item(), len(ran)

    assert program(True) == program(False)


def test_several_roots():
    with Recording() as recording:
        x = leaf(2)
        y = x * 2
        z = x * 3
        (y + z).backward()
    graph = draw(y, z, recording=recording).graph
    assert [root.name for root in graph.roots] == ["y", "z"]
    assert len(graph.nodes) == 3


def test_a_hook_that_changes_a_gradient_is_told():
    with Recording() as recording:
        x = leaf(2)
        y = x * 2
        y.register_hook(lambda gradient: gradient * 10)
        z = y * 3
        z.backward()
    graph = record.of([z], locals(), recording)
    assert numbers(graph.nodes[names(graph).index("MulBackward0")].outputs[0].received) == (30,)
    html = draw(z, recording=recording)._repr_html_()
    assert "a hook changed it from 3" in html


def test_a_gradient_that_is_none():
    class First(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a.clone()

        @staticmethod
        def backward(ctx, gradient):
            return gradient, None

    with Recording() as recording:
        a, b = leaf(2), leaf(3)
        y = First.apply(a, b * 1)
        y.backward()
    graph = record.of([y], locals(), recording)
    first = names(graph).index("FirstBackward")
    into_b = next(edge for edge in graph.edges if (edge.source, edge.index) == (first, 1))
    assert into_b.target is not None
    assert into_b.sent is None
    assert b.grad is None
    assert "sends 1 to" in draw(y, recording=recording)._repr_html_()
    assert "<code>None</code> to" in draw(y, recording=recording)._repr_html_()


def test_integers_and_complex_numbers():
    with Recording() as recording:
        x = leaf(3, 4)
        index = torch.tensor([1, 0])
        z = torch.complex(x[index], x)
        J = (z * z.conj()).real.sum()
        J.backward()
    graph = record.of([J], locals(), recording)
    values = {t.name: t.value for t in graph.tensors}
    assert values["index"].numbers == (1, 0)
    assert values["index"].dtype == "int64"
    assert values["z"].numbers == (4 + 3j, 3 + 4j)
    assert Graph.from_json(graph.to_json()) == graph
    assert "4+3j" in svg(graph, WRITTEN)
    assert numbers(graph.nodes[0].grad) == (12, 16)


@reads_saved
def test_what_was_freed_is_struck_out_and_still_named():
    with Recording() as recording:
        x = leaf(2)
        y = x * x
    kept = record.of([y], locals(), recording)
    with Recording() as recording:
        x = leaf(2)
        y = x * x
        y.backward()
    freed = record.of([y], locals(), recording)
    assert {(s.name, s.state) for s in kept.nodes[1].saved} == {("x", "kept")}
    assert {(s.name, s.state) for s in freed.nodes[1].saved} == {("x", "freed")}
    assert "tag-freed" in svg(freed, RECORDED)
    assert "tag-freed" not in svg(kept, RECORDED)


@reads_saved
def test_a_graph_can_be_drawn_after_its_tensors_were_freed_without_a_recording():
    x = leaf(2)
    y = x.exp() * x
    y.backward()
    graph = draw(y).graph
    assert names(graph) == ["AccumulateGrad", "ExpBackward0", "MulBackward0"]
    assert {saved.state for node in graph.nodes for saved in node.saved} == {"freed"}


@reads_saved
def test_what_was_saved_and_changed_since_is_marked():
    x = leaf(2)
    y = x.exp()
    J = y * 3
    y.add_(1)
    graph = record.of([J, y], locals())
    states = {node.name: [s.state for s in node.saved] for node in graph.nodes}
    assert states["ExpBackward0"] == ["changed"]


def test_names_come_from_modules_lists_and_dicts():
    model = torch.nn.Sequential(torch.nn.Linear(2, 1))
    parts = [leaf(1, 2), leaf(3, 4)]
    more = {"k": leaf(5, 6)}
    J = (model(parts[0] * parts[1] * more["k"])).sum()
    graph = draw(J).graph
    assert {node.outputs[0].name for node in graph.nodes if node.leaf} == {
        "0.weight", "0.bias", "parts[0]", "parts[1]", "more['k']",
    }  # fmt: skip


# -- What the reader's tensors are spared ---------------------------------------------------


def test_drawing_runs_no_backward_and_unpacks_nothing():
    unpacked = []

    def unpack(packed):
        unpacked.append(1)
        return packed

    x = leaf(2)
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, unpack):
        J = x * x
    fired = []
    J.grad_fn.register_prehook(lambda gradients: fired.append(1))
    draw(J)._repr_html_()
    assert x.grad is None
    assert not fired
    assert not unpacked
    J.backward()
    assert x.grad.item() == 4


def test_a_recording_keeps_nothing_alive():
    with Recording() as recording:
        x = leaf(2)
        y = x * x
        z = y.sin()
        z.backward()
    graph = record.of([z], {"y": y}, recording)
    watched = weakref.ref(y)
    del y, z
    gc.collect()
    assert watched() is None
    assert graph.calls[0].name == "mul"


def test_after_a_recording_nothing_is_watched_any_more():
    with contextlib.suppress(ZeroDivisionError), Recording() as recording:
        x = leaf(2)
        y = x * x
        raise ZeroDivisionError
    hooks = torch.nn.modules.module
    assert not hooks._global_forward_pre_hooks
    assert not hooks._global_forward_hooks
    assert not torch.overrides._get_current_function_mode_stack()
    engine = torch.autograd.graph._engine_run_backward
    assert torch.autograd._engine_run_backward is engine
    assert engine.__module__ == "torch.autograd.graph"
    apply = torch.autograd.Function.apply
    assert getattr(apply, "__module__", None) in (None, "torch.autograd.function")
    y.backward()
    assert not draw(y, recording=recording).graph.order


def test_a_recording_offers_nothing_but_with():
    offered = {name for name in dir(Recording()) if not name.startswith("_")}
    assert offered == set()
    recording = Recording()
    with recording:
        pass
    with pytest.raises(RuntimeError, match="can be used once"), recording:
        pass


DEEP = """
import sys, threading
from contextlib import nullcontext
import torch
from autograd_atlas import Recording, draw

def program(how, n):
    with Recording() if "recorded" in how else nullcontext() as recording:
        y, middle = torch.ones(1, requires_grad=True), None
        for step in range(n):
            y = y.sin()
            if step == n // 2 + 123:
                middle = y
        if "recorded" in how:
            y.backward()
    drawing = draw(y, recording=recording)
    assert len(drawing.graph.nodes) == n + 1
    svg = drawing._repr_svg_()
    assert f"× {n}" in svg and len(svg) < 10_000, len(svg)
    if "middle" not in how:
        middle = None
    y = drawing = None
    middle = None
    print("survived", how)

n, stack, *ways = sys.argv[1:]
threading.stack_size(int(stack))
for how in ways:
    thread = threading.Thread(target=program, args=(how, int(n)))
    thread.start()
    thread.join()
"""
WAYS = ["alone", "middle", "recorded middle"]


def drop_chain(length: int, stack: int, ways: list[str]) -> None:
    command = [sys.executable, "-c", DEEP, str(length), str(stack), *ways]
    run = subprocess.run(command, cwd=ROOT / "conf", capture_output=True, text=True, check=False)
    told = "".join(f"survived {how}\n" for how in ways)
    assert (run.returncode, run.stdout) == (0, told), run.stderr[-2000:]


def test_a_long_chain_is_drawn_and_a_process_with_a_small_stack_survives_dropping_it():
    """PyTorch frees it recursively: 3,000 nodes would overflow this stack, as 100,000 do a usual
    one."""
    drop_chain(4_000, 256 * 1024, WAYS[1:])


@pytest.mark.slow
@pytest.mark.parametrize("how", WAYS)
def test_a_chain_of_100000_is_drawn_and_the_process_survives_dropping_it(how):
    drop_chain(100_000, 8 * 1024 * 1024, [how])


# -- Programs that do more than one thing ---------------------------------------------------


def test_a_second_walk_that_fails_leaves_the_first_one_shown():
    with Recording() as recording:
        x = leaf(2)
        u = x * x
        J = u * x
        J.backward()
        with pytest.raises(RuntimeError, match="second time"):
            J.backward()
    graph = record.of([J], locals(), recording)
    assert [numbers(edge.sent) for edge in graph.edges] == [(4,), (4,), (2,), (4,)]
    assert len(graph.order) == 3


def test_each_result_shows_its_own_backward():
    with Recording() as recording:
        x = leaf(2)
        u = x * x
        J, K = u * 3, u * 5
        J.backward(retain_graph=True)
        K.backward()
    for root, sent in ((J, 3), (K, 5)):
        graph = record.of([root], {"u": u}, recording)
        product = next(n for n in graph.nodes if n.outputs[0].name == "u")
        assert numbers(product.outputs[0].received) == (sent,)
    graph = record.of([K], {"x": x}, recording)
    assert numbers(graph.nodes[0].outputs[0].received) == (20,)  # what this walk brought,
    assert numbers(graph.nodes[0].grad) == (32,)  # and what has been added up
    picture = svg(graph, WRITTEN)
    assert "∇ 20" in picture
    assert ".grad = 32" in picture


def test_the_backward_that_began_at_a_tensor_goes_before_a_later_one_through_it():
    with Recording() as recording:
        x = leaf(2)
        y = x * 3
        J, other = y * 2, x * 5
        y.backward(retain_graph=True)
        J.backward()
        (other * 7).backward()
    at_y = record.of({"y": y}, {}, recording)
    assert numbers(at_y.nodes[names(at_y).index("MulBackward0")].outputs[0].received) == (1,)
    through_other = record.of({"other": other}, {}, recording)
    assert "start" in through_other.bound


def test_a_training_step_shows_the_weight_that_the_loss_used():
    with Recording() as recording:
        w = leaf(1)
        optimizer = torch.optim.SGD([w], lr=0.25)
        for _ in range(2):
            optimizer.zero_grad()
            loss = (w * w).sum()
            loss.backward()
            optimizer.step()
    graph = record.of([loss], {"w": w}, recording)
    assert w.item() == 0.25
    assert [t.value.numbers for t in graph.tensors if t.leaf] == [(0.5,)]
    assert graph.nodes[0].outputs[0].value.numbers == (0.5,)
    assert [call.name for call in graph.calls] == ["mul", "sum"]


def test_names_of_tensors_that_are_gone_are_not_given_to_others():
    with Recording() as recording:
        x = leaf(2, 5)
        J = (x * torch.tensor([3.0, 4.0])).sum()
        J.backward()
    late = {f"late{n}": torch.tensor([float(n), 0.0]) for n in range(200)}
    graph = record.of({"J": J}, {"x": x, **late}, recording)
    assert {saved.name for node in graph.nodes for saved in node.saved} <= {"x", None}


def test_variables_of_functions_give_names_and_stay_untouched():
    def program():
        x = torch.tensor([2.0], requires_grad=True)
        variables = locals()
        u = x * x
        v, w = torch.stack([u, u]).unbind()
        h = (v + w).sum()
        assert "x" in variables
        return h

    with Recording() as recording:
        J = program()
    graph = record.of({"J": J}, {}, recording)
    assert {tensor.name for tensor in graph.tensors} >= {"x", "u", "v", "w", "J"}


def test_other_threads_are_left_alone():
    from concurrent.futures import ThreadPoolExecutor

    model = torch.nn.Linear(1, 1)
    with ThreadPoolExecutor(1) as pool, Recording() as recording:
        x = leaf(2)
        other = pool.submit(lambda: model(leaf(1)).exp().exp().exp().exp()).result()
        J = (x * 3 + other).sum()
        J.backward()
    graph = record.of([J], {"x": x}, recording)
    assert [(call.name, call.seen) for call in graph.calls] == [
        ("mul", True), ("", False), ("add", True), ("sum", True),
    ]  # fmt: skip
    kinds = [[graph.nodes[n].name for n in call.nodes] for call in graph.calls if call.seen]
    assert kinds == [["MulBackward0"], ["AddBackward0"], ["SumBackward0"]]
    assert not graph.blocks


def test_a_users_own_mode_sees_no_call_of_ours():
    from torch.utils._python_dispatch import TorchDispatchMode

    class Count(TorchDispatchMode):
        def __init__(self):
            super().__init__()
            self.seen = []

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.seen.append(str(func))
            return func(*args, **(kwargs or {}))

    def program(mode):
        with mode:
            J = (leaf(2) * 3).sum()
            J.backward()
        return mode.seen

    plain = program(Count())
    with Recording():
        assert program(Count()) == plain


def test_recordings_can_overlap_and_all_is_undone():
    before = torch.autograd.graph._engine_run_backward, vars(torch.autograd.Function)["apply"]
    one, two = Recording(), Recording()
    one.__enter__()
    two.__enter__()
    x = leaf(2)
    y = Cube.apply(x)
    one.__exit__(None, None, None)
    y.backward()
    two.__exit__(None, None, None)
    after = torch.autograd.graph._engine_run_backward, vars(torch.autograd.Function)["apply"]
    assert after == before
    assert [call.name for call in record.of([y], {}, two).calls] == ["Cube"]


def test_a_custom_backward_on_a_view_runs_once():
    Cube.runs = 0

    class Add(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.add_(1)

        @staticmethod
        def backward(ctx, gradient):
            Cube.runs += 1
            return gradient

    with Recording() as recording:
        x = leaf(2)
        y = x.clone()
        Add.apply(y[0:1])
        J = y.sum()
        J.backward()
    assert record.of([J], {}, recording).order
    assert Cube.runs == 1


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_what_pytorch_refuses_to_read_is_passed_over():
    base = leaf(1, 2).clone()
    with torch.no_grad():
        view = base.view(-1)
    base.mul_(2)
    with pytest.raises(RuntimeError):
        _ = view.grad_fn
    assert draw(base.sum(), names={"view": view}).graph.nodes
    with Recording(), torch.device("meta"):
        y = torch.ones(1, requires_grad=True) * 2
        y.backward()
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], requires_grad=True)
    with Recording() as recording:
        y = nested * 2
    assert Graph.from_json(record.of([y], {}, recording).to_json())


def test_a_look_at_a_tensor_is_no_write():
    with Recording() as recording:
        x = leaf(1, 2).clone()
        v = x[0]
        _ = v._base, x.shape, x.requires_grad
        J = x.sum()
    assert [call.name for call in record.of([J], {}, recording).calls] == ["clone", "sum"]


def test_rounding_is_not_taken_for_a_hook():
    with Recording() as recording:
        x = torch.tensor([1.5], dtype=torch.bfloat16, requires_grad=True)
        J = x * 0.1 + x * 0.3
        J.backward()
    figure = pages.parsed(draw(J, recording=recording)._repr_html_())
    words = pages.text(pages.select(figure, ".aa-words")[0])
    assert "AccumulateGrad" in words
    assert "a hook changed" not in words


def test_a_negative_imaginary_part():
    from autograd_atlas.picture.labels import number_text

    assert number_text(1 - 2j) == "1−2j"
    assert number_text(-0.5 + 0.25j) == "−0.5+0.25j"


class Halves(torch.nn.Module):
    def forward(self, x):
        y = x * 1
        v = y[0]
        y.mul_(0.5)
        return y + v


def test_blocks_that_write_in_place_fold_without_a_circle():
    model = torch.nn.Sequential(*(Halves() for _ in range(20)))
    with Recording() as recording:
        x = leaf(1, 2)
        J = model(x).sum()
        J.backward()
    graph = record.of([J], {"x": x}, recording)
    for view in (WRITTEN, RECORDED):
        boxes = diagram(graph, view).boxes
        assert [box.title for box in boxes if box.kind == "block"] == ["0 … 19 · Halves × 20"], view
        assert len(boxes) < 5
        layers = diagram(graph, view, Choice("layers")).boxes
        assert sum(box.kind == "block" for box in layers) == 20, view


# -- Refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(leaf, 1), "is a leaf tensor: nothing was computed yet"),
        (lambda: torch.ones(1) * 2, "Make an input with requires_grad=True"),
        (lambda: torch.Tensor.detach(leaf(1) * 2), "has no graph"),
        (lambda: 3.0, "is a number, of type float"),
    ],
)
def test_a_tensor_without_a_graph_is_refused_with_a_reason(make, message):
    J = make()
    with pytest.raises(GraphError, match=message):
        draw(J)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"view": "forward"}, "no view 'forward'; write written or recorded"),
        ({"view": "written"}, "only if it ran under a Recording"),
        ({"open": ["layers"]}, "no block 'layers' to open; this graph has no blocks"),
        ({"language": "fr"}, "no words for language 'fr'; there are en, zh"),
    ],
)
def test_a_wrong_option_is_refused_with_what_there_is(options, message):
    J = leaf(1) * 2
    with pytest.raises(ValueError, match=message):
        draw(J, **options)


def test_a_graph_of_another_version_is_refused():
    J = leaf(1) * 2
    stored = draw(J).graph.to_json().replace(f'"version":{VERSION}', '"version":99', 1)
    with pytest.raises(ValueError, match="version 99"):
        Graph.from_json(stored)


# -- Drawing --------------------------------------------------------------------------------

NASTY = [
    '"',
    "<script>alert(1)</script>",
    "梯度",
    "😀" * 9,
    "a&b",
    "x" * 300,
    "]]>",
    "\x00\x0b\ud800",
]


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("view", [WRITTEN, RECORDED])
def test_any_name_gives_valid_xml_and_stays_text(name, view):
    with Recording() as recording:
        x = leaf(2)
        y = x * x
        y.backward()
    graph = record.of({name: y}, {name: x}, recording)
    picture = svg(graph, view, alone=True)
    root = ET.fromstring(picture)
    assert "<script" not in picture
    words = "".join(root.itertext())
    if name.isprintable() and len(name) < 30:
        assert name in words
    html = draw(y, recording=recording, names={"y": y, name: x})._repr_html_()
    page = pages.parsed(html)
    assert len(pages.select(page, "script")) == 2  # the tape, and what plays it
    assert json.loads(pages.select(page, "figure script")[0].text)["steps"]


def encoder(layers: int) -> tuple[torch.Tensor, Recording]:
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    model = torch.nn.TransformerEncoder(layer, layers)
    with Recording() as recording:
        X = torch.randn(2, 5, 16)
        J = model(X).sum()
        J.backward()
    return J, recording


@pytest.mark.parametrize("view", [WRITTEN, RECORDED])
def test_an_encoder_reads_as_its_twelve_layers(view):
    J, recording = encoder(12)
    graph = record.of({"J": J}, {}, recording)
    boxes = diagram(graph, view).boxes
    folded = [box.title for box in boxes if box.kind == "block"]
    assert folded == ["layers.0 … 11 · TransformerEncoderLayer × 12"]
    assert len(boxes) < 5
    layers = diagram(graph, view, Choice(opened=("layers.0 … 11",))).boxes
    folded = [box.title for box in layers if box.kind == "block"]
    assert folded == [f"layers.{n} · TransformerEncoderLayer" for n in range(12)]
    opened = diagram(graph, view, Choice(opened=("layers.3",)))
    assert sum("EncoderLayer" in box.title for box in opened.boxes) == 11
    assert len(opened.boxes) > 20
    everything = diagram(graph, view, EVERYTHING)
    assert not any(box.kind == "block" for box in everything.boxes)


def test_folded_layers_unfold_on_the_page_and_equal_ones_once():
    J, recording = encoder(12)
    html = draw(J, recording=recording)._repr_html_()
    assert "Inside layers.0 · TransformerEncoderLayer (the same in layers.1, …, layers.11)" in html
    assert html.count('<details class="aa-inside">') < 12


def test_repeated_steps_fold_without_modules():
    x = leaf(1, 2)
    h = x
    W = torch.randn(2, 2, requires_grad=True)
    for _ in range(20):
        h = torch.tanh(W @ h) + x
    J = h.sum()
    boxes = diagram(draw(J).graph, RECORDED).boxes
    assert [box.title for box in boxes if box.kind == "block"] == [
        "MvBackward0 … AddBackward0 × 20"
    ]


@pytest.mark.parametrize("view", [WRITTEN, RECORDED])
def test_boxes_do_not_overlap_and_flow_from_left_to_right(view):
    J, recording = encoder(2)
    graph = record.of({"J": J}, {}, recording)
    picture = diagram(graph, view, EVERYTHING)
    places = layout(picture).boxes
    areas = list(places.values())
    for number, a in enumerate(areas):
        for b in areas[:number]:
            apart = (
                a.x + a.width <= b.x + 0.5 or b.x + b.width <= a.x + 0.5
                or a.y + a.height <= b.y + 0.5 or b.y + b.height <= a.y + 0.5
            )  # fmt: skip
            assert apart, (a, b)
    for wire in picture.wires:
        assert places[wire.source].x < places[wire.target].x


def wide(n: int) -> torch.Tensor:
    x = leaf(1)
    return torch.stack([x * step for step in range(n)]).sum()


def test_a_graph_past_the_limit_is_drawn_as_recorded_too():
    J = wide(600)
    graph = record.of([J])
    picture = drawn(svg(graph, RECORDED, EVERYTHING), "g")
    assert_drawn_as_recorded(picture, [J.grad_fn])


def test_ids_stay_the_same_and_differ_between_figures():
    def ids():
        with Recording() as recording:
            x = leaf(2)
            y = x * x
            y.backward()
        return svg(record.of({"y": y}, {"x": x}, recording), WRITTEN, prefix="f")

    assert ids() == ids()
    J = leaf(1) * 2
    drawing = draw(J)
    one, two = drawing._repr_html_(), drawing._repr_html_()
    figures = [pages.select(pages.parsed(html), "[id]") for html in (one, two)]
    ids_of = [{element.get("id") for element in figure} for figure in figures]
    assert ids_of[0]
    assert not ids_of[0] & ids_of[1]


def test_a_node_is_called_what_pytorch_calls_it():
    x = leaf(2)
    J = x.exp() * x
    picture = drawn(draw(J)._repr_svg_(), "")
    said = {node_name(texts) for texts, _ in picture.boxes.values()}
    assert said == {"torch::autograd::AccumulateGrad", "ExpBackward0", "MulBackward0"}


# -- draw() ---------------------------------------------------------------------------------


def test_a_drawing_can_be_saved(tmp_path):
    J = leaf(1) * 2
    drawing = draw(J)
    assert ET.parse(drawing.save(tmp_path / "J.svg")).getroot().tag.endswith("svg")
    assert Graph.from_json(drawing.save(tmp_path / "J.json").read_text("utf-8")) == drawing.graph
    assert "<figure" in drawing.save(tmp_path / "J.html").read_text("utf-8")


def test_an_option_is_drawn_where_the_program_gave_it() -> None:
    """PyTorch hands on every option; those that it filled in say nothing of the program."""
    with Recording() as recording:
        z = torch.tensor([1.0, 2.0], requires_grad=True)
        losses = [
            torch.nn.functional.binary_cross_entropy_with_logits(z, torch.ones(2)),
            torch.nn.functional.mse_loss(z, torch.ones(2), reduction="sum"),
        ]
    calls = [draw(loss, recording=recording).graph.calls[0] for loss in losses]
    assert [call.options for call in calls] == [(), ("reduction='sum'",)]
    assert call_symbol(calls[0]) == "binary_cross_entropy_with_logits"


def test_layers_of_a_small_model_fold_when_asked() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    with Recording() as recording:
        J = model(torch.ones(1, 2)).sum()
    graph = draw(J, recording=recording).graph
    plain, folded = (diagram(graph, WRITTEN, Choice(fold)) for fold in (True, "layers"))
    opened = diagram(graph, WRITTEN, Choice("layers", ("2",)))
    last = next(number for number, block in enumerate(graph.blocks) if block.name == "2")
    in_place = diagram(graph, WRITTEN, Choice("layers"), around=last)
    inside = [
        [box.inside for box in each.boxes if box.inside]
        for each in (plain, folded, opened, in_place)
    ]
    assert inside == [[], [1, 1, 1], [1, 1], [1, 1]]


class Steps(torch.nn.Module):
    """A block of so many calls."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(self.count):
            x = x.sin()
        return x


@pytest.mark.parametrize("view", [WRITTEN, RECORDED])
def test_a_block_around_one_or_two_items_is_never_folded(view) -> None:
    """It would take as much room as what is inside of it, and say less."""
    model = torch.nn.Sequential(*(Steps(count) for count in (1, 2, 3) * 10))
    with Recording() as recording:
        J = model(leaf(1)).sum()
    graph = record.of({"J": J}, {}, recording)
    repeated = Choice(opened=("0 … 29",))
    folded = [box.inside for box in diagram(graph, view, repeated).boxes if box.kind == "block"]
    assert folded == [3] * 10
