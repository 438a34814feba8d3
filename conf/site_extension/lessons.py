"""Keeps lessons honest while sphinx-gallery runs them: each is listed, says nothing that
sphinx-gallery would silently ignore, ends in time, raises nothing and warns of nothing
unexpected. Whatever is wrong is said at once, with file and line.
"""

import difflib
import faulthandler
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from autograd_atlas.sphinx.comments import COMMENT, line_of, quoted
from autograd_atlas.sphinx.gallery import LessonError

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ORDER = EXAMPLES / "order.txt"

# What a lesson may say to sphinx-gallery in a comment "# sphinx_gallery_NAME …"; "warns",
# "graph" and "plot" are ours.
OPTIONS = {
    "thumbnail_number", "thumbnail_path", "defer_figures", "multi_image", "multi_image_block",
    "line_numbers", "start_ignore", "end_ignore", "warns", "graph",
    "plot",
}  # fmt: skip
WARNING = re.compile(r"^.*?([^/\n]+):(\d+): (\w*Warning): (.*)$", re.MULTILINE)


class OutlineOrder:
    """Sorts a chapter's lessons as ``examples/order.txt`` lists them."""

    def __init__(self, chapter: str) -> None:
        self.chapter = Path(chapter).name
        self.listed = ORDER.read_text(encoding="utf-8").split()

    def __call__(self, lesson: str) -> int:
        return self.listed.index(f"{self.chapter}/{Path(lesson).name}")


def lesson_files() -> list[Path]:
    return sorted(EXAMPLES.glob("*/plot_*.py"))


def mistakes_in_order() -> Iterator[str]:
    listed = ORDER.read_text(encoding="utf-8").split()
    names = [path.relative_to(EXAMPLES).as_posix() for path in lesson_files()]
    for name in names:
        if name not in listed:
            yield f"examples/{name}:1: is not in examples/order.txt; add it where it belongs"
    for number, name in enumerate(listed, 1):
        if name not in names:
            yield f"examples/order.txt:{number}: there is no lesson {name}"


def mistakes_in_options(lesson: Path) -> Iterator[str]:
    name = lesson.relative_to(EXAMPLES.parent)
    content = lesson.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        yield f"{name}:{line}: not UTF-8; save the file in that encoding"
        return
    # sphinx-gallery takes any name (sphinx-gallery 0.22.1, py_source_parser.py:156).
    for found in COMMENT.finditer(text):
        option, rest = found.groups()
        where = f"{name}:{line_of(text, found.start())}"
        if option not in OPTIONS:
            near = difflib.get_close_matches(option, OPTIONS, 1) or sorted(OPTIONS)
            known = " or ".join(f"sphinx_gallery_{each}" for each in near)
            yield f"{where}: sphinx_gallery_{option} is unknown; write {known}"
        elif rest and not rest.startswith("="):
            yield f"{where}: write # sphinx_gallery_{option} = value, with '='"
        elif option == "warns" and not quoted(rest):
            form = '# sphinx_gallery_warns = "UserWarning: the beginning of the message"'
            yield f"{where}: write {form}"
        elif option == "plot" and not quoted(rest):
            yield f'{where}: write # sphinx_gallery_plot = "what can be seen in it"'


def check_before(app: Sphinx) -> None:
    found = list(mistakes_in_order())
    for lesson in lesson_files():
        found += mistakes_in_options(lesson)
    if found:
        raise LessonError("\n".join(found))
    mark(app, "gallery-started")


def mark(app: Sphinx, name: str) -> None:
    """Leave a mark for the build command, which sees by it whether the gallery was cut short."""
    (Path(app.srcdir).parent / name).touch()


class OutOfTime(Exception):
    """Raised inside a lesson that runs past its limit."""


class Clock:
    """The time limit of the lesson that is running, and the lessons that ran past theirs."""

    seconds: float = 60
    lesson: str | None = None
    late: ClassVar[set[str]] = set()


def limit_time(gallery_conf: dict[str, Any], fname: str | None, when: str) -> None:
    """A reset hook for sphinx-gallery: starts the clock before a lesson, and stops it after.

    A lesson that catches the exception is interrupted again, and reported all the same; one
    that hangs in a call that cannot be interrupted ends the build.
    """
    # A lesson's file name is unique: sphinx-gallery sees to it.
    Clock.lesson = Path(fname).name if fname is not None and when == "before" else None
    running = Clock.lesson is not None
    signal.setitimer(signal.ITIMER_REAL, Clock.seconds if running else 0, 1)
    if running:
        faulthandler.dump_traceback_later(Clock.seconds + 10, exit=True)
    else:
        faulthandler.cancel_dump_traceback_later()


def out_of_time(number: int, frame: object) -> None:
    if Clock.lesson:
        Clock.late.add(Clock.lesson)
        raise OutOfTime(f"a lesson may run for {Clock.seconds} seconds; make it smaller")


def set_time_limit(app: Sphinx, config: Config) -> None:
    Clock.seconds = config.autograd_graph_seconds
    Clock.late.clear()
    signal.signal(signal.SIGALRM, out_of_time)


def failure(lesson: Path, report: str) -> str:
    """One line for a traceback: the lesson's line that it went through last, and the message."""
    lines = re.findall(rf'File ".*{re.escape(lesson.name)}", line (\d+)', report) or ["1"]
    message = re.sub(r"^[\w.]+\.(?=\w+:)", "", report.strip().splitlines()[-1].strip())
    return f"{lesson.relative_to(EXAMPLES.parent)}:{lines[-1]}: {message}"


def warnings_in(lesson: Path, page: Path) -> Iterator[str]:
    """Warnings that a lesson has printed and not announced, or announced and not printed."""
    source = lesson.read_text(encoding="utf-8")
    expected = {
        quoted(found[2]) or "": line_of(source, found.start())
        for found in COMMENT.finditer(source)
        if found[1] == "warns"
    }
    outputs = re.findall(
        r"^ \.\. code-block:: none\n((?:\n|    .*\n)*)", page.read_text("utf-8"), re.MULTILINE
    )
    unseen = dict(expected)
    for file, line, kind, message in WARNING.findall("\n".join(outputs)):
        matching = [text for text in expected if f"{kind}: {message}".startswith(text)]
        for text in matching:
            unseen.pop(text, None)
        if not matching:
            where = f"{lesson.relative_to(EXAMPLES.parent)}:{line if file == lesson.name else 1}"
            yield (
                f"{where}: {kind}: {message}\n  mend it, or announce it in that block: "
                f'# sphinx_gallery_warns = "{kind}: …"'
            )
    for text, line in unseen.items():
        yield f"{lesson.relative_to(EXAMPLES.parent)}:{line}: no such warning came: {text}"


def check_after(app: Sphinx) -> None:
    """Report every lesson that failed or warned, and forget its page, so that it is run again."""
    found, failed = [], []
    reports = app.config.sphinx_gallery_conf["failing_examples"]
    chosen = re.compile(app.config.sphinx_gallery_conf["filename_pattern"])
    for lesson in filter(lambda path: chosen.search(str(path)), lesson_files()):
        page = Path(app.srcdir, "lessons", lesson.relative_to(EXAMPLES)).with_suffix(".rst")
        problems = []
        if report := reports.get(str(lesson)):
            problems.append(failure(lesson, report))
        elif lesson.name in Clock.late:
            name = lesson.relative_to(EXAMPLES.parent)
            problems.append(f"{name}:1: ran past {Clock.seconds} seconds, and caught OutOfTime")
        elif page.exists():
            problems += warnings_in(lesson, page)
        if problems:
            found += problems
            failed.append(page)
    for page in failed:
        for made in page.parent.glob(f"{page.stem}.*"):
            made.unlink()
    if unknown := set(reports) - {str(lesson) for lesson in lesson_files()}:
        raise ExtensionError(f"sphinx-gallery names lessons that we do not know: {unknown}")
    mark(app, "gallery-finished")
    if found:
        raise LessonError("\n".join(found))


def setup(app: Sphinx) -> None:
    app.connect("config-inited", set_time_limit)
    app.connect("builder-inited", check_before, priority=100)  # sphinx-gallery's own is at 500
    app.connect("builder-inited", check_after, priority=900)
