"""The sidebar: all parts of the site, and of these only the one opened in which the page stands.

Furo renders the whole table of contents on every page, which costs time and bytes with the square
of the number of pages (https://github.com/pradyunsg/furo/pull/939). Here a page lists what stands
beside it and around it, and where there is a lot of that, what is near.
``templates/sidebar/navigation.html`` turns the list into HTML.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sphinx.addnodes import toctree
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.builders.html import StandaloneHTMLBuilder

MOST = 40  # entries that are listed one below the other; of more, only those near the page
NEAR = 10  # on either side


@dataclass(frozen=True)
class Entry:
    """A link in the sidebar, to a page of ours or, if it has an ``address``, to another site."""

    name: str
    title: str = ""
    address: str = ""
    current: bool = False  # the page itself, or one around it
    below: tuple["Entry", ...] = ()
    all: int = 0  # instead of entries that are left out: how many there are


@dataclass(frozen=True)
class Part:
    caption: str
    entries: tuple[Entry, ...]


def all_entries(entries: Iterable[Entry]) -> Iterator[Entry]:
    """These, and all below them."""
    for each in entries:
        yield each
        yield from all_entries(each.below)


class Contents:
    """The site's table of contents, as it is once all pages are read."""

    def __init__(self, app: Sphinx) -> None:
        self.app = app
        self.env = app.env
        self.parents = {
            name: page for page, below in self.env.toctree_includes.items() for name in below
        }
        self.titles: dict[str, str] = {}
        self.below: dict[str, list[tuple[str, list[tuple[str, str]]]]] = {}

    def title(self, name: str) -> str:
        """A page's title as HTML, made once."""
        if name not in self.titles:
            builder = self.app.builder
            assert isinstance(builder, StandaloneHTMLBuilder)  # the others write no sidebar
            self.titles[name] = builder.render_partial(self.env.titles[name])["title"]
        return self.titles[name]

    def tables(self, name: str) -> list[tuple[str, list[tuple[str, str]]]]:
        """The tables of contents on a page: caption, and pairs of title (or nothing) and page."""
        if name not in self.below:
            found = self.env.tocs[name].findall(toctree) if name in self.env.tocs else ()
            self.below[name] = [(each.get("caption") or "", each["entries"]) for each in found]
        return self.below[name]

    def around(self, name: str) -> list[str]:
        """The pages in whose tables a page stands, the outermost one first, and the page itself."""
        found: list[str] = []
        while name in self.parents and name not in found:
            found.append(name)
            name = self.parents[name]
        return found[::-1]

    def sidebar(self, name: str) -> list[Part]:
        """What a page lists."""
        is_open = self.around(name)

        def entries(pairs: list[tuple[str, str]], parent: str) -> tuple[Entry, ...]:
            known = [pair for pair in pairs if pair[1] in self.env.titles or "://" in pair[1]]
            if len(known) <= MOST:
                return tuple(entry(*pair) for pair in known)
            here = next((n for n, (_, name) in enumerate(known) if name in is_open), 0)
            near = known[max(0, here - NEAR) : here + NEAR + 1]
            return (*(entry(*pair) for pair in near), Entry(parent, all=len(known)))

        def entry(title: str | None, name: str) -> Entry:
            if name not in self.env.titles:
                return Entry("", title or name, name)
            if name not in is_open:
                return Entry(name, title or "")
            below = [pair for _, pairs in self.tables(name) for pair in pairs]
            return Entry(name, title or "", current=True, below=entries(below, name))

        root = self.env.config.root_doc
        return [Part(caption, entries(pairs, root)) for caption, pairs in self.tables(root)]


_contents: WeakKeyDictionary[Builder, Contents] = WeakKeyDictionary()


def contents_of(app: Sphinx) -> Contents:
    """One for each builder."""
    if app.builder not in _contents:
        _contents[app.builder] = Contents(app)
    return _contents[app.builder]


def add_sidebar(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    contents = contents_of(app)
    context["sidebar_parts"] = contents.sidebar(pagename)
    context["sidebar_title"] = contents.title
    context.pop("toctree", None)  # or Furo would make its own


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", add_sidebar, priority=400)  # before Furo's own
