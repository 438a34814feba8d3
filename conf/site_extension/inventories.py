"""Links API names to the documentation of PyTorch, Python and NumPy without a network.

``conf/inventories/NAME.txt`` lists the names that our pages use, one a line, as Sphinx's
own inventories do: name, domain:role, priority, place, display name.
"""

import zlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

LISTS = Path(__file__).resolve().parents[1] / "inventories"


def inventory(name: str, lines: str) -> bytes:
    """An inventory as intersphinx reads it: a plain head, and the list compressed."""
    head = (
        f"# Sphinx inventory version 2\n# Project: {name}\n# Version: \n# Compressed with zlib.\n"
    )
    return head.encode() + zlib.compress(lines.encode())


def use_lists(app: Sphinx, config: Config) -> None:
    folder = Path(app.srcdir).parent / "inventories"
    folder.mkdir(exist_ok=True)
    for name, address in config.atlas_inventories.items():
        lines = (LISTS / f"{name}.txt").read_text(encoding="utf-8")
        (folder / f"{name}.inv").write_bytes(inventory(name, lines))
        config.intersphinx_mapping[name] = (address, str(folder / f"{name}.inv"))


def setup(app: Sphinx) -> None:
    app.add_config_value("atlas_inventories", {}, "env")
    app.connect("config-inited", use_lists)
