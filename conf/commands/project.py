"""Where things are, for the commands in this folder."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
EXAMPLES = ROOT / "examples"
CONF = ROOT / "conf"
LOCALE = CONF / "locale"
BUILD = ROOT / "build"
SITE = BUILD / "html"

# folder on the site -> what Sphinx calls the language
LANGUAGES = {"en": "en", "zh": "zh_CN"}


def stop(message: str) -> None:
    """End the command with a message for the person who typed it."""
    sys.exit(f"\n{Path(sys.argv[0]).stem}: {message}")
