"""``make lock``: makes ``conf/requirements.lock`` from ``requirements.txt``: what we use and all
that comes along, with hashes, for every Python and platform that we support.

It changes as little as possible. For the newest of all that comes along, delete the lock first.

uv reads what every package needs on every platform, and gets an environment of its own, so that
the lock can be made where there is none yet. Run with "check", it compares the two files, without
a network. Standard library only.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from project import LOCK, REQUIREMENTS, ROOT, shown, stop

UV = "uv==0.13.9"
HEADER = """\
# Versions and hashes of all that is installed: made by 'make lock' from requirements.txt, and not
# to be edited. torch is here for macOS; where it comes from on Linux is said in
# conf/commands/install.py.
"""
PIN = re.compile(r"([\w.-]+)==([^\s;\\]+)")
# What torch of pip's default index brings along on Linux, and its builds for CPUs do not.
CUDA = ("nvidia-", "cuda-", "triton==")
ON_LINUX_BY_ITSELF = " ; sys_platform == 'darwin'"


def normal(name: str) -> str:
    """A package's name, as the lock has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    """What requirements.txt asks for: versions by name."""
    found = {}
    for number, line in enumerate(REQUIREMENTS.read_text(encoding="utf-8").splitlines(), 1):
        wanted = line.partition("#")[0].strip()
        pin = PIN.match(wanted)
        if pin:
            found[normal(pin[1])] = pin[2]
        elif wanted:
            stop(f"{shown(REQUIREMENTS)}:{number}: pin it exactly, as in sphinx==9.0.4: {line}")
    return found


def entries(lock: str) -> dict[str, str]:
    """The parts of a lock, by name of the package: its version, hashes, and who wants it."""
    parts = re.split(r"^(?=\w)", lock, flags=re.MULTILINE)
    return {normal(pin[1]): part for part in parts if (pin := PIN.match(part))}


def problems() -> list[str]:
    """Where the lock does not fit requirements.txt."""
    if not LOCK.exists():
        return [f"{shown(LOCK)} is missing; type 'make lock'."]
    wanted = pins()
    locked = entries(LOCK.read_text(encoding="utf-8"))
    found = []
    for name, version in wanted.items():
        pin = PIN.match(locked.get(name, ""))
        if pin is None or pin[2] != version:
            has = f"has {pin[2]}" if pin else "does not have it"
            found.append(
                f"{shown(REQUIREMENTS)} asks for {name}=={version}, {shown(LOCK)} {has}; "
                "type 'make lock'."
            )
    for name, part in locked.items():
        if f"-r {shown(REQUIREMENTS)}" in part and name not in wanted:
            found.append(
                f"{shown(LOCK)} has {name}, {shown(REQUIREMENTS)} no longer asks for it; "
                "type 'make lock'."
            )
    return found


def oldest_python() -> str:
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(about["project"]["requires-python"]).removeprefix(">=")


def compiled(folder: Path) -> str:
    """A lock with torch's CUDA packages in it, as uv makes it from the one of before."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    new = folder / "new.lock"
    if LOCK.exists():
        shutil.copy(LOCK, new)
    command = [
        str(python), "-m", "uv", "pip", "compile", shown(REQUIREMENTS), "--universal",
        "--python-version", oldest_python(), "--generate-hashes", "--no-header",
        "--quiet", "--output-file", str(new),
    ]  # fmt: skip
    for step in ([*pip, "install", UV], command):
        if subprocess.call(step, cwd=ROOT, env=os.environ | {"UV_NO_PROGRESS": "1"}):
            stop("the lock could not be made, see above; it is as it was.")
    return new.read_text(encoding="utf-8")


def make() -> None:
    with tempfile.TemporaryDirectory() as folder:
        parts = entries(compiled(Path(folder)))
    kept = {name: part for name, part in parts.items() if not part.startswith(CUDA)}
    kept["torch"] = kept["torch"].replace(" \\\n", f"{ON_LINUX_BY_ITSELF} \\\n", 1)
    LOCK.write_text(HEADER + "".join(kept.values()), encoding="utf-8")
    print(
        f"{shown(LOCK)}: {len(kept)} packages, of which {shown(REQUIREMENTS)} names {len(pins())}."
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        if mismatches := problems():
            stop("\n".join(mismatches))
    else:
        make()
