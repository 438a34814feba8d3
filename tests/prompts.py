"""Every text of ours in which ``>>>`` can stand: pages, the text of lessons, and docstrings.

Fences, directives and comment signs are blanked and the whole file is read as one text,
so there is no place that could be skipped: not a plain Markdown fence, not a quotation.
"""

import ast
import doctest
import re
from pathlib import Path

from lint import lesson_text

ROOT = Path(__file__).resolve().parents[1]


def prompts(text: str) -> int:
    """How often ``>>>`` stands in a text, but for where it is quoted as code."""
    return len(re.findall(">>>", re.sub(r"(`+)[^`\n]*\1", "", text)))


def page_text(source: str) -> str:
    """A Markdown or reST page, with the lines that open or close a fence blanked."""
    return re.sub(r"(?m)^\s*(```|~~~|:::).*$", "", source)


def module_text(source: str) -> str:
    """A module's docstrings, with code blanked and quotation marks removed."""
    lines = source.splitlines()
    kept: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(
            node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        ) and ast.get_docstring(node):
            docstring = node.body[0]
            kept.update(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    text = "\n".join(line if number in kept else "" for number, line in enumerate(lines, 1))
    return re.sub(r"""r?(\"{3}|'{3})""", "", text)


PAGES = sorted(path for suffix in ("md", "rst") for path in (ROOT / "docs").rglob(f"*.{suffix}"))
LESSONS = sorted((ROOT / "examples").rglob("*.py"))
HEADERS = sorted((ROOT / "examples").rglob("*.rst"))
MODULES = [*sorted((ROOT / "conf").rglob("*.py")), *sorted((ROOT / "tests").glob("*.py"))]


def text_of(path: Path) -> str:
    source = path.read_text(encoding="utf-8")
    if path in LESSONS:
        return lesson_text(source)
    return module_text(source) if path in MODULES else page_text(source)


def examples_in(path: Path) -> doctest.DocTest | None:
    text = text_of(path)
    test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    return test if test.examples else None
