"""The thin Sphinx face of the project: what happens to a build, in that order."""

from sphinx.application import Sphinx

from . import (
    cells,
    exercises,
    gallery,
    graphs,
    inventories,
    languages,
    lessons,
    mathml,
    outputs,
    pages,
    pictures,
    player,
    plots,
    programs,
    search,
    sidebar,
    sources,
)


def setup(app: Sphinx) -> dict[str, bool]:
    sources.setup(app)  # warnings name the file that a person edits
    lessons.setup(app)  # lessons run in order, in time, without surprises
    cells.setup(app)  # cells of pages run once
    graphs.setup(app)  # graphs are recorded once
    pictures.setup(app)  # and drawn in each language
    programs.setup(app)  # next to the lines that made them
    player.setup(app)  # and played in the browser
    exercises.setup(app)  # what a program gives is asked, and checked
    plots.setup(app)  # what lessons plot is shown in the colours of both themes
    gallery.setup(app)  # the lessons' cards and notebooks
    outputs.setup(app)  # what was printed is shown without addresses and paths
    mathml.setup(app)  # formulas become MathML
    inventories.setup(app)  # API names lead to their documentation
    search.setup(app)  # Chinese pages can be searched
    languages.setup(app)  # each page knows its other language
    sidebar.setup(app)  # each page lists what stands near it
    pages.setup(app)  # the edit link, the footer, keyboard access
    return {"parallel_read_safe": True, "parallel_write_safe": True}
