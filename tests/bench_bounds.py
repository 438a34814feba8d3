"""``make bench``, third part: what drawing large programs takes, in multiples of the bounds that we
set ourselves, and beside other tools where they draw the same within half a minute.

Each tool draws each program once, in a process of its own, from the finished forward and backward
pass to the file; those that run the model themselves, with that. Theirs is the picture that each
makes by default.
"""

import shutil
import subprocess
import sys
import tempfile

import extras

LONGEST = 30  # seconds that a tool may take, with its imports

BEFORE = """
import sys, threading, time
import torch
from torch import nn
path, steps = sys.argv[1], int(sys.argv[2])

class Chain(nn.Module):
    def forward(self, x):
        for _ in range(steps // 2):
            x = (x * 1.0001).sin()
        return x.sum()

class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(8, 8)

    def forward(self, x):
        h = c = torch.zeros(1, 8)
        for _ in range(steps):
            h, c = self.cell(x, (h, c))
        return h.sum()

class ConvLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 16, 3, padding=1)

    def forward(self, x):
        h = c = torch.zeros(1, 4, 8, 8)
        for _ in range(steps):
            i, f, o, g = self.conv(torch.cat([x, h], 1)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return h.sum()

SHAPES = {"Chain": (4,), "Loop": (1, 8), "ConvLSTM": (1, 4, 8, 8)}
kind = sys.argv[3]
model, x = globals()[kind](), torch.ones(SHAPES[kind], requires_grad=True)

def run():
"""
AFTER = """
sys.setrecursionlimit(10**6)  # torchviz walks by recursion
threading.stack_size(512 * 2**20)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
OURS_RECORDED = """
    from autograd_atlas import Recording, draw
    with Recording() as recording:
        loss = model(x)
        loss.backward()
    start = time.perf_counter()
    draw(loss, recording=recording, FOLD).save(path)
    print(time.perf_counter() - start)
"""
OURS = """
    from autograd_atlas import draw
    loss = model(x)
    start = time.perf_counter()
    draw(loss, FOLD).save(path)
    print(time.perf_counter() - start)
"""
PEERS = {
    "torchviz": """
    import torchviz
    loss = model(x)
    start = time.perf_counter()
    open(path, "wb").write(torchviz.make_dot(loss).pipe("svg"))
    print(time.perf_counter() - start)
""",
    "torchview": """
    import torchview
    start = time.perf_counter()
    graph = torchview.draw_graph(model, input_data=(x,), device="cpu")
    open(path, "wb").write(graph.visual_graph.pipe("svg"))
    print(time.perf_counter() - start)
""",
    "torchlens": """
    import torchlens
    start = time.perf_counter()
    trace = torchlens.trace(model, [x])
    trace.log_backward(trace[trace.output_layers[0]].out)
    trace.draw_combined(vis_outpath=path[:-4], vis_fileformat="svg", vis_save_only=True)
    print(time.perf_counter() - start)
""",
    "torchvista": """
    import torchvista
    start = time.perf_counter()
    torchvista.trace_model(model, (x,), export_format="html", export_path=path)
    print(time.perf_counter() - start)
""",
}
ROWS = (  # what is drawn, and in how many seconds at most
    ("chain of 20,000, HTML", ("Chain", 20_000), OURS, "fold=True", "html", 5),
    ("chain of 100,000, SVG", ("Chain", 100_000), OURS, "fold=True", "svg", 4),
    ("LSTMCell × 100, HTML", ("Loop", 100), OURS_RECORDED, "fold=True", "html", 3),
    ("ConvLSTM × 20, all, HTML", ("ConvLSTM", 20), OURS_RECORDED, "fold=False", "html", 5),
)


def seconds(program: str, model: tuple[str, int], suffix: str) -> float | None:
    """What drawing took; None if it failed or took too long."""
    with tempfile.TemporaryDirectory() as folder:
        kind, steps = model
        command = [sys.executable, "-c", BEFORE + program + AFTER]
        try:
            run = subprocess.run(
                [*command, f"{folder}/picture.{suffix}", str(steps), kind],
                env=extras.environment("peers"), cwd=folder, timeout=LONGEST, check=False,
                capture_output=True, text=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
    try:
        return float(run.stdout.split()[-1])
    except (IndexError, ValueError):
        return None


def main() -> None:
    if shutil.which("dot") is None:
        sys.exit(
            "bench: three peers need Graphviz's 'dot'; install it (Debian: apt install graphviz)"
        )
    extras.install("peers")
    head = ("bound", "ours", "ours / bound", *(f"ours / {name}" for name in PEERS))
    print(f"{'seconds':26}" + "".join(f"{name:>18}" for name in head))
    for name, model, program, fold, suffix, bound in ROWS:
        ours = seconds(program.replace("FOLD", fold), model, suffix)
        cells = [str(bound)]
        cells += ["none"] * 2 if ours is None else [f"{ours:.2f}", f"{ours / bound:.2f}"]
        for peer, their_program in PEERS.items():
            theirs = seconds(their_program, model, "html" if peer == "torchvista" else "svg")
            cells.append("none drawn" if theirs is None or ours is None else f"{ours / theirs:.3f}")
        print(f"{name:26}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
