"""The script that plays graphs, on every page: a picture may stand on any of them."""

from sphinx.application import Sphinx

from ..picture.figure import PLAYER


def add_script(app: Sphinx) -> None:
    if app.builder.format == "html":
        app.config.html_static_path.append(str(PLAYER))
        app.add_js_file(PLAYER.name, loading_method="defer")


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", add_script)
