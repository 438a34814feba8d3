"""Packages that only some tests and measurements need, installed beside the project's own: those of
``tests/libraries.txt`` into ``build/libraries``, and so on. ``.venv`` stays as it is for others.
"""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def list_of(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.txt")


def place_of(name: str) -> Path:
    return ROOT / "build" / name


def pins(name: str) -> dict[str, str]:
    """The versions that a list names."""
    lines = list_of(name).read_text(encoding="utf-8").split()
    return dict(line.split("==") for line in lines if "==" in line)


def environment(*names: str) -> dict[str, str]:
    """For a Python that finds these after what the project has installed."""
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    paths = [ROOT / "conf", Path(__file__).parent, ours, *map(place_of, names)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"}


def use(name: str) -> None:
    """Have this process find them, after what the project has installed."""
    install(name)
    if (place := str(place_of(name))) not in sys.path:
        sys.path.append(place)


def install(name: str) -> None:
    """Bring a list, and of what it needs only what is not there yet.

    Raises RuntimeError, with what pip said, if it cannot be had.
    """
    place, wanted = place_of(name), list_of(name)
    place.mkdir(parents=True, exist_ok=True)
    with wanted.open(encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # two tests at once: the second one waits
        stamp = place / "made-from"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted.read_text("utf-8"):
            return
        print(f"installing tests/{wanted.name} into build/{name}", flush=True)
        report = pip(name, "--dry-run", "--report", "-", "--requirement", str(wanted))
        needed = json.loads(report[report.index("{") :])["install"]
        exact = [f"{each['metadata']['name']}=={each['metadata']['version']}" for each in needed]
        pip(name, "--no-deps", "--upgrade", "--target", str(place), *exact)
        stamp.write_text(wanted.read_text("utf-8"), encoding="utf-8")


def pip(name: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "pip", "install", "--quiet", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"tests/{name}.txt cannot be installed:\n{run.stderr[-2000:]}")
    return run.stdout
