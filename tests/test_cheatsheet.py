"""The cheat sheet can be handed out: one side of A4 in each language, every line of it run."""

import importlib
import re

import pytest

import pages
from prompts import ROOT, examples_in

LANGUAGES = ("en", "zh")
A4 = (595, 842)  # in points
INSIDE = (210 - 2 * 8) / 25.4 * 96  # what @page leaves of A4 between its margins, in pixels

# Code that is wider than its column, and text that reaches over the paper's edge.
CUT_OFF = """() => {
  const edge = document.querySelector("article").getBoundingClientRect().right;
  return [...document.querySelectorAll(".aa-sheet :is(h2, p, pre)")]
    .filter(each => each.scrollWidth > each.clientWidth + 1
      || each.getBoundingClientRect().right > edge + 1)
    .map(each => each.textContent);
}"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_cheat_sheet_prints_on_one_side_of_a4(site, reader, language):
    page = reader((site / language / "cheatsheet.html").as_uri())
    paper = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
    assert [tuple(round(float(side)) for side in box) for box in boxes] == [A4]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_on_the_printed_sheet_is_cut_off(site, reader, language):
    size = {"width": int(INSIDE), "height": 1062}
    page = reader((site / language / "cheatsheet.html").as_uri(), viewport=size)
    page.emulate_media(media="print")
    assert page.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_code_on_the_sheet_is_run(site, language):
    sheet = pages.page(site / language / "cheatsheet.html")
    shown = "".join(pages.text(block) for block in pages.select(sheet, ".aa-sheet pre"))
    run = examples_in(ROOT / "docs" / "cheatsheet.md").examples
    assert shown.count(">>> ") == len(run) > 50
    for example in run:
        first, *more = example.source.rstrip().split("\n")
        assert "\n".join([f">>> {first}", *(f"... {line}" for line in more)]) in shown
        assert example.want in shown
    answers = [line for example in run for line in example.want.splitlines()]
    code = [line for example in run for line in example.source.splitlines()]
    assert len([line for line in shown.splitlines() if line.strip()]) == len(code) + len(answers)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_says_what_pytorch_says(site, language):
    sheet = pages.page(site / language / "cheatsheet.html")
    rows = [
        [pages.text(cell) for cell in pages.select(row, "td")]
        for row in pages.select(sheet, ".aa-sheet tbody tr")
    ]
    names = {"torch": importlib.import_module("torch")}
    for made, *_ in rows:
        exec(made, names)
    names["u"].sum().backward()
    for made, *said in rows:
        tensor = names[made.partition(" ")[0]]
        assert said == [str(tensor.requires_grad), str(tensor.is_leaf), str(tensor.grad)]
    assert len(rows) == 4
