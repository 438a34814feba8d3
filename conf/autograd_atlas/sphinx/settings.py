"""What a site can set, and where answers and pictures are kept.

- ``autograd_graph_seconds``: how long a program may run; 60 by default
- ``autograd_graph_prepare``: a function, as in ``"module.function"``, that is called in the process
  of a program before it begins, to set a seed, say
- ``autograd_graph_cache``: a folder, from that of ``conf.py``, in which answers and pictures are
  kept; builds in several languages can share it. By default it is inside of the doctrees.
- ``autograd_graph_dark``: whether pictures follow the reader's system into the dark. By default
  they do not where the theme is one of Sphinx's own, which are always light.
"""

import importlib.util
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

# Themes that come with Sphinx, or are as common, and have no dark colours.
LIGHT_THEMES = {
    "agogo", "alabaster", "bizstyle", "classic", "default", "epub", "haiku", "nature", "nonav",
    "pyramid", "scrolls", "sphinx_rtd_theme", "sphinxdoc", "traditional",
}  # fmt: skip


def may_be_dark(config: Config) -> bool:
    """Whether pages are dark if the reader's system is. Themes that say by ``data-theme`` what they
    are have the last word in any case."""
    if config.autograd_graph_dark is None:
        return config.html_theme not in LIGHT_THEMES
    return bool(config.autograd_graph_dark)


def folder(app: Sphinx, name: str) -> Path:
    """A folder of what is kept between builds."""
    cache = app.config.autograd_graph_cache
    root = Path(app.confdir, cache) if cache else Path(app.doctreedir, "autograd_atlas")
    return root / name


def check(app: Sphinx, config: Config) -> None:
    """Stop before anything is run, if there is nothing that could prepare it."""
    name = config.autograd_graph_prepare
    if not name:
        return
    module = name.rpartition(".")[0]
    try:
        known = bool(module) and importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        known = False
    if not known:
        raise ConfigError(
            f"autograd_graph_prepare = {name!r}: there is no module {module!r}; "
            'write the name of a function with its module, as in "module.function"'
        )


def setup(app: Sphinx) -> None:
    app.add_config_value("autograd_graph_seconds", 60, "", (int, float))
    app.add_config_value("autograd_graph_prepare", "", "env", (str,))
    app.add_config_value("autograd_graph_cache", "", "", (str,))
    app.add_config_value("autograd_graph_dark", None, "html", (bool, type(None)))
    app.connect("config-inited", check)
