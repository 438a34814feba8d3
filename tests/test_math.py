"""Formulas are MathML, made while the site is built; one that does not parse stops the build."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[1]


def formulas(site: Path, page: str) -> list[str]:
    soup = BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")
    return [math.get_text() for math in soup.select("article math")]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_formulas_are_in_the_page_without_any_script(site, language):
    lesson = f"{language}/lessons/1_computation_graph/plot_backward_pass.html"
    source = (ROOT / "examples/1_computation_graph/plot_backward_pass.py").read_text("utf-8")
    written = source.count(":math:`") + source.count(".. math::")
    assert len(formulas(site, lesson)) == written > 5
    for path in (site / language).rglob("*.html"):
        scripts = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select(
            "script[src]"
        )
        assert not any("math" in script["src"].lower() for script in scripts)


def test_no_tex_is_left_on_a_page(site):
    for path in site.rglob("*.html"):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for element in soup.select("code, pre, script, annotation"):
            element.decompose()
        assert not re.search(r"\\\w+|\$", soup.get_text()), path


def test_browsers_draw_formulas_in_the_font_that_we_bring(site, browser):
    page = browser.new_page(java_script_enabled=True)
    page.goto((site / "en/lessons/1_computation_graph/plot_backward_pass.html").as_uri())
    page.evaluate("document.fonts.ready")
    assert page.evaluate("[...document.fonts].filter(f => f.status == 'loaded').length") == 1
    heights = page.evaluate(
        "[...document.querySelectorAll('mfrac')].map(f => f.getBoundingClientRect().height)"
    )
    assert len(heights) >= 5 and min(heights) > 25
    page.close()


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (r"$\frac{1}{$", "formula does not parse"),
        pytest.param(r"$\nosuchcommand$", "formula does not parse", marks=pytest.mark.slow),
        pytest.param(r"$字$", "the math font is cut without '字'", marks=pytest.mark.slow),
        (r"$✓$", "the math font is cut without '✓'"),
    ],
)
def test_a_formula_that_does_not_parse_stops_the_build(small_project, formula, said):
    small_project.write("docs/index.md", f"# Title\n\nFine.\n\nHere: {formula}\n")
    build = small_project.build()
    assert build.returncode != 0
    assert re.search(rf"docs/index\.md:5: WARNING: .*{said}", build.stdout), build.stdout
