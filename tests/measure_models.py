"""What drawing real models takes and gives, as tables in Markdown: ``tests/measure_models.py``, or
with names of models, and of models alone.

Each program runs and is drawn in a process of its own, with a recording and without. Seconds are
of the processor. A recorded step is compared with a plain one, warm, as medians of several.
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
BOX = re.compile(r"<g[^>]* id=['\"]([^'\"]+)\.([wr])([bctkn][\d.]+)['\"]")
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


def drawing_of(losses: dict[str, Any], names: dict[str, Any], recording: Any, view: str) -> Any:
    from autograd_atlas import draw

    return draw(*losses.values(), recording=recording, names=losses | names, view=view)


def picture(made: Any, losses: dict[str, Any], recording: Any, view: str) -> dict[str, float]:
    """Of one view: what it shows at first sight, and what it took."""
    drawing, draw = timed(lambda: drawing_of(losses, made.names(), recording, view))
    svg, svg_time = timed(drawing._repr_svg_)
    html, html_time = timed(drawing._repr_html_)
    boxes = re.findall(r"<g[^>]* id=['\"][^'\"]*?([bctkn]\d+[\d.]*)['\"]", svg)
    width = WIDTH.search(svg)
    assert width is not None
    return {
        "nodes": len(drawing.graph.nodes), "boxes": len(boxes), "width": float(width[1]),
        "folded": sum(box.startswith("b") for box in boxes), "draw": draw, "svg": svg_time,
        "html": html_time, "svg_bytes": len(svg) / 1000, "html_bytes": len(html) / 1000,
    }  # fmt: skip


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
    from autograd_atlas import Recording

    import models

    warnings.simplefilter("ignore")
    made = models.program(name)
    losses = made.run()
    found: dict[str, Any] = {"no recording": picture(made, losses, None, "recorded")}
    with Recording() as recording:
        losses = made.run()
    for view in ("written", "recorded"):
        found[view] = picture(made, losses, recording, view)
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
