"""What is inside of a folded block is one step of the player, in each pass, as long as the block is
folded in the picture that one sees; and how fast it plays. In Node; a sample in Chromium is in
test_player.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from autograd_atlas import Recording, draw
from autograd_atlas.graph import Graph
from autograd_atlas.picture.choice import AS_READABLE, Choice
from autograd_atlas.picture.composing import Scene
from autograd_atlas.picture.diagram import RECORDED, WRITTEN, Diagram
from autograd_atlas.picture.folding import chain
from autograd_atlas.picture.tape import tape as make_tape
from autograd_atlas.picture.tape import tape_json
from autograd_atlas.picture.words import words
from autograd_atlas.sphinx.node import Module

BOTH = (WRITTEN, RECORDED)
VIEWS = pytest.mark.parametrize("view", BOTH)


@pytest.fixture(scope="module")
def player() -> Iterator[Module]:
    module = Module(Path(__file__).with_name("joined.mjs"))
    yield module
    module.end()


class Layer(torch.nn.Module):
    """With a function of its own, so that each layer stays a block by itself."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.first, self.second = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)
        self.norm = torch.nn.LayerNorm(4)
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.function(self.first(x)) * torch.ones(4).neg()
        return x + self.norm(self.second(inner).reshape(2, 4)).view(1, 2, 4)


@cache
def tower() -> Graph:
    """Layers of which each calculates something else, with a shift before them, and a loss."""
    torch.manual_seed(0)
    functions = (torch.tanh, torch.sin, torch.cos, torch.atan, torch.sigmoid, torch.relu)
    model = torch.nn.Sequential(*map(Layer, functions))
    x, shift = torch.randn(1, 2, 4), torch.ones(4, requires_grad=True)
    with Recording() as recording:
        loss = model(x + shift).pow(2).mean()
        loss.backward()
    return draw(loss, recording=recording, names={"loss": loss, "model": model}).graph


@cache
def scene(choice: Choice = AS_READABLE) -> Scene:
    return Scene.of(tower(), choice)


@cache
def tape(*views: str, choice: Choice = AS_READABLE) -> dict[str, Any]:
    """What a page with these views stores."""
    pictures = {f"g.{view[0]}": scene(choice).diagram(view) for view in views}
    stored = make_tape(scene(choice).graph, pictures, words("en"))
    assert stored is not None
    found: dict[str, Any] = json.loads(tape_json(stored))
    return found


def runs(player: Module, stored: dict[str, Any], picture: Diagram) -> list[dict[str, Any]]:
    keys = [str(each.key) for each in (*picture.boxes, *picture.wires)]
    found: list[dict[str, Any]] = player.call("runs", stored, keys)
    return found


def ends(found: list[dict[str, Any]]) -> set[int]:
    return {run["last"] for run in found}


@VIEWS
@pytest.mark.parametrize("alone", [False, True], ids=["both", "alone"])
def test_a_folded_block_is_one_step_in_each_pass(player, view, alone):
    """Whether the other view is on the page, or not."""
    stored, picture = tape(view) if alone else tape(*BOTH), scene().diagram(view)
    found = runs(player, stored, picture)
    folded = {f"b{block}" for block in picture.folded()}
    assert len(folded) > 3
    passes = Counter((run["block"], run["isBackward"]) for run in found if run["block"])
    assert passes == {(block, way): 1 for block in folded for way in (False, True)}
    without_box = sum(not call.nodes for call in tower().calls)  # in what PyTorch recorded
    assert len(found) <= 2 * len(picture.boxes) + without_box


@VIEWS
def test_every_step_of_a_calculation_is_in_one_of_the_readers(player, view):
    found = runs(player, tape(*BOTH), scene().diagram(view))
    steps = [step for run in found for step in range(run["first"], run["last"] + 1)]
    calls, nodes = len(tower().calls), len(tower().order)
    assert steps == list(range(calls + nodes + 1))
    assert all((run["first"] > calls) == (run["last"] > calls) for run in found)
    assert all(run["isBackward"] == (run["first"] > calls) for run in found)
    assert found[0] == {"first": 0, "last": 0, "block": "", "isBackward": False}


def test_a_step_holds_the_calls_of_its_block_and_no_other(player):
    for run in runs(player, tape(*BOTH), scene().diagram(WRITTEN)):
        if run["isBackward"] or not run["first"]:
            continue
        inside = {
            f"b{outer}"
            for call in tower().calls[run["first"] - 1 : run["last"]]
            for outer in chain(tower().blocks, call.block)
        }
        assert not run["block"] or run["block"] in inside


@VIEWS
def test_what_is_not_folded_is_a_step_of_its_own(player, view):
    choice = Choice(fold=False)
    found = runs(player, tape(*BOTH, choice=choice), scene(choice).diagram(view))
    assert all(run["first"] == run["last"] and not run["block"] for run in found)


@VIEWS
def test_an_opened_block_has_more_steps_and_loses_none(player, view):
    """So that whoever opens or closes a block stays at the same place of the calculation."""
    picture = scene().diagram(view)
    closed = runs(player, tape(*BOTH), picture)
    for block in picture.folded():
        opened = runs(player, tape(*BOTH), scene().diagram(view, around=block))
        assert ends(closed) < ends(opened)
        inside = {step for run in closed if run["block"] == f"b{block}"
                  for step in range(run["first"], run["last"] + 1)}  # fmt: skip
        assert ends(opened) - ends(closed) <= inside


def test_the_two_passes_of_a_block_are_never_one_step(player):
    """Even if nothing is calculated between them."""
    steps = [{}, {}, {}, {"then": []}, {"then": ["r0.0"]}]
    found = player.call("joined", steps, ["", "b0", "b0", "b0", "b0"])
    assert [(run["first"], run["last"]) for run in found] == [(0, 0), (1, 2), (3, 4)]


def test_the_speed_goes_round_and_never_below_the_slowest(player):
    assert player.call("speeds", [1, 1, 1, 1, -1, -1]) == [2, 4, 0.5, 1, 0.5, 0.5]


def test_a_calculation_that_is_too_long_to_play_says_so():
    y = x = torch.ones(1, requires_grad=True)
    for _ in range(4_001):
        y = y.sin()
    html = draw(y, names={"x": x})._repr_html_()
    assert 'class="aa-player"' not in html
    told = "has 4001 steps, and a page plays up to 4000"
    assert told in re.search('<p class="aa-note">(.*?)</p>', html)[1]
