"""Turns TeX formulas into MathML while the site is built, and brings the math font.

Browsers draw MathML themselves, without JavaScript. Temml (npm) does the translation
under Node, which comes from PyPI; STIX Two Math (npm) is cut to the characters below.
"""

import re
import sys
import unicodedata
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from autograd_atlas.sphinx.node import Module, ScriptError

from .statics import add_made

NPM = Path(sys.prefix) / "npm" / "node_modules"
FONT = NPM / "@fontsource/stix-two-math/files/stix-two-math-latin-400-normal.woff2"
STYLE = NPM / "temml/dist/Temml-STIX2.css"

# What the font keeps: ASCII, Latin-1 signs, Greek, arrows, operators, delimiters, and the
# italic, bold, script and double-struck letters that MathML uses for variables.
KEPT = [
    *range(0x20, 0x7F), *range(0xA0, 0x100), *range(0x391, 0x3D6), *range(0x2010, 0x2040),
    *range(0x2061, 0x2065), *range(0x20D0, 0x20F0), *range(0x2100, 0x2130), *range(0x2190, 0x2200),
    *range(0x2200, 0x2300), *range(0x2308, 0x230C), *range(0x23B4, 0x23B7), *range(0x23DC, 0x23E2),
    *range(0x27E6, 0x27F0), *range(0x27F5, 0x27FE), *range(0x1D400, 0x1D468),
    *range(0x1D538, 0x1D56C), *range(0x1D49C, 0x1D4D0), *range(0x1D6A8, 0x1D6E2),
    0x2C6, 0x2D9, 0x2DC, 0x302, 0x303, 0x304, 0x305, 0x307, 0x308, 0x30C, 0x338, 0x131, 0x237,
    0x2B9,
]  # fmt: skip

logger = logging.getLogger(__name__)


TEMML = Module(Path(__file__).with_name("temml.js"), {"NODE_PATH": str(NPM)})


def end_temml(app: Sphinx, problem: Exception | None) -> None:
    TEMML.end()


@cache
def mathml(tex: str, display: bool) -> tuple[str, str | None]:
    """The formula as MathML and None, or the empty string and what is wrong with it."""
    # Temml numbers the rows of these by itself; numbers are Sphinx's business here.
    tex = re.sub(r"\\(begin|end)\{(align|gather|equation)\}", r"\\\1{\2*}", tex.strip())
    if r"\\" in tex and r"\begin" not in tex:
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    try:
        markup: str = TEMML.call("mathml", tex, display)
    except ScriptError as problem:
        return "", str(problem)
    # What stands in \text has the page's font. (Temml makes text of unknown signs elsewhere too.)
    signs = re.sub(r"<mtext>.*?</mtext>|<[^>]*>", "", markup)
    for character in sorted({*signs, *re.sub(r"\\text\{[^{}]*\}", "", tex)}):
        if ord(character) not in KEPT and not unicodedata.category(character).startswith("C"):
            return "", f"the math font is cut without '{character}' (U+{ord(character):04X})"
    return markup, None


def formula(node: nodes.Element, display: bool) -> str:
    result, problem = mathml(node.astext(), display)
    if problem:
        logger.warning("formula does not parse: %s", problem, location=node, type="math")
    return result


# Marks that no line begins or ends with: browsers know them in text, not beside a formula.
BEFORE, AFTER = re.compile(r"[（「『“(\[]+$"), re.compile(r"^[、。，；：！？）」』”,.;:!?)\]]+")


def keep_marks_with_formulas(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put each formula into one box with the marks beside it, in which no line breaks.

    Chromium 156 breaks lines between ``<math>`` and the text after it, even at U+2060.
    """
    for formula in list(doctree.findall(nodes.math)):
        parent = formula.parent
        place = parent.index(formula)
        beside = [
            cut(parent, place - 1, BEFORE) if place else "",
            cut(parent, place + 1, AFTER) if place + 1 < len(parent) else "",
        ]
        if any(beside):
            first, last = map(nodes.Text, beside)
            parent.replace(
                formula, nodes.inline("", first, formula.deepcopy(), last, classes=["atlas-whole"])
            )


def cut(parent: nodes.Element, place: int, marks: re.Pattern[str]) -> str:
    """The marks at the end of a text that is next to a formula, taken out of it."""
    node = parent[place]
    found = marks.search(node.astext()) if isinstance(node, nodes.Text) else None
    if not found:
        return ""
    parent.replace(node, nodes.Text(marks.sub("", node.astext())))
    return found[0]


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(formula(node, display=False))
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math", tabindex="0"))
    self.body.append(formula(node, display=True))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def cut_font(target: Path) -> None:
    """Write the part of the math font that the site can need. Needs fonttools and brotli."""
    from fontTools import subset

    subset.log.setLevel("WARNING")  # or it tells each table that it prunes
    options = subset.Options(flavor="woff2", layout_features=["*"], hinting=False)
    font = subset.load_font(str(FONT), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=KEPT)
    cutter.subset(font)
    subset.save_font(font, str(target), options)


def make_style(folder: Path) -> None:
    """The font and Temml's style sheet."""
    cut_font(folder / "STIXTwoMath.woff2")
    (folder / "math.css").write_text(STYLE.read_text(encoding="utf-8"), encoding="utf-8")


def add_style(app: Sphinx) -> None:
    if app.builder.format == "html":
        add_made(app, "math", make_style, [FONT, STYLE, Path(__file__)])
        app.add_css_file("math.css")


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("temml", (visit_inline, None), (visit_block, None))
    app.connect("builder-inited", add_style)
    app.connect("doctree-resolved", keep_marks_with_formulas)
    app.connect("build-finished", end_temml)
