"""Lays out what Sphinx reads, and runs Sphinx on it.

The sources are copied into the work folder, because sphinx-gallery writes pages
beside them and Sphinx compiles catalogues beside them: nothing generated ever
lands in ``docs/`` or ``conf/``. Warnings name the original file all the same
(see ``autograd_atlas.sphinx.sources``).
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from project import CONF, DOCS, LANGUAGES, LOCALE, ROOT

GENERATED = "lessons"  # sphinx-gallery's folder inside the staged sources

# Pages run without the person's own IPython settings. At each start a kernel would warn that it
# talks to us over an unencrypted connection, which stays on this machine.
KERNEL = {"IPKernelApp": {"log_level": "ERROR"}}


def mirror(source: Path, target: Path, files: Iterable[Path], keep: str | None = None) -> None:
    """Make ``target`` hold exactly ``files`` of ``source``; leave equal ones untouched."""
    wanted = {path.relative_to(source) for path in files}
    for path in sorted(target.rglob("*"), reverse=True) if target.exists() else ():
        name = path.relative_to(target)
        if keep and name.parts[0] == keep:
            continue
        if path.is_file() and name not in wanted and path.suffix != ".mo":
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name in wanted:
        new = target / name
        if not new.exists() or new.read_bytes() != (source / name).read_bytes():
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, new)


def files_below(folder: Path) -> list[Path]:
    hidden = (".", "__pycache__")
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(hidden) for part in path.relative_to(folder).parts)
    ]


def engine() -> str:
    """A hash of all that could change an output without its source changing.

    Neither myst-nb nor sphinx-gallery notices that a module of ours, or torch, changed.
    """
    found = hashlib.sha256(sys.version.encode())
    found.update(importlib.metadata.version("torch").encode())
    code = [path for path in files_below(CONF) if path.suffix in {".py", ".js", ".json"}]
    for path in [*code, ROOT / "requirements.txt"]:
        found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def prepare(work: Path, pages: list[Path] | None = None) -> None:
    """Bring ``work`` up to date: all sources, or of ``docs/`` only ``pages``."""
    made_by = work / "made-by"
    if not made_by.exists() or made_by.read_text() != engine():
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        made_by.write_text(engine())
    mirror(DOCS, work / "src", files_below(DOCS) if pages is None else pages, keep=GENERATED)
    mirror(LOCALE, work / "locale", files_below(LOCALE))
    profile = work / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.json").write_text(json.dumps(KERNEL))


def sphinx(work: Path, builder: str, language: str, out: Path, *options: str) -> bool:
    """Run sphinx-build on the staged sources; True if it succeeded.

    One thread keeps numbers and timings calm, and a forked child from hanging after
    torch has used OpenMP.
    """
    finished = work / "gallery-finished"
    finished.unlink(missing_ok=True)
    code = subprocess.call(
        [sys.executable, "-m", "sphinx", "-b", builder, "-c", str(CONF),
         "-d", str(work / "doctrees" / f"{builder}-{language}"),
         "-D", f"language={LANGUAGES[language]}", *options, str(work / "src"), str(out)],
        cwd=ROOT,
        env=os.environ
        | {
            "PYTHONPATH": str(CONF),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", "0"),
            "IPYTHONDIR": str(work / "ipython"),
        },
    )  # fmt: skip
    if code and not finished.exists():
        # A half-made gallery would count as made the next time.
        shutil.rmtree(work / "src" / GENERATED, ignore_errors=True)
    return code == 0
