r"""
What do views do to the graph?
==============================

A slice holds no numbers of its own: it is a :term:`view` of the tensor from which it was taken. If
you write into the slice, you write into that tensor. After that, what was recorded for the two is
out of date, and PyTorch rewrites the graph of both.

You need the version counters from :doc:`/lessons/2_dynamic_graph/plot_in_place`.

**Predict first.** At :math:`x = (1, 2, 3)`, compute ``u = 2 * x`` and ``v = u[1:]``. Then write
``v *= 10``. What is ``u`` now? And what is the gradient of ``u.sum()`` with respect to ``x``?
"""

# %%
# Before the write
# ----------------

import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
u = 2 * x
v = u[1:]

print(f"{v.untyped_storage().data_ptr() == u.untyped_storage().data_ptr() = }")
print(f"{u.grad_fn.name() = }")
print(f"{v.grad_fn.name() = }")
# sphinx_gallery_graph = "u, v; view: recorded; backward: no"

# %%
# Both tensors lie in the same block of memory, their :term:`storage`. To autograd, taking the view
# is an operation like any other. In the picture on the web page it has a node, ``SliceBackward0``,
# which leads to the node of ``u``.
#
# After the write
# ---------------

v *= 10

print(f"{u = }")
print(f"{u._version, v._version = }")
print(f"{u.grad_fn.name() = }")
print(f"{v.grad_fn.name() = }")
# sphinx_gallery_graph = "u, v; view: recorded; backward: no"

# %%
# Compare the two pictures. The line of code names only ``v``, and yet both tensors have a new node.
# In the second picture, these are the boxes with ``u′`` and ``v′``:
#
# - ``u`` is now the result of ``CopySlices``, which leads to its former node. It stands for *the
#   old* ``u``, *with a part of it written over*. The multiplication by 10 that wrote it is
#   kept inside the node, and has no box of its own. The wire that ends at once belongs to the 10.
# - ``v`` had a node that leads to the *old* ``u``. That would be wrong now, so ``v`` gets a new
#   one, ``AsStridedBackward0``, for *this part of the new* ``u``.
#
# Only ``v`` was written to, and both versions are 1: a view shares the version counter as well. A
# node that had saved ``u`` would notice the write to ``v``.
#
# The gradients
# -------------
# By hand, with :math:`u'` for what is in ``u`` after the write:
#
# .. math::
#
#    u' &= (u_1,\ 10\,u_2,\ 10\,u_3) \\
#    J &= u'_1 + u'_2 + u'_3 = 2 + 40 + 60 = 102 \\
#    \frac{\partial J}{\partial u} &= (1,\ 10,\ 10) \\
#    \frac{\partial J}{\partial x} &= 2 \cdot (1,\ 10,\ 10) = (2,\ 20,\ 20)

J = u.sum()
J.backward()

print(f"{J = }")
print(f"{x.grad = }")
# sphinx_gallery_graph = "J; view: recorded"

# %%
# In this picture, look at what ``CopySlices`` receives and sends. It receives 1 for each element.
# The part that was written over goes back through the multiplication by 10, and the rest stays as
# it is. So it sends 1, 10 and 10.
#
# Where a write through a view raises
# -----------------------------------
# Not every view can be written to. In these cases PyTorch refuses:

u = 2 * x
writes = {
    "x[1:]": lambda: x[1:].mul_(10),
    "u.unbind()[0]": lambda: u.unbind()[0].mul_(10),
    "u[:1].expand(3)": lambda: u[:1].expand(3).mul_(10),
}
for view, write in writes.items():
    try:
        write()
    except RuntimeError as error:
        print(f"{view:17}{error}")

# %%
# - A write into a view of ``x`` changes ``x``, and a leaf that requires a gradient must not become a
#   result. To change weights, write under :py:class:`torch.no_grad`.
# - ``unbind``, ``split`` and ``chunk`` make several views at once, with one node for all of them.
#   PyTorch does not rewrite that node for one of them alone. Take a single view, ``u[0]``, and write
#   into that.
# - :py:meth:`~torch.Tensor.expand` shows one place in memory three times, and a write would have to
#   put three results into it. This has nothing to do with gradients. ``clone()`` gives each of the
#   three a place of its own.
#
# What people get wrong
# ---------------------
# *A slice is a copy.* It is a view, as you saw, and so is ``u[0]``. But a list in the brackets, or a
# tensor of positions or of booleans, gives a copy. A write into that does not reach ``u``:

u = 2 * x
u[1:].mul_(10)
print(f"{u = }")

u = 2 * x
u[[1, 2]].mul_(10)
print(f"{u = }")

# %%
# (``u[[1, 2]] *= 10`` does reach it, because Python then writes the result back, as
# ``u[[1, 2]] = …``.)
#
# *Autograd does not see what is written through a view.* You have seen that it does. It is
# different with :py:meth:`~torch.Tensor.detach`, which gives a view without a history. A write into
# that changes the numbers, and the graph stays as it was. Below, first a write through ``detach()``,
# then one that is recorded:

u = 2 * x
u.detach()[0] = 100
print(f"{u = }")
print(f"{torch.autograd.grad(u.sum(), x) = }")

u = 2 * x
u[0] = 100
print(f"{u = }")
print(f"{torch.autograd.grad(u.sum(), x) = }")

# %%
# The numbers are the same, but only the second gradient is right: the 100 does not depend on
# ``x``. The only guard is the version counter, which ``detach()`` shares: if a node has saved ``u``,
# ``backward()`` raises an error.
#
# ``reshape`` *always gives a view.* It does if the numbers lie in memory in the right order, and
# otherwise it copies. A transposed matrix shows the memory of ``m`` in another order, column by
# column. So the same write reaches ``m`` or does not, and there is no error in either case:

start = torch.ones(2, 2, requires_grad=True)
for transpose in [False, True]:
    m = 3 * start
    flat = (m.t() if transpose else m).reshape(4)
    flat *= 10
    shared = flat.untyped_storage().data_ptr() == m.untyped_storage().data_ptr()
    print(f"{transpose = }, {shared = }, {m.sum().item() = }")

try:
    m.t().view(4)
except RuntimeError as error:
    print(error)

# %%
# If you want to write, use :py:meth:`~torch.Tensor.view`. It never copies. Where it would have to,
# it raises, as in the last line of the output.
#
# *A view of a leaf is a leaf.* It shows the same numbers, but it is a result, and the gradient is kept
# in the leaf behind it:

w = torch.ones(6, requires_grad=True)
matrix = w.view(2, 3)
matrix.sum().backward()

print(f"{w.is_leaf = }, {matrix.is_leaf = }")
print(f"{w.grad = }")

# %%
# ``matrix.grad`` would be ``None``, as :doc:`/lessons/2_dynamic_graph/plot_leaf_or_not` explains. If
# the matrix was meant to be the parameter, make it the leaf: give the tensor its shape first, and ask
# for the gradient last, as in ``torch.ones(6).view(2, 3).requires_grad_()``.
#
# Check
# -----
# The same calculation without any write: put the two pieces together with ``torch.cat``, which makes
# a new tensor. There is no ``CopySlices`` in that graph, and the gradient must be the same.
# Then the write once more, and a walk from ``v`` alone, through its new node: its elements are
# :math:`10 \cdot 2x`, so their slope is 20.

u = 2 * x
joined = torch.cat([u[:1], 10 * u[1:]])
(by_cat,) = torch.autograd.grad(joined.sum(), x)

u = 2 * x
v = u[1:]
v *= 10
(from_v,) = torch.autograd.grad(v.sum(), x)

print(f"{x.grad = }")
print(f"{by_cat = }")
print(f"{from_v = }")

assert x.grad.tolist() == by_cat.tolist() == [2, 20, 20]
assert from_v.tolist() == [0, 20, 20]

# %%
# Exercises
# ---------
# .. predict:: What is the gradient of ``x``? Two numbers.
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([4.0, 5.0], requires_grad=True)
#       u = 3 * x
#       u[0] = 7
#       u.sum().backward()
#
#    ``u[0] = 7`` is a write through a view. What stood there before is gone, and 7 does not depend
#    on ``x``. So 0 goes back to the first element.
#
#    - ``3, 3``: That would be right without the write. Does the 7 change when ``x`` changes?
#    - ``7, 3``: The 7 is a value. By how much does this value change if ``x`` is nudged?
#
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
#    ``y`` came from the old ``v``, and its node still leads there. The write gives ``u`` and ``v``
#    new nodes; it does not touch the graph of ``y``, and the addition has saved nothing that could
#    be spoiled.
#
#    - ``0, 20, 20``: That is what a walk from ``v.sum()`` would bring. Was ``y`` computed before or after the
#      multiplication by 10?
#    - ``2, 2, 2``: How many elements of ``u`` does ``y`` depend on?
#    - ``RuntimeError``: What has an addition saved?
#
# .. predict:: Two writes, through two tensors of four numbers. What is the gradient of ``x``, row by
#              row? Four numbers.
#    :answer: x.grad.flatten()
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.ones(2, 2, requires_grad=True)
#       m = 3 * x
#       by_row = m.reshape(4)
#       by_column = m.t().reshape(4)
#       by_row[0] = 0
#       by_column[3] = 0
#       m.sum().backward()
#
#    ``by_row`` is a view, so its write reaches ``m`` and cuts off the first element. The transposed
#    matrix had to be copied, so the write into ``by_column`` stays in the copy.
#
#    - ``0, 3, 3, 0``: Can both tensors show the same memory in their own order?
#    - ``3, 3, 3, 3``: Is ``reshape`` always a copy?
#    - ``3, 3, 3, 0``: Which of the two has its numbers in the order in which they lie in memory?
#
# **Next:** places where the history is lost without any error, in
# :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`. More on ``detach()`` and ``data`` is in
# :doc:`/tensor`.
