"""Nothing on any page is out of order: accessibility, console, other hosts, dead links."""

import re
import urllib.request
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

import pages
from conftest import page_names
from visitor import AXE, HOME, KINDS, STATES


@pytest.mark.parametrize("language", HOME)
def test_axe_finds_nothing_on_any_page(site, visits, language):
    """Each page in one state; one page of each kind in every theme and width."""
    records = visits.records(language)
    assert records.keys() >= {*page_names(site, language), *KINDS}
    found = []
    for name, record in records.items():
        states = STATES if name in KINDS else [HOME[language]]
        assert record.axe.keys() == {f"{theme} {width}" for theme, width in states}
        for state, result in record.axe.items():
            assert result["passes"], f"axe did not run on {name}"
            found += [f"{name}, {state}: {violation}" for violation in result["violations"]]
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


def links(page: pages.Element) -> list[str]:
    found = [each.get("href") or each.get("src") for each in pages.select(page, "[href], [src]")]
    return [link for link in found if not link.startswith(("data:", "javascript:", "mailto:"))]


def dead_links(site: Path) -> tuple[list[str], int, int]:
    """Links that lead nowhere when the site lies below a path of its host, from the start on; and
    how many pages and anchors there are."""
    host = "http://host/"
    root = f"{host}autograd-atlas/"
    seen: dict[str, pages.Element | None] = {}
    todo = {f"{root}index.html": "the start"}
    dead, anchors = [], []
    while todo:
        address, origin = todo.popitem()
        path = site / unquote(urlsplit(address).path).removeprefix("/autograd-atlas/")
        seen[address] = None
        if not address.startswith(root) or not path.is_file():
            dead.append(f"{origin} -> {address}")
        elif path.suffix == ".html":
            seen[address] = pages.page(path)
            for link in links(seen[address]):
                target, anchor = urldefrag(urljoin(address, link))
                if target.startswith(host):
                    anchors += [(address, target, unquote(anchor))] if anchor else []
                    if target not in seen:
                        todo[target] = address
    found = {address: page for address, page in seen.items() if page is not None}
    ids = {address: set(page.xpath("//@id")) for address, page in found.items()}
    anchors = [each for each in anchors if each[1] in found]
    for origin, target, anchor in anchors:
        if anchor not in ids[target]:
            dead.append(f"{origin} -> {target}#{anchor}: no such anchor")
    return dead, len(found), len(anchors)


def test_every_internal_link_and_anchor_resolves_under_a_sub_path(site):
    dead, count, anchors = dead_links(site)
    assert dead == []
    assert count > 15
    assert anchors > 100


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("none.html", "/autograd-atlas/none.html"),
        ("_static/none.css?v=1", "/autograd-atlas/_static/none.css?v=1"),
        ("/index.html", "http://host/index.html"),
        ("../index.html", "http://host/index.html"),
        ("#none", "index.html#none: no such anchor"),
        ("more%20pages/", "/autograd-atlas/more%20pages/"),
    ],
)
def test_a_dead_link_is_found(tmp_path, link, said):
    (tmp_path / "more pages").mkdir()
    (tmp_path / "index.html").write_text(f'<p id="a"><a href="#a"></a><a href="{link}"></a>')
    dead, count, anchors = dead_links(tmp_path)
    assert len(dead) == 1
    assert dead[0].endswith(said)
    assert count == 1
    assert anchors >= 1


def test_a_host_gives_what_is_in_the_folder(site, published):
    """The links above are followed in the folder; a few are asked for as a browser does."""
    for name in ("index.html", "en/index.html", "zh/glossary.html", "en/_static/atlas.css"):
        with urllib.request.urlopen(f"{published}{name}?v=1") as answer:
            assert answer.read() == (site / name).read_bytes()
    for name in ("en/none.html", "../index.html"):
        with pytest.raises(HTTPError, match="404"):
            urllib.request.urlopen(urljoin(published, name))


@pytest.mark.parametrize("language", HOME)
def test_no_page_asks_another_host_or_complains(site, visits, language):
    records = visits.records(language)
    assert records.keys() >= {*page_names(site, language)}
    assert {name: each.complaints for name, each in records.items() if each.complaints} == {}


def test_no_page_names_another_host_for_what_it_loads(site):
    for path in site.rglob("*.html"):
        page = pages.page(path)
        loads = [each.get("src") for each in pages.select(page, "[src]")]
        styles = pages.select(page, "link[rel~=stylesheet], link[rel~=icon]")
        loads += [each.get("href") for each in styles]
        assert not [load for load in loads if "//" in load], path
    for path in site.rglob("*.css"):
        assert "url(http" not in path.read_text(encoding="utf-8"), path


def test_api_names_lead_to_their_documentation(site):
    links = pages.select(pages.page(site / "en/tensor.html"), "a.reference.external")
    outside = {pages.text(link): link.get("href") for link in links}
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
