"""Graphs as pages show them: each picture is drawn when a page is written, and kept by what it
shows, so that another page, the other language and the next build need not draw it again.

Nothing here has a part in reading pages: a change in how pictures are drawn writes pages again, and
reads none.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from .. import figure as figures
from .. import svg
from ..graph import Graph
from .graphs import graph_figure
from .languages import LANGUAGES


class Kept:
    """Texts by key, each in a file of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        return self.folder / hashlib.sha256(key.encode()).hexdigest()[:32]

    def get(self, key: str) -> str | None:
        path = self.path(key)
        return path.read_text(encoding="utf-8") if path.exists() else None

    def __setitem__(self, key: str, text: str) -> None:
        path = self.path(key)
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}")  # what is cut short never gets the name
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)


def kept(app: Sphinx) -> Kept:
    """Beside the staged sources, for both languages."""
    return Kept(Path(app.srcdir).parent / "pictures")


def card(app: Sphinx, graph: Graph) -> str:
    """The small picture of a lesson whose first graph this is."""
    store, key = kept(app), f"card {graph.to_json()}"
    if (found := store.get(key)) is None:
        found = store[key] = svg.card(graph)
    return found


def visit_html(self: Any, node: graph_figure) -> None:
    language = LANGUAGES[self.config.language][0]
    options = {name: node[name] for name in ("name", "view", "fold", "open")}
    store, key = kept(self.builder.app), f"figure {language} {options} {node['graph']}"
    if (found := store.get(key)) is None:
        found = store[key] = figures.figure(
            Graph.from_json(node["graph"]), node["name"], language=language,
            view=None if node["view"] == "both" else node["view"],
            fold=node["fold"], opened=node["open"], caption="\0",
        )  # fmt: skip
    before, _, after = found.partition("<figcaption>\0</figcaption>")
    self.body.append(before + ("<figcaption>" if node.children else ""))
    self.context.append(("</figcaption>" if node.children else "") + after + "\n")


def depart_html(self: Any, node: graph_figure) -> None:
    self.body.append(self.context.pop())


def skip(self: Any, node: graph_figure) -> None:
    raise nodes.SkipNode


PACKAGE = Path(figures.__file__).parent


def add_styles(app: Sphinx, config: Config) -> None:
    for path in (PACKAGE / "graph.css", PACKAGE / "figure.css", PACKAGE / "player" / "player.css"):
        config.html_static_path.append(str(path))
        app.add_css_file(path.name)


def setup(app: Sphinx) -> None:
    app.add_node(graph_figure, html=(visit_html, depart_html), text=(skip, None))
    app.connect("config-inited", add_styles)
