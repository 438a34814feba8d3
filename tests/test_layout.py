"""A picture is laid out quickly, however large it is, and so that it can be read: what is given to
Graphviz stays within what it can do, and what is laid out in columns stands apart.
"""

import random
from functools import cache
from itertools import combinations, pairwise

import pytest
import torch
from torch import nn

from autograd_atlas import Recording, draw
from autograd_atlas.graph import Graph
from autograd_atlas.picture import graphviz, layout
from autograd_atlas.picture.choice import EVERYTHING
from autograd_atlas.picture.composing import diagram
from autograd_atlas.picture.diagram import RECORDED, WRITTEN, Diagram
from autograd_atlas.picture.geometry import Rectangle, frame_chains
from autograd_atlas.picture.ranking import ranks


def loop(steps: int) -> Graph:
    """An LSTM cell in a loop: four parameters that are used in each step."""
    cell = nn.LSTMCell(2, 2)
    h = c = torch.zeros(1, 2)
    with Recording() as recording:
        for _ in range(steps):
            h, c = cell(torch.ones(1, 2), (h, c))
        loss = h.sum()
        loss.backward()
    return draw(loss, recording=recording).graph


def encoder(layers: int) -> Graph:
    layer = nn.TransformerEncoderLayer(4, 2, 4, batch_first=True, dropout=0.0)
    model, x = nn.TransformerEncoder(layer, layers), torch.ones(1, 2, 4)
    with Recording() as recording:
        loss = model(x).sum()
        loss.backward()
    return draw(loss, recording=recording).graph


def branches() -> Graph:
    """Modules side by side, of which one is longer."""

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = (
                nn.Sequential(*(nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(count)))
                for count in (1, 2)
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.one(x) * self.two(x) + x

    model, x = Both(), torch.ones(1, 2)
    with Recording() as recording:
        loss = model(x).sum()
        loss.backward()
    return draw(loss, recording=recording).graph


def tangled(calls: int) -> Graph:
    """Each call takes two of all tensors so far, one of them perhaps twice."""
    choose = random.Random(1)
    tensors = [torch.ones(1, requires_grad=True) for _ in range(3)]
    with Recording() as recording:
        for _ in range(calls):
            tensors.append(choose.choice(tensors) * choose.choice(tensors))
        total = torch.stack(tensors).sum()
        total.backward()
    return draw(total, recording=recording).graph


@pytest.fixture
def in_columns(monkeypatch):
    """Graphviz does nothing."""
    monkeypatch.setattr(layout, "MOST_CROSSED", 0)


@cache
def pictures() -> list[Diagram]:
    graphs = (loop(5), branches(), encoder(2), tangled(9), tangled(40))
    return [diagram(graph, view, EVERYTHING) for graph in graphs for view in (WRITTEN, RECORDED)]


def apart(a: Rectangle, b: Rectangle) -> bool:
    return (
        a.x + a.width <= b.x + 0.5 or b.x + b.width <= a.x + 0.5
        or a.y + a.height <= b.y + 0.5 or b.y + b.height <= a.y + 0.5
    )  # fmt: skip


def holds(outer: Rectangle, inner: Rectangle) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def test_boxes_in_columns_stand_apart_and_run_from_left_to_right(in_columns):
    for picture in pictures():
        places = layout.layout(picture).boxes
        areas = list(places.values())
        assert all(apart(a, b) for number, a in enumerate(areas) for b in areas[:number])
        for wire in picture.wires:
            source, target = places[wire.source], places[wire.target]
            assert source.x + source.width < target.x


def test_a_frame_in_columns_holds_what_is_inside_of_it_and_nothing_else(in_columns):
    for picture in pictures():
        at, chains = layout.layout(picture), frame_chains(picture)
        for one, other in combinations(chains, 2):
            if one not in chains[other] and other not in chains[one] and None not in (one, other):
                assert apart(at.frames[one], at.frames[other])
        for frame in picture.frames:
            for box in picture.boxes:
                area = at.boxes[box.key]
                inside = frame.block in chains[box.frame]
                assert (holds if inside else apart)(at.frames[frame.block], area)


def test_wires_in_columns_lead_from_box_to_box_and_around_others(in_columns):
    for picture in pictures():
        at = layout.layout(picture)
        stopped = {box.key for box in picture.boxes if box.stops}
        for wire in picture.wires:
            path, source, target = at.paths[wire.key], at.boxes[wire.source], at.boxes[wire.target]
            assert path[0] == pytest.approx((source.x + source.width, middle(source)), abs=1)
            if wire.target not in stopped:
                assert path[-1] == pytest.approx((target.x, middle(target)), abs=1)
            for (x, y), (next_x, next_y) in pairwise(path[::3]):
                assert abs(next_y - y) < 1 or next_x - x > 30
            for key, box in at.boxes.items():
                if key not in (wire.source, wire.target):
                    assert not any(within(box, point) for point in path[::3])


def middle(area: Rectangle) -> float:
    return area.y + area.height / 2


def within(area: Rectangle, point: tuple[float, float]) -> bool:
    x, y = point
    return area.x < x < area.x + area.width and area.y < y < area.y + area.height


def test_texts_of_wires_in_columns_lie_on_no_box_and_not_on_each_other(in_columns):
    picture = diagram(tangled(6), WRITTEN, EVERYTHING)
    at = layout.layout(picture)
    texts = []
    for wire in picture.wires:
        if (size := layout.label_size(wire)) is not None:
            (x, y), (width, height) = at.labels[wire.key], size
            texts.append(Rectangle(x - width / 2, y - height / 2, width, height))
    assert len(texts) > 6
    assert all(apart(text, box) for text in texts for box in at.boxes.values())
    assert all(apart(a, b) for number, a in enumerate(texts) for b in texts[:number])


def test_two_wires_between_the_same_boxes_are_both_seen(in_columns):
    with Recording() as recording:
        x = torch.ones(1, requires_grad=True)
        y = x * x
    picture = diagram(draw(y, recording=recording).graph, WRITTEN)
    one, other = layout.layout(picture).paths.values()
    assert one[0] == other[0]
    assert one[-1] == other[-1]
    assert one != other


def test_what_is_used_once_stands_right_before_what_uses_it():
    """Of the chain 0 → 1 → 2 → 3, 3 also needs 4, and that 5."""
    assert ranks(6, [(0, 1), (1, 2), (2, 3), (5, 4), (4, 3)]) == [0, 1, 2, 3, 2, 1]


def test_what_is_written_of_wires_does_not_grow_faster_than_the_picture(in_columns):
    """Although the columns that they cross grow with the square of it."""

    def points(calls: int) -> int:
        picture = diagram(tangled(calls), RECORDED, EVERYTHING)
        return sum(map(len, layout.layout(picture).paths.values()))

    assert points(400) < 2.5 * points(200)


def test_a_circle_has_columns_too():
    assert sorted(ranks(3, [(0, 1), (1, 2), (2, 0)])) == [0, 1, 2]


@pytest.mark.parametrize(
    ("graph", "small_enough"),
    [(lambda: loop(25), 0), (lambda: tangled(150), 0), (lambda: encoder(5), 2)],
    ids=["loop", "tangled", "encoder"],
)
def test_graphviz_is_given_only_what_it_lays_out_quickly(monkeypatch, graph, small_enough):
    given = []

    def by_graphviz(picture: Diagram):
        given.append(layout.columns_crossed(picture))
        return graphviz.by_graphviz(picture)

    monkeypatch.setattr(layout, "by_graphviz", by_graphviz)
    recorded = graph()
    for view in (WRITTEN, RECORDED):
        layout.layout(diagram(recorded, view, EVERYTHING))
    assert len(given) == small_enough
    assert max(given, default=0) <= layout.MOST_CROSSED < 2_000
