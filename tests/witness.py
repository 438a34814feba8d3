"""What the proofs compare a recorded graph with: independent walks, a mode that only looks, and
a second run in which every tensor keeps its gradient. Nothing here uses our recorder.
"""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode, resolve_name

SVG = "{http://www.w3.org/2000/svg}"


# -- What is drawn --------------------------------------------------------------------------


@dataclass
class Drawn:
    """The boxes of a picture by id, each with its texts and its area, and the ends of wires."""

    boxes: dict[str, tuple[list[tuple[str, str]], tuple[float, float, float, float]]]
    wires: dict[str, tuple[tuple[float, float], tuple[float, float]]]
    stops: dict[str, tuple[float, float]]

    def box_at(self, point: tuple[float, float]) -> str:
        """The box on whose border a point lies: the nearest one."""

        x, y = point
        near = [
            key
            for key, (_, (left, top, width, height)) in self.boxes.items()
            if left - 3 < x < left + width + 3 and top - 3 < y < top + height + 3
        ]
        assert near, f"a wire ends at {point}, where no box is"

        def distance(key: str) -> float:
            left, top, width, height = self.boxes[key][1]
            dx = max(left - x, 0, x - left - width)
            dy = max(top - y, 0, y - top - height)
            return dx * dx + dy * dy

        return min(near, key=distance)


def end_of(path: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Start and end of ``M x y c …`` with relative triples."""
    start, _, rest = path.removeprefix("M").partition("c")
    x, y = map(float, start.split())
    first = (x, y)
    numbers = [float(each) for each in re.findall(r"-?[\d.]+", rest)]
    for step in range(0, len(numbers), 6):
        x, y = x + numbers[step + 4], y + numbers[step + 5]
    return first, (x, y)


def drawn(svg: str, prefix: str) -> Drawn:
    """Read a picture. It has to be well-formed XML."""
    root = ET.fromstring(svg)
    boxes, wires, stops = {}, {}, {}
    for element in root.iter():
        key = element.get("id", "").removeprefix(prefix)
        if element.tag == f"{SVG}g" and element.get("id"):
            texts = []
            for text in element.iter(f"{SVG}text"):
                parts = [(text.get("class", ""), text.text or "")] if text.text else []
                parts += [(span.get("class", ""), span.text or "") for span in text]
                texts += parts
            title = element.find(f"{SVG}title")
            if title is not None:
                texts.append(("title", title.text or ""))
            areas = [
                [float(rect.get(name, "nan")) for name in ("x", "y", "width", "height")]
                for rect in element.iter(f"{SVG}rect")
            ]
            left, top = min(a[0] for a in areas), min(a[1] for a in areas)
            right = max(a[0] + a[2] for a in areas)
            bottom = max(a[1] + a[3] for a in areas)
            boxes[key] = (texts, (left, top, right - left, bottom - top))
        if element.tag == f"{SVG}path" and element.get("id"):
            if element.get("class") == "stop":
                x, y = map(float, re.findall(r"[\d.]+", element.get("d", ""))[:2])
                stops[key] = (x, y)
            else:
                wires[key] = end_of(element.get("d", ""))
    return Drawn(boxes, wires, stops)


def node_name(texts: list[tuple[str, str]]) -> str:
    """What a box of the recorded view says the node is called."""
    parts = dict(reversed(texts))  # the first of each kind
    prefix = parts.get("type", "") if "::" in parts.get("type", "") else ""
    return prefix + parts.get("title", parts["head"])


def assert_drawn_as_recorded(picture: Drawn, roots: list[Any]) -> tuple[int, int]:
    """Follow picture and ``next_functions`` together, from the roots on: the same names, and
    the same edges in the same order. Gives the count of nodes and edges."""
    outgoing: dict[str, list[tuple[int, str | None]]] = {key: [] for key in picture.boxes}
    for key, (start, end) in picture.wires.items():
        outgoing[picture.box_at(end)].append((int(key[1:]), picture.box_at(start)))
    for key, point in picture.stops.items():
        outgoing[picture.box_at(point)].append((int(key[1:]), None))
    for targets in outgoing.values():
        targets.sort()

    nodes, todo = [], list(roots)
    seen = set()
    while todo:
        node = todo.pop()
        if id(node) not in seen:
            seen.add(id(node))
            nodes.append(node)
            todo += [target for target, _ in node.next_functions if target is not None]
    assert len(nodes) == len(picture.boxes)
    edges = sum(len(node.next_functions) for node in nodes)
    assert edges == len(picture.wires) + len(picture.stops)

    for root in roots:
        candidates = [
            k for k, (texts, _) in picture.boxes.items() if node_name(texts) == root.name()
        ]
        assert any(same_from(key, root, picture, outgoing) for key in candidates), root.name()
    return len(nodes), edges


def edges_below(roots: list[Any]) -> Counter[tuple[str, int, str, int]]:
    """Every edge that leads to a node: names, its position, and to which output it leads."""
    found: Counter[tuple[str, int, str, int]] = Counter()
    todo, seen = list(roots), {}
    while todo:
        node = todo.pop()
        if id(node) not in seen:
            seen[id(node)] = node
            for index, (target, output) in enumerate(node.next_functions):
                if target is not None:
                    found[node.name(), index, target.name(), output] += 1
                    todo.append(target)
    return found


def same_from(
    box: str, root: Any, picture: Drawn, outgoing: dict[str, list[tuple[int, str | None]]]
) -> bool:
    """Whether everything from ``box`` on is what can be reached from ``root``."""
    box_of: dict[int, str] = {}
    todo = [(box, root)]
    while todo:
        key, node = todo.pop()
        if id(node) in box_of:
            if box_of[id(node)] != key:
                return False
            continue
        box_of[id(node)] = key
        if node_name(picture.boxes[key][0]) != node.name():
            return False
        drawn_targets = [target for _, target in outgoing[key]]
        targets = [target for target, _ in node.next_functions]
        if [t is None for t in drawn_targets] != [t is None for t in targets]:
            return False
        pairs = zip(drawn_targets, targets, strict=True)
        todo += [(k, n) for k, n in pairs if k is not None and n is not None]
    return len(set(box_of.values())) == len(box_of)


# -- What ran -------------------------------------------------------------------------------


def flat(thing: Any) -> Iterator[torch.Tensor]:
    if isinstance(thing, torch.Tensor):
        if not torch.nn.parameter.is_lazy(thing):
            yield thing
    elif isinstance(thing, (tuple, list)):
        for each in thing:
            yield from flat(each)
    elif isinstance(thing, dict):
        yield from flat(list(thing.values()))


@dataclass
class Seen:
    name: str
    inputs: list[tuple[int, int]]
    outputs: list[tuple[int, int]]
    tensors: list[torch.Tensor]  # the outputs themselves, which also keeps their ids taken
    values: list[torch.Tensor]
    held: list[torch.Tensor]


def version(tensor: torch.Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version


class Witness(TorchFunctionMode):
    """Sees calls, keeps what they gave, and asks every result to keep its gradient."""

    def __init__(self, *, retain: bool = True) -> None:
        super().__init__()
        self.calls: list[Seen] = []
        self.retain = retain
        self.names: set[str] = set()

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = list(flat((args, kwargs or {})))
        before = [(id(each), version(each)) for each in given]
        contents = [each.detach().clone() for each in given]
        result = func(*args, **(kwargs or {}))
        written = [
            t
            for t, (_, old), content in zip(given, before, contents, strict=True)
            if version(t) != old or not torch.equal(t.nan_to_num(), content.nan_to_num())
        ]  # batch_norm changes its running statistics without counting it as a write
        known = {key for key, _ in before}
        fresh = [t for t in flat(result) if id(t) not in known]
        outputs: list[torch.Tensor] = []
        for each in [*fresh, *written]:
            if not any(each is other for other in outputs):
                outputs.append(each)
        name = (resolve_name(func) or func.__name__).replace(".__get__", "").replace(".__set__", "")
        self.names.add(name)
        if outputs and name not in ("torch.Tensor.grad", "torch.Tensor.backward"):
            after = [(id(each), version(each)) for each in outputs]
            if self.retain:
                for each in outputs:
                    if each.requires_grad and not each.is_leaf:
                        each.retain_grad()
            values = [each.detach().clone() for each in outputs]
            seen = Seen(name.split(".")[-1], before, after, outputs, values, given)
            self.calls.append(seen)
        return result


def needed(calls: list[Seen], results: list[torch.Tensor]) -> list[Seen]:
    """The calls that the results were computed from, back to leaves that need a gradient."""
    made = {output: call for call in calls for output in call.outputs}
    leaves = {
        key
        for call in calls
        for key, tensor in zip(call.inputs, call.held, strict=True)
        if tensor.is_leaf and tensor.requires_grad
    }
    todo = [(id(each), version(each)) for each in results]
    chosen: list[int] = []
    done = set()
    while todo:
        key = todo.pop()
        if key in done or key in leaves:
            continue
        done.add(key)
        call = made.get(key)
        if call is None or not call.inputs:
            continue
        if not any(call is calls[number] for number in chosen):
            chosen.append(next(n for n, each in enumerate(calls) if each is call))
        todo += call.inputs
    return [calls[number] for number in sorted(chosen)]


def twice(program: Callable[[], Any], record: Callable[[], Any]) -> tuple[Any, Any, Witness]:
    """Run a program under our recorder, then from the same seed under a witness."""
    torch.manual_seed(0)
    ours = record()
    torch.manual_seed(0)
    with Witness() as witness:
        theirs = program()
    return ours, theirs, witness
