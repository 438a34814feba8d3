"""Every line that the site prints is checked against what was accepted."""

import re

import pytest

import pages
from transcripts import (
    ACCEPTED,
    PRINTED,
    TOLD,
    accepted,
    difference,
    outputs,
    pages_with_code,
)

HOW = "if the new output is right, say why in the commit, and run 'make accept'"


def test_every_printed_line_is_checked(site, terminal):
    printed = checked = 0
    problems = []
    for name, page in pages_with_code().items():
        blocks = outputs(page)
        lines = sum(len(text.rstrip("\n").split("\n")) for _, text in blocks)
        printed += lines
        expected = accepted(name)
        if expected is None:
            problems.append(f"{name}: has no transcript")
            continue
        checked += lines
        if len(blocks) != len(expected):
            problems.append(f"{name}: {len(blocks)} blocks printed, {len(expected)} accepted")
        for number, (new, old) in enumerate(zip(blocks, expected, strict=False), 1):
            if new.kind != old.kind or (found := difference(new.text, old.text)):
                found = found if new.kind == old.kind else f"{new.kind}, not {old.kind}"
                problems.append(f"{name}, block {number}: {found}")
    terminal(f"{printed} printed lines, {checked} checked")
    assert not problems, "\n".join([*problems, HOW])
    assert printed == checked > 0


def test_nothing_printed_escapes_the_blocks_that_are_checked(site):
    """Code output stands only where the check above looks: text in a literal block."""
    for name, page in pages_with_code().items():
        for cell in pages.select(page, ".cell_output, .sphx-glr-script-out"):
            checked = set(pages.select(cell, "pre"))
            # sphinx-gallery's own "Out:" is no output
            left = "".join(pages.strings(cell, without=checked)).strip()
            others = [each.tag for each in pages.select(cell, "img, svg, table")]
            assert (left, others) == ("", []), name


def test_every_transcript_belongs_to_a_page(site):
    names = {
        path.relative_to(ACCEPTED).with_suffix("").as_posix() for path in ACCEPTED.rglob("*.txt")
    }
    assert names == set(pages_with_code())


def test_each_message_on_the_front_page_is_printed_where_it_leads(site):
    printing = pages_with_code()
    found = 0
    for term in pages.select(printing["index"], "dl dt"):
        said = term.xpath("following-sibling::dd[1]")[0]
        leads_to = [a.get("href") for a in pages.select(said, "a")]
        printed = "\n".join(
            text for name in leads_to for _, text in outputs(printing[name.removesuffix(".html")])
        )
        codes = [pages.text(each) for each in pages.select(term, "code")]
        for message in (each.removeprefix("… ") for each in codes):
            if " " in message:  # no attribute or method
                found += 1
                assert " ".join(message.split()) in " ".join(printed.split()), message
    assert found >= 10


def test_both_languages_print_the_same(site):
    english, chinese = pages_with_code("en"), pages_with_code("zh")
    assert english.keys() == chinese.keys()
    for name in english:
        printed = [
            [pages.text(block) for block in pages.select(page[name], PRINTED)]
            for page in (english, chinese)
        ]
        assert printed[0] == printed[1], name


def said(line: pages.Element) -> str:
    """A line in words, in which English counts from 1, as Chinese does."""
    return re.sub(r"\bone\b", "1", pages.text(line))


def test_both_languages_tell_the_same_graphs(site):
    """The words differ; the lines, and the numbers and nodes in each, do not."""
    english, chinese = pages_with_code("en"), pages_with_code("zh")
    told = 0
    for name in english:
        lists = [pages.select(page[name], TOLD) for page in (english, chinese)]
        assert len(lists[0]) == len(lists[1]), name
        for ours, theirs in zip(*lists, strict=True):
            facts = [
                [
                    sorted(re.findall(r"[−\d.]*\d|\w+Backward\d|AccumulateGrad", said(line)))
                    for line in pages.select(each, "li")
                ]
                for each in (ours, theirs)
            ]
            assert facts[0] == facts[1], name
            told += len(facts[0])
    assert told


def test_the_site_shows_no_address_and_no_folder(site):
    for name, page in pages_with_code().items():
        for _, block in outputs(page):
            assert not re.search(r"0x[0-9a-f]{4}|/ipykernel|/examples/", block), f"{name}: {block}"


@pytest.mark.parametrize(
    ("printed", "accepted_text"),
    [
        ("tensor([6.])", "tensor([6.])"),
        ("tensor([6.0001])", "tensor([6.0000])"),
        ("<MulBackward0 object at 0x7f12>", "<MulBackward0 object at 0x…>"),
        ("/a b/c/plot_x.py:3: UserWarning: no", "plot_x.py:3: UserWarning: no"),
        ("loss = 0.99999", "loss = 1.00000"),
        ("1.5e-05", "1.50001e-05"),
        ("same  \n", "same\n"),
    ],
)
def test_equal_outputs_pass(printed, accepted_text):
    assert difference(printed, accepted_text) is None


@pytest.mark.parametrize(
    ("printed", "accepted_text"),
    [
        ("tensor([7.])", "tensor([6.])"),
        ("tensor([6.001])", "tensor([6.000])"),
        ("tensor([-6.])", "tensor([6.])"),
        ("6", "7"),
        ("6", "6.0"),
        ("100000", "100001"),
        ("tensor([6., 6.])", "tensor([6.])"),
        ("<AddBackward0 object at 0x7f12>", "<MulBackward0 object at 0x…>"),
        ("0.0001", "0.0"),
        ("nan", "1.0"),
        ("a\nb", "a"),
        ("a", "a\nb"),
        ("1.5e-05", "1.5e-06"),
    ],
)
def test_different_outputs_fail(printed, accepted_text):
    assert difference(printed, accepted_text)
