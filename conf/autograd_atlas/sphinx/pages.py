"""What every page gets around its text: the address of its source, code blocks and
tables that can be scrolled with the keyboard, and the titles of the other pages as they are now."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


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
        body = context["body"].replace("<pre>", '<pre tabindex="0">')
        wide = '<div class="table-wrapper'
        context["body"] = body.replace(wide, wide.replace("<div", '<div tabindex="0"'))


def structure(env: BuildEnvironment) -> str:
    """What pages show of each other: titles, order, and the names of places to link to."""
    standard = env.domaindata["std"]
    return repr(
        [
            sorted((name, title.astext()) for name, title in env.titles.items()),
            sorted(env.toctree_includes.items()),
            sorted(standard["labels"].items()),
            sorted(standard["objects"].items()),
        ]
    )


def rewrite_all_if_structure_changed(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Every page shows the titles of others, in its sidebar if nowhere else."""
    kept = Path(app.doctreedir, "structure")
    before = kept.read_text(encoding="utf-8") if kept.exists() else ""
    now = structure(env)
    kept.write_text(now, encoding="utf-8")
    return () if before == now else sorted(env.found_docs)


def setup(app: Sphinx) -> None:
    app.connect("env-updated", rewrite_all_if_structure_changed)
    app.connect("html-page-context", complete)
