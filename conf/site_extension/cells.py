"""The cells of pages: run once for both languages, and by several processes at the same time."""

from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.cache.main import JupyterCacheBase
from sphinx.application import Sphinx
from sphinx.config import Config


def share_work_folder(app: Sphinx, config: Config) -> None:
    """Executed pages, answers and pictures are kept beside the staged sources, for both
    languages."""
    work = Path(app.srcdir).parent
    config.nb_execution_cache_path = str(work / "notebooks")
    config.autograd_graph_cache = str(work)


def make_database(app: Sphinx) -> None:
    """Before pages are read, in one process: several would each make its tables, and all but one
    fail (https://github.com/sphinx-doc/sphinx/issues/12481)."""
    get_cache(app.config.nb_execution_cache_path).db.dispose()


def keep_all(cache: JupyterCacheBase) -> None:
    """Instead of deleting the oldest results of more than 1,000, which two processes would try at
    the same time (jupyter-cache 1.0.1, cache/main.py:105); what no page has any more goes with the
    work folder."""


def setup(app: Sphinx) -> None:
    JupyterCacheBase.truncate_caches = keep_all
    app.connect("config-inited", share_work_folder)
    app.connect("builder-inited", make_database)
