"""Says how far a command is, in few words: on a terminal one line that changes, elsewhere (on CI,
in a file) a line for each stage, and one now and then in a long stage.

The whole output belongs into a log; when something fails, the person sees the part of it that
matters. Standard library only: the environment is not there yet when this is used first.
"""

import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import TextIO

EVERY = 10  # seconds between two lines of one stage, where lines stay
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What comes before the last words of a process that died.
LAST_WORDS = re.compile(r"(?:Traceback|Fatal Python error|Timeout \()")


def duplicate(stream: TextIO, number: int) -> TextIO:
    """A copy of a standard stream, which goes on reaching the person when the stream itself is
    sent into a log."""
    return os.fdopen(os.dup(number), "w", encoding=stream.encoding, errors="replace")


def columns(text: str) -> int:
    """How many columns of a terminal a text takes; Chinese characters take two."""
    return sum(2 if character > "\u2e7f" else 1 for character in text)


class Progress:
    """What a person sees of a command while it runs."""

    def __init__(self) -> None:
        self.out = duplicate(sys.stdout, 1)
        self.complaints = duplicate(sys.stderr, 2)
        self.terminal = self.out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.start = self.printed = time.monotonic()
        self.stage = ""

    def seconds(self) -> str:
        return f"{time.monotonic() - self.start:.0f} s"

    def show(self, stage: str, detail: str = "") -> None:
        """What is being done, and how far that is: "lessons", "7 of 25"."""
        now = time.monotonic()
        text = f"{stage} {detail}".rstrip() + f" ({self.seconds()})"
        if self.terminal:
            room = shutil.get_terminal_size().columns - 1
            while columns(text) > room:
                text = text[:-1]
            self.write(f"\r\x1b[K{text}")
        elif stage != self.stage or now - self.printed >= EVERY:
            self.write(f"{text}\n")
            self.printed = now
        self.stage = stage

    def end(self, text: str) -> None:
        """A line that stays, in place of the one that changes."""
        self.clear()
        self.write(f"{text} ({self.seconds()})\n")

    def clear(self) -> None:
        if self.terminal:
            self.write("\r\x1b[K")
        self.stage = ""

    def complain(self, text: str) -> None:
        """What a person has to know of something that went wrong."""
        self.clear()
        self.complaints.write(f"\n{plain(text).strip()}\n")
        self.complaints.flush()

    def write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()


def plain(text: str) -> str:
    """What a program printed, without colours, and each step of its own progress on a line."""
    return ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def last_words(log: Path, start: int) -> str:
    """The end of what was logged from byte ``start`` on: of a crash, from its report on."""
    with log.open("rb") as file:
        file.seek(start)
        lines = plain(file.read().decode("utf-8", "replace")).rstrip().splitlines()
    reports = [number for number, line in enumerate(lines) if LAST_WORDS.match(line)]
    return "\n".join(lines[reports[-1] :][:60] if reports else lines[-20:])
