"""Search finds pages, in both languages, over HTTP and from a folder on the disk."""

from urllib.parse import quote_plus

import pytest

# what a reader types -> a page that has to be among the first three results
WANTED = {
    "en": {
        "retain_grad": "tensor",
        "MulBackward0": "glossary",
        "grad_fn": "tensor",
        "does not require grad": "tensor",
        "leaf tensor": "glossary",
        "computation graph": "glossary",
    },
    "zh": {
        "计算图": "1_computation_graph/index",
        "动态计算图": "glossary",
        "叶子张量": "glossary",
        "叶子节点": "glossary",
        "损失函数": "glossary",
        "显存": "glossary",
        "批归一化": "glossary",
        "反向传播算法": "glossary",
        "自动求导": "glossary",
        "梯度": "glossary",
        "图": "2_dynamic_graph/plot_dynamic_graph",
        "retain_grad": "tensor",
        "MulBackward0": "plot_walk_grad_fn",
        "grad_fn": "tensor",
        "does not require grad": "tensor",
    },
}


@pytest.fixture(params=["file", "http"])
def root(request, site, served):
    return served if request.param == "http" else f"{site.as_uri()}/"


def results(page) -> list[str]:
    """Where the results lead, when all are there."""
    page.wait_for_selector("#search-results li a")
    page.wait_for_function("document.querySelector('#search-results p')?.innerText.length > 0")
    return [link.get_attribute("href") for link in page.locator("#search-results li > a").all()]


@pytest.mark.parametrize(
    ("language", "query", "wanted"),
    [(language, *pair) for language, pairs in WANTED.items() for pair in pairs.items()],
)
def test_a_page_is_among_the_first_three_results(root, reader, language, query, wanted):
    page = reader(f"{root}{language}/search.html?q={quote_plus(query)}", shared=True)
    first = results(page)[:3]
    assert any(f"{wanted}.html" in link for link in first), first


@pytest.mark.parametrize(("language", "query"), [("en", "leaf tensor"), ("zh", "叶子张量")])
def test_one_searches_from_any_page(root, reader, language, query):
    page = reader(f"{root}{language}/lessons/1_computation_graph/index.html", shared=True)
    page.locator("input.sidebar-search").fill(query)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{root}{language}/search.html?q=*")
    found = results(page)
    page.goto(f"{root}{language}/search.html?q={quote_plus(query)}")
    assert results(page) == found


def test_a_word_that_is_nowhere_finds_nothing(site, reader):
    page = reader(f"{(site / 'zh/search.html').as_uri()}?q={quote_plus('大熊猫')}", shared=True)
    page.wait_for_function("document.querySelector('#search-results p')?.innerText.length > 20")
    assert page.locator("#search-results li").count() == 0
