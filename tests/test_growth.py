"""What drawing takes grows as the graph does. Work is counted, not timed: calls of functions."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

from autograd_atlas import draw
from autograd_atlas.picture import figure, layout, unfolding


def chain(n: int) -> torch.Tensor:
    x = torch.ones(1, requires_grad=True)
    for _ in range(n):
        x = x.sin()
    return x


def wide(n: int) -> torch.Tensor:
    x = torch.ones(1, requires_grad=True)
    return torch.stack([x * step for step in range(n // 2)]).sum()


def leaves(n: int) -> torch.Tensor:
    return torch.stack([torch.ones(1, requires_grad=True) for _ in range(n)]).sum()


def irregular(n: int) -> torch.Tensor:
    tensors = [torch.ones(1, requires_grad=True)]
    for step in range(n // 2):
        other = tensors[step * step % len(tensors)]
        tensors.append(tensors[-1] * other if step % 3 else tensors[-1] + other)
    return tensors[-1]


def calls(function: Callable[[], Any]) -> int:
    """How many functions were called, in Python and in C."""
    count = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def page(tensor: torch.Tensor) -> str:
    return draw(tensor, names={})._repr_html_()


def everything(tensor: torch.Tensor) -> str:
    return draw(tensor, names={}, fold=False)._repr_svg_()


@pytest.mark.parametrize("drawn", [page, everything])
@pytest.mark.parametrize("graph", [chain, wide, leaves, irregular])
def test_twice_the_graph_takes_twice_the_work(monkeypatch, graph, drawn):
    """Where all that a page may hold is used up in both, and Graphviz draws neither."""
    monkeypatch.setattr(figure, "MOST_BELOW", 100)
    monkeypatch.setattr(unfolding, "MOST_DRAWN", 100)
    monkeypatch.setattr(layout, "MOST_CROSSED", 0)
    small, large = (calls(lambda n=n: drawn(graph(n))) for n in (300, 600))
    assert large < 2.5 * small
