"""Nothing on any page is out of order: accessibility, console, other hosts, dead links."""

import functools
import http.server
import itertools
import re
import shutil
import sys
import threading
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from conftest import page_names
from live import Quiet

AXE = Path(sys.prefix) / "npm/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="module")
def published(site, tmp_path_factory):
    """The site's address under a sub-path, as GitHub Pages serves it."""
    root = tmp_path_factory.mktemp("host")
    shutil.copytree(site, root / "autograd-atlas")
    handler = functools.partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/autograd-atlas/"
        server.shutdown()


# Each page in one of two states; every page in each language, theme and width in "make test-all".
STATES = [
    ("en", "light", 1280, True), ("zh", "dark", 360, True),
    *(
        pytest.param(*state, False, marks=pytest.mark.slow)
        for state in itertools.product(("en", "zh"), ("light", "dark"), (1280, 360))
    ),
]  # fmt: skip


@pytest.mark.parametrize(("language", "theme", "width", "some"), STATES)
def test_axe_finds_nothing_on_any_page(site, published, reader, language, theme, width, some):
    script = AXE.read_text(encoding="utf-8")
    found = []
    page = reader("about:blank", color_scheme=theme, viewport={"width": width, "height": 800})
    names = [*page_names(site, language), "search.html?q=grad_fn"]
    if some:  # the other half in the other of these two states
        names = names[1::2] if language == "en" else names[::2]
    for name in names:
        page.goto(f"{published}{language}/{name}")
        if "?" in name:
            page.wait_for_selector("#search-results li a")
        page.evaluate(script)
        result = page.evaluate(
            "axe.run().then(({passes, violations}) => ({passes: passes.length, violations}))"
        )
        assert result["passes"], "axe did not run"
        for violation in result["violations"]:
            places = [node["html"][:120] for node in violation["nodes"][:3]]
            found.append(f"{name}: {violation['id']} ({violation['impact']}): {places}")
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_front_door(site, reader, theme):
    """As it is seen without JavaScript, which would lead on at once."""
    page = reader("about:blank", color_scheme=theme)
    html = (site / "index.html").read_text(encoding="utf-8")
    page.set_content(re.sub(r"<script>.*?</script>|<link[^>]*>", "", html, flags=re.DOTALL))
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert [found["id"] for found in page.evaluate("axe.run()")["violations"]] == []


def test_axe_would_find_something(published, reader):
    page = reader(f"{published}en/index.html")
    page.evaluate("document.querySelector('article').innerHTML += '<img src=\"data:,\">'")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert "image-alt" in [found["id"] for found in page.evaluate("axe.run()")["violations"]]


def links(soup: BeautifulSoup) -> list[str]:
    found = [tag.get("href") or tag.get("src") for tag in soup.select("[href], [src]")]
    return [link for link in found if not link.startswith(("data:", "javascript:", "mailto:"))]


def test_every_internal_link_and_anchor_resolves_under_a_sub_path(published):
    host = urlsplit(published).netloc
    seen: dict[str, BeautifulSoup | None] = {}
    todo = {published + "index.html": "the start"}
    broken, anchors = [], 0
    wanted: list[tuple[str, str, str]] = []
    while todo:
        address, origin = todo.popitem()
        try:
            with urllib.request.urlopen(address) as answer:
                html = answer.headers.get_content_type() == "text/html"
                body = answer.read()
        except OSError as problem:
            broken.append(f"{origin} -> {address}: {problem}")
            seen[address] = None
            continue
        seen[address] = BeautifulSoup(body, "html.parser") if html else None
        for link in links(seen[address]) if html else ():
            target, anchor = urldefrag(urljoin(address, link))
            if urlsplit(target).netloc != host:
                continue
            assert target.startswith(published), f"{address} leaves the sub-path: {link}"
            if anchor:
                wanted.append((address, target, unquote(anchor)))
            if target not in seen:
                todo[target] = address
    for origin, target, anchor in wanted:
        page = seen.get(target)
        if page is not None:
            anchors += 1
            if not page.find(id=anchor):
                broken.append(f"{origin} -> {target}#{anchor}: no such anchor")
    assert broken == []
    pages = [address for address, page in seen.items() if page is not None]
    assert len(pages) > 15 and anchors > 100


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_asks_another_host_or_complains(site, published, reader, language):
    """``reader`` fails on both. (The tests with axe stay longer on each page, with it too.)"""
    page = reader("about:blank")
    for name in page_names(site, language):
        page.goto(f"{published}{language}/{name}")
    page.wait_for_load_state("networkidle")
    assert page.url.endswith(page_names(site, language)[-1])


def test_no_page_names_another_host_for_what_it_loads(site):
    for path in site.rglob("*.html"):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        loads = [tag["src"] for tag in soup.select("[src]")]
        loads += [tag["href"] for tag in soup.select("link[rel~=stylesheet], link[rel~=icon]")]
        assert not [load for load in loads if "//" in load], path
    for path in site.rglob("*.css"):
        assert "url(http" not in path.read_text(encoding="utf-8"), path


def test_api_names_lead_to_their_documentation(site):
    soup = BeautifulSoup((site / "en/tensor.html").read_text(encoding="utf-8"), "html.parser")
    outside = {a.get_text(): a["href"] for a in soup.select("a.reference.external")}
    manual = "https://docs.pytorch.org/docs/2.13/generated/"
    assert (
        outside["torch.Tensor.backward()"]
        == f"{manual}torch.Tensor.backward.html#torch.Tensor.backward"
    )
    assert outside["numpy.ndarray"].startswith("https://numpy.org/doc/stable/")
    lesson = site / "en/lessons/1_computation_graph/plot_forward_pass.html"
    assert (
        "https://docs.python.org/3/library/graphlib.html#graphlib.TopologicalSorter"
        in lesson.read_text("utf-8")
    )
