"""The table in docs/drawing.md says what ``make compare`` has measured."""

import json
import re
from pathlib import Path

import pytest
import torch

import compare_programs
from autograd_atlas import Recording, draw

ROOT = Path(__file__).resolve().parents[1]
ROWS = {
    "the values": "values",
    "the gradients": "gradients",
    "the names of all variables": "names of variables",
    "the nodes of autograd": "nodes of autograd",
    "the calls as written": "calls as written",
    "other colours in a dark theme": "follows light and dark",
    "an alternative text": "alternative text",
    "drawn without the program `dot`": "without dot",
    "size of the file in kB": "kilobytes",
}


def test_the_comparison_is_what_was_measured():
    measured = json.loads((ROOT / "tests/measured/comparison.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/drawing.md").read_text(encoding="utf-8")
    lines = re.search(r"^\| the picture shows.*?\n\n", page, re.MULTILINE | re.DOTALL)[
        0
    ].splitlines()
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line
    ]
    tools = {f"{name} {row['version']}" if "version" in row else name: row
             for name, row in measured.items()}  # fmt: skip
    assert head[1:] == list(tools)
    assert [row[0] for row in rows] == list(ROWS)
    for name, *cells in rows:
        figures = [row[ROWS[name]] for row in tools.values()]
        shown = {True: "✓", False: "–"}
        assert cells == [shown[f] if isinstance(f, bool) else str(f) for f in figures], name


def test_what_became_of_real_programs_is_what_was_measured():
    measured = json.loads(compare_programs.RESULT.read_text(encoding="utf-8"))
    page = (ROOT / "docs/drawing.md").read_text(encoding="utf-8")
    assert f"\n\n{compare_programs.table(measured)}\n\n" in page


def test_what_was_measured_is_what_is_pinned():
    measured = json.loads((ROOT / "tests/measured/comparison.json").read_text(encoding="utf-8"))
    programs = json.loads(compare_programs.RESULT.read_text(encoding="utf-8"))
    pins = dict(
        re.findall(r"^(\w+)==(\S+)$", (ROOT / "tests/peers.txt").read_text("utf-8"), re.MULTILINE)
    )
    for name, row in measured.items():
        assert row.get("version") == programs[name].get("version") == pins.get(name), name


def test_our_file_is_as_large_as_was_measured(tmp_path):
    """The others' change only with their versions; ours with each change of the player."""
    measured = json.loads((ROOT / "tests/measured/comparison.json").read_text(encoding="utf-8"))
    leaves = [torch.tensor(value, requires_grad=True) for value in (5.0, 3.0, 2.0)]
    with Recording() as recording:
        a, b, c = leaves
        u = b * c
        v = a + u
        J = 3 * v
        J.backward()
    size = draw(J, recording=recording).save(tmp_path / "J.html").stat().st_size / 1000
    assert size == pytest.approx(measured["Autograd Atlas"]["kilobytes"], rel=0.03), "make compare"
