"""The exercise ``find`` asks for a line of the program, or for a box of the picture of its graph.

What is wrong with a line is proved when the page is read: with it, something does not hold, and
with another line in its place, it does.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx

from ...picture.words import Words
from ...run import Answer, RunError
from ..graphs import answer_to
from .base import Asked, exercise, page_words, skip
from .pictured import Pictured, places


class instead(nodes.General, nodes.Element):
    """The line that should stand there; empty if none should."""


class Find(Pictured):
    """``answer``: ``line 4``, or a box of ``graph``: the name of a tensor, or ``op`` and the name
    of what an operation gives. ``holds``: an expression that is true after the program; of a line,
    only if there is another one ``instead``."""

    kind = "find"
    says: ClassVar = {
        "right": "exercise-right", "line": "find-line", "tensor": "find-tensor",
        "operation": "find-operation", "empty": "find-empty", "wrong": "find-wrong",
    }  # fmt: skip
    option_spec: ClassVar = {
        "answer": directives.unchanged_required,
        "graph": directives.unchanged_required,
        "holds": directives.unchanged_required,
        "instead": directives.unchanged_required,
    }

    def asked(self, code: str, typed: Sequence[str]) -> Asked:
        answer = self.option("answer", "line 4")
        holds = self.option("holds", "x.grad is not None")
        if "graph" in self.options:
            return self.asked_box(code, answer, holds, typed)
        return self.asked_line(code, answer, holds, typed)

    def asked_line(self, code: str, answer: str, holds: str, typed: Sequence[str]) -> Asked:
        lines = code.splitlines()
        known = [f"line {number}" for number, line in enumerate(lines, 1) if line.strip()]
        self.check_known([answer, *typed], known, answer)
        place = int(answer.removeprefix("line ")) - 1
        line = lines[place]
        other = self.option("instead", "pass")
        mended = line[: len(line) - len(line.lstrip())] + other
        if self.value(code, holds) is True:
            raise self.refusal(f"{holds} is True with {answer} as it is")
        found = self.value("\n".join([*lines[:place], mended, *lines[place + 1 :], ""]), holds)
        if found is not True:
            raise self.refusal(f"{holds} is {found} with {answer} as {other}; it should be True")
        return Asked({"answer": answer, "lines": known}, f"{place + 1}: {line.strip()}")

    def asked_box(self, code: str, answer: str, holds: str, typed: Sequence[str]) -> Asked:
        if "instead" in self.options:
            raise self.refusal("a box is not changed; take out :instead:")
        self.record(code)
        found = places(self.graph, self.drawn())
        named = [place.typed for place in found]
        self.check_known([answer, *typed], named, answer)
        if named.count(answer) > 1:
            raise self.refusal(
                f"there are {named.count(answer)} boxes {answer}; ask for another one"
            )
        if (value := self.value(code, holds)) is not True:
            raise self.refusal(f"{holds} is {value}; it should be True")
        place = found[named.index(answer)]
        return Asked({"answer": answer}, f"{place.symbol} → {place.name}".removeprefix(" → "))

    def check_known(self, said: Sequence[str], known: Sequence[str], answer: str) -> None:
        """The answer and all mistakes are there to be pointed at. Raises Refused."""
        for each in said:
            if each not in known:
                some = ", ".join(known[:12])
                raise self.refusal(f"there is no {each!r} to point at; there is {some}")
        self.check_mistakes(said[1:], answer.__eq__, str.__eq__)

    def value(self, code: str, holds: str) -> Any:
        """What an expression is after the program, or what the program raises."""
        source = str(self.env.doc2path(self.env.docname, base=False))
        try:
            found: Answer = answer_to(self.env.app, code, [], file=source, value=holds)
        except RunError as problem:
            return problem.message
        if found.printed:
            raise self.refusal("the program prints; take out what gives its answer away")
        return found.value

    def shown(self, program: nodes.literal_block) -> list[nodes.Node]:
        return super().shown(program) if "graph" in self.options else [program]

    def solved(self, program: nodes.literal_block) -> list[nodes.Node]:
        if "graph" in self.options:
            return super().solved(program)
        line = self.options["instead"]
        block = nodes.literal_block(line, line, language="python")
        block.source, block.line = program.source, program.line
        return [instead("", *([] if line == "pass" else [block]))]

    @classmethod
    def fields(cls, node: exercise, name: str, say: Words) -> str:
        return f"<button>{say['exercise-check']}</button>"


def visit_instead(self: Any, node: instead) -> None:
    say = page_words(self)["find-instead" if node.children else "find-without"]
    self.body.append(f"<p>{say}</p>\n")


def depart_instead(self: Any, node: instead) -> None:
    pass


def setup(app: Sphinx) -> None:
    app.add_node(instead, html=(visit_instead, depart_instead), text=(skip, None))
