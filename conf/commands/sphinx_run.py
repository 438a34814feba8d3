"""Runs Sphinx once, and says what went wrong in one place: the file and the line that a person
edits, without Sphinx's crash report.
"""

import re
import sys
import traceback
from pathlib import Path
from typing import Any

from myst_nb.core.execute.base import ExecutionError
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.console import disable_colour
from sphinx.util.docutils import docutils_namespace, patch_docutils

from project import CONF, LANGUAGES

sys.path.insert(0, str(CONF))
import site_extension  # noqa: E402, F401 (before the languages part: both need it)

ANSI = re.compile(r"\x1b\[[0-9;]*m")


CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(---\n.*?^---\n)?(.*?)^```", re.M | re.S)


def cells(page: Path) -> list[tuple[int, str]]:
    """The code cells of a page: the line at which each one's code begins, and the code."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, found.start(2)) + 1, found[2]) for found in CELL.finditer(text)]


def cell_error(page: Path, problem: BaseException | None) -> str:
    """What a failed cell raised, with the page's line."""
    if isinstance(problem, CellTimeoutError):  # has only text (nbclient 0.11.0, exceptions.py:38)
        shown = re.search(r"-{3,}\n(?:\[')?(.*?)(?:', '|\n-{3,})", str(problem), re.S)
        lines = [line for line, code in cells(page) if shown and code.strip().startswith(shown[1])]
        return f"{lines[0] if lines else 1}: this cell ran past its time limit; make it smaller"
    if isinstance(problem, CellExecutionError):
        inside = re.findall(r"Cell In\[(\d+)\], line (\d+)", ANSI.sub("", str(problem)))
        number, line = map(int, inside[-1] if inside else (1, 1))
        return f"{cells(page)[number - 1][0] + line - 1}: {problem.ename}: {problem.evalue}"
    return f"1: {problem}"


class Remembered:
    """Passes warnings on to standard error, and keeps them for the end."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def write(self, text: str) -> None:
        self.texts.append(text)
        sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


def run(
    work: Path,
    builder: str,
    language: str,
    out: Path,
    *,
    strict: bool,
    jobs: int,
    settings: dict[str, Any],
) -> int:
    """Build into ``out``, with a warning as an error if ``strict``; gives the exit code."""
    warnings = Remembered()
    if not sys.stdout.isatty():
        disable_colour()
    try:
        with patch_docutils(str(CONF)), docutils_namespace():
            app = Sphinx(
                work / "src", CONF, out, work / "doctrees" / f"{builder}-{language}", builder,
                confoverrides={"language": LANGUAGES[language], **settings},
                warning=warnings, warningiserror=strict, parallel=jobs,
            )  # fmt: skip
            app.build()
            if app.statuscode and warnings.texts:
                print("\nThe warnings once more:\n" + "".join(warnings.texts), file=sys.stderr)
            return app.statuscode
    except ExecutionError as problem:
        page = Path(str(problem))
        name = page.relative_to(work / "src").as_posix()
        print(
            f"\nA cell failed\ndocs/{name}:{cell_error(page, problem.__cause__)}", file=sys.stderr
        )
    except SphinxError as problem:
        print(f"\n{problem.category}\n{problem}", file=sys.stderr)
    except Exception:
        traceback.print_exc()
    return 2
