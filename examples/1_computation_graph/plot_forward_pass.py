r"""
What is a computation graph?
============================

A formula hides which result has to wait for which. A computation graph shows it: a box for each
value, a circle for each operation, and a wire wherever a value flows into an operation. Our example is
:math:`J = 3\,(a + b\,c)` at :math:`a = 5`, :math:`b = 3`, :math:`c = 2`.

.. predict:: One operation per line. What is ``J``?
   :answer: J
   :program: next

   ``u`` is 3 · 2 = 6. Only then can ``v`` be computed: 5 + 6 = 11. The last line multiplies it by 3, so
   ``J`` is 33. The product has to come first, and the multiplication by 3 has to wait for everything else.

   - ``11``: That is ``v``. Which operation still waits for it?
   - ``48``: That would be 3 · (5 + 3) · 2. Is ``a`` multiplied by ``c``?
   - ``21``: Here the 3 has multiplied ``a`` alone. What does the last line multiply by 3?
"""

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
# The program is written in PyTorch, which calculates with *tensors*: arrays of numbers. Each of ours
# holds one. ``requires_grad=True`` asks for gradients later, and so PyTorch records each operation as
# it runs. The picture is drawn from that record.
#
# Press the play button, or take one step at a time. The values flow from left to right: this is the
# **forward pass**. The line that is being computed lights up in the program. You can also change
# an input in the picture, and see which values follow it and which stay.
#
# The number 3 has a dashed border, since it needs no gradient. The switch above the picture shows the
# same graph in the form in which PyTorch keeps it; there the arrows lead from the result back to
# the inputs.
#
# What the record says
# --------------------
# In the printed lines, ``grad_fn`` names the operation that each tensor came from. The inputs were
# not computed, so nothing is recorded about where they came from.

print(f"{a.grad_fn = }")
print(f"{u.grad_fn.name() = }")
print(f"{v.grad_fn.name() = }")
print(f"{J.grad_fn.name() = }")

# %%
# The same in plain Python
# ------------------------
# The graph is not something that PyTorch adds. It is already in the lines: each one uses only what
# stands above it.
#
# .. math::
#
#    u &= b\,c \\
#    v &= a + u \\
#    J &= 3\,v
#
# Write down what each result needs, and Python's :py:class:`graphlib.TopologicalSorter` finds an
# order in which everything can be computed: a *topological order*.

from graphlib import TopologicalSorter

needs = {"u": ["b", "c"], "v": ["a", "u"], "J": ["v"]}
order = list(TopologicalSorter(needs).static_order())
print(order)

# %%
# ``u`` comes before ``v``, and ``v`` before ``J``. Where ``a`` comes does not matter, as long as it is
# before ``v``. A computation graph never has a cycle: a value that needed itself could not be computed
# at all.
#
# What people get wrong
# ---------------------
# *The graph belongs to the formula.* It belongs to the way in which you compute it. Multiplied out,
# the same formula gives another graph, which ends in an addition and has four operations in place of
# three.

p = 3 * a
q = 3 * b
r = q * c
K = p + r

print(f"{K = }")
print(f"{K.item() == J.item() = }")
print(f"{K.grad_fn.name() == J.grad_fn.name() = }")
# sphinx_gallery_graph = "K; backward: no; view: written"

# %%
# (``item()`` takes the number out of a tensor.)
#
# Check
# -----
# The formula in plain numbers, written at once, gives the same as both graphs.

expected = 3 * (5 + 3 * 2)
print(f"{expected = }")

assert J.item() == expected
assert K.item() == expected
assert order.index("u") < order.index("v") < order.index("J")

# %%
# In short
# --------
# A computation graph has a node for each operation, and an edge wherever the result of one flows into
# the next; our picture adds a box for each value. It says what has to wait for what, and it belongs to a calculation, not to a formula.
#
# Exercises
# ---------
# .. fill:: The same graph with other inputs. Fill in the values, in the order in which they can be
#       computed.
#    :graph: J; backward: no
#    :blanks: u, v, J
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([1.0], requires_grad=True)
#       b = torch.tensor([4.0], requires_grad=True)
#       c = torch.tensor([2.0], requires_grad=True)
#
#       u = b * c
#       v = a + u
#       J = 3 * v
#
#    ``u`` is 4 · 2 = 8, so ``v`` is 1 + 8 = 9, and ``J`` is 3 · 9 = 27.
#
#    - ``u = 6``: That is 4 + 2, or the value in the first program. Which sign stands in the circle before ``u``?
#    - ``v = 10``: Here ``a`` and ``b`` were added first. Which two wires lead to ``v``?
#    - ``J = 11``: Here the 3 has multiplied ``a`` alone. Which wire leads into the last circle?
#
# .. predict:: Two ways to compute one formula. Which names do ``J.grad_fn.name()`` and
#       ``K.grad_fn.name()`` give? Answer with two names.
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
#
# .. find:: Someone has put the lines into the wrong order, and the program stops with an error. Point at
#       the line that uses a value before it is there.
#    :answer: line 6
#    :holds: J == 33
#    :instead: v = a + b * c
#
#    .. code-block:: python
#
#       a = 5
#       b = 3
#       c = 2
#
#
#       v = a + u
#       u = b * c
#       J = 3 * v
#
#    ``v`` needs ``u``, and ``u`` is computed one line later. In a topological order the two lines change
#    places.
#
#    - ``line 7``: This line needs ``b`` and ``c``. Are they there?
#    - ``line 8``: It needs ``v``. Would it have one, if the line that computes ``v`` had worked?
#
# .. write:: Write the graph of :math:`d = (b - a)^2 / c` as data, so that the sorter finds an order.
#       Use the names ``s`` for the difference, ``q`` for its square and ``d`` for the result.
#    :file: a_graph_as_data
#    :fails: NameError: name 'needs' is not defined
#
#    .. code-block:: python
#
#       from graphlib import TopologicalSorter
#
#       # <your code>
#       needs = {"s": ["a", "b"], "q": ["s"], "d": ["q", "c"]}
#       # </your code>
#
#       assert set(needs) == {"s", "q", "d"}
#       assert set(needs["s"]) == {"a", "b"}
#       assert set(needs["d"]) == {"q", "c"}
#
#       order = list(TopologicalSorter(needs).static_order())
#       assert order.index("s") < order.index("q") < order.index("d")
#       assert order[-1] == "d"
#
#    Each key is an operation, named after its result; its list holds what flows into it. Inputs are not
#    keys, since nothing computes them.
#
#    - ``AssertionError``: Is each operation a key, and is each input only in the lists?
#    - ``CycleError``: One of your results needs itself, directly or through another one. Follow the lists.

# %%
# Further reading
# ---------------
# - Andrew Ng, Deep Learning Specialization, course 1, week 2, "Computation Graph": the example
#   :math:`J = 3\,(a + b\,c)` with these numbers comes from there.
# - Christopher Olah, `Calculus on Computational Graphs: Backpropagation
#   <https://colah.github.io/posts/2015-08-Backprop/>`__.
# - `Dive into Deep Learning <https://d2l.ai>`__, the section on forward propagation, backward
#   propagation and computational graphs.
#
# **Next:** the same graph, walked from right to left, in
# :doc:`/lessons/1_computation_graph/plot_backward_pass`. ``grad_fn`` and the other attributes of a
# tensor are explained in :doc:`/tensor`.
