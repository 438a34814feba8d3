"""Files of the site that are made, not written: once for what they are made from, and kept beside
the work folder, for both languages and for all builds."""

import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from sphinx.application import Sphinx


def add_made(app: Sphinx, name: str, make: Callable[[Path], None], sources: Iterable[Path]) -> None:
    """Add a folder of files to the site; ``make`` puts them into it, if it has not done so from
    ``sources`` as they are."""
    contents = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    kept = Path(app.srcdir).parents[1] / "made"
    folder = kept / f"{name}-{contents[:16]}"
    if not folder.exists():
        new = kept / f"{name}.new"  # what a full disk cuts short never gets the name
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        make(new)
        for old in kept.glob(f"{name}-*"):
            shutil.rmtree(old)
        new.rename(folder)
    app.config.html_static_path.append(str(folder))
