"""What tests share: the built site, a real browser, and a place to report figures."""

import atexit
import functools
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self, cast

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Playwright,
    sync_playwright,
)

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "conf"), str(ROOT / "conf" / "commands")]
from visitor import Complaints, Visits, serving  # noqa: E402 (it imports what conf holds)

SITE = ROOT / "build" / "html"
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # as make does
os.environ["OMP_NUM_THREADS"] = "1"  # a second thread of torch's only waits, and costs as much

FIGURES: list[str] = []
COSTS: dict[str, tuple[bool, float]] = {}  # by test: whether it is marked slow, and its seconds
SLOW = 30  # seconds by the clock, of a busy machine, from which on a test should be marked slow
VISITED: set[str] = set()  # states of pages: those that were visited in this run
USED: set[str] = set()  # and all that tests have asked about


@pytest.fixture(scope="session")
def site() -> Path:
    """The built site; 'make test' has just built it."""
    if not (SITE / "index.html").exists():
        pytest.fail("build/html is missing: run 'make html' first")
    return SITE


def page_names(site: Path, language: str = "en") -> list[str]:
    """The pages of one language, from its folder."""
    folder = site / language
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.html")
        if "_static" not in path.parts
    )


@pytest.fixture(autouse=True)
def no_failure_of_ours() -> Iterator[list[logging.LogRecord]]:
    """A recording that fails to read a program only notes it: no test is to pass with that, unless
    it takes the failures away."""
    failures: list[logging.LogRecord] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            failures.append(record)

    handler = Handler()
    log = logging.getLogger("autograd_atlas")
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    yield failures
    log.removeHandler(handler)
    assert not failures, failures[0].exc_info


@pytest.fixture
def terminal(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Report a figure at the end of the run, whichever process runs the test."""
    return lambda figure: request.node.user_properties.append(("figure", figure))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        COSTS[report.nodeid] = ("slow" in report.keywords, report.duration)
        FIGURES.extend(str(value) for name, value in report.user_properties if name == "figure")
    if report.when == "teardown":
        for name, value in report.user_properties:
            if name == "visits":
                made, used = cast("tuple[list[str], list[str]]", value)
                VISITED.update(made)
                if made:
                    COSTS.pop(report.nodeid, None)  # it paid for others too
                USED.update(used)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for figure in sorted(FIGURES):
        terminalreporter.write_line(figure)
    if USED:
        terminalreporter.write_line(
            f"browser: {len(VISITED)} page states visited, {len(USED - VISITED)} known from before"
        )
    for test, (marked, seconds) in sorted(COSTS.items()):
        if seconds > SLOW and not marked:
            terminalreporter.write_line(f"took {seconds:.0f} s, and is not marked slow: {test}")
        if seconds < SLOW / 10 and marked:
            terminalreporter.write_line(f"took {seconds:.1f} s, and is marked slow: {test}")
    skipped = terminalreporter.stats.get("skipped", [])
    if any(MISSING_BROWSER in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(MISSING_BROWSER, yellow=True)


MISSING_BROWSER = (
    "Browser tests were skipped: no Chromium found. Install Chromium or Google Chrome, "
    "or run: .venv/bin/playwright install chromium"
)
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def find_browser(playwright: Playwright) -> str | None:
    """An installed Chromium, or the one that Playwright has downloaded before."""
    installed = [path for name in NAMES if (path := shutil.which(name))]
    known = [*installed, str(MAC), playwright.chromium.executable_path]
    return next((path for path in known if Path(path).exists()), None)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before workers of pytest-xdist start, which would all install a browser at once."""
    worker = hasattr(session.config, "workerinput")
    if session.config.getoption("numprocesses", None) and not worker:
        with sync_playwright() as playwright:
            install_missing_browser(playwright)


def install_missing_browser(playwright: Playwright) -> None:
    """Get a Chromium: on CI from Debian; for a person only into their own folder."""
    if find_browser(playwright) is not None:
        return
    if os.environ.get("CI") == "true":
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        # Without windows it costs less: all tests 9 min 25 s of processor time, not 10 min 42 s.
        install = ["apt-get", "install", "-y", "-qq"]
        if subprocess.run([*install, "chromium-headless-shell"], check=False).returncode:
            subprocess.run([*install, "chromium"], check=True)
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        if "PYTEST_XDIST_WORKER" not in os.environ:
            install_missing_browser(playwright)
        path = find_browser(playwright)
        if path is None and os.environ.get("CI") == "true":
            pytest.fail("no Chromium on CI, and apt-get brought none")
        if path is None:
            pytest.skip(MISSING_BROWSER)
        # The flags keep Chromium from calling its maker's hosts; as root it has no sandbox.
        flags = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")
        try:
            browser = playwright.chromium.launch(executable_path=path, args=flags)
        except Error as problem:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"{MISSING_BROWSER} ({path} does not start: {problem.message[:300]})")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shared_page(browser: Browser) -> Page:
    return browser.new_context().new_page()


@pytest.fixture
def reader(browser: Browser, shared_page: Page) -> Iterator[Callable[..., Page]]:
    """Opens pages for a reader; a message on the console, or a request to another host, fails
    the test.

    ``shared`` opens it in a page that other tests have used before, which costs a third: for tests
    that leave nothing behind that outlives a page."""
    contexts: list[BrowserContext] = []
    complaints = Complaints(("file:", "data:", "about:", "http://127.0.0.1:"))

    def open_page(address: str, *, shared: bool = False, **options: Any) -> Page:
        page = shared_page
        if not shared:
            contexts.append(browser.new_context(**options))
            page = contexts[-1].new_page()
            complaints.listen_to(page)
        page.goto(address)
        return page

    complaints.listen_to(shared_page)
    yield open_page
    complaints.leave(shared_page)
    for context in contexts:
        context.close()
    assert complaints.texts == []


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """The site's address when it is served over HTTP."""
    with serving(site) as address:
        yield address


@pytest.fixture(scope="session")
def published(site: Path) -> Iterator[str]:
    """The site's address under a sub-path, as GitHub Pages serves it."""
    with serving(site, "autograd-atlas/") as address:
        yield address


@pytest.fixture(scope="session")
def visitor(site: Path, published: str, browser: Browser) -> Visits:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return Visits(site, published, ROOT / "build" / "visits", browser, turn=worker / workers)


@pytest.fixture
def visits(visitor: Visits, request: pytest.FixtureRequest) -> Iterator[Visits]:
    """What a browser has found on each page, today or when the page was last different."""
    yield visitor
    request.node.user_properties.append(("visits", [sorted(visitor.made), sorted(visitor.used)]))


class Build(NamedTuple):
    returncode: int
    stdout: str


class Project:
    """A copy of this project with one small page and one lesson, to be broken by a test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "conf", root / "conf", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.rmtree(root / "conf" / "locale" / "zh_CN" / "LC_MESSAGES")  # of pages that it lacks
        shutil.copy(ROOT / "requirements.txt", root)
        (root / "examples" / "1_chapter").mkdir(parents=True)
        (root / "docs").mkdir()
        for name, text in FILES.items():
            self.write(name, text)
        if (ROOT / "build" / "made").exists():  # the math font, by its contents
            shutil.copytree(ROOT / "build" / "made", root / "build" / "made")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def add(self, name: str, text: str) -> None:
        self.write(name, (self.root / name).read_text(encoding="utf-8") + text)

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def sources(self) -> dict[str, bytes]:
        """Every file that a build reads."""
        return {
            f"{folder}/{name}": content
            for folder in ("docs", "examples", "conf")
            for name, content in contents(self.root / folder).items()
        } | {"requirements.txt": (self.root / "requirements.txt").read_bytes()}

    def restore(self, sources: dict[str, bytes]) -> None:
        """Bring the sources to what they were, or to what those of another project are."""
        now = self.sources()
        for name in now.keys() - sources.keys():
            (self.root / name).unlink()
        for name, content in sources.items():
            if now.get(name) != content:
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                (self.root / name).write_bytes(content)

    def keep(self) -> Self:
        """Keep a copy of all that is there, what was built included."""
        shutil.copytree(self.root, self.root.with_name("kept"))
        return self

    def back(self) -> None:
        """Have things as they were when they were kept, to the date of each file."""
        shutil.rmtree(self.root)
        shutil.copytree(self.root.with_name("kept"), self.root)

    def refused(self, page: str) -> list[str]:
        """What a build says of a page with mistakes, by its lines; the site has to stay."""
        before = self.site()
        self.write("docs/more.md", page)
        self.change("docs/index.md", "lessons/1", "more\nlessons/1")
        try:
            build = self.build()
        finally:
            (self.root / "docs/more.md").unlink()
            self.change("docs/index.md", "more\nlessons/1", "lessons/1")
        assert build.returncode != 0
        assert self.site() == before
        return [line for line in build.stdout.splitlines() if line.startswith("docs/more.md:")]

    def page(self, name: str, language: str = "en", suffix: str = "html") -> str:
        path = self.root / "build" / "html" / language / f"{name}.{suffix}"
        return path.read_text(encoding="utf-8")

    def site(self) -> dict[str, bytes]:
        """Every published file."""
        return contents(self.root / "build" / "html")

    @property
    def command(self) -> Path:
        return self.root / "conf" / "commands" / "website.py"

    def start(self, command: str = "html", *pages: str, **options: Any) -> subprocess.Popen[str]:
        """A build as a process of its own, to be interrupted, or to be run beside another one."""
        options["env"] = {**options.get("env", os.environ), "JOBS": "1"}
        return subprocess.Popen(
            [sys.executable, str(self.command), command, *pages],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )

    def build(self, command: str = "html", *pages: str, **environment: str) -> Build:
        """A build that is waited for."""
        return run_command(self.command, command, *pages, **environment)


def run_command(script: Path, *arguments: str, **environment: str) -> Build:
    """A command of some copy of the project, as a fork of a process that has imported Sphinx
    before."""
    with tempfile.NamedTemporaryFile() as printed:
        order = {
            "script": str(script),
            "arguments": arguments,
            "environment": {**os.environ, "JOBS": "1", **environment},
            "prints": printed.name,
        }
        code = prefork_server().carry_out(order)
        return Build(code, Path(printed.name).read_text(encoding="utf-8"))


class PreforkServer:
    """Builds small projects, see conf/commands/prefork.py; it ends with this process."""

    def __init__(self) -> None:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "conf" / "commands" / "prefork.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert process.stdin
        assert process.stdout
        self.process, self.orders, self.answers = process, process.stdin, process.stdout

    def carry_out(self, order: dict[str, Any]) -> int:
        self.orders.write(json.dumps(order) + "\n")
        return int(self.answers.readline())

    def end(self) -> None:
        self.orders.close()
        self.answers.close()
        self.process.wait()


@functools.cache
def prefork_server() -> PreforkServer:
    server = PreforkServer()
    atexit.register(server.end)
    return server


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


FILES = {
    "docs/index.md": """# Title

Some words.

```{toctree}
lessons/1_chapter/index
```
""",
    "examples/GALLERY_HEADER.rst": "All\n===\n",
    "examples/1_chapter/GALLERY_HEADER.rst": "One\n===\n",
    "examples/order.txt": "1_chapter/plot_one.py\n",
    "examples/1_chapter/plot_one.py": '''"""
One
===
Words.
"""

x = 1
print(f"{x = }")
''',
}


@pytest.fixture
def small_project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture(scope="session")
def built_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small project with a good site. Whoever changes its sources changes them back."""
    project = Project(tmp_path_factory.mktemp("built") / "project")
    build = project.build()
    assert build.returncode == 0, build.stdout
    return project
