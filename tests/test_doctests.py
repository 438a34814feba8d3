"""Every ``>>>`` on pages, in the text of lessons, and in our docstrings is run."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

from prompts import (
    HEADERS,
    LESSONS,
    MODULES,
    PAGES,
    ROOT,
    examples_in,
    page_text,
    prompts,
    text_of,
)
from site_extension.reset import reset
from transcripts import difference


class SameOutput(doctest.OutputChecker):
    """Compares as transcripts are compared; a message of an error may be cut short with "…"."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        begun = re.fullmatch(r"(\w+Error: .+) …\n", want)
        return got.startswith(begun[1]) if begun else difference(got, want) is None


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
        r"(?:```+|:::+)\{(\w+)\}.*\n((?:.*\n)*?)(?:```+|:::+)\s*$", source, re.MULTILINE
    ):
        line = source.count("\n", 0, found.start()) + 1
        assert found[1] != "doctest" or ">>>" in found[2], f"{path}:{line}: no '>>>' in it"
        assert not found[1].startswith("test"), f"{path}:{line}: write a {{doctest}} block instead"
    assert not re.search(r"\.\. test(code|output|setup)::", source), path


def test_examples_are_found() -> None:
    """The page of tensor attributes promises an example for each."""
    assert {"tensor.md", "cheatsheet.md", "outputs.py"} <= {path.name for path in WITH_EXAMPLES}
