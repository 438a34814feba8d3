"""``make bench``, third part: what one step of the player takes in Chromium, in parts of the time
that a screen leaves for one picture (16 ms).

Each step is measured from the click until style and layout are done: the median of three
passes, and of these the median and the largest over all steps.
"""

import os
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from autograd_atlas import Recording, draw
from conftest import find_browser

FRAME = 16.0  # milliseconds
RUNS = 3

STEPS = """async () => {
  const button = document.querySelector(".aa-forward"), steps = [];
  document.querySelector(".aa-first").click();
  const last = +document.querySelector(".aa-scrubber").max;
  for (let n = 0; n < last; n++) {
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    button.click();
    document.body.getBoundingClientRect();
    steps.push(performance.now() - start);
  }
  const start = performance.now();
  document.querySelector(".aa-first").click();
  document.body.getBoundingClientRect();
  return [...steps, performance.now() - start];
}"""


def page_of(folder: Path, nodes: int) -> tuple[Path, int]:
    """A page with a graph of about so many nodes, nothing folded."""
    import torch

    x = torch.ones(1, requires_grad=True)
    with Recording() as recording:
        parts = [(x * step).sin() for step in range(nodes // 2)]
        J = torch.stack(parts).sum()
        torch.autograd.backward(J)
    drawing = draw(J, recording=recording, view="recorded", fold=False)
    return drawing.save(folder / f"{nodes}.html"), len(drawing.graph.nodes)


def main() -> None:
    print(f"{'a step, in frames of 16 ms':28}{'nodes':>8}{'steps':>8}{'median':>9}{'largest':>9}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=flags)
        for nodes in (100, 1_000):
            path, count = page_of(Path(folder), nodes)
            page = browser.new_page()
            page.goto(path.as_uri())
            passes = [page.evaluate(STEPS) for _ in range(RUNS)]
            *steps, back = (statistics.median(each) / FRAME for each in zip(*passes, strict=True))
            cells = f"{count:8}{len(steps):8}{statistics.median(steps):9.3f}{max(steps):9.3f}"
            print(f"{'':28}{cells}")
            print(f"{'  from the last to the first':28}{count:8}{'':8}{back:9.3f}")
        browser.close()


if __name__ == "__main__":
    main()
