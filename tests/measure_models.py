"""What drawing real models takes and gives, as tables in Markdown: ``tests/measure_models.py``, or
with names of models, and of models alone.

Each program runs and is drawn in a process of its own, with a recording and without. Seconds are
of the processor; those of ``html`` are of the whole figure. A recorded step is compared with a
plain one, warm, as medians of several.
"""

import json
import re
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import extras

RUNS = 7  # of a step, for its time
BOX = re.compile(r"<g[^>]* id=['\"][^'\"]*?([bctkn]\d+)(?:\.\d+)?['\"]")
WIDTH = re.compile(r" width=['\"]([\d.]+)['\"]")
COLUMNS = {
    "nodes": "{nodes}",
    "boxes": "{boxes}",
    "px wide": "{width:.0f}",
    "folded": "{folded}",
    "draw s": "{draw:.2f}",
    "svg s": "{svg:.2f}",
    "html s": "{html:.2f}",
    "svg kB": "{svg_bytes:.0f}",
    "html kB": "{html_bytes:.0f}",
}


def timed(what: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    result = what()
    return result, time.process_time() - start


def drawn(made: Any, losses: dict[str, Any], recording: Any) -> dict[str, Any]:
    """By view: what is seen at first, and what it took; with what the whole figure took."""
    from autograd_atlas import draw

    names = losses | made.names()
    whole, draw_time = timed(lambda: draw(*losses.values(), recording=recording, names=names))
    html, html_time = timed(whole._repr_html_)
    figure = {
        "nodes": len(whole.graph.nodes), "draw": draw_time, "html": html_time,
        "html_bytes": len(html.encode()) / 1000,
    }  # fmt: skip
    found = {}
    for view in ("written", "recorded") if recording else ("recorded",):
        drawing = draw(*losses.values(), recording=recording, names=names, view=view)
        svg, svg_time = timed(drawing._repr_svg_)
        boxes, width = BOX.findall(svg), WIDTH.search(svg)
        assert width is not None
        found[f"{view}, {'with' if recording else 'no'} recording"] = figure | {
            "boxes": len(boxes), "folded": sum(box.startswith("b") for box in boxes),
            "width": float(width[1]), "svg": svg_time, "svg_bytes": len(svg.encode()) / 1000,
        }  # fmt: skip
    return found


def cost(made: Any) -> float:
    """The processor time of a recorded step, in that of a plain one."""
    from autograd_atlas import Recording

    def recorded() -> None:
        with Recording():
            made.run()

    medians = []
    for step in (made.run, recorded):
        step()
        medians.append(statistics.median(timed(step)[1] for _ in range(RUNS)))
    return medians[1] / medians[0]


def measure(name: str) -> dict[str, Any]:
    import models
    from autograd_atlas import Recording

    warnings.simplefilter("ignore")
    made = models.program(name)
    found = drawn(made, made.run(), None)
    with Recording() as recording:
        losses = made.run()
    found |= drawn(made, losses, recording)
    return found | {"cost": cost(made)}


def main(names: list[str]) -> None:
    import models

    extras.install("libraries")
    rows = []
    for name in names or models.MODELS:
        command = [sys.executable, __file__, "--one", name]
        run = subprocess.run(
            command, env=extras.environment("libraries"), stdout=subprocess.PIPE, check=False
        )
        if run.returncode:
            print(f"{name}: failed", flush=True)
            continue
        found = json.loads(run.stdout.splitlines()[-1])
        rows.append(f"| {name} | {found.pop('cost'):.1f} |")
        print(f"\n{name}\n\n| view | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
        for view, figures in found.items():
            cells = [form.format(**figures) for form in COLUMNS.values()]
            print(f"| {view} | {' | '.join(cells)} |", flush=True)
    print("\n| model | a recorded step, in plain ones |\n|---|---|", *rows, sep="\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        main(sys.argv[1:])
