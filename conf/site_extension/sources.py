"""Makes Sphinx's warnings name the file that a person edits.

Sphinx reads staged copies of the pages, and reST that sphinx-gallery made from the
lessons. A location there is led back to ``docs/…`` or ``examples/….py``.
"""

import logging
import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]


def lesson_line(page: Path, line: int, script: Path) -> int | None:
    """The line of the lesson's script that made ``line`` of its generated page.

    sphinx-gallery notes the script's line range before each block, whose text follows after
    an empty line. Only the docstring, at the top, goes without: there the text is looked up.
    """
    text = page.read_text(encoding="utf-8").splitlines()[:line]
    for back, content in enumerate(reversed(text)):
        if found := re.match(r"\.\. GENERATED FROM PYTHON SOURCE LINES (\d+)-(\d+)", content):
            first, last = map(int, found.groups())
            return min(first + max(back - 2, 0), last)
    lines = script.read_text(encoding="utf-8").splitlines()
    return lines.index(text[-1]) + 1 if text[-1] in lines else None


def original(location: str, staged: Path) -> str:
    """``location`` (``path`` or ``path:line``) with the original file's path from the root."""
    path, colon, line = location.partition(":")
    try:
        name = Path(path).resolve().relative_to(staged)
    except ValueError:
        return location
    if name.parts[0] != "lessons":
        return f"docs/{name.as_posix()}{colon}{line}"
    script = Path("examples", *name.parts[1:]).with_suffix(".py")
    if name.name == "index.rst":
        return (script.with_name("GALLERY_HEADER.rst")).as_posix()
    number = re.match(r"\d+", line)
    page = staged / name
    source = number and page.exists() and lesson_line(page, int(number[0]), ROOT / script)
    return f"{script.as_posix()}:{source}" if source else script.as_posix()


class NameOriginals(logging.Filter):
    def __init__(self, staged: Path) -> None:
        super().__init__()
        self.staged = staged.resolve()

    def filter(self, record: logging.LogRecord) -> bool:
        location = getattr(record, "location", None)
        if isinstance(location, str):
            record.location = original(location, self.staged)
        return True


def setup(app: Sphinx) -> None:
    # Behind the filters that turn a node or a docname into "path:line".
    for handler in logging.getLogger("sphinx").handlers:
        if handler.level >= logging.WARNING:
            handler.addFilter(NameOriginals(Path(app.srcdir)))
