"""``make html``, ``preview``, ``dist`` and ``linkcheck``: both languages, one execution.

Everything is built aside, in ``build/work``; ``build/html`` is exchanged for it only
when both languages succeeded, so a failed build never replaces a good one.
"""

import argparse
import ctypes
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import bundle
import fingerprint
from fingerprint import files_below
from prefork import restart_with_fixed_environment
from progress import Progress
from project import BUILD, CONF, DOCS, EXAMPLES, LANGUAGES, LOG, NAMES, ROOT, SITE, shown, stop
from stage import forget, only_one, prepare, recorded, sphinx

LANDING = CONF / "templates" / "landing.html"


def exchange(new: Path, old: Path) -> None:
    """Swap two folders: in one step on Linux, elsewhere in three renames."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here, swap_both = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if renameat2 and renameat2(here, bytes(new), here, bytes(old), swap_both) == 0:
        return
    old.rename(aside(old))
    try:
        new.rename(old)
    except OSError:
        aside(old).rename(old)
        raise
    aside(old).rename(new)


def aside(site: Path) -> Path:
    return site.with_name(site.name + ".aside")


def recover(site: Path) -> None:
    """Mend an exchange in three steps that was cut short."""
    if aside(site).exists() and not site.exists():
        aside(site).rename(site)
    forget(aside(site))


def publish(work: Path, site: Path) -> None:
    """Replace ``site`` by what ``work`` holds for all languages."""
    new = work / "new"
    forget(new)
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


# Beside the site, and not in the work folder, which a build drops when it starts from nothing: a
# build that fails afterwards leaves the site, and what is known of it.
PUBLISHED = BUILD / "published.json"


def is_current() -> bool:
    """Whether the published site is what these sources give, untouched."""
    try:
        kept = json.loads(PUBLISHED.read_text())
    except (OSError, ValueError):
        return False
    return bool(kept == [fingerprint.of_sources(), fingerprint.of_site(SITE)])


def kept_site() -> str:
    return f"; {shown(SITE)} still holds the last good site" if SITE.exists() else ""


def build_site() -> None:
    work = BUILD / "work"
    if is_current():
        print("Nothing has changed: build/html is current.")
        return
    progress = Progress()
    made_from = fingerprint.of_sources()
    prepare(work)
    for language in LANGUAGES:
        if not sphinx(progress, work, "html", language, work / "html" / language):
            stop(
                f"the {NAMES[language]} site failed, see above{kept_site()}. "
                f"The whole log is in {shown(LOG)}."
            )
        progress.end(f"{NAMES[language]}: built")
    (work / "unfinished").unlink()
    progress.show("Publishing")
    publish(work, SITE)
    PUBLISHED.write_text(json.dumps([made_from, fingerprint.of_site(SITE)]))
    progress.end(f"The site is in {shown(SITE)}: open index.html, or type 'make serve'.")


def pack_site() -> None:
    """Zip the site, the same bytes for the same site, to be unpacked and opened anywhere."""
    target = BUILD / "autograd-atlas.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files_below(SITE):
            name = Path("autograd-atlas", path.relative_to(SITE)).as_posix()
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    print(f"{target.relative_to(ROOT)}: unpack it, and open autograd-atlas/index.html.")


def check_links() -> None:
    """Ask every outside address that a page links to; needs a network."""
    work = BUILD / "work"
    progress = Progress()
    prepare(work)
    good = sphinx(progress, work, "linkcheck", "en", work / "linkcheck", strict=False)
    (work / "unfinished").unlink()
    if not good:
        answers = recorded(work / "linkcheck" / "output.txt")  # "page.md:7: [broken] …" of Sphinx
        broken = re.findall(r"^.*\[(?:broken|timeout)\].*$", answers, re.MULTILINE)
        progress.complain("\n".join(broken))
        stop(f"some links are broken, see above. The whole log is in {shown(LOG)}.")
    progress.end("Every link was answered.")


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
LINKS_OUT = ["ref", "myst.xref_missing", "toc"]


def build_preview(names: list[str]) -> None:
    pages = find_pages(names)
    work = BUILD / "preview-work"
    docs = [path for path in pages if DOCS in path.parents]
    lessons = [path for path in pages if EXAMPLES in path.parents]
    others = [path for path in files_below(DOCS) if path.suffix != ".md"]
    progress = Progress()
    prepare(work, [DOCS / "index.md", *docs, *others])
    chosen = "|".join(re.escape(path.name) for path in lessons)
    for language in LANGUAGES:
        if not sphinx(
            progress, work, "html", language, work / "html" / language,
            strict=False, nitpicky=False, suppress_warnings=LINKS_OUT,
            **{"sphinx_gallery_conf.filename_pattern": f"/({chosen})$"},
        ):  # fmt: skip
            stop(
                f"the {NAMES[language]} preview failed, see above. "
                f"The whole log is in {shown(LOG)}."
            )
        progress.end(f"{NAMES[language]}: built")
    (work / "unfinished").unlink()
    publish(work, BUILD / "preview")
    for page in pages:
        name = page.relative_to(DOCS if DOCS in page.parents else ROOT)
        name = Path("lessons", *name.parts[1:]) if EXAMPLES in page.parents else name
        print(f"build/preview/en/{name.with_suffix('.html')}")


if __name__ == "__main__":
    restart_with_fixed_environment()
    parser = argparse.ArgumentParser(prog="make")
    parser.add_argument("command", choices=("html", "preview", "dist", "linkcheck"))
    parser.add_argument("pages", nargs="*")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    try:
        with only_one():
            recover(SITE)
            bundle.make_current()
            match arguments.command:
                case "html":
                    build_site()
                case "preview":
                    build_preview(arguments.pages)
                case "dist":
                    pack_site()
                case "linkcheck":
                    check_links()
    except OSError as problem:
        stop(f"{problem.strerror or problem}: {problem.filename or BUILD}{kept_site()}.")
