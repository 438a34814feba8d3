"""How long a lesson takes, from what is in it, so that no page has to be kept up to date by hand.

The role ``{minutes}`` gives the sum over the lessons that it names, rounded to 5 minutes.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

from .lessons import lesson_files

EXERCISE = re.compile(r"^\.\. (?:predict|fill|derive|find|write)::", re.MULTILINE)
DIRECTIVE = re.compile(r"^\.\. \w+::.*\n(?:\n|[ ]+.*\n?)*", re.MULTILINE)
MARKUP = re.compile(r":[\w:]+:`[^`]*`|<https?:[^>]*>|^[=\-]+$", re.MULTILINE)
PICTURE = re.compile(r"^# sphinx_gallery_(?:graph|plot)\b", re.MULTILINE)


@dataclass(frozen=True)
class Load:
    """What a reader of a lesson has before him."""

    words: int  # of text in sight, without exercises
    lines: int  # of code, without those of exercises
    exercises: int
    pictures: int

    def minutes(self) -> float:
        """At 150 words a minute, 5 seconds for a line, 3 minutes for an exercise, 1 for a picture.

        >>> Load(words=900, lines=48, exercises=4, pictures=2).minutes()
        24.0
        """
        return self.words / 150 + self.lines * 5 / 60 + self.exercises * 3 + self.pictures


def load_of(lesson: Path) -> Load:
    words, lines, exercises, pictures = 0, 0, 0, 0
    for kind, content, _ in split_code_and_text_blocks(str(lesson))[1]:
        if kind == "text":
            exercises += len(EXERCISE.findall(content))
            said = MARKUP.sub(" link ", DIRECTIVE.sub("", content))
            words += len(re.findall(r"[^\W\d_]+(?:['’-]\w+)*", said))
        else:
            pictures += len(PICTURE.findall(content))
            lines += len([each for each in content.splitlines() if re.match(r"\s*[^\s#]", each)])
    return Load(words, lines, exercises, pictures)


class Minutes(SphinxRole):
    """Lessons, by their file names without ``plot_`` and suffix."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        known = {path.stem.removeprefix("plot_"): path for path in lesson_files()}
        if unknown := [name for name in self.text.split() if name not in known]:
            message = f"minutes: there is no lesson {unknown[0]}; write {' or '.join(known)}"
            return [], [self.inliner.reporter.error(message, line=self.lineno)]
        total = 0.0
        for name in self.text.split():
            self.env.note_dependency(str(known[name]))
            total += load_of(known[name]).minutes()
        return [nodes.Text(f"{5 * round(total / 5)}")], []


def setup(app: Sphinx) -> None:
    app.add_role("minutes", Minutes())
