"""Parts of the player by themselves, in Node: numbers are written as Python wrote them, addresses
come back as they were, a dragged number moves by its own magnitude.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest

from autograd_atlas.graph import Value
from autograd_atlas.picture.figure import PLAYER
from autograd_atlas.picture.labels import number_text, rows_of
from autograd_atlas.sphinx.node import Module


class Parts:
    """The player's modules, by name."""

    def __init__(self, ends: ExitStack) -> None:
        self.ends = ends
        self.modules: dict[str, Module] = {}

    def call(self, name: str, function: str, *given: object) -> object:
        if name not in self.modules:
            self.modules[name] = Module(PLAYER.with_name("player") / f"{name}.js")
            self.ends.callback(self.modules[name].end)
        return self.modules[name].call(function, *given)


@pytest.fixture(scope="module")
def parts() -> Iterator[Parts]:
    with ExitStack() as ends:
        yield Parts(ends)


def some_numbers() -> list[float]:
    chance = Random(3)
    sizes = [10.0**power for power in range(-12, 13)]
    edges = [0.0, -0.0, 0.5, 1e-4, 0.99995e-4, 999999.9, 1e6, 12345.678, 1e21, 1e-7]
    some = [chance.uniform(-1, 1) * size for size in sizes for _ in range(20)]
    return [*edges, *(-edge for edge in edges), *sizes, *some]


def test_a_number_is_written_as_python_wrote_it(parts):
    wrong = [
        (number, written, number_text(number))
        for number in some_numbers()
        if (written := parts.call("numbers", "numberText", number)) != number_text(number)
    ]
    assert wrong == []


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 2), (2, 2), (3, 1)])
def test_a_tensor_is_written_as_python_wrote_it(parts, shape):
    numbers = (0.5, -12.25, 3.0, 4e-9)[: math.prod(shape)]
    value = {"shape": shape, "numbers": numbers}
    assert parts.call("numbers", "rowTexts", value, 4) == rows_of(Value(shape, "float32", numbers))


def test_an_address_comes_back_as_it_was(parts):
    figures = [
        {"id": "graph-J", "pairs": [["b", "4"], ["~view", "recorded"], ["~step", "2"]]},
        {"id": "图 1;:&=#%", "pairs": [["x;y", "1,2.5"], ["α=β&", "-3e-7"], ["", ""]]},
    ]
    written = [parts.call("address", "encoded", each["id"], each["pairs"]) for each in figures]
    assert written[0] == "graph-J:b=4&~view=recorded&~step=2"
    assert parts.call("address", "decoded", "#" + ";".join(written)) == figures


@pytest.mark.parametrize("fragment", ["", "#", "#section", "#a%", "#a:b=%E0%A4%A", "#:"])
def test_what_is_no_address_of_a_figure_is_left_alone(parts, fragment):
    assert parts.call("address", "decoded", fragment) == []


@pytest.mark.parametrize(
    ("number", "pixels", "expected"),
    [(5, 80, 7), (5, -80, 3), (5, 1, 5), (0, 40, 1), (0.25, 4, 0.35), (1234.5, 4, 1334.5),
     (-20, 4, -19), (0.1, 8, 0.3)],
)  # fmt: skip
def test_a_dragged_number_moves_by_a_tenth_of_its_magnitude(parts, number, pixels, expected):
    assert parts.call("dragging", "dragged", number, pixels) == expected
