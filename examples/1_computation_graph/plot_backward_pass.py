r"""
How does a change travel back?
==============================

If an input moves a little, by how much does the result move? The backward pass answers this
for all inputs in one walk over the graph of :doc:`/lessons/1_computation_graph/plot_forward_pass`,
from right to left.

.. predict:: Add 0.001 to one of the three inputs. The change of ``J`` is how many times 0.001? Answer for
   ``a``, ``b`` and ``c``.
   :answer: (a.grad, b.grad, c.grad)
   :program: next

   A change of ``a`` is only multiplied by 3 on its way to ``J``. A change of ``b`` is multiplied by ``c``,
   which is 2, and then by 3. A change of ``c`` is multiplied by ``b``, which is 3, and then by 3 again. So
   ``c`` moves the result most, though it is the smallest number.

   - ``0.003, 0.006, 0.009``: Those are the changes of ``J``. How many times 0.001 is each of them?
   - ``5, 3, 2``: Those are the values. How far does ``J`` move when ``a`` moves by 0.001?
   - ``3, 9, 6``: A product hands the change of ``b`` on, times which number?
   - ``1, 2, 3``: That is how far ``v`` moves. Which operation is left?
   - ``3, 3, 3``: That holds if everything is only added. What does the first operation do?
"""

import torch

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

u = b * c
v = a + u
J = 3 * v

J.backward()
print(f"{a.grad = }")
print(f"{b.grad = }")
print(f"{c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# Play it. First the values flow to the right, as far as 33. Then 1 starts at ``J``, and on each wire
# it is multiplied by that wire's local derivative, ∂, on its way to the left. What has arrived at a
# tensor is written in its box, after ∇. At the inputs these are the gradients that the program prints.
#
# Nudge each input
# ----------------
# Is that true? Move one input a little, compute again, and divide the change of :math:`J` by the change
# of the input. This is its *slope*.


def compute(a, b, c):
    u = b * c
    v = a + u
    return 3 * v


h = 0.001
slope_a = (compute(5 + h, 3, 2) - compute(5, 3, 2)) / h
slope_b = (compute(5, 3 + h, 2) - compute(5, 3, 2)) / h
slope_c = (compute(5, 3, 2 + h) - compute(5, 3, 2)) / h

print(f"{slope_a = :.3f}")
print(f"{slope_b = :.3f}")
print(f"{slope_c = :.3f}")

# %%
# The same three numbers. But this took one more calculation for each input.
#
# One local derivative for each edge
# ----------------------------------
# Each operation only has to know how *its own* result changes with *its own* inputs:
#
# .. math::
#
#    \frac{\partial J}{\partial v} = 3 \qquad
#    \frac{\partial v}{\partial a} = 1 \qquad
#    \frac{\partial v}{\partial u} = 1 \qquad
#    \frac{\partial u}{\partial b} = c \qquad
#    \frac{\partial u}{\partial c} = b
#
# The **chain rule** multiplies them along the path. Start at the right end, where
# :math:`\partial J / \partial J = 1`, and go left. Each step needs only the product that the
# step before it has found.

dJ_dJ = 1
dJ_dv = dJ_dJ * 3
dJ_da = dJ_dv * 1
dJ_du = dJ_dv * 1
dJ_db = dJ_du * 2
dJ_dc = dJ_du * 3

print(f"{dJ_dv = }, {dJ_du = }")
print(f"{dJ_da = }, {dJ_db = }, {dJ_dc = }")

# %%
# ``dJ_du`` was computed once and used twice, for ``b`` and for ``c``. From left to right you
# would need one walk for each input. From right to left, one walk serves all inputs, and what
# their paths have in common is computed only once.
#
# What people get wrong
# ---------------------
# *The gradient of* ``b`` *depends on* ``b``. Here it does not. At a multiplication, what goes
# back to one input is multiplied by the *other* one. Change ``b`` in the picture: the gradient
# of ``c`` changes, and that of ``b`` stays as it was.

for value in [3.0, 30.0]:
    b = torch.tensor([value], requires_grad=True)
    c = torch.tensor([2.0], requires_grad=True)
    (3 * (a + b * c)).backward()
    print(f"{value = }, {b.grad.item() = }, {c.grad.item() = }")

# %%
# This is also why PyTorch has to keep ``b`` and ``c`` from the forward pass until ``backward()``
# has run: without their values it could not compute the gradients.
#
# *Gradients of* ``u`` *and* ``v`` *are not computed.* They are: the picture shows them. PyTorch hands
# them on and then lets them go, unless :py:meth:`~torch.Tensor.retain_grad` asks it to keep one.

a, b, c = (torch.tensor([x], requires_grad=True) for x in [5.0, 3.0, 2.0])
u = b * c
u.retain_grad()
(3 * (a + u)).backward()
print(f"{u.grad = }")

# %%
# Check
# -----
# Three ways, one answer. :math:`J` is a straight line in each single input, so even the
# nudged slopes agree up to rounding.

by_nudge = [slope_a, slope_b, slope_c]
by_hand = [dJ_da, dJ_db, dJ_dc]
by_torch = [a.grad.item(), b.grad.item(), c.grad.item()]

print(f"{by_hand = }")
print(f"{by_torch = }")

assert by_hand == by_torch == [3, 6, 9]
assert all(abs(nudge - exact) < 1e-6 for nudge, exact in zip(by_nudge, by_hand))

# %%
# In short
# --------
# The gradient travels back along the wires, and each wire multiplies it by its local derivative. One walk
# from the result to the inputs gives the slopes for all of them.
#
# Exercises
# ---------
# .. fill:: Now there is a minus on the path. Fill in what arrives at each tensor.
#    :graph: J
#    :blanks: v.grad, u.grad, a.grad, b.grad, c.grad
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([10.0], requires_grad=True)
#       b = torch.tensor([3.0], requires_grad=True)
#       c = torch.tensor([2.0], requires_grad=True)
#
#       u = b * c
#       v = a - u
#       J = 2 * v
#
#    From right to left: 2 arrives at ``v``. The local derivative of ``a - u`` is 1 for ``a`` and −1 for
#    ``u``, so 2 arrives at ``a`` and −2 at ``u``. Times ``c``, −4 arrives at ``b``; times ``b``, −6 at ``c``.
#
#    - ``v.grad = 8``: That is the value of ``J``. What does the last circle multiply by?
#    - ``u.grad = 2``: The size is right. If ``u`` grows, what does ``v`` do?
#    - ``b.grad = -6``: A product uses the *other* factor on the way back. Which one is that for ``b``?
#    - ``c.grad = -4``: A product uses the *other* factor on the way back. Which one is that for ``c``?
#
# .. predict:: ``b`` moves from 3 to 3.5. By how much does the result move?
#    :answer: change
#
#    .. code-block:: python
#
#       def compute(a, b, c):
#           u = b * c
#           v = a + u
#           return 3 * v
#
#
#       change = compute(5, 3.5, 2) - compute(5, 3, 2)
#
#    The slope for ``b`` is 6, and ``b`` moves by 0.5: 6 · 0.5 = 3. This is exact, not an
#    approximation, because the result is a straight line in ``b``.
#
#    - ``6``: That is the slope: how far the result moves if ``b`` moves by 1.
#    - ``1``: That is how far ``u`` moves. What happens to it on the way to the result?
#    - ``0.5``: That is how far ``b`` itself moves. By what is it multiplied along its path?
#
# .. derive:: Two products, one after the other: the result is ``a * (b * c)``. What is the slope for ``c``,
#       as a formula?
#    :answer: a * b
#    :names: a, b, c
#    :gives: c.grad
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([4.0, 1.0, -2.0], requires_grad=True)
#       b = torch.tensor([3.0, 5.0, 0.5], requires_grad=True)
#       c = torch.tensor([2.0, 7.0, 1.0], requires_grad=True)
#
#       u = b * c
#       J = a * u
#       J.sum().backward()
#
#    ``J`` sends ``a`` to ``u``, since it is the other factor there. On the wire to ``c`` it is
#    multiplied by ``b``: ``a * b``.
#
#    - ``b``: That is the local derivative of ``u`` alone. What has arrived at ``u`` by then?
#    - ``a``: That has arrived at ``u``. Which wire is left?
#    - ``a * b * c``: That is the value. How far does it move when ``c`` moves by 1?
#    - ``a * c``: That is the slope for another input. Which one?
#
# .. write:: Write the backward pass of :math:`J = (a + b)\,c` by hand: one line per local derivative.
#    :file: a_backward_pass_by_hand
#    :fails: NameError: name 'dJ_da' is not defined
#
#    .. code-block:: python
#
#       a, b, c = 2.0, 3.0, 4.0
#       u = a + b
#       J = u * c
#
#       dJ_dJ = 1.0
#       # <your code>
#       dJ_du = dJ_dJ * c
#       dJ_dc = dJ_dJ * u
#       dJ_da = dJ_du * 1
#       dJ_db = dJ_du * 1
#       # </your code>
#
#       h = 0.001
#       assert abs(dJ_da - ((a + h + b) * c - J) / h) < 1e-6
#       assert abs(dJ_db - ((a + b + h) * c - J) / h) < 1e-6
#       assert abs(dJ_dc - ((a + b) * (c + h) - J) / h) < 1e-6
#
#    The product comes first, since the walk starts at the right: each factor gets the other one. The sum
#    then hands on what arrived at ``u``, unchanged, to both of its inputs.
#
#    - ``AssertionError``: Read which of the three lines has failed. Which local derivatives are on that
#      input's path?
#    - ``NameError``: The asserts need ``dJ_da``, ``dJ_db`` and ``dJ_dc``. Which one is not there?

# %%
# Further reading
# ---------------
# - Andrew Ng, Deep Learning Specialization, course 1, week 2, "Derivatives with a Computation Graph": the
#   example and the nudge of 0.001 come from there.
# - `CS231n, Backpropagation, Intuitions <https://cs231n.github.io/optimization-2/>`__: the same walk through
#   larger formulas.
#
# **Next:** what travels back if a value is used twice, in
# :doc:`/lessons/1_computation_graph/plot_fan_out`. ``retain_grad`` and ``grad`` are explained
# in :doc:`/tensor`.
