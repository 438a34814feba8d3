r"""
How does a change travel back?
==============================

If an input moves a little, by how much does the result move? The backward pass answers this
for all inputs in one walk over the graph, from right to left.

The graph is that of :doc:`/lessons/1_computation_graph/plot_forward_pass`:

.. math::

   u &= b\,c \\
   v &= a + u \\
   J &= 3\,v

at :math:`a = 5`, :math:`b = 3`, :math:`c = 2`.

**Predict first.** Add 0.001 to one of the three inputs. Which of them moves :math:`J` most, and
by how many times 0.001?
"""

# %%
# Nudge each input
# ----------------
# The slope is the change of :math:`J`, divided by the change of the input.


def compute(a, b, c):
    u = b * c
    v = a + u
    return 3 * v


a, b, c = 5, 3, 2
h = 0.001
J = compute(a, b, c)

slope_a = (compute(a + h, b, c) - J) / h
slope_b = (compute(a, b + h, c) - J) / h
slope_c = (compute(a, b, c + h) - J) / h

print(f"{slope_a = :.3f}")
print(f"{slope_b = :.3f}")
print(f"{slope_c = :.3f}")

# %%
# ``c`` moves the result most, though it is the smallest number of the three. The reason is in
# the graph: the change of ``c`` is multiplied by ``b``, which is 3, and then by 3 again.
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
# :math:`\partial J / \partial J = 1`, and go left; each step needs only the product that the
# step before it has found.

dJ_dJ = 1
dJ_dv = dJ_dJ * 3
dJ_da = dJ_dv * 1
dJ_du = dJ_dv * 1
dJ_db = dJ_du * c
dJ_dc = dJ_du * b

print(f"{dJ_dv = }")
print(f"{dJ_da = }")
print(f"{dJ_du = }")
print(f"{dJ_db = }")
print(f"{dJ_dc = }")

# %%
# ``dJ_du`` was computed once and used twice, for ``b`` and for ``c``. From left to right you
# would need one walk for each input. From right to left, one walk serves all inputs, and what
# their paths have in common is computed only once.
#
# The same by PyTorch
# -------------------
# ``J.backward()`` takes the same walk over the graph that the forward pass has recorded.
# :py:meth:`~torch.Tensor.retain_grad` asks it to keep the gradients of ``u`` and ``v`` too, which
# it computes anyway and otherwise does not keep.

import torch

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

u = b * c
v = a + u
J = 3 * v

u.retain_grad()
v.retain_grad()
J.backward()

print(f"{v.grad = }")
print(f"{a.grad = }")
print(f"{u.grad = }")
print(f"{b.grad = }")
print(f"{c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# In the picture on the web page, above a wire stands the local derivative, and below it what
# travels back along it: the local derivative times what has arrived at the operation. In each box, after ∇, stands
# what has arrived there. Go to the beginning, and step through it: forward to 33, then back, with 1,
# then 3, then 6 and 9.
#
# What people get wrong
# ---------------------
# *The gradient of* ``b`` *depends on* ``b``. Here it does not. At a multiplication, what goes
# back to one input is multiplied by the *other* one. Change ``b`` (you can do so below the picture),
# and the gradient of ``c`` changes, while that of ``b`` stays as it was.

for b_value in [3.0, 30.0]:
    b = torch.tensor([b_value], requires_grad=True)
    c = torch.tensor([2.0], requires_grad=True)
    (3 * (a + b * c)).backward()
    print(f"{b_value = }, {b.grad.item() = }, {c.grad.item() = }")

# %%
# This is also why PyTorch has to keep ``b`` and ``c`` from the forward pass until ``backward()``
# has run: without their values it could not compute the gradients.
#
# Check
# -----
# Three ways, one answer. :math:`J` is a straight line in each single input, so that even the
# nudged slopes agree up to rounding.

by_nudge = [slope_a, slope_b, slope_c]
by_hand = [dJ_da, dJ_db, dJ_dc]

a, b, c = (torch.tensor([x], requires_grad=True) for x in [5.0, 3.0, 2.0])
(3 * (a + b * c)).backward()
by_torch = [a.grad.item(), b.grad.item(), c.grad.item()]

print(f"{by_hand = }")
print(f"{by_torch = }")

assert by_hand == by_torch == [3, 6, 9]
assert all(abs(nudge - exact) < 1e-6 for nudge, exact in zip(by_nudge, by_hand))

# %%
# Exercises
# ---------
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
# .. predict:: Now there is a minus on the path. What does ``c.grad`` hold at the end?
#    :answer: c.grad
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([10.0], requires_grad=True)
#       b = torch.tensor([3.0], requires_grad=True)
#       c = torch.tensor([2.0], requires_grad=True)
#       u = b * c
#       v = a - u
#       J = 2 * v
#       J.backward()
#
#    From right to left: 2 arrives at ``v``. The local derivative of ``a - u`` with respect to ``u`` is
#    −1, so −2 arrives at ``u``. Times ``b``, which is 3, this gives −6.
#
#    - ``6``: The size is right. If ``u`` grows, what does ``v`` do?
#    - ``-4``: Here ``c`` was multiplied by its own value. Which factor does a multiplication use on
#      the way back?
#    - ``-3``: One factor of the path is missing. What has arrived at ``v``?
#
# .. predict:: Two multiplications, one after the other. What do ``a.grad``, ``b.grad`` and ``c.grad``
#    hold at the end? Answer with three numbers.
#    :answer: (a.grad, b.grad, c.grad)
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([4.0], requires_grad=True)
#       b = torch.tensor([3.0], requires_grad=True)
#       c = torch.tensor([2.0], requires_grad=True)
#       u = b * c
#       J = a * u
#       J.backward()
#
#    ``a`` gets the value of the other factor, ``u``, which is 6. ``u`` gets ``a``, which is 4, and
#    passes it on: times ``c`` it is 8 for ``b``, times ``b`` it is 12 for ``c``.
#
#    - ``6, 12, 8``: ``a`` is right. In ``b * c``, what goes back to ``b`` is not multiplied by ``b``.
#    - ``6, 2, 3``: ``a`` is right. For ``b`` and ``c`` these are the local derivatives of ``u`` alone.
#      What has arrived at ``u`` by then?
#    - ``1, 8, 12``: A local derivative of 1 belongs to an addition. What does the last line do with
#      ``a``?

# %%
# **Next:** what travels back if a value is used twice, in
# :doc:`/lessons/1_computation_graph/plot_fan_out`. ``retain_grad`` and ``grad`` are explained
# in :doc:`/tensor`.
