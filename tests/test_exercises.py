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
from visitor import AXE, TYPE

TYPED = ".aa-predict, .aa-derive"  # into one field
ANSWERED = f"{TYPED}, .aa-fill, .aa-find"


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


def check_replies(exercise: pages.Element, told: list[list[str]], language: str) -> None:
    """The answer is right, each mistake gets its reply, and something else another one."""
    right, others = answer(exercise), replies(exercise)
    said = {"en": f"Right: {right}.", "zh": f"正确：{right}。"}[language]
    *known, (_, before, last) = told
    expected = {right: said, **others}
    assert known == [[typed, "", reply] for typed, reply in expected.items()]
    assert before == ""
    assert last not in ("", said)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_answers_are_taken_and_other_answers_get_their_replies(site, visits, language):
    records = visits.records(language)
    count = 0
    for name, asked in exercises(site, language, ANSWERED):
        for exercise, told in zip(asked, records[name].exercises, strict=True):
            check_replies(exercise, told, language)
            count += len(replies(exercise))
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
        solution.locator("summary").first.click()
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
    number = exercises.nth(1).get_attribute("id").partition("-")[2]
    assert page.locator(f"#{described[1]}").inner_text().startswith(f"Exercise {number}: ")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_keep_their_lines_on_a_phone(visits, language):
    tables = [wrap for each in visits.records(language).values() for wrap in each.phone["tables"]]
    assert set(tables) == {"pre"}
    assert len(tables) >= 10


def test_every_exercise_says_why(site):
    for name, asked in exercises(site):
        for exercise in asked:
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
FILL = """
::::{fill} Fill in what `u`, `J` and their gradients are.
:graph: J
:blanks: b.grad, u.grad, J.grad, J, u

~~~python
import torch

b = torch.tensor(3.0, requires_grad=True)
u = b * 4
J = b * u
J.backward()
~~~

Two paths lead to `b`.

- `u = 7`: That is a sum.
- `b.grad = 0`: It counts.
::::
"""
LINE = """
::::{find} Which line loses the gradient?
:answer: line 4
:holds: b.grad is not None
:instead: u = b * 4

~~~python
import torch

b = torch.tensor(3.0, requires_grad=True)
u = torch.tensor(b.item() * 4, requires_grad=True)
text = \"\"\"
two lines\"\"\"
u.backward()
~~~

`item` gives a number.

- `line 7`: It only starts.
::::
"""
BOX = """
::::{find} Which operation hands on what arrives?
:answer: op J
:graph: J
:holds: not u.is_leaf

~~~python
import torch

b = torch.tensor(3.0, requires_grad=True)
u = b * 4
J = b + u
J.backward()
~~~

A sum.

- `u`: That is a tensor.
::::
"""
LESSON = "examples/1_chapter/plot_one.py"


@pytest.fixture(scope="module")
def made(built_project) -> Iterator[Path]:
    """A site that has one of each."""
    before = built_project.sources()
    built_project.write("docs/more.md", f"# More\n{EXERCISE}{DERIVE}{WRITE}{FOLD}")
    built_project.write("docs/pictures.md", f"# Pictures\n{FILL}{LINE}{BOX}")
    built_project.change("docs/index.md", "lessons/1", "more\npictures\nlessons/1")
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


# -- Pictures and lines -----------------------------------------------------------------------


def pictures(made: Path, language: str = "en") -> str:
    return (made / language / "pictures.html").as_uri()


def test_a_picture_to_fill_in_says_nothing_of_what_is_asked(made):
    for language in ("en", "zh"):
        fill = made_exercises(made, "pictures.html", language)[0]
        assert answer(fill) == "u = 12, J = 36, J.grad = 1, u.grad = 3, b.grad = 24"
        picture = pages.select(fill, ".aa-asked")[0]
        told = [pages.text(each).strip() for each in picture.iter("text")]
        assert sorted(told) == sorted(["b = 3", "∇", "×", "4", "u =", "∇", "×", "J =", "∇"])
        assert len(pages.select(picture, "rect.blank")) == 5
        assert pages.text(pages.select(picture, "title")[0]) in (
            "Picture of the graph behind J",
            "J 的计算图",
        )
        assert len(pages.select(fill, "details .aa-figure")) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_mistakes_in_pictures_and_lines_get_their_replies(made, reader, language):
    told = reader(pictures(made, language), shared=True).evaluate(TYPE)
    asked = made_exercises(made, "pictures.html", language)
    for exercise, each in zip(asked, told, strict=True):
        check_replies(exercise, each, language)


U, J = "value of u", "value of J"
B_GRAD, U_GRAD, J_GRAD = (f"gradient that arrived at {name}" for name in "buJ")
FILLED = [  # the box; what is typed; how the reply begins
    (U, "7", "u = 7: That is a sum."),
    (U, "x", "u: type one number."),
    (U, "-12", "u: the size is right, the sign is not."),
    (U, "13", "u is not 13. The program says u = b * 4."),
    (J, "39", "J would be right if u were 13. Look at u first."),
    (J, "40", "u comes first, and is not right. Look there, then at J."),
    (B_GRAD, "25", "b.grad would be right if u were 13. Look at u first."),
    (U, "12", "u is right; J is not yet."),
    (J, "36", "J is right; b.grad is not yet."),
    (J_GRAD, "2", "J.grad: the backward pass starts here."),
    (U_GRAD, "6", "u.grad would be right if J.grad were 2. Look at J.grad first."),
    (J_GRAD, "1", "J.grad is right; u.grad is not yet."),
    (U_GRAD, "9", "u.grad is not 9. For each operation that uses it, multiply"),
    (U_GRAD, "3", "u.grad is right; b.grad is not yet."),
    (B_GRAD, "12", "b.grad: that is one of several gradients that arrive there. They are added."),
    (B_GRAD, "3", "b.grad: 3 is what arrived at the result of the operation."),
    (B_GRAD, "4", "b.grad: 4 is a local derivative."),
    (B_GRAD, "0", "b.grad = 0: It counts."),
    (B_GRAD, "", "Right so far: 4 of 5."),
    (B_GRAD, "24", "Right: u = 12, J = 36, J.grad = 1, u.grad = 3, b.grad = 24."),
]


def test_a_number_in_a_picture_is_told_right_or_wrong_with_the_cause(made, reader):
    exercise = reader(pictures(made), shared=True).locator("#exercise-1")
    exercise.get_by_role("button", name="Check").click()
    reply = exercise.get_by_role("status").first
    assert reply.inner_text() == "Type a number into one of the empty boxes."
    solution = exercise.locator("> details")
    for label, typed, expected in FILLED:
        assert solution.get_attribute("open") is None
        field = exercise.get_by_label(label, exact=True)
        field.fill(typed)
        field.press("Enter")
        assert reply.inner_text().startswith(expected), (label, typed, reply.inner_text())
        is_right = " is right; " in expected or expected.startswith("Right: ")
        invalid = {True: "false", False: "true"}[is_right] if typed else None
        assert field.get_attribute("aria-invalid") == invalid, (label, typed)
        sign = field.evaluate("field => field.nextSibling.textContent")
        assert sign == {None: "", "false": "✓", "true": "✗"}[invalid]
    assert solution.get_attribute("open") is not None


def test_empty_boxes_are_reached_in_the_order_of_the_calculation(made, reader):
    page = reader(pictures(made), shared=True)
    fields = page.locator("#exercise-1 .aa-asked").get_by_role("textbox")
    labels = [each.get_attribute("aria-label") for each in fields.all()]
    assert labels == [U, J, J_GRAD, U_GRAD, B_GRAD]
    fields.first.focus()
    for label in labels[1:]:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.ariaLabel") == label


OFF = """() => [...document.querySelectorAll("#exercise-1 rect.blank")].map(blank => {
  const at = blank.getBoundingClientRect();
  const around = (x, y) => document.elementsFromPoint(x, y).find(each => each.matches(".aa-blank"));
  const field = around(at.x + 9, at.y + at.height / 2)?.getBoundingClientRect();
  return field && Math.max(...["x", "y", "width", "height"].map(
    name => Math.abs(field[name] - at[name])));
})"""


@pytest.mark.parametrize(("width", "touch"), [(1280, False), (700, False), (360, True)])
def test_fields_lie_over_their_boxes(made, reader, width, touch):
    page = reader(
        pictures(made), viewport={"width": width, "height": 2000}, has_touch=touch, is_mobile=touch
    )
    scroller = page.locator("#exercise-1 .aa-asked .aa-scroll")
    off = page.evaluate(OFF)
    scroller.evaluate("scroller => scroller.scrollLeft = 9999")
    off = [a if b is None else b for a, b in zip(off, page.evaluate(OFF), strict=True)]
    assert len(off) == 5
    assert all(each < 2 for each in off), off
    if touch:
        rows = page.locator("#exercise-1 .aa-blank").evaluate_all(
            "fields => fields.map(field => field.getBoundingClientRect().y)"
        )
        assert abs(rows[0] - rows[3]) >= 23.9, "the value of u, and its gradient"


def test_a_line_is_found_with_the_keyboard(made, reader):
    page = reader(pictures(made), shared=True)
    exercise = page.locator("#exercise-2")
    lines = exercise.get_by_role("radio")
    assert [each.get_attribute("aria-label") for each in lines.all()] == [
        "line 1: import torch",
        "line 3: b = torch.tensor(3.0, requires_grad=True)",
        "line 4: u = torch.tensor(b.item() * 4, requires_grad=True)",
        'line 5: text = """',
        'line 6: two lines"""',
        "line 7: u.backward()",
    ]
    reply = exercise.get_by_role("status")
    exercise.get_by_role("button", name="Check").click()
    assert reply.inner_text() == "Choose one first."
    lines.last.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    assert reply.inner_text() == "line 7: It only starts."
    for _ in range(4):
        page.keyboard.press("ArrowUp")
    assert reply.inner_text() == ""
    page.keyboard.press("Enter")
    assert reply.inner_text().startswith("Not line 3: b = torch.tensor(3.0, requires_grad=True).")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    line = "4: u = torch.tensor(b.item() * 4, requires_grad=True)"
    assert reply.inner_text() == f"Right: {line}."
    solution = exercise.locator("> details")
    assert solution.get_attribute("open") is not None
    assert "Write instead:\n\nu = b * 4" in solution.inner_text().replace("\n\n\n", "\n\n")


def test_a_line_that_is_clicked_is_chosen(made, reader):
    exercise = reader(pictures(made), shared=True).locator("#exercise-2")
    program = exercise.locator("pre").first
    assert "".join(made_exercises(made, "pictures.html")[1].find(".//pre").itertext()) == (
        program.evaluate("block => block.textContent")
    )
    program.get_by_text("two lines").click()
    assert exercise.get_by_label("line 6").is_checked()


def test_a_box_of_a_picture_is_found(made, reader):
    exercise = reader(pictures(made), shared=True).locator("#exercise-3")
    boxes = exercise.get_by_role("radio")
    assert [each.get_attribute("aria-label") for each in boxes.all()] == [
        "tensor b",
        "operation ×, which gives u",
        "tensor u",
        "operation +, which gives J",
        "tensor J",
    ]
    reply = exercise.get_by_role("status").first
    for label, expected in {
        "tensor u": "u: That is a tensor.",
        "tensor b": "Not tensor b. Say for each step what it takes, what it gives, and what "
        "PyTorch records of it.",
        "operation +, which gives J": "Right: + → J.",
    }.items():
        exercise.get_by_label(label).click()
        exercise.get_by_role("button", name="Check").click()
        assert reply.inner_text() == expected


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_axe_finds_nothing_in_pictures_and_lines(made, reader, language, theme):
    page = reader(pictures(made, language), color_scheme=theme)
    for field in page.locator(".aa-blank").all():
        field.fill("5")
    page.locator("#exercise-2").get_by_role("radio").first.check()
    page.add_script_tag(path=AXE)
    found = page.evaluate(
        "axe.run('.aa-exercise', {preload: false, rules: {'target-size': {enabled: true}}})"
    )
    assert found["passes"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


def test_pictures_and_lines_are_there_without_javascript(made, reader):
    page = reader(pictures(made), java_script_enabled=False)
    assert page.locator(".aa-exercise form:visible").count() == 0
    assert page.locator("#exercise-1 rect.blank").count() == 5
    assert page.locator(".aa-asked svg[role]:visible").count() == 2
    assert page.locator(".aa-exercise > div pre:visible").count() == 3
    page.locator("#exercise-1 > details > summary").click()
    assert page.locator("#exercise-1 .aa-figure svg[role]").first.is_visible()


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
PICTURES_IN_NOTEBOOK = """\
.. fill:: Fill in.
   :graph: J
   :blanks: u, b.grad

```python
u = b * 4
```
   Two paths.

   - ``u = 7``: No.

.. find:: Which line?
   :answer: line 4
   :holds: b.grad is not None
   :instead: u = b * 4

```python
u = b
```
   It is.
"""
PICTURES_AS_MARKDOWN = """\
**Fill in.**

```python
u = b * 4
```

Fill in `u`, `b.grad`.

<details>
<summary>Solution</summary>

Run the program, then look at `u`, `b.grad`.

Two paths.

- ``u = 7``: No.

</details>

**Which line?**

```python
u = b
```

<details>
<summary>Solution</summary>

The answer is `line 4`. Write `u = b * 4` instead.

It is.

</details>"""


def test_pictures_and_lines_are_markdown_in_a_notebook():
    assert in_notebook(PICTURES_IN_NOTEBOOK) == PICTURES_AS_MARKDOWN


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
FILL_MISTAKES = [
    (":graph: J\n", "", 0, "write :graph: too, as in :graph: J"),
    (":graph: J", ":graph: J; view: recorded", 0, "what was written is drawn; take out the view"),
    (":graph: J", ":graph: J; fold", 0, ':graph: J; fold: "" unknown; choose from'),
    (":graph: J", ":graph: L", 0, "there is no variable L; write u or J"),
    (":graph: J", ":graph: J; open: model", 0, "there is no block 'model' to open"),
    (":blanks: b.grad, ", ":blanks: c.grad, ", 0, "no tensor 'c' in the graph; there are b, u, J"),
    ("J, u\n", "J, u, J\n", 0, "each of them once"),
    ("J.backward()\n", "J.backward()\nprint(J)\n", 0, "the program prints; take out what"),
    ("u = b * 4", "u = b.detach() * 4", 0, "no gradient arrived at u; run backward in the program"),
    ("J = b * u", "b = b * torch.ones(2)\nJ = b.sum() * u", 0, "there are 2 tensors b; give each"),
    (
        "u = b * 4\nJ = b * u",
        "u = b * torch.ones(2)\nJ = u.sum()",
        0,
        ".grad has the shape [2]; ask",
    ),
    ("u = b * 4", "u = b * torch.ones(2)", 10, "grad can be implicitly created"),
    ("u = b * 4", "u = b * 4.1151e-5", 0, "u is 0.000123"),
    ("- `u = 7`", "- `7`", 0, "begin with a blank and a number, as in `u = 6`: …, not `7`"),
    ("- `u = 7`", "- `v = 7`", 0, "not `v = 7`; the blanks are u, J, J.grad, u.grad, b.grad"),
    ("- `u = 7`", "- `u = 12.0`", 0, "u = 12.0 is the answer; take out the reply to it"),
    ("- `u = 7`", "- `b.grad = 0`: A.\n- `b.grad=0.0`", 0, "has two replies; take out one"),
]
LINE_MISTAKES = [
    (":answer: line 4\n", "", 0, "write :answer: too, as in :answer: line 4"),
    (":holds: b.grad is not None\n", "", 0, "write :holds: too, as in :holds: "),
    (":instead: u = b * 4\n", "", 0, "write :instead: too, as in :instead: pass"),
    (":answer: line 4", ":answer: line 9", 0, "there is no 'line 9' to point at; there is line 1"),
    (":answer: line 4", ":answer: line 2", 0, "there is no 'line 2' to point at; there is line 1"),
    (":answer: line 4", ":answer: u", 0, "there is no 'u' to point at; there is line 1, line 3"),
    (":holds: b.grad is not None", ":holds: u == 12", 0, "u == 12 is True with line 4 as it is"),
    (
        ":instead: u = b * 4",
        ":instead: pass",
        0,
        "is NameError: name 'u' is not defined with line 4",
    ),
    (":instead: u = b * 4", ":instead: u = 4", 0, "with line 4 as u = 4; it should be True"),
    ("- `line 7`", "- `line 8`", 0, "there is no 'line 8' to point at"),
    ("- `line 7`", "- `line 4`", 0, "line 4 is the answer; take out the reply to it"),
]
BOX_MISTAKES = [
    (":answer: op J", ":answer: op b", 0, "no 'op b' to point at; there is b, op u, u, op J, J"),
    (":holds: not u.is_leaf", ":holds: b.grad is None", 0, "b.grad is None is False; it should"),
    (
        ":holds: not u.is_leaf",
        ":holds: c",
        0,
        "c is NameError: name 'c' is not defined; it should",
    ),
    (":graph: J", ":graph: J\n:instead: pass", 0, "a box is not changed; take out :instead:"),
    ("- `u`", "- `v`", 0, "there is no 'v' to point at; there is b, op u, u, op J, J"),
]
MISTAKES = {
    EXERCISE: PREDICT_MISTAKES, DERIVE: DERIVE_MISTAKES, WRITE: WRITE_MISTAKES, FOLD: FOLD_MISTAKES,
    FILL: FILL_MISTAKES, LINE: LINE_MISTAKES, BOX: BOX_MISTAKES,
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
