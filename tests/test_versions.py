"""What an older PyTorch cannot tell is left out of a picture, which says so."""

import pytest
import torch

from autograd_atlas import Recording, draw


@pytest.fixture
def hooks_untold(monkeypatch):
    """PyTorch 2.6 does not tell whether a hook has packed a saved tensor. Newer ones play it."""
    monkeypatch.delattr(torch._C._autograd.SavedTensor, "unpack_hook", raising=False)


def calls_of_unpack() -> tuple[list[int], torch.autograd.graph.saved_tensors_hooks]:
    calls: list[int] = []

    def unpack(packed: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return packed

    return calls, torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, unpack)


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize(
    ("language", "words"), [("en", "not read: this version of PyTorch"), ("zh", "未读取")]
)
def test_saved_tensors_are_left_out_and_the_picture_says_so(
    hooks_untold, recorded, language, words
):
    calls, hooks = calls_of_unpack()
    x = torch.tensor([2.0], requires_grad=True)
    with Recording() as recording, hooks:
        y = x * x
        J = y + x
    drawing = draw(J, recording=recording if recorded else None, language=language)
    product = next(node for node in drawing.graph.nodes if node.name == "MulBackward0")
    assert [(s.attribute, s.state, s.value) for s in product.saved] == [
        ("other", "unknown", None), ("self", "unknown", None),
    ]  # fmt: skip
    assert words in drawing._repr_html_()
    assert not calls


def test_gradients_are_complete_and_local_derivatives_those_that_need_nothing_saved(hooks_untold):
    calls, hooks = calls_of_unpack()
    with Recording() as recording:
        x = torch.tensor([2.0], requires_grad=True)
        with hooks:
            y = x * x
        J = y + x
        J.backward()
    graph = draw(J, recording=recording).graph
    sent = {
        (graph.nodes[edge.source].name, edge.index): (edge.sent.numbers, edge.local)
        for edge in graph.edges
    }
    assert sent == {
        ("MulBackward0", 0): ((2,), None), ("MulBackward0", 1): ((2,), None),
        ("AddBackward0", 0): ((1,), 1), ("AddBackward0", 1): ((1,), 1),
    }  # fmt: skip
    assert len(calls) == 2  # by the backward pass itself
    assert not graph.bound  # the browser may calculate: it compares with PyTorch's numbers first
