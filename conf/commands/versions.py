"""``make versions``: runs the tests of recording and drawing with several versions of PyTorch.

Each version has an environment of its own below ``build/versions``, with what these tests need and
no more. It is kept until the pins or the Python change; that of "newest" is made anew each day.
"""

import datetime
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import lock
from install import chosen_torch, torch_options
from progress import Progress
from project import BUILD, ROOT, stop

# The oldest one that works, one between, and what pip installs today; each with the newest Python
# for which PyTorch has builds of it.
VERSIONS = {"2.6.0": (3, 13), "2.10.0": (3, 14), "newest": (3, 14)}

TESTS = (
    "tests/test_graphs.py", "tests/test_graph_proofs.py", "tests/test_source.py",
    "tests/test_versions.py",
)  # fmt: skip
NEEDED = (  # by these tests and by what they import
    "numpy", "pygraphviz", "pytest", "playwright", "lxml", "cssselect",
    "watchfiles", "expecttest", "polib",
)  # fmt: skip


def requirements() -> list[str]:
    """What is needed, as requirements.txt pins it."""
    pins = lock.pins()
    return [f"{name}=={pins[name]}" for name in NEEDED]


def fingerprint(version: str) -> str:
    """What the environment of a version depends on."""
    day = str(datetime.date.today()) if version == "newest" else ""
    parts = [version, sys.version, chosen_torch(""), day, *requirements()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def pip_install(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.call([*command, "--no-input", *arguments]):
        stop(f"pip could not install {' '.join(arguments)}; see above for why")


def environment(version: str) -> Path:
    """The Python that has this version, which is installed unless it was before."""
    folder = BUILD / "versions" / version
    python, stamp = folder / "bin" / "python", folder / "made-from"
    made_from = fingerprint(version)
    if not stamp.exists() or stamp.read_text() != made_from:
        progress = Progress()
        progress.end(f"versions: installing PyTorch {version}, which takes minutes")
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        options = torch_options(progress, chosen_torch("")) if sys.platform == "linux" else []
        progress.clear()
        pip_install(python, *options, "torch" if version == "newest" else f"torch=={version}")
        pip_install(python, *requirements())
        stamp.write_text(made_from)
    return python


def run_tests(python: Path) -> tuple[bool, str]:
    """Whether all tests passed there; and what came out, in words."""
    ask = [str(python), "-c", "import torch; print(torch.__version__)"]
    version = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    print(f"\nversions: PyTorch {version}", flush=True)
    summary = "no test ran"
    with subprocess.Popen(
        [str(python), "-m", "pytest", "-q", *TESTS],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},  # a second thread of torch's only waits
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if re.search(r"\d (passed|failed|error)", line):
                summary = line.strip()
    return process.returncode == 0, f"PyTorch {version}: {summary}"


def main(chosen: list[str]) -> int:
    """Gives the exit code: 0 if all tests passed with each version that has a build here."""
    results = []
    for version in chosen or VERSIONS:
        newest_python = VERSIONS.get(version, sys.version_info[:2])
        if sys.version_info[:2] > newest_python:
            last = ".".join(map(str, newest_python))
            print(f"versions: left out PyTorch {version}: no build for a Python after {last}")
            continue
        results.append(run_tests(environment(version)))
    print()
    for passed, words in results:
        print(f"versions: {'' if passed else 'FAILED: '}{words}")
    return 0 if results and all(passed for passed, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
