"""Search finds pages, in both languages, over HTTP and from a folder on the disk."""

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
        "梯度": "glossary",
        "图": "2_dynamic_graph/plot_dynamic_graph",
        "retain_grad": "tensor",
        "MulBackward0": "plot_dynamic_graph",
        "grad_fn": "tensor",
        "does not require grad": "tensor",
    },
}


@pytest.mark.parametrize("way", ["file", "http"])
@pytest.mark.parametrize(
    ("language", "query", "wanted"),
    [(language, *pair) for language, pairs in WANTED.items() for pair in pairs.items()],
)
def test_a_page_is_among_the_first_three_results(
    site, served, reader, way, language, query, wanted
):
    root = served if way == "http" else f"{site.as_uri()}/"
    page = reader(f"{root}{language}/index.html")
    page.locator("input.sidebar-search").fill(query)
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    page.wait_for_function("document.querySelector('#search-results p')?.innerText.length > 0")
    links = page.locator("#search-results li > a")
    first = [links.nth(place).get_attribute("href") for place in range(min(3, links.count()))]
    assert any(f"{wanted}.html" in link for link in first), first


def test_a_word_that_is_nowhere_finds_nothing(site, reader):
    page = reader((site / "zh/search.html").as_uri() + "?q=%E5%A4%A7%E7%86%8A%E7%8C%AB")
    page.wait_for_function("document.querySelector('#search-results p')?.innerText.length > 20")
    assert page.locator("#search-results li").count() == 0
