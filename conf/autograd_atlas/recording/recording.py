"""What a user holds while code is recorded: a handle, with nothing on it but ``with``.

A recording never runs ``backward`` by itself, and keeps neither tensors nor nodes alive: what
it learns of a node is kept in that node's own ``metadata``, and goes with it.
"""

import contextlib
import sys

from .observer import Observer
from .patches import CallWatcher, unwatch_torch, watch_torch


class Recording:
    """Watches the code that runs inside its ``with`` block, in the thread that entered it.

    >>> import torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> with Recording() as recording:
    ...     y = x * x
    ...     y.backward()
    >>> from autograd_atlas.recording import record
    >>> graph = record.of([y], {"x": x, "y": y}, recording)
    >>> graph.calls[0].name, graph.tensors[graph.roots[0].tensor].value.numbers
    ('mul', (4.0,))
    >>> [edge.sent.numbers for edge in graph.edges]
    [(2.0,), (2.0,)]

    ``file`` is the program whose variables give names and whose lines are noted; by default
    that of the ``with`` statement. A recording can be used once; RuntimeError says so.
    """

    def __init__(self, file: str | None = None) -> None:
        self._observer = Observer(file)
        self._on = contextlib.ExitStack()

    def __enter__(self) -> "Recording":
        frame = sys._getframe(1)
        while frame.f_code.co_filename == contextlib.__file__ and frame.f_back is not None:
            frame = frame.f_back  # entered by an ExitStack
        self._observer.start(frame)
        watch_torch(self._observer)
        self._on.callback(unwatch_torch, self._observer)
        self._on.callback(self._observer.stop)
        self._on.enter_context(CallWatcher(self._observer))
        return self

    def __exit__(self, kind: object, problem: BaseException | None, traceback: object) -> None:
        if problem is not None:
            self._observer.end_with(problem)
        self._on.close()
