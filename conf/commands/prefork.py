"""Runs commands of this folder as forks of a process that has already imported what takes long.

Sphinx, myst-nb and matplotlib take longer to import than a small build takes to run. Only the
packages of others are imported here. Each fork imports ours anew, so that it runs them as they
are now, from whichever copy of the project it is told to build.

Run as a program, it carries out the orders that come in, one a line of JSON, and answers with the
exit code of each: that is how the tests build small projects.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Set before Python starts: sets are built in the same order each time, one thread keeps numbers
# and timings calm, and a fork hangs if torch has used several
# (https://github.com/pytorch/pytorch/issues/17199).
FIXED = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}

SLOW_TO_IMPORT = (
    "furo", "matplotlib.pyplot", "myst_nb.sphinx_ext", "nbclient", "polib",
    "sphinx.builders.html", "sphinx.ext.doctest", "sphinx.ext.intersphinx", "sphinx.search.zh",
    "sphinx_copybutton", "sphinx_gallery.gen_gallery", "jupyter_cache.executors.basic",
    "fontTools.subset", "ipykernel.kernelspec", "pygments.lexers.python", "torch",
)  # fmt: skip


def restart_with_fixed_environment() -> None:
    """Start this Python program again, if it was not started as a build needs it."""
    if any(os.environ.get(name) != value for name, value in FIXED.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | FIXED)


def import_what_takes_long() -> None:
    for name in SLOW_TO_IMPORT:
        importlib.import_module(name)


def in_fork(work: Callable[[], int]) -> int:
    """Do something in a copy of this process; gives the exit code, or minus the signal that ended
    it."""
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # or the first collection in the copy would copy all memory
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = work()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError):  # a full disk; the copy has to end here all the same
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def command(script: Path, arguments: Sequence[str]) -> Callable[[], int]:
    """What runs a command of some copy of the project, as if it had been typed; for a fork."""

    def work() -> int:
        sys.path[:0] = [str(script.parent.parent), str(script.parent)]
        sys.argv = [str(script), *arguments]
        runpy.run_path(str(script), run_name="__main__")
        return 0

    return work


def carry_out(order: dict[str, Any]) -> int:
    """Run the ``script`` that an order names, with its ``arguments`` and its ``environment``; what
    it prints goes into the file ``prints``."""

    def work() -> int:
        os.setsid()  # as a shell starts a command
        printed = os.open(order["prints"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(printed, stream)
        os.environ.clear()
        os.environ.update(order["environment"] | FIXED)
        return command(Path(order["script"]), order["arguments"])()

    return in_fork(work)


def serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever an import prints is no answer
    import_what_takes_long()
    for line in sys.stdin:
        print(carry_out(json.loads(line)), file=answers, flush=True)


if __name__ == "__main__":
    restart_with_fixed_environment()
    serve()
