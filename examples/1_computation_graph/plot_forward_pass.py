r"""
What is a computation graph?
============================

A formula hides which result has to wait for which. A computation graph shows it: one node for
each operation, one edge for each value that flows into the next operation.

Our example, here and in several lessons to come, is

.. math:: J = 3\,(a + b\,c)

at :math:`a = 5`, :math:`b = 3`, :math:`c = 2`.

**Predict first.** Which operation has to come first? Which one cannot start before all the
others are done? And what is :math:`J`?
"""

# %%
# One operation a line
# --------------------
# Give each intermediate result a name, so that every line does exactly one thing:
#
# .. math::
#
#    u &= b\,c \\
#    v &= a + u \\
#    J &= 3\,v

a = 5
b = 3
c = 2

u = b * c
v = a + u
J = 3 * v

print(f"{u = }")
print(f"{v = }")
print(f"{J = }")

# %%
# This is the **forward pass**: the values flow from the inputs to the result. Each line
# uses only what stands above it.
#
# The graph as data
# -----------------
# The lines above contain a graph. Name each operation after its result, write down what each one
# needs, and Python's :py:class:`graphlib.TopologicalSorter` finds an order in which everything
# can be computed: a *topological order*.

from graphlib import TopologicalSorter

needs = {"u": ["b", "c"], "v": ["a", "u"], "J": ["v"]}
order = list(TopologicalSorter(needs).static_order())
print(order)

# %%
# ``u`` stands before ``v``, and ``v`` before ``J``. Where ``a`` stands among the inputs does not
# matter, as long as it comes before ``v``. A computation graph never has a cycle: a value that
# needed itself could not be computed at all.
#
# The same in PyTorch
# -------------------
# PyTorch calculates with *tensors*, which are arrays of numbers; each of ours holds one. The lines stay
# the same. We ask for gradients with ``requires_grad=True``, and PyTorch records each operation as it
# runs.

import torch

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

u = b * c
v = a + u
J = 3 * v

print(f"{u = }")
print(f"{v = }")
print(f"{J = }")
# sphinx_gallery_graph = "J; backward: no"

# %%
# On the web page, the picture is drawn from what PyTorch has just recorded. Read it from left to
# right: a box for each tensor with its value, a circle for each operation. The number 3 is grey:
# it needs no gradient. Go to the beginning, and take the calculation step by step: the line below
# says what each step computes, and what PyTorch records. The switch above the picture also offers
# *What PyTorch recorded*: this graph in the form in which PyTorch keeps it; there the arrows lead
# back, from the result to the inputs.
#
# In the printed lines, beside each value stands what was recorded: ``u`` came from a multiplication, ``v``
# from an addition, ``J`` from a multiplication again. The inputs were not computed, so
# nothing is recorded about where they came from:

print(f"{a.grad_fn = }")
print(f"{u.grad_fn.name() = }")
print(f"{v.grad_fn.name() = }")
print(f"{J.grad_fn.name() = }")

# %%
# What people get wrong
# ---------------------
# *The graph belongs to the formula.* It does not: it belongs to the way in which you compute
# it. Multiplied out, the same :math:`J` is another graph, with an addition at its end and four
# operations in place of three. (``item()`` takes the number out of a tensor.)

p = 3 * a
q = 3 * b
r = q * c
K = p + r

print(f"{K = }")
print(f"{K.item() == J.item() = }")
print(f"{K.grad_fn.name() == J.grad_fn.name() = }")
# sphinx_gallery_graph = "K; backward: no; view: written"

# %%
# Check
# -----
# The formula in plain numbers, written at once, gives the same as both graphs.

expected = 3 * (5 + 3 * 2)
print(f"{expected = }")

assert J.item() == expected
assert K.item() == expected
assert order.index("u") < order.index("v") < order.index("J")

# %%
# Exercises
# ---------
# .. predict:: The same graph with other inputs. What is ``J``?
#    :answer: J
#
#    .. code-block:: python
#
#       a = 1
#       b = 4
#       c = 2
#
#       u = b * c
#       v = a + u
#       J = 3 * v
#
#    ``u`` is 8, so ``v`` is 1 + 8 = 9, and ``J`` is 3 · 9 = 27.
#
#    - ``9``: That is ``v``. Which operation still waits for it?
#    - ``11``: Here the 3 has multiplied ``a`` alone. What does the last line multiply by 3?
#    - ``30``: Here ``a`` and ``b`` were added first. What does the line of ``u`` do, and when?
#
# .. predict:: ``p``, ``q`` and ``r`` are operations. Which of them is computed second? Answer with its
#    name.
#    :answer: operations[1]
#
#    .. code-block:: python
#
#       from graphlib import TopologicalSorter
#
#       needs = {"p": ["q", "r"], "q": ["a"], "r": ["b", "q"]}
#       order = TopologicalSorter(needs).static_order()
#       operations = [name for name in order if name in needs]
#
#    ``q`` needs only an input, ``r`` needs ``q``, and ``p`` needs both of them. So the only possible
#    order is ``q``, ``r``, ``p``. The order in which they were written down does not matter.
#
#    - ``q``: It stands second in the dictionary. What does it have to wait for?
#    - ``p``: It needs two results. Are both there after only one operation?
#
# .. predict:: Two ways to compute one formula. Which names do ``J.grad_fn.name()`` and
#    ``K.grad_fn.name()`` give? Answer with two names.
#    :answer: (J.grad_fn.name(), K.grad_fn.name())
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       J = x * (x + 1)
#       K = x * x + x
#
#    ``grad_fn`` names the last operation: for ``J`` it is the multiplication, which had to wait for
#    the addition in parentheses; for ``K`` it is the addition. The values are the same, 6; the
#    graphs are not.
#
#    - ``MulBackward0, MulBackward0``: The two formulas give the same value, but in different steps.
#      Which operation does ``K`` do last?
#    - ``AddBackward0, MulBackward0``: Those are the operations that come first. With which one does
#      each line end?

# %%
# **Next:** the same graph, walked from right to left, in
# :doc:`/lessons/1_computation_graph/plot_backward_pass`. ``grad_fn`` and the other attributes of a
# tensor are explained in :doc:`/tensor`.
