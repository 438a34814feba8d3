"""An extension for any Sphinx site: graphs that PyTorch recorded, and exercises about programs.

Name it in ``extensions``. It gives the directives ``autograd-graph`` and ``predict``, the comment
``# sphinx_gallery_graph = "J"`` in the examples of sphinx-gallery, and the player.
"""

from sphinx.application import Sphinx

from . import exercises, graphs, pictures, player, programs


def setup(app: Sphinx) -> dict[str, bool]:
    graphs.setup(app)  # graphs are recorded once
    pictures.setup(app)  # and drawn in each language
    programs.setup(app)  # next to the lines that made them
    player.setup(app)  # and played in the browser
    exercises.setup(app)  # what a program gives is asked, and checked
    return {"parallel_read_safe": True, "parallel_write_safe": True}
