"""Exercises: the directive ``predict`` asks what a program gives, and the program itself answers.

Its answer is an expression, evaluated after the program through :mod:`autograd_atlas.run`, once for
both languages. The page's script compares with it what a reader types. The solution unfolds, and
is there without the script.
"""

import json
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .. import run
from ..picture.labels import number_text
from ..picture.words import Words, language_or_english, words
from .graphs import answer_to
from .node import Module

logger = logging.getLogger(__name__)

REPLIES = ("right", "empty", "number", "word", "count", "sign", "order", "wrong")


class exercise(nodes.General, nodes.Element):
    """Question and program, then a ``solution``. ``answer`` is the value that code gave, ``parts``
    is what a page compares with."""


class solution(nodes.General, nodes.Element):
    """Why the answer is what it is, and ``others``."""


class others(nodes.General, nodes.Element):
    """A list of other answers, with a reply to each."""


# -- Answers ----------------------------------------------------------------------------------

ANSWERS = Module(Path(__file__).with_name("answers.mjs"))  # as pages understand them


def parts(typed: str) -> list[str]:
    """The numbers and words of an answer."""
    found: list[str] = ANSWERS.call("parts", typed)
    return found


def is_accepted(given: list[str], wanted: list[str]) -> bool:
    """Whether the parts of an answer are those that were wanted."""
    return bool(ANSWERS.call("isAccepted", given, wanted))


def end_node(app: Sphinx, problem: Exception | None) -> None:
    ANSWERS.end()


def flat(value: Any) -> list[Any]:
    return [part for each in value for part in flat(each)] if isinstance(value, list) else [value]


def spelled(value: Any) -> list[str]:
    """What a value consists of, to the last digit.

    >>> spelled([3.0, [2.5, True], None]), spelled("AddBackward0")
    (['3', '2.5', 'True', 'None'], ['AddBackward0'])
    """
    plain = (int(v) if isinstance(v, float) and v.is_integer() else v for v in flat(value))
    return list(map(str, plain))


def exact(value: Any) -> list[str]:
    """A value as the parts that a page compares with."""
    return [part for text in spelled(value) for part in parts(text)]


def shown(value: Any) -> str:
    """An answer as a reader sees it.

    >>> shown([3.0]), shown([[1.0, 2.0], [3.0, 4.5]]), shown("AddBackward0"), shown(1 / 3)
    ('3', '[[1, 2], [3, 4.5]]', 'AddBackward0', '0.3333')
    """
    if isinstance(value, list) and len(value) == 1:
        return shown(value[0])
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    return number_text(value) if isinstance(value, int | float) else str(value)


# -- On pages ---------------------------------------------------------------------------------


class Refused(Exception):
    """What is wrong with an exercise, and the line of the page that says so."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class Predict(SphinxDirective):
    """``{predict}``: its argument is the question, its body a program, why, and a list of wrong
    answers. Each item of the list begins with an answer, as in ``- `6`: That is the value.``

    ``answer``: an expression that is evaluated after the program.
    """

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = {"answer": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        try:
            return [self.exercise()]
        except Refused as problem:
            where = (self.env.docname, problem.line)
            logger.warning("predict: %s", problem, location=where, type="predict")
            return []

    def exercise(self) -> exercise:
        if "answer" not in self.options:
            raise Refused(self.lineno, "say what the answer is, as in :answer: x.grad")
        body = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, body)
        programs = [node for node in body if isinstance(node, nodes.literal_block)]
        if len(programs) != 1:
            raise Refused(self.lineno, f"write one program; there are {len(programs)}")
        program = programs[0]
        if body[0] is not program:
            raise Refused(
                self.lineno, "begin with the program; what is given goes into the question"
            )
        answer = self.answer_of(program.astext() + "\n")
        lists = [node for node in body if isinstance(node, nodes.bullet_list)]
        if len(lists) > 1 or (lists and body[-1] is not lists[0]):
            raise Refused(self.lineno, "write one list of wrong answers, at the end")
        wanted = exact(answer)
        self.check_replies(lists[0] if lists else (), wanted)
        why = [node for node in body if node not in (program, *lists)]
        if not why:
            raise Refused(self.lineno, "say below the program why the answer is what it is")
        text = self.arguments[0]
        children, messages = self.state.inline_text(text, self.lineno)
        question = nodes.paragraph(text, "", *children, *messages)
        self.set_source_info(question)
        replies = [others("", *lists)] if lists else []
        after = solution("", *why, *replies)
        return exercise("", question, program, after, answer=answer, parts=wanted)

    def answer_of(self, code: str) -> Any:
        source = str(self.env.doc2path(self.env.docname, base=False))
        try:
            found = answer_to(self.env.app, code, [], file=source, value=self.options["answer"])
        except run.RunError as problem:
            line = self.line_in_program(code, problem.line) if problem.line else self.lineno
            raise Refused(line, problem.message) from None
        if found.printed:
            raise Refused(self.lineno, "the program prints; take out what gives its answer away")
        wanted = exact(found.value)
        if not wanted or not is_accepted(parts(shown(found.value)), wanted):
            asked = self.options["answer"]
            raise Refused(
                self.lineno, f"{found.value!r} cannot be typed; round or choose in {asked}"
            )
        return found.value

    def line_in_program(self, code: str, line: int) -> int:
        """A line of the program as a line of the page."""
        program = [text.strip() for text in code.rstrip().splitlines()]
        page = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8").splitlines()
        for at in range(self.lineno, len(page)):
            if [text.strip() for text in page[at : at + len(program)]] == program:
                return at + line
        return self.lineno

    def check_replies(self, items: Iterable[nodes.Node], answer: list[str]) -> None:
        replied: list[list[str]] = []
        for item in items:
            paragraph = item.children[0] if item.children else item
            first = paragraph.children[0] if paragraph.children else None
            rest = first.next_node(nodes.Text, descend=False, siblings=True) if first else None
            if not isinstance(first, nodes.literal) or not (rest or "").startswith(":"):
                begins = item.astext()[:30]
                message = f"begin with an answer and a colon, `6`: …, not {begins!r}"
                raise Refused(self.lineno, message)
            typed = first.astext()
            given = parts(typed)
            if is_accepted(given, answer):
                raise Refused(self.lineno, f"{typed} is the answer; take out the reply to it")
            if any(is_accepted(given, before) for before in replied):
                raise Refused(self.lineno, f"{typed} has two replies; take out one")
            replied.append(given)


def number_exercises(app: Sphinx, doctree: nodes.document) -> None:
    for number, node in enumerate(doctree.findall(exercise), 1):
        node["number"] = number


# -- In notebooks -----------------------------------------------------------------------------

# What sphinx-gallery 0.22.1 makes of one (rst2md and convert_code_to_md in its notebook.py): code
# blocks are Markdown, without their indentation; a directive that it does not know stays.
IN_NOTEBOOK = re.compile(
    r"^\.\. predict:: (?P<question>(?:[^\n]+\n)+?)   :answer: (?P<answer>[^\n]*)\n\s*"
    r"(?P<program>^```python\n.*?^```\n)(?P<why>(?:   [^\n]*\n|[ \t]*\n)*)",
    re.MULTILINE | re.DOTALL,
)


def in_notebook(text: str) -> str:
    """The Markdown that sphinx-gallery made of a lesson's text, with each exercise in it as
    Markdown too: what remains of the directive means nothing to a notebook."""

    def told(found: re.Match[str]) -> str:
        question = " ".join(found["question"].split())
        why = re.sub(r"^   ", "", found["why"], flags=re.MULTILINE).strip()
        return (
            f"**{question}**\n\n{found['program']}\n<details>\n<summary>Solution</summary>\n\n"
            f"Run the program, then `{found['answer']}`.\n\n{why}\n\n</details>\n\n"
        )

    return IN_NOTEBOOK.sub(told, f"{text}\n").rstrip("\n") if "predict::" in text else text


# -- Written ----------------------------------------------------------------------------------


def page_words(translator: Any) -> Words:
    """The words of the language in which a page is written."""
    return words(language_or_english(translator.config.language))


def visit_exercise(self: Any, node: exercise) -> None:
    title = page_words(self)["predict-title"].format(n=node["number"])
    self.body.append(
        f'<section class="aa-predict" id="predict-{node["number"]}">'
        f'<p class="aa-predict-title" id="predict-{node["number"]}-title">{title}</p>\n'
    )


def depart_exercise(self: Any, node: exercise) -> None:
    self.body.append("</section>\n")


def visit_solution(self: Any, node: solution) -> None:
    say = page_words(self)
    asked = node.parent
    name = f"predict-{asked['number']}"
    right = escape(json.dumps(asked["parts"], ensure_ascii=False))
    replies = {kind: say[f"predict-{kind}"] for kind in REPLIES}
    replies["right"] = replies["right"].format(answer=shown(asked["answer"]))
    said = escape(json.dumps(replies, ensure_ascii=False))
    self.body.append(
        f'<form hidden data-answer="{right}" data-say="{said}">'
        f'<label for="{name}-answer">{say["predict-field"]}</label> '
        f'<input id="{name}-answer" aria-describedby="{name}-title" autocomplete="off" '
        'autocapitalize="off" spellcheck="false"> '
        f"<button>{say['predict-check']}</button>"
        '<div class="aa-reply" role="status"></div></form>\n'
        f"<details><summary>{say['predict-solution']}</summary>\n"
        f"<p>{say['predict-answer']} "
        f'<code class="aa-answer">{escape(shown(asked["answer"]))}</code></p>\n'
    )


def depart_solution(self: Any, node: solution) -> None:
    self.body.append("</details>\n")


def visit_others(self: Any, node: others) -> None:
    title = page_words(self)["predict-others"]
    self.body.append(f'<div class="aa-others"><p>{title}</p>\n')


def depart_others(self: Any, node: others) -> None:
    self.body.append("</div>\n")


def skip(self: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


SCRIPT = Path(__file__).with_name("predict.min.js")  # see predict.js
STYLE = Path(__file__).with_name("predict.css")


def add_static_files(app: Sphinx, config: Config) -> None:
    config.html_static_path += [str(SCRIPT), str(STYLE)]


def add_files(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """On pages with exercises only."""
    if doctree is not None and doctree.next_node(exercise):
        app.add_css_file(STYLE.name)
        app.add_js_file(SCRIPT.name, loading_method="defer")


def setup(app: Sphinx) -> None:
    app.add_node(exercise, html=(visit_exercise, depart_exercise), text=(skip, None))
    app.add_node(solution, html=(visit_solution, depart_solution), text=(skip, None))
    app.add_node(others, html=(visit_others, depart_others), text=(skip, None))
    app.add_directive("predict", Predict)
    app.connect("doctree-read", number_exercises)
    app.connect("config-inited", add_static_files)
    app.connect("html-page-context", add_files)
    app.connect("build-finished", end_node)
