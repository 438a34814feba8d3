"""Runs code in a process of its own, and brings back the graphs that were asked for, or the value
of an expression.

The child starts from the same state as every lesson does, has a time limit, and leaves
nothing behind in the process that builds the site. What came out is kept by the code, the
version of torch and the code of this package: the same thing is run once.

Importing torch takes longer than most programs. One process does it, and forks for each
program: ``Server`` here, ``serve`` there.
"""

import __future__

import ast
import atexit
import contextlib
import difflib
import hashlib
import importlib.metadata
import io
import json
import linecache
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from .graph import Graph

PACKAGE = Path(__file__).parent

# The modules that have a part in an answer; the others only draw it.
MODULES = ("graph", "run", "recording/nodes", "recording/record", "recording/watch")


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
    for name in MODULES:
        found.update((PACKAGE / f"{name}.py").read_bytes())
    return found.hexdigest()


def key(order: dict[str, Any]) -> str:
    parts = [order, importlib.metadata.version("torch"), recorder_hash()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def run(
    code: str,
    requests: Sequence[Request],
    *,
    file: str,
    store: Path,
    seconds: float = 60,
    may_warn: bool = False,
    value: str | None = None,
) -> Answer:
    """Run ``code`` up to the last request, or bring back what it gave before.

    With an expression as ``value``, all of the code is run, and the expression is then evaluated.
    ``file`` names the code in messages; ``store`` is the folder in which answers are kept;
    ``seconds`` is the time limit. Unless it ``may_warn``, a warning is an error. Raises
    RunError; its line is 0 if the expression is at fault.
    """
    asked = [asdict(request) for request in requests]
    order = {"code": code, "requests": asked, "file": file, "may_warn": may_warn, "value": value}
    kept = store / f"{key(order)}.json"
    if not kept.exists():
        answer = in_child(order, seconds)
        store.mkdir(parents=True, exist_ok=True)
        aside = kept.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
        aside.replace(kept)
    answer = json.loads(kept.read_text(encoding="utf-8"))
    graphs = tuple(map(Graph.from_json, answer["graphs"]))
    return Answer(graphs, answer["printed"], answer["value"])


def in_child(order: dict[str, Any], seconds: float) -> dict[str, Any]:
    last_line = order["requests"][-1]["line"] if order["requests"] else 1
    with tempfile.TemporaryDirectory() as folder:
        answer, said = Path(folder, "answer.json"), Path(folder, "said")
        code = carried_out(order | {"answer": str(answer), "said": str(said)}, seconds)
        if not answer.exists():
            if code is None:
                message = f"ran past {seconds:g} seconds; make it smaller"
                raise RunError(last_line, message)
            words = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            last = words[-1] if words else "without a word"
            message = f"the process died (exit {code}): {last}"
            raise RunError(last_line, message)
        found = json.loads(answer.read_text(encoding="utf-8"))
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


class Server:
    """A process that has imported torch, and makes a copy of itself for each program."""

    def __init__(self) -> None:
        environment = os.environ | {
            "PYTHONPATH": str(PACKAGE.parent),
            "OMP_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "autograd_atlas.run"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, bufsize=1,
            start_new_session=True,
        )  # fmt: skip
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the process that runs programs did not start; see above for why")

    def run(self, order: dict[str, Any], seconds: float) -> int | None:
        """Have an order carried out; gives the exit code, or None if it ran out of time.

        What the program has started ends with it.
        """
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(order) + "\n")
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
        line = self.process.stdout.readline()
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
            ended.process.stdin.close()
        ended.process.stdout.close()
        ended.process.wait()


# -- In the child ---------------------------------------------------------------------------


def answer_of(order: dict[str, Any]) -> dict[str, Any]:
    from site_extension.reset import reset

    from .recording.record import GraphError
    from .recording.watch import Recording

    code, file = order["code"], order["file"]
    requests = [
        Request(tuple(each["roots"]), each["after"], each["line"], each["backward"])
        for each in order["requests"]
    ]
    try:
        statements = ast.parse(code, file).body
    except SyntaxError as problem:
        return {"line": problem.lineno or 1, "error": f"SyntaxError: {problem.msg}"}
    linecache.cache[file] = (len(code), None, code.splitlines(True), file)
    reset({}, None)
    if not order["may_warn"]:
        warnings.simplefilter("error")
    program = sys.modules["__main__"] = types.ModuleType("__main__")
    program.__file__ = file
    flags = future_flags(statements)
    printed = io.StringIO()
    graphs = []

    def go_on(now: list[ast.stmt]) -> None:
        exec(compile(ast.Module(now, []), file, "exec", flags, dont_inherit=True), vars(program))

    value = None
    watching = Recording(file) if requests else contextlib.nullcontext()
    try:
        with contextlib.redirect_stdout(printed), watching as recording:
            for request in requests:
                now = [each for each in statements if each.lineno <= request.after]
                statements = statements[len(now) :]
                go_on(now)
                try:
                    graphs.append(graph_of(request, vars(program), recording))
                except GraphError as problem:
                    return {"line": request.line, "error": str(problem)}
            if order["value"] is not None:
                go_on(statements)
                try:
                    value = plain(eval(order["value"], vars(program)))
                except Exception as problem:
                    return {"line": 0, "error": f"{type(problem).__name__}: {problem}"}
    except BaseException as problem:  # SystemExit too: code on a page has no business to exit
        return {"line": line_of(problem, file), "error": f"{type(problem).__name__}: {problem}"}
    words = printed.getvalue().encode("utf-8", "backslashreplace").decode()
    return {"graphs": graphs, "printed": words, "value": value}


def plain(value: Any) -> Any:
    """A value as numbers, text, True, False, None, and lists of these. Raises TypeError."""
    if hasattr(value, "tolist"):  # tensors and arrays
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{value!r} is no number, text, True, False, None, or list of these")


def future_flags(statements: list[ast.stmt]) -> int:
    """What ``from __future__ import`` asks for, which holds for every part of the program."""
    names = [
        name.name
        for each in statements
        if isinstance(each, ast.ImportFrom) and each.module == "__future__"
        for name in each.names
    ]
    return sum(getattr(__future__, name).compiler_flag for name in names)


def line_of(problem: BaseException, file: str) -> int:
    """The line of the program that it went through last."""
    if isinstance(problem, SyntaxError) and problem.filename == file:
        return problem.lineno or 1
    frames = traceback.extract_tb(problem.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    return lines[-1] if lines else 1


def graph_of(request: Request, namespace: dict[str, Any], recording: Any) -> str:
    """The graph that a request asks for, as JSON."""
    from .recording import record

    roots = {name: root_called(name, namespace) for name in request.roots}
    starts = [record.start_of(name, tensor) for name, tensor in roots.items()]
    ran = recording.ran(starts)
    wanted = request.backward
    if wanted is None:
        wanted = ran or all(each.numel() == 1 and not each.is_complex() for each in roots.values())

    def with_backward() -> str:
        run_backward(list(roots.values()), starts)
        return record.of(roots, namespace, recording).to_json()

    if wanted and not ran:
        return in_copy(with_backward)
    graph = record.of(roots, namespace, recording)
    return (graph if wanted else without_gradients(graph)).to_json()


def in_copy(work: Callable[[], str]) -> str:
    """Do something in a copy of this process: the program goes on as if it had not been done."""
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        try:
            done = {"done": work()}
        except BaseException as problem:
            done = {"error": f"{type(problem).__name__}: {problem}"}
        with open(writing, "wb") as pipe:
            pipe.write(json.dumps(done).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        done = pipe.read()
    os.waitpid(child, 0)
    found = json.loads(done or b'{"error": "the backward pass ended the process"}')
    if "error" in found:
        raise RuntimeError(f"backward() for the picture: {found['error']}")
    return found["done"]


def fork() -> int:
    with warnings.catch_warnings():
        # Python 3.12 and later warn of forks while there are threads; the copy starts none,
        # and ends without coming back.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def root_called(name: str, namespace: dict[str, Any]) -> Any:
    import torch

    from .recording.record import GraphError

    if name in namespace:
        return namespace[name]
    tensors = [
        each for each, value in namespace.items()
        if isinstance(value, torch.Tensor) and value.grad_fn is not None
    ]  # fmt: skip
    near = difflib.get_close_matches(name, tensors, 3, 0.4) or tensors
    known = f"write {' or '.join(near)}" if near else "no tensor with a graph is there"
    raise GraphError(f"there is no variable {name}; {known}")


def run_backward(roots: list[Any], starts: Iterable[Any]) -> None:
    """From ones, with nothing in the leaves from before."""
    import torch

    from .recording.nodes import is_leaf, nodes_below

    for node in nodes_below(starts):
        if is_leaf(node):
            node.variable.grad = None
    torch.autograd.backward(roots, [torch.ones_like(root) for root in roots], retain_graph=True)


def without_gradients(graph: Graph) -> Graph:
    nodes = [
        replace(node, grad=None, outputs=tuple(replace(o, received=None) for o in node.outputs))
        for node in graph.nodes
    ]
    edges = [replace(edge, sent=None) for edge in graph.edges]
    return replace(graph, nodes=tuple(nodes), edges=tuple(edges), order=(), bound=())


def serve() -> None:
    """Carry out the orders that come in, one a line; tell the number of each child, and how it
    ended."""
    from site_extension import reset

    from .recording import (
        record,
        watch,  # noqa: F401  (and torch with it)
    )

    reset.reset({}, None)
    print("ready", flush=True)
    for line in sys.stdin:
        child = fork()
        if child == 0:
            carry_out(json.loads(line))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def carry_out(order: dict[str, Any]) -> None:
    """In the copy: into files, since what the code starts may hold a pipe open for longer than it
    runs."""
    os.setsid()
    os.chdir(Path(order["answer"]).parent)
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT)
    for stream, target in ((os.open(os.devnull, os.O_RDONLY), 0), (said, 1), (said, 2)):
        os.dup2(stream, target)
    aside = Path(f"{order['answer']}.new")
    aside.write_text(json.dumps(answer_of(order)), encoding="utf-8")
    aside.replace(order["answer"])
    os._exit(0)  # without waiting for what the code may have started


if __name__ == "__main__":
    serve()
