"""Takes out of shown outputs what differs from run to run, which says nothing to a reader: memory
addresses, and the folder in which the site was built. And marks those that are tables, whose lines
must not be wrapped on a narrow screen."""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]


def tidy(text: str) -> str:
    """``text`` as printed, with addresses masked and warnings naming files, not folders.

    >>> tidy("<MulBackward0 object at 0x7f3a5c0b2d90>")
    '<MulBackward0 object at 0x…>'
    >>> tidy("/tmp/ipykernel_42/1234567.py:3: UserWarning: no")
    'cell:3: UserWarning: no'
    """
    text = re.sub(r"\bat 0x[0-9a-fA-F]+", "at 0x…", text)
    text = re.sub(r"(?m)^.*/ipykernel_\d+/\d+\.py(?=:\d+: )", "cell", text)
    return re.sub(re.escape(str(ROOT)) + r".*/(?=[^/\n]+\.py:\d+: )", "", text)


def in_columns(text: str) -> bool:
    """Whether most lines of a text have gaps of two spaces or more, and none is a long message.

    >>> in_columns(chr(10).join(["n   run", "8   40", "16  80"]))
    True
    >>> in_columns(chr(10).join(["x = 3", "y = 4"]))
    False
    """
    lines = text.splitlines()
    gaps = [line for line in lines if re.search(r"\S {2,}\S", line)]
    return len(lines) > 1 and len(gaps) > len(lines) / 2 and max(map(len, lines)) <= 90


def tidy_outputs(app: Sphinx, doctree: nodes.document) -> None:
    for block in doctree.findall(nodes.literal_block):
        text = block.astext()
        if (tidied := tidy(text)) != text:
            block.rawsource = tidied
            block.children = [nodes.Text(tidied)]
        if block.get("language") in ("none", "myst-ansi") and in_columns(tidied):
            block["classes"].append("aa-columns")


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", tidy_outputs)
