"""``draw()`` takes what people have; where it cannot, it says what to write instead."""

import dataclasses
import gc
import weakref
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from autograd_atlas import Drawing, GraphError, Recording, draw

Pair = namedtuple("Pair", "first second")


def leaf(*numbers: float) -> torch.Tensor:
    return torch.tensor(list(map(float, numbers)), requires_grad=True)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor, target: torch.Tensor | None = None) -> Any:
        h = self.fc(x).relu()
        return h if target is None else {"h": h, "loss": (h - target).square().mean()}


class ModelOutput(OrderedDict[str, Any]):
    """What a model of transformers gives: a dict whose keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


@dataclasses.dataclass
class Output:
    logits: Any
    hidden: Any = None
    loss: Any = None


def roots(drawing: Drawing) -> list[str]:
    return [root.name for root in drawing.graph.roots]


# -- What has tensors in it -----------------------------------------------------------------


def holders(y: torch.Tensor, z: torch.Tensor) -> dict[str, tuple[Any, list[str]]]:
    whole = torch.ones(1)
    return {
        "a list": ([y, z], ["y", "z"]),
        "a tuple in a list": ([y, (y * 2, 3)], ["y", "[1][0]"]),
        "a dict": ({"loss": y, "n": 3, "more": [z * 2]}, ["loss", "more[0]"]),
        "a dict of what has no graph, too": ({"loss": y, "labels": whole}, ["loss"]),
        "a named tuple": (Pair(y, z), ["first", "second"]),
        "a pair of max": ((y * z).reshape(1, 1).max(1), ["[0]"]),
        "a model's output": (ModelOutput(loss=y, logits=z), ["loss"]),
        "one without a loss": (ModelOutput(logits=z, past=((y,),)), ["logits", "past[0][0]"]),
        "a dataclass": (Output(z, [y]), ["logits", "hidden[0]"]),
        "a dataclass with a loss": (Output(z, [z], loss=y), ["loss"]),
    }


@pytest.mark.parametrize("kind", holders(leaf(1), leaf(1)))
def test_what_holds_tensors_is_drawn_by_its_own_names(kind: str) -> None:
    x = leaf(2)
    y, z = x * 3, x.exp()
    thing, names = holders(y, z)[kind]
    assert roots(draw(thing, names={"x": x, "y": y, "z": z})) == names


def test_several_things_are_drawn_together() -> None:
    x = leaf(2)
    y = x * 3
    assert roots(draw(y, {"loss": x.exp()}, [x.sin()], names={"y": y})) == ["y", "loss", "[2][0]"]


# -- A module and its inputs ----------------------------------------------------------------


def test_a_module_and_its_inputs_are_run_and_drawn() -> None:
    model, x = Net(), torch.ones(1, 2)
    drawing = draw(model, x)
    assert [call.name for call in drawing.graph.calls] == ["linear", "relu"]
    assert all(not node.grad and not node.outputs[0].received for node in drawing.graph.nodes)
    assert model.fc.weight.grad is None
    names = [tensor.name for tensor in drawing.graph.tensors]
    assert names == ["x", "fc.weight", "fc.bias", None, "h"]  # MODEL has such parameters too


def test_inputs_may_have_names() -> None:
    x = torch.ones(1, 2)
    assert roots(draw(Net(), x, target=x)) == ["h", "loss"]
    assert roots(draw(Net(), x=x)) == [""]


def test_a_module_is_not_run_where_nothing_would_be_recorded() -> None:
    model, x = Net(), torch.ones(1, 2)
    with torch.no_grad(), pytest.raises(GraphError, match=r"under torch\.no_grad\(\)"):
        draw(model, x)
    with pytest.raises(TypeError, match=r"a recording of its own; .* draw\(y, recording="):
        draw(model, x, recording=Recording())


# -- Only the paths -------------------------------------------------------------------------


def test_only_the_paths_to_a_tensor_are_drawn() -> None:
    with Recording() as recording:
        a, b, c = leaf(2), leaf(3), leaf(4)
        d = a * b
        e = d + c.exp()
        J = e * d
        J.backward()
    graph = draw(J, recording=recording, to=a).graph
    assert [node.name for node in graph.nodes] == [
        "torch::autograd::AccumulateGrad", "MulBackward0", "AddBackward0", "MulBackward0",
    ]  # fmt: skip
    assert [(edge.source, edge.target) for edge in graph.edges] == [(1, 0), (2, 1), (3, 2), (3, 1)]
    assert [call.source for call in graph.calls] == ["a * b", "d + c.exp()", "e * d"]
    assert [len(call.arguments) for call in graph.calls] == [1, 1, 2]
    assert [tensor.name for tensor in graph.tensors] == ["a", "d", "e", "J"]
    whole = draw(J, recording=recording).graph
    numbers = [[edge.sent.numbers for edge in each.edges if edge.sent] for each in (graph, whole)]
    assert set(numbers[0]) < set(numbers[1])
    assert "only a part of it" in draw(J, recording=recording, to=a)._repr_html_()


def test_the_paths_to_several_tensors_and_to_one_on_the_way() -> None:
    a, b, c = leaf(2), leaf(3), leaf(4)
    d = a * b
    J = d.sin() + c
    drawn = [draw(J, to=to).graph.nodes for to in (d, [a, c], J)]
    assert [[node.name.split("::")[-1] for node in nodes] for nodes in drawn] == [
        ["MulBackward0", "SinBackward0", "AddBackward0"],
        ["AccumulateGrad", "MulBackward0", "SinBackward0", "AccumulateGrad", "AddBackward0"],
        ["AddBackward0"],
    ]


def test_one_of_several_outputs_is_a_tensor_of_its_own() -> None:
    a = leaf(1, 2)
    one, two = a.unbind()
    assert len(draw(one * 2, to=one).graph.edges) == 1
    J = one * 2
    with pytest.raises(GraphError, match="two does not influence J"):
        draw(J, to=two)


def test_a_tensor_without_a_path_is_refused() -> None:
    a, b = leaf(2), leaf(3)
    J = a * 2
    with pytest.raises(GraphError, match="b does not influence J: no gradient leads from J to it"):
        draw(J, to=b)
    plain = torch.ones(1)
    with pytest.raises(GraphError, match=r"plain, which requires none: .*plain\.requires_grad_"):
        draw(plain * a, to=plain)


def test_blocks_off_the_paths_are_left_out() -> None:
    model = nn.Sequential(OrderedDict(one=nn.Linear(2, 2), two=nn.Linear(2, 2)))
    with Recording() as recording:
        J = model(torch.ones(1, 2)).sum()
    graph = draw(J, recording=recording, to=model.two.weight).graph
    assert [block.name for block in graph.blocks] == ["", "two"]
    assert len(draw(J, recording=recording, to=model.one.bias).graph.blocks) == 3


# -- All of a recording ---------------------------------------------------------------------


def test_all_results_of_a_recording_are_drawn() -> None:
    with Recording() as recording:
        x = leaf(1, 2)
        y = x * 2
        a = y.sum()
        b = y.mean()
        most = y.argmax()
        a.backward(retain_graph=True)
    drawing = draw(recording=recording)
    assert roots(drawing) == ["a", "b"]
    assert b.grad_fn is not None
    assert most.item() == 1
    assert drawing.graph.nodes[0].grad.numbers == (2.0, 2.0)
    assert "raised" not in [note.kind for note in drawing.graph.notes]


def test_results_that_are_gone_are_drawn_with_their_values() -> None:
    with Recording() as recording:
        x = leaf(1, 2)
        for factor in (10, 20):
            loss = (x * factor).sum()
            loss.backward()
    drawing = draw(recording=recording)
    assert roots(drawing) == ["loss"]
    picture = drawing._repr_svg_()
    assert "= 30<" in picture
    assert "= 60<" in picture


def too_large(x: torch.Tensor) -> torch.Tensor:
    h = torch.tanh(x)
    k = h * 2
    return k @ torch.ones(3)


def test_what_ran_before_an_error_is_drawn_with_the_call_that_raised_it() -> None:
    x = leaf(1, 2)
    with pytest.raises(RuntimeError) as raised, Recording() as recording:
        too_large(x)
    drawing = draw(recording=recording)
    assert [call.name for call in drawing.graph.calls] == ["tanh", "mul", "matmul ✗"]
    last = drawing.graph.calls[-1]
    assert [drawing.graph.tensors[a.tensor].name for a in last.arguments] == ["k", None]
    assert len(drawing.graph.nodes) == 3  # those of h and k are there as long as the error is
    line = too_large.__code__.co_firstlineno + 3
    assert drawing.notes[0].startswith(f"Line {line} raised RuntimeError: inconsistent tensor")
    assert "matmul ✗" in drawing._repr_svg_()
    assert "raised an error, and gave nothing" in drawing._repr_html_()
    assert "抛出了错误" in draw(recording=recording, language="zh")._repr_html_()
    assert raised.type is RuntimeError


def test_what_ran_before_an_error_is_drawn_when_its_tensors_are_gone() -> None:
    x = leaf(1, 2)
    try:
        with Recording() as recording:
            too_large(x)
    except RuntimeError:
        pass
    gc.collect()
    drawing = draw(recording=recording)
    assert not drawing.graph.nodes
    assert [tensor.name for tensor in drawing.graph.tensors] == ["x", "h", "k", None]
    assert "What PyTorch recorded" not in drawing._repr_html_()
    with pytest.raises(ValueError, match="nothing is there any more"):
        draw(recording=recording, view="recorded")


def refused(h: torch.Tensor) -> None:
    if h.shape[0] != 3:
        raise ValueError("three wanted\nand more")


def test_an_error_of_the_program_itself_is_told() -> None:
    x = leaf(1, 2)
    try:
        with Recording() as recording:
            h = x.exp()
            refused(h)
    except ValueError:
        pass
    line = refused.__code__.co_firstlineno + 2
    drawing = draw(recording=recording)
    assert [call.name for call in drawing.graph.calls] == ["exp"]
    assert drawing.notes[0].startswith(f"Line {line} raised ValueError: three wanted. The picture")


def test_an_error_that_the_program_has_dealt_with_is_no_part_of_the_picture() -> None:
    with Recording() as recording:
        x = leaf(1, 2)
        try:
            x @ torch.ones(3)
        except RuntimeError:
            y = x * 2
    drawing = draw(recording=recording)
    assert y.requires_grad
    assert roots(drawing) == ["y"]
    assert len(drawing.graph.calls) == 1
    assert not drawing.notes


def test_a_recording_keeps_no_error_and_so_no_tensor() -> None:
    x = leaf(1, 2)
    try:
        with Recording() as recording:
            h = x.exp()
            gone = weakref.ref(h)
            h @ torch.ones(3)
    except RuntimeError:
        pass
    del h
    gc.collect()
    assert gone() is None
    assert len(draw(recording=recording).graph.calls) == 2


def test_an_empty_recording_is_refused() -> None:
    with Recording() as recording:
        pass
    with pytest.raises(GraphError, match="holds no calculation"):
        draw(recording=recording)


# -- Errors ---------------------------------------------------------------------------------

MODEL, ARRAY, X = Net(), np.ones(2), leaf(1, 2)
LOSS = X.sum()
EMPTY = Recording()


class Holder:
    def __init__(self) -> None:
        self.logits = LOSS


HOLDER = Holder()


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (MODEL, r"MODEL is a module, of class Net, .* draw\(MODEL\(x\)\), or draw\(MODEL, x\)"),
        ("loss", r"'loss' is a string: write draw\(loss\)"),
        (None, "was given None: does the function"),
        (ARRAY, r"ARRAY is a NumPy array, .* before \.detach\(\) or \.numpy\(\)"),
        (1.5, r"1\.5 is a number, .* before \.item\(\)"),
        (EMPTY, r"EMPTY is a Recording: write draw\(loss, recording=EMPTY\), or draw\(recording="),
        (draw(LOSS), r"is a drawing already: write drawing\.show\(\)"),
        (draw(LOSS).graph, r"is a Graph: write Drawing\(graph\)"),
        (HOLDER, r"HOLDER is of type Holder, and holds logits: write draw\(HOLDER\.logits\)"),
        (iter([LOSS]), r"of type list_iterator: write draw\(\*outputs\)"),
        (Net, "is a function or class"),
        (LOSS.grad_fn, "is a node, SumBackward0: .* the tensor whose grad_fn it is"),
        ([], "a list that holds no tensor"),
        ({"n": 3}, "a dict that holds no tensor"),
        ([torch.ones(1)], r"\[0\] has no graph: nothing was recorded"),
        (object(), "draw.. takes tensors, or a list, tuple or dict of them"),
        (X, r"X is a leaf tensor: .* draw\(loss, to=X\)"),
        (MODEL.fc.weight, r"fc\.weight is a parameter: nothing was computed yet"),
        (LOSS.detach().argmax(), "of type int64, and only floating-point and complex tensors"),
        (X > 1, "of type bool, and only floating-point"),
    ],
)
def test_what_has_no_graph_is_refused_with_the_call_that_works(thing: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        draw(thing, names=globals())


def test_a_recording_knows_where_a_graph_ended() -> None:
    with Recording() as recording:
        x = leaf(1, 2)
        y = x * 2
        detached = y.detach()
        with torch.no_grad():
            unseen = y * 3
        plain = torch.ones(2) + 1
    with torch.inference_mode():
        inferred = x * 2
    for tensor, reason in [
        (detached, r"\.detach\(\) took it out of its graph, in y\.detach\(\)"),
        (unseen, r"under torch\.no_grad\(\), .*, in y \* 3"),
        (plain, r"none of its inputs requires a gradient, in torch\.ones\(2\) \+ 1"),
        (inferred, r"computed in torch\.inference_mode\(\)"),
    ]:
        with pytest.raises(GraphError, match=reason):
            draw(tensor, recording=recording)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"fold": "all"}, ValueError, "no fold='all'; write fold=True, fold=False or"),
        ({"open": "fc"}, ValueError, "no block 'fc' to open"),
        ({"recording": LOSS}, TypeError, "recording= takes a Recording, .* not Tensor"),
        ({"recording": Recording}, TypeError, "not the class Recording"),
        ({"language": None}, TypeError, 'language="en", and not NoneType'),
        ({"names": ["w"]}, TypeError, "names= takes a dict"),
        ({"to": "w"}, TypeError, "to= takes a tensor or a list of tensors, to=w, and not str"),
        ({"folds": True}, TypeError, "no option folds=; did you mean fold=?"),
        ({"mask": 1}, TypeError, r"no option mask=; there are .*recording.* draw\(model, x"),
    ],
)
def test_a_wrong_option_is_refused_with_the_right_one(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        draw(LOSS, **options)
    with pytest.raises(TypeError, match=r"draw\(loss\), or a recording, draw\(recording=r\)"):
        draw()


def test_one_block_to_open_is_one_name() -> None:
    model = nn.Sequential(OrderedDict(fc=nn.Linear(2, 2)))
    drawing = draw(model, torch.ones(1, 2), fold="layers", open="fc")
    assert "fc" not in [each.name for each in drawing.graph.blocks if not each.name]
    assert "linear" in drawing._repr_svg_()
    assert "linear" not in draw(model, torch.ones(1, 2), fold="layers")._repr_svg_()
