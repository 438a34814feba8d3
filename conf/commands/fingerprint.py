"""Tells whether the site has to be built at all, from contents alone, never from dates.

Two fingerprints are kept with a published site: of all that it was made from, and of all
that was published. If both still fit, nothing is started. (An edit by hand inside an
installed package goes unnoticed; another version of it does not.)
"""

import hashlib
import importlib.metadata
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from project import CONF, DOCS, EXAMPLES, ROOT


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
    """Every installed package with its version."""
    return repr(sorted({(each.name, each.version) for each in importlib.metadata.distributions()}))


def of_sources() -> str:
    """All that a build reads: sources, configuration, versions, and the date that it is given."""
    files = [path for folder in (DOCS, EXAMPLES, CONF) for path in files_below(folder)]
    date = os.environ.get("SOURCE_DATE_EPOCH", "")
    return of_files(ROOT, [*files, ROOT / "requirements.txt"], sys.version, packages(), date)


def of_engine() -> str:
    """What could change an output without its source changing: our code, and versions.

    Neither myst-nb nor sphinx-gallery notices that a module of ours, or torch, changed.
    """
    code = [path for path in files_below(CONF) if path.suffix in {".py", ".js", ".json", ".txt"}]
    code = [path for path in code if "locale" not in path.relative_to(CONF).parts]
    return of_files(ROOT, [*code, ROOT / "requirements.txt"], sys.version, packages())


def of_look() -> str:
    """What stands on every page: templates, styles."""
    styles = sorted((CONF / "autograd_atlas").rglob("*.css"))
    files = files_below(CONF / "static") + files_below(CONF / "templates")
    return of_files(ROOT, [*files, *styles])


def of_site(site: Path) -> str:
    """All that was published."""
    return of_files(site, files_below(site)) if site.exists() else ""
