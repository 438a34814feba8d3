"""From the pictures of a graph with one more block open each to a short text, which
``player/unfolding.js`` turns into the same pictures again.

They are almost the same picture again and again: most of it only moved, and what is inside of
one layer is inside of the next, with other names. So two things are done, one after the other:

1. :func:`relative`: an SVG whose ids begin with nothing is written with steps in the place of
   positions. ``x``, ``y`` and the start of a path are counted in tenths of a pixel from the last
   one before, the number in an id from that of the last id. Attributes stand between ``'``, which
   no text of ours holds unescaped. What is the same elsewhere is now the same text.
2. :func:`packed`: of all these texts, one after the other, what has been there before is a pair
   ``[back, count]``: so many characters, from so far back. All else stands there as it is. At the
   beginning stands the length of the whole. Characters are counted as JavaScript does it, in
   units of UTF-16.
"""

import re
from collections import defaultdict

KEY = 12  # characters by which a repetition is found
WORTH = 14  # characters from which on a pair is shorter than what it stands for
MOST_TRIED = 48  # places in which a repetition is looked for, the last ones

PLACES = re.compile(
    r"""(\ (?:id|data-block)=')([a-z])(\d+)  # what an element is
    |(\ )([xy])='(-?[\d.]+)                  # where it is
    |(\ d='M)(-?[\d.]+)\ (-?[\d.]+)          # where a path begins""",
    re.VERBOSE,
)


def relative(svg: str) -> str:
    """An SVG, with steps in the place of positions.

    >>> relative('<g id="n4"><rect x="7.5" y="4"/><path d="M8 4h2"/></g><g id="n5">')
    "<g id='n4'><rect x='75' y='40'/><path d='M5 0h2'/></g><g id='n1'>"
    """
    last = {"id": 0, "x": 0, "y": 0}

    def step(kind: str, place: int) -> int:
        before, last[kind] = last[kind], place
        return place - before

    def tenths(axis: str, place: str) -> int:
        return step(axis, round(float(place) * 10))

    def written(found: re.Match[str]) -> str:
        if found[1]:
            return f"{found[1]}{found[2]}{step('id', int(found[3]))}"
        if found[4]:
            return f" {found[5]}='{tenths(found[5], found[6])}"
        return f"{found[7]}{tenths('x', found[8])} {tenths('y', found[9])}"

    return PLACES.sub(written, svg.replace('"', "'"))


def packed(text: str) -> list[int | str | list[int]]:
    """A text, with pairs in the place of what has been there before.

    >>> packed("a long sentence, and a long sentence")
    [36, 'a long sentence, and ', [21, 15]]
    """
    text = halved(text)
    parts: list[int | str | list[int]] = [len(text)]
    places: dict[str, list[int]] = defaultdict(list)  # where each KEY characters began
    place = told = 0
    while place < len(text):
        key = text[place : place + KEY]
        source, count = longest(text, place, places[key][-MOST_TRIED:])
        places[key].append(place)
        if count >= WORTH:
            parts += [whole(text[told:place])] if told < place else []
            parts.append([place - source, count])
            place = told = place + count
        else:
            place += 1
    return [*parts, whole(text[told:])] if told < len(text) else parts


def longest(text: str, place: int, sources: list[int]) -> tuple[int, int]:
    """Where the longest stretch of what comes now has been before, and how long it is."""
    best, length = 0, 0
    for source in reversed(sources):
        ahead = length + 1
        if text[source : source + ahead] != text[place : place + ahead]:
            continue
        most = min(place - source, len(text) - place)
        count, more = min(length, most), 1 << 16
        while more:
            end = min(count + more, most)
            if text[source + count : source + end] == text[place + count : place + end]:
                count = end
            more >>= 1
        if count > length:
            best, length = source, count
    if length and "\udc00" <= text[place + length : place + length + 1] <= "\udfff":
        length -= 1  # a character of two units is not parted
    return best, length


def halved(text: str) -> str:
    """A text in units of UTF-16."""
    units = text.encode("utf-16-le", "surrogatepass")
    return text if len(units) == 2 * len(text) else "".join(map(chr, memoryview(units).cast("H")))


def whole(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
