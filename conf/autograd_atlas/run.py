"""Runs code in a process of its own, and brings back the graphs that were asked for, or the value
of an expression.

It has a time limit, and leaves nothing behind in the process that builds the site. What came out
is kept by the code, the version of torch and the code of this package: the same thing is run once.

Importing torch takes longer than most programs. One process does it, and forks for each
program: :class:`Server` here, :mod:`autograd_atlas.child` there.
"""

import atexit
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from .graph import Graph

PACKAGE = Path(__file__).parent

PATTERNS = (
    "__init__.py",
    "child.py",
    "graph.py",
    "memory.py",
    "paths.py",
    "recording/*.py",
    "run.py",
)

# What has a part in an answer; the rest of the package only draws it.
RECORDER = [path for pattern in PATTERNS for path in sorted(PACKAGE.glob(pattern))]


@dataclass(frozen=True)
class Request:
    """A picture of ``roots``, as they stand after line ``after`` of the code.

    ``backward`` tells whether gradients are wanted. Where the code did not run the engine
    itself, it is then run on the child's graph. By default they are wanted if the code ran it,
    or if each root is one real number.
    """

    roots: tuple[str, ...]
    after: int
    line: int  # where it was asked for, which an error names
    backward: bool | None = None


@dataclass(frozen=True)
class Answer:
    """The graphs, one for each request; what the code printed; and the value of the expression: a
    number, text, True, False, None, or lists of these."""

    graphs: tuple[Graph, ...]
    printed: str
    value: Any = None


class RunError(Exception):
    """The code failed, or has no such graph: the line in the code, and what is wrong."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@cache
def recorder_hash() -> str:
    """A hash of the code that runs and records: another recorder may record something else."""
    found = hashlib.sha256(sys.version.encode())
    for path in RECORDER:
        found.update(path.read_bytes())
    return found.hexdigest()


def key(order: dict[str, Any]) -> str:
    parts = [order, importlib.metadata.version("torch"), recorder_hash()]
    if order["prepare"]:
        parts.append(source_hash(order["prepare"].rpartition(".")[0]))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@cache
def source_hash(module: str) -> str:
    """A hash of a module's file. Raises ModuleNotFoundError."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"there is no module {module!r}", name=module)
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()


def run(
    code: str,
    requests: Sequence[Request],
    *,
    file: str,
    store: Path,
    seconds: float = 60,
    may_warn: bool = False,
    value: str | None = None,
    prepare: str = "",
) -> Answer:
    """Run ``code`` up to the last request, or bring back what it gave before.

    With an expression as ``value``, all of the code is run, and the expression is then evaluated.
    ``file`` names the code in messages; ``store`` is the folder in which answers are kept;
    ``seconds`` is the time limit. Unless it ``may_warn``, a warning is an error. ``prepare`` names
    a function, as in ``"package.module.function"``, that is called in the child before the code.
    Raises RunError; its line is 0 if the expression is at fault.
    """
    asked = [asdict(request) for request in requests]
    order = {
        "code": code, "requests": asked, "file": file, "may_warn": may_warn, "value": value,
        "prepare": prepare,
    }  # fmt: skip
    kept = store / f"{key(order)}.json"
    if not kept.exists():
        answer = in_child(order, seconds)
        store.mkdir(parents=True, exist_ok=True)
        aside = kept.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
        aside.replace(kept)
    answer = json.loads(kept.read_text(encoding="utf-8"))
    graphs = tuple(map(Graph.from_stored, answer["graphs"]))
    return Answer(graphs, answer["printed"], answer["value"])


def in_child(order: dict[str, Any], seconds: float) -> dict[str, Any]:
    last_line = order["requests"][-1]["line"] if order["requests"] else 1
    with tempfile.TemporaryDirectory() as folder:
        answer, printed = Path(folder, "answer.json"), Path(folder, "printed")
        code = carried_out(order | {"answer": str(answer), "printed": str(printed)}, seconds)
        if not answer.exists():
            if code is None:
                message = f"ran past {seconds:g} seconds; make it smaller"
                raise RunError(last_line, message)
            lines = printed.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            last = lines[-1] if lines else "it printed nothing"
            message = f"the process died (exit {code}): {last}"
            raise RunError(last_line, message)
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in found:
        raise RunError(found["line"], found["error"])
    return found


def carried_out(order: dict[str, Any], seconds: float) -> int | None:
    """Have the server carry out an order; it is started again if it has died.

    Raises RunError if it dies once more over the same order.
    """
    for _ in range(2):
        try:
            return server().run(order, seconds)
        except ServerDied as problem:
            end_server()
            died = str(problem)
            print(f"{order['file']}: {died}; starting it again", file=sys.stderr, flush=True)
    raise RunError(order["requests"][0]["line"] if order["requests"] else 1, died)


class ServerDied(Exception):
    """The process that runs programs has ended, and how."""


class Copy:
    """A copy of this process, made before it had run anything, that waits to become its server."""

    def __init__(self) -> None:
        orders, replies = os.pipe(), os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.serve(orders[0], replies[1])
            finally:
                os._exit(0)
        for each in (orders[0], replies[1]):
            os.close(each)
        self.stdin, self.stdout = os.fdopen(orders[1], "w", 1), os.fdopen(replies[0])

    def serve(self, orders: int, replies: int) -> None:
        """In the copy, once there is a line; it ends with the process that it is a copy of."""
        os.setsid()
        os.dup2(orders, 0)
        os.dup2(replies, 1)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # a lock among them, which is not held here
        sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
        if sys.stdin.readline():
            from .child import serve

            serve()

    def wait(self) -> int:
        return self.code

    @cached_property
    def code(self) -> int:
        """How it ended, which the system tells once."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def keep_copy() -> None:
    """Keep a copy of this process for the server that it may need, if it has imported torch, and
    before it runs anything: to import torch once more would take longer than most programs."""
    if "torch" in sys.modules:
        _copies[os.getpid()] = Copy()


_copies: dict[int, Copy] = {}  # by the process that made it


class Server:
    """A process that has imported torch, and makes a copy of itself for each program."""

    process: Copy | subprocess.Popen[str]

    def __init__(self) -> None:
        if copy := _copies.pop(os.getpid(), None):
            copy.stdin.write("start\n")
        self.process = copy or self.started()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.orders, self.replies = self.process.stdin, self.process.stdout
        if self.replies.readline() != "ready\n":
            raise RuntimeError("the process that runs programs did not start; see above for why")

    def started(self) -> subprocess.Popen[str]:
        """One that imports torch first."""
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *sys.path]),
            "OMP_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "autograd_atlas.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, bufsize=1,
            start_new_session=True,
        )  # fmt: skip

    def run(self, order: dict[str, Any], seconds: float) -> int | None:
        """Have an order carried out; gives the exit code, or None if it ran out of time.

        What the program has started ends with it.
        """
        with contextlib.suppress(BrokenPipeError):
            self.orders.write(json.dumps(order) + "\n")
        child = self.number()
        late = threading.Event()

        def stop() -> None:
            late.set()
            kill(child)

        clock = threading.Timer(seconds, stop)
        clock.start()
        try:
            code = self.number()
        finally:  # also if the build is interrupted
            clock.cancel()
            kill(child)
        return None if late.is_set() else code

    def number(self) -> int:
        """The next number that the server tells. Raises ServerDied."""
        line = self.replies.readline()
        if not line:
            code = self.process.wait()
            raise ServerDied(f"the process that runs programs died (exit {code})")
        return int(line)


def kill(group: int) -> None:
    """End a program, and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


_servers: dict[int, Server] = {}  # by the process that uses it: several may read pages


def server() -> Server:
    """The server of this process, started when it is first needed."""
    process = os.getpid()
    if process not in _servers:
        _servers[process] = Server()
        atexit.register(end_server)
    return _servers[process]


def end_server() -> None:
    """End the server of this process, if it has one; the next program starts another."""
    if ended := _servers.pop(os.getpid(), None):
        with contextlib.suppress(BrokenPipeError):
            ended.orders.close()
        ended.replies.close()
        ended.process.wait()
