"""Exercises: each answer comes from a run, is taken when a reader types it, and each other answer
that the author thought of gets its reply."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

import pages
from autograd_atlas.sphinx.exercises.notebook import in_notebook
from conftest import page_names, run_command

TYPED = ".aa-predict, .aa-derive"  # into one field


def exercises(
    site: Path, language: str = "en", kinds: str = ".aa-exercise"
) -> Iterator[tuple[str, list[pages.Element]]]:
    """Pages with exercises."""
    for name in page_names(site, language):
        if asked := pages.select(pages.page(site / language / name), kinds):
            yield name, asked


def kind(exercise: pages.Element) -> str:
    return exercise.get("class").split()[1].removeprefix("aa-")


def answer(exercise: pages.Element) -> str:
    return pages.text(pages.select(exercise, ".aa-answer")[0])


def replies(exercise: pages.Element) -> dict[str, str]:
    """Other answers that the author thought of, and the reply to each."""
    items = pages.select(exercise, ".aa-others li")
    found = {pages.text(item.find(".//code")): pages.text(item).strip() for item in items}
    assert len(found) == len(items)
    return found


def test_every_lesson_asks_for_a_prediction_and_to_do_something(site):
    found = dict(exercises(site))
    lessons = [name for name in page_names(site) if re.match(r"lessons/.*/plot_", name)]
    for name in lessons:
        first, *asked = found[name]
        kinds = [kind(each) for each in asked]
        assert first.get("id") == "exercise-first", name
        assert 3 <= len(kinds) <= 4, name
        assert len(set(kinds)) > 1, name
        assert {"write", "derive", "find"} & set(kinds), name
    assert sum(len(asked) for asked in found.values()) >= 100
    assert len(found["tensor.html"]) >= 7


@pytest.mark.parametrize("language", ["en", "zh"])
def test_answers_are_taken_and_other_answers_get_their_replies(site, visits, language):
    records = visits.records(language)
    count = 0
    for name, asked in exercises(site, language, TYPED):
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
    assert page.locator(".aa-exercise input:visible").count() == 0
    for output in page.locator(".aa-first-output").all():
        assert output.is_visible()
    for number in range(len(asked)):
        solution = page.locator(".aa-exercise > details").nth(number)
        why = solution.locator("p").first
        assert not why.is_visible()
        solution.locator("summary").click()
        assert why.is_visible()


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
    exercises = page.locator(TYPED)
    fields = exercises.get_by_role("textbox")
    assert exercises.get_by_role("status").count() == fields.count() == exercises.count()
    described = [each.get_attribute("aria-describedby") for each in fields.all()]
    assert page.locator(f"#{described[1]}").inner_text() == "Exercise 2: predict"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_keep_their_lines_on_a_phone(visits, language):
    tables = [wrap for each in visits.records(language).values() for wrap in each.phone["tables"]]
    assert set(tables) == {"pre"}
    assert len(tables) >= 10


def test_every_exercise_says_why(site):
    for name, asked in exercises(site):
        for exercise in asked:
            for form in exercise.iter("form"):
                assert "hidden" in form.attrib, "without the script, there is nothing to type into"
            why = pages.select(exercise, "details > p")
            assert len(" ".join(pages.text(each) for each in why)) > 40, name


def test_downloaded_notebooks_hold_each_exercise_as_markdown(site):
    for name, asked in exercises(site):
        if not name.startswith("lessons/"):
            continue
        (path,) = (site / "en" / "_downloads").rglob(f"{Path(name).stem}.ipynb")
        cells = nbformat.read(path, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        folds = pages.select(pages.page(site / "en" / name), ".aa-fold")
        assert not re.search(r"^ *(\.\. \w+::|:\w+: )", text, re.MULTILINE), name
        assert text.count("<details>") == len(asked) + len(folds), name
        for exercise in asked:
            for block in pages.select(exercise, ".aa-exercise > .highlight-python pre"):
                program = pages.text(block).strip()
                assert f"```python\n{program}\n```" in text, (name, program)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_script_to_write_is_offered_and_fails_until_it_is_written(site, language, tmp_path):
    offered = [
        (name, exercise, [unquote(a.get("href")) for a in pages.select(exercise, ".aa-download")])
        for name, asked in exercises(site, language, ".aa-write")
        for exercise in asked
    ]
    assert len({links[0] for _, _, links in offered}) == len(offered) > 0
    for name, exercise, (script, notebook) in offered:
        text = ((site / language / name).parent / script).read_text(encoding="utf-8")
        code = pages.text(exercise.find(".//pre")).strip()
        assert text.rstrip().endswith(code)
        cells = nbformat.read((site / language / name).parent / notebook, as_version=4).cells
        assert [cell.cell_type for cell in cells] == ["markdown", "code"]
        assert cells[1].source == code
        path = tmp_path / Path(script).name
        path.write_text(text, encoding="utf-8")
        assert run_command(path).returncode != 0


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


DERIVE = """
:::{derive} Which formula gives `w.grad`?
:answer: (a - y) * x
:names: a, y, x
:gives: w.grad

```python
import torch

x, y = torch.tensor([2.0, 3.0]), torch.tensor([1.0, 0.0])
w = torch.tensor([0.5, -1.0], requires_grad=True)
a = torch.sigmoid(w * x)
torch.nn.functional.binary_cross_entropy(a, y, reduction="sum").backward()
```

At `w * x`, the difference has arrived.

- `a - y`: That is what arrives at the product.
:::
"""

WRITE = """
:::{write} Write `twice`, which gives $2x$ of "`x`".
:file: write_twice
:fails: AssertionError: twice

```python
def twice(x):
    # <your code>
    y = x + x
    return y
    # </your code>


assert twice(3) == 6, "twice"
```

Added to itself.

- `AssertionError`: Without `return`, a function gives `None`.
:::
"""

FOLD = """
:::{fold} More on `x`
*One.* It is said to be none.
:::
"""

FIRST = '''"""
One
===
Words.

.. predict:: What does it
   print?
   :answer: x
   :program: next

   It is one.
   Further reading: `a page <https://example.org/page>`__.

   - ``2``: One more.
"""

x = 1
print(f"{x = }")

# %%
# .. fold:: Further misconceptions
#
#    It is none.

print("more")
'''
LESSON = "examples/1_chapter/plot_one.py"


@pytest.fixture(scope="module")
def made(built_project) -> Iterator[Path]:
    """A site that has one of each."""
    before = built_project.sources()
    built_project.write("docs/more.md", f"# More\n{EXERCISE}{DERIVE}{WRITE}{FOLD}")
    built_project.change("docs/index.md", "lessons/1", "more\nlessons/1")
    built_project.write(LESSON, FIRST)
    try:
        build = built_project.build()
        assert build.returncode == 0, build.stdout
        folder = built_project.root / "build/html"
        kept = folder.with_name("kept")
        shutil.copytree(folder, kept)
        built_project.change("docs/more.md", "[3.0]", "[4.5]")
        assert built_project.build().returncode == 0
        assert '<code class="aa-answer">9</code>' in built_project.page("more")
    finally:
        built_project.restore(before)
    yield kept
    shutil.rmtree(kept)


def made_exercises(made: Path, name: str, language: str = "en") -> list[pages.Element]:
    return pages.select(pages.page(made / language / name), ".aa-exercise")


def test_an_answer_follows_its_program(made):  # see the fixture for when the program changes
    for language in ("en", "zh"):
        predict, derive, _ = made_exercises(made, "more.html", language)
        assert answer(predict) == "6"
        assert answer(derive) == "(a - y) * x"
    assert "答案：6" in pages.text(made_exercises(made, "more.html", "zh")[0])


def test_exercises_of_all_kinds_are_numbered(made):
    for language, titles in {
        "en": ["Exercise 1: predict", "Exercise 2: derive", "Exercise 3: write it"],
        "zh": ["练习 1：预测", "练习 2：推导", "练习 3：动手写"],
    }.items():
        asked = made_exercises(made, "more.html", language)
        assert [pages.text(each[0]) for each in asked] == titles
        assert [each.get("id") for each in asked] == ["exercise-1", "exercise-2", "exercise-3"]


def test_a_script_with_a_hole_is_written_in_the_language_of_the_page(made):
    exercise = made_exercises(made, "more.html")[2]
    shown, solution = (pages.text(each) for each in pages.select(exercise, "pre"))
    holed = "def twice(x):\n    # <your code>\n    ...\n    # </your code>\n\n\n"
    assert shown == f'{holed}assert twice(3) == 6, "twice"\n'
    assert solution == "y = x + x\nreturn y\n"
    script, notebook = (
        made / "en" / a.get("href") for a in pages.select(exercise, "a.aa-download")
    )
    text = script.read_text(encoding="utf-8")
    assert text == f'"""Write `twice`, which gives $2x$ of “`x`”.\n"""\n\n{shown}'
    read = nbformat.read(notebook, as_version=4)
    nbformat.validate(read)
    assert read.cells[1].source == shown.rstrip()
    code, said = run_command(script)
    assert code != 0
    assert said.splitlines()[-1] == "AssertionError: twice"
    script.write_text(text.replace("    ...", "    return 2 * x"), encoding="utf-8")
    assert run_command(script) == (0, "")


def test_what_is_folded_is_text(made):
    [fold] = pages.select(pages.page(made / "en" / "more.html"), "details.aa-fold")
    assert [each.tag for each in fold] == ["summary", "p"]
    assert pages.text(fold[0]) == "More on x"


def test_a_lesson_asks_about_its_first_program(made):
    [first] = made_exercises(made, "lessons/1_chapter/plot_one.html")
    assert (first.get("id"), pages.text(first[0])) == ("exercise-first", "Predict first")
    assert answer(first) == "1"
    assert replies(first) == {"2": "2: One more."}
    page = pages.page(made / "en" / "lessons/1_chapter/plot_one.html")
    held = pages.select(page, ".aa-first-output")
    assert [pages.text(each).strip() for each in held] == ["x = 1"]


def test_its_output_waits_for_an_answer(made, reader):
    page = reader((made / "en" / "lessons/1_chapter/plot_one.html").as_uri(), shared=True)
    outputs = page.locator(".sphx-glr-script-out")
    assert [each.is_visible() for each in outputs.all()] == [False, True]
    page.fill("#exercise-first-answer", "1")
    page.press("#exercise-first-answer", "Enter")
    outputs.first.wait_for(state="visible")


def test_a_downloaded_lesson_says_once_where_its_pictures_are(made):
    note = "The pictures are on the web page: https://"
    for language in ("en", "zh"):
        for suffix in ("py", "ipynb"):
            [path] = (made / language / "_downloads").glob(f"*/plot_one.{suffix}")
            assert path.read_text(encoding="utf-8").count(note) == 1
    [script] = (made / "en" / "_downloads").glob("*/plot_one.py")
    assert run_command(script) == (0, "x = 1\nmore\n")


def test_a_downloaded_lesson_holds_its_exercises_as_text(made):
    [path] = (made / "en" / "_downloads").glob("*/plot_one.ipynb")
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    expected = """\
**Predict first. What does it print?**

<details>
<summary>Solution</summary>

Run the program, then `x`.

It is one.
Further reading: [a page](https://example.org/page).

- ``2``: One more.

</details>
"""
    assert expected in text
    assert (
        "<details>\n<summary>Further misconceptions</summary>\n\nIt is none.\n\n</details>" in text
    )


IN_NOTEBOOK = """\
Before.

.. derive:: Which formula
   gives ``w.grad``?
   :answer: (a - y) * x
   :names: a, y
   :gives: w.grad

```python
x = 1

y = 2
```
   Why:

   .. math::

      a = b

   - ``a``: No.

.. write:: Write it.
   :file: it
   :fails: NameError

```python
# <your code>
x = 1
# </your code>
assert x == 1
```
   Why.

After.
"""
AS_MARKDOWN = """\
Before.

**Which formula gives ``w.grad``?**

```python
x = 1

y = 2
```

You may use `a`, `y`.

<details>
<summary>Solution</summary>

`(a - y) * x`

Why:

\\begin{align}a = b\\end{align}

- ``a``: No.

</details>

**Write it.**

```python
# <your code>
...
# </your code>
assert x == 1
```

The web page offers this script as `it.py`.

<details>
<summary>Solution</summary>

```python
x = 1
```

Why.

</details>

After."""


def test_each_kind_is_markdown_in_a_notebook():
    assert in_notebook(IN_NOTEBOOK) == AS_MARKDOWN
    assert in_notebook(AS_MARKDOWN) == AS_MARKDOWN


PREDICT_MISTAKES = [  # what is changed in the exercise; the line from its first one; what is said
    (":answer: x.grad\n", "", 0, "write :answer: too, as in :answer: x.grad"),
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
    (":answer: x.grad", ":answer: x\n:program: next", 0, "take out the one that it has here"),
    (":answer: x.grad", ":answer: x\n:program: last", 2, "write next, or a program"),
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
        "write one list of mistakes, at the end",
    ),
    (
        EXERCISE.partition("x.grad\n")[2],
        ":program: next\n\nWhy.\n:::\n",
        0,
        ":program: next stands only in the docstring of an example",
    ),
]
DERIVE_MISTAKES = [
    (":names: a, y, x\n", "", 0, "write :names: too, as in :names: a, y, x"),
    (":gives: w.grad\n", "", 0, "write :gives: too, as in :gives: w.grad"),
    (":answer: (a - y) * x", ":answer: (a - y * x", 0, "(a - y * x cannot be read as a formula"),
    (":answer: (a - y) * x", ":answer: (a - y) * z", 0, "there is no name z"),
    (":names: a, y, x", ":names: a, y", 0, "there is no name x"),
    (":answer: (a - y) * x", ":answer: a - y", 0, "a - y is ["),
    (":answer: (a - y) * x", ":answer: 1 / (a - a) * x", 0, "but w.grad is ["),
    (":gives: w.grad", ":gives: v.grad", 0, "NameError: name 'v' is not defined"),
    (
        ":gives: w.grad",
        ":gives: type(w).__name__",
        0,
        "type(w).__name__ is no number, and no tensor of numbers",
    ),
    (
        ":gives: w.grad",
        ":gives: w.grad\n:between: 2, 1",
        4,
        "write two numbers, the lower one first",
    ),
    (":gives: w.grad", ":gives: w.grad\n:between: 2", 4, "write two numbers, the lower one first"),
    ("- `a - y`: That", "- `x*a - y x`: That", 0, "x*a - y x is the answer; take out the reply"),
    ("- `a - y`: That", "- `a - y`: A.\n- `a + -y`: That", 0, "a + -y has two replies; take out"),
    ("- `a - y`: That", "- `a - z`: That", 0, "there is no name z"),
    ("torch.nn", "print(a)\ntorch.nn", 0, "the program prints; take out what"),
]
WRITE_MISTAKES = [
    (":file: write_twice\n", "", 0, "write :file: too, as in :file: subtract_for_the_engine"),
    (":fails: AssertionError: twice\n", "", 0, "write :fails: too, as in :fails: Assert"),
    (":file: write_twice", ":file: write/twice", 0, ":file: write/twice is no name of a module"),
    ("# </your", "# <your", 0, "put the solution between # <your code> and # </your code>"),
    ("y = x + x", "y = x * x", 12, "AssertionError: twice"),
    ("== 6,", "!= 7,", 0, "with its hole, the script does not fail; add an assert"),
    ("AssertionError: twice", "NameError", 0, "the script fails with 'AssertionError: twice'"),
    ("Added to itself.", "", 0, "say below the program why"),
    ("- `AssertionError`: Without", "- Without", 0, "begin with an answer and a colon"),
    ("Added", "It is added", 0, "write_twice is the file of an exercise on more too"),
]
FOLD_MISTAKES = [("*One.*", "~~~python\nx = 1\n~~~", 0, "take out the program: nothing runs it")]
MISTAKES = {
    EXERCISE: PREDICT_MISTAKES, DERIVE: DERIVE_MISTAKES, WRITE: WRITE_MISTAKES, FOLD: FOLD_MISTAKES,
}  # fmt: skip


def test_every_mistake_in_an_exercise_is_told_with_its_line(built_project):
    page, expected = "# More\n", []
    for exercise, mistakes in MISTAKES.items():
        for old, new, offset, message in mistakes:
            assert old in exercise
            expected.append((page.count("\n") + 2 + offset, message))
            page += exercise.replace(old, new)
    told = built_project.refused(page)

    def is_told(line, message):
        place = f"docs/more.md:{line}: "
        return any(each.startswith(place) and message in each for each in told)

    assert [each for each in expected if not is_told(*each)] == [], "\n".join(told)


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
    lesson = (built_project.root / LESSON).read_text("utf-8")
    built_project.add(LESSON, IN_LESSON)
    line = lesson.count("\n") + 3
    try:
        build = built_project.build()
    finally:
        built_project.write(LESSON, lesson)
    assert build.returncode != 0
    assert f"{LESSON}:{line}: " in build.stdout
    assert "NameError: name 'y'" in build.stdout
