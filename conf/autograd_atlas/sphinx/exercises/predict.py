"""The exercise ``predict`` asks what a program gives."""

from collections.abc import Sequence
from typing import Any, ClassVar

from docutils.parsers.rst import directives

from ...picture.labels import number_text
from .base import GRAMMAR, Asked, Exercise


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


class Predict(Exercise):
    """``answer``: an expression that is evaluated after the program."""

    kind = "predict"
    says: ClassVar = {
        "right": "exercise-right", "empty": "exercise-empty", "number": "predict-number",
        "word": "predict-word", "count": "predict-count", "sign": "predict-sign",
        "order": "predict-order", "wrong": "predict-wrong",
    }  # fmt: skip
    option_spec: ClassVar = {"answer": directives.unchanged_required}

    def asked(self, code: str, typed: Sequence[str]) -> Asked:
        expression = self.option("answer", "x.grad")
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
