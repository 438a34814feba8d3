"""Takes out of shown outputs what differs from run to run: memory addresses and the
folder in which the site was built. They say nothing to a reader."""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[3]


def tidy(text: str) -> str:
    """``text`` as printed, with addresses masked and warnings naming files, not folders.

    >>> tidy("<MulBackward0 object at 0x7f3a5c0b2d90>")
    '<MulBackward0 object at 0x…>'
    >>> tidy("/tmp/ipykernel_42/1234567.py:3: UserWarning: no")
    'cell:3: UserWarning: no'
    """
    text = re.sub(r"\bat 0x[0-9a-fA-F]+", "at 0x…", text)
    text = re.sub(r"(?m)^.*/ipykernel_\d+/\d+\.py(?=:\d+: )", "cell", text)
    text = re.sub(re.escape(str(ROOT)) + r".*/(?=[^/\n]+\.py:\d+: )", "", text)
    return text


def tidy_outputs(app: Sphinx, doctree: nodes.document) -> None:
    for block in doctree.findall(nodes.literal_block):
        text = block.astext()
        if (tidied := tidy(text)) != text:
            block.rawsource = tidied
            block.children = [nodes.Text(tidied)]


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", tidy_outputs)
