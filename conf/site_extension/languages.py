"""Tells each page where it stands in the other language, and on the published site."""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

FILE = Path(__file__).parents[1] / "languages.json"

# what Sphinx calls a language -> (folder on the site, its hreflang, its own name)
LANGUAGES: dict[str, tuple[str, str, str]] = {
    about["sphinx"]: (folder, about["hreflang"], about["name"])
    for folder, about in json.loads(FILE.read_text(encoding="utf-8")).items()
}


def name_alternates(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    root = "../" * (pagename.count("/") + 1)
    context["languages"] = [
        {
            "folder": folder,
            "hreflang": hreflang,
            "name": name,
            "here": language == app.config.language,
            "link": f"{root}{folder}/{pagename}.html",
            "url": f"{app.config.html_context['site']}{folder}/{pagename}.html",
        }
        for language, (folder, hreflang, name) in LANGUAGES.items()
    ]


def set_base_url(app: Sphinx, config: Any) -> None:
    """Canonical addresses contain the language's folder."""
    config.html_baseurl = f"{config.html_context['site']}{LANGUAGES[config.language][0]}/"


def allow_markup_beside_characters(app: Sphinx) -> None:
    """Chinese has no spaces between words, which reST otherwise wants around its markup."""
    app.env.settings["character_level_inline_markup"] = app.config.language == "zh_CN"


def setup(app: Sphinx) -> None:
    app.connect("config-inited", set_base_url)
    app.connect("builder-inited", allow_markup_beside_characters)
    app.connect("html-page-context", name_alternates)
