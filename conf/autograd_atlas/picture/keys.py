"""The names of what is drawn and of what is calculated, as they stand in SVG ids and in tapes.

A :class:`Key` names a box or a wire, a :class:`Quantity` a value of the calculation. Some of their
letters are the same; they are two types, so that nobody takes the one for the other.
"""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a box or a wire stands for, by the letter that its key begins with."""

    BLOCK = "b"  # a folded block
    CALL = "c"  # a call, with the tensor that it made, if that is one
    TENSOR = "t"  # a tensor that has a box of its own
    CONSTANT = "k"  # what a call was given that is no tensor: its number, and the argument's place
    NODE = "n"  # an autograd node
    EDGE = "e"  # a wire along next_functions, or a short end
    ARGUMENT = "w"  # a wire into a call: its number, and the argument's place
    OUTPUT = "o"  # a wire from a call to one of several tensors that it made
    ALIAS = "a"  # a wire to a tensor that changed with another one


class Key(NamedTuple):
    """A box or a wire: ``number`` is a position in the graph.

    >>> str(Key(Kind.NODE, 3)), str(Key(Kind.CONSTANT, 3, 1))
    ('n3', 'k3.1')
    """

    kind: Kind
    number: int
    place: int | None = None

    def __str__(self) -> str:
        return joined(self.kind, self.number, self.place)


class Measure(StrEnum):
    """What a quantity measures, by the letter that its name begins with."""

    VALUE = "v"  # of a tensor
    RECEIVED = "r"  # the gradient that a node received for one of its outputs
    SENT = "e"  # the gradient that was sent along an edge
    LOCAL = "d"  # the local derivative at an edge
    GRAD = "g"  # the leaf's .grad at a node


class Quantity(NamedTuple):
    """A value of the calculation: ``number`` is that of a tensor, a node or an edge.

    >>> str(Quantity(Measure.VALUE, 3)), str(Quantity(Measure.RECEIVED, 3, 0))
    ('v3', 'r3.0')
    """

    measure: Measure
    number: int
    place: int | None = None

    def __str__(self) -> str:
        return joined(self.measure, self.number, self.place)


def joined(letter: str, number: int, place: int | None) -> str:
    return f"{letter}{number}" if place is None else f"{letter}{number}.{place}"
