"""Autograd Atlas: computation graphs and PyTorch's dynamic autograd, shown by running them.

:func:`draw` shows the graph behind a tensor; a :class:`Recording` that was on while the code
ran adds values, calls and gradients. Both import torch only when they are asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .drawing import Drawing, draw
    from .recording.record import GraphError
    from .recording.recording import Recording

__version__ = "0.1.0"
__all__ = ["Drawing", "GraphError", "Recording", "draw"]


def __getattr__(name: str) -> Any:
    if name == "Recording":
        from .recording.recording import Recording

        return Recording
    if name == "GraphError":
        from .recording.record import GraphError

        return GraphError
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(".drawing", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
