"""Sphinx's configuration, one short section a concern.

Sphinx is started by ``conf/commands``, which stages the sources under ``build/`` and
names the language.
"""

import importlib.metadata
import sys
from pathlib import Path

CONF = Path(__file__).parent
ROOT = CONF.parent
sys.path.insert(0, str(CONF))

# -- Project ------------------------------------------------------------------

project = "Autograd Atlas"
author = "The Autograd Atlas authors"
copyright = "The Autograd Atlas authors"
html_title = project

site = "https://autograd-atlas.github.io/autograd-atlas/"
repository = "https://github.com/autograd-atlas/autograd-atlas"

extensions = [
    "myst_nb",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "autograd_atlas.sphinx",
    "site_extension",
]

# -- Sources ------------------------------------------------------------------

source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
exclude_patterns = [
    # sphinx-gallery's downloads, which myst-nb would run and build as pages
    # (https://github.com/executablebooks/MyST-NB/issues/363)
    "**/*.ipynb",
    "lessons/index.rst",  # the chapters' own index pages stand in the table of contents instead
    "lessons/GALLERY_HEADER.rst",
    "**/sg_execution_times.rst",
    "sg_execution_times.rst",
]
nitpicky = True
# sphinx-gallery looks for spaces in the whole path (0.22.1, utils.py:286); a person's folder may
# have some, and lessons' names cannot, since examples/order.txt lists them.
suppress_warnings = ["sphinx_gallery.space_in_filename"]
templates_path = [str(CONF / "templates")]

# -- Languages ----------------------------------------------------------------

locale_dirs = ["../locale"]  # from the staged sources: the staged catalogues
gettext_compact = False
gettext_location = False
gettext_uuid = False

# -- Lessons: sphinx-gallery runs them ----------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "lessons",
    "filename_pattern": "plot_",
    "within_subsection_order": "site_extension.lessons.OutlineOrder",
    "image_scrapers": ("site_extension.gallery.pictures",),
    "reset_modules": (
        "site_extension.reset.reset",
        "site_extension.gallery.forget_card",
        "site_extension.lessons.limit_time",
        "site_extension.plots.set_style",
    ),
    "reset_modules_order": "both",
    "capture_repr": (),  # only what a lesson prints is its output, as when it is run alone
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
}
autograd_graph_seconds = 60
autograd_graph_prepare = "site_extension.reset.reset"  # as before each lesson

# -- Pages: myst-nb runs them -------------------------------------------------

nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 60
nb_execution_in_temp = True  # what a cell saves is gone with its folder
nb_merge_streams = True
nb_output_stderr = "warn"  # a cell that is meant to warn says so in its mystnb options

myst_enable_extensions = ["dollarmath", "attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

# -- Math: MathML made at build time ------------------------------------------

html_math_renderer = "temml"

# -- API names link to their documentation, through inventories kept here -----

atlas_inventories = {
    "torch": "https://docs.pytorch.org/docs/2.13/",
    "python": "https://docs.python.org/3/",
    "numpy": "https://numpy.org/doc/stable/",
}

# -- Look ---------------------------------------------------------------------

html_theme = "furo"
html_static_path = [str(CONF / "static")]
html_css_files = ["atlas.css"]
html_favicon = str(CONF / "static" / "favicon.svg")
html_copy_source = False
html_show_search_summary = False  # summaries are fetched, which file:// forbids
html_use_index = False
html_domain_indices = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0b5c8a",
        "color-brand-content": "#0b5c8a",
        "color-brand-visited": "#5b3f8c",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc4f0",
        "color-brand-content": "#7cc4f0",
        "color-brand-visited": "#c3aef0",
    },
}
html_context = {
    "site": site,
    "repository": repository,
    "torch_version": importlib.metadata.version("torch").partition("+")[0],
}

# -- Copy buttons -------------------------------------------------------------

copybutton_prompt_text = ">>> "
copybutton_exclude = ".linenos, .gp, .go"
copybutton_selector = "div.highlight pre"
