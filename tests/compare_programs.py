"""``make compare``, second part: what five tools make of programs that people have.

A model with its loss (BERT of 12 layers, see ``tests/models.py``), a cell in a loop of 100 steps, a
compiled module, and nested tensors, each drawn with the tool's own defaults in a process of its own.
The result goes to ``tests/measured/programs.json``; a table in ``docs/drawing.md`` shows it, and a
test holds the two together.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

import extras

RESULT = Path(__file__).parent / "measured" / "programs.json"
PATIENCE = 300  # seconds for one picture

BEGIN = """
import sys, time, warnings
import torch
from torch import nn
warnings.simplefilter("ignore")
path = sys.argv[1]
torch.manual_seed(0)
"""
END = """
print("seconds", time.process_time() - start)
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
    "compiled": """
inner = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
model, given = torch.compile(inner, backend="aot_eager"), {"input": torch.randn(2, 8)}
loss_of = lambda out: out.sum()
""",
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
# ``shown`` is what a notebook would be given.
TOOLS = {
    "Autograd Atlas": ("html", """
from autograd_atlas import Recording, draw
start = time.process_time()
with Recording() as recording:
    loss = loss_of(model(**given))
    loss.backward()
shown = draw(loss, recording=recording)
shown.save(path)
""", "shown.save(path)"),
    "torchviz": ("svg", """
import torchviz
start = time.process_time()
loss = loss_of(model(**given))
loss.backward(retain_graph=True)
shown = torchviz.make_dot(loss, dict(model.named_parameters()))
open(path, "wb").write(shown.pipe("svg"))
""", "shown.render(outfile=path)"),
    "torchview": ("svg", """
import torchview
start = time.process_time()
shown = torchview.draw_graph(model, input_data=given, device="cpu").visual_graph
open(path, "wb").write(shown.pipe("svg"))
""", "shown.render(outfile=path)"),
    "torchlens": ("svg", """
import torchlens
start = time.process_time()
trace = torchlens.trace(model, [], given)
shown = trace.draw(vis_outpath=path.removesuffix(".svg"), vis_fileformat="svg", vis_save_only=True)
""", """
trace.draw(vis_outpath=path.rpartition(".")[0], vis_fileformat=path.rpartition(".")[2],
    vis_save_only=True)
"""),
    "torchvista": ("html", """
import torchvista
start = time.process_time()
torchvista.trace_model(model, tuple(given.values()) if len(given) == 1 else given,
    export_format="html", export_path=path)
""", """
torchvista.trace_model(model, tuple(given.values()), export_format=path.rpartition(".")[2],
    export_path=path)
"""),
}  # fmt: skip
NODES = "svg g.node, .aa-view:first-of-type > .aa-scroll svg g[id]"
LOOK = """selector => {
  const seen = [...document.querySelectorAll(selector)].filter(
    each => each.checkVisibility() && !each.closest("details:not([open])"));
  const svg = seen.length ? seen[0].ownerSVGElement : null;
  if (!svg) return {boxes: 0, width: 0};
  const inner = [...svg.children].find(each => each.localName === "g" && each.getBBox().width);
  return {
    boxes: new Set(seen).size,
    width: svg.classList.contains("aa-graph") ? svg.viewBox.baseVal.width : inner.getBBox().width,
  };
}"""


def run(program: str, path: Path) -> tuple[str, str]:
    """What a tool printed, and its complaint if it drew nothing."""
    script = path.parent / "program.py"
    script.write_text(BEGIN + program + END, encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, str(script), str(path)], cwd=path.parent, timeout=PATIENCE,
            env=extras.environment("libraries", "peers"), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "", f"not done after {PATIENCE} s"
    if done.returncode == 0 and path.exists():
        return done.stdout, ""
    return done.stdout, (done.stderr.strip().splitlines() or ["no file"])[-1]


def look(browser: Browser, path: Path) -> dict[str, int]:
    """How many boxes are seen at first, and how wide the picture is in its own units."""
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("svg g", timeout=60_000, state="attached")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2_000)  # torchvista lays out by itself
    found = page.evaluate(LOOK, NODES)
    page.close()
    in_points = path.suffix == ".svg"  # by dot
    return {"boxes": found["boxes"], "width": round(found["width"] * (4 / 3 if in_points else 1))}


def measured(browser: Browser, name: str, folder: Path) -> dict[str, Any]:
    """All of one tool."""
    suffix, code, save = TOOLS[name]
    found: dict[str, Any] = {}
    for program, text in PROGRAMS.items():
        path = folder / f"{program}.{suffix}"
        printed, problem = run(text + code, path)
        if problem:
            print(name, program, problem, flush=True)
            found[program] = None
            continue
        seconds = float(printed.split("seconds ")[-1])
        seen = look(browser, path)
        size = round(path.stat().st_size / 1000)
        found[program] = {"seconds": round(seconds, 1), "kilobytes": size, **seen}
        print(name, program, found[program], flush=True)
    for kind in ("png", "pdf"):
        path = folder / f"one.{kind}"
        setting = code.replace("path", repr(str(folder / f"first.{suffix}")))
        _, problem = run(PROGRAMS["compiled"].replace(COMPILE, "inner") + setting + save, path)
        found[kind] = not problem
    return found


COMPILE = 'torch.compile(inner, backend="aot_eager")'


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
            shutil.rmtree(folder)
    RESULT.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
