"""Search: an index without leftovers, and in Chinese, pairs of characters for words.

Sphinx's own Chinese search throws in the browser
(https://github.com/sphinx-doc/sphinx/issues/14229), and with a word list it misses terms
that the list does not know, like 动态计算图. Pairs need no list, and work from file://.
"""

import json
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.search import SearchLanguage
from sphinx.util.index_entries import split_index_msg

HEAD = "Search.setIndex("  # how Sphinx begins the index
WORDS = re.compile(r"[\u4e00-\u9fff]+|[A-Za-z0-9_]+")


class SearchChinese(SearchLanguage):
    lang = "zh"
    language_name = "Chinese"
    js_splitter_code = r"""
var splitQuery = (query) =>
  (query.match(/[\u4e00-\u9fff]+|[A-Za-z0-9_]+/g) || []).flatMap((word) =>
    /[\u4e00-\u9fff]{2}/.test(word)
      ? Array.from({ length: word.length - 1 }, (_, at) => word.slice(at, at + 2))
      : [word],
  );
"""

    def split(self, input: str) -> list[str]:
        """The words of a text: Latin ones whole, Chinese ones as characters and as pairs.

        >>> SearchChinese({}).split("计算图 grad_fn")
        ['计', '算', '图', '计算', '算图', 'grad_fn']
        """
        found = []
        for word in WORDS.findall(input):
            if word[0] >= "\u4e00":
                found += [*word, *(word[at : at + 2] for at in range(len(word) - 1))]
            else:
                found.append(word)
        return found

    def stem(self, word: str) -> str:
        return word.lower()


def index_entries(app: Sphinx, docnames: list[str]) -> dict[str, list[list[object]]]:
    """What the glossary defines, and where, as Sphinx puts it into the index."""
    found: dict[str, list[list[object]]] = {}
    for number, docname in enumerate(docnames):
        given = set()
        for kind, value, target, main, _ in app.env.domains.index_domain.entries.get(docname, ()):
            given |= {(word, target, main) for word in split_index_msg(kind, value)}
        for word, target, main in sorted(given):
            found.setdefault(word.lower(), []).append([number, target, main == "main"])
    return found


def mend_index(app: Sphinx, problem: Exception | None) -> None:
    """Make the index of a rebuild that of a clean build.

    After a rebuild Sphinx keeps words that no page has any more (sphinx 9.0.4,
    search/__init__.py:484), and forgets the glossary's entries of pages that it did not write again
    (https://github.com/sphinx-doc/sphinx/issues/12599).
    """
    path = Path(app.outdir, "searchindex.js")
    if problem or not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    if not (text.startswith(HEAD) and text.endswith(")")):
        raise ExtensionError(f"Sphinx writes {path.name} in another form now; see {__name__}")
    index = json.loads(text[len(HEAD) : -1])
    for name in ("terms", "titleterms"):
        index[name] = {word: pages for word, pages in index[name].items() if pages != []}
    index["indexentries"] = index_entries(app, index["docnames"])
    content = json.dumps(index, separators=(",", ":"), sort_keys=True)
    path.write_text(f"{HEAD}{content})", encoding="utf-8")


def setup(app: Sphinx) -> None:
    app.add_search_language(SearchChinese)
    app.connect("build-finished", mend_index)
