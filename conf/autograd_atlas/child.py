"""The process that runs programs for :mod:`autograd_atlas.run`: it has imported torch, and makes a
copy of itself for each program.

``python -m autograd_atlas.child`` reads orders, one a line of JSON, and writes for each the number
of the copy, and how it ended.
"""

import __future__

import ast
import contextlib
import difflib
import importlib
import io
import json
import linecache
import os
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from .graph import Graph
from .recording import record
from .recording.nodes import AutogradNode, is_leaf, nodes_below
from .recording.record import GraphError
from .recording.recording import Recording
from .run import Request


def answer_of(order: dict[str, Any]) -> dict[str, Any]:
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
    if order["prepare"]:
        function_called(order["prepare"])()
    if not order["may_warn"]:
        warnings.simplefilter("error")
    program = sys.modules["__main__"] = types.ModuleType("__main__")
    program.__file__ = file
    flags = future_flags(statements)
    printed = io.StringIO()
    graphs: list[Any] = []

    def go_on(now: list[ast.stmt]) -> None:
        exec(compile(ast.Module(now, []), file, "exec", flags, dont_inherit=True), vars(program))

    value = None
    recording = Recording(file)
    try:
        with contextlib.redirect_stdout(printed), contextlib.ExitStack() as stack:
            if requests:
                stack.enter_context(recording)
            for request in requests:
                now = [each for each in statements if each.lineno <= request.after]
                statements = statements[len(now) :]
                go_on(now)
                try:
                    graphs.append(graph_of(request, vars(program), recording).to_stored())
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


def function_called(name: str) -> Callable[[], object]:
    """The function that a dotted name stands for."""
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]  # by name


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
    return (lines[-1] if lines else 1) or 1


def graph_of(request: Request, namespace: dict[str, Any], recording: Recording) -> Graph:
    """The graph that a request asks for."""
    roots = {name: root_called(name, namespace) for name in request.roots}
    starts = [record.start_of(name, tensor) for name, tensor in roots.items()]
    ran = record.has_run(recording, starts)
    wanted = request.backward
    if wanted is None:
        wanted = ran or all(each.numel() == 1 and not each.is_complex() for each in roots.values())

    def with_backward() -> Graph:
        run_backward(list(roots.values()), starts)
        return record.of(roots, namespace, recording)

    if wanted and not ran:
        return in_copy(with_backward)
    graph = record.of(roots, namespace, recording)
    return graph if wanted else without_gradients(graph)


def in_copy(work: Callable[[], Graph]) -> Graph:
    """A graph, made in a copy of this process: the program goes on as if it had not been."""
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        try:
            done: dict[str, Any] = {"graph": work().to_stored()}
        except BaseException as problem:
            done = {"error": f"{type(problem).__name__}: {problem}"}
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(done).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    found = json.loads(content or b'{"error": "the backward pass ended the process"}')
    if "error" in found:
        raise RuntimeError(f"backward() for the picture: {found['error']}")
    return Graph.from_stored(found["graph"])


def fork() -> int:
    with warnings.catch_warnings():
        # Python 3.12 and later warn of forks while there are threads; the copy starts none, and
        # ends without coming back (https://github.com/python/cpython/issues/100228).
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def root_called(name: str, namespace: Mapping[str, Any]) -> Any:
    if name in namespace:
        return namespace[name]
    tensors = [
        each for each, value in namespace.items()
        if isinstance(value, torch.Tensor) and value.grad_fn is not None
    ]  # fmt: skip
    near = difflib.get_close_matches(name, tensors, 3, 0.4) or tensors
    known = f"write {' or '.join(near)}" if near else "no tensor with a graph is there"
    raise GraphError(f"there is no variable {name}; {known}")


def run_backward(roots: list[torch.Tensor], starts: Iterable[AutogradNode]) -> None:
    """From ones, with nothing in the leaves from before."""
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
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order["prepare"]:  # what it imports is there for all programs that follow
            with contextlib.suppress(Exception):  # the copy raises it again, and says so
                importlib.import_module(order["prepare"].rpartition(".")[0])
        child = fork()
        if child == 0:
            carry_out(order)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def carry_out(order: dict[str, Any]) -> None:
    """In the copy: into files, since what the code starts may hold a pipe open for longer than it
    runs."""
    os.setsid()
    os.chdir(Path(order["answer"]).parent)
    printed = os.open(order["printed"], os.O_WRONLY | os.O_CREAT)
    for stream, target in ((os.open(os.devnull, os.O_RDONLY), 0), (printed, 1), (printed, 2)):
        os.dup2(stream, target)
    aside = Path(f"{order['answer']}.new")
    aside.write_text(json.dumps(answer_of(order)), encoding="utf-8")
    aside.replace(order["answer"])
    os._exit(0)  # without waiting for what the code may have started


if __name__ == "__main__":
    serve()
