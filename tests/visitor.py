"""Opens the pages of a built site in Chromium, each once, and keeps what several tests ask of it.

A visit loads a page once, changes theme and width on the spot, and records what it meets: messages
on the console, requests to other hosts, axe's violations, labels that are cut, what exercises reply
to each answer, whether the page fits a phone, and which figures can be played with other numbers.

A record is named after all that decides it, so that it serves again as long as that is the same.
It holds faults too: whoever reads it again finds them again. Several processes may read and make
records at once; a lock for each makes sure that no page is visited twice.
"""

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request

import pages
from live import Quiet

AXE = Path(sys.prefix) / "npm/node_modules/axe-core/axe.min.js"

Theme = Literal["light", "dark"]
State = tuple[Theme, int]  # and the width of the window
HOME: dict[str, State] = {"en": ("light", 1280), "zh": ("dark", 360)}  # each page is in this state
STATES: list[State] = [("light", 1280), ("light", 360), ("dark", 1280), ("dark", 360)]
KINDS = {  # one page of each kind is in all of them, in each language
    "index.html", "tensor.html", "cheatsheet.html", "glossary.html", "drawing.html",
    "search.html?q=grad_fn", "lessons/1_computation_graph/index.html",
    "lessons/1_computation_graph/plot_forward_pass.html",
}  # fmt: skip
WIDTHS = (360, 1280)
PHONE = 360


@dataclasses.dataclass
class Record:
    page: str
    complaints: list[str]  # on the console, and about other hosts
    axe: dict[str, dict[str, Any]]  # by state: how many rules passed, and violations
    labels: dict[str, dict[str, Any]]  # by width and view: how many, which are cut, sizes
    lines: dict[str, list[str]]  # by width, what stands on lines that begin with a mark
    first: dict[str, dict[str, Any]]  # by width, where the first picture is, and if it is cut
    phone: dict[str, Any]  # how wide the page is, and how its tables wrap
    figures: list[dict[str, Any]]  # how many inputs, and what is said about them
    exercises: list[list[list[str]]]  # of each, what was typed, and the reply before and after


# -- What is asked in the page ------------------------------------------------------------------

# What axe would look at again and again is made less before it runs:
# - tokens of code and formulas with the tags and classes of one before them in the same block
#   become one plain token where they stand side by side: styles know tokens by those alone, so that
#   each kind is still looked at;
# - lines and areas of pictures go, and texts where the picture is one image: axe cannot tell what
#   lies behind those, and never reports them.
SHRINK = """() => {
  for (const block of document.querySelectorAll("pre, math")) {
    if (block.querySelector("input")) continue;  // of which lines are chosen
    const known = new Set(), plain = new Set();
    for (const token of block.querySelectorAll("*")) {
      if (token.children.length || token.id || token.localName === "a") continue;
      let path = "";
      for (let each = token; each !== block; each = each.parentElement)
        path += `>${each.localName} ${each.className} ${each.getAttribute("style")}`;
      if (known.has(path)) plain.add(token);
      known.add(path);
    }
    for (const token of plain) {
      const before = token.previousSibling, gap = before && before.nodeType === 3 ? [before] : [];
      const run = gap.length ? before.previousSibling : before;
      if (run && run.aaPlain) {
        run.append(...gap, ...token.childNodes);
        token.remove();
      } else {
        const all = document.createElement("span");
        all.aaPlain = true;
        all.append(...token.childNodes);
        token.replaceWith(all);
      }
    }
  }
  const silent = "svg :is(path, rect, circle, marker), svg[role=img] :is(text, tspan)";
  for (const each of document.querySelectorAll(silent))
    if (!each.closest("[role=button]")) each.remove();
}"""
# Contrast costs axe most. It depends on the colours of an element and of all around it, and on the
# size of its text: of elements that share all of these, it looks at the first that is seen.
# Transitions are ended first, so that no colour is on its way when the theme has changed.
RUN_AXE = """async context => {
  for (const each of document.getAnimations()) each.finish();
  const kinds = new Map(), kindOf = new Map([[null, 0]]), known = new Set();
  for (const each of document.querySelectorAll("body, body *")) {
    const style = getComputedStyle(each);
    const kind = [kindOf.get(each.parentElement), style.color, style.backgroundColor,
      style.backgroundImage, style.opacity, style.fontSize, style.fontWeight, style.textShadow,
      style.position, style.filter].join();
    if (!kinds.has(kind)) kinds.set(kind, kinds.size + 1);
    kindOf.set(each, kinds.get(kind));
    delete each.dataset.axeFirst;
    const says = [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (known.has(kind) || !says || !each.checkVisibility({visibilityProperty: true})) continue;
    known.add(kind);
    each.dataset.axeFirst = "";
  }
  const selector = "[data-axe-first], input, select, textarea";
  axe.configure({noHtml: true, rules: [{id: "color-contrast", selector}]});
  const {passes, violations} = await axe.run(context || document, {resultTypes: ["violations"]});
  return {passes: passes.length, violations: violations.map(({id, impact, nodes}) => [
    id, impact, nodes.slice(0, 3).map(node => node.target.join(" "))])};
}"""

SHOW = """view => {
  for (const button of document.querySelectorAll(`.aa-choose-${view}`)) button.click();
}"""
# Text may stand out by the width of a serif, and no more.
LABELS = """() => {
  const boxes = [...document.querySelectorAll(".aa-graph g[id]")];
  const cut = boxes.flatMap(box => {
    const rects = [...box.querySelectorAll("rect")].map(r => r.getBoundingClientRect());
    const left = Math.min(...rects.map(r => r.left)), right = Math.max(...rects.map(r => r.right));
    const top = Math.min(...rects.map(r => r.top)), bottom = Math.max(...rects.map(r => r.bottom));
    return [...box.querySelectorAll("text")].map(t => [t.textContent, t.getBoundingClientRect()])
      .filter(([, t]) => t.left < left - 1 || t.right > right + 1
                      || t.top < top - 2 || t.bottom > bottom + 2)
      .map(([text]) => text);
  });
  const sizes = [...document.querySelectorAll(".aa-graph[role]")].filter(s => s.checkVisibility())
    .map(s => 12 * s.getBoundingClientRect().width / s.viewBox.baseVal.width);
  return {count: document.querySelectorAll(".aa-graph g[id] text").length, cut, sizes};
}"""
# Inside of a text, browsers see to it; a text that begins with a mark may have been parted from
# what is before it.
LINES = r"""() => {
  const found = [], range = document.createRange();
  const article = document.querySelector("article");
  const texts = document.createTreeWalker(article || document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (!/^[、。，；：！？）」』”,.;:!?)]/.test(text.data)) continue;
    const block = text.parentElement.closest("p, li, dt, dd, h1, h2, h3, td, summary");
    if (!block || !block.checkVisibility()) continue;
    if (text.parentElement.closest("svg, pre, math, code")) continue;
    range.setStart(text, 0);
    range.setEnd(text, 1);
    const mark = range.getBoundingClientRect();
    range.setStart(block, 0);
    range.setEnd(text, 0);
    const before = [...range.getClientRects()].findLast(each => each.width);
    if (before && mark.top >= before.bottom - 2) found.push(block.textContent);
  }
  return found;
}"""
FIRST = """() => {
  const svg = document.querySelector(".aa-scroll .aa-graph");
  if (!svg) return {};
  const {top, bottom} = svg.getBoundingClientRect();
  const scroller = svg.closest(".aa-scroll");
  const cut = scroller.scrollWidth - scroller.clientWidth;
  return {top: top + scrollY, bottom: bottom + scrollY, cut};
}"""
# Furo's page never scrolls sideways itself, but what is around the article does.
FITS = """() => ({
  width: Math.max(...[...document.querySelectorAll("html, :has(article)")].map(
    each => each.scrollWidth)),
  tables: [...document.querySelectorAll(".aa-columns pre")].map(
    pre => getComputedStyle(pre).whiteSpace),
})"""
INPUTS = """async () => {
  const figures = [...document.querySelectorAll(".aa-figure:has(.aa-edit)")];
  for (const figure of figures) figure.querySelector(".aa-edit summary").click();
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    if (figures.every(figure => figure.querySelector(".aa-edit p"))) break;
    await new Promise(done => setTimeout(done, 10));
  }
  return figures.map(figure => ({
    inputs: figure.querySelectorAll(".aa-inputs input").length,
    said: figure.querySelector(".aa-edit p") && figure.querySelector(".aa-edit").innerText,
  }));
}"""
# The answer, each other answer that the author thought of, and one that nobody did.
TYPE = """() => [...document.querySelectorAll(".aa-exercise")].filter(
  exercise => exercise.querySelector("form")
).map(exercise => {
  const form = exercise.querySelector("form");
  const reply = form.querySelector("[role=status]");
  const {kind, asked} = form.dataset;
  const tell = field => field.dispatchEvent(new Event("input", {bubbles: true}));
  const put = (field, typed) => {
    field.value = typed;
    tell(field);
  };
  const ways = {
    predict: typed => put(form.querySelector("input"), typed),
    derive: typed => put(form.querySelector("input"), typed),
    fill(typed) {
      const names = JSON.parse(asked).map(({name}) => name);
      const fields = form.querySelectorAll(".aa-blank");
      for (const pair of typed.split(", ")) {
        const [name, number = name] = pair.split("=").map(part => part.trim());
        const field = fields[Math.max(0, names.indexOf(name))];
        put(field, number);
        field.dispatchEvent(new Event("change"));
      }
      tell(form);
    },
    find(typed) {
      const {answer} = JSON.parse(asked);
      const choices = [...exercise.querySelectorAll(".aa-choice")];
      const known = [answer, ...others.map(each => each.textContent)];
      const meant = typed === answers[0] ? answer : typed;
      const choice = choices.find(({value}) => value === meant)
        ?? choices.find(({value}) => !known.includes(value));
      choice.checked = true;
      tell(choice);
    },
  };
  const others = [...exercise.querySelectorAll(".aa-others li")].map(
    item => item.querySelector("code"));
  const answers = [exercise.querySelector(".aa-answer"), ...others].map(each => each.textContent);
  return [...answers, "123456.75"].map(typed => {
    ways[kind](typed);
    const before = reply.textContent;
    form.requestSubmit();
    return [typed, before, reply.textContent];
  });
})"""


class Complaints:
    """Collects what no page should do: write to the console, fail, or ask a host not its own.

    ``own`` are beginnings of addresses. Furo's theme button says what it did; that is the one
    exception.
    """

    def __init__(self, own: tuple[str, ...]) -> None:
        self.own = own
        self.texts: list[str] = []

    def on_message(self, message: ConsoleMessage) -> None:
        if not message.text.startswith("Changed to "):
            self.texts.append(message.text)

    def on_error(self, error: Error) -> None:
        self.texts.append(str(error))

    def on_request(self, request: Request) -> None:
        if not request.url.startswith(self.own):
            self.texts.append(f"request to {request.url}")

    def listen_to(self, page: Page) -> None:
        page.on("console", self.on_message)
        page.on("pageerror", self.on_error)
        page.on("request", self.on_request)

    def leave(self, page: Page) -> None:
        page.remove_listener("console", self.on_message)
        page.remove_listener("pageerror", self.on_error)
        page.remove_listener("request", self.on_request)


def visit(page: Page, address: str, name: str, states: list[State]) -> Record:
    """Goes through a page in one language; ``states`` are themes and widths, its home first."""
    root = f"http://{urlsplit(address).netloc}/"
    complaints = Complaints((root, "data:", "about:"))
    complaints.listen_to(page)
    try:
        enter(page, *states[0])
        page.goto(f"{address}{name}")
        if "?" in name:
            page.wait_for_selector("#search-results li a")
        labels, lines, first, phone = {}, {}, {}, {}
        for width in WIDTHS:
            enter(page, states[0][0], width)
            if width == PHONE:  # as the page is opened
                phone = page.evaluate(FITS)
            for view in ("recorded", "written"):  # the one that is shown first comes last
                page.evaluate(SHOW, view)
                labels[f"{width} {view}"] = page.evaluate(LABELS)
            lines[str(width)], first[str(width)] = page.evaluate(LINES), page.evaluate(FIRST)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        page.evaluate(SHRINK)
        axe = {}
        for theme, width in states:
            enter(page, theme, width)
            axe[f"{theme} {width}"] = page.evaluate(RUN_AXE)
        figures, exercises = page.evaluate(INPUTS), page.evaluate(TYPE)
        page.wait_for_load_state("networkidle")
    finally:
        complaints.leave(page)
    return Record(name, complaints.texts, axe, labels, lines, first, phone, figures, exercises)


def enter(page: Page, theme: Theme, width: int) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 800})


# -- Which pages are visited --------------------------------------------------------------------


class Visits:
    """The records of a site's pages. ``address`` is where it is served, ``turn`` where in the list
    of pages this process begins, as a share of it: so several share the work."""

    def __init__(
        self, site: Path, address: str, store: Path, browser: Browser, turn: float = 0
    ) -> None:
        self.site, self.address, self.store, self.browser = site, address, store, browser
        self.turn = turn
        self.made: set[str] = set()  # page states that this process has visited
        self.used: set[str] = set()  # and all that it was asked for
        self.keys = {language: keys(site / language, tools(browser)) for language in HOME}
        store.mkdir(parents=True, exist_ok=True)
        wanted = {key for each in self.keys.values() for key in each.values()}
        for path in store.iterdir():  # of pages that are gone, or were different
            if path.stem not in wanted:
                path.unlink(missing_ok=True)

    def records(self, language: str) -> dict[str, Record]:
        """What was found on each page of a language, by its name."""
        names = list(self.keys[language])
        start = int(self.turn * len(names))
        todo = names[start:] + names[:start]
        found = {name: self.record_unless_busy(language, name) for name in todo}
        # Those that another process was at: it is waited for when nothing else is left to do.
        return {name: found[name] or self.record(language, name) for name in names}

    def record(self, language: str, name: str) -> Record:
        """The record of one page; if another process is making it, that is waited for."""
        record = self.record_unless_busy(language, name, wait=True)
        assert record
        return record

    def record_unless_busy(self, language: str, name: str, *, wait: bool = False) -> Record | None:
        """None if another process is making it, and is not waited for."""
        key = self.keys[language][name]
        path = self.store / f"{key}.json"
        home = HOME[language]
        others = [state for state in STATES if state != home] if name in KINDS else []
        states = [home, *others]
        called = {f"{language}/{name} {theme} {width}" for theme, width in states}
        if not path.exists():
            with held(self.store / f"{key}.lock", wait) as free:
                if not free:
                    return None
                if not path.exists():
                    record = visit(self.page, f"{self.address}{language}/", name, states)
                    part = path.with_suffix(".part")
                    part.write_text(json.dumps(dataclasses.asdict(record)), encoding="utf-8")
                    part.replace(path)
                    self.made |= called
        self.used |= called
        return Record(**json.loads(path.read_text(encoding="utf-8")))

    @functools.cached_property
    def page(self) -> Page:
        return self.browser.new_context().new_page()


def tools(browser: Browser) -> bytes:
    """What else decides a record: Chromium, axe and this file."""
    return browser.version.encode() + AXE.read_bytes() + Path(__file__).read_bytes()


def keys(folder: Path, tools: bytes) -> dict[str, str]:
    """The pages of a language, each with a name for all that decides its record: its own bytes, the
    files that it loads, and all styles, scripts and fonts, of which it loads nearly all."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    static = [path for path in files if path.is_relative_to(folder / "_static")]
    names = [path.relative_to(folder).as_posix() for path in files if path.suffix == ".html"]
    names += [name for name in KINDS if "?" in name and name.partition("?")[0] in names]
    shared = [f"{path.relative_to(folder)} {digests[path]}" for path in sorted(static)]
    shared += [hashlib.sha256(tools).hexdigest(), folder.name]
    found = {}
    for name in sorted(names):
        path = folder / name.partition("?")[0]
        loaded = [(path.parent / source).resolve() for source in sources(files[path])]
        own = [digests[each] for each in (path, *loaded) if each in digests]
        found[name] = hashlib.sha256("\n".join([name, *own, *shared]).encode()).hexdigest()[:32]
    return found


def sources(page: bytes) -> list[str]:
    """The paths of what a page loads: pictures, and the search index."""
    elements = pages.select(pages.parsed(page.decode()), "[src]")
    return [unquote(urlsplit(each.get("src")).path) for each in elements]


@contextlib.contextmanager
def held(path: Path, wait: bool) -> Iterator[bool]:
    """A lock between processes; False if another one has it and is not waited for."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
        path.unlink(missing_ok=True)


# -- Where pages are served ---------------------------------------------------------------------


@contextlib.contextmanager
def serving(folder: Path, under: str = "") -> Iterator[str]:
    """The address of a folder over HTTP, below a path of the host as on GitHub Pages."""

    class Below(Quiet):
        def translate_path(self, path: str) -> str:
            inside = path.startswith(f"/{under}")
            return super().translate_path(f"/{path.removeprefix(f'/{under}')}" if inside else "/-")

        def end_headers(self) -> None:
            self.send_header("Cache-Control", "max-age=3600")  # a style is asked for once
            super().end_headers()

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # the browser has gone on to another page
                super().handle()

    handler = functools.partial(Below, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{under}"
        server.shutdown()
