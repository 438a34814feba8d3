"""From what leads to what, to columns: each item stands further right than all that leads to it.

Items are numbers, and links pairs of them. Linear in their number, and never recursive.
"""

from collections.abc import Collection, Iterable, Sequence

Link = tuple[int, int]


def ranks(count: int, links: Sequence[Link], late: Collection[int] = ()) -> list[int]:
    """The column of each item, from 0: as far left as can be, but what is only there for one other
    item (a parameter, and what was made of it alone) stands right before it, and so does what is
    ``late``. A link that closes a circle is left out of account.
    """
    into: list[list[int]] = [[] for _ in range(count)]
    users: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        into[target].append(source)
        users[source].append(target)
    order = flowing(into, users)
    rank, loose = [0] * count, [False] * count
    done = [False] * count
    for item in order:
        before = [source for source in into[item] if done[source]]
        rank[item] = 1 + max((rank[source] for source in before), default=-1)
        loose[item] = all(loose[source] and len(users[source]) == 1 for source in before)
        done[item] = True
    for item in late:
        loose[item] = True
    for item in reversed(order):
        if loose[item]:
            next_one = min(
                (rank[user] for user in users[item] if rank[user] > rank[item]), default=0
            )
            rank[item] = max(rank[item], next_one - 1)
    return rank


def flowing(into: Sequence[Sequence[int]], users: Sequence[Sequence[int]]) -> list[int]:
    """All items, what leads to something before it; in a circle, the first one first."""
    waiting = list(map(len, into))
    ready = [item for item, left in enumerate(waiting) if not left]
    order: list[int] = []
    taken = [False] * len(into)
    first = 0
    while len(order) < len(into):
        if not ready:
            while taken[first]:
                first += 1
            ready.append(first)
        item = ready.pop()
        if taken[item]:
            continue
        taken[item] = True
        order.append(item)
        for user in users[item]:
            waiting[user] -= 1
            if not waiting[user] and not taken[user]:
                ready.append(user)
    return order


def crossed(rank: Sequence[int], links: Iterable[Link]) -> int:
    """The columns that links cross, ends counted once, which is what laying out takes."""
    return sum(abs(rank[target] - rank[source]) for source, target in links)
