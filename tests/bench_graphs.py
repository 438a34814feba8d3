"""``make bench``, second part: a picture by ours and by torchviz with ``dot``, in one run.

Both start from the same tensor and end with SVG as text, nothing folded. Ours is the view of
what PyTorch recorded. Medians of three; the 10,000-wide graph is drawn once.
"""

import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import extras

if TYPE_CHECKING:
    import torch

RUNS = 3


def example() -> "torch.Tensor":
    import torch

    a, b, c = (torch.tensor([x], requires_grad=True) for x in (5.0, 3.0, 2.0))
    return 3 * (a + b * c)


def resnet() -> "torch.Tensor":
    """Bottlenecks as in ResNet-50: sixteen of them, in four stages."""
    import torch
    from torch import nn

    class Bottleneck(nn.Module):
        def __init__(self, width: int, first: bool) -> None:
            super().__init__()
            self.parts = nn.ModuleList(nn.Conv2d(width, width, 1, bias=False) for _ in range(3))
            self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(3))
            self.short = nn.Sequential(
                nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width)
            )
            self.first = first

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = x
            for number, (conv, norm) in enumerate(zip(self.parts, self.norms, strict=True)):
                h = norm(conv(h))
                h = torch.relu(h) if number < 2 else h
            return torch.relu(h + (self.short(x) if self.first else x))

    blocks = [Bottleneck(4, n == 0) for stage in (3, 4, 6, 3) for n in range(stage)]
    model = nn.Sequential(nn.Conv2d(3, 4, 3), *blocks, nn.Flatten(), nn.LazyLinear(10))
    loss: torch.Tensor = model(torch.randn(2, 3, 8, 8)).sum()
    return loss


def encoder() -> "torch.Tensor":
    import torch
    from torch import nn

    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    loss: torch.Tensor = nn.TransformerEncoder(layer, 12)(torch.randn(2, 5, 16)).sum()
    return loss


def wide(n: int) -> "torch.Tensor":
    import torch

    x = torch.ones(1, requires_grad=True)
    return torch.stack([(x * step).sin() for step in range(n // 2)]).sum()


def chain(n: int) -> "torch.Tensor":
    import torch

    x = torch.ones(1, requires_grad=True)
    for _ in range(n):
        x = x.sin()
    return x


def ours(root: "torch.Tensor") -> tuple[int, dict[str, float]]:
    from autograd_atlas.picture.choice import EVERYTHING
    from autograd_atlas.picture.composing import diagram
    from autograd_atlas.picture.diagram import RECORDED
    from autograd_atlas.picture.layout import layout
    from autograd_atlas.picture.svg import picture_svg
    from autograd_atlas.picture.words import words
    from autograd_atlas.recording import record

    start = time.perf_counter()
    graph = record.of([root])
    recorded = time.perf_counter()
    picture = diagram(graph, RECORDED, EVERYTHING)
    places = layout(picture)
    placed = time.perf_counter()
    svg = picture_svg(graph, picture, words("en"), "g", at=places)
    end = time.perf_counter()
    parts = {"record": recorded - start, "layout": placed - recorded, "SVG": end - placed}
    return len(svg), {"all": end - start, **parts}


def torchviz(root: "torch.Tensor") -> tuple[int, dict[str, float]]:
    import torchviz

    start = time.perf_counter()
    svg = torchviz.make_dot(root).pipe("svg")
    return len(svg), {"all": time.perf_counter() - start}


GRAPHS: dict[str, tuple[Callable[[], "torch.Tensor"], int]] = {
    "J = 3(a + bc)": (example, RUNS),
    "ResNet-50-like": (resnet, RUNS),
    "12-layer encoder": (encoder, RUNS),
    "1,000 wide": (lambda: wide(1_000), RUNS),
    "chain of 10,000": (lambda: chain(10_000), RUNS),
    "10,000 wide": (lambda: wide(10_000), 1),
}


def measure() -> None:
    import torch

    torch.manual_seed(0)
    head = ("ours / torchviz", "record", "layout", "SVG", "seconds", "torchviz", "SVG size")
    print(f"{'':18}{'nodes':>7}" + "".join(f"{name:>17}" for name in head))
    ours(example())  # both have loaded what they need
    torchviz(example())
    for name, (make, runs) in GRAPHS.items():
        root = make()
        theirs = [torchviz(root) for _ in range(runs)]
        found = [ours(root) for _ in range(runs)]
        bytes_ours, bytes_theirs = found[0][0], theirs[0][0]
        middle = {key: statistics.median(run[1][key] for run in found) for key in found[0][1]}
        other = statistics.median(run[1]["all"] for run in theirs)
        cells = [
            f"{middle['all'] / other:.3f}",
            *(f"{middle[part] / other:.3f}" for part in ("record", "layout", "SVG")),
            f"{middle['all']:.3f}", f"{other:.3f}", f"{bytes_ours / bytes_theirs:.3f}",
        ]  # fmt: skip
        nodes = count(root)
        print(f"{name:18}{nodes:7}" + "".join(f"{cell:>17}" for cell in cells), flush=True)


def count(root: "torch.Tensor") -> int:
    from autograd_atlas.recording import record

    return len(record.of([root]).nodes)


def main() -> None:
    if shutil.which("dot") is None:
        sys.exit(
            "bench: torchviz needs Graphviz's 'dot'; install it (Debian: apt install graphviz)"
        )
    extras.install("peers")
    sys.exit(
        subprocess.call([sys.executable, __file__, "measure"], env=extras.environment("peers"))
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        sys.setrecursionlimit(10**6)  # torchviz walks by recursion
        threading.stack_size(512 * 2**20)
        thread = threading.Thread(target=measure)
        thread.start()
        thread.join()
    else:
        main()
