"""Tells whether the site has to be built at all, and how much of it, from contents alone, never
from dates.

Two fingerprints are kept with a published site: of all that it was made from, and of all
that was published. If both still fit, nothing is started. (An edit by hand inside an
installed package goes unnoticed; another version of it does not.)

Three more tell what a change can reach: what programs print and what is recorded of them
(:func:`of_running`), what is read from pages (:func:`of_reading`), and how pages are written
(:func:`of_writing`). Each later one costs less: a new colour writes pages again, but reads and
runs nothing.
"""

import ast
import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from project import CONF, DOCS, EXAMPLES, LOCALE, ROOT

# What files of ours can change. One that is not named here counts as able to change a run.
CHANGES_NOTHING = (
    "commands/bundle.py", "commands/catalogues.py", "commands/environment.py",
    "commands/install.py", "commands/live.py", "commands/lint.py", "commands/lock.py",
    "commands/progress.py", "commands/suite.py", "commands/versions.py",
    "autograd_atlas/README.md",
    "autograd_atlas/py.typed", "eslint.config.js", "locale/*.json",
    "requirements.lock",  # what is installed says more: see packages()
)  # fmt: skip
CHANGES_PUBLISHING = ("commands/*", "templates/landing.html")
CHANGES_WRITING = (
    "autograd_atlas/drawing.py", "autograd_atlas/locale/*", "autograd_atlas/picture/*",
    "autograd_atlas/player/*", "autograd_atlas/player.min.js", "package.json", "package-lock.json",
    "autograd_atlas/sphinx/pictures.py", "autograd_atlas/sphinx/player.py",
    "autograd_atlas/sphinx/exercises/*.css", "autograd_atlas/sphinx/exercises/*.js",
    "site_extension/sidebar.py", "site_extension/temml.js",
    "static/*", "templates/*",
)  # fmt: skip
CHANGES_READING = ("autograd_atlas/sphinx/*", "site_extension/*", "inventories/*")
# But these are used earlier than what stands beside them: by pages when they are read,
EARLY_READING = ("autograd_atlas/picture/__init__.py", "autograd_atlas/picture/labels.py")
# and by a lesson's run: its time limit, its colours, what is put behind a block.
EARLY_RUNNING = (
    "autograd_atlas/sphinx/comments.py", "autograd_atlas/sphinx/gallery.py",
    "site_extension/gallery.py", "site_extension/lessons.py", "site_extension/plots.py",
    "site_extension/reset.py",
)  # fmt: skip

# Settings in conf.py that have a part in running; Sphinx itself looks after the others.
RUNNING_SETTINGS = ("sphinx_gallery_conf", "nb_", "autograd_graph_", "extensions")


def files_below(folder: Path) -> list[Path]:
    """All files of a folder that belong to the sources, in a fixed order."""
    hidden = (".", "__pycache__")
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(
            part.startswith(hidden) or part.endswith(".egg-info")  # of "pip install ."
            for part in path.relative_to(folder).parts
        )
    ]


def of_files(root: Path, files: Iterable[Path], *more: str) -> str:
    """A hash over names and contents, and over what else matters."""
    found = hashlib.sha256("\0".join(more).encode())
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return found.hexdigest()


def packages() -> str:
    """Every installed package with its version, as the names of the folders that tell of them."""
    return repr(sorted(path.name for path in Path(sysconfig.get_path("purelib")).glob("*-info")))


def stage_of(path: Path) -> str:
    """The earliest part of a build that a file below ``conf/`` can change: "running", "reading",
    "writing", "publishing", or "nothing"."""
    name = path.relative_to(CONF).as_posix()

    def among(patterns: Iterable[str]) -> bool:
        return any(fnmatch(name, pattern) for pattern in patterns)

    if among(CHANGES_NOTHING):
        return "nothing"
    if among(CHANGES_PUBLISHING):
        return "publishing"
    if among(EARLY_RUNNING):
        return "running"
    if name == "conf.py" or among(EARLY_READING):
        return "reading"
    if among(CHANGES_WRITING):
        return "writing"
    if among(CHANGES_READING):
        return "reading"
    return "running"


def code(*stages: str) -> list[Path]:
    """Our files, translations of pages aside, that can change one of these parts of a build."""
    return [
        path for path in files_below(CONF)
        if LOCALE not in path.parents and stage_of(path) in stages
    ]  # fmt: skip


def of_sources() -> str:
    """All that a build reads: sources, configuration, versions, and the date that it is given."""
    files = [path for folder in (DOCS, EXAMPLES) for path in files_below(folder)]
    files += [path for path in files_below(CONF) if stage_of(path) != "nothing"]
    date = os.environ.get("SOURCE_DATE_EPOCH", "")
    return of_files(ROOT, files, sys.version, packages(), date)


def of_running() -> str:
    """What could change an output without its source changing: what runs and records programs,
    and versions. Neither myst-nb nor sphinx-gallery notices that one of these changed."""
    return of_files(ROOT, code("running"), sys.version, packages(), running_settings())


def running_settings() -> str:
    """The part of conf.py that has a say in running."""
    text = (CONF / "conf.py").read_text(encoding="utf-8")
    parts = []
    for statement in ast.parse(text).body:
        names = [name.id for name in ast.walk(statement) if isinstance(name, ast.Name)]
        if any(name.startswith(RUNNING_SETTINGS) for name in names):
            parts.append(ast.unparse(statement))
    return "\n".join(parts)


def of_reading() -> str:
    """What could change what is read from a page."""
    return of_files(ROOT, code("reading"))


def of_writing() -> str:
    """How pages are written: pictures, styles, templates."""
    return of_files(ROOT, code("writing"))


def of_package() -> str:
    """The library, which a page's own cells may import."""
    files = [
        path
        for path in code("running", "reading", "writing")
        if CONF / "autograd_atlas" in path.parents
    ]
    return of_files(ROOT, files)


def of_site(site: Path) -> str:
    """All that was published."""
    return of_files(site, files_below(site)) if site.exists() else ""
