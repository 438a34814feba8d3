"""``draw(J)``: the graph behind a tensor, in a notebook or as a file."""

import itertools
import os
import re
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path

import torch

from .graph import Graph, check_names
from .picture.choice import Choice
from .picture.figure import figure, figure_style, player_script, views_of
from .picture.svg import picture_style, svg
from .picture.words import words
from .recording import record
from .recording.names import NameSource
from .recording.recording import Recording
from .recording.source import variables_of

_numbers = itertools.count(1)
_session = secrets.token_hex(2)  # a notebook keeps what earlier sessions drew

HEAD = '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'


class Drawing:
    """A picture of a graph. Jupyter shows it by itself; :meth:`save` writes it to a file.

    ``graph`` is the record that it was drawn from, an :class:`autograd_atlas.graph.Graph`.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        view: str | None = None,
        fold: bool | str = True,
        open: Iterable[str] = (),
        depth: int | None = None,
        constants: bool = True,
        language: str = "en",
    ) -> None:
        words(language)
        check_names(graph, open := tuple(open))
        self.graph = graph
        self._view = views_of(graph, view)
        self._choice = Choice(fold, open, depth, constants)
        self._language = language

    def _repr_html_(self) -> str:
        return self._html(f"aa{_session}{next(_numbers)}")  # the same drawing may be shown twice

    def _html(self, prefix: str) -> str:
        view = self._view[0] if len(self._view) == 1 else None
        html = figure(
            self.graph,
            prefix,
            view=view,
            choice=self._choice,
            language=self._language,
        )
        styles = f"<style>{picture_style()}{figure_style()}</style>"
        return f"{styles}{html}<script>{player_script()}</script>"

    def _repr_svg_(self) -> str:
        return svg(
            self.graph,
            self._view[0],
            self._choice,
            alone=True,
            language=self._language,
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write ``.svg`` (the first view), ``.html`` (all of it) or ``.json`` (the record).

        Returns the path. Raises ValueError for another kind of file.
        """
        path = Path(path)
        if path.suffix == ".svg":
            content = self._repr_svg_()
        elif path.suffix == ".html":
            names = "-".join(["graph", *(root.name for root in self.graph.roots)])
            inside = self._html(re.sub(r"\W+", "-", names))
            content = f"{HEAD}{inside}"
        elif path.suffix == ".json":
            content = self.graph.to_json()
        else:
            raise ValueError(f"cannot save as {path.name!r}; name it .svg, .html or .json")
        path.write_text(content, encoding="utf-8")
        return path


def draw(
    *tensors: torch.Tensor,
    recording: Recording | None = None,
    view: str | None = None,
    fold: bool | str = True,
    open: Iterable[str] = (),
    depth: int | None = None,
    constants: bool = True,
    names: NameSource | None = None,
    language: str = "en",
) -> Drawing:
    """Draw the graph behind one or several tensors.

    From the tensor alone it shows what PyTorch recorded: the nodes, what they saved, shapes.
    With a :class:`~autograd_atlas.recording.recording.Recording` that was on while the code ran it
    also shows the calls as they were written, every value, and the gradients if ``backward`` ran
    inside.
    It never runs ``backward`` itself.

    :param tensors: results, of any shape; each needs a ``grad_fn``
    :param recording: what watched the code
    :param view: ``"written"`` or ``"recorded"``; by default both, if there are both
    :param fold: whether modules and repeated blocks are folded where there is much to show;
        "layers" folds each innermost module, however small the graph is
    :param open: names of blocks to leave open, such as ``"layers.0"``
    :param depth: how many modules in one another to show: with 1 the outermost are boxes, with 2
        the modules inside of these
    :param constants: whether tensors and numbers that need no gradient are drawn
    :param names: where names come from: variables, a model, or its ``named_parameters()``; by
        default the caller's variables
    :param language: ``"en"``, ``"zh"``, or another one that has a catalogue in ``locale/``
    :raises GraphError: for a tensor that has no graph, with what to write instead
    :raises ValueError: for an unknown view or language

    >>> import torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> drawing = draw(x * x)
    >>> [node.name for node in drawing.graph.nodes]
    ['torch::autograd::AccumulateGrad', 'MulBackward0']
    """
    if not tensors:
        raise TypeError("draw() needs a tensor: draw(loss)")
    if names is None:
        caller = sys._getframe(1)
        names = {**caller.f_globals, **variables_of(caller)}
    graph = record.of(tensors, names, recording)
    return Drawing(
        graph,
        view=view,
        fold=fold,
        open=open,
        depth=depth,
        constants=constants,
        language=language,
    )
