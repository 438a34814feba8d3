"""From a drawing to what a cell of a notebook keeps of it: an image, and behind it the figure.

Whoever opens a notebook that they do not trust, as on GitHub or one from a mail, sees what a
sanitizer leaves: the image, with its alternative text. Where scripts run, the player puts the
figure in its place. The figure is compressed, and the player is in one output and not in each.
"""

import base64
import json
import re
import sys
import zlib
from typing import Any

from .picture.figure import figure_style, player_script
from .picture.svg import picture_style

TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL)
START = "<script>window.autogradAtlas?.start()</script>"


def output(figure: str, picture: str, *, player: bool) -> str:
    """HTML for the output of a cell: ``picture`` is the SVG that stands for ``figure`` until the
    player has put that in its place. ``player`` brings the player along."""
    packed = base64.b64encode(zlib.compress(figure.encode(), 9)).decode()
    image = base64.b64encode(picture.encode()).decode()
    title = TITLE.search(picture)
    brought = f"<script>{STYLE % style()}</script><script>{player_script()}</script>"
    return (
        f'<div data-aa-figure="{packed}">'
        f'<img alt="{title[1] if title else ""}" src="data:image/svg+xml;base64,{image}"></div>'
        f"{brought if player else START}"
    )


# In the head, where it stays if the output that brought it is cleared, as the player does.
STYLE = (
    'document.getElementById("aa-style")||document.head.append(Object.assign('
    'document.createElement("style"),{id:"aa-style",textContent:%s}))'
)


def style() -> str:
    """The style sheet as a literal of JavaScript that cannot end its script."""
    return json.dumps(f"{picture_style()}{figure_style()}").replace("<", "\\u003c")


def shell() -> Any:
    """The IPython shell of a notebook's kernel, or None in a script or a terminal."""
    if "IPython" not in sys.modules:
        return None
    running = sys.modules["IPython"].get_ipython()
    return running if hasattr(running, "kernel") else None


class Outputs:
    """Which outputs of a notebook bring the player: the first; each in a frame of its own, as on
    Colab; and that of a cell that runs again, since its reader may have cleared the first one."""

    def __init__(self) -> None:
        self._runs: dict[str, int] = {}  # by cell: the last run of it that drew something

    def brings_player(self) -> bool:
        running = shell()
        if running is None or "google.colab" in sys.modules:
            return True
        return self.is_first(cell_of(running), running.execution_count)

    def is_first(self, cell: str, run: int) -> bool:
        """Whether the player belongs to what a cell draws in its run number ``run``."""
        before = self._runs.get(cell)
        if before == run:
            return False  # another drawing of the same run was asked before
        self._runs[cell] = run
        return before is not None or len(self._runs) == 1


def cell_of(running: Any) -> str:
    """What stays the same of a cell that runs again: its id, or else its source."""
    parent = running.get_parent() if hasattr(running, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId") if isinstance(parent, dict) else None
    return str(cell or running.user_ns.get("In", [""])[-1])
