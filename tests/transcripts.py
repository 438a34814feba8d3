"""What the site prints, and what it was accepted to print.

A transcript is the text of everything that one page printed, block by block, under
``tests/transcripts/``. ``make accept`` (this file, run as a program) rewrites them from
the built site, to be reviewed as a diff.
"""

import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pages

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "build" / "html"
ACCEPTED = Path(__file__).with_name("transcripts")

PRINTED = ".sphx-glr-script-out pre, .cell_output pre, .aa-printed pre"
TOLD = ".aa-words ol"
ANSWER = ".aa-answer"

TOLERANCE = 1e-4  # relative, for numbers with a decimal point
DECIMAL = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?")


def masked(text: str) -> str:
    """``text`` without addresses, and without the folder in front of a warning's file."""
    text = re.sub(r"\bat 0x[0-9a-fA-F]+", "at 0x…", text)
    return re.sub(r"(?m)^.*/(?=[^/\n]+:\d+: \w*Warning: )", "", text)


def difference(printed: str, accepted: str) -> str | None:
    """What differs, or None. The text has to be the same, and so has the count of numbers;
    only numbers with a decimal point may differ, by 1e-4 of the accepted one.

    >>> difference("tensor([6.0001])", "tensor([6.0000])")
    >>> difference("tensor([7.])", "tensor([6.])")
    'printed 7. where 6. is accepted'
    """
    lines = [text.rstrip("\n").split("\n") for text in (masked(printed), masked(accepted))]
    lines = [[line.rstrip() for line in text] for text in lines]
    if len(lines[0]) != len(lines[1]):
        return f"printed {len(lines[0])} lines where {len(lines[1])} are accepted"
    for new, old in zip(*lines, strict=True):
        if DECIMAL.split(new) != DECIMAL.split(old):
            return f"printed {new!r} where {old!r} is accepted"
        for number, expected in zip(DECIMAL.findall(new), DECIMAL.findall(old), strict=True):
            if abs(float(number) - float(expected)) > TOLERANCE * abs(float(expected)):
                return f"printed {number} where {expected} is accepted"
    return None


class Given(NamedTuple):
    kind: str  # "printed", "answer" of an exercise, or "graph" for one that is told in words
    text: str


def outputs(page: pages.Element) -> list[Given]:
    """What code on this page has given, in order: the text blocks that it printed, the answers of
    exercises, and the lists in which a graph is told in words, with every value and gradient that
    its picture shows."""
    kinds = {"ol": "graph", "code": "answer", "pre": "printed"}
    blocks = pages.select(page, f"{PRINTED}, {TOLD}, {ANSWER}")
    return [Given(kinds[each.tag], told(each)) for each in blocks]


def told(block: pages.Element) -> str:
    if block.tag != "ol":
        return pages.text(block)
    return "".join(f"{pages.text(line)}\n" for line in pages.select(block, "li"))


def pages_with_code(language: str = "en") -> dict[str, pages.Element]:
    """Each built page that ran code (a lesson or a page with cells), by its name."""
    found = {}
    for path in sorted((SITE / language).rglob("*.html")):
        page = pages.page(path)
        if pages.select(page, ".sphx-glr-example-title, .cell, .aa-figure, .aa-exercise"):
            found[path.relative_to(SITE / language).with_suffix("").as_posix()] = page
    return found


def write(blocks: list[Given]) -> str:
    return "".join(
        f"--- {number} {kind}\n{masked(text).rstrip()}\n"
        for number, (kind, text) in enumerate(blocks, 1)
    )


def read(transcript: str) -> list[Given]:
    parts = re.split(r"(?m)^--- \d+ (printed|graph|answer)\n", transcript)[1:]
    return [Given(kind, text) for kind, text in zip(parts[::2], parts[1::2], strict=True)]


def accepted(name: str) -> list[Given] | None:
    path = ACCEPTED / f"{name}.txt"
    return read(path.read_text(encoding="utf-8")) if path.exists() else None


def accept() -> None:
    pages = pages_with_code()
    if not pages:
        sys.exit("accept: build/html holds no page that prints; run 'make html' first")
    shutil.rmtree(ACCEPTED, ignore_errors=True)
    for name, page in pages.items():
        path = ACCEPTED / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write(outputs(page)), encoding="utf-8")
        print(path.relative_to(ROOT))
    print("Now read the difference: git diff tests/transcripts")


if __name__ == "__main__":
    accept()
