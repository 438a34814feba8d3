"""Ctrl-C ends drawing at once, and what drawing pauses goes on afterwards."""

import gc
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from autograd_atlas import draw
from autograd_atlas.picture import svg
from project_files import ROOT

# Says when a layout begins, and when the program got to know of Ctrl-C.
PROGRAM = """
import random, sys, time
import torch
from autograd_atlas import draw
from autograd_atlas.picture import layout

which, calls = sys.argv[1], int(sys.argv[2])
really = getattr(layout, which)

def told(picture):
    print("begins", flush=True)
    return really(picture)

setattr(layout, which, told)
choose = random.Random(1)
tensors = [torch.ones(1, requires_grad=True) for _ in range(3)]
for _ in range(calls):
    tensors.append(choose.choice(tensors) * choose.choice(tensors))
drawing = draw(torch.stack(tensors).sum(), fold=False)
try:
    while True:
        drawing._repr_svg_()
except KeyboardInterrupt:
    print(time.process_time(), flush=True)
"""


def clock_of(pid: int) -> int:
    """The number of the clock that tells a process's use of the processor, as the C library's
    clock_getcpuclockid makes it on Linux."""
    return ~pid << 3 | 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a clock of another process")
@pytest.mark.parametrize(("which", "calls"), [("by_graphviz", 120), ("in_layers", 3_000)])
def test_ctrl_c_is_answered_within_half_a_second(which, calls):
    """The largest that each layout is given, in its midst. Seconds of the processor that the
    program uses from the signal on, since others may use the machine."""
    waited = []
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, which, str(calls)],
            stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT / "conf")},
        ) as process:  # fmt: skip
            assert process.stdout
            for _ in range(2):
                assert process.stdout.readline() == "begins\n"
            with pytest.raises(subprocess.TimeoutExpired):  # it has gone beyond Python
                process.wait(0.05)
            sent = time.clock_gettime(clock_of(process.pid))
            process.send_signal(signal.SIGINT)
            printed = process.stdout.read()
        waited.append(float(printed.rpartition("begins\n")[2]) - sent)
    assert max(waited) < 0.5


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_is_collected_after_drawing_if_it_was_before(monkeypatch, enabled):
    x = torch.ones(1, requires_grad=True)
    (gc.enable if enabled else gc.disable)()
    try:
        drawing = draw(x * x)
        assert gc.isenabled() is enabled
        drawing._repr_html_()
        assert gc.isenabled() is enabled
        monkeypatch.setattr(svg, "diagram", None)
        with pytest.raises(TypeError):
            drawing._repr_svg_()
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
