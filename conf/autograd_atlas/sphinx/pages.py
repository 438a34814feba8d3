"""What every page gets around its text: the address of its source, and code blocks
that can be scrolled with the keyboard."""

from pathlib import PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def source_of(pagename: str, suffix: str) -> str:
    """The file from which a page is made, from the root of the repository.

    >>> source_of("tensor", ".md")
    'docs/tensor.md'
    >>> source_of("lessons/1_computation_graph/plot_forward_pass", ".rst")
    'examples/1_computation_graph/plot_forward_pass.py'
    >>> source_of("lessons/1_computation_graph/index", ".rst")
    'examples/1_computation_graph/GALLERY_HEADER.rst'
    """
    page = PurePosixPath(pagename)
    if page.parts[0] != "lessons":
        return f"docs/{page}{suffix}"
    folder = PurePosixPath("examples", *page.parts[1:-1])
    return str(folder / ("GALLERY_HEADER.rst" if page.name == "index" else f"{page.name}.py"))


def complete(
    app: Sphinx,
    pagename: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    if doctree is not None:
        source = source_of(pagename, context["page_source_suffix"])
        context["edit_url"] = f"{app.config.html_context['repository']}/edit/main/{source}"
        context["body"] = context["body"].replace("<pre>", '<pre tabindex="0">')


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", complete)
