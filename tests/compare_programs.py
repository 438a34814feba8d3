"""``make compare``, second part: what five tools make of programs that people have.

A model with its loss (BERT of 12 layers, see ``tests/models.py``), a cell in a loop of 100 steps,
a compiled module, and nested tensors, each drawn with the tool's own defaults in a process of its
own. The result goes to ``tests/measured/programs.json``; a table in ``docs/drawing.md`` shows it,
and a test holds the two together.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, TimeoutError

import extras

RESULT = Path(__file__).parent / "measured" / "programs.json"
PATIENCE = 60  # seconds of the processor for one picture

BEGIN = f"""PATIENCE = {PATIENCE}
import json, resource, sys, warnings
import torch
from torch import nn
warnings.simplefilter("ignore")
path = sys.argv[1]
torch.manual_seed(0)
resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))  # of dot too
def seconds():  # of the processor, those of dot included
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
shown = None
"""
END = """
taken = seconds() - start
from IPython.core.formatters import DisplayFormatter
bundle = {} if shown is None else DisplayFormatter().format(shown)[0]
image = "image/png" in bundle or "<img" in bundle.get("text/html", "")
print("found", json.dumps({"seconds": round(taken, 1), "image": image}))
"""
PLAIN = """
model = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
given = {"input": torch.randn(2, 8)}
loss_of = lambda out: out.sum()
"""
# Each program defines what it calls, with what, and how a loss comes of it.
PROGRAMS = {
    "BERT": """
import models
made = models.program("BERT")
model, given = made.models["model"], made.given
loss_of = lambda out: out.loss
""",
    "loop": """
import models
made = models.program("LSTM")
model, given = made.models["model"], {"inputs": made.given["inputs"]}
loss_of = lambda out: out.sum()
""",
    "plain": PLAIN,
    "compiled": f'{PLAIN}model = torch.compile(model, backend="aot_eager")\n',
    "nested": """
class Rows(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 8)
    def forward(self, x):
        rows = torch.nested.nested_tensor_from_jagged(x, torch.tensor([0, 2, 5]))
        return self.linear(rows).relu().values()
model, given = Rows(), {"x": torch.randn(5, 8)}
loss_of = lambda out: out.sum()
""",
}
# ``shown`` is what a notebook is given. JupyterLab draws neither SVG nor scripts of one that it
# does not trust, and images it does.
TOOLS = {
    "Autograd Atlas": ("html", """
from autograd_atlas import Recording, draw
start = seconds()
with Recording() as recording:
    loss = loss_of(model(**given))
    loss.backward()
shown = draw(loss, recording=recording)
shown.save(path)
""", "shown.save(path)"),
    "torchviz": ("svg", """
import torchviz
start = seconds()
loss = loss_of(model(**given))
loss.backward(retain_graph=True)
shown = torchviz.make_dot(loss, dict(model.named_parameters()))
open(path, "wb").write(shown.pipe("svg"))
""", "shown.render(outfile=path)"),
    "torchview": ("svg", """
import torchview
start = seconds()
shown = torchview.draw_graph(model, input_data=given, device="cpu").visual_graph
open(path, "wb").write(shown.pipe("svg"))
""", "shown.render(outfile=path)"),
    "torchlens": ("svg", """
import torchlens
start = seconds()
alone = tuple(given.values()) if len(given) == 1 else ()
trace = torchlens.trace(model, alone, {} if alone else given)
shown = trace.draw(vis_outpath=path.removesuffix(".svg"), vis_fileformat="svg", vis_save_only=True)
""", """
trace.draw(vis_outpath=path[:-4], vis_fileformat=path[-3:], vis_save_only=True)
"""),
    "torchvista": ("html", """
import torchvista
start = seconds()
if len(given) > 1:  # it knows no names of arguments
    forward = model.forward
    model.forward = lambda *values: forward(**dict(zip(given, values)))
torchvista.trace_model(model, tuple(given.values()), export_format="html", export_path=path)
""", """
torchvista.trace_model(model, tuple(given.values()), export_format=path[-3:],
    export_path=path)
"""),
}  # fmt: skip
NODES = "svg g.node, svg g[class^=node_], svg.aa-graph g[id]"
LOOK = """selector => {
  const seen = [...document.querySelectorAll(selector)].filter(
    each => each.checkVisibility() && !each.closest("details:not([open])"));
  const svg = seen.length ? seen[0].ownerSVGElement : null;
  if (!svg) return {boxes: 0, width: 0, height: 0};
  const inner = [...svg.children].find(each => each.localName === "g" && each.getBBox().width);
  const {width, height} = svg.classList.contains("aa-graph")
    ? svg.viewBox.baseVal : inner.getBBox();
  return {boxes: seen.length, width, height};
}"""

ROWS: dict[str, tuple[str, str]] = {  # of the table: a program, or nothing, and what was measured
    "BERT, 12 layers: seconds": ("BERT", "seconds"),
    "its boxes at first sight": ("BERT", "boxes"),
    "its width in pixels": ("BERT", "width"),
    "its height in pixels": ("BERT", "height"),
    "its file in kB": ("BERT", "kilobytes"),
    "a cell in a loop of 100 steps: seconds": ("loop", "seconds"),
    "its boxes, at first sight": ("loop", "boxes"),
    "a compiled module": ("compiled", ""),
    "nested tensors": ("nested", ""),
    "an image where a notebook is not trusted": ("", "image"),
    "a file for print, `.pdf`": ("", "pdf"),
    "an image file, `.png`": ("", "png"),
}


def table(everything: dict[str, dict[str, Any]]) -> str:
    """The table in Markdown."""
    tools = [f"{name} {row['version']}" if "version" in row else name
             for name, row in everything.items()]  # fmt: skip
    lines = [["real programs", *tools]]
    for label, (program, figure) in ROWS.items():
        lines.append([label, *(cell(row, program, figure) for row in everything.values())])
    head, *rows = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([head, "|" + "---|" * (len(tools) + 1), *rows])


def cell(row: dict[str, Any], program: str, figure: str) -> str:
    found = row[program] if program else row
    if isinstance(found, str):  # not done
        return f"> {PATIENCE}" if figure == "seconds" else "–"
    if found is None or not figure:
        return "✓" if found else "–"
    value = found.get(figure, False)
    return ("–", "✓")[value] if isinstance(value, bool) else f"{value:,}"


def run(program: str, path: Path) -> tuple[str, str]:
    """What a tool printed, and its complaint if it drew nothing."""
    script = path.parent / "program.py"
    script.write_text(BEGIN + program + END, encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(
        [sys.executable, str(script), str(path)], cwd=path.parent,
        env=extras.environment("libraries", "peers"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0 and path.exists():
        return done.stdout, ""
    if resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before > 0.9 * PATIENCE:
        return done.stdout, f"not done after {PATIENCE} s"
    return done.stdout, (done.stderr.strip().splitlines() or ["no file"])[-1]


def look(browser: Browser, path: Path) -> dict[str, int] | None:
    """How many boxes are seen at first, and how large the picture is in pixels, not shrunk; None
    if the page does not get that far."""
    page = browser.new_page()
    page.goto(path.as_uri())
    try:
        page.wait_for_selector(NODES, timeout=PATIENCE * 1000, state="attached")
    except TimeoutError:
        return None
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2_000)  # torchvista lays out by itself
    found = page.evaluate(LOOK, NODES)
    page.close()
    scale = 4 / 3 if path.suffix == ".svg" else 1  # dot counts in points
    size = {side: round(found[side] * scale) for side in ("width", "height")}
    return {"boxes": found["boxes"], **size}


def measured(browser: Browser, name: str, folder: Path) -> dict[str, Any]:
    """All of one tool."""
    suffix, code, save = TOOLS[name]
    found: dict[str, Any] = {}
    for program, text in PROGRAMS.items():
        path = folder / f"{program}.{suffix}"
        printed, problem = run(text + code, path)
        if problem:
            print(name, program, problem, flush=True)
            found[program] = problem if problem.startswith("not done") else None
            continue
        said = json.loads(printed.split("found ")[-1])
        found["image"] = said.pop("image")
        size = round(path.stat().st_size / 1000)
        seen = look(browser, path)
        found[program] = (
            f"not done after {PATIENCE} s" if seen is None
            else {**said, "kilobytes": size, **seen}
        )  # fmt: skip
        print(name, program, found[program], flush=True)
    for kind in ("png", "pdf"):
        path = folder / f"plain.{kind}"
        first = f"path = {str(folder / f'plain.{suffix}')!r}\n{code}path = sys.argv[1]\n"
        _, problem = run(PROGRAMS["plain"] + first + save, path)
        found[kind] = not problem
    return found


def compare(browser: Browser) -> None:
    extras.install("libraries")
    extras.install("peers")
    versions, everything = extras.pins("peers"), {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in TOOLS:
            folder = Path(temporary, name.replace(" ", "-"))
            folder.mkdir()
            everything[name] = measured(browser, name, folder)
            if name in versions:
                everything[name]["version"] = versions[name]
    RESULT.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
