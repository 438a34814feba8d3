"""What calculates recorded graphs anew in tests: the player's modules in Node, many graphs in one
call, and the same modules on a page of a real browser.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlparse

from playwright.sync_api import Browser, Route

from autograd_atlas.graph import Graph
from autograd_atlas.picture.calculation import calculation, spelled, why_fixed
from autograd_atlas.sphinx.node import Module

CALCULATED = Path(__file__).with_name("calculated.mjs")
ROOT = CALCULATED.parents[1]


class Job(NamedTuple):
    """A recorded graph, and other numbers for some of its inputs, by the places of tensors."""

    graph: Graph
    inputs: dict[int, list[float]]


# For each job, every quantity of its graph by name: shape and numbers.
Calculator = Callable[[Sequence[Job]], list[dict[str, list[Any]]]]


def as_json(jobs: Sequence[Job]) -> list[list[Any]]:
    """Jobs as JavaScript takes them."""
    found: list[list[Any]] = []
    for graph, inputs in jobs:
        assert not why_fixed(graph)
        numbers = {place: list(map(spelled, each)) for place, each in inputs.items()}
        found.append([calculation(graph), numbers])
    return found


@contextmanager
def in_node() -> Iterator[Calculator]:
    """One process, for as long as it is needed."""
    module = Module(CALCULATED)
    yield lambda jobs: module.call("calculated", as_json(jobs))
    module.end()


def serve_module(route: Route) -> None:
    """A file of this repository, as a web server sends a module; an empty page for all else."""
    path = ROOT / urlparse(route.request.url).path.removeprefix("/")
    if path.suffix in (".js", ".mjs"):
        route.fulfill(content_type="text/javascript", body=path.read_text(encoding="utf-8"))
    else:
        route.fulfill(content_type="text/html", body="<!doctype html>")


@contextmanager
def in_browser(browser: Browser) -> Iterator[Calculator]:
    """A page that holds nothing but the modules."""
    page = browser.new_page()
    page.route("**/*", serve_module)
    page.goto("http://modules.test/")
    calculate = "async jobs => (await import('/tests/calculated.mjs')).calculated(jobs)"
    yield lambda jobs: page.evaluate(calculate, as_json(jobs))
    page.close()
