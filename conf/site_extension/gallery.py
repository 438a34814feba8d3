"""The lessons' gallery: the graphs that lessons ask for, a card picture made from what each
lesson computed, and what sphinx-gallery writes, trimmed to what readers need."""

import json
import numbers
import os
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.intersphinx import InventoryAdapter

from autograd_atlas.sphinx.exercises.notebook import in_notebook
from autograd_atlas.sphinx.gallery import LessonError, first_graph, graphs, recorded_graphs
from autograd_atlas.sphinx.pictures import card

from .lessons import EXAMPLES
from .plots import plot_of


def named_numbers(namespace: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each variable that holds one number, as text, in order of definition.

    A leaf that has received a gradient shows that in place of its value.
    """
    for name, value in namespace.items():
        if name.startswith("_") or isinstance(value, (bool, type)):
            continue
        label, number = name, value
        if hasattr(value, "grad_fn") and value.numel() == 1:
            if value.is_leaf and value.grad is not None:
                label, number = f"{name}.grad", value.grad
            number = number.detach().item()
        if isinstance(number, numbers.Real):
            yield label, f"{number:.4g}"


def pictures(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """A scraper that puts the graphs and the plot that a block asks for behind it, and leaves the
    lesson's card picture: what its first block that computes something computed. If the lesson
    has a graph, that is drawn in its place later.
    """
    lesson = Path(block_vars["src_file"])
    if len(block_vars["image_path_iterator"]) == 0:
        values = list(named_numbers(block_vars["fake_main"].__dict__))[:8]
        if first_graph(lesson) or values:
            picture = Path(next(block_vars["image_path_iterator"])).with_suffix(".svg")
            picture.write_text(card_svg(values), encoding="utf-8")
    images = Path(block_vars["target_file"]).parent / "images"
    return plot_of(block, lesson, images) + graphs(block, block_vars, gallery_conf)


def card_svg(values: list[tuple[str, str]]) -> str:
    """A small picture of names and values, two columns, readable on light and dark pages."""
    cells = []
    for index, (name, value) in enumerate(values):
        x, y = 20 + 145 * (index % 2), 46 + 40 * (index // 2)
        cells.append(
            f'<text x="{x}" y="{y}"><tspan fill="#9cc9ea" font-style="italic">{escape(name)}'
            f"</tspan> = {escape(value)}</text>"
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" width="320" height="200">'
        '<rect width="320" height="200" fill="#17324a"/>'
        '<g font-family="ui-monospace, monospace" font-size="20" fill="#fff">'
        f"{''.join(cells)}</g></svg>\n"
    )


def forget_card(gallery_conf: dict[str, Any], fname: str | None, when: str) -> None:
    """A reset hook for sphinx-gallery: before a lesson runs, drop the card picture that it had.

    sphinx-gallery would go on with it, where the new one is another kind of file: it takes the
    first kind that exists (sphinx-gallery 0.22.1, scrapers.py:379).
    """
    if fname is not None and when == "before":
        pictures = f"*/images/thumb/sphx_glr_{Path(fname).stem}_thumb.*"
        for picture in Path(gallery_conf["src_dir"], "lessons").glob(pictures):
            picture.unlink()


def draw_cards(app: Sphinx) -> None:
    """Draw the first graph of each lesson as its card picture: a lesson need not run again because
    pictures are drawn otherwise now."""
    for lesson in recorded_graphs:
        folder = Path(app.srcdir, "lessons", lesson.relative_to(EXAMPLES)).parent / "images/thumb"
        picture = folder / f"sphx_glr_{lesson.stem}_thumb.svg"
        graph = first_graph(lesson)
        if graph and picture.exists():
            content = card(app, graph)
            if picture.read_text(encoding="utf-8") != content:
                picture.write_text(content, encoding="utf-8")


# What sphinx-gallery adds to its pages, and ours do without:
UNWANTED = re.compile(
    # the note at the top of a lesson, which stands above the title
    # (https://github.com/sphinx-gallery/sphinx-gallery/issues/757);
    r"^\.\. only:: html\n\n    \.\. note::\n        :class: sphx-glr-download-link-note\n\n.*?\n\n"
    # a zip of the two files that can be downloaded one by one
    # (https://github.com/sphinx-gallery/sphinx-gallery/pull/1299);
    r"|^    \.\. container:: sphx-glr-download sphx-glr-download-zip\n\n.*?(?=\n\n|\Z)"
    # and on cards, a tooltip and a second title in HTML, which no catalogue can translate
    # (https://github.com/sphinx-gallery/sphinx-gallery/issues/998).
    r'|(?<=<div class="sphx-glr-thumbcontainer") tooltip="[^"]*"'
    r'|^ *<div class="sphx-glr-thumbnail-title">.*?</div>$',
    re.MULTILINE | re.DOTALL,
)


def drop_unwanted(app: Sphinx, docname: str, source: list[str]) -> None:
    """Blank what is unwanted; line numbers stay."""
    if docname.startswith("lessons/"):
        source[0] = UNWANTED.sub(lambda found: "\n" * found[0].count("\n"), source[0])


def note_on_pictures(app: Sphinx, lesson: Path) -> str:
    """What a downloaded lesson says once, since it draws nothing."""
    page = f"lessons/{lesson.parent.name}/{lesson.stem}.html"
    return f"The pictures are on the web page: {app.config.html_context['site']}en/{page}"


def note_in_scripts(app: Sphinx, problem: Exception | None) -> None:
    """In downloaded scripts, say in the docstring where the pictures are.

    This changes what was copied into the site, and not sphinx-gallery's own copies: it would take
    a lesson whose copy has changed for a new one. No line is added: warnings name lines.
    """
    for path in sorted(Path(app.outdir, "_downloads").glob("*/plot_*.py")):
        text = path.read_text(encoding="utf-8")
        lesson = next(EXAMPLES.glob(f"*/{path.name}"), None)  # None of one that is gone
        if lesson and (note := note_on_pictures(app, lesson)) not in text:
            path.write_text(text.replace('\n"""\n', f'\n{note}"""\n', 1), encoding="utf-8")


def mend_notebooks(app: Sphinx, env: BuildEnvironment) -> None:
    """In downloaded notebooks, turn exercises into Markdown, and links to our pages and to API
    names into web links; say where the pictures are.

    sphinx-gallery leaves both as they are
    (https://github.com/sphinx-gallery/sphinx-gallery/issues/219), and an underscore behind links to
    other pages (of its 0.22.1, notebook.py:235). Links made by an earlier build are made again,
    since a title may have changed.
    """
    inventory = InventoryAdapter(env).main_inventory
    site = f"{app.config.html_context['site']}en"
    ours = re.compile(rf":doc:`(/[^`]+)`|\[[^]\[]*\]\({re.escape(site)}(/[^)]+)\.html\)")

    def page(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        title = env.titles.get(name.lstrip("/"))  # a dead link is reported on the lesson's page
        return f"[{title.astext()}]({site}{name}.html)" if title else found[0]

    def name(found: re.Match[str]) -> str:
        short = found[2].rpartition(".")[2] if found[1] else found[2]
        kinds = (inventory[kind] for kind in sorted(inventory) if kind.startswith("py:"))
        address = next((names[found[2]].uri for names in kinds if found[2] in names), None)
        return f"[`{short}`]({address})" if address else f"`{short}`"

    if app.config.language != "en":
        return  # both languages offer the same files
    for path in sorted(Path(app.srcdir, "lessons").rglob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        before = json.dumps(notebook)
        note = note_on_pictures(app, path)
        for place, cell in enumerate(notebook["cells"]):
            if cell["cell_type"] == "markdown":
                made = "".join(cell["source"])
                text = ours.sub(page, in_notebook(made))
                text = re.sub(r"(\]\(https?://[^)\s]*\))_", r"\1", text)
                if place == 0 and note not in text:
                    text += f"\n\n{note}"
                text = re.sub(r":term:`([^`<]+?)(?: <[^`]*>)?`", r"\1", text)
                text = re.sub(r":py:\w+:`(~?)([^`]+)`", name, text)
                if left := re.search(r"^\.\. .*", text, re.MULTILINE):
                    lesson = f"examples/{path.parent.name}/{path.stem}.py"
                    raise LessonError(
                        f"{lesson}: a notebook cannot show '{left[0]}' where it stands"
                    )
                if text != made:
                    cell["source"] = text.splitlines(keepends=True)
        if json.dumps(notebook) != before:
            read = path.stat()
            path.write_text(json.dumps(notebook, indent=2) + "\n", encoding="utf-8")
            times = read.st_atime_ns, read.st_mtime_ns  # the page is not to be read again
            os.utime(path, ns=times)


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", draw_cards, priority=950)  # when lessons have run
    app.connect("source-read", drop_unwanted)
    app.connect("env-updated", mend_notebooks)
    app.connect("build-finished", note_in_scripts)
