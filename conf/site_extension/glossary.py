"""The glossary of a translated page: in the order of its own language, with the English word beside
each term.

GB 2312, and with it GB 18030, numbers the 3,755 most common characters by their pinyin, so that
sorting by that encoding needs no dictionary.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx


def by_pinyin(term: str) -> bytes:
    """What to sort Chinese terms by.

    >>> sorted(["图", "边", "梯度", "sigmoid 函数"], key=by_pinyin)
    ['sigmoid 函数', '边', '梯度', '图']
    """
    return term.lower().encode("gb18030")


def first_term(entry: nodes.Node) -> str:
    return next(entry.findall(nodes.term)).astext()


def arrange(app: Sphinx, doctree: nodes.document) -> None:
    if app.config.language != "zh_CN":
        return
    for glossary in doctree.findall(addnodes.glossary):
        for entries in glossary.findall(nodes.definition_list):
            entries.children.sort(key=lambda entry: by_pinyin(first_term(entry)))
            for term in entries.findall(nodes.term):
                english = nodes.inline("", term.rawsource, classes=["language-en"])
                term += [nodes.Text(" "), english]


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", arrange)
