r"""
What would a static graph be?
=============================

A dynamic graph is recorded anew on each run. A :term:`static graph` is captured once, and then run
again and again without your Python code. So it can be optimized as a whole, or saved and run where
there is no Python. The price is paid wherever Python decides: at each ``if`` and each loop.

You need :doc:`/lessons/2_dynamic_graph/plot_graph_follows_code`, where each branch made its own
graph.

**Predict first.** A tool runs a function with an ``if`` once, with ``a = 5`` and ``b = 3``, and
writes down the operations that ran. This record is then run with ``a = 3`` and ``b = 5``, for which
the ``if`` would go the other way. Do you get the right result, a wrong one, or an error?
"""

# %%
# Dynamic: a graph for each branch
# --------------------------------

import torch


def compute(a, b):
    u = a - b
    if u > 0:
        return 3 * u
    return u * u


a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)

J = compute(a, b)
J.backward()
print(f"{J.item() = }, {a.grad = }, {b.grad = }")
print(f"{compute(b, a).item() = }")
# sphinx_gallery_graph = "J"

# %%
# With ``a`` and ``b`` swapped, the other branch ran, and recorded another graph. The picture on the
# web page shows the first one, and is itself a small static graph: it was recorded once, and your
# browser can run it again. Type 3 for ``a`` and 5 for ``b`` below it. The browser multiplies ``u``
# by 3, as was recorded, and finds -6. Python ran the function itself, and found 4.
#
# Static: one graph for both
# --------------------------
# A graph that is right for all inputs has to hold both branches, and the choice between them has to
# be an operation of the graph. :py:func:`torch.where` is one:


def choose(a, b):
    u = a - b
    return torch.where(u > 0, 3 * u, u * u)


a = torch.tensor([3.0], requires_grad=True)
b = torch.tensor([5.0], requires_grad=True)

J = choose(a, b)
J.backward()
print(f"{J.item() = }, {a.grad = }, {b.grad = }")
# sphinx_gallery_graph = "J"

# %%
# Both results are in this picture, -6 and 4, and a gradient of 0 goes back to the one that was not
# chosen. Type any numbers you like below it: it chooses as ``compute`` does.
#
# Capture it
# ----------
# ``make_fx`` calls a function once, with example inputs, and writes down each operation that
# PyTorch is asked to do. (It is part of ``torch.fx.experimental``, so it may change.) This is
# called *tracing*, and is one way to :term:`capture` a graph. The captured graph can be called like
# a function. It is not the graph behind ``J``: that one belongs to a result and is walked backward;
# a captured one belongs to a function and runs forward. While it runs, autograd records as always.
#
# Below, ``results`` collects ``J``, ``a.grad`` and ``b.grad`` for both pairs of inputs, and
# ``operations`` names what a captured graph does.

from torch.fx.experimental.proxy_tensor import make_fx


def results(function):
    found = []
    for values in [(5.0, 3.0), (3.0, 5.0)]:
        a, b = (torch.tensor([value], requires_grad=True) for value in values)
        J = function(a, b)
        J.backward()
        found.append((J.item(), a.grad.item(), b.grad.item()))
    return found


def operations(graph):
    return [node.target.__name__ for node in graph.nodes if node.op == "call_function"]


example = (torch.tensor([5.0]), torch.tensor([3.0]))
captured = make_fx(choose)(*example)

print(f"{operations(captured.graph) = }")
print(f"{results(choose) = }")
print(f"{results(captured) = }")

# %%
# These are the five operations of ``choose``. ``gt`` (greater than) is ``u > 0``; after the dot
# stands which variant of the operation was called. The captured graph agrees with the function for
# both pairs, gradients included.
#
# The if is refused
# -----------------
# An ``if`` asks a tensor for ``True`` or ``False``. What Python then does with the answer is no
# operation that could be written down, so ``make_fx`` refuses to give one:

try:
    make_fx(compute)(*example)
except RuntimeError as error:
    print(str(error).partition(" - ")[0])

# %%
# An if that can be captured
# --------------------------
# ``torch.export.export`` captures a whole module, so that it can be saved. It refuses the ``if`` of
# ``compute`` with a ``RuntimeError``, too. :py:func:`torch.cond` is an ``if`` that it can capture.
# (PyTorch still calls it a prototype.) It takes the condition, one function for each branch, and a
# tuple of their inputs.


class Model(torch.nn.Module):
    def forward(self, a, b):
        u = a - b
        return torch.cond(u > 0, lambda u: 3 * u, lambda u: u * u, (u,))


program = torch.export.export(Model(), example)
print(f"{operations(program.graph) = }")
for name, branch in program.graph_module.named_children():
    print(f"{name}: {operations(branch.graph) = }")
exported = program.module()
print(f"{results(exported) = }")

# %%
# Here ``cond`` is one operation. It gives a tuple, from which ``getitem`` takes the only result.
# Both branches are kept, each as a graph of its own, and only the one that is chosen runs.
#
# Compile takes what it can
# -------------------------
# :py:func:`torch.compile` goes a third way: it captures up to the ``if``, lets Python decide, and
# captures what follows. What becomes of a captured graph is up to the *backend*, a function that is
# given the graph. The usual backend generates fast code. The one below keeps each graph in a list,
# and has it run as it is.

graphs = []


def keep(graph_module, example_inputs):
    graphs.append(graph_module.graph)
    return graph_module.forward


compiled = torch.compile(compute, backend=keep)
print(f"{results(compiled) = }")
print([operations(graph) for graph in graphs])

# %%
# There are three graphs: one up to the comparison, and one for each branch, captured when that
# branch was first needed. At the ``if`` it is still Python that decides, so both results are right.
# Such a place is called a :term:`graph break`.
#
# What people get wrong
# ---------------------
# *Tracing sees my* ``if``. It sees only the operations that the ``if`` has led to, for one example.
# Above, ``make_fx`` could refuse because the ``if`` asked a tensor. But there are ways to take a
# number out of a tensor that it does not notice, and :py:meth:`~torch.Tensor.tolist` is one:


def decide(a, b):
    u = a - b
    if u.tolist()[0] > 0:
        return 3 * u
    return u * u


frozen = make_fx(decide)(*example)
print(f"{operations(frozen.graph) = }")
print(f"{results(frozen) = }")

# %%
# There is a subtraction and a multiplication, and nothing that compares. The decision made for the
# example is *frozen*. For the other pair the result is -6 instead of 4, the same -6 as in the first
# picture. Both gradients are wrong, too, and no error is raised. So the prediction has two answers:
# a tool that notices the ``if`` refuses it, and one that does not gives a wrong result. Write
# ``torch.where`` or ``torch.cond`` instead, and compare what you have captured with your function,
# on inputs for each branch.
#
# *Compiling makes PyTorch static, and changes results.* ``torch.compile`` notes what each graph
# relies on, and checks it before each run; the checks are called *guards*. Where they hold, it
# takes the graph that is there. Where they fail, it captures another one:

print(f"{results(compiled) == results(compute) = }, {len(graphs) = }")
print(f"{compiled(*example).item() = }, {len(graphs) = }")

# %%
# The first line ran both branches once more, and nothing had to be captured. The tensors of
# ``example`` require no gradient, so the guards failed, and two more graphs were made. Each time
# the result was that of your code. (The usual backend may merge and reorder operations, which can
# change the last digits.)
#
# Check
# -----
# By hand, with :math:`u = a - b`: the result is :math:`3u`, with gradients 3 and -3, if
# :math:`u > 0`; otherwise :math:`u^2`, with :math:`2u` and :math:`-2u`.

by_hand = [(3 * u, 3, -3) if u > 0 else (u * u, 2 * u, -2 * u) for u in [5 - 3, 3 - 5]]
print(f"{'by hand':8} {by_hand}")

functions = {"eager": compute, "where": captured, "cond": exported, "compile": compiled}
for name, function in {**functions, "frozen": frozen}.items():
    print(f"{name:8} {results(function)} {results(function) == by_hand}")
    assert (results(function) == by_hand) == (name in functions)

# %%
# Exercises
# ---------
# .. predict:: Which number is ``y``?
#    :answer: y
#
#    .. code-block:: python
#
#       import torch
#       from torch.fx.experimental.proxy_tensor import make_fx
#
#       def f(x, double):
#           return 2 * x if double else 5 * x
#
#       captured = make_fx(f)(torch.tensor([3.0]), True)
#       y = captured(torch.tensor([10.0]), False)
#
#    When ``f`` was captured, ``double`` was ``True``, so only ``2 * x`` was written down. ``x`` is
#    still an input, but ``double`` is ignored, and the result is 20.
#
#    - ``50``: That is what ``f`` itself would give. Is the decision among the operations that were
#      written down?
#    - ``6``: The 3 was only an example. What is ``x`` when ``captured`` is called?
#
# .. predict:: The loop was captured with three elements, and then gets four. Which number is ``y``?
#    :answer: y
#
#    .. code-block:: python
#
#       import torch
#       from torch.fx.experimental.proxy_tensor import make_fx
#
#       def product(x):
#           result = 1
#           for factor in x:
#               result = result * factor
#           return result
#
#       captured = make_fx(product)(torch.ones(3))
#       y = captured(torch.tensor([2.0, 2.0, 2.0, 2.0]))
#
#    Three turns were written down as three multiplications, so the fourth element is never used,
#    and :math:`2 \cdot 2 \cdot 2 = 8`.
#
#    - ``16``: That is what ``product`` itself would give, in four turns. How many turns were
#      written down?
#    - ``1``: That is the product of the example. Were its numbers captured, or the operations?
#
# .. predict:: How many graphs has the backend been given at the end?
#    :answer: len(graphs)
#
#    .. code-block:: python
#
#       import torch
#
#       graphs = []
#
#       def keep(graph_module, example_inputs):
#           graphs.append(graph_module.graph)
#           return graph_module.forward
#
#       def f(x):
#           return 2 * x if x > 0 else 5 * x
#
#       compiled = torch.compile(f, backend=keep)
#       for value in [1.0, 2.0, 3.0]:
#           compiled(torch.tensor([value]))
#
#    All three values are positive. There is one graph up to the comparison, and one for ``2 * x``;
#    the one for ``5 * x`` was never needed.
#
#    - ``1``: Can one graph go across an ``if`` that asks a tensor?
#    - ``3``: Did you count a branch that never ran, or one graph for each call? When is a branch
#      captured?
#    - ``6``: That is two graphs for each call. Do the guards hold in the second and the third one?

# %%
# **Next:** the next chapter leads from the graph to learning, and begins with
# :doc:`/lessons/3_learning/plot_logistic_graph`. What else takes numbers out of a tensor, and what
# that does to gradients, is in :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`. The terms of this
# page are in the :doc:`/glossary`.
