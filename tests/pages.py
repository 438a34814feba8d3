"""Pages as tests read them: each one is parsed once a worker, and no test may change what it gets.

A page is a tree of lxml, which parses the whole site in the time in which others parse one page.
``select`` and ``text`` stand for its own ways to search and to read, which differ from what one
expects in two points: they find an element below itself, and take a script for text.
"""

import functools
from collections.abc import Container, Iterator
from pathlib import Path
from typing import TypeAlias, cast

from cssselect import HTMLTranslator
from lxml import etree, html

Element: TypeAlias = html.HtmlElement

SILENT = ("script", "style", "template")  # what stands in them is no text of the page
PARSER = html.HTMLParser(encoding="utf-8", huge_tree=True)


@functools.cache
def page(path: Path) -> Element:
    """A page of the site, which does not change while tests run."""
    return parsed(path.read_text(encoding="utf-8"))


def parsed(text: str) -> Element:
    # Half a character, which only names that tests make up can hold, becomes a question mark.
    return html.document_fromstring(text.encode(errors="replace"), parser=PARSER)


@functools.cache
def selector(css: str) -> etree.XPath:
    return etree.XPath(HTMLTranslator().css_to_xpath(css, prefix="descendant::"))


def select(element: Element, css: str) -> list[Element]:
    """What matches below an element, in the page's order."""
    return cast("list[Element]", selector(css)(element))


def elements(element: Element, without: Container[Element] = ()) -> Iterator[Element]:
    """An element and all below it, in the page's order, but for some and what is in those."""
    yield element
    for child in element.iterchildren(tag=etree.Element):
        if child not in without:
            yield from elements(child, without)


def strings(element: Element, without: Container[Element] = ()) -> Iterator[str]:
    """The strings below an element, but for those in some elements."""
    if element.text:
        yield element.text
    for child in element:
        if isinstance(child.tag, str) and child.tag not in SILENT and child not in without:
            yield from strings(child, without)
        if child.tail:
            yield child.tail


def text(element: Element) -> str:
    return "".join(strings(element))
