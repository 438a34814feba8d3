"""Lays out what Sphinx reads, and runs Sphinx on it.

The sources are copied into the work folder, because sphinx-gallery writes pages
beside them and Sphinx compiles catalogues beside them: nothing generated ever
lands in ``docs/`` or ``conf/``. Warnings name the original file all the same
(see ``site_extension.sources``).
"""

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polib

import fingerprint
from fingerprint import files_below
from prefork import in_fork
from progress import Progress, last_words
from project import BUILD, CONF, DOCS, EXAMPLES, LOCALE, LOG, NAMES, ROOT, WORDS, stop

KEPT_DAYS = 60  # of a work folder that nobody deletes
GENERATED = "lessons"  # sphinx-gallery's folder inside the staged sources

# Pages run without the person's own IPython settings. At each start a kernel would warn that it
# talks to us over an unencrypted connection, which stays on this machine
# (https://github.com/ipython/ipykernel/pull/1515).
KERNEL = {"IPKernelApp": {"log_level": "ERROR"}}


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the build folder; a second command that builds at the same time is refused.

    A fork has the open lock file too, so that the lock lasts as long as Sphinx runs.
    """
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stop("another build is running in this folder; wait for it, then try again.")
        yield


def forget(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def recorded(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def mirror(source: Path, target: Path, files: Iterable[Path], keep: str | None = None) -> None:
    """Make ``target`` hold exactly ``files`` of ``source``; leave equal ones untouched.

    A compiled catalogue stays beside its source, and goes with it.
    """
    wanted = {path.relative_to(source) for path in files}
    for path in sorted(target.rglob("*"), reverse=True) if target.exists() else ():
        name = path.relative_to(target)
        if keep and name.parts[0] == keep:
            continue
        origin = name.with_suffix(".po") if name.suffix == ".mo" else name
        if path.is_file() and origin not in wanted:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name in wanted:
        new = target / name
        if not new.exists() or new.read_bytes() != (source / name).read_bytes():
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, new)


PO_LINE = re.compile(r'(#.*|(msg\w+(\[\d+\])? )?"(\\.|[^"\\])*")?\s*')


def check_catalogues() -> None:
    """Stop at a catalogue that cannot be read: Sphinx would silently go without it."""
    for path in [*files_below(LOCALE), *files_below(WORDS)]:
        if path.suffix != ".po":
            continue
        name, content = path.relative_to(ROOT), path.read_bytes()
        try:
            lines = content.decode("utf-8").splitlines()
        except UnicodeDecodeError as problem:
            number = content.count(b"\n", 0, problem.start) + 1
            stop(f"{name}:{number}: not UTF-8; save the file in that encoding")
        for number, line in enumerate(lines, 1):
            if not PO_LINE.fullmatch(line):
                stop(f'{name}:{number}: not a line of a catalogue (msgid "…", msgstr "…"): {line}')
        try:
            polib.pofile(str(path), check_for_duplicates=True)
        except (OSError, ValueError) as problem:
            place = re.search(r"line (\d+)", str(problem))
            what = str(problem).rpartition(": ")[2]
            stop(f"{name}:{place[1] if place else 1}: {what}")


def distrust_unfinished(work: Path) -> None:
    """Drop what a build that was cut short may have left half written.

    Executed pages and finished lessons stay; everything that Sphinx made from them goes.
    """
    forget(work / "html", work / "doctrees")
    if (work / "gallery-started").exists() and not (work / "gallery-finished").exists():
        forget(work / "src" / GENERATED)
    for page in (work / "notebooks").rglob("*.ipynb"):
        try:
            json.loads(page.read_bytes())
        except ValueError:
            forget(work / "notebooks")
            break


def forget_vanished(work: Path, names: set[str]) -> None:
    """If a page, lesson or catalogue is gone, nothing made from it may stay.

    Sphinx leaves the written page of a deleted source, and does not look at its links again
    (https://github.com/sphinx-doc/sphinx/issues/5908).
    """
    before = set(recorded(work / "names").splitlines())
    if not before <= names:
        forget(work / "html", work / "doctrees")
    for name in before - names:
        script = Path(name)
        if script.suffix == ".py":
            folder = work / "src" / GENERATED / script.parent.name
            for made in [*folder.glob(f"{script.stem}.*"), *folder.rglob(f"*_{script.stem}_*")]:
                made.unlink()
    chapters = {Path(name).parent.name for name in names if name.startswith("examples/")}
    for folder in (work / "src" / GENERATED).glob("*/"):
        if folder.name not in chapters:
            forget(folder)
    (work / "names").write_text("\n".join(sorted(names)), encoding="utf-8")


def forget_what_code_made(work: Path) -> None:
    """Drop what our own code would make otherwise now, from where it would differ on."""
    now = {
        "running": fingerprint.of_running(),
        "reading": fingerprint.of_reading(),
        "writing": fingerprint.of_writing(),
        "package": fingerprint.of_package(),
    }
    changed = {name for name in now if recorded(work / name) != now[name]}
    if "running" in changed:
        forget(work)
    if "reading" in changed:
        forget(work / "doctrees")
    if {"reading", "writing"} & changed:
        forget(work / "html", work / "pictures")
    if "package" in changed and (work / "notebooks").exists():
        forget_pages_that_import("autograd_atlas", work)
    work.mkdir(parents=True, exist_ok=True)
    for name in changed:
        (work / name).write_text(now[name])


def forget_pages_that_import(package: str, work: Path) -> None:
    """Have the cells of these pages run again, and read the pages once more."""
    from jupyter_cache import get_cache

    cache = get_cache(str(work / "notebooks"))
    for record in cache.list_cache_records():
        if package in json.dumps(cache.get_cache_bundle(record.pk).nb.cells):
            cache.remove_cache(record.pk)
            Path(record.uri).unlink(missing_ok=True)  # staged anew, which Sphinx notices


def forget_unused(work: Path) -> None:
    """Drop pictures and answers of programs that were made long ago; what is wanted is made
    again."""
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for folder in ("graphs", "pictures"):
        for path in (work / folder).glob("*"):
            if path.stat().st_mtime < oldest:
                path.unlink()


def prepare(work: Path, pages: list[Path] | None = None) -> None:
    """Bring ``work`` up to date: all sources, or of ``docs/`` only ``pages``."""
    LOG.write_text("")
    check_catalogues()
    if (work / "unfinished").exists():
        distrust_unfinished(work)
    forget_what_code_made(work)
    forget_unused(work)
    (work / "unfinished").touch()

    docs = files_below(DOCS) if pages is None else pages
    sources = [*docs, *files_below(EXAMPLES), *files_below(LOCALE)]
    forget_vanished(work, {path.relative_to(ROOT).as_posix() for path in sources})
    mirror(DOCS, work / "src", docs, keep=GENERATED)
    mirror(LOCALE, work / "locale", files_below(LOCALE))
    profile = work / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.json").write_text(json.dumps(KERNEL))


def jobs() -> int:
    """How many processes read and write pages; all cores, unless JOBS names a number."""
    asked = os.environ.get("JOBS") or str(os.cpu_count() or 1)
    if not asked.isdecimal() or int(asked) < 1:
        stop(f"JOBS is how many processes build the site, as in JOBS=2, not {asked!r}.")
    return int(asked)


def sphinx(
    progress: Progress,
    work: Path,
    builder: str,
    language: str,
    out: Path,
    *,
    strict: bool = True,
    **settings: object,
) -> bool:
    """Run Sphinx on the staged sources, in a fork, so that all languages share what was imported;
    True if it succeeded. If not, the person has been told why."""
    progress.show(f"{NAMES[language]}: starting")
    import sphinx_run
    from autograd_atlas.run import keep_copy

    started, finished = work / "gallery-started", work / "gallery-finished"
    started.unlink(missing_ok=True)
    finished.unlink(missing_ok=True)
    for style in (out / "_static").glob("mystnb.*.css"):
        # myst-nb writes it late, so that only a second build would link to it with a checksum
        # (myst-nb 1.4.0, sphinx_ext.py:218).
        style.unlink()

    def build() -> int:
        os.chdir(ROOT)
        os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
        os.environ |= {"IPYTHONDIR": str(work / "ipython"), "PYTHONPATH": str(CONF)}
        keep_copy()
        return sphinx_run.run(
            progress, work, builder, language, out, strict=strict, jobs=jobs(), settings=settings
        )

    logged = LOG.stat().st_size
    code = in_fork(build)
    if code not in (0, sphinx_run.FAILED):
        progress.complain(last_words(LOG, logged))
    if started.exists() and not finished.exists():
        forget(work / "src" / GENERATED)  # a half-made gallery would count as made the next time
    return code == 0
