"""A drawing can be saved as a file that other programs draw as a browser does."""

import io
import re
import sys
import xml.etree.ElementTree as ET

import pytest
import torch
from matplotlib.image import imread
from numpy.typing import NDArray

import pages
from autograd_atlas import Drawing, Recording, draw
from autograd_atlas.graph import Graph
from autograd_atlas.picture.svg import card, svg

# The colours of the light theme, as graph.css names them.
PAPER, SOFT, INK, LINE, VALUE, SENT, GRADIENT = (
    (255, 255, 255), (242, 245, 248), (27, 39, 51), (91, 107, 122), (11, 92, 138), (168, 84, 0),
    (95, 42, 0),
)  # fmt: skip


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    with Recording() as recording:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x * 3
        J = y.sum()
        J.backward()
    return draw(J, recording=recording, names={"x": x, "y": y, "J": J})


def cairo(picture: str) -> bytes:
    import cairosvg

    image: bytes = cairosvg.svg2png(picture.encode(), scale=2, background_color="white")
    return image


def resvg(picture: str) -> bytes:
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=picture, zoom=2, background="white"))


def has_cairo() -> bool:
    """Whether this machine has the library cairo, which no wheel brings along."""
    try:
        import cairosvg  # noqa: F401
    except OSError:
        return False
    return True


needs_cairo = pytest.mark.skipif(
    not has_cairo(), reason="no library cairo here: apt install libcairo2, or brew install cairo"
)


def pixels(image: bytes) -> NDArray:
    return (imread(io.BytesIO(image))[..., :3] * 255).round().astype(int)


def boxes_in(picture: str) -> dict[str, tuple[float, ...]]:
    """By the id of each box: left, top, width and height of its last rectangle, in parts of the
    whole picture."""
    root = ET.fromstring(picture)
    size = list(map(float, root.get("viewBox").split()[2:])) * 2
    found = {}
    for group in root.iter("{*}g"):
        rectangles = list(group.iter("{*}rect"))
        if group.get("id") and rectangles:
            sides = (float(rectangles[-1].get(side)) for side in ("x", "y", "width", "height"))
            found[group.get("id")] = tuple(a / b for a, b in zip(sides, size, strict=True))
    return found


def amount(image: NDArray, colour: tuple[int, int, int]) -> int:
    """How many pixels have a colour, within what smoothing and rounding leave."""
    return int((abs(image - colour).max(axis=2) < 12).sum())


@pytest.mark.parametrize("render", [pytest.param(cairo, marks=needs_cairo), resvg])
def test_other_programs_draw_a_saved_picture_in_its_colours(drawing, render) -> None:
    picture = drawing._repr_svg_()
    image = pixels(render(picture))
    height, width, _ = image.shape
    for key, (x, y, w, h) in boxes_in(picture).items():
        inner = image[
            round((y + 0.1 * h) * height) : round((y + 0.9 * h) * height),
            round((x + 0.02 * w) * width) : round((x + 0.98 * w) * width),
        ]
        ground = SOFT if key == "gt0" else PAPER
        assert amount(inner, ground) > 0.5 * inner.shape[0] * inner.shape[1], key
    assert amount(image, LINE) > 300  # wires, and the frames of boxes
    assert amount(image, VALUE) > 100
    assert amount(image, SENT) > 30
    assert amount(image, GRADIENT) > 100
    assert amount(image, INK) > 300  # operations, and the frame of the result
    assert amount(image, (0, 0, 0)) == 0


@pytest.mark.parametrize("render", [pytest.param(cairo, marks=needs_cairo), resvg])
def test_other_programs_draw_the_wires_of_what_was_recorded(drawing, render) -> None:
    image = pixels(render(svg(drawing.graph, "recorded", alone=True)))
    wired = (abs(image - SENT).max(axis=2) < 30).any(axis=0)
    longest = max(map(len, "".join("x" if each else " " for each in wired).split()))
    assert longest > 40  # a row of pixels without a gap, longer than any letter


def test_a_file_has_plain_colours_and_the_dark_ones_for_a_dark_system(drawing) -> None:
    style = re.search("<style>(.*?)</style>", drawing._repr_svg_(), re.DOTALL)[1]
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    assert "var(" not in style
    assert not re.search(r":is|:not|\[|data-theme|>", style)
    assert "#fff" in light
    assert "#14191f" not in light
    assert "#14191f" in dark
    assert ".aa-graph" not in style, "what is put into a page must not colour the page's pictures"


def test_a_file_is_dark_where_the_system_is(drawing, reader, tmp_path) -> None:
    address = drawing.save(tmp_path / "J.svg").as_uri()
    fill = "getComputedStyle(document.querySelector('.leaf rect')).fill"
    found = [reader(address, color_scheme=each).evaluate(fill) for each in ("light", "dark")]
    assert found == ["rgb(242, 245, 248)", "rgb(31, 39, 48)"]


def test_a_card_is_dark_wherever_it_is_seen(drawing) -> None:
    picture = card(drawing.graph)
    assert "#14191f" in picture
    assert "var(" not in picture
    assert "@media" not in picture


@needs_cairo
def test_an_image_is_as_large_as_asked(drawing, tmp_path) -> None:
    width = float(re.search(' width="([^"]+)"', drawing._repr_svg_())[1])
    for scale in (1, 3):
        path = drawing.save(tmp_path / "J.png", scale=scale)
        assert imread(path).shape[1] == pytest.approx(width * scale, abs=2)
    with pytest.raises(ValueError, match=r"write scale=\d+\.\d+ or less, or save it as \.svg"):
        drawing.save(tmp_path / "J.png", scale=1000)
    with pytest.raises(ValueError, match="a scale above 0, not 0"):
        drawing.save(tmp_path / "J.png", scale=0)
    assert drawing.save(tmp_path / "J.pdf").read_bytes().startswith(b"%PDF")


def test_an_image_without_what_draws_it_is_refused_with_the_command(
    drawing, tmp_path, monkeypatch
) -> None:
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    with pytest.raises(ImportError, match=r'pip install "autograd-atlas\[images\]"'):
        drawing.save(tmp_path / "J.png")
    assert not (tmp_path / "J.png").exists()


def test_an_image_without_the_library_cairo_is_refused_with_what_to_install(
    drawing, tmp_path, monkeypatch
) -> None:
    (tmp_path / "cairosvg.py").write_text("raise OSError('no library called \"cairo-2\"')")
    monkeypatch.delitem(sys.modules, "cairosvg", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="apt install libcairo2"):
        drawing.save(tmp_path / "J.pdf")


def test_a_file_is_named_in_any_case_and_its_folder_is_made(drawing, tmp_path) -> None:
    assert "<svg" in drawing.save(tmp_path / "new" / "folder" / "J.SVG").read_text("utf-8")
    stored = drawing.save(str(tmp_path / "J.Json")).read_text("utf-8")
    assert Graph.from_json(stored) == drawing.graph
    with pytest.raises(ValueError, match=r"'J.gif'; name it \.svg, \.html, \.png, \.pdf or \.json"):
        drawing.save(tmp_path / "other" / "J.gif")
    assert not (tmp_path / "other").exists()


def test_a_page_says_its_title_its_language_and_fits_a_phone(drawing, tmp_path) -> None:
    page = pages.parsed(drawing.save(tmp_path / "J.html").read_text("utf-8"))
    assert page.get("lang") == "en"
    assert pages.select(page, "head title")[0].text == "J"
    assert "width=device-width" in pages.select(page, "meta[name=viewport]")[0].get("content")
    chinese = Drawing(drawing.graph, language="zh").save(tmp_path / "zh.html")
    assert pages.parsed(chinese.read_text("utf-8")).get("lang") == "zh-CN"


def test_a_drawing_is_shown_in_a_browser_from_a_script(drawing, monkeypatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: not shown.append(address))
    drawing.show()
    assert re.fullmatch("file://.*/graph-J.html", shown[0])
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    with pytest.raises(RuntimeError, match=r"no browser .* the drawing is in .*graph-J\.html"):
        drawing.show()


def test_a_drawing_says_what_it_is(drawing) -> None:
    assert repr(drawing) == "Drawing of J: 3 nodes, 2 calls, 1 leaf tensor"
    y = torch.ones(1, requires_grad=True) * 2
    assert repr(draw(y, names={})) == "Drawing of a graph: 2 nodes, 1 leaf tensor"
