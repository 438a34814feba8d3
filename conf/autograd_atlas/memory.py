"""Python's memory while much of it is filled."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing looks for circles of garbage meanwhile; as a decorator, while a function runs.

    What a large graph is read and drawn into is hundreds of thousands of objects without a circle,
    which the collector would look through again and again as they grow: that took half of the time
    of reading 100,000 nodes, and two thirds of that of drawing them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
