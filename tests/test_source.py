"""What is read from a program's source: the expression that runs, and what it is assigned to."""

import linecache
import sys
import weakref

import pytest

from autograd_atlas.recording.source import assignments, expression_at, number_first, variables_of


def seen_by_calls(text, name="program-of-a-test"):
    """Run a program, in which ``call()`` notes what is read of the place that it is called from."""
    seen = []

    def call(*_):
        frame = sys._getframe(1)
        text, position, variables = expression_at(frame)
        seen.append((text, position.line, variables))
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
        ("y = (); y += call()", "call()", 1, ()),
        ("é = '梯度'; y = call('梯度')", "call('梯度')", 1, ("y",)),
    ],
)
def test_the_expression_its_line_and_its_variables(text, source, line, names):
    assert seen_by_calls(text) == [(source, line, names)]


def test_without_source_the_line_is_known_alone():
    namespace = {"expression_at": expression_at, "sys": sys}
    exec(compile("\nfound = expression_at(sys._getframe(0))", "nowhere", "exec"), namespace)
    found = namespace["found"]
    assert (found.text, found.position.line, found.variables) == ("", 2, ())
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


def test_reading_variables_leaves_them_as_they_are() -> None:
    """Before Python 3.13 what is read is a copy that stays on the frame."""

    class Thing:
        pass

    def function() -> None:
        thing, number = Thing(), 2
        assert variables_of(sys._getframe())["thing"] is thing
        assert variables_of(sys._getframe(), ["number", "missing"]) == {"number": 2}
        gone = weakref.ref(thing)
        del thing
        assert gone() is None
        assert (number, locals()["number"]) == (2, 2)
        mine = locals()
        variables_of(sys._getframe())
        assert mine["number"] == 2, "a copy that the program has itself"

    function()
    namespace = {"variables_of": variables_of, "sys": sys}
    exec("kept = 3\nvariables_of(sys._getframe())", namespace)
    assert namespace["kept"] == 3


def test_a_debugger_finds_the_variables_that_it_writes_back() -> None:
    def function() -> int:
        one = 1
        variables_of(sys._getframe())
        other = 2
        return one + other

    def traced(*_):
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        assert function() == 3
    finally:
        sys.settrace(before)
