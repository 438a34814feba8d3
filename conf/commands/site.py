"""``make html`` and ``make preview``: both languages, one execution.

Everything is built aside, in ``build/work``; ``build/html`` is exchanged for it only
when both languages succeeded, so a failed build never replaces a good one.
"""

import argparse
import ctypes
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from project import BUILD, CONF, DOCS, EXAMPLES, LANGUAGES, ROOT, SITE, stop
from stage import files_below, prepare, sphinx

LANDING = CONF / "templates" / "landing.html"


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the build folder; a second build at the same time is refused."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stop("another build is running in this folder; wait for it, then try again.")
        yield


def exchange(new: Path, old: Path) -> None:
    """Swap two folders: in one step on Linux, elsewhere in three renames."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here, swap_both = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if renameat2 and renameat2(here, bytes(new), here, bytes(old), swap_both) == 0:
        return
    aside = old.with_name(old.name + ".aside")
    old.rename(aside)
    new.rename(old)
    aside.rename(new)


def publish(work: Path, site: Path) -> None:
    """Replace ``site`` by what ``work`` holds for all languages."""
    new = work / "new"
    shutil.rmtree(new, ignore_errors=True)
    for language in LANGUAGES:
        shutil.copytree(
            work / "html" / language, new / language, ignore=shutil.ignore_patterns(".*")
        )
    shutil.copyfile(LANDING, new / "index.html")
    if site.exists():
        exchange(new, site)
        shutil.rmtree(new)
    else:
        new.rename(site)


def build_site() -> None:
    work = BUILD / "work"
    prepare(work)
    for language in LANGUAGES:
        print(f"\n== {language} ==", flush=True)
        if not sphinx(work, "html", language, work / "html" / language, "-W"):
            kept = "; build/html still holds the last good site" if SITE.exists() else ""
            stop(f"the {language} site failed, see the messages above{kept}.")
    publish(work, SITE)
    print(f"\nThe site is in {SITE.relative_to(ROOT)}: open index.html, or type 'make serve'.")


def find_pages(names: list[str]) -> list[Path]:
    """The pages and lessons that people mean by a path or by a bare name."""
    known = [path for path in files_below(DOCS) if path.suffix == ".md"]
    known += [path for path in files_below(EXAMPLES) if path.name.startswith("plot_")]
    found = []
    for name in names:
        hits = [path for path in known if name in (path.stem, path.relative_to(ROOT).as_posix())]
        if not hits:
            choice = "\n  ".join(path.relative_to(ROOT).as_posix() for path in known)
            stop(f"no page or lesson is called '{name}'. There are:\n  {choice}")
        found += hits
    if not found:
        stop("name pages or lessons: make preview PAGES='tensor plot_forward_pass'")
    return found


# Links to pages that are not part of the preview lead nowhere, and must not drown real warnings.
LINKS_OUT = "suppress_warnings=ref,myst.xref_missing,toc,app.add_node"


def build_preview(names: list[str]) -> None:
    pages = find_pages(names)
    work = BUILD / "preview-work"
    docs = [path for path in pages if DOCS in path.parents]
    lessons = [path for path in pages if EXAMPLES in path.parents]
    others = [path for path in files_below(DOCS) if path.suffix != ".md"]
    prepare(work, [DOCS / "index.md", *docs, *others])
    chosen = "|".join(path.stem for path in lessons) or "none"
    for language in LANGUAGES:
        if not sphinx(
            work, "html", language, work / "html" / language, "-D", "nitpicky=0", "-D", LINKS_OUT,
            "-D", f"sphinx_gallery_conf.filename_pattern={chosen}",
        ):  # fmt: skip
            stop(f"the {language} preview failed, see the messages above.")
    publish(work, BUILD / "preview")
    for page in pages:
        name = page.relative_to(DOCS if DOCS in page.parents else ROOT)
        name = Path("lessons", *name.parts[1:]) if EXAMPLES in page.parents else name
        print(f"build/preview/en/{name.with_suffix('.html')}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make")
    parser.add_argument("command", choices=("html", "preview"))
    parser.add_argument("pages", nargs="*")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    sys.stdout.reconfigure(line_buffering=True)
    with only_one():
        if arguments.command == "html":
            build_site()
        else:
            build_preview(arguments.pages)
