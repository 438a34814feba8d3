"""``draw(J)``: the graph behind a tensor, in a notebook or as a file."""

import difflib
import inspect
import itertools
import os
import re
import secrets
import sys
import tempfile
import webbrowser
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from . import notebook
from .asked import name_of, tensors_of
from .graph import Graph
from .picture.choice import Choice
from .picture.composing import check_opened
from .picture.figure import figure, figure_style, player_script, views_of
from .picture.images import pdf, png
from .picture.notes import sentences
from .picture.svg import clean, picture_style, svg
from .picture.words import language_named, words
from .recording import record
from .recording.names import NameSource, namespace_of
from .recording.record import GraphError
from .recording.recording import Recording
from .recording.source import variables_of
from .recording.whole import of_all

_numbers = itertools.count(1)
_session = secrets.token_hex(2)  # a notebook keeps what earlier sessions drew
_outputs = notebook.Outputs()


class Drawing:
    """A picture of a graph. Jupyter shows it by itself; :meth:`save` writes it to a file, and
    :meth:`show` opens it from a script.

    ``graph`` is the record that it was drawn from, an :class:`autograd_atlas.graph.Graph`. The
    other arguments are those of :func:`draw`, with the same errors.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        view: str | None = None,
        fold: bool | str = True,
        open: str | Iterable[str] = (),
        depth: int | None = None,
        constants: bool = True,
        language: str = "en",
    ) -> None:
        if not isinstance(language, str):
            raise TypeError(f'language= takes a name, language="en", and not {a_kind(language)}')
        words(language)
        opened = (open,) if isinstance(open, str) else tuple(open)
        self.graph = graph
        self._view = views_of(graph, view)
        self._choice = Choice(fold, opened, depth, constants)
        check_opened(graph, self._choice)
        self._language = language

    @property
    def notes(self) -> list[str]:
        """What the picture does not show, and a reader should know: a sentence for each."""
        return sentences(self.graph, words(self._language))

    def __repr__(self) -> str:
        graph = self.graph
        leaves = sum(node.leaf for node in graph.nodes)
        counted = [(len(graph.nodes), "node"), (len(graph.calls), "call"), (leaves, "leaf tensor")]
        counts = [f"{number} {name}{'s' * (number != 1)}" for number, name in counted if number]
        return f"Drawing of {self._title()}: {', '.join(counts)}"

    def _title(self) -> str:
        return ", ".join(root.name for root in self.graph.roots if root.name) or "a graph"

    # -- in a notebook

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        brings_player = _outputs.brings_player()
        html = notebook.output(self._figure(next_id()), self._repr_svg_(), player=brings_player)
        return {"text/plain": repr(self), "text/html": html}

    def _repr_html_(self) -> str:
        return self._html(next_id())  # the same drawing may be shown twice

    def _html(self, prefix: str) -> str:
        styles = f"<style>{picture_style()}{figure_style()}</style>"
        return f"{styles}{self._figure(prefix)}<script>{player_script()}</script>"

    def _figure(self, prefix: str) -> str:
        view = self._view[0] if len(self._view) == 1 else None
        return figure(self.graph, prefix, view=view, choice=self._choice, language=self._language)

    def _repr_svg_(self) -> str:
        return svg(self.graph, self._view[0], self._choice, alone=True, language=self._language)

    # -- elsewhere

    def show(self) -> None:
        """Show the drawing: in a notebook below the cell, from a script in a browser, which opens
        a file in the folder for temporary files.

        Raises RuntimeError if no browser can be opened, with the place of the file.
        """
        if notebook.shell() is not None:
            from IPython.display import display

            display(self)  # type: ignore[no-untyped-call]
            return
        folder = tempfile.mkdtemp(prefix="autograd-atlas-")
        path = self.save(Path(folder) / f"{self._file_name()}.html")
        if not webbrowser.open(path.as_uri()):
            raise RuntimeError(f"no browser can be opened here; the drawing is in {path}")

    def _file_name(self) -> str:
        names = "-".join(["graph", *(root.name for root in self.graph.roots)])
        return re.sub(r"\W+", "-", names)[:80]

    def save(self, path: str | os.PathLike[str], *, scale: float = 2) -> Path:
        """Write the drawing to a file, and make the folders that it needs. Gives its path.

        - ``.html``: all of it, with the player, for any browser
        - ``.svg``: the first view, for browsers and for programs that draw
        - ``.pdf`` and ``.png``: the same; a PNG with ``scale`` pixels for each of the SVG. They
          need an extra, ``pip install "autograd-atlas[images]"``, or raise ImportError
        - ``.json``: the record

        Raises ValueError for another kind of file, and for a PNG that would be too large.
        """
        path = Path(path)
        kind = path.suffix.lower()
        if kind == ".html":
            content = self._page().encode()
        elif kind == ".svg":
            content = self._repr_svg_().encode()
        elif kind == ".png":
            content = png(self._repr_svg_(), scale)
        elif kind == ".pdf":
            content = pdf(self._repr_svg_())
        elif kind == ".json":
            content = self.graph.to_json().encode()
        else:
            raise ValueError(
                f"cannot save as {path.name!r}; name it .svg, .html, .png, .pdf or .json"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def _page(self) -> str:
        language = (language_named(self._language) or "en").replace("_", "-")
        return (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{clean(self._title())}</title></head>"
            f"<body>{self._html(self._file_name())}</body></html>"
        )


def next_id() -> str:
    return f"aa{_session}{next(_numbers)}"


def draw(
    *results: Any,
    recording: Recording | None = None,
    to: torch.Tensor | Sequence[torch.Tensor] = (),
    view: str | None = None,
    fold: bool | str = True,
    open: str | Iterable[str] = (),
    depth: int | None = None,
    constants: bool = True,
    names: NameSource | None = None,
    language: str = "en",
    **inputs: Any,
) -> Drawing:
    """Draw the graph behind one or several tensors.

    From the tensor alone it shows what PyTorch recorded: the nodes, what they saved, shapes.
    With a :class:`~autograd_atlas.recording.recording.Recording` that was on while the code ran it
    also shows the calls as they were written, every value, and the gradients if ``backward`` ran
    inside.
    It never runs ``backward`` itself.

    ``draw(recording=recording)`` draws all that ran in a recording, each result that nothing
    used: also of a program that raised an error, with the call that raised it.

    ``draw(model, x, mask=mask)`` runs the module once, as it is, under a recording of its own, and
    draws what it gives.

    :param results: tensors of any shape, each with a ``grad_fn``; or a list, tuple, dict, dataclass
        or named tuple, of which those tensors are drawn that have a graph, or only ``.loss``, if a
        model's output has one; or a module and its inputs
    :param recording: what watched the code
    :param to: one or several tensors: only the paths along which gradients go from the results to
        these are drawn
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
    :param inputs: of a module, by their names, unless an option above has the same name
    :raises GraphError: for what has no graph, and for a tensor of ``to`` that does not influence
        the results; it says what to write instead
    :raises ValueError: for a view, block, fold, depth or language that there is not
    :raises TypeError: for an argument of a kind that is not taken

    >>> import torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> drawing = draw(x * x)
    >>> [node.name for node in drawing.graph.nodes]
    ['torch::autograd::AccumulateGrad', 'MulBackward0']
    >>> draw(torch.nn.Linear(2, 1), torch.ones(2))
    Drawing of a graph: 5 nodes, 1 call, 2 leaf tensors
    """
    caller = sys._getframe(1)
    file = caller.f_code.co_filename
    check_kinds(recording, to)
    namespace = {**caller.f_globals, **variables_of(caller)} if names is None else source_of(names)
    if results and isinstance(results[0], torch.nn.Module) and (len(results) > 1 or inputs):
        name = name_of(results[0], namespace) or "model"
        given, recording = run(name, *results, inputs=inputs, recording=recording, file=file)
        namespace = {**without_modules(namespace), name: results[0]}
        results, inputs = (given,), {}
    if inputs:
        raise TypeError(no_option(*inputs))
    if results:
        ends = [to] if isinstance(to, torch.Tensor) else list(to)
        graph = record.of(tensors_of(results, namespace), namespace, recording, ends)
    elif recording is not None:
        graph = of_all(recording, namespace)
    else:
        raise TypeError("draw() needs a tensor, draw(loss), or a recording, draw(recording=r)")
    return Drawing(
        graph,
        view=view,
        fold=fold,
        open=open,
        depth=depth,
        constants=constants,
        language=language,
    )


def without_modules(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The names of all but modules, whose parameters may have the same paths."""
    return {
        name: value for name, value in namespace.items() if not isinstance(value, torch.nn.Module)
    }


def run(
    name: str,
    model: torch.nn.Module,
    *args: Any,
    inputs: Mapping[str, Any],
    recording: Recording | None,
    file: str,
) -> tuple[Any, Recording]:
    """What a module gives, and the recording of that in a program."""
    if recording is not None:
        raise TypeError(
            f"draw({name}, x) makes a recording of its own; of what ran in yours, draw the "
            f"result: draw(y, recording=recording)"
        )
    if not torch.is_grad_enabled():
        raise GraphError(
            f"draw({name}, x) was called under torch.no_grad(), where nothing is recorded: "
            "call it outside of that"
        )
    with Recording(file) as recording:
        given = model(*args, **inputs)
    return given, recording


def check_kinds(recording: object, to: object) -> None:
    """Raise TypeError for an argument of a kind that is not taken."""
    if recording is not None and not isinstance(recording, Recording):
        raise TypeError(
            "recording= takes a Recording, as 'with Recording() as recording:' gives it, and "
            f"not {a_kind(recording)}"
        )
    tensors = [to] if isinstance(to, torch.Tensor) else to
    if not isinstance(tensors, list | tuple) or not all(
        isinstance(each, torch.Tensor) for each in tensors
    ):
        raise TypeError(f"to= takes a tensor or a list of tensors, to=w, and not {a_kind(to)}")


def source_of(names: NameSource) -> Mapping[str, Any]:
    """What ``names`` says, or a TypeError."""
    try:
        return namespace_of(names)
    except (TypeError, ValueError) as problem:
        raise TypeError(
            "names= takes a dict of names and what they stand for, or a model, or its "
            f'named_parameters(): names={{"w": w}}, and not {a_kind(names)}'
        ) from problem


def a_kind(thing: object) -> str:
    return f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__


def no_option(name: str, *others: str) -> str:
    """Why an argument is not taken, and which one may be meant."""
    options = [
        each.name
        for each in inspect.signature(draw).parameters.values()
        if each.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    near = difflib.get_close_matches(name, options, 1)
    hint = f"did you mean {near[0]}=?" if near else f"there are {', '.join(options)}."
    return f"draw() has no option {name}=; {hint} Only a module is given more: draw(model, x, y=y)"
