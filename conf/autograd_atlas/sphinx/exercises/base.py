"""What all kinds of exercises share: a question, a program, a solution that unfolds, and replies to
typical mistakes.

A program is run through :mod:`autograd_atlas.run`, once for both languages. What is wrong with an
exercise is told with file and line. Without the page's script, question and solution stand there.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from ...picture.words import Words, language_or_english, words
from ...run import Answer, Request, RunError
from ..graphs import answer_to
from ..node import Module
from .fold import fold

logger = logging.getLogger(__name__)

# What pages understand of what is typed, for the build.
GRAMMAR = Module(Path(__file__).with_name("grammar.mjs"))


class exercise(nodes.General, nodes.Element):
    """Question, what is shown, and a ``solution``. ``kind`` is the directive's name, ``asked`` what
    the page's script needs, ``answer`` what the solution says first; a ``first`` one has no
    number."""


class solution(nodes.General, nodes.Element):
    """Why the answer is what it is, and ``others``."""


class others(nodes.General, nodes.Element):
    """A list of typical mistakes, with a reply to each."""


class Refused(Exception):
    """What is wrong with an exercise, and the line of the page that says so."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Asked:
    """``page`` is what the kind's function in the browser is given, in JSON; ``answer`` is what the
    solution says first, if it fits into a line."""

    page: Any
    answer: str = ""


# -- Read -------------------------------------------------------------------------------------


class Exercise(SphinxDirective):
    """Its argument is the question, its body a program, why, and a list of mistakes, each as in
    ``- `6`: That is the value.``

    A kind says in :meth:`asked` what is asked. It may show something else than the program
    (:meth:`shown`), add to the solution (:meth:`solved`), and have fields of its own
    (:meth:`fields`).
    """

    kind: ClassVar[str]  # the name of the directive, and of the function in the browser
    says: ClassVar[dict[str, str]] = {}  # names of replies, and the keys of their words
    mistakes: ClassVar[str] = "exercise-others"  # the key of what stands above the list

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def asked(self, code: str, typed: Sequence[str]) -> Asked:
        """What is asked about the program; ``typed`` are the mistakes. Raises Refused."""
        raise NotImplementedError

    def shown(self, program: nodes.literal_block) -> list[nodes.Node]:
        """What stands below the question."""
        return [program]

    def solved(self, program: nodes.literal_block) -> list[nodes.Node]:
        """What stands in the solution before it says why."""
        return []

    @staticmethod
    def title(node: exercise, say: Words) -> str:
        return say[f"exercise-{node['kind']}"].format(n=node["number"])

    @staticmethod
    def label(node: exercise, say: Words) -> str:
        """What stands before the field, in HTML."""
        return say["exercise-field"]

    @classmethod
    def fields(cls, node: exercise, name: str, say: Words) -> str:
        """What the page's form holds, in HTML, if it has one; ``name`` begins its ids."""
        return (
            f'<label for="{name}-answer">{cls.label(node, say)}</label> '
            f'<input id="{name}-answer" aria-describedby="{name}-title" autocomplete="off" '
            'autocapitalize="off" spellcheck="false"> '
            f"<button>{say['exercise-check']}</button>"
        )

    def run(self) -> list[nodes.Node]:
        try:
            return [self.exercise()]
        except Refused as problem:
            where = (self.env.docname, problem.line)
            logger.warning("%s: %s", self.kind, problem, location=where, type=self.kind)
            return []

    def exercise(self) -> exercise:
        body = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, body)
        program = self.program(body)
        lists = [node for node in body if isinstance(node, nodes.bullet_list)]
        if len(lists) > 1 or (lists and body[-1] is not lists[0]):
            raise self.refusal("write one list of mistakes, at the end")
        typed = [self.typed(item) for item in lists[0]] if lists else []
        asked = self.asked(f"{program.astext()}\n" if program else "", typed)
        why = [node for node in body if node not in (program, *lists)]
        if not why:
            raise self.refusal("say below the program why the answer is what it is")
        text = self.arguments[0]
        children, messages = self.state.inline_text(text, self.lineno)
        question = nodes.paragraph(text, "", *children, *messages)
        self.set_source_info(question)
        replies = [others("", *lists)] if lists else []
        after = solution("", *(self.solved(program) if program else ()), *why, *replies)
        return exercise(
            "", question, *(self.shown(program) if program else ()), after,
            kind=self.kind, asked=asked.page, answer=asked.answer, first=program is None,
        )  # fmt: skip

    def program(self, body: nodes.Element) -> nodes.literal_block | None:
        """The program; None if it stands elsewhere."""
        programs = [node for node in body if isinstance(node, nodes.literal_block)]
        if len(programs) != 1:
            raise self.refusal(f"write one program; there are {len(programs)}")
        if body[0] is not programs[0]:
            raise self.refusal("begin with the program; what is given goes into the question")
        return programs[0]

    def option(self, name: str, example: str) -> str:
        """An option that cannot be left out."""
        if name not in self.options:
            raise self.refusal(f"write :{name}: too, as in :{name}: {example}")
        text: str = self.options[name]
        return text

    def refusal(self, message: str) -> Refused:
        return Refused(self.lineno, message)

    def answer(self, code: str, requests: Sequence[Request] = (), **options: Any) -> Answer:
        """What a program gives that must not print; ``options`` as for ``run.run``."""
        found = self.ran(code, requests, **options)
        if found.printed:
            raise self.refusal("the program prints; take out what gives its answer away")
        return found

    def ran(self, code: str, requests: Sequence[Request] = (), **options: Any) -> Answer:
        source = str(self.env.doc2path(self.env.docname, base=False))
        try:
            return answer_to(self.env.app, code, list(requests), file=source, **options)
        except RunError as problem:
            line = self.line_in_program(code, problem.line) if problem.line else self.lineno
            raise Refused(line, problem.message) from None

    def line_in_program(self, code: str, line: int) -> int:
        """A line of the program as a line of the page."""
        program = [text.strip() for text in code.rstrip().splitlines()]
        page = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8").splitlines()
        for at in range(self.lineno, len(page)):
            if [text.strip() for text in page[at : at + len(program)]] == program:
                return at + line
        return self.lineno

    def typed(self, item: nodes.Node) -> str:
        """What somebody types, of an item of the list of mistakes."""
        paragraph = item.children[0] if item.children else item
        first = paragraph.children[0] if paragraph.children else None
        rest = first.next_node(nodes.Text, descend=False, siblings=True) if first else None
        if not isinstance(first, nodes.literal) or not (rest or "").startswith(":"):
            begins = item.astext()[:30]
            raise self.refusal(f"begin with an answer and a colon, `6`: …, not {begins!r}")
        return first.astext()

    def check_mistakes(
        self,
        typed: Sequence[str],
        is_answer: Callable[[str], bool],
        is_same: Callable[[str, str], bool],
    ) -> None:
        """None is the answer, and none has two replies. Raises Refused."""
        for place, each in enumerate(typed):
            if is_answer(each):
                raise self.refusal(f"{each} is the answer; take out the reply to it")
            if any(is_same(each, before) for before in typed[:place]):
                raise self.refusal(f"{each} has two replies; take out one")


def number_exercises(app: Sphinx, doctree: nodes.document) -> None:
    numbered = (node for node in doctree.findall(exercise) if not node["first"])
    for number, node in enumerate(numbered, 1):
        node["number"] = number


# -- Written ----------------------------------------------------------------------------------

KINDS: dict[str, type[Exercise]] = {}


def page_words(translator: Any) -> Words:
    """The words of the language in which a page is written."""
    return words(language_or_english(translator.config.language))


def name_of(node: exercise) -> str:
    """Its id on the page."""
    return "exercise-first" if node["first"] else f"exercise-{node['number']}"


def visit_exercise(self: Any, node: exercise) -> None:
    name = name_of(node)
    title = KINDS[node["kind"]].title(node, page_words(self))
    self.body.append(
        f'<section class="aa-exercise aa-{node["kind"]}" id="{name}">'
        f'<p class="aa-exercise-title" id="{name}-title">{title}</p>\n'
    )


def depart_exercise(self: Any, node: exercise) -> None:
    self.body.append("</section>\n")


def in_json(value: Any) -> str:
    return escape(json.dumps(value, ensure_ascii=False))


def visit_solution(self: Any, node: solution) -> None:
    say = page_words(self)
    about: Any = node.parent
    kind = KINDS[about["kind"]]
    answer = about["answer"]
    replies = {name: say[key] for name, key in kind.says.items()}
    if "right" in replies:
        replies["right"] = replies["right"].format(answer=answer)
    if fields := kind.fields(about, name_of(about), say):
        self.body.append(
            f'<form data-kind="{kind.kind}" data-asked="{in_json(about["asked"])}" '
            f'data-say="{in_json(replies)}">{fields}'
            '<div class="aa-reply" role="status"></div></form>\n'
        )
    self.body.append(f"<details><summary>{say['exercise-solution']}</summary>\n")
    if answer:
        code = f'<code class="aa-answer">{escape(answer)}</code>'
        self.body.append(f"<p>{say['exercise-answer'].format(answer=code)}</p>\n")


def depart_solution(self: Any, node: solution) -> None:
    self.body.append("</details>\n")


def visit_others(self: Any, node: others) -> None:
    title = page_words(self)[KINDS[node.parent.parent["kind"]].mistakes]
    self.body.append(f'<div class="aa-others"><p>{title}</p>\n')


def depart_others(self: Any, node: others) -> None:
    self.body.append("</div>\n")


def skip(self: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


SCRIPT = Path(__file__).with_name("exercises.min.js")  # see exercises.js
STYLE = Path(__file__).with_name("exercises.css")


def add_static_files(app: Sphinx, config: Config) -> None:
    config.html_static_path += [str(SCRIPT), str(STYLE)]


def add_files(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """On pages with exercises only, or with what is folded."""
    if doctree is not None and (doctree.next_node(exercise) or doctree.next_node(fold)):
        app.add_css_file(STYLE.name)
        app.add_js_file(SCRIPT.name, loading_method="defer")


def end_node(app: Sphinx, problem: Exception | None) -> None:
    GRAMMAR.end()


def add_kind(app: Sphinx, kind: type[Exercise]) -> None:
    KINDS[kind.kind] = kind
    app.add_directive(kind.kind, kind)


def setup(app: Sphinx) -> None:
    app.add_node(exercise, html=(visit_exercise, depart_exercise), text=(skip, None))
    app.add_node(solution, html=(visit_solution, depart_solution), text=(skip, None))
    app.add_node(others, html=(visit_others, depart_others), text=(skip, None))
    app.connect("doctree-read", number_exercises)
    app.connect("config-inited", add_static_files)
    app.connect("html-page-context", add_files)
    app.connect("build-finished", end_node)
