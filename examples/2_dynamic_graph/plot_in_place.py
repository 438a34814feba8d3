r"""
Why does ``+=`` break backward?
===============================

An :term:`in-place operation` writes over numbers that the backward pass may still need. Our example is
:math:`y = u^2` with :math:`u = x - 1`, at :math:`x = 4`. As a formula, its slope is
:math:`2u = 2 \cdot 3 = 6`. But before the backward pass, 1 is added to ``u``.

.. predict:: What does ``x.grad`` hold at the end? A number, or ``None``.
   :program: next
   :answer: x.grad

   ``y`` was computed from 3, and the slope needs that 3. It has been overwritten, so PyTorch raises an error, and no
   gradient arrives: ``None``.

   - ``6``: For that, the 3 is needed. Where is it when ``backward()`` runs?
   - ``8``: That is the slope at 4. Was ``y`` computed from 4?
   - ``9``: That is the value of ``y``. What does ``grad`` stand for?
"""

import torch

x = torch.tensor([4.0], requires_grad=True)

u = x - 1
y = u * u
u += 1

try:
    y.backward()
except RuntimeError as error:
    print(error)
print(f"{y.item() = }, {x.grad = }")
# sphinx_gallery_graph = "y, u; backward: no; view: written"

# %%
# Why it raises
# -------------
# In the picture, ``u += 1`` is an operation like any other, and its result is a second box, ``u′``. It shows both
# values, 3 and 4. Memory has room for only one of them: the 4 was written over the 3.
#
# The node of ``y`` needs ``u`` for its slope, :math:`2u`. It has not saved a copy, which would cost memory; it refers to
# the same numbers. If it now read the 4, it would send back 8, and nobody would notice. So each tensor has a
# :term:`version counter`, which every in-place operation raises. (The tensors of ``inference_mode`` have none.) A node
# notes the version when it saves a tensor, and compares when it needs it:

u = x - 1
y = u * u
print(f"{u._version = }")
u += 1
print(f"{u._version = }")

# %%
# (The underscore says that ``_version`` is there to be looked at only.)
#
# Now read the message from its middle. A tensor *is at version 1*, and *version 0* was *expected*: it was saved at version
# 0, and has been changed since. It *is output 0 of Add*: that is the last operation recorded for it, here ``u += 1``, the
# write that did it.
#
# What was saved decides
# ----------------------
# Whether a write does harm depends on what the operation before it has saved. The slope of :math:`u + u` is 2, whatever
# ``u`` is. So an addition saves nothing, and the same write is harmless:

u = x - 1
y = u + u
u += 1
y.backward()
print(f"{x.grad = }")

# %%
# The slope of :math:`e^u` is :math:`e^u`, which is the result. So ``exp`` saves its result. A write to its *input* would be
# harmless, and a write to the result is not. This time the message names ``Exp``, the operation that saved: a node that has saved
# its own result names itself.

u = x - 1
y = torch.exp(u)
y += 1
try:
    y.backward()
except RuntimeError as error:
    print(error)

# %%
# Three groups cover most of what you will meet:
#
# - ``exp``, ``sqrt``, ``sigmoid``, ``tanh`` and ``relu`` save their *result*. So do not write to the result.
# - ``sin``, ``log``, ``square`` and a power save their *input*; a product of two tensors that require gradients saves both.
#   So do not write to the input.
# - A sum, a difference and a change of sign save nothing.
#
# You need not know them by heart: PyTorch raises where it must. The test at the end runs each of them.
#
# Ways out
# --------
# Give the new number a place of its own. ``u = u + 1`` makes a new tensor and leaves the 3 where it is:

x.grad = None
u = x - 1
y = u * u
u = u + 1
y.backward()
print(f"{x.grad = }")

# %%
# Or let the node save a copy, if ``u`` itself has to change:

x.grad = None
u = x - 1
kept = u.clone()
y = kept * kept
u += 1
y.backward()
print(f"{x.grad = }")
# sphinx_gallery_graph = "y, u; backward: no; view: written"

# %%
# The third way is the order: first ``backward()``, then the write. Training does it like this. A weight is a leaf, and for
# a leaf that requires a gradient there is one more rule: PyTorch refuses to write to it while it records. The weight has
# not been changed when the error comes:

w = torch.tensor([2.0], requires_grad=True)
try:
    w += 1
except RuntimeError as error:
    print(error)
print(f"{w.item() = }")

# %%
# A training step is not part of what you differentiate. So write it under :py:class:`torch.no_grad`, after the backward
# pass:

loss = w * w
loss.backward()
with torch.no_grad():
    w -= 0.25 * w.grad
print(f"{w = }, {w._version = }")

# %%
# ``no_grad`` hides the write from the graph, but not from the version counter. So with two losses or two optimizers, call
# each ``backward()`` that needs the old weights before the first ``optimizer.step()``.
#
# What people get wrong
# ---------------------
# *It raises only if a number that is needed has changed.* PyTorch counts operations. It does not compare numbers, and it
# does not know which elements were written. Below, only ``u[0]`` is used, and 0 is added to ``u[1]``. But both are
# :term:`views <view>` of ``u``, and views share one counter:

u = x - torch.tensor([1.0, 2.0])
y = u[0] * u[0]
u[1] += 0
print(f"{u._version = }")
try:
    y.backward()
except RuntimeError as error:
    print(type(error).__name__)

# %%
# (Here the counter says 2, since ``u[1] += 0`` is two operations for Python: it adds to a view, and then writes the result
# to its place.) So if you fill a tensor piece by piece, and compute each piece from those before it, collect the pieces in a
# list, and join them with :py:func:`torch.stack` at the end.
#
# *The mistake is in the line that the traceback shows.* That line calls ``backward()``, which only found the mistake. It was
# made by two lines of the forward pass: one that saved, and a later one that wrote. Anomaly mode remembers which line made
# each node, and warns with the one that saved. It costs time, so switch it on only while you search. Here we catch the
# warning, and look for the line in it:

import warnings
from contextlib import suppress

u = x - 1
catch = warnings.catch_warnings(record=True, action="always")
with catch as caught, torch.autograd.set_detect_anomaly(True):
    y = u * u
    u += 1
    with suppress(RuntimeError):
        y.backward()

print(f"{'y = u * u' in str(caught[-1].message) = }")

# %%
# Then look for a later write to one of the tensors in this line.
#
# .. fold:: Further misconceptions
#
#    ``u += 1`` *is short for* ``u = u + 1``. The second makes a new tensor and gives the name to it. The first changes the
#    tensor itself, for everything that refers to it. Under ``no_grad``, ``w = w - step`` would leave you with a ``w`` that is
#    no longer the weight.
#
#    *In-place operations save memory.* They save the memory of one result. Often the backward pass needs the old
#    numbers, and then nothing is saved. Use them where you have measured that it helps.
#
# Check
# -----
# Write to the input, and write to the result: in which of the two cases does ``backward()`` raise? The list above says it.


def raises(operation, change):
    x = torch.tensor([0.5], requires_grad=True)
    u = x + 1
    y = operation(u)
    (u if change == "input" else y).add_(1)
    try:
        y.backward()
    except RuntimeError:
        return True
    return False


saves_result = [torch.exp, torch.sqrt, torch.sigmoid, torch.tanh, torch.relu]
saves_input = [torch.sin, torch.log, torch.square]
saves_nothing = [torch.neg]

for operation in saves_result + saves_input + saves_nothing:
    found = [raises(operation, "input"), raises(operation, "result")]
    print(f"{operation.__name__:8} {found}")
    assert found == [operation in saves_input, operation in saves_result]

assert y.item() == 9 and w.item() == 2 - 0.25 * 2 * 2

# %%
# In short
# --------
# A node refers to the numbers that its slope needs; it does not copy them. An in-place operation that overwrites them
# raises the version counter, and the backward pass refuses to compute with the wrong numbers. Write ``u = u + 1``, save a
# copy with ``clone()``, or write after ``backward()``.
#
# Exercises
# ---------
# .. fill:: Is this write harmful? Fill in the values and the gradient that arrives.
#    :graph: y
#    :blanks: u, u′, y, x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0], requires_grad=True)
#       u = x * x
#       u += 1
#       y = 5 * u
#       y.backward()
#
#    ``x * x`` has saved ``x``, and ``u`` is only its result. So the write does no harm. It adds a constant:
#    :math:`y = 5(x^2 + 1) = 50`, with the slope :math:`10x = 30`.
#
#    - ``y = 45``: Which of the two values of ``u`` is there when the last line runs?
#    - ``x.grad = 6``: That is the slope of ``x * x``. What comes after it?
#    - ``x.grad = 15``: ``x`` is used twice. What comes back along each of the two wires?
#
# .. predict:: The result is changed before the backward pass. For how many of the four operations does ``backward()``
#       raise?
#    :answer: errors
#
#    .. code-block:: python
#
#       import torch
#
#       errors = 0
#       for operation in [torch.exp, torch.sin, torch.tanh, torch.neg]:
#           x = torch.tensor([2.0], requires_grad=True)
#           y = operation(x)
#           y += 1
#           try:
#               y.backward()
#           except RuntimeError:
#               errors += 1
#
#    ``exp`` and ``tanh`` have saved their result, since their slopes are :math:`y` and :math:`1 - y^2`. ``sin`` has saved its
#    input, which is untouched, and ``neg``, with the slope −1, has saved nothing.
#
#    - ``4``: Does every slope need the result?
#    - ``3``: For each of the four, write down the slope. Does it contain :math:`y`, only :math:`x`, or neither?
#    - ``0``: What is the slope of :math:`e^x`, and from what is it cheapest to compute?
#
# .. find:: Three lines write in place, and ``backward()`` raises because of one of them. Which one?
#    :answer: line 7
#    :holds: torch.allclose(x.grad, 2 + 10 * torch.exp(2 * (x + 1)))
#    :instead: v = v * 5
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0, -2.0], requires_grad=True)
#       u = x + 1
#       u *= 2
#       v = torch.exp(u)
#       v *= 5
#       u += 3
#       y = v + u
#       y.sum().backward()
#
#    ``exp`` has saved its result, ``v``, and that is multiplied by 5. The two writes to ``u`` are harmless: the sum before
#    the first has saved nothing, and ``exp``, before the second, has not saved its input.
#
#    - ``line 5``: Which operation came before it, and what has that saved?
#    - ``line 8``: By then, ``u`` has gone into ``exp``. Does the slope of :math:`e^u` need ``u``, or something else that
#      is there?
#    - ``line 10``: Here the mistake is found. Where was it made?
#
# .. write:: Write ``running_product(x)``, in which element ``i`` is the product of the elements of ``x`` up to ``i``. Compute
#    each from the one before, without writing in place. ``x`` has at least one element.
#    :file: running_product
#    :fails: AttributeError: 'NoneType' object has no attribute 'tolist'
#
#    .. code-block:: python
#
#       import torch
#
#
#       def running_product(x):
#           # <your code>
#           products = [x[0]]
#           for factor in x[1:]:
#               products.append(products[-1] * factor)
#           return torch.stack(products)
#           # </your code>
#
#
#       x = torch.tensor([2.0, 3.0, 5.0], requires_grad=True)
#       y = running_product(x)
#       assert y.tolist() == [2, 6, 30], y
#
#       y.sum().backward()
#       assert x.grad.tolist() == [1 + 3 + 15, 2 + 10, 6], x.grad
#       assert x.tolist() == [2, 3, 5], "x itself was changed"
#
#    If you write ``y[i] = y[i - 1] * x[i]``, each product saves a view of ``y``, and the next write raises the counter that
#    all views of ``y`` share. In a list, each product is a tensor of its own.
#
#    - ``RuntimeError: one of the variables``: Do you write into a tensor of which a product has saved a part?
#    - ``RuntimeError: a view of a leaf``: You write into ``x``. Where could the products be kept instead?
#    - ``RuntimeError: element 0 of tensors``: ``torch.tensor`` makes a new tensor out of numbers. Which function joins
#      tensors?

# %%
# Further reading
# ---------------
# PyTorch's documentation advises against in-place operations in most cases, and says why, in
# `In-place operations with autograd
# <https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-operations-with-autograd>`__. How anomaly mode is
# switched on is described under :py:class:`torch.autograd.set_detect_anomaly`.
#
# **Next:** gradients that are lost without any error, in :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`. What happens to the
# graph when you write to a part of a tensor is the subject of :doc:`/lessons/2_dynamic_graph/plot_views`. Writes that autograd
# does not notice at all are explained under ``data`` in :doc:`/tensor`.
