"""The exercise ``write``: a script with a hole, to download, and asserts that say whether what was
written there is right.

When a page is read, the script is run with its solution, which must pass, and with its hole, which
must fail as the exercise says.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.osutil import relative_uri

from ...picture.words import Words
from .base import Asked, Exercise, exercise, logger, page_words, skip
from .holes import split

# How a script fails, as a program that does not.
FAILING = """
try:
    exec(compile({script!r}, {file!r}, "exec"), {{"__name__": "__main__"}})
    failed = ""
except BaseException as problem:
    failed = f"{{type(problem).__name__}}: {{problem}}"
"""
FOLDER = "_downloads/exercises"
# In the metadata of a page: the names of the files that it offers, and the lines that say so.
FILES = "exercise-files"


class Write(Exercise):
    """``file``: the name of what is downloaded. ``fails``: how the last line of the traceback that
    the script with its hole gives begins."""

    kind = "write"
    mistakes = "write-mistakes"
    option_spec: ClassVar = {
        "file": directives.unchanged_required,
        "fails": directives.unchanged_required,
    }

    def asked(self, code: str, typed: Sequence[str]) -> Asked:
        name = self.option("file", "subtract_for_the_engine")
        fails = self.option("fails", "AssertionError")
        if not name.isidentifier():
            raise self.refusal(f":file: {name} is no name of a module; write letters, digits and _")
        script, written = split(code)
        if not written:
            raise self.refusal("put the solution between # <your code> and # </your code>")
        self.answer(code, value="None")
        failing = FAILING.format(script=script, file=f"{name}.py")
        failed = self.answer(failing, value="failed").value
        if not failed:
            raise self.refusal("with its hole, the script does not fail; add an assert")
        if not failed.removesuffix(": ").startswith(fails):
            raise self.refusal(
                f"with its hole, the script fails with {failed!r}; write it as :fails:"
            )
        self.check_mistakes(typed, lambda each: False, str.__eq__)
        self.env.metadata[self.env.docname].setdefault(FILES, []).append((name, self.lineno))
        return Asked({"file": name, "script": script.rstrip("\n") + "\n"})

    def shown(self, program: nodes.literal_block) -> list[nodes.Node]:
        return [self.block(split(program.astext() + "\n")[0].rstrip("\n"), program), offered()]

    def solved(self, program: nodes.literal_block) -> list[nodes.Node]:
        return [self.block(split(program.astext() + "\n")[1], program)]

    def block(self, code: str, program: nodes.literal_block) -> nodes.literal_block:
        block = nodes.literal_block(code, code, language=program.get("language", "python"))
        block.source, block.line = program.source, program.line
        return block

    @classmethod
    def fields(cls, node: exercise, name: str, say: Words) -> str:
        return ""


def check_files(app: Sphinx, env: BuildEnvironment) -> None:
    """Each name is that of one exercise: all pages offer files of one folder."""
    taken: dict[str, str] = {}
    for page in sorted(env.metadata):
        for name, line in env.metadata[page].get(FILES, ()):
            if name in taken:
                message = "write: %s is the file of an exercise on %s too; name another one"
                logger.warning(message, name, taken[name], location=(page, line), type="write")
            taken[name] = page


class offered(nodes.General, nodes.Element):
    """The links to the two files of a ``write`` exercise, which are written with the page."""


def plain_text(node: nodes.Node) -> str:
    """A question as text: in Markdown, but for what only a page can show."""
    if isinstance(node, nodes.literal):
        return f"`{node.astext()}`"
    if isinstance(node, nodes.math):
        return f"${node.astext()}$"
    if isinstance(node, nodes.Text):
        return node.astext()
    return "".join(map(plain_text, node.children))


def in_script(question: str, script: str) -> str:
    text = question.replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{fill(text, 88, break_long_words=False, break_on_hyphens=False)}\n"""\n\n{script}'


def in_notebook(question: str, script: str) -> str:
    def cell(kind: str, text: str, **more: Any) -> dict[str, Any]:
        lines = text.splitlines(keepends=True)
        return {"cell_type": kind, "metadata": {}, **more, "source": lines}

    code = cell("code", script.rstrip("\n"), execution_count=None, outputs=[])
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": [cell("markdown", question), code],
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def visit_offered(self: Any, node: offered) -> None:
    about, say = node.parent, page_words(self)
    asked = about["asked"]
    question = plain_text(about[0])
    files = {
        f"{asked['file']}.py": ("write-script", in_script(question, asked["script"])),
        f"{asked['file']}.ipynb": ("write-notebook", in_notebook(question, asked["script"])),
    }
    folder = Path(self.builder.outdir, FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    page = self.builder.get_target_uri(self.builder.current_docname)
    links = []
    for name, (key, text) in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        address = relative_uri(page, f"{FOLDER}/{name}")
        label = say[key].format(file=f"<code>{name}</code>")
        links.append(f'<a class="aa-download" href="{address}" download>{label}</a>')
    self.body.append(f'<p class="aa-offered">{" ".join(links)}</p>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.connect("env-check-consistency", check_files)
    app.add_node(offered, html=(visit_offered, None), text=(skip, None))
