"""Two languages from one source: nothing untranslated, each page one click from its other half."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

import catalogues
import pages
from autograd_atlas.picture.words import words
from conftest import page_names, run_command
from project import WORDS
from project_files import copy_to

ROOT = Path(__file__).resolve().parents[1]
SITE_URL = "https://autograd-atlas.github.io/autograd-atlas/"
HREFLANG = {"en": "en", "zh": "zh-CN"}

# Names, which stay as they are in Chinese; everything else in Latin letters needs a reason.
NAMES = {
    "Autograd", "Atlas", "PyTorch", "Python", "Jupyter", "torch", "English", "MIT", "CC", "BY",
    "torchviz", "torchview", "torchlens", "torchvista", "AccumulateGrad",
    "sigmoid", "tanh", "ReLU", "logit", "logits", "softmax", "buffer", "notebook", "micrograd",
    "CS", "Christopher", "Olah", "Andrej", "Karpathy", "Xavier", "Kaiming",
}  # fmt: skip
# Of works, which are cited, and of messages and methods, which are searched for, in English.
QUOTED = (
    "Derivatives with a Computation Graph", "Evaluating Derivatives", "Perceptrons",
    "Patterns in backward flow",
    "is at version", "implicitly created", "straight-through estimator", "negative log-likelihood",
)  # fmt: skip
LABELS = ("alt", "title", "aria-label", "placeholder", "data-tooltip", "tooltip")


def texts(page: pages.Element) -> Iterator[str]:
    """What a reader, or a screen reader, meets as prose."""
    # Pictures of graphs hold names and numbers; their alternative text is prose.
    names = "code, pre, math, script, style, [lang=en], svg text, svg g title, a.external"
    without = set(pages.select(page, names))
    yield from filter(None, map(str.strip, pages.strings(page, without)))
    for element in pages.elements(page, without):
        yield from (element.get(label) for label in LABELS if element.get(label))


def english_prose(text: str) -> str | None:
    """The first English words that should be Chinese: any in a text without Chinese, and
    three in a row in a text with."""
    word = r"[A-Za-z][A-Za-z’'-]*"
    chinese = re.search(r"[\u4e00-\u9fff]", text)
    text = re.sub(r"\w+(?:\.\w+)+", "", text)  # names with dots are code
    text = re.sub("|".join(QUOTED), "", text)
    for run in re.findall(rf"{word}(?:[ ,.]+{word})*", text):
        foreign = [w for w in re.findall(word, run) if len(w) > 1 and w not in NAMES]
        if foreign and (not chinese or len(foreign) >= 3):
            return run
    return None


def test_every_string_has_a_translation(site, tmp_path, terminal):
    """'make gettext', in a copy, finds nothing to do and changes nothing."""
    root = copy_to(tmp_path / "project")
    shutil.copytree(ROOT / "build" / "work", root / "build" / "work")  # lessons have run there
    before = translations(root)
    done = run_command(root / "conf" / "commands" / "catalogues.py")
    assert done.returncode == 0, done.stdout
    figure = re.search(r"^\d+ strings, \d+ to do\.$", done.stdout, re.MULTILINE)
    terminal(figure[0])
    assert "Every string is translated." in done.stdout, done.stdout[-2000:]
    assert translations(root) == before, "run 'make gettext', and read the difference"


def translations(root: Path) -> dict[str, set[tuple[str, str]]]:
    """All strings with their translations, by catalogue."""
    return {
        path.relative_to(root).as_posix(): {(e.msgid, e.msgstr) for e in polib.pofile(str(path))}
        for path in (root / "conf").rglob("*.po")
    }


def test_missing_fuzzy_and_unused_strings_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogues, "ROOT", tmp_path)
    template, translated = polib.POFile(), polib.POFile()
    for text in ("one", "two", "three", "four"):
        template.append(polib.POEntry(msgid=text))
    translated.append(polib.POEntry(msgid="one", msgstr="一"))
    translated.append(polib.POEntry(msgid="two", msgstr="二", flags=["fuzzy"]))
    translated.append(polib.POEntry(msgid="three", msgstr=""))
    translated.append(polib.POEntry(msgid="five", msgstr="五"))
    path = catalogues.catalogue("zh_CN", Path("page"), tmp_path)
    path.parent.mkdir(parents=True)
    translated.save(str(path))
    problems = catalogues.problems({Path("page"): template}, tmp_path)
    found = [line.split(": ", 1)[1] for line in problems]
    assert found == ["fuzzy: 'two'", "missing: 'three'", "missing: 'four'", "not used: 'five'"]


def test_names_in_braces_stay_in_a_translation(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogues, "ROOT", tmp_path)
    templates = catalogues.library_templates()
    (name,) = templates
    po = catalogues.update("zh_CN", name, templates[name], tmp_path)
    translations = {
        "input": "{name} = {wert}", "leads": "{node} leads", "none": "`None`", "stop": "`None` {x}",
        "inside": "Inside {block", "made": "{value}: {name} = {source}",
    }  # fmt: skip
    for entry in po:
        entry.msgstr = translations.get(entry.msgctxt, entry.msgid)
        if entry.msgid_plural:
            entry.msgstr, entry.msgstr_plural = "", {0: "one", 1: "{n}"}
    po.save()
    found = [line.rpartition(": ")[2] for line in catalogues.problems(templates, tmp_path)]
    assert found == ["'Inside {block}'", "'{node} leads to {targets}'", "'{name} = {value}'"]


def test_no_word_of_the_library_is_left_untranslated():
    assert list(catalogues.problems(catalogues.library_templates(), WORDS)) == []


@pytest.mark.parametrize("language", ["zh", "zh_CN", "zh-CN"])
def test_a_language_goes_by_several_names(language):
    assert words(language)["play"] == "播放"


DRAW = """
import sys, torch
from autograd_atlas import Recording, draw
x = torch.tensor(2.0, requires_grad=True)
with Recording() as recording:
    y = x * x * x
draw(y, recording=recording, language="de").save(sys.argv[1])
"""


def test_a_new_language_is_a_new_catalogue_and_nothing_else(tmp_path):
    """What its catalogue does not say yet, or only perhaps, is said in English."""
    shutil.copytree(ROOT / "conf" / "autograd_atlas", tmp_path / "autograd_atlas")
    (template,) = catalogues.library_templates().values()
    catalogue = polib.POFile()
    catalogue.metadata = {
        "Content-Type": "text/plain; charset=UTF-8", "Plural-Forms": "nplurals=2; plural=(n != 1);"
    }  # fmt: skip
    for entry in template:
        entry.msgstr = f"¡{entry.msgid}"
        if entry.msgid_plural:
            entry.msgstr, entry.msgstr_plural = "", {0: "ein Ding", 1: "{n} Dinge"}
        if entry.msgctxt == "written":
            entry.msgstr = ""
        if entry.msgctxt == "recorded":
            entry.flags.append("fuzzy")
        catalogue.append(entry)
    path = tmp_path / "autograd_atlas" / "locale" / "de" / "LC_MESSAGES" / "autograd_atlas.po"
    path.parent.mkdir(parents=True)
    catalogue.save(str(path))
    command = [sys.executable, "-c", DRAW, str(tmp_path / "y.html")]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(tmp_path)}, check=True)
    page = (tmp_path / "y.html").read_text(encoding="utf-8")
    assert "¡Computation graph of y: 2 Dinge on x." in page
    assert "¡What PyTorch recorded for y: 3 Dinge, 4 Dinge." in page
    assert "<summary>¡The graph in words</summary>" in page
    assert ">What you wrote</label>" in page
    assert ">What PyTorch recorded</label>" in page


def test_a_changed_string_keeps_its_translation_and_is_marked(tmp_path):
    (tmp_path / "zh_CN").mkdir()
    (tmp_path / "zh_CN" / "repeated.json").write_text('{"Download (\\\\S+)": "下载 \\\\1"}')
    old = polib.POFile()
    for text, translation in {
        "A graph shows the order.": "图显示顺序。",
        "Nothing like it.": "无关。",
        "Download a.py": "译者自己的话",
    }.items():
        old.append(polib.POEntry(msgid=text, msgstr=translation))
    path = catalogues.catalogue("zh_CN", Path("page"), tmp_path)
    path.parent.mkdir(parents=True)
    old.save(str(path))
    template = polib.POFile()
    for text in ("A graph shows an order.", "Quite new words", "Download a.py", "Download b.py"):
        template.append(polib.POEntry(msgid=text))
    catalogues.update("zh_CN", Path("page"), template, tmp_path)
    entries = [(e.msgid, e.msgstr, e.fuzzy) for e in polib.pofile(str(path))]
    assert entries == [
        ("A graph shows an order.", "图显示顺序。", True),
        ("Quite new words", "", False),
        ("Download a.py", "译者自己的话", False),
        ("Download b.py", "下载 b.py", False),
    ]


def test_chinese_pages_hold_no_english_prose(site):
    found = [
        f"{name}: {prose!r}"
        for name in page_names(site, "zh")
        for text in texts(pages.page(site / "zh" / name))
        if (prose := english_prose(text))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text", ["Next", "Edit this page", "叶子张量 is a leaf tensor", "See PyTorch"]
)
def test_english_prose_is_recognised(text):
    assert english_prose(text)


@pytest.mark.parametrize("text", ["PyTorch", "下一页", "在 Jupyter 里运行 plot_x.py", "x, y"])
def test_names_and_chinese_are_not_taken_for_english(text):
    assert english_prose(text) is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_line_begins_with_a_punctuation_mark(visits, language):
    """Least of all one that a formula stands before."""
    for name, record in visits.records(language).items():
        assert record.lines == {"360": [], "1280": []}, name


def test_both_languages_have_the_same_pages(site):
    assert page_names(site, "en") == page_names(site, "zh") != []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_page_says_its_language_and_leads_to_the_same_page_in_the_other(site, language):
    other = {"en": "zh", "zh": "en"}[language]
    for name in page_names(site, language):
        page = pages.page(site / language / name)
        assert page.get("lang") == HREFLANG[language], name
        switch = pages.select(page, "a.atlas-language")[0]
        target = (site / language / name).parent / switch.get("href")
        assert target.resolve() == (site / other / name).resolve(), name
        assert switch.get("hreflang") == switch.get("lang") == HREFLANG[other]
        links = pages.select(page, "link[rel=alternate]")
        alternates = {link.get("hreflang"): link.get("href") for link in links}
        assert alternates == {
            "en": f"{SITE_URL}en/{name}",
            "zh-CN": f"{SITE_URL}zh/{name}",
            "x-default": f"{SITE_URL}en/{name}",
        }, name
        if canonical := pages.select(page, "link[rel=canonical]"):
            assert [link.get("href") for link in canonical] == [f"{SITE_URL}{language}/{name}"]
        else:
            assert name == "search.html"


def test_the_glossary_gives_every_term_in_both_languages(site):
    english = pages.select(pages.page(site / "en/glossary.html"), "dl.glossary dt")
    assert len(english) >= 60
    for term in english:
        said = term.xpath("following::dd[1]")[0]
        assert pages.select(said, "[lang=zh-CN]"), pages.text(term)
    chinese = pages.select(pages.page(site / "zh/glossary.html"), "dl.glossary dt")
    beside = [pages.text(pages.select(term, "[lang=en]")[0]) for term in chinese]
    words = [pages.text(term).removesuffix("¶") for term in english]
    assert sorted(beside) == sorted(words)


def test_the_chinese_glossary_is_in_the_order_of_pinyin(site):
    terms = pages.select(pages.page(site / "zh/glossary.html"), "dl.glossary dt")
    codes = [pages.text(term).lower().encode("gb18030") for term in terms]
    assert codes == sorted(codes)
    # What is not among the characters that GB 2312 numbers by their pinyin would stand anywhere.
    assert all(code < b"\x80" or b"\xb0\xa1" <= code[:2] <= b"\xd7\xf9" for code in codes)


def test_each_entry_of_the_glossary_leads_to_a_page(site):
    for language in ("en", "zh"):
        for said in pages.select(pages.page(site / language / "glossary.html"), "dl.glossary dd"):
            links = [link.get("href") for link in pages.select(said, "a")]
            assert any(".html" in link for link in links), pages.text(said)


def test_the_footer_names_the_torch_that_printed_the_outputs(site):
    import torch

    version = torch.__version__.partition("+")[0]
    for language in HREFLANG:
        for name in page_names(site, language):
            footer = pages.select(pages.page(site / language / name), "footer")[0]
            assert f"torch {version}" in pages.text(footer), f"{language}/{name}"
