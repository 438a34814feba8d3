"""What is read from a program's source: the expression that runs, and what it is assigned to."""

import linecache
import sys

import pytest

from autograd_atlas.recording.source import assigned_names, assignments, number_first, where


def seen_by_calls(text, name="program-of-a-test"):
    """Run a program, in which ``call()`` notes what is read of the place that it is called from."""
    seen = []

    def call(*_):
        frame = sys._getframe(1)
        source, position = where(frame)
        seen.append((source, position.line, assigned_names(frame, position)))
        return 1, 2

    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), {"call": call})
    return seen


@pytest.mark.parametrize(
    ("text", "source", "line", "names"),
    [
        ("y = call()", "call()", 1, ("y",)),
        ("\n\np, q = call(1)", "call(1)", 3, ("p", "q")),
        ("y: object = call()", "call()", 1, ("y",)),
        ("if (y := call()): pass", "call()", 1, ("y",)),
        ("y = [call()]", "call()", 1, ()),
        ("x = {}; x['k'] = call()", "call()", 1, ()),
        ("y = call(\n    1,\n    2,\n)", "call( 1, 2, )", 1, ("y",)),
        ("é = '梯度'; y = call('梯度')", "call('梯度')", 1, ("y",)),
    ],
)
def test_the_expression_its_line_and_its_variables(text, source, line, names):
    assert seen_by_calls(text) == [(source, line, names)]


def test_without_source_the_line_is_known_alone():
    namespace = {"where": where, "sys": sys}
    exec(compile("\nfound = where(sys._getframe(0))", "nowhere", "exec"), namespace)
    source, position = namespace["found"]
    assert (source, position.line) == ("", 2)
    assert where(None)[0] == ""
    assert assignments("%magic\ny = 1") == {}


@pytest.mark.parametrize(
    ("source", "operator", "first"),
    [
        ("3 * v", "Mult", True), ("-3 * v", "Mult", True), ("v * 3", "Mult", False),
        ("3 + v", "Mult", False), ("3 * v + 1", "Add", False), ("3 *", "Mult", False),
    ],
)  # fmt: skip
def test_a_number_that_is_written_first(source, operator, first):
    assert number_first(source, operator) is first
