"""Every ``>>>`` on pages, in the text of lessons, and in our docstrings is run.

Fences, directives and comment signs are blanked and the whole file is read as one text,
so there is no place that could be skipped: not a plain Markdown fence, not a quotation.
"""

import ast
import doctest
import importlib
import re
from pathlib import Path

import pytest

from site_extension.reset import reset
from transcripts import difference

ROOT = Path(__file__).resolve().parents[1]


def prompts(text: str) -> int:
    """How often ``>>>`` stands in a text, but for where it is quoted as code."""
    return len(re.findall(">>>", re.sub(r"(`+)[^`\n]*\1", "", text)))


def page_text(source: str) -> str:
    """A Markdown or reST page, with the lines that open or close a fence blanked."""
    return re.sub(r"(?m)^\s*(```|~~~|:::).*$", "", source)


def lesson_text(source: str) -> str:
    """A lesson's text blocks: its docstring and its comments, with code blanked."""
    docstring = ast.parse(source).body[0]
    lines = source.splitlines()
    return "\n".join(
        line
        if docstring.lineno <= number <= docstring.end_lineno
        else re.sub(r"^# ?", "", line)
        if line.startswith("#")
        else ""
        for number, line in enumerate(lines, 1)
    )


def module_text(source: str) -> str:
    """A module's docstrings, with code blanked and quotation marks removed."""
    lines = source.splitlines()
    kept = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(
            node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        ) and ast.get_docstring(node):
            kept.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
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


class SameOutput(doctest.OutputChecker):
    """Compares as transcripts are compared."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return difference(got, want) is None


def examples_in(path: Path) -> doctest.DocTest | None:
    text = text_of(path)
    test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    return test if test.examples else None


def namespace_of(path: Path) -> dict[str, object]:
    """A module's examples know its names; a page's know what they import."""
    for root in (ROOT / "tests", ROOT / "conf" / "commands", ROOT / "conf"):
        if path in MODULES and path.is_relative_to(root):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            return dict(vars(importlib.import_module(name.removesuffix(".__init__"))))
    return {"__name__": "__main__"}


@pytest.mark.parametrize(
    "text",
    ["1. >>> 1 + 1\n", "| a | >>> 1 |\n", "> >>> 1\n", "words >>> 1\n", "```python\n>>> 1\n```"],
)
def test_a_prompt_is_seen_wherever_it_stands(text: str) -> None:
    assert prompts(page_text(text)) == 1


WITH_EXAMPLES = [path for path in PAGES + LESSONS + HEADERS + MODULES if prompts(text_of(path))]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_print_what_they_say(path: Path, terminal) -> None:
    test = examples_in(path)
    assert test, f"{path}: holds '>>>', but no example that can be run"
    for example in test.examples:
        where = f"{path.relative_to(ROOT)}:{example.lineno + 1}"
        assert doctest.SKIP not in example.options, f"{where}: a skipped example checks nothing"
    reset({}, None)
    test.globs = namespace_of(path)
    report: list[str] = []
    runner = doctest.DocTestRunner(checker=SameOutput(), verbose=False)
    runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)
    terminal(f"{path.relative_to(ROOT)}: {len(test.examples)} examples run")


@pytest.mark.parametrize("path", PAGES + LESSONS + HEADERS + MODULES, ids=lambda path: path.name)
def test_no_prompt_is_passed_over(path: Path) -> None:
    test = examples_in(path)
    found = prompts(text_of(path))
    assert found == (len(test.examples) if test else 0), (
        f"{path}: '>>>' stands there {found} times, and not each is an example; begin each "
        "with '>>> ' at the left edge or behind spaces, outside of lists and quotations"
    )


@pytest.mark.parametrize("path", PAGES + LESSONS, ids=lambda path: path.name)
def test_directives_hold_examples(path: Path) -> None:
    """``{doctest}`` without a prompt, and ``testcode``, would be shown and never run."""
    source = path.read_text(encoding="utf-8")
    for found in re.finditer(
        r"(?:```+|:::+)\{(\w+)\}.*\n((?:.*\n)*?)(?:```+|:::+)\s*$", source, re.M
    ):
        line = source.count("\n", 0, found.start()) + 1
        assert found[1] != "doctest" or ">>>" in found[2], f"{path}:{line}: no '>>>' in it"
        assert not found[1].startswith("test"), f"{path}:{line}: write a {{doctest}} block instead"
    assert not re.search(r"\.\. test(code|output|setup)::", source), path


def test_examples_are_found() -> None:
    """The page of tensor attributes promises an example for each."""
    assert {"tensor.md", "glossary.md", "outputs.py"} <= {path.name for path in WITH_EXAMPLES}
