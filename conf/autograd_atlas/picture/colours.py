"""From the style sheet of pages to that of a picture in a file of its own.

In a page, a picture takes its colours from variables, which the page's theme sets. What draws SVG
outside of a browser knows no variables, and only plain selectors: a file has the colours of the
light theme in its rules, and those of the dark theme once more in a media query, which only
browsers read.
"""

import re
from functools import cache
from importlib.resources import files

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
VARIABLE = re.compile(r"var\((--[\w-]+)\)")
# CairoSVG takes the first family alone (2.9.1, cairosvg/text.py, line 71).
FAMILIES = '"DejaVu Sans Mono", Menlo, Consolas, "Noto Sans Mono", "Liberation Mono", monospace'


@cache
def file_style(theme: str = "") -> str:
    """The style sheet of a file: light, and dark where the reader's system is; or one theme."""
    if theme:
        return plain_rules(theme)
    return f"{plain_rules('light')}@media (prefers-color-scheme: dark) {{{coloured_rules('dark')}}}"


def plain_rules(theme: str) -> str:
    """Every rule of a picture, with the colours of a theme."""
    kept = (rule for rule in rules() if "--ink:" not in rule[1])
    lines = [f"{selector}{{{literal(declared, theme)}}}" for selector, declared in kept]
    return "".join([*lines, ground(theme), f".aa-file{{font-family:{FAMILIES}}}"])


def coloured_rules(theme: str) -> str:
    """What a theme changes: the declarations that name a colour."""
    lines = []
    for selector, declared in rules():
        parts = [each.strip() for each in declared.split(";") if "var(" in each]
        if parts:
            lines.append(f"{selector}{{{literal(';'.join(parts), theme)}}}")
    return "".join([*lines, ground(theme)])


def ground(theme: str) -> str:
    """The ground behind a picture, which would be that of a page of perhaps the other theme."""
    return f".aa-file{{background:{palette(theme)['--paper']};color-scheme:{theme}}}"


def literal(declared: str, theme: str) -> str:
    return VARIABLE.sub(lambda match: palette(theme)[match[1]], declared)


@cache
def rules() -> tuple[tuple[str, str], ...]:
    """The rules of ``graph.css``, selectors and declarations, for pictures in files."""
    text = files(__package__).joinpath("graph.css").read_text(encoding="utf-8")
    return tuple((in_file(selector), declared.strip()) for selector, declared in parsed(text))


def parsed(text: str) -> list[tuple[str, str]]:
    return RULE.findall(COMMENT.sub("", text))


def in_file(selector: str) -> str:
    """A selector for pictures in files only, since a file may be put into a page."""
    named = selector.replace(".aa-graph", ".aa-file").replace(".aa-recorded", ".aa-file-recorded")
    return " ".join(named.split())


@cache
def palette(theme: str) -> dict[str, str]:
    """The colours of a theme, "light" or "dark", by variable."""
    declared = next(each for selector, each in rules() if f'[data-theme="{theme}"]' in selector)
    pairs = (each.partition(":") for each in declared.split(";") if ":" in each)
    return {name.strip(): value.strip() for name, _, value in pairs}
