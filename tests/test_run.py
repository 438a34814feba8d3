"""The process that runs a page's program for its picture: what happens there stays there."""

import importlib
import os
import signal
import textwrap
import time

import pytest

from autograd_atlas.run import RECORDER, Request, RunError, end_server, keep_copy, run, server

START = """
import torch
x = torch.tensor([2.0], requires_grad=True)
y = x * x
"""


@pytest.fixture
def ask(tmp_path):
    def asked(code: str, *roots: str, seconds: float = 60, first: int | None = None):
        program = START + textwrap.dedent(code) + "\n"
        last = program.count("\n")
        requests = [Request((roots or ("y",)), last, last)]
        if first is not None:
            requests.insert(0, Request(("y",), first, first))
        store = tmp_path / "store"
        return run(program, requests, file="docs/page.md", store=store, seconds=seconds)

    return asked


def test_a_backward_for_the_picture_leaves_no_trace_in_the_program(ask):
    """The picture comes before the program's own backward, hooks and step."""
    answer = ask(
        """
        y.retain_grad()
        x.register_hook(lambda gradient: print("hook", gradient))
        y.backward()
        print(y.grad, x.grad)
        """,
        first=4,
    )
    assert answer.printed == "hook tensor([4.])\ntensor([1.]) tensor([4.])\n"
    for graph in answer.graphs:
        assert graph.nodes[0].outputs[0].received.numbers == (4,)


def test_two_losses_that_share_a_leaf_show_the_backward_of_each(ask):
    """None is run for the picture: the program's own two add up in the leaf."""
    answer = ask(
        """
        z = 3 * x
        y.backward()
        z.backward()
        print(x.grad)
        """,
        "y",
        "z",
    )
    assert answer.printed == "tensor([7.])\n"
    [graph] = answer.graphs
    assert sorted(node.outputs[0].received.numbers for node in graph.nodes) == [(1,), (1,), (7,)]


def test_a_program_is_main(ask):
    answer = ask(
        """
        import io, pickle, sys
        class Thing: pass
        print(type(pickle.loads(pickle.dumps(Thing()))).__module__, sys.modules["__main__"].y is y)
        """
    )
    assert answer.printed == "__main__ True\n"


def test_the_future_holds_for_the_whole_program(tmp_path):
    program = f"from __future__ import annotations\n{START}\ndef f(a: Undefined): pass\n"
    requests = [Request(("y",), 5, 5), Request(("y",), 8, 8)]
    assert len(run(program, requests, file="a.py", store=tmp_path).graphs) == 2


def test_what_a_program_starts_does_not_hold_up_the_answer(ask):
    start = time.monotonic()
    answer = ask(
        """
        import subprocess, sys, threading, time
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(50)"])
        threading.Thread(target=time.sleep, args=(50,)).start()
        """,
        seconds=40,
    )
    assert answer.graphs
    assert time.monotonic() - start < 40


def test_a_program_that_does_not_end_is_ended(ask):
    with pytest.raises(RunError, match="ran past 5 seconds"):
        ask("while True: pass", seconds=5)


def test_a_process_that_dies_is_told_with_its_last_word(ask):
    with pytest.raises(RunError, match=r"exit 3\): the last word"):
        ask("import os\nos.write(2, b'the last word')\nos._exit(3)\n")


def test_a_server_that_died_is_told_and_started_again(ask, capfd):
    """Killed while it waits, as when memory runs out."""
    ask("pass")
    os.kill(server().process.pid, signal.SIGKILL)
    assert ask("print('here')").printed == "here\n"
    told = "docs/page.md: the process that runs programs died (exit -9); starting it again\n"
    assert capfd.readouterr().err == told


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # threads of other tests
def test_a_copy_that_was_kept_is_the_server_and_is_replaced_when_it_dies(ask, capfd):
    importlib.import_module("torch")
    end_server()
    keep_copy()
    try:
        assert ask("import sys\nprint('pytest' in sys.modules)").printed == "True\n"
        os.kill(server().process.pid, signal.SIGKILL)
        assert ask("print('here')").printed == "here\n"
        assert "starting it again" in capfd.readouterr().err
    finally:
        end_server()


def test_a_program_that_kills_the_server_twice_is_named(ask, capfd):
    with pytest.raises(RunError, match=r"the process that runs programs died \(exit -9\)"):
        ask("import os\nos.kill(os.getppid(), 9)\nos.kill(os.getpid(), 9)")
    assert capfd.readouterr().err.count("starting it again") == 2
    assert ask("print('here')").printed == "here\n"


def test_only_the_modules_that_are_hashed_have_a_part_in_an_answer(ask):
    """Or an answer would be kept that another recorder would give otherwise."""
    answer = ask(
        """
        import sys
        for name, module in sys.modules.items():
            if name.partition(".")[0] == "autograd_atlas":
                print(module.__file__)
        """
    )
    used = set(answer.printed.splitlines())
    assert used
    assert used <= set(map(str, RECORDER))


def test_any_character_can_be_printed(ask):
    assert ask(r"print('梯度 \ud800')").printed == "梯度 \\ud800\n"


def test_the_same_program_runs_once_and_another_runs_again(ask, tmp_path):
    count = tmp_path / "count"
    code = f"open({str(count)!r}, 'a').write('1')"
    ask(code)
    ask(code)
    assert count.read_text() == "1"
    ask(code + "  # changed")
    assert count.read_text() == "11"
