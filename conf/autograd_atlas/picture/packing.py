"""From a text that repeats itself to a short one, which ``unpacked`` in player/unfolding.js turns
into the same text again.

What has been there before is a pair ``[back, count]``: so many characters, from so far back. All
else stands there as it is, and before it the length of the whole. Characters are counted as
JavaScript does it, in units of UTF-16.
"""

KEY = 12  # characters by which a repetition is found
WORTH = 14  # characters from which on a pair is shorter than what it stands for
MOST_TRIED = 48  # places in which a repetition is looked for, the last ones

Packed = list[int | str | list[int]]


def packed(text: str) -> Packed:
    """A text, with pairs in the place of what has been there before.

    >>> packed("a long sentence, and a long sentence")
    [36, 'a long sentence, and ', [21, 15]]
    """
    text = halved(text)
    parts: Packed = [len(text)]
    places: dict[str, list[int]] = {}  # where each KEY characters began
    place = written = 0
    while place < len(text):
        sources = places.setdefault(text[place : place + KEY], [])
        source, count = longest(text, place, sources[-MOST_TRIED:]) if sources else (0, 0)
        sources.append(place)
        if count >= WORTH:
            parts += [whole(text[written:place])] if written < place else []
            parts.append([place - source, count])
            place = written = place + count
        else:
            place += 1
    return [*parts, whole(text[written:])] if written < len(text) else parts


def longest(text: str, place: int, sources: list[int]) -> tuple[int, int]:
    """Where the longest stretch that begins at ``place`` has been before, and how long it is."""
    best, length = 0, 0
    for source in reversed(sources):
        ahead = length + 1
        if text[source : source + ahead] != text[place : place + ahead]:
            continue
        most = min(place - source, len(text) - place)  # a pair is never part of what it gives
        count, more = min(length, most), 32
        while more and count < most:
            end = min(count + more, most)
            same = text[source + count : source + end] == text[place + count : place + end]
            count, more = (end, 2 * more) if same else (count, more // 2)
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
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
