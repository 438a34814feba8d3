"""Search in Chinese: pairs of neighbouring characters stand for words.

Sphinx's own Chinese search throws in the browser, and with a word list it misses terms
that the list does not know, like 动态计算图. Pairs need no list, and work from file://.
"""

import re

from sphinx.application import Sphinx
from sphinx.search import SearchLanguage

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
        """The words of a text: Latin ones whole, Chinese ones in overlapping pairs.

        >>> SearchChinese({}).split("动态计算图 grad_fn")
        ['动态', '态计', '计算', '算图', 'grad_fn']
        """
        found = []
        for word in WORDS.findall(input):
            if "\u4e00" <= word[0] and len(word) > 1:
                found += [word[at : at + 2] for at in range(len(word) - 1)]
            else:
                found.append(word)
        return found

    def stem(self, word: str) -> str:
        return word.lower()


def setup(app: Sphinx) -> None:
    app.add_search_language(SearchChinese)
