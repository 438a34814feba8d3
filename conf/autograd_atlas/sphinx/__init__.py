"""An extension for any Sphinx site: graphs that PyTorch recorded, and exercises about programs.

Name it in ``extensions``. It gives ``autograd-graph``, the directives of exercises, the comment
``# sphinx_gallery_graph = "J"`` in the examples of sphinx-gallery, and the player.
"""

from sphinx.application import Sphinx

from .. import __version__
from ..graph import VERSION
from . import exercises, gallery, graphs, pictures, player, programs, settings


def setup(app: Sphinx) -> dict[str, object]:
    settings.setup(app)  # what a site can set
    graphs.setup(app)  # graphs are recorded once
    gallery.setup(app)  # in the examples of sphinx-gallery too
    pictures.setup(app)  # and drawn in each language
    programs.setup(app)  # next to the lines that made them
    player.setup(app)  # and played in the browser
    exercises.setup(app)  # what a program gives is asked, and checked
    return {
        "version": __version__,
        "env_version": VERSION,  # graphs are kept in doctrees
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
