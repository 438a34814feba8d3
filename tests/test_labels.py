"""What stands in the circle of a call: its arguments as one would write them, and of its options
only what is not at its default."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from autograd_atlas import Recording, draw
from autograd_atlas.picture.composing import diagram
from autograd_atlas.picture.diagram import WRITTEN
from autograd_atlas.picture.labels import call_symbol


@torch.library.custom_op("labels_of_tests::twice", mutates_args=())
def twice(x: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
    return x * 2 * scale


twice.register_autograd(lambda ctx, gradient: (gradient * 2, None))

image = torch.rand(2, 3, 8, 8, requires_grad=True)
rows = torch.rand(2, 5, 6, requires_grad=True)


def labels(program: Callable[[], Any]) -> list[str]:
    with Recording() as recording:
        result = program()
    result = result if isinstance(result, torch.Tensor) else result[0]
    return [call_symbol(call) for call in draw(result, recording=recording).graph.calls]


@pytest.mark.parametrize(
    ("module", "label"),
    [
        (nn.Conv2d(3, 3, 3), "conv2d(3×3)"),
        (nn.Conv2d(3, 3, 3, padding=1, bias=False), "conv2d(3×3, padding=1)"),
        (nn.Conv2d(3, 3, (3, 1), padding="same"), "conv2d(3×1, padding='same')"),
        (nn.Conv2d(3, 3, 3, stride=2, groups=3), "conv2d(3×3, stride=2, groups=3)"),
        (nn.ConvTranspose2d(3, 3, 2, stride=2), "conv_transpose2d(2×2, stride=2)"),
        (nn.BatchNorm2d(3), "batch_norm(training=True)"),
        (nn.BatchNorm2d(3).eval(), "batch_norm"),
        (nn.MaxPool2d(2), "max_pool2d(2)"),
        (nn.MaxPool2d(3, 2, 1), "max_pool2d(3, st…e=2, padding=1)"),
        (nn.AvgPool2d(2), "avg_pool2d(2)"),
        (nn.Dropout(0.1), "dropout(p=0.1)"),
        (nn.GELU(), "gelu"),
        (nn.GELU("tanh"), "gelu(approximate='tanh')"),
        (nn.Softplus(), "softplus"),
        (nn.Flatten(), "flatten(start_dim=1)"),
    ],
    ids=str,
)
def test_a_module_of_images_shows_what_it_was_made_with(module: nn.Module, label: str) -> None:
    assert labels(lambda: module(image)) == [label]


@pytest.mark.parametrize(
    ("module", "label"),
    [
        (nn.Linear(6, 2, bias=False), "linear"),
        (nn.LayerNorm(6), "layer_norm(6)"),
        (nn.LayerNorm((5, 6)), "layer_norm((5, 6))"),
        (nn.LSTM(6, 4), "lstm"),
        (nn.LSTM(6, 4, bidirectional=True), "lstm(bidirectional=True)"),
        (nn.GRU(6, 4, num_layers=2), "gru(num_layers=2)"),
    ],
    ids=str,
)
def test_a_module_of_rows_shows_what_it_was_made_with(module: nn.Module, label: str) -> None:
    assert labels(lambda: module(rows)) == [label]


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (lambda: rows.sum(1, True), ["Σ 1, keepdim=True"]),
        (lambda: rows.sum((0, 1)), ["Σ (0, 1)"]),
        (lambda: rows.std(0, False), ["std(0, unbiased=False)"]),
        (lambda: rows.flatten(1).view(2, -1), ["flatten(1)", "view(2, -1)"]),
        (lambda: rows.transpose(0, 1).softmax(0), ["transpose(0, 1)", "softmax(0)"]),
        (lambda: rows[:, :2, :2].reshape((2, 2, 2)), ["[:, :2, :2]", "reshape((2, 2, 2))"]),
        (lambda: F.conv2d(image, image, None, 2, 1), ["conv2d(8×8, stride=2, padding=1)"]),
        (lambda: F.softmax(rows, dim=-1), ["softmax(dim=-1)"]),
        (lambda: F.cross_entropy(rows, rows, reduction="sum"), ["cross_entropy(reduction='sum')"]),
        (lambda: rows * (rows == -100), ["=", "×"]),
        (lambda: 7 // rows.clamp(0.1, 1 / 3), ["clamp(0.1, 0.3333)", "//"]),
        (lambda: twice(rows), ["twice"]),
        (lambda: twice(rows, 1 / 3), ["twice(0.3333)"]),
        (lambda: rows[0, :, None], ["[0, :, None]"]),
    ],
)  # fmt: skip
def test_a_call_shows_what_the_program_wrote(
    program: Callable[[], torch.Tensor], expected: list[str]
) -> None:
    assert labels(program) == expected


def test_a_number_that_is_written_to_a_part_stands_in_the_label() -> None:
    def program() -> torch.Tensor:
        y = rows.clone()
        y[0, 1:] = 5.0
        y[y > 0] = 0
        y[1] = rows[0]
        return y

    assert labels(program) == ["clone", "[0, 1:] = 5.0", ">", "[·] = 0", "[0]", "[1] ="]


def test_a_long_number_is_rounded_in_the_picture_alone() -> None:
    with Recording() as recording:
        y = rows / math.sqrt(3)
    drawing = draw(y, recording=recording)
    assert drawing.graph.calls[0].arguments[1].text == repr(math.sqrt(3))
    texts = [
        span.text
        for box in diagram(drawing.graph, WRITTEN).boxes
        for line in box.lines
        for span in line
    ]
    assert "1.7321" in texts


def test_an_option_that_answers_oddly_to_a_comparison_is_passed_over() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("do not ask")

        __hash__ = None  # type: ignore[assignment]

    class Take(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor, thing: object) -> torch.Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
            return gradient, None

    assert labels(lambda: Take.apply(rows, Odd())) == ["Take(…)"]
