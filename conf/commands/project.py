"""Where things are, for the commands in this folder."""

import json
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
EXAMPLES = ROOT / "examples"
CONF = ROOT / "conf"
LOCALE = CONF / "locale"  # translations of pages
WORDS = CONF / "autograd_atlas" / "locale"  # and of what the library says
REQUIREMENTS = ROOT / "requirements.txt"
LOCK = CONF / "requirements.lock"
BUILD = ROOT / "build"
SITE = BUILD / "html"
LOG = BUILD / "log.txt"  # of the last build

_languages = json.loads((CONF / "languages.json").read_text(encoding="utf-8"))
# folder on the site -> what Sphinx calls the language, and its name in English
LANGUAGES = {folder: str(about["sphinx"]) for folder, about in _languages.items()}
NAMES = {folder: str(about["in English"]) for folder, about in _languages.items()}


def shown(path: Path) -> str:
    """A path as a person types it, from the project's folder."""
    return path.relative_to(ROOT).as_posix()


def stop(message: str) -> NoReturn:
    """End the command with a message for the person who typed it."""
    sys.exit(f"\n{Path(sys.argv[0]).stem}: {message}")
