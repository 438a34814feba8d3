"""The exercise ``derive`` asks for a formula. Any form of it is right: the page compares what it
gives at random points.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from docutils.parsers.rst import directives

from ...picture.words import Words
from ..node import ScriptError
from .base import GRAMMAR, Asked, Exercise, exercise
from .predict import flat

NEAR = 1e-5  # relative: programs calculate in single precision


def interval(argument: str) -> tuple[float, float]:
    ends = [float(end) for end in argument.split(",")]
    if len(ends) != 2 or ends[0] >= ends[1]:
        raise ValueError("write two numbers, the lower one first, as in 0.1, 0.9")
    return ends[0], ends[1]


class Derive(Exercise):
    """``answer``: a formula. ``names``: what may be used in it. ``gives``: what the formula must
    equal after the program, at the values that the names have there. ``between``: where random
    points lie."""

    kind = "derive"
    says: ClassVar = {
        "right": "exercise-right", "empty": "derive-empty", "syntax": "derive-syntax",
        "name": "derive-name", "sign": "predict-sign", "wrong": "derive-wrong",
    }  # fmt: skip
    option_spec: ClassVar = {
        "answer": directives.unchanged_required,
        "names": directives.unchanged_required,
        "gives": directives.unchanged_required,
        "between": interval,
    }

    def asked(self, code: str, typed: Sequence[str]) -> Asked:
        answer = self.option("answer", "(a - y) * x")
        gives = self.option("gives", "w.grad")
        names = [name.strip() for name in self.option("names", "a, y, x").split(",")]
        wanted = {
            "answer": answer,
            "names": names,
            "between": self.options.get("between", (-2.0, 2.0)),
        }
        used = self.call("namesIn", answer, names)
        value, *values = self.answer(code, value=f"({', '.join([gives, *used])},)").value
        found = self.call("valuesOf", answer, dict(zip(used, map(flat, values), strict=True)))
        self.compare(answer, found, gives, flat(value))
        for each in [answer, *typed]:
            self.call("pointsOf", {**wanted, "answer": each})
        self.check_mistakes(
            typed,
            lambda each: self.call("replyToFormula", each, wanted) == "right",
            lambda each, before: (
                self.call("replyToFormula", each, {**wanted, "answer": before}) == "right"
            ),
        )
        return Asked(wanted, answer)

    @staticmethod
    def label(node: exercise, say: Words) -> str:
        names = ", ".join(f"<code>{name}</code>" for name in node["asked"]["names"])
        return say["derive-field"].format(names=names)

    def call(self, function: str, *arguments: Any) -> Any:
        try:
            return GRAMMAR.call(function, *arguments)
        except ScriptError as problem:
            raise self.refusal(str(problem)) from None

    def compare(self, answer: str, found: list[float], gives: str, wanted: list[Any]) -> None:
        if any(isinstance(each, bool | str | None) for each in wanted):
            raise self.refusal(f"{gives} is no number, and no tensor of numbers: {wanted}")
        if len(found) == 1:
            found = found * len(wanted)
        if len(found) != len(wanted) or not all(
            given is not None and math.isclose(given, each, rel_tol=NEAR, abs_tol=NEAR * NEAR)
            for given, each in zip(found, wanted, strict=True)
        ):
            raise self.refusal(f"{answer} is {found}, but {gives} is {wanted}")
