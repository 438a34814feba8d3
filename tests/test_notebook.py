"""A notebook shows drawings: played where scripts run, as an image where they do not."""

import base64
import sys
import types

import pytest
import torch

import pages
from autograd_atlas import Drawing, draw, notebook


@pytest.fixture
def drawing() -> Drawing:
    x = torch.tensor([2.0], requires_grad=True)
    return draw(x.exp() * x, names={"x": x})


@pytest.fixture
def kernel(monkeypatch):
    """Runs a cell of a new session, by its id, that ends with some drawings; gives its outputs."""
    outputs = notebook.Outputs()
    shell = types.SimpleNamespace(kernel=None, execution_count=0, user_ns={"In": [""]})
    shell.get_parent = lambda: {"metadata": {"cellId": shell.cell}}
    monkeypatch.setattr("autograd_atlas.drawing._outputs", outputs)
    monkeypatch.setattr(notebook, "shell", lambda: shell)

    def run(cell: str, *drawings: Drawing) -> list[str]:
        shell.cell, shell.execution_count = cell, shell.execution_count + 1
        return [each._repr_mimebundle_()["text/html"] for each in drawings]

    return run


def brings_player(html: str) -> bool:
    return "scrubber" in html.replace(" ", "") and len(html) > 30_000


# What JupyterLab lets through of an output that is not trusted, of the tags and attributes that
# drawings have: packages/apputils/src/sanitizer.ts, 00bc244. It does not look at addresses of
# images. Of other tags the text stays, but for these: sanitize-html's nonTextTags.
ALLOWED = {
    **dict.fromkeys(("div", "figure", "details", "summary", "p", "ol", "li", "code"), ()),
    **dict.fromkeys(("label", "input", "button", "span", "figcaption"), ()),
    "img": ("alt", "src", "width", "height"),
}
EVERYWHERE = {"class", "id", "hidden", "title", "style", "lang"}
NO_TEXT = {"script", "style", "textarea", "option", "noscript"}


def sanitized(html: str) -> pages.Element:
    body = pages.select(pages.parsed(f"<body>{html}"), "body")[0]
    for element in list(body.iter()):
        if element.tag in NO_TEXT:
            element.drop_tree()
        elif element is not body and element.tag not in ALLOWED:
            element.drop_tag()
        else:
            for name in set(element.attrib) - EVERYWHERE - {*ALLOWED.get(element.tag, ())}:
                del element.attrib[name]
    return body


def test_a_notebook_that_is_not_trusted_shows_an_image_and_no_loose_words(drawing, kernel) -> None:
    (html,) = kernel("a", drawing)
    left = sanitized(html)
    (image,) = pages.select(left, "img")
    assert image.get("alt").startswith("What PyTorch recorded for the result: 3 nodes")
    assert not pages.text(left).strip()
    kind, data = image.get("src").split(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data).decode() == drawing._repr_svg_()


def test_the_player_is_in_the_first_output_of_a_session_alone(drawing, kernel) -> None:
    outputs = [*kernel("a", drawing, drawing), *kernel("b", drawing)]
    assert list(map(brings_player, outputs)) == [True, False, False]
    assert max(map(len, outputs[1:])) < 16_000


def test_a_cell_that_runs_again_brings_the_player_again(drawing, kernel) -> None:
    """Whoever clears the first output, and sees no player any more, runs a cell again."""
    kernel("a", drawing), kernel("b", drawing)
    assert list(map(brings_player, kernel("b", drawing, drawing))) == [True, False]
    assert list(map(brings_player, kernel("a", drawing))) == [True]
    assert list(map(brings_player, kernel("c", drawing))) == [False]


def test_each_frame_of_its_own_brings_the_player(drawing, kernel, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("colab"))
    outputs = [*kernel("a", drawing, drawing), *kernel("b", drawing)]
    assert all(map(brings_player, outputs))


def page_of(outputs: list[str], path) -> str:
    path.write_text(
        '<!doctype html><meta charset="utf-8"><title>N</title>'
        + "".join(f'<div class="output">{each}</div>' for each in outputs),
        encoding="utf-8",
    )
    return path.as_uri()


def test_an_exported_notebook_plays_every_drawing(drawing, kernel, reader, tmp_path) -> None:
    outputs = [*kernel("a", drawing), *kernel("b", drawing)]
    page = reader(page_of(outputs, tmp_path / "all.html"))
    page.locator(".aa-first:enabled").nth(1).click()
    page.locator(".aa-forward").nth(1).click()
    assert page.locator(".aa-say").nth(1).inner_text().startswith("Step 1 of 2")
    assert page.locator(".aa-say").nth(0).inner_text().startswith("Step 2 of 2")
    assert page.locator("img").count() == 0
    fill = "getComputedStyle(document.querySelectorAll('.aa-graph rect')[5]).fill"
    assert page.evaluate(fill) != "rgb(0, 0, 0)"


def test_what_is_left_when_the_first_output_is_cleared_is_an_image(
    drawing, kernel, reader, tmp_path
) -> None:
    _, later = *kernel("a", drawing), *kernel("b", drawing)
    page = reader(page_of([later], tmp_path / "later.html"))
    assert page.locator("img").count() == 1
    assert page.locator("img").evaluate("image => image.naturalWidth") > 100
    page = reader(page_of([later, *kernel("b", drawing)], tmp_path / "again.html"))
    page.locator(".aa-first:enabled").nth(1).wait_for()
    assert page.locator("img").count() == 0


def test_a_drawing_outside_of_a_notebook_stands_alone(drawing) -> None:
    html = drawing._repr_html_()
    assert "<figure" in html
    assert brings_player(html)
    bundle = drawing._repr_mimebundle_()
    assert brings_player(bundle["text/html"])
    assert bundle["text/plain"] == repr(drawing)
