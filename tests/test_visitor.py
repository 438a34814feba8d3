"""What tests are told about pages can be trusted: each fault is seen, kept, and seen again; and a
page is opened again only when something that decides the record is different.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from visitor import KINDS, Record, Visits, serving

TESTS = Path(__file__).parent
PAGE = """<!doctype html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,">
</head><body><main><h1>A page</h1>{}</main></body></html>"""


class SmallSite:
    """A site of pages that a test writes, and its visits as each new run of tests begins them."""

    def __init__(self, root: Path, page: Page, address: str) -> None:
        self.folder, self.store = root / "site", root / "visits"
        self.page, self.address = page, address

    def visits(self, pages: dict[str, str]) -> Visits:
        for name, body in pages.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(PAGE.format(body) if name.endswith(".html") else body)
        visits = Visits(self.folder, self.address, self.store, self.page.context.browser)
        visits.page = self.page  # a window of its own for each would cost as much as the visits
        return visits


@pytest.fixture(scope="module")
def window(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def small_site(tmp_path, window):
    with serving(tmp_path / "site") as address:
        yield SmallSite(tmp_path, window, address)


def violations(record: Record) -> list[str]:
    return [found[0] for result in record.axe.values() for found in result["violations"]]


PICTURE = """<svg class="aa-graph" role="img" aria-label="A" viewBox="0 0 100 30" width="{}">
<g id="g"><rect width="40" height="20"/><text y="15" font-size="12">{}</text></g></svg>"""
FORM = """<div class="aa-exercise"><form data-kind="predict" onsubmit="return false">
<input aria-label="answer"><p role="status"></p></form><p class="aa-answer">6</p></div>"""
EDIT = """<figure class="aa-figure"><details class="aa-edit"><summary>Why</summary>{}</details>
</figure>"""


def sizes(record: Record) -> list[list[float]]:
    return [each["sizes"] for each in record.labels.values()]


def cut(record: Record) -> list[list[str]]:
    return [each["cut"] for each in record.labels.values()]


SEEN = {  # what stands on the page, what is asked of its record, and what that is
    "nothing": ("<p>Fine.</p>", lambda record: [violations(record), record.complaints], [[], []]),
    "axe": ('<img src="data:,">', violations, ["image-alt"]),
    "pale code": (
        "<style>.k {color: #ddd}</style><pre><b class='k'>if</b> <b class='k'>or</b></pre>",
        violations,
        ["color-contrast"],
    ),
    "console": (
        "<script>console.log('careful')</script>",
        lambda record: record.complaints,
        ["careful"],
    ),
    "an error": (
        "<script>setTimeout(() => {throw new Error('no')})</script>",
        lambda record: record.complaints,
        ["no"],
    ),
    "a missing file": (
        "<script src='none.js'></script>",
        lambda record: ["404" in each for each in record.complaints],
        [True],
    ),
    "another host": (
        "<img alt='' src='http://127.0.0.2:9/a.png'>",
        lambda record: record.complaints[:1],
        ["request to http://127.0.0.2:9/a.png"],
    ),
    "a good label": (PICTURE.format(100, "x"), cut, [[]] * 4),
    "a cut label": (PICTURE.format(100, "wider than its box"), cut, [["wider than its box"]] * 4),
    "a small label": (PICTURE.format(50, "x"), sizes, [[6]] * 4),
    "a wrapped table": (
        "<div class='aa-columns'><pre style='white-space: pre-wrap'>a b</pre></div>",
        lambda record: record.phone["tables"],
        ["pre-wrap"],
    ),
    "a mark that begins a line": (
        "<style>p:first-of-type { width: 1px }</style><p><math><mi>x</mi></math>, y</p><p>x, y</p>",
        lambda record: record.lines,
        {"360": ["x, y"], "1280": ["x, y"]},
    ),
    "where a picture is": (
        f"""<div class="aa-program" style="padding-top: 900px">
        <div class="aa-scroll">{PICTURE.format(100, "x")}</div></div>""",
        lambda record: record.first["1280"]["top"] > 900,
        True,
    ),
    "a wide page": (
        "<p style='width: 500px'>x</p>",
        lambda record: record.phone["width"] > 480,
        True,
    ),
    "a wide article": (
        "<div style='overflow: auto'><article style='width: 500px'>x</article></div>",
        lambda record: record.phone["width"],
        500,
    ),
    "an exercise": (
        FORM,
        lambda record: record.exercises,
        [[["6", "", ""], ["123456.75", "", ""]]],
    ),
    "a figure": (
        EDIT.format("<p>A mistake.</p>"),
        lambda record: record.figures,
        [{"inputs": 0, "said": "Why\n\nA mistake."}],
    ),
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory, window):
    root = tmp_path_factory.mktemp("seen")
    with serving(root / "site") as address:
        pages = {f"en/{name}.html": body for name, (body, _, _) in SEEN.items()}
        yield SmallSite(root, window, address).visits(pages)


@pytest.mark.parametrize("name", SEEN)
def test_the_visitor_sees(seen, name):
    _, told, expected = SEEN[name]
    assert told(seen.record("en", f"{name}.html")) == expected


def test_a_fault_of_one_theme_and_width_is_seen_there(small_site):
    """Theme and width change on the open page, as a reader would change them."""
    assert "index.html" in KINDS
    style = "<style>@media {} {{p {{color: #999; background: #888; transition: color 9s}}}}</style>"
    media = "(prefers-color-scheme: dark) and (max-width: 400px)"
    body = style.format(media) + "<p>Text</p>"
    visits = small_site.visits({"en/index.html": body, "zh/page.html": body})
    axe = visits.records("en")["index.html"].axe
    assert len(axe) == 4
    assert [state for state, result in axe.items() if result["violations"]] == ["dark 360"]
    assert violations(visits.records("zh")["page.html"]) == ["color-contrast"]


def test_a_page_is_visited_again_only_if_something_is_different(small_site):
    one = {"en/one.html": "<img alt='' src='a.png'>", "en/a.png": "1", "en/two.html": "Two."}
    shared = {"en/_static/a.css": "p {}"}

    def visited(pages: dict[str, str]) -> set[str]:
        visits = small_site.visits(pages)
        visits.records("en")
        assert visits.used == {"en/one.html light 1280", "en/two.html light 1280"}
        return {state.split()[0] for state in visits.made}

    both = {"en/one.html", "en/two.html"}
    assert visited(one | shared) == both
    assert visited({}) == set()
    assert visited({"en/two.html": "Three."}) == {"en/two.html"}
    assert visited({"en/a.png": "2"}) == {"en/one.html"}
    assert visited({"en/_static/a.css": "p {color: red}"}) == both
    assert visited({}) == set()


def test_a_fault_is_found_again_although_its_page_is_known(small_site):
    first = small_site.visits({"en/page.html": '<img src="data:,">'}).records("en")
    again = small_site.visits({})
    assert again.records("en") == first
    assert not again.made
    assert violations(first["page.html"]) == ["image-alt"]


def test_a_visit_that_fails_leaves_no_record(small_site):
    visits = small_site.visits({"en/page.html": EDIT.format("").replace("summary", "b")})
    for _ in range(2):
        with pytest.raises(Exception, match="null"):
            visits.records("en")
    assert list(small_site.store.glob("*.json")) == []


def test_records_of_pages_that_are_gone_go_too(small_site):
    small_site.visits({"en/one.html": "One.", "en/two.html": "Two."}).records("en")
    assert len(list(small_site.store.iterdir())) == 2
    (small_site.folder / "en/one.html").unlink()
    assert list(small_site.visits({}).records("en")) == ["two.html"]
    assert len(list(small_site.store.iterdir())) == 1


SEVERAL = """
import sys
from pathlib import Path

from conftest import find_browser
from playwright.sync_api import sync_playwright
from visitor import Visits, serving

site, store, turn = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
with sync_playwright() as playwright, serving(site) as address:
    flags = ["--no-sandbox"]
    browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=flags)
    visits = Visits(site, address, store, browser, turn)
    assert len(visits.records("en")) == 6
    print(*[state.split()[0] for state in visits.made])
    browser.close()
"""


def test_processes_share_the_work_and_visit_no_page_twice(small_site):
    small_site.visits({f"en/{number}.html": f"<p>{number}" for number in range(6)})
    visiting = [
        subprocess.Popen(
            [sys.executable, "-c", SEVERAL, small_site.folder, small_site.store, str(turn)],
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for turn in (0, 0.5)
    ]
    made = [process.communicate()[0].split() for process in visiting]
    assert [process.returncode for process in visiting] == [0, 0]
    assert sorted(made[0] + made[1]) == [f"en/{number}.html" for number in range(6)]
    assert not list(small_site.store.glob("*.lock"))
