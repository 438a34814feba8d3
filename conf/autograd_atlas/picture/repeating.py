"""From a row of numbers to what repeats in it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

MOST_PLACES = 40  # where the same stands again: so many are tried as the length of a unit


def repetitions(row: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Where a unit begins that stands at least three times in a row, how long it is, and how
    often it stands there.

    >>> list(repetitions([7, 1, 2, 1, 2, 1, 2, 9, 9, 9]))
    [(1, 2, 3), (7, 1, 3)]
    """
    places: dict[int, list[int]] = defaultdict(list)
    for place, number in enumerate(row):
        places[number].append(place)
    upcoming = dict.fromkeys(places, 0)
    place = 0
    while place < len(row):
        here = places[row[place]]
        next_one = upcoming[row[place]]
        while here[next_one] <= place and next_one < len(here) - 1:
            next_one += 1
        upcoming[row[place]] = next_one
        period, copies = repetition(row, place, here[next_one : next_one + MOST_PLACES])
        if copies:
            yield place, period, copies
        place += max(period * copies, 1)


def repetition(row: Sequence[int], place: int, later: Iterable[int]) -> tuple[int, int]:
    """The length of a unit that begins at ``place`` and again at one of ``later``, and how often
    it stands there in a row; (0, 0) if not three times."""
    for again in later:
        period = again - place
        if period <= 0:
            continue
        end = again
        while end < len(row) and row[end] == row[end - period]:
            end += 1
        copies = (end - place) // period
        if copies >= 3:
            return period, copies  # the shortest period covers what its multiples do
    return 0, 0
