"""Files of the site that are made, not written: once, and kept beside the sources, for both
languages."""

from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx


def add_made(app: Sphinx, name: str, make: Callable[[Path], None]) -> None:
    """Add a folder of files to the site; ``make`` puts them into it if it is not there yet."""
    folder = Path(app.srcdir).parent / name
    if not folder.exists():
        new = folder.with_name(f"{name}.new")  # what a full disk cuts short never gets the name
        new.mkdir(exist_ok=True)
        make(new)
        new.rename(folder)
    app.config.html_static_path.append(str(folder))
