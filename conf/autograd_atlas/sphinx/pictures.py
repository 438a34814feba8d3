"""Graphs as pages show them: each picture is drawn when a page is written, and kept by what it
shows, so that another page, the other language and the next build need not draw it again.

Nothing here has a part in reading pages: a change in how pictures are drawn writes pages again, and
reads none.
"""

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from ..graph import Graph
from ..picture import figure as figures
from ..picture import svg
from ..picture.legend import key
from ..picture.words import language_or_english, words
from .graphs import graph_figure, graph_key
from .settings import folder, may_be_dark


class Kept(MutableMapping[str, str]):
    """Texts by key, each in a file of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, key: str) -> str:
        try:
            return (self.folder / key).read_text(encoding="utf-8", errors="surrogatepass")
        except FileNotFoundError:
            raise KeyError(key) from None

    def __setitem__(self, key: str, text: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / f"{key}.{os.getpid()}"  # what is cut short never gets the name
        aside.write_text(text, encoding="utf-8", errors="surrogatepass")
        aside.replace(self.folder / key)

    def __delitem__(self, key: str) -> None:
        (self.folder / key).unlink()

    def __iter__(self) -> Iterator[str]:
        return (path.name for path in self.folder.iterdir())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def kept(app: Sphinx) -> Kept:
    return Kept(folder(app, "pictures"))


def card(app: Sphinx, graph: Graph) -> str:
    """The small picture of a lesson whose first graph this is."""
    return svg.stored(kept(app), "card", (graph.to_json(),), lambda: svg.card(graph))


def visit_html(self: Any, node: graph_figure) -> None:
    before, after = figures.figure_parts(
        node["graph"], node["name"],
        language=language_of(self),
        view=None if node["view"] == "both" else node["view"],
        choice=node["choice"], start=node["start"], key_of=node["key_of"],
        kept=kept(self.builder.app),
    )  # fmt: skip
    self.body.append(before + ("<figcaption>" if node.children else ""))
    self.context.append(("</figcaption>" if node.children else "") + after + "\n")


def depart_html(self: Any, node: graph_figure) -> None:
    self.body.append(self.context.pop())


def visit_key(self: Any, node: graph_key) -> None:
    self.body.append(f'<div class="aa-figure">{key(words(language_of(self)))}</div>')
    raise nodes.SkipNode


def language_of(writer: Any) -> str:
    return language_or_english(writer.config.language)


def skip(self: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


def add_styles(app: Sphinx, config: Config) -> None:
    folder = Path(figures.__file__).parent
    styles = [folder / "graph.css", folder / "figure.css", folder.parent / "player" / "player.css"]
    if may_be_dark(config):
        styles.append(folder / "dark.css")
    for path in styles:
        config.html_static_path.append(str(path))
        app.add_css_file(path.name)


def setup(app: Sphinx) -> None:
    app.add_node(graph_figure, html=(visit_html, depart_html), text=(skip, None))
    app.add_node(graph_key, html=(visit_key, None), text=(skip, None))
    app.connect("config-inited", add_styles)
