"""What every page gets around its text: the address of its source, code blocks and
tables that can be scrolled with the keyboard, and what it shows of other pages as that is now."""

import hashlib
import json
from collections.abc import Iterable, Set
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors import EnvironmentCollector
from sphinx.util import docname_join

from .sidebar import all_entries, contents_of


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


class References(EnvironmentCollector):
    """Keeps of each page what it refers to, on other pages too."""

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        references_of(env).pop(docname, None)

    def merge_other(
        self, app: Sphinx, env: BuildEnvironment, docnames: Set[str], other: BuildEnvironment
    ) -> None:
        for name in docnames:
            references_of(env)[name] = references_of(other)[name]

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        found = {
            (node["reftarget"], node.get("reftargetid") or "")
            for node in doctree.findall(pending_xref)
            if node.get("refdomain") != "py"  # those lead to other sites
        }
        references_of(app.env)[app.env.docname] = sorted(found)


def references_of(env: BuildEnvironment) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = vars(env).setdefault("atlas_references", {})
    return found


def shown_of_others(app: Sphinx) -> dict[str, str]:
    """A hash for each page, over all that it shows of other pages: in its sidebar, below itself,
    and where it refers to their titles, labels and terms."""
    env, contents = app.env, contents_of(app)
    relations = env.collect_relations()
    titles = {name: str(title) for name, title in env.titles.items()}
    names = [
        data[kind]
        for domain, data in sorted(env.domaindata.items())
        for kind in ("labels", "anonlabels", "terms", "objects")
        if domain in ("std", "math") and kind in data
    ]

    def meant(page: str, target: str, place: str) -> object:
        # Some markup gives a page's name from the root, some as it is seen from the page.
        other = target if target in titles else docname_join(page, target)
        slugs = env.metadata[other].get("myst_slugs", {}) if other in titles else {}
        own = env.metadata[page].get("myst_slugs", {}).get(target)
        known = (target, target.lower(), ("term", target))
        places = [found.get(name) for found in names for name in known]
        return titles.get(other), slugs.get(place), own, places

    found = {}
    for name in env.found_docs:
        parts = contents.sidebar(name)
        listed = [each for part in parts for each in all_entries(part.entries)]
        shown = [
            parts,
            [titles.get(each.name) for each in listed],
            [(other, other and titles.get(other)) for other in relations.get(name, ())],
            [meant(name, *each) for each in references_of(env).get(name, ())],
        ]
        found[name] = hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
    return found


def rewrite_what_shows_something_new(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Pages that have not changed, but show something of others that has."""
    kept = Path(app.doctreedir, "shown.json")
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    now = shown_of_others(app)
    kept.write_text(json.dumps(now), encoding="utf-8")
    return sorted(name for name in now if before.get(name) != now[name])


def setup(app: Sphinx) -> None:
    app.add_env_collector(References)
    app.connect("env-updated", rewrite_what_shows_something_new)
    app.connect("html-page-context", complete)
