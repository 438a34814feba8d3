"""Each lesson starts from the same state, whatever the one before has left."""

import subprocess
import sys
from pathlib import Path

import pytest

CONF = Path(__file__).resolve().parents[1] / "conf"

STATE = """
import random, sys, warnings
import numpy as np, torch
sys.path.insert(0, sys.argv[1])
from site_extension.reset import reset

def warned():
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn("again")
        (torch.ones(1, requires_grad=True) * 2).grad
        torch.ones(1).T  # C++ gives this warning only once a process, unless told otherwise
    return len(caught)

def state():
    return {
        "seed": (torch.initial_seed(), torch.rand(2).tolist(), random.random(), np.random.rand()),
        "dtype": torch.get_default_dtype(),
        "grad mode": torch.is_grad_enabled(),
        "print options": str(torch.tensor([1 / 3, 1e6])),
        "default device": torch.get_default_device(),
        "warnings": (warned(), len(warnings.filters)),
        "anomaly mode": (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "threads": torch.get_num_threads(),
    }

def disturb():
    torch.manual_seed(1); random.seed(1); np.random.seed(1)
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.set_printoptions(precision=1, sci_mode=True)
    torch.set_default_device("meta")
    warnings.simplefilter("ignore")
    torch.autograd.set_detect_anomaly(True, check_nan=False)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(2)

"""


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", STATE + program, str(CONF)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


PARTS = (
    "seed", "dtype", "grad mode", "print options", "default device", "warnings", "anomaly mode",
    "deterministic", "threads",
)  # fmt: skip


@pytest.fixture(scope="module")
def states() -> dict[str, tuple[object, object]]:
    program = """
reset({}, None); first = state()
disturb(); reset({}, None); second = state()
print({part: (str(first[part]), str(second[part])) for part in first})
"""
    return eval(run(program))


@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_left_over(states, part):
    assert states.keys() == set(PARTS)
    first, second = states[part]
    assert first == second


def test_a_lesson_starts_seeded_and_is_warned_as_alone():
    show = "print(torch.rand(3).tolist(), random.random(), np.random.rand(), warned())"
    seeded = "torch.manual_seed(0); random.seed(0); np.random.seed(0)"
    assert run(f"{seeded}; {show}") == run(f"reset({{}}, None); {show}")
