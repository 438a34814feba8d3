"""What the page calculates when a reader changes an input is what torch calculates: random graphs
over every operation in the player's table, in a real Chromium, against torch in float64.
"""

import math
from collections import Counter
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from autograd_atlas import record
from autograd_atlas.figure import player_script
from autograd_atlas.graph import Graph, Value
from autograd_atlas.tape import quantities, tape, tape_json
from autograd_atlas.watch import Recording
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TOLERANCE = 1e-9  # of the largest number in a tensor
FLOOR = 1e-3  # tensors whose largest number is smaller are compared as if it were this

# Each is applied to tensors of the pool: x and y of any shapes, v a vector, m and n matrices.
# What torch refuses for the shapes at hand is left out of the graph.
RULES = """
x + y; x - y; x * y; x / y; x + 3; 3 + x; x - 2; 3 - x; 2.5 * x; x / 4; 3 / x; -x; x ** 2; x ** -1
x ** 3.0; 2 ** x; x.abs() ** y; torch.add(x, y, alpha=2); torch.sub(x, y, alpha=0.5); torch.rsub(x, 1)
torch.maximum(x, y); torch.minimum(x, y); torch.where(x > y, x, y)
torch.where(x <= 0.5, x * y, y); torch.where(x.ge(y), x, x * x); torch.where(x.lt(0), x, y)
torch.where(x == y, x, y); torch.where(x != y, y, x); torch.maximum(x, x.clone())
x.neg(); x.exp(); x.expm1(); x.abs().log(); x.abs().log2(); x.abs().log10(); x.abs().log1p()
x.abs().sqrt(); x.abs().rsqrt(); x.square(); x.reciprocal(); x.sin(); x.cos(); x.tan()
x.tanh().asin(); x.tanh().acos(); x.atan(); x.sinh(); x.cosh(); x.tanh(); x.sigmoid()
F.logsigmoid(x); F.relu(x); torch.where(x > 0.1, x, 0.5); torch.where(x > 0.1, -1.0, x); x[:] * 2; m[:, :] * 2; x[...] * 2; x.clamp(-1, 1)
x.clamp(min=0.25); torch.clamp(x, max=0.5); F.leaky_relu(x); F.leaky_relu(x, 0.2); F.elu(x); F.elu(x, 1.5)
F.softplus(x); F.softplus(x, beta=2); F.silu(x); x.abs(); x.sign() * x; x.floor() + x; x.ceil() * x
x.round() + x; torch.relu(x); torch.square(x); x.detach() * x; torch.ones_like(x) * x
torch.zeros_like(x) + x; x.clone().mul_(2); x.clone().add_(y); x.clone().relu_()
x.sum(); x.sum(0); x.sum(dim=1, keepdim=True); x.sum(-1); x.sum((0, 1)); x.mean(); x.mean(0)
torch.mean(x, dim=1, keepdim=True); x.prod(); x.prod(0); x.max(); x.min(); x.amax(1); x.amin(0)
x.amax((0, 1)); x.logsumexp(0); x.logsumexp(1, keepdim=True); x.norm(); torch.linalg.vector_norm(x)
x.norm(dim=0); x.var(); x.std(); x.var(0); x.std(dim=1, keepdim=True); x.var(0, unbiased=False)
x.var(correction=0); x.softmax(0); F.softmax(x, dim=1); F.log_softmax(x, 1); x.log_softmax(-1); x.cumsum(0)
F.mse_loss(x, y.expand_as(x)); F.mse_loss(x, x.sin(), reduction="sum"); F.l1_loss(x, x.cos())
F.mse_loss(x, x.cos(), reduction="none"); F.l1_loss(x, x.sin(), reduction="sum")
F.binary_cross_entropy_with_logits(x, x.detach().sigmoid())
F.binary_cross_entropy(x.sigmoid(), x.detach().cos().square())
F.cross_entropy(m, torch.tensor([0, 1])); F.cross_entropy(v, torch.tensor(1)); F.nll_loss(m, torch.tensor([1, 0]))
F.cross_entropy(m, torch.tensor([1, 1]), reduction="sum")
m @ n; m @ v; v @ m; v @ v; m.mm(n); m.mv(v); torch.dot(v, v); torch.matmul(m, n.T); torch.outer(v, v)
torch.addmm(m, m, n); F.linear(m, n); F.linear(m, n, v); F.linear(m.detach(), n, v); F.linear(v.detach(), n, v); F.linear(v, n); F.linear(v, n, v)
x.reshape(-1); x.view(-1, 1); x.flatten(); x.view_as(x); x.ravel(); m.t(); x.T if x.dim() == 2 else x.sin()
m.mT; m.transpose(0, 1); m.permute(1, 0); m.swapaxes(-1, 0); x.unsqueeze(0); x.unsqueeze(-1)
x.unsqueeze(0).squeeze(0); x.unsqueeze(1).squeeze(); v.expand(3, 2); v.expand_as(m); v.broadcast_to(2, 2)
torch.cat([x, x * 2]); torch.cat((m, n), dim=1); torch.stack([v, v]); torch.stack([m, n], dim=-1)
x[0]; m[0, 1]; m[:, 1]; x[0:1]; x[..., 0]; x[None]; x[-1]; m[1:, :1]; v[::2]; x.clone()
x.flip(0); m.select(1, 0)
"""
EXPRESSIONS = [each.strip() for line in RULES.strip().splitlines() for each in line.split(";")]
CODE = {each: compile(each, "rule", "eval") for each in EXPRESSIONS}
SHAPES = [(), (1,), (2,), (3,), (2, 2), (2, 1), (1, 3), (2, 3)]
numbers = st.one_of(
    st.floats(-3, 3, allow_nan=False).map(lambda x: round(x, 3)), st.sampled_from([0.0, 1.0, -1.0])
)


@dataclass
class Program:
    """Leaves of some shapes, and rules, each applied to tensors that were there before."""

    shapes: list[tuple[int, ...]]
    steps: list[tuple[str, int, int]]

    def run(self, leaves: list[torch.Tensor]) -> tuple[torch.Tensor, list[str]]:
        """The sum of all that nothing else used, and the rules that torch accepted."""
        pool, used, names = list(leaves), set(), []
        for expression, first, second in self.steps:
            here = self.chosen(pool, first, second)
            try:
                with torch.no_grad():  # only to see whether it can be used
                    result = eval(CODE[expression], {"torch": torch, "F": F}, here)
            except (NameError, RuntimeError, IndexError, ValueError, TypeError, UserWarning):
                continue
            if not usable(result):
                continue
            pool.append(eval(CODE[expression], {"torch": torch, "F": F}, here))
            used |= {id(here[name]) for name in CODE[expression].co_names if name in here}
            names.append(expression)
        ends = [each for each in pool if id(each) not in used and each.requires_grad]
        total = weighted(ends[0])
        for each in ends[1:]:
            total = total + weighted(each)
        return total, names

    def chosen(self, pool: list[torch.Tensor], first: int, second: int) -> dict[str, torch.Tensor]:
        def of(dimensions: int, which: int) -> torch.Tensor | None:
            fitting = [each for each in pool if each.dim() == dimensions]
            return fitting[which % len(fitting)] if fitting else None

        here = {"x": pool[first % len(pool)], "y": pool[second % len(pool)]}
        here |= {"v": of(1, first), "m": of(2, first), "n": of(2, second)}
        return {name: each for name, each in here.items() if each is not None}


def weighted(tensor: torch.Tensor) -> torch.Tensor:
    """A sum in which each number counts otherwise: under a plain sum the gradient of softmax, say,
    would be zero."""
    weights = torch.arange(1, tensor.numel() + 1, dtype=tensor.dtype).reshape(tensor.shape)
    return (tensor * (weights / 4 - 0.6)).sum()


def usable(result: torch.Tensor) -> bool:
    small = result.numel() <= 16 and result.dim() <= 3
    return small and bool(torch.isfinite(result).all()) and bool((result.abs() < 1e3).all())


@st.composite
def programs(draw) -> tuple[Program, list[list[float]], list[list[float]]]:
    """A program, the inputs with which it is recorded, and those that a reader types."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    place = st.integers(0, 30)
    steps = st.lists(st.tuples(st.sampled_from(EXPRESSIONS), place, place), min_size=1, max_size=6)
    program = Program(shapes, draw(steps))
    inputs = [
        [draw(st.lists(numbers, min_size=n, max_size=n)) for n in map(math.prod, shapes)]
        for _ in range(2)
    ]
    return program, *inputs


def recorded(program: Program, numbers: list[list[float]], dtype=torch.float64):
    leaves = [
        torch.tensor(each, dtype=dtype).reshape(shape).requires_grad_()
        for each, shape in zip(numbers, program.shapes)
    ]
    with Recording(__file__) as recording:
        result, names = program.run(leaves)
        result.backward()
    return record.of([result], {}, recording), names


def differences(graph: Graph, found: dict[str, list], tolerance: float = TOLERANCE) -> list[str]:
    """The quantities that the page has otherwise than torch."""
    return [
        f"{name}: {found.get(name)} instead of {value.numbers}"
        for name, value in quantities(graph).items()
        if not same(value, found.get(name), tolerance)
    ]


def same(theirs: Value, ours: list | None, tolerance: float) -> bool:
    if ours is None or tuple(ours[0]) != theirs.shape or len(ours[1]) != len(theirs.numbers):
        return False
    top = max([abs(x) for x in theirs.numbers if math.isfinite(x)], default=0)
    near = tolerance * max(top, FLOOR)
    return all(
        a == b or abs(a - b) <= near or (a != a and b != b)
        for a, b in zip(map(float, ours[1]), theirs.numbers)
    )


CALCULATE = """([stored, inputs]) => {
  const graph = JSON.parse(stored).graph;
  const found = autogradAtlas.calculate(graph, inputs);
  const spelled = x => Number.isFinite(x) ? x : String(x).replace("Infinity", "inf");
  return Object.fromEntries(Object.entries(found).map(([name, x]) => [name, [x.s, x.a.map(spelled)]]));
}"""


@pytest.fixture(scope="module")
def calculator(browser):
    """A page that holds nothing but the player's script."""
    page = browser.new_page()
    page.set_content(f"<!doctype html><script>{player_script()}</script>")
    yield page
    page.close()


def calculated(page, graph: Graph, inputs: dict[int, list[float]]) -> dict[str, list]:
    stored = tape(graph, {}, "en")
    assert "graph" in stored, stored["fixed"]
    return page.evaluate(CALCULATE, [tape_json(stored), inputs])


def inputs_of(first: Graph, second: Graph) -> dict[int, list[float]]:
    """What a reader types to come from the one to the other."""
    return {
        number: list(second.tensors[number].value.numbers)
        for number, tensor in enumerate(first.tensors)
        if number not in first.made_by and tensor.value.dtype.startswith("float")
    }


found: Counter[str] = Counter()


def check(page, program: Program, first: list, second: list) -> None:
    before, names = recorded(program, first)
    after, others = recorded(program, second)
    if not names or names != others or len(before.calls) != len(after.calls):
        return  # the other inputs lead out of what one of the rules can take
    assert differences(before, calculated(page, before, {})) == []
    assert differences(after, calculated(page, before, inputs_of(before, after))) == []
    found.update(names)
    found["graphs"] += 1


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, TOLERANCE), (torch.float32, 1e-4)], ids=["64", "32"]
)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_rule_is_what_torch_does(calculator, expression, dtype, tolerance):
    """By itself, so that no rule is left to chance."""
    tried = 0
    for shapes in ([(2, 2), (2, 2)], [(3,), (3,)], [(2, 3), (3,)], [(2,), (2,)], [(2, 2), (2,)]):
        program = Program(shapes, [(expression, 0, 1)])
        values = [
            [0.3 + 0.7 * k - 0.5 * n for k in range(math.prod(s))] for n, s in enumerate(shapes)
        ]
        other = [[1.1 * x - 0.4 for x in each] for each in values]
        before, names = recorded(program, values, dtype)
        after, others = recorded(program, other, dtype)
        if names and others:
            tried += 1
            assert differences(before, calculated(calculator, before, {}), tolerance) == []
            inputs = inputs_of(before, after)
            assert differences(after, calculated(calculator, before, inputs), tolerance) == []
    assert tried, "no shapes were found that torch takes here"


@pytest.mark.parametrize(
    "graphs", [pytest.param(300, id="some"), pytest.param(5_000, id="many", marks=pytest.mark.slow)]
)
def test_random_graphs_are_what_torch_computes(calculator, graphs):
    found.clear()

    @settings(
        max_examples=graphs, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),  # drawing numbers is slow, and most are used
    )  # fmt: skip
    @given(programs())
    def examine(drawn):
        check(calculator, *drawn)

    examine()
    compared = found.pop("graphs")
    print(f"{compared} graphs, with {len(found)} of {len(EXPRESSIONS)} rules")
    assert compared > 0.8 * graphs
    assert len(found) > (0.98 if graphs > 1_000 else 0.4) * len(EXPRESSIONS)
