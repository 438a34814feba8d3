"""What a site can set, and where answers and pictures are kept.

- ``autograd_graph_seconds``: how long a program may run; 60 by default
- ``autograd_graph_prepare``: a function, as in ``"module.function"``, that is called in the process of
  a program before it begins, to set a seed, say
- ``autograd_graph_cache``: a folder, from that of ``conf.py``, in which answers and pictures are
  kept; builds in several languages can share it. By default it is inside of the doctrees.
"""

from pathlib import Path

from sphinx.application import Sphinx


def folder(app: Sphinx, name: str) -> Path:
    """A folder of what is kept between builds."""
    cache = app.config.autograd_graph_cache
    root = Path(app.confdir, cache) if cache else Path(app.doctreedir, "autograd_atlas")
    return root / name


def setup(app: Sphinx) -> None:
    app.add_config_value("autograd_graph_seconds", 60, "", (int, float))
    app.add_config_value("autograd_graph_prepare", "", "env", (str,))
    app.add_config_value("autograd_graph_cache", "", "", (str,))
