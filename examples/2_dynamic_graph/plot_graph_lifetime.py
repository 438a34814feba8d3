r"""
When is the graph gone?
=======================

A loop that needs more memory with every turn, and an error about a second backward pass: the same
two questions are behind both. What does ``backward()`` free, and who holds the rest? Below, ``y`` and
``z`` are both computed from :math:`u = x^3`. At :math:`x = 10`, its slope is :math:`3x^2 = 300`.

.. predict:: ``z.backward()`` is called for the first time here. What does ``x.grad`` hold at the end?
   :program: next
   :answer: x.grad

   Only ``y.backward()`` gets through, and it brings 300. On its way it frees what the node of ``u`` has saved. The
   second call starts at ``z``, but it has to pass the same node, and stops there with an error.

   - ``1800``: That is both gradients, 300 and 5 · 300. What does the second call need on its way to ``x``?
   - ``1500``: That is what ``z`` alone would bring. Which call runs first?
   - ``None``: One of the two calls gets through. Which?
"""

import torch

x = torch.tensor([10.0], requires_grad=True)

u = x**3
y = u + 1
z = 5 * u

y.backward()
try:
    z.backward()
except RuntimeError as error:
    print(error)
print(f"{x.grad = }")
# sphinx_gallery_graph = "y, z; backward: no"

# %%
# What ``backward()`` frees
# -------------------------
# Choose *What PyTorch recorded* above the picture. All :term:`nodes <node>` are still there. But the ``x``
# that ``PowBackward0`` had saved for :math:`3x^2` is struck out: ``y.backward()`` freed it as soon as it
# had used it. (The ``5`` is struck out as well: the node of ``z`` had already done its part when the next one failed.)
#
# ``z.backward()`` is a first call, and yet it fails. It is not calls that are counted. What matters is
# whether each node on the way still has what it saved. An addition saves nothing, so through a graph of
# additions you can go as often as you like.
#
# So there are two things to tell apart: the nodes, and the :term:`saved tensors <saved tensor>` that they
# hold. The saved tensors are what takes up memory.
#
# What holds the graph
# --------------------
# All references in a graph run from the result towards the inputs:
#
# - the name ``y`` holds a tensor, and the tensor holds its node, ``y.grad_fn``;
# - a node holds the nodes in its ``next_functions``, and so on to the leaves;
# - a node holds what it has saved, until that is freed.
#
# Nothing runs the other way: ``x`` does not know that ``y`` was computed from it. So the graph lives as long
# as something refers to its end: the result, or another graph that was built on it. You can watch this.
# :py:class:`weakref.ref` looks at an object without holding it, and gives ``None`` when the object is gone.
# Here ``u * u`` saves ``u``:

import weakref

x = torch.tensor([10.0], requires_grad=True)
u = 2 * x
look = weakref.ref(u)
y = u * u

del u
print(f"{look() is None = }")
del y
print(f"{look() is None = }")

# %%
# Without its name, ``u`` is still held, by the node of ``y``. When ``y`` goes, its node goes, and so does
# everything that this node held. No ``backward()`` was needed. But a backward pass frees it, too, while ``y``
# stays:

u = 2 * x
look = weakref.ref(u)
y = u * u

del u
y.backward()
print(f"{look() is None = }, {y.grad_fn.name() = }")

# %%
# Keep more on purpose
# --------------------
# ``retain_graph=True`` tells a backward pass to free nothing. Then both losses of the first program arrive:

x = torch.tensor([10.0], requires_grad=True)
u = x**3
y = u + 1
z = 5 * u

y.backward(retain_graph=True)
z.backward()
print(f"{x.grad = }")

# %%
# ``create_graph=True`` does more: it records the backward pass itself. The gradient then has a graph of its
# own, and can be differentiated again. By hand:
#
# .. math::
#
#    y &= x^3 + 1 = 1001 \\
#    \frac{dy}{dx} &= 3x^2 = 300 \\
#    \frac{d^2y}{dx^2} &= 6x = 60
#
# We use :py:func:`torch.autograd.grad`, which returns the gradient and leaves ``x.grad`` alone:

from torch.autograd import grad

y = x**3 + 1
(slope,) = grad(y, x, create_graph=True)
(curvature,) = grad(slope, x)

print(f"{slope = }")
print(f"{curvature = }")
# sphinx_gallery_graph = "slope; view: recorded"

# %%
# This is the graph of ``slope``, recorded while the first backward pass ran, with what came back along it for
# ``curvature``. Its ``PowBackward0`` belongs to :math:`x^2`, with the slope :math:`2x = 20`. ``MulBackward1`` is
# the multiplication by 3, and ``MulBackward0`` that by 1, the gradient with which the first pass began. Their
# product is :math:`1 \cdot 3 \cdot 20 = 60`. (``x.grad`` is still the 1800 from above: ``grad()`` returns the 60 and does not
# add it.)
#
# ``create_graph=True`` frees nothing either, since the new graph needs the old one.
#
# What people get wrong
# ---------------------
# *A sum of losses is a number.* It is a tensor, and its graph leads to the graphs of all losses in it:

w = torch.tensor([5.0], requires_grad=True)
total = torch.tensor([0.0])
for target in [1.0, 2.0, 3.0]:
    loss = (w - target) ** 2
    loss.backward()
    total = total + loss

print(f"{total.item() = }, {total.grad_fn.name() = }")
# sphinx_gallery_graph = "total; view: recorded; backward: no"

# %%
# Each turn has freed what it had saved, and its nodes are all still there. After a million turns there would be
# millions of them. Without the ``backward()``, as in validation, the saved tensors would pile up as well. Add up
# ``loss.item()``, which is a Python number, or ``loss.detach()``. And where you need no gradients, compute under
# :py:class:`torch.no_grad`. Then the sum holds nothing:

total = 0.0
for target in [1.0, 2.0, 3.0]:
    loss = (w - target) ** 2
    total += loss.item()

print(f"{total = }")

# %%
# ``retain_graph=True`` *is the cure for the error message.* It is if you meant to go through the same graph
# twice. Usually you did not. The typical case is a state ``h`` that each turn inherits from the one before, so
# that each backward pass runs into all earlier turns. Cut it where the turn begins:

w = torch.tensor([2.0], requires_grad=True)
h = torch.tensor([1.0])
for turn in range(3):
    h = w * h.detach()
    w.grad = None
    h.backward()
    print(f"{h.item() = }, {w.grad.item() = }")

# %%
# The gradient of a turn is now that of its own ``w`` alone; the state is a constant. Without ``detach()``, the
# second turn raises the error from above. ``retain_graph=True`` silences it, but then the graph gets longer with each
# turn, and as soon as an optimizer changes ``w`` in place, even that fails
# (:doc:`/lessons/2_dynamic_graph/plot_in_place`). If you want the gradient through all turns, add up their losses,
# and call ``backward()`` once.
#
# .. fold:: Further misconceptions
#
#    *Two losses with a common part need* ``retain_graph=True``. Only if you need them one by one. Otherwise add them:
#    one backward pass serves both.
#
#    *Each turn must end with* ``del loss``. When the name ``loss`` is given to the next loss, the graph of the one
#    before is gone, unless another name, such as that of the output, still holds a part of it.
#    Only while the next loss is computed do both exist. If memory is short at that moment,
#    ``del loss`` helps.
#
#    ``backward(create_graph=True)`` *is the same as* ``torch.autograd.grad(…, create_graph=True)``. It puts the
#    gradient, with its graph, into ``x.grad``. This graph leads back to ``x``, so the two hold each other in memory.
#    PyTorch warns about it.
#
# Check
# -----
# By hand, the two losses of the first program have the gradient :math:`(1 + 5) \cdot 300 = 1800` together. One pass
# from their sum has to give what the two passes gave one after the other. And the curvature has to be the slope of
# the slope: nudge ``x`` to both sides.

u = x**3
y = u + 1
z = 5 * u
(one_pass,) = grad(y + z, x)

nudged = (3 * 10.001**2 - 3 * 9.999**2) / 0.002
print(f"{one_pass = }, {nudged = :.4f}")

assert one_pass.item() == (1 + 5) * 300
assert slope.item() == 3 * 10**2
assert abs(curvature.item() - nudged) < 1e-6

# %%
# In short
# --------
# The nodes of a graph live as long as something refers to its end: a result, a sum that it went into, a state. What the
# nodes have saved lives until a backward pass has used it. Only ``retain_graph=True`` and ``create_graph=True`` keep
# it longer.
#
# Exercises
# ---------
# .. predict:: How many of the three backward passes end without an error?
#    :answer: done
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       u = x**3
#       done = 0
#       try:
#           (u + 1).backward(retain_graph=True)
#           done += 1
#           (u + 2).backward()
#           done += 1
#           (u + 3).backward()
#           done += 1
#       except RuntimeError:
#           pass
#
#    The first pass frees nothing, so the second finds what the node of ``u`` has saved. It frees it, and the third
#    stops there. What counts is the last pass that came through the node.
#
#    - ``3``: Each call begins at a sum of its own. What do all three need on their way?
#    - ``1``: The first call retains. What does the second one find?
#
# .. derive:: A penalty on a slope is used to keep a model smooth. Here the slope of :math:`x^3` is squared. Type a
#    formula for ``x.grad``.
#    :answer: 36 * x**3
#    :names: x
#    :gives: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0, -1.0, 0.5], requires_grad=True)
#       y = x**3
#       (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
#       penalty = slope**2
#       penalty.sum().backward()
#
#    The slope is :math:`3x^2`, and the penalty :math:`9x^4`. Its derivative is :math:`36x^3`, or, step by step:
#    :math:`2 \cdot 3x^2` from the square, times :math:`6x` from the slope. Without ``create_graph=True``, ``slope``
#    would have no graph.
#
#    - ``9 * x**4``: That is the penalty. What does ``backward()`` compute from it?
#    - ``6 * x``: That is the derivative of the slope. What comes after the slope?
#    - ``6 * x**2``: That is what the square sends back. Does ``slope`` depend on ``x``?
#    - ``3 * x**2``: That is the slope. Where does ``torch.autograd.grad`` put it, and where does ``backward()`` start?
#
# .. find:: This training loop needs a little more memory in each turn. Which line has to be written differently?
#    :answer: line 9
#    :holds: not any(torch.is_tensor(value) and value.grad_fn for value in history)
#    :instead: history.append(loss.item())
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([5.0], requires_grad=True)
#       history = []
#       for target in [1.0, 2.0, 3.0]:
#           w.grad = None
#           loss = (w - target) ** 2
#           loss.backward()
#           history.append(loss)
#           with torch.no_grad():
#               w -= 0.25 * w.grad
#
#    The list holds each loss, and each loss holds its graph. ``loss.item()`` is all that a curve needs.
#
#    - ``line 7``: This graph is new in each turn. What would have to happen for it to go when the turn is over?
#    - ``line 8``: It frees what the nodes have saved. Who holds the nodes?
#    - ``line 11``: Is this line recorded?
#
# .. write:: Write ``derivatives(f, x)``, which returns the first and the second derivative of ``f`` at ``x`` as two
#    numbers. Below, Newton's method uses it to find a minimum.
#    :file: second_derivative
#    :fails: TypeError: cannot unpack non-iterable NoneType object
#
#    .. code-block:: python
#
#       import math
#
#       import torch
#
#
#       def derivatives(f, x):
#           # <your code>
#           (first,) = torch.autograd.grad(f(x), x, create_graph=True)
#           (second,) = torch.autograd.grad(first, x)
#           return first.item(), second.item()
#           # </your code>
#
#
#       def valley(x):
#           return torch.exp(x) - 2 * x
#
#
#       x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
#       for step in range(6):
#           first, second = derivatives(valley, x)
#           x = (x - first / second).detach().requires_grad_()
#
#       assert abs(x.item() - math.log(2)) < 1e-9, x
#       first, second = derivatives(torch.sin, x)
#       assert abs(second + math.sin(x.item())) < 1e-9, second
#       assert x.grad is None, "x.grad should stay as it is"
#
#    The first derivative needs a graph, so that it can be differentiated: ``create_graph=True``. The second one does
#    not. Newton's method goes from ``x`` to the place where the slope would be 0 if the curvature stayed the same.
#
#    - ``RuntimeError: element 0 of tensors``: The first derivative has no graph. Which option records a backward pass?
#    - ``AssertionError: x.grad``: Which function returns gradients, and does not add them to ``x.grad``?
#    - ``AttributeError``: ``torch.autograd.grad`` returns a tuple, even for a single tensor.

# %%
# Further reading
# ---------------
# PyTorch's documentation says more on what is saved, and on what lets it go, in
# `Autograd mechanics <https://docs.pytorch.org/docs/stable/notes/autograd.html#saved-tensors>`__, and lists the usual
# reasons for a growing memory in its
# `frequently asked questions <https://docs.pytorch.org/docs/stable/notes/faq.html>`__. A penalty on a slope is used in
# `Improved Training of Wasserstein GANs <https://arxiv.org/abs/1704.00028>`__ by Gulrajani and others.
#
# **Next:** why the changed weight raised an error, in :doc:`/lessons/2_dynamic_graph/plot_in_place`. How not to record
# in the first place was shown in :doc:`/lessons/2_dynamic_graph/plot_stop_recording`. The attributes of a tensor are
# explained in :doc:`/tensor`.
