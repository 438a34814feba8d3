"""What only this site needs of Sphinx: what happens to a build, in that order."""

from sphinx.application import Sphinx

from . import (
    cells,
    gallery,
    glossary,
    inventories,
    languages,
    lessons,
    mathml,
    outputs,
    pages,
    plots,
    search,
    sidebar,
    sources,
    times,
)


def setup(app: Sphinx) -> dict[str, bool]:
    sources.setup(app)  # warnings name the file that a person edits
    lessons.setup(app)  # lessons run in order, in time, without surprises
    cells.setup(app)  # cells of pages run once
    app.setup_extension("autograd_atlas.sphinx")  # graphs, exercises, the player
    plots.setup(app)  # what lessons plot is shown in the colours of both themes
    gallery.setup(app)  # the lessons' cards and notebooks
    glossary.setup(app)  # the Chinese glossary is in Chinese order
    outputs.setup(app)  # what was printed is shown without addresses and paths
    mathml.setup(app)  # formulas become MathML
    inventories.setup(app)  # API names lead to their documentation
    search.setup(app)  # Chinese pages can be searched
    languages.setup(app)  # each page knows its other language
    sidebar.setup(app)  # each page lists what stands near it
    times.setup(app)  # pages say how long lessons take
    pages.setup(app)  # the edit link, the footer, keyboard access
    return {"parallel_read_safe": True, "parallel_write_safe": True}
