"""What a picture shows at first sight of a model, or of any graph: no more than one can read, what
is equal once, and the rest behind blocks that open.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from autograd_atlas import Recording, draw
from autograd_atlas.graph import Block, Graph, Note
from autograd_atlas.picture.arranging import chain
from autograd_atlas.picture.choice import Choice
from autograd_atlas.picture.composing import Scene, diagram
from autograd_atlas.picture.diagram import RECORDED, WRITTEN, Box, Diagram
from autograd_atlas.picture.figure import figure
from autograd_atlas.picture.keys import Key, Kind
from autograd_atlas.picture.layout import layout
from autograd_atlas.picture.notes import sentences
from autograd_atlas.picture.svg import svg
from autograd_atlas.picture.words import ENGLISH, words

MOST_BOXES, WIDEST = 60, 10_000
BOTH = pytest.mark.parametrize("view", [WRITTEN, RECORDED])

Make = Callable[[], torch.Tensor]


def recorded(make: Make) -> Graph:
    torch.manual_seed(0)
    with Recording() as recording:
        J = make()
        J.backward()
    return draw(J, recording=recording).graph


def blocks(picture: Diagram) -> list[str]:
    return [box.title for box in picture.boxes if box.kind == "block"]


def texts(box: Box) -> list[str]:
    return ["".join(span.text for span in line) for line in box.lines]


# -- What is equal --------------------------------------------------------------------------


def loop(steps: int, between: bool = False) -> Make:
    def run() -> torch.Tensor:
        cell, h = nn.GRUCell(3, 3), torch.zeros(1, 3)
        for _ in range(steps):
            h = cell(torch.randn(1, 3), h)
            h = torch.relu(h) + 1 if between else h
        return h.sum()

    return run


@BOTH
@pytest.mark.parametrize("between", [False, True])
def test_a_module_in_a_loop_is_one_box_with_what_each_step_was_given(view, between):
    graph = recorded(loop(30, between))
    picture = diagram(graph, view)
    (title,) = blocks(picture)
    assert title.endswith("GRUCell × 30")
    assert len(picture.boxes) < 5
    opened = Choice(opened=(title.partition(" · ")[0],))
    assert any(name.startswith("2 … 30") for name in blocks(diagram(graph, view, opened)))


@BOTH
def test_a_unit_of_several_modules_is_repeated_as_a_whole(view):
    parts = [part for _ in range(8) for part in (nn.Linear(3, 3), nn.LayerNorm(3), nn.ReLU())]
    graph = recorded(lambda: nn.Sequential(*parts)(torch.randn(2, 3)).sum())
    assert blocks(diagram(graph, view)) == ["0 … 23 · Linear, LayerNorm, ReLU × 8"]


@BOTH
def test_layers_of_different_widths_are_not_equal(view):
    widths = range(3, 20)
    layers = [nn.Sequential(nn.Linear(a, b), nn.Tanh()) for a, b in itertools.pairwise(widths)]
    graph = recorded(lambda: nn.Sequential(*layers)(torch.randn(2, 3)).exp().sum())
    assert len(blocks(diagram(graph, view))) == 16


# -- Without a recording --------------------------------------------------------------------


def test_paths_of_parameters_give_the_blocks_where_no_module_was_seen():
    torch.manual_seed(0)
    model = nn.Transformer(4, 2, 2, 3, 8, batch_first=True)
    J = model(torch.randn(1, 5, 4), torch.randn(1, 4, 4)).mean()
    graph = draw(J, names=dict(model.named_parameters()) | {"J": J}).graph
    scene = Scene.of(graph, Choice())
    titles = [block.name for block in scene.graph.blocks]
    assert {"encoder.layers.0", "encoder.layers.1", "decoder.layers.2"} <= set(titles)
    draw(J, names=dict(model.named_parameters()), open="encoder.layers.1")
    with pytest.raises(ValueError, match=r"no block 'encoder\.layers\.7' to open; there are enc"):
        draw(J, names=dict(model.named_parameters()), open="encoder.layers.7")
    stage = scene.stages[RECORDED]
    for key, block in stage.block_of.items():
        name = graph.nodes[key.number].outputs[0].name or ""
        around = {titles[outer] for outer in chain(scene.graph.blocks, block)}
        if graph.nodes[key.number].leaf and name.startswith("encoder.layers.1."):
            assert "encoder.layers.1" in around
            assert "encoder.layers.0" not in around


# -- Any graph ------------------------------------------------------------------------------


def tangled(count: int) -> torch.Tensor:
    random.seed(count)
    pool = [torch.ones(1, requires_grad=True) for _ in range(9)]
    for _ in range(count):
        function = random.choice((torch.add, torch.mul, torch.sub))
        pool.append(function(random.choice(pool[-12:]), random.choice(pool)).sin())
    return torch.stack(pool[-12:]).sum()


def leaves(count: int) -> torch.Tensor:
    return torch.stack([torch.ones(1, requires_grad=True) for _ in range(count)]).sum()


def with_constants(count: int) -> torch.Tensor:
    x = torch.ones(1, requires_grad=True)
    for n in range(count):
        x = (
            (x * torch.full((1,), n + 2.0)).sin()
            if n.bit_count() % 2
            else x + torch.full((1,), 3.0)
        )
    return x


class Wide(nn.Module):
    """One module in which there is everything."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return tangled(50) + x


PROGRAMS = {
    "tangled": lambda: tangled(90),
    "leaves": lambda: leaves(150),
    "constants": lambda: with_constants(80),
    "module": lambda: nn.Sequential(Wide())(torch.ones(1, requires_grad=True)),
}


@cache
def scene_of(name: str) -> Scene:
    return Scene.of(recorded(PROGRAMS[name]), Choice())


def everything_opened(scene: Scene, view: str, inside: int | None = None) -> Iterator[Diagram]:
    picture = scene.diagram(view, inside=inside)
    yield picture
    for alike in scene.stages[view].folded_in(picture):
        for block in alike:
            yield from everything_opened(scene, view, block)


@BOTH
@pytest.mark.parametrize("name", PROGRAMS)
def test_any_graph_can_be_read_and_every_block_opens(name, view):
    scene = scene_of(name)
    first = scene.diagram(view)
    assert 5 < len(first.boxes) <= MOST_BOXES
    assert layout(first).width * 1.1 <= WIDEST
    pictures = list(everything_opened(scene, view))
    shown = {box.key for picture in pictures for box in picture.boxes}
    assert set(scene.stages[view].view.items) <= shown
    for picture in pictures:
        assert len(picture.boxes) <= 130
        assert_flows(picture)
    for block in first.folded():
        in_place = scene.diagram(view, around=block)
        assert len(in_place.boxes) > len(first.boxes)
        assert_flows(in_place)


def assert_flows(picture: Diagram) -> None:
    """No wires lead in a circle."""
    waiting = {box.key: 0 for box in picture.boxes}
    for wire in picture.wires:
        waiting[wire.target] += 1
    ready = [key for key, count in waiting.items() if not count]
    for key in ready:
        for wire in picture.wires:
            if wire.source == key:
                waiting[wire.target] -= 1
                if not waiting[wire.target]:
                    ready.append(wire.target)
    assert len(ready) == len(picture.boxes)


def test_what_lies_between_the_nodes_of_a_block_is_in_it():
    """Else it would lead in a circle, out of the block and into it again."""
    graph = recorded(lambda: nn.Sequential(*(Caching() for _ in range(16)))(torch.ones(1, 4)).sum())
    lost = [n for n, node in enumerate(graph.nodes) if node.name == "ReluBackward0"]
    nodes = [replace(n, block=None) if k in lost else n for k, n in enumerate(graph.nodes)]
    scene = Scene.of(replace(graph, nodes=tuple(nodes)), Choice(opened=("0 … 15",)))
    for picture in everything_opened(scene, RECORDED):
        assert_flows(picture)


# -- Constants ------------------------------------------------------------------------------


class Caching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        cache = torch.cat([torch.tensor([]), torch.arange(4.0)])
        bias = torch.cat([torch.tensor([]), torch.zeros(4)])
        return self.b(self.a(x).relu() + cache) + bias


def test_constants_that_a_block_makes_lie_in_it_and_empty_ones_nowhere():
    model = nn.Sequential(*(Caching() for _ in range(16)))
    graph = recorded(lambda: model(torch.randn(1, 4)).sum())
    picture = diagram(graph, WRITTEN, Choice(opened=("0 … 15",)))
    assert blocks(picture) == [f"{n} · Caching" for n in range(16)]
    assert sum(box.kind == "constant" for box in picture.boxes) == 1  # what the model was given
    everything = diagram(graph, WRITTEN, Choice(fold=False))
    shown = {box.tensor for box in everything.boxes}
    empty = {n for n, tensor in enumerate(graph.tensors) if 0 in tensor.value.shape}
    assert empty
    assert not empty & shown


@pytest.mark.parametrize("fold", [True, False])
def test_constants_can_be_left_out(fold):
    graph = recorded(lambda: with_constants(12) * 2)
    kinds = [{b.kind for b in diagram(graph, WRITTEN, Choice(fold, constants=c)).boxes}
             for c in (True, False)]  # fmt: skip
    assert "constant" in kinds[0]
    assert kinds[1] == kinds[0] - {"constant"}


# -- Depth ----------------------------------------------------------------------------------


class Halves(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = (nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.left(x) * self.right(x)


@BOTH
@pytest.mark.parametrize(("depth", "count"), [(1, 1), (2, 2), (3, 4)])
def test_modules_deeper_than_asked_stay_folded(view, depth, count):
    graph = recorded(lambda: nn.Sequential(Halves(), Halves())(torch.ones(1, 2)).sum())
    picture = diagram(graph, view, Choice(depth=depth))
    assert len(picture.folded()) == count
    assert all(len(chain(graph.blocks, block)) == depth for block in picture.folded())


def test_a_depth_that_there_is_not_is_refused():
    J = torch.ones(1, requires_grad=True) * 2
    with pytest.raises(ValueError, match="write 1 for the outermost modules"):
        draw(J, depth=0)


# -- Gradients ------------------------------------------------------------------------------


class Cut(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.cut, self.unused = (nn.Linear(20, 20, bias=False) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.used(x) * self.cut(x).detach()).mean()


def cut_drawing(scale: float = 1.0):
    torch.manual_seed(0)
    model = Cut()
    with Recording() as recording:
        loss = model(torch.randn(4, 20)) * scale
        loss.backward()
    return model, draw(loss, recording=recording)


@BOTH
@pytest.mark.parametrize(("scale", "told"), [(1.0, None), (0.0, "∇ 0"), (math.nan, "∇ nan")])
def test_a_gradient_too_large_to_read_has_a_norm_and_none_is_told(view, scale, told):
    model, drawing = cut_drawing(scale)
    lines = [line for box in diagram(drawing.graph, view).boxes
             if box.kind in ("leaf", "accumulate") for line in texts(box)]  # fmt: skip
    norm = float(model.used.weight.grad.norm())
    assert (told or f"∇ |g| = {norm:.4f}") in lines
    assert ("∇ None" in lines) == (view == WRITTEN)  # nothing was recorded of it


def test_a_folded_block_tells_of_all_its_parameters():
    model, drawing = cut_drawing()
    (box,) = (b for b in diagram(drawing.graph, WRITTEN, Choice(depth=1)).boxes if b.inside)
    norm = float(model.used.weight.grad.norm())
    assert texts(box)[-2:] == [f".grad |g| = {norm:.4f}", ".grad None: 1 / 2"]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 40))
    with Recording() as recording:
        loss = model(torch.randn(2, 3)).pow(2).sum()
        loss.backward()
    picture = diagram(draw(loss, recording=recording).graph, RECORDED, Choice(depth=1))
    (box,) = (b for b in picture.boxes if b.inside)
    together = math.hypot(*(float(each.grad.norm()) for each in model.parameters()))
    (line,) = (line for line in texts(box) if line.startswith(".grad |g| = "))
    assert float(line.removeprefix(".grad |g| = ")) == pytest.approx(together, rel=1e-3)


@BOTH
def test_a_folded_block_shows_what_arrived_and_its_wires_what_was_sent(view):
    """What the first layer receives is what the activation sends it."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 40))
    x = torch.randn(2, 3)
    with Recording() as recording:
        loss = model(x).pow(2).sum()
        loss.backward()
    graph = draw(loss, recording=recording).graph
    h = model[0](x).detach().requires_grad_()
    model[2](model[1](h)).pow(2).sum().backward()
    told = f"|g| = {float(h.grad.norm()):.4f}"
    picture = diagram(graph, view, Choice(fold="layers"))
    box = next(box for box in picture.boxes if box.kind == "block" and "Linear" in box.title)
    (sent,) = (wire.below for wire in picture.wires if wire.source == box.key and wire.below)
    assert f"∇ {told}" in texts(box)
    assert sent == f"← {told}"


def test_parameters_without_a_gradient_are_listed():
    _, drawing = cut_drawing()
    (note,) = (note for note in drawing.graph.notes if note.kind == "no-gradient")
    assert note.subjects == ("cut.weight", "unused.weight")
    html = drawing._repr_html_()
    assert "that ran: <code>cut.weight</code> and <code>unused.weight</code>." in html


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_of_note_has_its_sentence(language):
    kinds = [key.removeprefix("note-") for key in ENGLISH if key.startswith("note-")]
    assert len(kinds) >= 6
    graph = recorded(lambda: leaves(2))
    notes = tuple(Note(kind, ("3", "w")) for kind in kinds)
    lines = sentences(Graph(graph.nodes, graph.edges, graph.roots, notes=notes), words(language))
    assert len(set(lines)) == len(kinds)
    assert not any("{" in line for line in lines)


# -- What was not seen, and what is kept ----------------------------------------------------


def test_what_was_not_seen_is_drawn_with_a_dashed_line():
    x = torch.ones(2, requires_grad=True)
    with Recording() as recording:
        J = x.exp().sum()
    graph = draw(J, recording=recording).graph
    unseen = replace(graph.calls[0], name="", source="", seen=False)
    graph = replace(graph, calls=(unseen, *graph.calls[1:]))
    (box,) = (box for box in diagram(graph, WRITTEN).boxes if not box.seen)
    assert (box.symbol, box.title) == ("⋯ ExpBackward0", "ExpBackward0")
    assert svg(graph).count('class="op unseen"') == 1
    for language, told in (("en", "did not see (<code>Exp"), ("zh", "没有看到的运算（<code>Exp")):
        assert told in figure(graph, "g", language=language)


def test_a_folded_block_tells_what_it_keeps_once_and_without_parameters():
    class Square(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * x  # which keeps it twice

    model = nn.Sequential(nn.Linear(1000, 1000), nn.Sigmoid(), Square())
    x = torch.randn(1000, 1000)
    with Recording() as recording:
        J = model(x).sum()
    graph = draw(J, recording=recording, names={"model": model, "x": x, "J": J}).graph
    (box,) = (b for b in diagram(graph, RECORDED, Choice(depth=1)).boxes if b.inside)
    assert texts(box)[-1] == "▪ 8 MB"  # x, and a result that is kept thrice


def test_names_that_would_be_cut_to_the_same_are_cut_where_they_differ():
    model = nn.ModuleDict({f"heads_{n}": nn.Linear(2, 2) for n in "ab"})
    for head in model.values():
        nn.utils.parametrizations.weight_norm(head)
    x = torch.ones(1, 2)
    J = (model["heads_a"](x) + model["heads_b"](x)).sum()
    names = dict(model.named_parameters()) | {"J": J}
    picture = diagram(draw(J, names=names).graph, RECORDED)
    shown = [box.lines[2][0].text for box in picture.boxes if box.kind == "accumulate"]
    assert len(set(shown)) == len(shown) == 6


def test_a_stretch_says_how_many_it_holds():
    graph = recorded(loop(30))
    scene = Scene.of(graph, Choice())
    (key,) = (box.key for box in scene.diagram(WRITTEN).boxes if box.kind == "block")
    assert key == Key(Kind.BLOCK, key.number)
    assert scene.graph.blocks[key.number] == Block("GRUCell", "GRUCell", None, 30)


def test_a_model_that_was_made_while_recording_is_drawn_as_one_from_before():
    """What a module filled its buffers with is not a part of the calculation."""

    def norms() -> torch.nn.Module:
        torch.manual_seed(0)
        return torch.nn.Sequential(*(torch.nn.BatchNorm1d(3) for _ in range(2)))

    def drawn(before: torch.nn.Module | None) -> list[tuple[str, str]]:
        with Recording() as recording:
            model = before or norms()
            loss = model(torch.arange(6.0).reshape(2, 3)).square().sum()
        graph = draw(loss, recording=recording, names={"loss": loss}).graph
        picture = diagram(graph, "written", Choice(fold="layers"))
        return [(box.kind, box.title) for box in picture.boxes]

    assert drawn(None) == drawn(norms())
    assert ("block", "0 · BatchNorm1d") in drawn(None)
