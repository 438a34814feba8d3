"""``make test`` and ``make test-all``: builds the site, checks every promise of it, and says what
that cost.

Arguments are handed on to pytest.
"""

import contextlib
import ctypes
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from project import ROOT

MINUTES = 10  # of processor time that make test may cost, building included


def told(seconds: float) -> str:
    """
    >>> told(432.4)
    '7 min 12 s'
    """
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def adopt_orphans() -> None:
    """Have processes whose parent has ended, as most of Chromium's, count as ours; on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def processor_seconds() -> float:
    """Of all processes that were started from here and have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(arguments: list[str]) -> int:
    start = time.monotonic()
    adopt_orphans()
    build = [sys.executable, str(Path(__file__).with_name("website.py")), "html"]
    workers = os.environ.get("JOBS") or "logical"  # as many as there are cores
    tests = [sys.executable, "-m", "pytest", "tests", f"--numprocesses={workers}"]
    code = subprocess.call(build, cwd=ROOT)
    code = code or subprocess.call([*tests, "--dist=worksteal", *arguments], cwd=ROOT)
    cost = told(processor_seconds())
    limit = "" if arguments else f" of {MINUTES} min"
    print(f"Processor time: {cost}{limit}; {told(time.monotonic() - start)} by the clock.")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
