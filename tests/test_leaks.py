"""A recording leaves nothing behind: with one for each step, memory and hooks stay flat."""

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from autograd_atlas import Recording, draw
from autograd_atlas.recording import record


def training(steps: int, each: Callable[[Recording, torch.Tensor], None]) -> None:
    """An ordinary loop, in which the loss is still bound when the next step begins."""
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(steps):
        with Recording() as recording:
            loss = model(torch.randn(4, 8)).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        each(recording, loss)


@pytest.mark.parametrize("steps", [200, pytest.param(1_000, marks=pytest.mark.slow)])
def test_a_recording_for_each_step_piles_up_nothing(steps: int) -> None:
    recordings: weakref.WeakSet[object] = weakref.WeakSet()
    objects: list[int] = []  # of Python, that are alive after each step that is looked at

    def watch(recording: Recording, loss: torch.Tensor) -> None:
        recordings.add(recording)
        seen.append(None)
        if len(seen) in (19, 20, steps - 1, steps):
            gc.collect()
        if len(seen) in (20, steps):
            objects.append(len(gc.get_objects()))
            alive.append(len(recordings))

    alive: list[int] = []
    seen: list[None] = []
    training(steps, watch)
    assert alive == [1, 1], "that of the last step"
    assert objects[1] - objects[0] < 20


def functions_of_ours() -> int:
    """What could be hooked somewhere."""
    kinds = (type(functions_of_ours), type(Recording().__enter__))
    found = (each for each in gc.get_objects() if type(each) in kinds)
    return sum(str(each.__module__).startswith("autograd_atlas.") for each in found)


def test_after_a_recording_no_node_has_a_hook_of_it() -> None:
    x = torch.tensor([2.0], requires_grad=True)
    y = x * x  # keeps the node of x
    counts = []
    for _ in range(3):
        with Recording() as recording:
            z = y.exp()
            z.backward(retain_graph=True)
        del recording
        gc.collect()
        counts.append(functions_of_ours())
    assert counts[1] == counts[2]
    z.backward()


def test_a_recording_that_an_error_ended_is_freed_too() -> None:
    def fail() -> None:
        with Recording() as outer, Recording() as inner:
            seen.extend([weakref.ref(outer), weakref.ref(inner)])
            y = x * x
            y.backward()
            raise ZeroDivisionError

    x = torch.tensor([2.0], requires_grad=True)
    seen: list[weakref.ref[Recording]] = []
    kept = x * x
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            fail()
    gc.collect()
    assert not [each for each in seen if each() is not None]
    assert kept.grad_fn is not None


def test_a_recording_inside_a_generator_is_freed_with_it() -> None:
    def steps(x: torch.Tensor) -> Iterator[torch.Tensor]:
        with Recording() as recording:
            seen.append(weakref.ref(recording))
            while True:
                yield x.sin()

    seen: list[weakref.ref[object]] = []
    running = steps(torch.tensor([2.0], requires_grad=True))
    y = next(running)
    running.close()
    gc.collect()
    assert seen[0]() is None
    assert y.grad_fn is not None


def test_recordings_that_are_kept_show_their_own_step() -> None:
    kept: list[tuple[Recording, torch.Tensor]] = []
    training(3, lambda recording, loss: kept.append((recording, loss)))
    graphs = [record.of([loss], {}, recording) for recording, loss in kept]
    for graph, (_, loss) in zip(graphs, kept, strict=True):
        assert graph.order
        assert graph.tensors[graph.roots[0].tensor].value.numbers == (loss.item(),)


def folded_chain(x: torch.Tensor) -> torch.Tensor:
    for _ in range(150):
        x = (x * 2).sin()
    return x


@pytest.mark.parametrize("shown", ["_repr_svg_", "_repr_html_"])
@pytest.mark.parametrize("with_recording", [False, True])
def test_a_drawing_is_freed_as_soon_as_it_is_dropped(shown: str, with_recording: bool) -> None:
    """No circle keeps a large graph alive until Python looks for circles."""
    with Recording() as recording:
        y = folded_chain(torch.ones(1, requires_grad=True))
    gc.disable()
    try:
        drawing = draw(y, recording=recording if with_recording else None)
        getattr(drawing, shown)()
        graph = weakref.ref(drawing.graph)
        del drawing
        assert graph() is None
    finally:
        gc.enable()
