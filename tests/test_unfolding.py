"""A block that opens in place: what the page stores of it is short, and the player's own script
turns it into the very picture that is drawn directly. What is drawn once is not drawn again.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from autograd_atlas import Recording, draw
from autograd_atlas.graph import Graph, Value
from autograd_atlas.picture import figure, svg
from autograd_atlas.picture import unfolding as unfolding_module
from autograd_atlas.picture.arranging import chain
from autograd_atlas.picture.choice import EVERYTHING, Choice
from autograd_atlas.picture.composing import Scene, diagram
from autograd_atlas.picture.diagram import RECORDED, WRITTEN
from autograd_atlas.picture.labels import rows_of, type_text
from autograd_atlas.picture.layout import columns_crossed
from autograd_atlas.picture.packing import packed
from autograd_atlas.picture.words import words
from autograd_atlas.sphinx.node import Module

LARGEST_PAGE = 500_000  # bytes, of the page whose picture has the most blocks
SCRIPT = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
# How an SVG looks, in markup as well as in the page: what the player adds to play is left out.
SHAPE = r"""given => {
  const svg = typeof given === "string"
    ? Object.assign(document.createElement("template"), { innerHTML: given }).content.firstChild
    : given;
  const added = /^(class|role|tabindex|style|markerUnits|aria-(hidden|expanded))$/;
  return [svg, ...svg.querySelectorAll("*")].map((el) => [
    el.localName,
    [...el.attributes].filter(({ name }) => !added.test(name)).map((a) => [a.name, a.value]),
    [...el.classList].filter((name) => !/^aa-(door|off|now|kept|hover)$/.test(name)),
    el.children.length ? "" : el.textContent,
  ]);
}"""


class Half(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = (torch.nn.Parameter(torch.ones(2, 2)) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(F.linear(torch.relu(F.linear(x, self.one)), self.two))


class Block(torch.nn.Module):
    """So much that two of them are folded, and in each the halves stay folded when it opens."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = Half(), Half()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for n in range(36):  # no part of which stands three times in a row
            x = torch.sin(x) if n.bit_count() % 2 else torch.cos(x)
        return x + self.left(x) * self.right(x)


@cache
def tower() -> Graph:
    """A graph of blocks in blocks, one of whose names would end scripts, attributes and ids."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(Block(), Block())
    x = torch.ones(1, 2)
    with Recording() as recording:
        loss = model(x).sum()
        loss.backward()
    graph = draw(loss, recording=recording, names={"loss": loss, "x": x}).graph
    hard = "</svg></script><!-- 𝟙 x='5 id='n7 M3 4 &\"→\x01"
    tensors = [
        replace(tensor, name=f"{hard}{tensor.name}")
        if tensor.leaf or tensor.name == "x"
        else tensor
        for tensor in graph.tensors
    ]
    return replace(graph, tensors=tuple(tensors))


@pytest.fixture(scope="module")
def unfolding() -> Iterator[Module]:
    """What the player reads from what is stored."""
    module = Module(Path(__file__).with_name("unfolded.mjs"))
    yield module
    module.end()


def tape_of(html: str) -> dict:
    (stored,) = SCRIPT.findall(html)
    return json.loads(stored)


def drawn_directly(graph: Graph, name: str, language: str) -> str:
    prefix, _, block = name.partition("/b")
    view = {"w": WRITTEN, "r": RECORDED}[prefix[-1]]
    picture = diagram(graph, view, around=int(block))
    return svg.picture_svg(graph, picture, words(language), prefix)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_script_rebuilds_each_picture_as_it_is_drawn_directly(unfolding, language):
    tape = tape_of(figure.figure(tower(), "graph-1", language=language))["unfolded"]
    assert len(tape["parents"]) == 9
    assert any(parent.count("/") for parent in tape["parents"].values())  # blocks in blocks
    pictures = unfolding.call("pictures", tape)
    for name, (markup, title) in zip(tape["parents"], pictures, strict=True):
        whole = markup.replace("></title>", f">{escape(title)}</title>", 1)
        assert whole.replace("'", '"') == drawn_directly(tower(), name, language)


def test_what_a_click_shows_is_what_is_drawn_directly(reader, tmp_path):
    page = reader(draw_page(tmp_path))
    for view in ("written", "recorded"):
        if view == "recorded":
            page.locator(".aa-figure > label").nth(1).click()
        scene = page.locator(f".aa-view-{view} > .aa-scroll svg[role]")
        first = scene.evaluate(SHAPE)
        prefix = scene.get_attribute("aria-labelledby")[:-1]
        trail = []
        while doors := keys(scene.locator("g.block.aa-door")):
            inner = [key for key in doors if not trail or is_inside(key, trail[-1])]
            if not inner:
                break
            trail.append(inner[-1])
            scene.locator(f"g.block.aa-door[id$='{prefix[-1]}{inner[-1]}']").press("Enter")
            direct = drawn_directly(tower(), f"{prefix}/{inner[-1]}", "en")
            assert scene.evaluate(SHAPE) == page.evaluate(SHAPE, direct)
            focused = page.evaluate("document.activeElement.dataset.block")
            assert focused == inner[-1]
        assert len(trail) == 2
        for key in reversed(trail):
            scene.locator(f".frame.aa-door[data-block={key}]").press("Enter")
        assert scene.evaluate(SHAPE) == first


def draw_page(folder: Path) -> str:
    style = f"<style>{svg.picture_style()}{figure.figure_style()}</style>"
    script = f"<script>{figure.player_script()}</script>"
    path = folder / "tower.html"
    html = f"<!DOCTYPE html><meta charset=utf-8>{style}{figure.figure(tower(), 'graph-1')}{script}"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


def keys(doors) -> list[str]:
    return doors.evaluate_all("all => all.map(el => el.id.split('.')[1].slice(1))")


def is_inside(key: str, around: str) -> bool:
    return int(around[1:]) in chain(Scene.of(tower(), Choice()).graph.blocks, int(key[1:]))


def test_a_text_is_the_same_after_it_was_packed(unfolding):
    random.seed(1)
    texts = ["", "a", "𝟙", "ab" * 40]
    for _ in range(200):
        words = ["".join(random.choices("ab 𝟙𝟚→é\n<'", k=random.randint(1, 20))) for _ in range(4)]
        texts.append("".join(random.choices(words, k=random.randint(1, 60))))
    stored = [packed(text) for text in texts]
    for each in stored:
        json.dumps(each, ensure_ascii=False).encode()  # no half of a character
    assert unfolding.call("texts", stored) == texts
    spelled = [json.dumps(each, ensure_ascii=False) for each in stored]
    assert sum(map(len, spelled)) < 0.7 * sum(map(len, texts))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_on_drawing_is_not_large(site, language):
    assert (site / language / "drawing.html").stat().st_size <= LARGEST_PAGE


# -- Drawn once -----------------------------------------------------------------------------------


def test_what_is_kept_is_not_drawn_again(monkeypatch):
    expected = {
        language: figure.figure(tower(), "g", language=language) for language in ("en", "zh")
    }
    kept: dict[str, str] = {}
    assert figure.figure(tower(), "g", kept=kept) == expected["en"]
    for module in ("svg", "unfolding"):
        monkeypatch.setattr(f"autograd_atlas.picture.{module}.layout", None)
    assert figure.figure(tower(), "g", language="zh", kept=kept) == expected["zh"]
    monkeypatch.setattr("autograd_atlas.picture.figure.Scene", None)
    for language, html in expected.items():
        assert figure.figure(tower(), "g", language=language, kept=dict(kept)) == html


@pytest.mark.parametrize(
    "other",
    [
        {"prefix": "h"}, {"language": "zh"}, {"view": RECORDED}, {"choice": EVERYTHING},
        {"choice": Choice("layers")}, {"choice": Choice(opened=("1",))},
        {"graph": replace(tower(), order=())},
    ],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_what_is_kept_is_never_taken_for_something_else(other):
    kept: dict[str, str] = {}
    options = {"graph": tower(), "prefix": "g"}
    figure.figure(**options, kept=kept)
    options |= other
    assert figure.figure(**options, kept=kept) == figure.figure(**options)


def test_the_caption_has_its_place_in_a_figure():
    before, after = figure.figure_parts(tower(), "g")
    assert figure.figure(tower(), "g") == before + after
    caption = "Two <b>blocks</b>"
    with_caption = figure.figure(tower(), "g", caption=caption)
    assert with_caption == f"{before}<figcaption>{caption}</figcaption>{after}"
    assert before.endswith("</details>")
    assert after.startswith("<script")


def test_a_wide_value_is_told_by_its_type_as_before():
    """That it is too wide is known before all of its numbers are written."""
    told = {(8,): True, (9,): False, (4, 8): True, (5, 1): False, (1, 9): False}
    for shape, spelled in told.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        value = Value(shape, "float32", (1.0,) * count)
        assert (rows_of(value) != [type_text(value)]) is spelled


# -- Not too much -------------------------------------------------------------------------------


def test_pictures_with_a_block_open_are_bounded_and_so_are_those_by_graphviz(monkeypatch):
    given: list[tuple[int, int]] = []
    really = unfolding_module.layout

    def layout(picture, most):
        given.append((columns_crossed(picture), most))
        return really(picture, most)

    monkeypatch.setattr(unfolding_module, "layout", layout)
    for most, best in ((20_000, 4_000), (400, 200)):
        monkeypatch.setattr(unfolding_module, "MOST_DRAWN", most)
        monkeypatch.setattr(unfolding_module, "BEST_DRAWN", best)
        given.clear()
        figure.figure(tower(), "g", view=WRITTEN)
        crossed = [each for each, _ in given]
        assert sum(crossed[:-1]) <= most
        assert sum(each for each, most in given if each <= most) <= best
    assert 0 < len(given) < 8


@pytest.mark.parametrize(
    ("language", "says"), [("en", "2 folded blocks are too much"), ("zh", "另有 2 个折叠块")]
)
def test_blocks_that_do_not_open_are_counted_on_the_page(monkeypatch, language, says):
    whole = figure.figure(tower(), "g", view=WRITTEN, language=language)
    assert says not in whole
    monkeypatch.setattr(figure, "MOST_BELOW", 0)
    page = figure.figure(tower(), "g", view=WRITTEN, language=language)
    assert says in page
    assert 0 < page.count('"aa-inside"') < whole.count('"aa-inside"')
