"""``make compare``: what five tools show of one calculation, read from the pictures they made; and,
in :mod:`compare_programs`, of programs that people have.

Each draws J = 3(a + bc) at a = 5, b = 7, c = 11, after ``backward()``, with the call that shows
most. All values (77, 82, 246) and the gradients of b and c (33, 21) differ, so that what a
picture says can be told from its text. The result goes to ``tests/measured/comparison.json``,
from which the table in ``docs/drawing.md`` was written; a test holds the two together.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

import compare_programs
import extras
from conftest import find_browser

RESULT = Path(__file__).parent / "measured" / "comparison.json"

PROGRAM = """
import sys
import torch
path = sys.argv[1]
class Model(torch.nn.Module):
    def forward(self, a, b, c):
        u = b * c
        v = a + u
        J = 3 * v
        return J
a, b, c = inputs = [torch.tensor([x], requires_grad=True) for x in (5.0, 7.0, 11.0)]
"""
TOOLS = {
    "Autograd Atlas": ("html", """
from autograd_atlas import Recording, draw
with Recording() as recording:
    u = b * c
    v = a + u
    J = 3 * v
    J.backward()
draw(J, recording=recording).save(path)
"""),
    "torchviz": ("svg", """
import torchviz
J = Model()(a, b, c)
J.backward(retain_graph=True)
dot = torchviz.make_dot(J, dict(a=a, b=b, c=c, J=J), show_attrs=True, show_saved=True)
open(path, "wb").write(dot.pipe("svg"))
"""),
    "torchview": ("svg", """
import torchview
graph = torchview.draw_graph(Model(), input_data=inputs, device="cpu", expand_nested=True,
    hide_module_functions=False, hide_inner_tensors=False)
open(path, "wb").write(graph.visual_graph.pipe("svg"))
"""),
    "torchlens": ("svg", """
import torchlens
trace = torchlens.trace(Model(), inputs)
trace.log_backward(trace[trace.output_layers[0]].out)
trace.draw_combined(vis_outpath=path.removesuffix(".svg"), vis_fileformat="svg", vis_save_only=True)
"""),
    "torchvista": ("html", """
import torchvista
torchvista.trace_model(Model(), tuple(inputs), export_format="html", export_path=path)
"""),
}  # fmt: skip


def draw(program: str, path: Path, *, with_dot: bool) -> str | None:
    """Run a tool; None if it drew, or the last line of what it said."""
    folder = path.parent
    script = folder / "program.py"
    script.write_text(PROGRAM + program)
    environment = extras.environment("peers")
    if not with_dot:
        environment["PATH"] = str(folder)
    run = subprocess.run(
        [sys.executable, str(script), str(path)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode == 0 and path.exists():
        return None
    return (run.stderr.strip().splitlines() or ["no file"])[-1]


def words_shown(page: Page) -> list[str]:
    """Every text of the picture that can be seen."""
    words: list[str] = page.evaluate(
        "[...document.querySelectorAll('svg text')].map(each => each.textContent.trim())"
    )
    return words


def says(texts: list[str], *wanted: str) -> bool:
    """Whether each of these stands in the picture as a word or number of its own."""
    whole = "\n".join(texts)
    return all(re.search(rf"(?<![\w.]){re.escape(w)}(?:\.0*)?(?![\w.]*\w)", whole) for w in wanted)


def look(browser: Browser, path: Path) -> dict[str, object]:
    """What can be read off the picture in a browser."""
    shots = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(path.as_uri())
        page.wait_for_selector("svg text", timeout=20_000)
        page.wait_for_load_state("networkidle")
        texts = words_shown(page)
        if "-v" in sys.argv:
            print(texts)
        colours = page.evaluate(
            "[...document.querySelectorAll('svg text')].map(t => getComputedStyle(t).fill).join()"
        )
        described = page.evaluate(
            "[...document.querySelectorAll('svg')].map(s => (s.getAttribute('aria-label') || '') +"
            " ([...s.children].find(c => c.tagName == 'title') || {textContent: ''}).textContent"
            " + ([...s.children].find(c => c.tagName == 'desc') || {textContent: ''}).textContent"
            ").join()"
        )
        shots.append(colours)
        page.close()
    return {
        "values": says(texts, "77", "82", "246"),
        "gradients": says(texts, "33", "21"),
        "names of variables": says(texts, "a", "b", "c", "u", "v", "J"),
        # torchlens calls them mul_back_1_2
        "nodes of autograd": any(re.match("MulBackward0|mul_back", each) for each in texts),
        "calls as written": any(re.match("×|_*r?mul(?!_back)", each) for each in texts),
        "follows light and dark": shots[0] != shots[1],
        "alternative text": len(described.split()) >= 5,
    }


def main() -> None:
    if shutil.which("dot") is None:
        sys.exit("compare: three of the tools need Graphviz's 'dot' (Debian: apt install graphviz)")
    extras.install("peers")
    found = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as temporary:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        path = find_browser(playwright)
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        for name, (suffix, program) in TOOLS.items():
            folder = Path(temporary, name.replace(" ", "-"))
            folder.mkdir()
            picture = folder / f"J.{suffix}"
            if problem := draw(program, picture, with_dot=True):
                sys.exit(f"compare: {name} drew nothing: {problem}")
            seen = look(browser, picture)
            kilobytes = round(picture.stat().st_size / 1000, 1)
            picture.unlink()
            alone = draw(program, picture, with_dot=False) is None
            found[name] = {"without dot": alone, **seen, "kilobytes": kilobytes}
        compare_programs.compare(browser)
        browser.close()
    versions = extras.pins("peers")
    for name in found:
        if name in versions:
            found[name]["version"] = versions[name]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, row in found.items():
        print(name, row)


if __name__ == "__main__":
    main()
