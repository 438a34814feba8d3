"""Formulas are MathML, made while the site is built; one that does not parse stops the build."""

import re
from pathlib import Path

import pytest

import pages

ROOT = Path(__file__).resolve().parents[1]


def formulas(site: Path, page: str) -> list[str]:
    return [pages.text(math) for math in pages.select(pages.page(site / page), "article math")]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_formulas_are_in_the_page_without_any_script(site, language):
    lesson = f"{language}/lessons/1_computation_graph/plot_fan_out.html"
    source = (ROOT / "examples/1_computation_graph/plot_fan_out.py").read_text("utf-8")
    written = source.count(":math:`") + source.count(".. math::")
    assert len(formulas(site, lesson)) == written > 5
    for path in (site / language).rglob("*.html"):
        scripts = pages.select(pages.page(path), "script[src]")
        assert scripts
        assert not any("math" in script.get("src").lower() for script in scripts)


def test_no_tex_is_left_on_a_page(site):
    for path in site.rglob("*.html"):
        page = pages.page(path)
        code = set(pages.select(page, "code, pre, script, annotation"))
        prose = "".join(pages.strings(page, without=code))
        assert not re.search(r"\\\w+|\$", prose), path


def test_browsers_draw_formulas_in_the_font_that_we_bring(site, reader):
    lesson = site / "en/lessons/1_computation_graph/plot_backward_pass.html"
    page = reader(lesson.as_uri(), shared=True)
    page.evaluate("document.fonts.ready")
    assert page.evaluate("[...document.fonts].filter(f => f.status == 'loaded').length") == 1
    heights = page.evaluate(
        "[...document.querySelectorAll('mfrac')].map(f => f.getBoundingClientRect().height)"
    )
    assert len(heights) >= 5
    assert min(heights) > 25


FORMULAS = {
    r"$\frac{1}{$": "formula does not parse",
    r"$\nosuchcommand$": "formula does not parse",
    r"$字$": "the math font is cut without '字'",
    r"$✓$": "the math font is cut without '✓'",
}


def test_each_formula_that_does_not_parse_is_told_with_its_line_and_stops_the_build(built_project):
    told = built_project.refused("# More\n" + "".join(f"\nHere: {each}\n" for each in FORMULAS))
    for number, said in enumerate(FORMULAS.values()):
        wanted = rf"docs/more\.md:{3 + 2 * number}: WARNING: .*{said}"
        assert any(re.match(wanted, line) for line in told), (wanted, told)
