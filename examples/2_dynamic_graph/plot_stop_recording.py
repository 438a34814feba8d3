r"""
How do I stop recording?
========================

Sometimes you want the numbers without the graph: to evaluate a model, to change its weights, to treat a value as constant.
The example is :math:`J = u\,x` with :math:`u = 2x`, at :math:`x = 3`. As a formula, :math:`J = 2x^2`, with the slope 12.

.. predict:: ``u`` is detached before it is multiplied by ``x``. What will ``x.grad`` hold?
   :program: next
   :answer: x.grad

   ``d`` has the value of ``u``, but no history. For autograd it is the constant 6, and the slope of :math:`6x` is 6.

   - ``12``: That would be right if both paths to ``x`` were recorded. What does ``detach()`` leave behind?
   - ``18``: That is the value of ``J``. How fast does it change with ``x``, if ``d`` does not?
   - ``2``: The path from ``u`` to ``x`` has the factor 2. Does anything arrive at ``u``?
   - ``None``: ``x`` is used twice. Is it still used where nothing was detached?
"""

import torch

x = torch.tensor([3.0], requires_grad=True)

u = 2 * x
d = u.detach()
J = d * x

J.backward()
print(f"{J.item() = }, {x.grad = }")
# sphinx_gallery_graph = "J; view: written"

# %%
# One path instead of two
# -----------------------
# In the picture, ``d`` is grey: no gradient passes through it, and nothing arrives at ``u``. The value of ``J`` is the same as
# without ``detach()``; only the gradient differs. Compare the same program, recorded as a whole:

x.grad = None
u = 2 * x
K = u * x
K.backward()
print(f"{K.item() = }, {x.grad = }")
# sphinx_gallery_graph = "K; view: written"

# %%
# One path goes through ``u`` and brings 3 · 2 = 6, the other leads straight to ``x`` and brings 6, too.
#
# For one tensor: detach
# ----------------------
# :py:meth:`~torch.Tensor.detach` gives you a tensor that shares the memory of the first, and requires no gradient. Use it to treat a
# value as constant in a larger calculation, or to take it out for a plot. Since the memory is shared, a change to one is a
# change to the other:

x = torch.tensor([3.0], requires_grad=True)
d = x.detach()
print(f"{d.requires_grad = }, {d.data_ptr() == x.data_ptr() = }")

d.add_(1)
print(f"{x.item() = }")

# %%
# If you want to change the values without touching the first, write ``x.detach().clone()``, which has memory of its own.
# ``clone()`` alone does not stop recording: it is an operation, with a node and a gradient.
#
# For a few lines: ``no_grad``
# ----------------------------
# While :py:class:`torch.no_grad` is on, operations are carried out and not recorded. Use it to evaluate a model, or to change
# weights by hand. A function that should never record gets ``@torch.no_grad()`` above its ``def``. Here are a few lines:

x = torch.tensor([3.0], requires_grad=True)
with torch.no_grad():
    u = 2 * x
    s = x.view(1)
print(f"{u.requires_grad = }, {u.grad_fn = }")
print(f"{s.requires_grad = }, {s.grad_fn = }")

# %%
# The last line holds a trap. A :term:`view` of ``x`` that is made under ``no_grad`` says that it requires a gradient: a view
# takes that from its base. Nothing was recorded, and nothing comes back through it. So to see whether a result was recorded, look at
# its ``grad_fn``.
#
# For numbers that never go into a graph: ``inference_mode``
# ----------------------------------------------------------
# :py:class:`torch.inference_mode` saves some more work than ``no_grad``: its tensors do not even count their changes (see below).
# The price is that they cannot be saved for a backward pass later:

with torch.inference_mode():
    r = 2 * x
try:
    r * x
except RuntimeError as error:
    print(error)

# %%
# If you meet this message, the result did go into a graph after all. Use ``no_grad`` instead, or ``r.clone()``.
#
# For a layer: ``requires_grad_(False)``
# --------------------------------------
# To train some layers and leave others as they are, tell the parameters of the others to require no gradient. That freezes the
# leaf, and nothing else. Here ``w2`` is frozen, and ``w1`` comes before it:

w1 = torch.tensor([3.0], requires_grad=True)
w2 = torch.tensor([5.0], requires_grad=True)
w2.requires_grad_(False)
h = 2 * w1
y = w2 * h
y.backward()
print(f"{w1.grad = }, {w2.grad = }")
# sphinx_gallery_graph = "y; view: written"

# %%
# The gradient passes ``w2`` by, on to ``h`` and ``w1``. The value of ``w2`` is needed for that: 5 is the local derivative, and
# 5 · 2 = 10. Under ``no_grad``, ``y`` would have no graph at all, and ``w1`` would learn nothing.
#
# Why not data?
# -------------
# Older code writes ``x.data`` for ``x.detach()``. Both share memory with ``x``. The difference shows when the values are changed
# in place, after a node has saved them. ``x * x`` saves ``x``, which is 3, and its slope is 6. Then the 3 is overwritten with 4:

x = torch.tensor([3.0], requires_grad=True)
y = x * x
x.detach().add_(1)
try:
    y.backward()
except RuntimeError as error:
    print(error)

x = torch.tensor([3.0], requires_grad=True)
y = x * x
x.data.add_(1)
y.backward()
print(f"{x.grad = }")

# %%
# A tensor has a :term:`version counter`, which each in-place operation raises. (A tensor of ``inference_mode`` has none.) ``x.detach()``
# shares it with ``x``, so the node notices the change and refuses. ``x.data`` has a counter of its own. The change goes unnoticed, and 8 is wrong. There is
# no need for ``data`` in new code.
#
# Which one to use
# ----------------
# - Evaluate a model: ``model.eval()`` and ``with torch.no_grad():``.
# - The same, if no result will go into a graph: ``model.eval()`` and ``with torch.inference_mode():``.
# - Treat a value as a constant, or plot it: ``x.detach()``.
# - Make a copy to change: ``x.detach().clone()``.
# - Change weights by hand: ``with torch.no_grad():``.
# - Freeze a layer: ``layer.requires_grad_(False)``.
#
# Check
# -----
# By hand: with ``u`` as a constant, the slope is :math:`u = 2x`; with both paths, :math:`4x`. And a nudge agrees with the second one
# only, since a number that changes is no constant, whatever autograd is told.


def formula(x):
    return (2 * x) * x


slope = (formula(3.001) - formula(2.999)) / 0.002
print(f"{slope = :.3f}")

x = torch.tensor([3.0], requires_grad=True)
(one,) = torch.autograd.grad((2 * x).detach() * x, x)
(both,) = torch.autograd.grad((2 * x) * x, x)
print(f"{one.item() = }, {both.item() = }")
assert one.item() == 2 * 3 and both.item() == 4 * 3
assert abs(slope - both.item()) < 1e-6
assert w1.grad.item() == 5 * 2 and w2.grad is None

# %%
# What people get wrong
# ---------------------
# ``eval()`` *and* ``no_grad`` *do the same.* They have nothing to do with each other. ``eval()`` tells the layers of a model to behave
# as they should in use: dropout lets everything pass, and batch normalization uses the averages that it has collected.
# Recording goes on. And ``no_grad`` tells the layers nothing. (Here dropout drops every number, with a probability of 1, so
# that nothing depends on chance.)

dropout = torch.nn.Dropout(1.0)
x = torch.ones(2, requires_grad=True)
print(f"{dropout.eval()(2 * x) = }")
with torch.no_grad():
    print(f"{dropout.train()(2 * x) = }")

# %%
# *The result has a* ``grad_fn``, *so* ``no_grad`` *around a part of it did no harm.* That part is cut out of the graph, without an
# error:

x = torch.tensor([3.0], requires_grad=True)
with torch.no_grad():
    u = 2 * x
J = u * x
J.backward()
print(f"{J.grad_fn.name() = }, {x.grad = }")

# %%
# .. fold:: Further misconceptions
#
#    ``no_grad`` *switches* ``requires_grad`` *off.* A tensor that you make under ``no_grad`` with ``requires_grad=True`` is a leaf
#    that requires a gradient. What is off is the recording of operations.
#
#    *Detaching saves the memory of a tensor.* The memory is shared. What can be freed is the graph behind it, if nothing else
#    refers to that.
#
# In short
# --------
# ``detach()`` gives you the value of one tensor without its history, ``no_grad`` leaves a few lines unrecorded,
# ``inference_mode`` does so for numbers that will never go into a graph, and
# ``requires_grad_(False)`` freezes a leaf and lets gradients pass it by. ``eval()`` and ``clone()`` do not stop recording. Whatever was
# not recorded is a constant in the backward pass.
#
# Exercises
# ---------
# .. derive:: The factor in parentheses is detached. Type a formula for ``x.grad``.
#    :answer: x**2
#    :names: x
#    :gives: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0, -2.0, 0.5], requires_grad=True)
#       J = x * (x * x).detach()
#       J.sum().backward()
#
#    What is detached is a constant, with the value :math:`x^2`. The slope of a constant times ``x`` is the constant.
#
#    - ``3 * x**2``: That is the slope of the formula. Which of its paths were recorded?
#    - ``2 * x``: Does any gradient pass through the product in the parentheses?
#    - ``2 * x**2``: That belongs to the path that was cut. What does the other one bring?
#
# .. predict:: What does ``x.grad`` hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([4.0], requires_grad=True)
#       y = x.clone()
#       z = y * x
#       z.backward()
#
#    ``clone`` is recorded, and sends back what it gets. Each of the two paths brings 4.
#
#    - ``4``: That would be right for ``detach``. Which ``grad_fn`` does ``y`` have?
#    - ``16``: That is the value of ``z``. What comes back along each of the two paths to ``x``?
#
# .. find:: The second part of the loss should keep ``w`` small, but it has no influence on the gradient. Which line has to be
#    written differently?
#    :answer: line 5
#    :holds: w.grad.item() == 2 * (3 - 1) + 2 * 0.5 * 3
#    :instead: size = w * w
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([3.0], requires_grad=True)
#       fit = (w - 1) ** 2
#       size = w.data**2
#       penalty = 0.5 * size
#       loss = fit + penalty
#       loss.backward()
#
#    ``w.data`` has the value of ``w`` and no history, so ``size`` is a constant for autograd. The loss has the right value; only the
#    gradient lacks a part.
#
#    - ``line 4``: Its gradient is 2 · (3 − 1), and it does arrive. Which part is missing?
#    - ``line 6``: A factor is no obstacle. Has ``size`` a ``grad_fn``?
#    - ``line 8``: It goes through all that was recorded. What was not?
#
# .. write:: Rounding has the slope 0 almost everywhere, so nothing before it learns. Write ``rounded(x)``, which has the value
#    ``torch.round(x)``, but sends back what arrives, as if it were ``x``. ``detach`` is all that you need.
#    :file: rounding_that_learns
#    :fails: AttributeError: 'NoneType' object has no attribute 'tolist'
#
#    .. code-block:: python
#
#       import torch
#
#
#       def rounded(x):
#           # <your code>
#           return x + (torch.round(x) - x).detach()
#           # </your code>
#
#
#       x = torch.tensor([0.2, 1.75, -2.5], requires_grad=True)
#       y = rounded(x)
#       assert y.tolist() == [0, 2, -2], y.tolist()
#       assert y.requires_grad, "nothing was recorded"
#       y.backward(gradient=torch.tensor([1.0, 10.0, 100.0]))
#       assert x.grad.tolist() == [1, 10, 100], x.grad.tolist()
#
#    The value is ``x`` plus the difference to the rounded number. For autograd, the difference is a constant, so only ``x`` with the
#    slope 1 is left. This is called a *straight-through estimator*.
#
#    - ``AssertionError: nothing was recorded``: If all is detached, no path is left. Which part should have the slope 1?
#    - ``AssertionError: [0.0, 0.0, 0.0]``: That is what rounding sends back. Through which part should no gradient go?
#    - ``AssertionError: [0.2``: The slope may be right, but the value is that of ``x``. What is missing between the two?
#    - ``AttributeError: 'NoneType' object has no attribute 'tolist'``: Does the function return its result?
#
# Further reading
# ---------------
# PyTorch compares the modes in
# `Locally disabling gradient computation
# <https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disabling-gradient-computation>`__. The estimator of the last
# exercise is studied in
# `Estimating or Propagating Gradients Through Stochastic Neurons <https://arxiv.org/abs/1308.3432>`__ by Bengio and others.
#
# **Next:** when a graph can be used again, and when it is gone, in :doc:`/lessons/2_dynamic_graph/plot_graph_lifetime`. What an
# in-place change does to a graph is the subject of :doc:`/lessons/2_dynamic_graph/plot_in_place`; cuts that nobody asked for
# are in :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`.
