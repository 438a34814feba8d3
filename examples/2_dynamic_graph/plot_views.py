r"""
What do views do to the graph?
==============================

A slice has no numbers of its own: it is a :term:`view`, which shows a part of another tensor's memory. If you write into the
slice, you write into that tensor. What was recorded for both is then out of date, and PyTorch rewrites it.

.. predict:: ``v`` is a slice of ``u``, and only ``v`` is multiplied by 10. What is ``x.grad``? Three numbers.
   :program: next
   :answer: x.grad

   The write reaches ``u``, in which the last two elements are now :math:`10 \cdot 2x`. So their slope is 20, and that of the
   first one is 2.

   - ``2, 2, 2``: That would be right if ``v`` were a copy. Where do the numbers of a slice lie?
   - ``20, 20, 20``: Does ``v`` show all of ``u``?
   - ``1, 10, 10``: That arrives at the ``u`` before the write. What lies between it and ``x``?
   - ``2, 40, 60``: Those are the values of ``u``. How fast do they change with ``x``?
"""

import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)

u = 2 * x
v = u[1:]
v *= 10
J = u.sum()

J.backward()
print(f"{u = }")
print(f"{x.grad = }")
# sphinx_gallery_graph = "J"

# %%
# Two tensors, one memory
# -----------------------
# By hand, with :math:`u'` for what is in ``u`` after the write:
#
# .. math::
#
#    u' &= (u_1,\ 10\,u_2,\ 10\,u_3) \\
#    J &= u'_1 + u'_2 + u'_3 = 2 + 40 + 60 = 102 \\
#    \frac{\partial J}{\partial u} &= (1,\ 10,\ 10) \\
#    \frac{\partial J}{\partial x} &= 2 \cdot (1,\ 10,\ 10) = (2,\ 20,\ 20)
#
# The line ``v *= 10`` does not mention ``u``. But both lie in one block of memory, their :term:`storage`, and so they also
# share one version counter:

print(f"{v.untyped_storage().data_ptr() == u.untyped_storage().data_ptr() = }")
print(f"{u._version = }, {v._version = }")

# %%
# So a node that had saved ``u`` would notice that ``v`` was written to.
#
# The graph before and after
# --------------------------
# Here is the same program once more, stopped before the write. Taking a slice is an operation like any other, with a node that
# leads to the node of ``u``:

u = 2 * x
v = u[1:]
print(f"{u.grad_fn.name() = }")
print(f"{v.grad_fn.name() = }")
# sphinx_gallery_graph = "u, v; view: recorded; backward: no"

# %%
# And now the write:

v *= 10
print(f"{u.grad_fn.name() = }")
print(f"{v.grad_fn.name() = }")
# sphinx_gallery_graph = "u, v; view: recorded; backward: no"

# %%
# One line of code, and both tensors have a new node:
#
# - ``u`` is now the result of ``CopySlices``: *the old* ``u``, *with a part of it written over*. The multiplication by 10 is
#   kept inside this node. Look at its box in the recorded view of the first picture: 1 arrives for each element. The part that was
#   written over goes back through the multiplication, and the rest goes back as it is: 1, 10, 10.
# - ``v`` had a node that led to the *old* ``u``. That would be wrong now. So it gets another one, ``AsStridedBackward0``:
#   *this part of the new* ``u``.
#
# The node of ``v`` is made when you ask for it, which is why you never see an outdated one.
#
# Where PyTorch refuses
# ---------------------
# Some views cannot be written to while operations are recorded. A view of a weight is one of them, since the write would change
# a leaf. Change weights under :py:class:`torch.no_grad`:

try:
    x[1:] *= 10
except RuntimeError as error:
    print(error)
print(f"{x = }")

# %%
# ``unbind``, ``split`` and ``chunk`` make several views at once, with one node for all of them. PyTorch does not rewrite that
# node for one of them alone. Take a single view, such as ``u[0]``, and write into that:

u = 2 * x
first, *rest = u.unbind()
try:
    first *= 10
except RuntimeError as error:
    print(error)

# %%
# Both messages come *before* anything is written.
#
# What people get wrong
# ---------------------
# *Each pair of brackets gives a view.* A number or a slice does. A list of positions, or a tensor of positions or of truth values,
# gives a copy, and a write into a copy does not reach ``u``:

u = 2 * x
u[1:].mul_(10)
print(f"{u = }")

u = 2 * x
u[[1, 2]].mul_(10)
print(f"{u = }")

# %%
# An assignment to ``u[…]`` does reach it: ``u[[1, 2]] = 0`` writes into ``u`` itself, and so does ``u[[1, 2]] *= 10``, since
# Python then assigns the result. But ``u[[1, 2]][0] = 0`` assigns to an element of the copy.
#
# *A write through* ``detach()`` *is recorded like one through a slice.* ``detach()`` gives a view too, but one without a history.
# The numbers change, and the graph stays as it was:

u = 2 * x
u.detach()[0] = 100
print(f"{u = }")
print(f"{torch.autograd.grad(u.sum(), x) = }")

u = 2 * x
u[0] = 100
print(f"{u = }")
print(f"{torch.autograd.grad(u.sum(), x) = }")

# %%
# The numbers are the same. But 100 does not depend on ``x``, so only the second gradient is right. The version counter is the only
# guard: if a node has saved ``u``, its backward pass raises an error. Here, none has.
#
# .. fold:: Further misconceptions
#
#    ``reshape`` *always gives a view.* It does if the numbers lie in memory in the right order, and otherwise it copies, as for a
#    transposed matrix. If you want to write into the result, use ``view``: it never copies, and raises where it would have to.
#
#    *A view of a leaf is a leaf.* Only if that leaf requires no gradient. Otherwise it is a result, and the gradient is kept in the leaf behind it. If a matrix is meant to be the
#    parameter, give the tensor its shape first, and ask for the gradient last: ``torch.ones(6).view(2, 3).requires_grad_()``.
#
#    *An expanded tensor can be written to.* ``expand`` shows one place in memory several times, so a write to all of
#    it would have to put several numbers there. PyTorch refuses that, with or without gradients. A write to a single
#    element, ``e[0, 0] = 5``, is not refused, and shows up in every copy. ``clone()`` gives each of them a place of its own.
#
# Check
# -----
# The same calculation without a write: join the two pieces with ``torch.cat``, which makes a new tensor. There is no
# ``CopySlices`` in that graph, and the gradient has to be the same. Then the write once more, and a backward pass from ``v`` alone,
# through its new node: its elements are :math:`10 \cdot 2x`, so their slope is 20, and the first element of ``x`` gets 0.

u = 2 * x
joined = torch.cat([u[:1], 10 * u[1:]])
(by_cat,) = torch.autograd.grad(joined.sum(), x)

u = 2 * x
v = u[1:]
v *= 10
(from_v,) = torch.autograd.grad(v.sum(), x)

print(f"{by_cat = }")
print(f"{from_v = }")

assert x.grad.tolist() == by_cat.tolist() == [2, 20, 20]
assert from_v.tolist() == [0, 20, 20]

# %%
# In short
# --------
# A view shares memory and version counter with its base. A write into a view is recorded for both: the base becomes the old base
# with a part written over, and the view a part of the new base. A write into a copy is lost, and a write through ``detach()`` is
# not recorded.
#
# Exercises
# ---------
# .. predict:: ``y`` is computed before the write. What is the gradient of ``x``? Three numbers.
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
#       u = 2 * x
#       v = u[1:]
#       y = v + 1
#       v *= 10
#       y.sum().backward()
#
#    ``y`` came from the old ``v``, and its node still leads there. The write gives ``u`` and ``v`` new nodes and does not touch the
#    graph of ``y``. The addition has saved nothing that the write could have spoiled.
#
#    - ``0, 20, 20``: That comes back from ``v`` as it is at the end. Was ``y`` computed before or after the multiplication by 10?
#    - ``2, 2, 2``: On how many elements of ``u`` does ``y`` depend?
#    - ``RuntimeError``: What has an addition saved?
#
# .. derive:: All of ``u`` is multiplied by ``x``, through a view. Type a formula for ``x.grad``.
#    :answer: 3 * x**2
#    :names: x
#    :gives: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0, -1.0, 0.5], requires_grad=True)
#       u = x * x
#       v = u.view(3)
#       v *= x
#       u.sum().backward()
#
#    After the write, ``u`` is :math:`x^2 \cdot x = x^3`, and this is what was recorded for it.
#
#    - ``2 * x``: That is the slope of ``u`` before the write. What is in ``u`` when ``sum`` runs?
#    - ``2 * x**2``: Here the last factor was taken as a constant. Is it one?
#    - ``x**2``: That comes back through the factor ``x`` of the write. Which other path leads to ``x``?
#
# .. find:: All negative elements of ``u`` should become 0, but they do not. Which line has to be written differently?
#    :answer: line 6
#    :holds: J.item() == 8
#    :instead: u[negative] = 0
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
#       u = 2 * x
#       negative = u < 0
#       u[negative].zero_()
#       J = u.sum()
#       J.backward()
#
#    A tensor of truth values in the brackets gives a copy, and ``zero_`` writes into this copy, which nobody keeps. The
#    assignment writes into ``u``.
#
#    - ``line 4``: This is a new tensor, which may be written to. Is it written to?
#    - ``line 5``: This is a tensor of truth values, and the right one. What do brackets with it give?
#    - ``line 7``: The sum takes ``u`` as it is. What should have changed before?
#
# .. write:: In a language model, a word must not see the words that come after it. Write ``masked(scores)``: a new matrix, in which
#       all that is above the diagonal is −1000. Write it row by row, through views, and leave ``scores`` as it is.
#    :file: mask_through_views
#    :fails: AttributeError: 'NoneType' object has no attribute 'tolist'
#
#    .. code-block:: python
#
#       import torch
#
#
#       def masked(scores):
#           # <your code>
#           out = scores.clone()
#           for row in range(len(out)):
#               out[row, row + 1 :] = -1000
#           return out
#           # </your code>
#
#
#       scores = torch.ones(3, 3, requires_grad=True)
#       inputs = 2 * scores
#       out = masked(inputs)
#       assert out.tolist() == [[2, -1000, -1000], [2, 2, -1000], [2, 2, 2]], out
#       assert inputs.tolist() == [[2, 2, 2]] * 3, "scores should stay as they are"
#
#       out.sum().backward()
#       assert scores.grad.tolist() == [[2, 0, 0], [2, 2, 0], [2, 2, 2]], scores.grad
#
#    ``clone`` is recorded and has memory of its own, so the writes do not reach ``scores``. Where −1000 was written, nothing
#    depends on ``scores`` any more, and 0 goes back.
#
#    - ``AssertionError: scores should stay``: You write into the memory of the argument. What gives you a copy with a graph?
#    - ``RuntimeError: element 0 of tensors``: You have copied the numbers without their history.
#    - ``AssertionError: tensor([[``: Print the matrix. From which column on should row 0 be masked?

# %%
# Further reading
# ---------------
# Which operations give views, and how indexing differs, is listed in PyTorch's `Tensor views
# <https://docs.pytorch.org/docs/stable/tensor_view.html>`__. How versions are checked is described in
# `Autograd mechanics
# <https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-correctness-checks>`__.
#
# **Next:** a look inside the nodes, in :doc:`/lessons/2_dynamic_graph/plot_walk_grad_fn`. Why a write can break the backward pass
# was explained in :doc:`/lessons/2_dynamic_graph/plot_in_place`. More on ``detach()`` and ``data`` is in :doc:`/tensor`.
