"""The exercise ``fill`` asks for numbers in the picture of a graph: values, and gradients that
arrived. They are those that torch recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from docutils.parsers.rst import directives

from ...graph import Edge, Graph, Number, Tensor, Value
from ...picture.keys import Measure, Quantity
from ...picture.labels import tensor_name
from ...picture.words import Words
from .base import Asked, exercise
from .pictured import Pictured, quantities_in
from .predict import exact, is_accepted, parts, shown

GRADIENT = ".grad"


@dataclass(frozen=True)
class Blank:
    """A number that is asked for: its name on the page, the quantity in the picture, when in the
    calculation it was known, and numbers that one may mistake for it, with the names of replies."""

    name: str
    quantity: str
    turn: tuple[int, int]
    number: Number
    source: str = ""  # of a value: the expression that gives it
    other: str = "wrong-leaf"  # the reply to any other number
    mistakes: tuple[tuple[Number, str], ...] = ()

    @property
    def page(self) -> dict[str, Any]:
        is_gradient = self.name.endswith(GRADIENT)
        return {
            "name": self.name,
            "label": ["gradient" if is_gradient else "value", self.name.removesuffix(GRADIENT)],
            "quantity": self.quantity,
            "wanted": exact(self.number),
            "source": self.source,
            "other": self.other,
            "mistakes": [[exact(number), reply] for number, reply in self.mistakes],
        }


class Fill(Pictured):
    """``graph``: what is drawn. ``blanks``: names of tensors, whose values are asked for, and names
    with ``.grad``, of which it is the gradient that arrived."""

    kind = "fill"
    says: ClassVar = {
        "right": "exercise-right", "value": "fill-value", "gradient": "fill-gradient",
        "empty": "fill-empty", "some": "fill-some", "still": "fill-still", "number": "fill-number",
        "sign": "fill-sign", "follows": "fill-follows", "earlier": "fill-earlier",
        "part": "fill-part", "passed": "fill-passed", "local": "fill-local", "start": "fill-start",
        "wrong-value": "fill-wrong-value", "wrong-leaf": "fill-wrong-leaf",
        "wrong-gradient": "fill-wrong-gradient",
    }  # fmt: skip
    option_spec: ClassVar = {
        "graph": directives.unchanged_required,
        "blanks": directives.unchanged_required,
    }

    def asked(self, code: str, typed: Sequence[str]) -> Asked:
        names = [name.strip() for name in self.option("blanks", "v, J, u.grad").split(",")]
        self.record(code)
        drawn = quantities_in(self.drawn())
        blanks = sorted(map(self.blank, names), key=lambda blank: blank.turn)
        for blank in blanks:
            self.check(blank, drawn)
        if len({blank.quantity for blank in blanks}) < len(blanks):
            raise self.refusal(f":blanks: {', '.join(names)}: each of them once")
        self.blanks = tuple(blank.quantity for blank in blanks)
        wanted = {blank.name: exact(blank.number) for blank in blanks}
        said = {each: self.said(each, wanted) for each in typed}
        self.check_mistakes(
            typed,
            lambda each: is_accepted(said[each][1], wanted[said[each][0]]),
            lambda each, before: (
                said[each][0] == said[before][0] and is_accepted(said[each][1], said[before][1])
            ),
        )
        answer = ", ".join(f"{blank.name} = {shown(blank.number)}" for blank in blanks)
        return Asked([blank.page for blank in blanks], answer)

    def said(self, mistake: str, wanted: dict[str, list[str]]) -> tuple[str, list[str]]:
        """The blank that a mistake is about, and what is typed there."""
        name, _, number = (part.strip() for part in mistake.partition("="))
        if name not in wanted or not number:
            example, known = f"`{next(iter(wanted))} = 6`", ", ".join(wanted)
            raise self.refusal(
                f"begin with a blank and a number, as in {example}: …, not `{mistake}`; "
                f"the blanks are {known}"
            )
        return name, parts(number)

    def blank(self, name: str) -> Blank:
        graph = self.graph
        tensor = self.tensor(name.removesuffix(GRADIENT))
        if not name.endswith(GRADIENT):
            number = self.number(graph.tensors[tensor].value, name)
            call = graph.made_by.get(tensor)
            source = "" if call is None else graph.calls[call].source
            other = "wrong-value" if source else "wrong-leaf"
            quantity = str(Quantity(Measure.VALUE, tensor))
            return Blank(name, quantity, (0, tensor), number, source, other)
        node, output = graph.tensors[tensor].node, graph.tensors[tensor].output
        arrived = received(graph, graph.tensors[tensor])
        if node is None or arrived is None:
            raise self.refusal(
                f"no gradient arrived at {name.removesuffix(GRADIENT)}; "
                "run backward in the program, or take it out"
            )
        number = self.number(arrived, name)
        edges = [edge for edge in graph.edges if (edge.target, edge.output) == (node, output)]
        quantity = str(Quantity(Measure.RECEIVED, node, output))
        turn = (1, graph.order.index(node))
        other = "wrong-gradient" if edges else "start"
        known = tuple(mistakes(graph, edges, number))
        return Blank(name, quantity, turn, number, other=other, mistakes=known)

    def tensor(self, name: str) -> int:
        found = [n for n, tensor in enumerate(self.graph.tensors) if tensor_name(tensor) == name]
        if len(found) == 1:
            return found[0]
        if found:
            raise self.refusal(f"there are {len(found)} tensors {name}; give each its own name")
        names = ", ".join(filter(None, map(tensor_name, self.graph.tensors)))
        raise self.refusal(f"there is no tensor {name!r} in the graph; there are {names}")

    def number(self, value: Value, name: str) -> Number:
        """The one that a tensor holds. Raises Refused."""
        if value.numbers is None or len(value.numbers) != 1:
            shape = ", ".join(map(str, value.shape))
            raise self.refusal(f"{name} has the shape [{shape}]; ask for single numbers")
        return value.numbers[0]

    def check(self, blank: Blank, drawn: set[str]) -> None:
        if blank.quantity not in drawn:
            raise self.refusal(
                f"{blank.name} is not in the picture; open its block, as in :graph: J; fold: no"
            )
        if not is_accepted(parts(shown(blank.number)), exact(blank.number)):
            raise self.refusal(
                f"{blank.name} is {blank.number!r}, which cannot be typed; choose rounder numbers"
            )

    @classmethod
    def fields(cls, node: exercise, name: str, say: Words) -> str:
        return f"<button>{say['exercise-check']}</button>"


def received(graph: Graph, tensor: Tensor) -> Value | None:
    """The gradient that arrived at a tensor."""
    if tensor.node is None or tensor.received is not None:
        return tensor.received
    return graph.nodes[tensor.node].outputs[tensor.output].received


def mistakes(graph: Graph, edges: Sequence[Edge], number: Number) -> list[tuple[Number, str]]:
    """What somebody may take for the gradient that came along these edges: one of several parts,
    what arrived one operation earlier, or the local derivative alone."""
    found: list[tuple[Number | None, str]] = []
    for edge in edges:
        before = graph.nodes[edge.source].outputs[0].received
        if len(edges) > 1:
            found.append((only(edge.sent), "part"))
        found += [(only(before), "passed"), (edge.local, "local")]
    known: dict[Number, str] = {}
    for each, reply in found:
        if each is not None and each != number:
            known.setdefault(each, reply)
    return list(known.items())


def only(value: Value | None) -> Number | None:
    numbers = None if value is None else value.numbers
    return numbers[0] if numbers and len(numbers) == 1 else None
