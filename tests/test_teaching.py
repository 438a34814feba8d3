"""Teachers get tasks whose solutions are run, apart from them, and times that were counted."""

import json
import re

import pages
from prompts import ROOT

CODE = r"^```{}\n(.*?)^```$"


def blocks(name: str, fence: str) -> list[str]:
    source = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return re.findall(CODE.format(fence), source, re.MULTILINE | re.DOTALL)


def lines(code: str) -> list[str]:
    return [line.strip() for line in code.splitlines() if line.strip()]


def test_every_task_has_a_solution_and_its_program_is_run_there():
    headings = [
        re.findall(r"^#+ (Task \d+)", (ROOT / "docs" / name).read_text("utf-8"), re.MULTILINE)
        for name in ("teach.md", "teach_solutions.md")
    ]
    assert headings[0] == headings[1]
    assert len(headings[0]) == 10
    tasks = blocks("teach.md", "python")
    run = lines("".join(blocks("teach_solutions.md", r"\{code-cell\} python")))
    wrong = tasks.pop(1)  # the loop of task 3, which does not work
    assert "w = w - 0.1 * w.grad" in wrong
    assert len(tasks) == 3
    for task in tasks:
        after = iter(run)
        assert all(line in after for line in lines(task)), task  # in this order


def test_points_add_up_to_what_the_page_says():
    source = (ROOT / "docs" / "teach.md").read_text(encoding="utf-8")
    points = [int(each) for each in re.findall(r"(?m)^### Task \d+ \((\d+) points\)", source)]
    assert f"Ten tasks, {sum(points)} points." in source


def test_no_menu_and_no_search_leads_to_the_solutions(site):
    for language in ("en", "zh"):
        page = pages.page(site / language / "glossary.html")
        links = [link.get("href", "") for link in pages.select(page, ".sidebar-tree a")]
        assert "teach.html" in links
        assert "teach_solutions.html" not in links
        index = (site / language / "searchindex.js").read_text(encoding="utf-8")
        found = json.loads(index[len("Search.setIndex(") : -1])
        number = found["docnames"].index("teach_solutions")
        for words in ("terms", "titleterms"):
            for at in found[words].values():
                assert number not in (at if isinstance(at, list) else [at])


def test_a_lesson_shows_the_minutes_that_were_counted(site):
    page = pages.page(site / "en" / "teach.html")
    minutes = [int(each) for each in re.findall(r"\((\d+) minutes", pages.text(page))]
    assert len(minutes) > 12
    assert all(15 <= each <= 75 and each % 5 == 0 for each in minutes)
