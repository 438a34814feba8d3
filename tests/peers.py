"""Other tools that draw PyTorch's graphs, installed beside ours for measuring alone."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "build" / "peers"
LIST = Path(__file__).with_name("peers.txt")


def environment() -> dict[str, str]:
    """For a Python that finds the peers after what the project has installed."""
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    paths = [str(ROOT / "conf"), str(Path(__file__).parent), ours, str(PLACE)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}


def install() -> None:
    """Bring the peers, and of what they need only what is not there yet."""
    stamp = PLACE / "made-from"
    if stamp.exists() and stamp.read_text() == LIST.read_text():
        return
    print("installing tests/peers.txt into build/peers", flush=True)
    wanted = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--report", "-",
         "--requirement", str(LIST)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    import json

    report = json.loads(wanted.stdout[wanted.stdout.index("{") :])
    names = [f"{e['metadata']['name']}=={e['metadata']['version']}" for e in report["install"]]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade",
         "--target", str(PLACE), *names],
        check=True,
    )  # fmt: skip
    stamp.write_text(LIST.read_text())
