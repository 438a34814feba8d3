"""Exercises as Markdown, for notebooks: what sphinx-gallery makes of a lesson's text leaves
directives in it, which mean nothing there.

It turns code blocks into Markdown, without their indentation, and leaves the rest of a directive as
it was (sphinx-gallery 0.22.1, ``rst2md`` and ``convert_code_to_md`` in its notebook.py).
"""

import re
from textwrap import dedent

from .holes import split

# Of each kind, what stands below its program, and what its solution says first.
ASKED = {
    "fill": "Fill in {blanks}.",
    "derive": "You may use {names}.",
    "write": "The web page offers this script as {file}.",
}
SOLVED = {
    "predict": "Run the program, then {answer}.",
    "fill": "Run the program, then look at {blanks}.",
    "derive": "{answer}",
    "find": "The answer is {answer}.",
    "write": "",
}

BEGIN = re.compile(r"\.\. (predict|fill|derive|find|write|fold):: *(.*)")
OPTION = re.compile(r" +:(\w+): *(.*)")
MATH = re.compile(r"^\.\. math::\n((?:\n| +[^\n]*\n?)*)", re.MULTILINE)


def in_notebook(text: str) -> str:
    """The Markdown that sphinx-gallery made of a lesson's text, with all exercises in Markdown."""
    lines = text.splitlines()
    made: list[str] = []
    while lines:
        line = lines.pop(0)
        if found := BEGIN.fullmatch(line):
            made += [*in_markdown(found[1], found[2], lines), ""]
        else:
            made.append(line)
    return "\n".join(made).rstrip("\n")


def in_markdown(kind: str, question: str, lines: list[str]) -> list[str]:
    """An exercise whose first line was read; takes its other lines."""
    while lines and lines[0].strip() and not OPTION.match(lines[0]):
        question += " " + lines.pop(0).strip()
    options = {}
    while lines and (found := OPTION.fullmatch(lines[0])):
        options[found[1]] = found[2]
        lines.pop(0)
    is_first = "program" in options  # its program is the lesson's own
    program = [] if is_first or kind == "fold" else program_of(lines)
    why = text_of(lines)
    if kind == "fold":
        return ["<details>", f"<summary>{question}</summary>", "", why, "", "</details>"]
    if kind == "write":
        options["file"] += ".py"
    quoted = {name: in_code(text) for name, text in options.items()}
    below = ASKED.get(kind, "").format_map(quoted)
    first = SOLVED[kind].format_map(quoted)
    if kind == "write":
        holed, solution = split("\n".join(program[1:-1]))
        program = ["```python", holed, "```"]
        first = f"```python\n{solution}\n```"
    if "instead" in options:
        first += f" Write {quoted['instead']} instead."
    if is_first:
        question = f"Predict first. {question}"
    parts = [f"**{question}**", "\n".join(program), below, "<details>\n<summary>Solution</summary>"]
    return ["\n\n".join(part for part in [*parts, first, why, "</details>"] if part)]


def in_code(text: str) -> str:
    """What an option holds, as code; of a list, each part."""
    parts = text.split(",") if re.fullmatch(r"[\w., ]+", text) else [text]
    return ", ".join(f"`{part.strip()}`" for part in parts)


def program_of(lines: list[str]) -> list[str]:
    """Takes the block of code that comes next, with the fences around it."""
    while lines and not lines[0].strip():
        lines.pop(0)
    if not lines or not lines[0].startswith("```"):
        return []
    end = lines.index("```", 1) + 1
    program = lines[:end]
    del lines[:end]
    return program


def text_of(lines: list[str]) -> str:
    """Takes what is indented."""
    taken = []
    while lines and (not lines[0].strip() or lines[0].startswith(" ")):
        taken.append(lines.pop(0))
    text = dedent("\n".join(taken)).strip()
    return MATH.sub(lambda found: in_align(found[1]), text)


def in_align(formula: str) -> str:
    return f"\\begin{{align}}{dedent(formula).strip()}\\end{{align}}\n\n"
