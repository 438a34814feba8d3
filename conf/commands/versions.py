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
import tomllib
import urllib.request
import venv
from pathlib import Path

from project import BUILD, ROOT, stop

# The oldest one that works, one between, and what pip installs today; with the newest Python for
# which PyTorch has builds of it.
VERSIONS = {"2.6.0": (3, 13), "2.9.1": (3, 14), "newest": (3, 14)}

TESTS = ("tests/test_graphs.py", "tests/test_graph_proofs.py", "tests/test_versions.py")
NEEDED = (  # by these tests, by what they import, and by the package itself
    "numpy", "pygraphviz", "fast-sugiyama", "pytest", "playwright", "lxml", "cssselect",
    "watchfiles", "expecttest",
)  # fmt: skip
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"


def requirements() -> list[str]:
    """What is needed, as requirements.txt pins it; and what builds the package, which a test does."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pinned = {line.partition("==")[0]: line for line in text.splitlines() if "==" in line}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [*(pinned[name] for name in NEEDED), *project["build-system"]["requires"]]


def fingerprint(version: str) -> str:
    """What the environment of a version depends on."""
    day = str(datetime.date.today()) if version == "newest" else ""
    parts = [version, sys.version, day, *requirements()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def index_of_torch() -> list[str]:
    """Options for pip: PyTorch's own index, where it has to be and can be reached. On Linux, PyPI
    has the builds for CUDA, of several GB."""
    if sys.platform != "linux" or os.environ.get("TORCH") == "default":
        return []
    try:
        urllib.request.urlopen(f"{CPU_BUILDS}/torch/", timeout=10).close()
    except OSError as problem:
        print(f"versions: {CPU_BUILDS} cannot be reached ({problem}); using the index of pip")
        return []
    return ["--index-url", CPU_BUILDS]


def install(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.call([*command, "--no-input", *arguments]):
        stop(f"pip could not install {' '.join(arguments)}; see above for why")


def environment(version: str) -> Path:
    """The Python that has this version, which is installed unless it was before."""
    folder = BUILD / "versions" / version
    python, stamp = folder / "bin" / "python", folder / "made-from"
    made_from = fingerprint(version)
    if not stamp.exists() or stamp.read_text() != made_from:
        print(f"versions: installing PyTorch {version}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        torch = "torch" if version == "newest" else f"torch=={version}"
        install(python, *index_of_torch(), torch)
        install(python, *requirements())
        stamp.write_text(made_from)
    return python


def run_tests(python: Path) -> tuple[bool, str]:
    """Whether all tests passed there; and what came out, in words."""
    ask = [str(python), "-c", "import torch; print(torch.__version__)"]
    found = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    print(f"\nversions: PyTorch {found}", flush=True)
    command = [str(python), "-m", "pytest", "-q", *TESTS]
    # One thread: a second one of torch's only waits.
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line.strip() if re.search(r"\d (passed|failed|error)", line) else last
    return process.wait() == 0, f"PyTorch {found}: {last or 'no test ran'}"


def main(chosen: list[str]) -> int:
    versions = chosen or list(VERSIONS)
    results = []
    for version in versions:
        last_python = VERSIONS.get(version, sys.version_info[:2])
        if sys.version_info[:2] > last_python:
            last = ".".join(map(str, last_python))
            print(
                f"versions: left out PyTorch {version}: it has no build for a Python after {last}"
            )
            continue
        results.append(run_tests(environment(version)))
    print()
    for passed, words in results:
        print(f"versions: {'' if passed else 'FAILED: '}{words}")
    return 0 if results and all(passed for passed, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
