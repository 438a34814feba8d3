"""What the page calculates when a reader changes an input is what torch calculates: every operation
in the player's table by itself, at numbers of every kind, and random graphs of them. The table runs
in Node; a sample of it also on a page of a real Chromium.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from random import Random

import pytest
import torch
import torch.nn.functional as F

from autograd_atlas.graph import Graph, Value
from autograd_atlas.picture.calculation import quantities
from autograd_atlas.recording import record
from autograd_atlas.recording.nodes import quiet
from autograd_atlas.recording.recording import Recording
from calculators import Calculator, Job, in_browser, in_node

TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}  # of the largest number in a tensor
FLOOR = 1e-3  # tensors whose largest number is smaller are compared as if it were this
LARGEST = 1e7  # graphs with a larger number are left out

# Each is applied to tensors of the pool: x and y of any shapes, v a vector, m and n matrices.
# What torch refuses for the shapes at hand is left out of the graph.
RULES = """
x + y; x - y; x * y; x / y; x + 3; 3 + x; x - 2; 3 - x; 2.5 * x; x / 4; 3 / x; -x; x ** 2; x ** -1
x ** 3.0; x ** 0; 2 ** x; 0 ** x.abs(); x.abs() ** y; torch.rsub(x, 1)
torch.add(x, y, alpha=2); torch.sub(x, y, alpha=0.5)
torch.maximum(x, y); torch.minimum(x, y); torch.where(x > y, x, y)
torch.where(x <= 0.5, x * y, y); torch.where(x.ge(y), x, x * x); torch.where(x.lt(0), x, y)
torch.where(x == y, x, y); torch.where(x != y, y, x); torch.maximum(x, x.clone())
x.neg(); x.exp(); x.expm1(); x.abs().log(); x.abs().log2(); x.abs().log10(); x.abs().log1p()
x.abs().sqrt(); x.abs().rsqrt(); x.square(); x.reciprocal(); x.sin(); x.cos(); x.tan()
x.tanh().asin(); x.tanh().acos(); x.atan(); x.sinh(); x.cosh(); x.tanh(); x.sigmoid()
F.logsigmoid(x); F.relu(x); torch.where(x > 0.1, x, 0.5); torch.where(x > 0.1, -1.0, x); x[:] * 2
m[:, :] * 2; x[...] * 2; x.clamp(-1, 1)
x.clamp(min=0.25); torch.clamp(x, max=0.5); x.clamp(-0.1, 0.1); x.clamp(1, -1)
F.leaky_relu(x); F.leaky_relu(x, 0.2); F.elu(x); F.elu(x, 1.5)
F.softplus(x); F.softplus(x, beta=2); F.silu(x); x.abs(); x.sign() * x; x.floor() + x; x.ceil() * x
x.round() + x; torch.relu(x); torch.square(x); x.detach() * x; torch.ones_like(x) * x
torch.zeros_like(x) + x; x.clone().mul_(2); x.clone().add_(y); x.clone().relu_()
x.sum(); x.sum(0); x.sum(dim=1, keepdim=True); x.sum(-1); x.sum((0, 1)); x.mean(); x.mean(0)
torch.mean(x, dim=1, keepdim=True); x.prod(); x.prod(0); x.max(); x.min(); x.amax(); x.amin()
x.amax(1); x.amin(0)
x.amax((0, 1)); x.logsumexp(0); x.logsumexp(1, keepdim=True); x.norm(); torch.linalg.vector_norm(x)
x.norm(dim=0); x.var(); x.std(); x.var(0); x.std(dim=1, keepdim=True); x.var(0, unbiased=False)
x.var(correction=0); x.softmax(0); F.softmax(x, dim=1); F.log_softmax(x, 1); x.log_softmax(-1)
x.cumsum(0)
F.mse_loss(x, y.expand_as(x)); F.mse_loss(x, x.sin(), reduction="sum"); F.l1_loss(x, x.cos())
F.mse_loss(x, x.cos(), reduction="none"); F.l1_loss(x, x.sin(), reduction="sum")
F.binary_cross_entropy_with_logits(x, x.detach().sigmoid())
F.binary_cross_entropy(x.sigmoid(), x.detach().cos().square())
F.cross_entropy(m, torch.tensor([0, 1])); F.cross_entropy(v, torch.tensor(1))
F.nll_loss(m, torch.tensor([1, 0]))
F.cross_entropy(m, torch.tensor([1, 1]), reduction="sum")
m @ n; m @ v; v @ m; v @ v; m.mm(n); m.mv(v); torch.dot(v, v); torch.matmul(m, n.T)
torch.outer(v, v)
torch.addmm(m, m, n); F.linear(m, n); F.linear(m, n, v); F.linear(m.detach(), n, v)
F.linear(v.detach(), n, v); F.linear(v, n); F.linear(v, n, v)
x.reshape(-1); x.view(-1, 1); x.flatten(); x.view_as(x); x.ravel(); m.t()
x.T if x.dim() == 2 else x.sin()
m.T.reshape(-1); m.T.flatten(); m.T.ravel(); m.T.reshape_as(n.reshape(m.T.shape))
m.mT; m.transpose(0, 1); m.permute(1, 0); m.swapaxes(-1, 0); x.unsqueeze(0); x.unsqueeze(-1)
x.unsqueeze(0).squeeze(0); x.unsqueeze(1).squeeze(); v.expand(3, 2); v.expand_as(m)
v.broadcast_to(2, 2)
torch.cat([x, x * 2]); torch.cat((m, n), dim=1); torch.stack([v, v]); torch.stack([m, n], dim=-1)
x[0]; m[0, 1]; m[:, 1]; x[0:1]; x[..., 0]; x[None]; x[-1]; m[1:, :1]; v[::2]; x.clone()
x.flip(0); m.select(1, 0)
"""
# These too, where what is not finite is wanted:
CORNER_RULES = """
x.log(); x.log2(); x.log10(); x.log1p(); x.sqrt(); x.rsqrt(); x.asin(); x.acos(); x ** y
x.abs() ** 0.5
x.sign(); x.floor(); x.ceil(); x.round(); (x.sign() * x).abs().sqrt()
"""
EXPRESSIONS, MORE = (
    [each.strip() for line in rules.strip().splitlines() for each in line.split(";")]
    for rules in (RULES, CORNER_RULES)
)
CODE = {each: compile(each, "rule", "eval") for each in EXPRESSIONS + MORE}
SHAPES = [(), (1,), (2,), (3,), (2, 2), (2, 1), (1, 3), (2, 3)]
TYPES = pytest.mark.parametrize("dtype", TOLERANCE, ids=["64", "32"])

Shapes = list[tuple[int, ...]]
Numbers = list[list[float]]  # of each leaf


@pytest.fixture(scope="module")
def node() -> Iterator[Calculator]:
    with in_node() as calculator:
        yield calculator


@pytest.fixture(scope="module")
def page(browser) -> Iterator[Calculator]:
    with in_browser(browser) as calculator:
        yield calculator


# -- Programs -------------------------------------------------------------------------------


@dataclass
class Program:
    """Leaves of some shapes, and rules, each applied to tensors that were there before."""

    shapes: Shapes
    steps: list[tuple[str, int, int]]

    def taken(self, leaves: list[torch.Tensor]) -> "Program":
        """The program without the steps that torch refuses, or whose results are of no use."""
        pool, steps = list(leaves), []
        with torch.no_grad():
            for step in self.steps:
                result = applied(step[0], chosen(pool, *step[1:]))
                if result is not None and usable(result):
                    pool.append(result)
                    steps.append(step)
        return replace(self, steps=steps)

    def run(self, leaves: list[torch.Tensor]) -> torch.Tensor:
        """The sum of all that nothing else used."""
        pool, used = list(leaves), set()
        for expression, first, second in self.steps:
            here = chosen(pool, first, second)
            pool.append(applied(expression, here))
            used |= {id(here[name]) for name in CODE[expression].co_names if name in here}
        needing = [each for each in pool if each.requires_grad]
        ends = [each for each in needing if id(each) not in used] or needing
        total = weighted(ends[0])
        for each in ends[1:]:
            total = total + weighted(each)
        return total


def chosen(pool: list[torch.Tensor], first: int, second: int) -> dict[str, torch.Tensor]:
    """The tensors that a rule's names stand for."""

    def of(dimensions: int, which: int) -> torch.Tensor | None:
        fitting = [each for each in pool if each.dim() == dimensions]
        return fitting[which % len(fitting)] if fitting else None

    here = {"x": pool[first % len(pool)], "y": pool[second % len(pool)]}
    here |= {"v": of(1, first), "m": of(2, first), "n": of(2, second)}
    return {name: each for name, each in here.items() if each is not None}


def applied(expression: str, here: dict[str, torch.Tensor]) -> torch.Tensor | None:
    """What a rule gives; None if torch refuses."""
    try:
        return eval(CODE[expression], {"torch": torch, "F": F}, here)
    except (NameError, RuntimeError, IndexError, ValueError, TypeError, UserWarning):
        return None


def weighted(tensor: torch.Tensor) -> torch.Tensor:
    """A sum in which each number counts otherwise: under a plain sum the gradient of softmax, say,
    would be zero."""
    return (tensor * weights(tensor.shape, tensor.dtype)).sum()


@cache
def weights(shape: torch.Size, dtype: torch.dtype) -> torch.Tensor:
    with quiet():  # it is no part of the program, whichever asks for it first
        count = torch.arange(1, math.prod(shape) + 1, dtype=dtype)
        return (count / 4 - 0.6).reshape(shape)


def usable(result: torch.Tensor) -> bool:
    small = result.numel() <= 16 and result.dim() <= 3
    return small and bool(torch.isfinite(result).all()) and bool((result.abs() < 1e3).all())


def leaves_of(shapes: Shapes, numbers: Numbers, dtype: torch.dtype) -> list[torch.Tensor]:
    return [
        torch.tensor(each, dtype=dtype).reshape(shape).requires_grad_()
        for each, shape in zip(numbers, shapes, strict=True)
    ]


def recorded(
    program: Program, numbers: Numbers, dtype: torch.dtype = torch.float64
) -> tuple[Graph, list[str]] | None:
    """A program's graph, and the rules in it; None if torch takes none of them here."""
    leaves = leaves_of(program.shapes, numbers, dtype)
    program = program.taken(leaves)
    if not program.steps:
        return None
    with Recording(__file__) as recording:
        result = program.run(leaves)
        result.backward()
    return record.of([result], {}, recording), [expression for expression, _, _ in program.steps]


# -- Comparing ------------------------------------------------------------------------------


@dataclass
class Case:
    """A graph to calculate, and the one whose numbers have to come out."""

    job: Job
    expected: Graph
    tolerance: float

    def differences(self, found: dict[str, list]) -> list[str]:
        """The quantities that were calculated otherwise than by torch."""
        known = {str(name): value for name, value in quantities(self.expected).items()}
        return [
            f"{name}: {found.get(name)} instead of {value.numbers}"
            for name, value in known.items()
            if not same(value, found.get(name), self.tolerance)
        ]


def same(theirs: Value, ours: list | None, tolerance: float) -> bool:
    if ours is None or tuple(ours[0]) != theirs.shape or len(ours[1]) != len(theirs.numbers):
        return False
    top = max([abs(x) for x in theirs.numbers if math.isfinite(x)], default=0)
    near = tolerance * max(top, FLOOR)
    return all(
        a == b or abs(a - b) <= near or (a != a and b != b)
        for a, b in zip(map(float, ours[1]), theirs.numbers, strict=True)
    )


def inputs_of(first: Graph, second: Graph) -> dict[int, list[float]]:
    """What a reader types to come from the one to the other."""
    return {
        number: list(second.tensors[number].value.numbers)
        for number, tensor in enumerate(first.tensors)
        if number not in first.made_by and tensor.value.dtype.startswith("float")
    }


def cases_of(before: Graph, after: Graph, tolerance: float) -> list[Case]:
    """A graph as it was recorded; and again, when a reader has typed the inputs of another."""
    return [
        Case(Job(before, {}), before, tolerance),
        Case(Job(before, inputs_of(before, after)), after, tolerance),
    ]


def recorded_twice(
    program: Program, first: Numbers, second: Numbers, dtype: torch.dtype = torch.float64
) -> tuple[list[Case], list[str]]:
    """A program's graph as it was recorded, and again when a reader has typed other inputs; and
    its rules. Nothing if the other inputs lead out of what one of the rules can take."""
    before, after = recorded(program, first, dtype), recorded(program, second, dtype)
    if not before or not after or before[1] != after[1]:
        return [], []
    graphs = before[0], after[0]
    if len(graphs[0].calls) != len(graphs[1].calls) or any(map(beyond, graphs)):
        return [], []
    return cases_of(*graphs, TOLERANCE[dtype]), before[1]


def beyond(graph: Graph) -> bool:
    """Whether a number is so large, next to a pole, that rounding before it decides its digits."""
    numbers = (abs(each) for value in quantities(graph).values() for each in value.numbers)
    return max(numbers) > LARGEST


def wrong(calculator: Calculator, cases: list[Case]) -> list[str]:
    """All that differs from torch."""
    found = calculator([case.job for case in cases])
    return [each for case, one in zip(cases, found, strict=True) for each in case.differences(one)]


# -- Each rule by itself --------------------------------------------------------------------


def plain_cases(expression: str, dtype: torch.dtype) -> list[Case]:
    found = []
    for shapes in ([(2, 2), (2, 2)], [(3,), (3,)], [(2, 3), (3,)], [(2, 2), (2,)]):
        values = [
            [0.3 + 0.7 * k - 0.5 * n for k in range(math.prod(s))] for n, s in enumerate(shapes)
        ]
        other = [[1.1 * x - 0.4 for x in each] for each in values]
        cases, _ = recorded_twice(Program(shapes, [(expression, 0, 1)]), values, other, dtype)
        found += cases
    assert found, "no shapes were found that torch takes here"
    return found


@TYPES
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_rule_is_what_torch_does(node, expression, dtype):
    """By itself, so that no rule is left to chance."""
    assert wrong(node, plain_cases(expression, dtype)) == []


# Where rules have corners, poles and ties; 10 and 20 are where softplus turns into a line.
FINITE = [0.0, -0.0, 1.0, -1.0, 0.5, 0.25, 0.1, -0.5, 2.0, 10.0, 20.0]
CORNERS = [*FINITE, math.inf, -math.inf, math.nan]
ARRIVING = [1.0, math.inf, -math.inf, math.nan, 0.0, -2.0]  # what a graph may send into a rule
CORNER_TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-3}  # next to a pole less is left
LARGE, SMALL, SINGLE = (
    [[(6, 8), (6, 8)]],
    [[(2, 2), (2, 2)], [(3,), (3,)], [(2, 3), (3,)], [(2, 2), (2,)]],
    [[(1,), (1,)], [(), ()]],
)


def corner_cases(expression: str, dtype: torch.dtype, rounds: int) -> list[Case]:
    """A rule at its corners, when what arrives there is infinite, or not a number."""
    chance, found = Random(expression), []
    for _ in range(rounds):
        # All that there is; finite numbers, of which more survives; few, which makes ties.
        for offered, kinds in (
            (CORNERS, LARGE + SMALL[:2] + SINGLE),
            (FINITE, LARGE + SMALL[2:]),
            (chance.sample(CORNERS, 2), SMALL[::2]),
        ):
            pool = offered
            if expression.startswith("F.elu"):
                # At NaN torch sends either, as the number is in its vector loop or in the rest.
                pool = [each for each in pool if each == each] or FINITE
            if expression.startswith(("x.var", "x.std")):
                # Tenths lie at 0 from their mean, or next to 0, as sums are rounded.
                pool = [each for each in pool if each != 0.1] or FINITE[:4]
            for shapes in kinds:
                numbers = [[chance.choice(pool) for _ in range(math.prod(s))] for s in shapes]
                graph = recorded_with(expression, leaves_of(shapes, numbers, dtype), chance)
                if graph is not None:
                    found.append(Case(Job(graph, {}), graph, CORNER_TOLERANCE[dtype]))
    return found


def recorded_with(expression: str, leaves: list[torch.Tensor], chance: Random) -> Graph | None:
    """The graph of a rule into which chance sends gradients; None if torch refuses it here."""
    with Recording(__file__) as recording:
        result = applied(expression, chosen(leaves, 0, 1))
        if result is None or not result.requires_grad or result.numel() > 64:
            return None
        sent = [chance.choice(ARRIVING) for _ in range(result.numel())]
        total = (result * torch.tensor(sent, dtype=result.dtype).reshape(result.shape)).sum()
        total.backward()
    return record.of([total], {}, recording)


@TYPES
@pytest.mark.parametrize("expression", EXPRESSIONS + MORE)
def test_every_rule_sends_what_torch_sends_at_corners_and_when_infinities_arrive(
    node, expression, dtype
):
    """Some rules of torch multiply by a derivative of 0, which makes NaN of what is infinite;
    others let nothing through there."""
    cases = corner_cases(expression, dtype, 1)
    assert cases
    assert wrong(node, cases) == []


@pytest.mark.slow
@TYPES
def test_the_same_at_many_corners(node, dtype):
    for expression in EXPRESSIONS + MORE:
        assert wrong(node, corner_cases(expression, dtype, 5)) == [], expression


@TYPES
@pytest.mark.parametrize("expression", EXPRESSIONS[::20])
def test_a_page_calculates_what_node_does(page, expression, dtype):
    """That the rules run in Node elsewhere hides nothing that a reader would see."""
    cases = [*plain_cases(expression, dtype), *corner_cases(expression, dtype, 1)]
    assert wrong(page, cases) == []


# -- Random graphs --------------------------------------------------------------------------


def random_program(chance: Random) -> Program:
    shapes = chance.choices(SHAPES, k=chance.randint(1, 3))
    steps = [
        (chance.choice(EXPRESSIONS), chance.randint(0, 30), chance.randint(0, 30))
        for _ in range(chance.randint(1, 6))
    ]
    return Program(shapes, steps)


def random_numbers(chance: Random, shapes: Shapes) -> Numbers:
    """Small ones, and now and then those at which rules have corners."""

    def number() -> float:
        corner = chance.random() < 0.3
        return chance.choice([0.0, 1.0, -1.0]) if corner else round(chance.uniform(-3, 3), 3)

    return [[number() for _ in range(math.prod(shape))] for shape in shapes]


def random_cases(seed: int) -> tuple[list[Case], list[str]]:
    chance = Random(seed)
    program = random_program(chance)
    first, second = (random_numbers(chance, program.shapes) for _ in range(2))
    return recorded_twice(program, first, second)


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(300), id="some"),
        *(
            pytest.param(range(n, n + 1000), id=f"many-{n}", marks=pytest.mark.slow)
            for n in range(1000, 6000, 1000)
        ),
    ],
)
def test_random_graphs_are_what_torch_computes(node, seeds):
    found: Counter[str] = Counter()
    cases = {}
    for seed in seeds:
        cases[seed], names = random_cases(seed)
        found.update(names)
    numbers = iter(node([case.job for each in cases.values() for case in each]))
    problems = {
        f"random_cases({seed})": differences
        for seed, each in cases.items()
        for case in each
        if (differences := case.differences(next(numbers)))
    }
    assert problems == {}
    compared = sum(map(bool, cases.values()))
    print(f"{compared} graphs, with {len(found)} of {len(EXPRESSIONS)} rules")
    assert compared > 0.8 * len(seeds)
    assert len(found) > (0.98 if len(seeds) > 500 else 0.8) * len(EXPRESSIONS)
