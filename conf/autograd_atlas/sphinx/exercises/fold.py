"""The directive ``fold``: text that only those read who want to, behind its title."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class fold(nodes.General, nodes.Element):
    """A ``fold_title``, and what is behind it."""


class fold_title(nodes.Part, nodes.TextElement):
    """What is in sight."""


class Fold(SphinxDirective):
    """Its argument is the title, its body is text: code that is shown has to be run, and nothing
    runs what stands here."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        text = self.arguments[0]
        children, messages = self.state.inline_text(text, self.lineno)
        title = fold_title(text, "", *children, *messages)
        self.set_source_info(title)
        found = fold("", title)
        self.state.nested_parse(self.content, self.content_offset, found)
        if found.next_node(nodes.literal_block):
            where = (self.env.docname, self.lineno)
            message = "fold: take out the program: nothing runs it"
            logger.warning(message, location=where, type="fold")
            return []
        return [found]


def visit_fold(self: Any, node: fold) -> None:
    self.body.append('<details class="aa-fold">\n')


def depart_fold(self: Any, node: fold) -> None:
    self.body.append("</details>\n")


def visit_title(self: Any, node: fold_title) -> None:
    self.body.append("<summary>")


def depart_title(self: Any, node: fold_title) -> None:
    self.body.append("</summary>\n")


def ignore(self: Any, node: nodes.Element) -> None:
    pass


def setup(app: Sphinx) -> None:
    app.add_node(fold, html=(visit_fold, depart_fold), text=(ignore, ignore))
    app.add_node(fold_title, html=(visit_title, depart_title), text=(ignore, ignore))
    app.add_directive("fold", Fold)
