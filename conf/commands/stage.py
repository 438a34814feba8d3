"""Lays out what Sphinx reads, and runs Sphinx on it.

The sources are copied into the work folder, because sphinx-gallery writes pages
beside them and Sphinx compiles catalogues beside them: nothing generated ever
lands in ``docs/`` or ``conf/``. Warnings name the original file all the same
(see ``autograd_atlas.sphinx.sources``).
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import fingerprint
import polib
from fingerprint import files_below
from project import DOCS, LOCALE, ROOT, stop

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


def forget(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def recorded(path: Path) -> str:
    return path.read_text() if path.exists() else ""


PO_LINE = re.compile(r'(#.*|(msg\w+(\[\d+\])? )?"(\\.|[^"\\])*")?\s*')


def check_catalogues() -> None:
    """Stop at a catalogue that cannot be read: Sphinx would silently go without it."""
    for path in files_below(LOCALE):
        if path.suffix != ".po":
            continue
        name = path.relative_to(ROOT)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not PO_LINE.fullmatch(line):
                stop(f'{name}:{number}: not a line of a catalogue (msgid "…", msgstr "…"): {line}')
        try:
            polib.pofile(str(path), check_for_duplicates=True)
        except (OSError, ValueError) as problem:
            line = re.search(r"line (\d+)", str(problem))
            what = str(problem).rpartition(": ")[2]
            stop(f"{name}:{line[1] if line else 1}: {what}")


def prepare(work: Path, pages: list[Path] | None = None) -> None:
    """Bring ``work`` up to date: all sources, or of ``docs/`` only ``pages``.

    What a build that was cut short has left there is not trusted: executed pages and
    finished lessons stay, everything that Sphinx made from them goes.
    """
    check_catalogues()
    if (work / "unfinished").exists():
        forget(work / "html", work / "doctrees")
        if not (work / "gallery-finished").exists():
            forget(work / "src" / GENERATED)
    if recorded(work / "engine") != fingerprint.of_engine():
        forget(work)
    if recorded(work / "look") != fingerprint.of_look():
        forget(work / "html")
    work.mkdir(parents=True, exist_ok=True)
    (work / "unfinished").touch()
    (work / "engine").write_text(fingerprint.of_engine())
    (work / "look").write_text(fingerprint.of_look())
    mirror(DOCS, work / "src", files_below(DOCS) if pages is None else pages, keep=GENERATED)
    mirror(LOCALE, work / "locale", files_below(LOCALE))
    profile = work / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.json").write_text(json.dumps(KERNEL))


def sphinx(
    work: Path, builder: str, language: str, out: Path, *, strict: bool = True, **settings: object
) -> bool:
    """Run Sphinx on the staged sources; True if it succeeded.

    One thread keeps numbers and timings calm, and a forked child from hanging after
    torch has used OpenMP.
    """
    finished = work / "gallery-finished"
    finished.unlink(missing_ok=True)
    code = subprocess.call(
        [sys.executable, str(Path(__file__).with_name("sphinx_process.py")), str(work), builder,
         language, str(out), "strict" if strict else "lenient", json.dumps(settings)],
        cwd=ROOT,
        env=os.environ
        | {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", "0"),
            "IPYTHONDIR": str(work / "ipython"),
        },
    )  # fmt: skip
    if code and not finished.exists():
        forget(work / "src" / GENERATED)  # a half-made gallery would count as made the next time
    return code == 0
