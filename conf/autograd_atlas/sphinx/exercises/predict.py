"""The exercise ``predict`` asks what a program gives.

In the docstring of an example of sphinx-gallery, it may ask about the program that follows. The
page then holds back what that program prints, until it is answered or asked for.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx

from ...picture.labels import number_text
from ...picture.words import Words
from ..gallery import example_of, last_line
from .base import GRAMMAR, Asked, Exercise, exercise, page_words, skip


def parts(typed: str) -> list[str]:
    """The numbers and words of an answer."""
    found: list[str] = GRAMMAR.call("parts", typed)
    return found


def is_accepted(given: list[str], wanted: list[str]) -> bool:
    """Whether the parts of an answer are those that were wanted."""
    return bool(GRAMMAR.call("isAccepted", given, wanted))


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


def only_next(argument: str) -> str:
    if argument != "next":
        raise ValueError("write next, or a program of its own below the question")
    return argument


class Predict(Exercise):
    """``answer``: an expression that is evaluated after the program. ``program``: next, instead of
    a program of its own."""

    kind = "predict"
    says: ClassVar = {
        "right": "exercise-right", "empty": "exercise-empty", "number": "predict-number",
        "word": "predict-word", "count": "predict-count", "sign": "predict-sign",
        "order": "predict-order", "wrong": "predict-wrong",
    }  # fmt: skip
    option_spec: ClassVar = {
        "answer": directives.unchanged_required,
        "program": only_next,
    }

    def program(self, body: nodes.Element) -> nodes.literal_block | None:
        if "program" not in self.options:
            return super().program(body)
        if body.next_node(nodes.literal_block):
            raise self.refusal("its program is the next one; take out the one that it has here")
        return None

    def asked(self, code: str, typed: Sequence[str]) -> Asked:
        expression = self.option("answer", "x.grad")
        if "program" in self.options:
            value = self.ran(self.next_program(), value=expression, may_warn=True).value
        else:
            value = self.answer(code, value=expression).value
        wanted = exact(value)
        if not wanted or not is_accepted(parts(shown(value)), wanted):
            raise self.refusal(f"{value!r} cannot be typed; round or choose in {expression}")
        self.check_mistakes(
            typed,
            lambda each: is_accepted(parts(each), wanted),
            lambda each, before: is_accepted(parts(each), parts(before)),
        )
        return Asked(wanted, shown(value))

    def next_program(self) -> str:
        """The example up to the end of its first block of code."""
        from sphinx_gallery.py_source_parser import split_code_and_text_blocks

        found = example_of(self.env.app, self.env.docname)
        if found is None:
            raise self.refusal(":program: next stands only in the docstring of an example")
        _, (docstring, *blocks) = split_code_and_text_blocks(str(found[1]))
        if self.arguments[0].splitlines()[0] not in docstring.content:
            raise self.refusal(":program: next stands only in the docstring of an example")
        first = next((block for block in blocks if block.type == "code"), None)
        if first is None:
            raise self.refusal("there is no program in this example")
        lines = found[1].read_text(encoding="utf-8").splitlines(keepends=True)
        return "".join(lines[: last_line(first)])

    @staticmethod
    def title(node: exercise, say: Words) -> str:
        return say["exercise-first"] if node["first"] else Exercise.title(node, say)


class show_output(nodes.General, nodes.Element):
    """A button that shows what stands behind it."""


def hold_back_first_output(app: Sphinx, doctree: nodes.document) -> None:
    """Mark what the program after a first exercise prints, which pages with a script hold back, and
    put a button before it."""
    first = next((node for node in doctree.findall(exercise) if node["first"]), None)
    if first is None:
        return
    inside = set(map(id, first.findall(nodes.literal_block)))
    programs = 0
    for block in list(doctree.findall(nodes.literal_block)):
        if id(block) in inside:
            continue
        programs += block.get("language") == "Python"  # as sphinx-gallery spells it
        if programs == 1 and "sphx-glr-script-out" in block["classes"]:
            block["classes"].append("aa-first-output")
            block.parent.insert(block.parent.index(block), show_output())


def visit_button(self: Any, node: show_output) -> None:
    say = page_words(self)
    self.body.append(f'<button type="button" class="aa-show">{say["exercise-show"]}</button>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_node(show_output, html=(visit_button, None), text=(skip, None))
    app.connect("doctree-read", hold_back_first_output, priority=560)  # beside its program by then
