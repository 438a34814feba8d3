"""Runs Sphinx once, says how far it is, and what went wrong in one place: the file and the line
that a person edits, without Sphinx's crash report. All that is printed goes into the log.
"""

import contextlib
import io
import os
import re
import sys
import traceback
from pathlib import Path
from typing import Any, ClassVar

from myst_nb.core.execute.base import ExecutionError
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import docutils_namespace, patch_docutils

from progress import ESCAPES, Progress, plain
from project import CONF, EXAMPLES, LANGUAGES, LOG, NAMES

sys.path.insert(0, str(CONF))
import site_extension  # noqa: F401 (before the languages part: both need it)

FAILED = 2  # the exit code of a build that failed and said why

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(---\n.*?^---\n)?(.*?)^```", re.MULTILINE | re.DOTALL)


def cells(page: Path) -> list[tuple[int, str]]:
    """The code cells of a page: the line at which each one's code begins, and the code."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, cell.start(2)) + 1, cell[2]) for cell in CELL.finditer(text)]


def cell_error(page: Path, problem: BaseException | None) -> str:
    """What a failed cell raised, with the page's line."""
    if isinstance(problem, CellTimeoutError):  # has only text (nbclient 0.11.0, exceptions.py:38)
        code = re.search(r"-{3,}\n(?:\[')?(.*?)(?:', '|\n-{3,})", str(problem), re.DOTALL)
        lines = [line for line, cell in cells(page) if code and cell.strip().startswith(code[1])]
        return f"{lines[0] if lines else 1}: this cell ran past its time limit; make it smaller"
    if isinstance(problem, CellExecutionError):
        inside = re.findall(r"Cell In\[(\d+)\], line (\d+)", ESCAPES.sub("", str(problem)))
        number, line = map(int, inside[-1] if inside else (1, 1))
        return f"{cells(page)[number - 1][0] + line - 1}: {problem.ename}: {problem.evalue}"
    return f"1: {problem}"


class Log(io.StringIO):
    """Writes into the log, as long as the disk has room for it, and keeps a copy."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            os.write(1, plain(text).encode("utf-8", "replace"))
        return super().write(plain(text))


class Status(Log):
    """Shows how far Sphinx is, from what it says of its doings."""

    # As Sphinx 9.0.4 writes them: builders/__init__.py, util/display.py, builders/linkcheck.py.
    BUILDER = re.compile(r"building \[(\w+)\]")
    STEP = re.compile(r"(\w+ \w+)\b.*\.\.\. \[ *(\d+)%\]")
    LINK = re.compile(r"\( *[\w/-]+: line +\d+\)")
    STAGES: ClassVar = {"reading sources": "reading pages,", "writing output": "writing pages,"}

    def __init__(self, progress: Progress, language: str) -> None:
        super().__init__()
        self.progress = progress
        self.language = NAMES[language]
        self.lessons = self.links = 0
        self.builder = ""  # "mo" first, which compiles catalogues, then the one that was asked for
        self.of_lessons = len(list(EXAMPLES.glob("*/plot_*.py")))

    def show(self, stage: str, detail: str) -> None:
        self.progress.show(f"{self.language}: {stage}", detail)

    def write(self, text: str) -> int:
        text = plain(text)
        step = self.STEP.search(text)
        if builder := self.BUILDER.search(text):
            self.builder = builder[1]
        elif self.builder == "mo":
            pass
        elif step and step[1] == "generating gallery":
            self.lessons += 1
            self.show("lessons", f"{self.lessons} of {self.of_lessons}")
        elif step and step[1] in self.STAGES:
            self.show(self.STAGES[step[1]], f"{step[2]} %")
        elif self.LINK.match(text):
            self.links += 1
            self.show("links asked:", f"{self.links}")
        return super().write(text)


def run(
    progress: Progress,
    work: Path,
    builder: str,
    language: str,
    out: Path,
    *,
    strict: bool,
    jobs: int,
    settings: dict[str, Any],
) -> int:
    """Build into ``out``, with a warning as an error if ``strict``; gives the exit code. From here
    on, all that this process prints goes into the log, and the person sees ``progress``."""
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    status, warnings = Status(progress, language), Log()
    status.write(f"\n== {language} ==\n")
    problem = ""
    code = FAILED
    try:
        with patch_docutils(str(CONF)), docutils_namespace():
            app = Sphinx(
                work / "src", CONF, out, work / "doctrees" / f"{builder}-{language}", builder,
                confoverrides={"language": LANGUAGES[language], **settings},
                status=status, warning=warnings, warningiserror=strict, parallel=jobs,
            )  # fmt: skip
            app.build()
            code = FAILED if app.statuscode else 0
    except ExecutionError as error:
        page = Path(str(error))
        name = page.relative_to(work / "src").as_posix()
        problem = f"A cell failed\ndocs/{name}:{cell_error(page, error.__cause__)}"
    except SphinxError as error:
        problem = f"{error.category}\n{error}"
    except Exception:
        problem = traceback.format_exc()
    status.write(problem)
    if known := f"{warnings.getvalue()}\n{problem}".strip():
        progress.complain(known)
    return code
