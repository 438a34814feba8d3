"""Models that people really have run under a recording as without one, lose nothing in the picture,
and give one that can be read: few boxes at first sight, not too wide, each folded block opens.

The eight of ``transformers`` and ``timm`` run with ``make test-all``.
"""

import gc
import json
import re
import time
import warnings
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

import extras
import models
from autograd_atlas import Drawing, Recording, draw
from witness import edges_below

MOST_BOXES = 60  # at first sight
WIDEST = 10_000  # pixels
LONGEST = 5.0  # seconds of the processor to an .html,
OF_A_LOOP = 3.0  # and of 100 steps of an LSTMCell
LARGEST = 1_500_000  # bytes of it
STEPS = 50  # of training, in which nothing may grow

NAMES = [
    pytest.param(name, marks=() if name in models.OWN else pytest.mark.slow)
    for name in models.MODELS | models.OWN
]
VIEWS = {"no recording": ["recorded"], "recording": ["written", "recorded"]}
by_model = pytest.mark.parametrize("name", NAMES)
by_recording = pytest.mark.parametrize("how", VIEWS)


class Ran(NamedTuple):
    made: models.Program
    losses: dict[str, torch.Tensor]
    recording: Recording | None
    warned: list[str]

    def drawing(self, view: str | None = None) -> Drawing:
        return draw(
            *self.losses.values(), recording=self.recording, view=view,
            names=self.losses | self.made.names(),
        )  # fmt: skip


@cache
def ran(name: str, how: str) -> Ran:
    """One step from the same seed, told of every warning."""
    if name not in models.OWN:
        extras.use("libraries")
    made = models.program(name)
    torch.manual_seed(1)  # of dropout
    recording = Recording() if how == "recording" else None
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            if recording:
                with recording:
                    losses = made.run()
            else:
                losses = made.run()
    finally:
        torch.set_warn_always(always)
    return Ran(made, losses, recording, [str(each.message) for each in warned])


@cache
def html_of(name: str, how: str) -> tuple[str, float]:
    """The figure, and what it took, in seconds of the processor."""
    case = ran(name, how)
    start = time.process_time()
    html = case.drawing()._repr_html_()
    return html, time.process_time() - start


def equal(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    if one is None or other is None:
        return one is other
    return torch.equal(one, other)


@by_model
def test_a_step_gives_the_same_to_the_last_bit_and_warns_of_nothing_more(name):
    recorded, plain = ran(name, "recording"), ran(name, "no recording")
    for key, loss in plain.losses.items():
        assert torch.equal(recorded.losses[key], loss), key
    gradients = recorded.made.gradients()
    for key, gradient in plain.made.gradients().items():
        assert equal(gradients[key], gradient), key
    for model, other in zip(recorded.made.models.values(), plain.made.models.values(), strict=True):
        state = other.state_dict()
        for key, value in model.state_dict().items():
            assert torch.equal(value, state[key]), key  # running statistics, and what was learnt
    assert recorded.warned == plain.warned


@by_recording
@by_model
def test_every_node_and_edge_that_pytorch_walks_is_in_the_graph(name, how):
    case = ran(name, how)
    graph = case.drawing().graph
    roots = [loss.grad_fn for loss in case.losses.values()]
    found = Counter(
        (graph.nodes[edge.source].name, edge.index, graph.nodes[edge.target].name, edge.output)
        for edge in graph.edges
        if edge.target is not None
    )
    assert found == edges_below(roots)
    assert len(graph.nodes) == count_below(roots)


def count_below(roots: list[Any]) -> int:
    seen, todo = set(roots), list(roots)
    while todo:
        for target, _ in todo.pop().next_functions:
            if target is not None and target not in seen:
                seen.add(target)
                todo.append(target)
    return len(seen)


@by_recording
@by_model
def test_the_first_sight_can_be_read(name, how):
    for view in VIEWS[how]:
        svg = ran(name, how).drawing(view)._repr_svg_()
        assert 3 < len(boxes_in(svg)) <= MOST_BOXES, view
        width = re.search(r" width=['\"]([\d.]+)['\"]", svg)
        assert float(width[1]) <= WIDEST, view


@by_recording
@by_model
def test_every_folded_block_opens(name, how):
    """In place, or below a picture, where equal ones are shown once."""
    html, _ = html_of(name, how)
    stored = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert stored, "no player"
    in_place = json.loads(stored[1]).get("unfolded", {}).get("parents", ())
    openings = {(view_of(each), each.rpartition("/")[2]) for each in in_place}
    for picture, _ in boxes_in(html):
        if picture.endswith("-"):  # the inside of a block, below
            openings.add((view_of(picture), re.findall(r"b\d+", picture)[-1]))
    block = r"<g id=['\"]([^'\"]*?)(b\d+)['\"] class=['\"]block['\"]>(.*?)</g>"
    folded = [
        (view_of(before), key, box)
        for before, key, box in re.findall(block, html)
        if not before.endswith("-")  # inside of a block, its neighbours are folded too, and stay so
    ]
    assert folded or name in models.OWN
    equal = {(view, kind_of(box)) for view, key, box in folded if (view, key) in openings}
    closed = [
        f"{view} {key}: {re.sub('<.*?>', ' ', box)}"
        for view, key, box in folded
        if (view, key) not in openings and (view, kind_of(box)) not in equal
    ]
    assert closed == []


def view_of(name: str) -> str:
    """The letter of the view that a picture, whose name this is, shows."""
    return name.partition(".")[2][0]


def kind_of(box: str) -> str:
    """What equal blocks say alike: class, copies and calls."""
    return "".join(re.findall(r"class=['\"]type['\"]>(.*?)<", box))


def boxes_in(svg: str) -> list[tuple[str, str]]:
    """All boxes: the beginning of the ids of their picture, and their key."""
    return re.findall(r"<g[^>]*? id=['\"]([^'\"]*?)([bctkn]\d+(?:\.\d+)?)['\"]", svg)


@by_recording
@by_model
def test_a_figure_is_quick_and_small(name, how, terminal):
    html, seconds = html_of(name, how)
    kilobytes = len(html.encode()) / 1000
    terminal(f"{name}, {how}: {seconds:.1f} s of the processor, {kilobytes:.0f} kB of html")
    assert seconds <= (OF_A_LOOP if name == "LSTM" else LONGEST)
    assert kilobytes <= LARGEST / 1000


@pytest.mark.slow
def test_a_training_loop_with_a_recording_a_step_keeps_nothing(terminal):
    extras.use("libraries")
    made = models.program("GPT-2")
    others = recordings_alive()  # of other tests
    alive, memory, hooks = [], [], []
    for step in range(STEPS):
        with Recording() as recording:
            losses = made.run()
        draw(losses["loss"], recording=recording, names=made.names())
        del recording, losses
        gc.collect()
        if step in (STEPS // 5, STEPS - 1):  # PyTorch has made by then what it makes once
            alive.append(recordings_alive() - others)
            memory.append(resident())
            hooks.append(hooks_of(made.models["model"]))
    terminal(
        f"GPT-2, a recording in each of {STEPS} steps: {alive[-1]} alive at the end; from step "
        f"{STEPS // 5 + 1} on, {(memory[1] - memory[0]) / STEPS * 1.25:+.0f} kB a step"
    )
    assert alive == [0, 0]
    assert hooks[0] == hooks[1] == 0
    assert memory[1] - memory[0] < 8_000  # kB


def recordings_alive() -> int:
    return sum(type(each) is Recording for each in gc.get_objects())


def resident() -> float:
    """Kilobytes of this process that are in memory."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return float(re.search(r"VmRSS:\s+(\d+)", status)[1])


def hooks_of(model: torch.nn.Module) -> int:
    """Hooks that hang on parameters and modules."""
    return sum(
        len(getattr(each, name, None) or ())
        for each in (*model.parameters(), *model.modules())
        for name in ("_backward_hooks", "_post_accumulate_grad_hooks", "_forward_hooks")
    )
