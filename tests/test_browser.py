"""The site in a real Chromium, as a reader meets it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import MAC, MISSING_BROWSER

ROOT = Path(__file__).resolve().parents[1]
LESSON = "lessons/1_computation_graph/plot_forward_pass.html"


@pytest.mark.parametrize(
    ("locale", "folder"), [("en-US", "en"), ("zh-CN", "zh"), ("zh-TW", "zh"), ("fr-FR", "en")]
)
def test_the_front_door_leads_to_the_readers_language(site, reader, locale, folder):
    page = reader((site / "index.html").as_uri(), locale=locale)
    page.wait_for_url(f"**/{folder}/index.html")
    assert "tensor([3.]) tensor([6.]) tensor([9.])" in page.locator("article").inner_text()


def test_the_front_door_works_without_javascript(site, reader):
    page = reader((site / "index.html").as_uri(), java_script_enabled=False)
    page.get_by_role("link", name="中文").click()
    assert page.locator("html").get_attribute("lang") == "zh-CN"


@pytest.mark.parametrize("start", ["file", "http"])
def test_the_language_switch_keeps_the_page(site, served, reader, start):
    root = served if start == "http" else f"{site.as_uri()}/"
    page = reader(f"{root}en/{LESSON}", shared=True)
    page.get_by_role("link", name="中文").click()
    assert page.url == f"{root}zh/{LESSON}"
    page.get_by_role("link", name="English").click()
    assert page.url == f"{root}en/{LESSON}"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_lesson_can_be_read_without_javascript(site, reader, language):
    page = reader((site / language / LESSON).as_uri(), java_script_enabled=False)
    assert "J = tensor([33.], grad_fn=<MulBackward0>)" in page.locator("article").inner_text()
    assert page.locator("math").first.is_visible()


@pytest.mark.parametrize(("language", "label"), [("en", "Copy"), ("zh", "复制")])
def test_the_copy_button_copies_code_and_speaks_the_language(served, reader, language, label):
    page = reader(f"{served}{language}/{LESSON}", permissions=["clipboard-read", "clipboard-write"])
    button = page.locator("button.copybtn").first
    assert button.get_attribute("data-tooltip") == label
    button.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("import torch\n\na = torch.tensor([5.0], requires_grad=True)\n")


@pytest.mark.parametrize(
    "colour",
    [
        "getComputedStyle(document.body).backgroundColor",
        "getComputedStyle(document.querySelector('.aa-graph .value')).fill",
    ],
    ids=["page", "picture"],
)
def test_the_theme_button_changes_the_theme(site, reader, colour):
    page = reader((site / "en" / LESSON).as_uri(), color_scheme="light")
    seen = {page.evaluate(colour)}
    for _ in range(2):
        page.locator(".theme-toggle-content button").click()
        seen.add(page.evaluate(colour))
    assert len(seen) == 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_scrolls_sideways_on_a_phone(visits, language):
    wide = {name: each.phone["width"] for name, each in visits.records(language).items()}
    assert {name: width for name, width in wide.items() if width > 360} == {}
    assert len(wide) > 15


def test_a_result_stands_above_the_fold(site, reader):
    page = reader((site / "en/index.html").as_uri(), viewport={"width": 1280, "height": 720})
    box = page.locator(".cell_output pre").first.bounding_box()
    assert box["y"] + box["height"] < 720


def test_every_page_can_be_edited_at_its_source(site, reader):
    for name, source in {
        "tensor": "docs/tensor.md",
        LESSON.removesuffix(".html"): "examples/1_computation_graph/plot_forward_pass.py",
        "lessons/1_computation_graph/index": "examples/1_computation_graph/GALLERY_HEADER.rst",
    }.items():
        page = reader((site / "en" / f"{name}.html").as_uri(), shared=True)
        link = page.locator("a[rel=edit]").get_attribute("href")
        assert link.endswith(f"/edit/main/{source}")


def run_without_browser(tmp_path, *options: str, **variables: str) -> tuple[str, list[str]]:
    """What a run of two tests says where there is no browser, and what it asked of apt-get."""
    if MAC.exists():
        pytest.skip("Chrome is found without PATH here")
    asked = tmp_path / "asked"
    asked.touch()
    command = tmp_path / "bin" / "apt-get"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\necho "$1" >> "{asked}"\n')
    command.chmod(0o755)
    kept = {
        key: os.environ[key]
        for key in ("HOME", "LANG", "PYTHONDONTWRITEBYTECODE")
        if key in os.environ
    }
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-k", "result_stands or edited", __file__, *options],
        cwd=ROOT,
        env={
            **kept,
            "PATH": str(command.parent),
            "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "browsers"),
            "PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:9",
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout, asked.read_text().split()


@pytest.mark.parametrize("options", [("-n2",), ()], ids=["two workers", "none"])
def test_on_ci_a_missing_browser_is_installed_once_and_needed(tmp_path, options):
    said, asked = run_without_browser(tmp_path, *options, CI="true")
    assert asked == ["update", "install"]
    assert "no Chromium on CI" in said
    assert "2 errors" in said
    assert "passed" not in said


def test_a_person_without_a_browser_is_told_and_no_package_is_installed(tmp_path):
    said, asked = run_without_browser(tmp_path, "-n2")
    assert asked == []
    assert "2 skipped" in said
    assert MISSING_BROWSER in said
