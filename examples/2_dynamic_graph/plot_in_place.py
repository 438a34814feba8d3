r"""
Why does ``+=`` break backward?
===============================

An :term:`in-place operation` writes over numbers that the backward pass may still need. PyTorch
notices, and refuses to compute with the wrong ones. Whether it has to refuse depends on one thing:
what each operation has saved.

You need :doc:`/lessons/2_dynamic_graph/plot_graph_lifetime`: what a node saves, and when that is
freed.

**Predict first.** At :math:`x = 4`, compute ``u = x - 1`` and ``y = u * u``. Then write
``u += 1``, and call ``y.backward()``. Is the gradient of ``x`` 6, or 8, or do you get an error?
And what if the second line were ``y = u + u``?
"""

# %%
# The program
# -----------

import torch

x = torch.tensor([4.0], requires_grad=True)
u = x - 1
y = u * u
print(f"{u._version = }")

u += 1
print(f"{u._version = }")
# sphinx_gallery_graph = "y, u; backward: no"

# %%
# In the picture on the web page, ``u += 1`` is an operation like any other. Its result is a second
# box, ``u′``. The picture shows both values, 3 and 4, but memory holds only one: the 4 was written
# over the 3. And ``y`` was computed from the 3.
#
# Why it raises
# -------------
# For a square, the local derivative needs the input:
#
# .. math::
#
#    \frac{\partial y}{\partial u} = 2u = 2 \cdot 3 = 6
#
# The node of ``y`` has saved ``u`` for this: not a copy, which would cost memory, but the tensor
# itself. If it now read the 4, it would send back 8, and nobody would notice. So every tensor has
# a :term:`version counter`, which each in-place write raises by one. ``_version`` shows it: 0 before
# the write, 1 after it. (The underscore says that it is for looking only.) A node notes the version
# when it saves a tensor, and compares when it needs the tensor. In the picture, choose *What PyTorch
# recorded*: what the node of ``y`` has saved is struck out, because it has changed since.

try:
    y.backward()
except RuntimeError as error:
    print(error)

# %%
# Read the message from the middle. The changed tensor is at version 1, and version 0 was saved. It
# is now an output of ``Add``, the last operation that was recorded for it: here ``u += 1``, the write
# that spoiled it. If a node had saved its own result, the message would name that node's operation
# instead.
#
# What was saved decides
# ----------------------
# Other operations save other things: each keeps what it needs for its derivative. The derivative
# of :math:`e^u` is :math:`e^u`, so ``exp`` saves its result. That of :math:`\sin u` is
# :math:`\cos u`, so ``sin`` saves its input. The derivative of ``u + u`` is 2 whatever ``u`` is, so
# ``add`` saves nothing.
#
# The table tries them out at :math:`u = 3`:
#
# - ``saved``: what :py:class:`torch.autograd.graph.saved_tensors_hooks` sees while ``y = operation(u)``
#   runs. Its first function is called for each tensor that is saved, and here puts it into a list.
#   The second belongs to the way back, and is not called.
# - ``slope``: the derivative of the operation, found without autograd. ``u`` is nudged by 0.001 to both
#   sides.
# - ``u += 1`` and ``y += 1``: the gradient of ``x``, if the operation is followed by this write. Since
#   ``u`` is ``x - 1``, it should be equal to the slope. (``add_(1)`` does the same as ``+= 1``.)

operations = {"exp": torch.exp, "relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
operations |= {"sin": torch.sin, "mul": lambda u: u * u, "add": lambda u: u + u}


def saved_by(operation):
    u = x - 1
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(saved.append, lambda tensor: tensor):
        y = operation(u)
    places = [tensor.data_ptr() for tensor in saved]
    return [name for name, t in [("u", u), ("y", y)] if t.data_ptr() in places]


def gradient(operation, changed):
    u = x - 1
    y = operation(u)
    {"u": u, "y": y}[changed].add_(1)
    try:
        return round(torch.autograd.grad(y, x)[0].item(), 4)
    except RuntimeError as error:
        return type(error).__name__


table = {}
print(f"{'operation':12}{'saved':8}{'slope':10}{'u += 1':15}{'y += 1'}")
for name, operation in operations.items():
    saved = saved_by(operation)
    right, left = operation(torch.tensor([3.001, 2.999], dtype=torch.float64)).tolist()
    slope = round((right - left) / 0.002, 4)
    cells = [gradient(operation, changed) for changed in ["u", "y"]]
    print(f"{name:12}{', '.join(saved) or '-':8}{slope:<10}{cells[0]!s:15}{cells[1]}")
    table[name] = saved, slope, cells

# %%
# Each line keeps the rule: an error where the changed tensor had been saved, and otherwise the
# right gradient. ``relu``, ``sigmoid`` and ``tanh`` save their result, like ``exp``, because their
# derivatives can be computed from it: 1 where :math:`y > 0` and otherwise 0, :math:`y(1-y)`, and
# :math:`1-y^2`.
#
# Ways out
# --------
# Give the new number a place of its own. ``u = u + 1`` makes a new tensor, and leaves the 3 where
# it is. Or let the node save a copy, if ``u`` itself has to change:

u = before = x - 1
y = u * u
u = u + 1
y.backward()
print(f"{u is before = }, {x.grad = }")

x.grad = None
u = before = x - 1
kept = u.clone()
y = kept * kept
u += 1
y.backward()
print(f"{u is before = }, {x.grad = }")
# sphinx_gallery_graph = "y, u; view: written; backward: no"

# %%
# The picture shows the second program. ``y`` depends on ``kept``, and the write goes to ``u``.
#
# The third way is the order: first ``backward()``, then the write. Training does it like this. The
# weights are leaves, and for a leaf that requires a gradient there is one more rule. A recorded write
# would make it a result, and a result keeps no gradient. So PyTorch refuses the write at once:

w = torch.tensor([2.0], requires_grad=True)
try:
    w += 1
except RuntimeError as error:
    print(error)

# %%
# A step of training is not part of the calculation that you differentiate. So it is written under
# :py:class:`torch.no_grad`, and after the walk:

(w * w).backward()
with torch.no_grad():
    w -= 0.25 * w.grad
print(f"{w = }")

# %%
# The weight has changed to :math:`2 - 0.25 \cdot 4 = 1`, and it is still a leaf. ``no_grad`` hides
# the write from the graph, but not from the version counter. With two losses or two optimizers, call
# every ``backward()`` that needs the old weights before the first ``optimizer.step()``.
#
# What people get wrong
# ---------------------
# *In-place writes always raise,* or *they never do.* The table shows that neither is true. PyTorch
# counts writes; it does not compare numbers, and it does not know which elements were written. Below,
# ``y`` uses the first element of ``u``, and 0 is added to the second. But ``u[0]`` is a
# :term:`view`, which shows a number of ``u`` without a copy, and shares the version counter of ``u``:

u = x - torch.tensor([1.0, 2.0])
y = u[0] * u[0]
u[1] += 0
try:
    y.backward()
except RuntimeError as error:
    print(type(error).__name__)

# %%
# No number has changed, and yet it raises. So if you fill a tensor piece by piece, and compute each
# piece from the one before, collect the pieces in a list, and put them together with
# :py:func:`torch.stack`. More on views is in :doc:`/lessons/2_dynamic_graph/plot_views`.
#
# ``u += 1`` *is short for* ``u = u + 1``. Look at ``u is before`` above. ``u = u + 1`` makes a new
# tensor and gives the name to it; ``u += 1`` changes the tensor itself, for everything that holds
# it. On a leaf that requires a gradient, ``w += 1`` raises. ``w = w + 1`` does not, but ``w`` is then
# a result, and its ``grad`` stays ``None``.
#
# *The mistake is in the line that the traceback shows.* It shows ``backward()``, where the mistake is
# only found. The cause is two lines of the forward pass: one that saved, and a later one that wrote.
# Anomaly mode, :py:class:`torch.autograd.set_detect_anomaly`, remembers which line made each node,
# and warns with that line. It costs time, so switch it on for the search only. Here we catch the
# warning and look for the line in it:

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
# This is the line that saved. Look for a later write to one of its tensors.
#
# Check
# -----
# Both ways out gave ``x.grad``, and the last one is still there: it must be :math:`2(x - 1) = 6`. And
# in each line of the table there must be an error where the changed tensor was saved, and otherwise
# the slope.

assert x.grad.item() == 2 * (4 - 1)
for saved, slope, cells in table.values():
    assert cells == ["RuntimeError" if changed in saved else slope for changed in ["u", "y"]]

# %%
# Exercises
# ---------
# .. predict:: Does the write matter here? What is ``x.grad`` at the end?
#    :answer: x.grad
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
#    ``x * x`` has saved ``x``, and ``u`` is only its result. So the write spoils nothing, and adds
#    a constant: :math:`y = 5(x^2 + 1)`.
#
#    - ``RuntimeError``: Which tensor was changed, and which has the multiplication ``x * x`` saved?
#    - ``6``: That is the derivative of ``x * x``. What comes after it?
#    - ``50``: That is the value of ``y``.
#
# .. predict:: An optimizer's step at the wrong moment. What is ``found`` at the end: a number,
#              ``None``, or the name of an error?
#    :answer: found
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([2.0], requires_grad=True)
#       loss = w * w
#       with torch.no_grad():
#           w -= 1
#       try:
#           loss.backward()
#           found = w.grad
#       except RuntimeError as error:
#           found = type(error).__name__
#
#    ``w * w`` has saved ``w`` at version 0. The write under ``no_grad`` is not recorded, but it
#    counts: ``w`` is at version 1.
#
#    - ``4``: That is computed from 2, the weight before the step. Is this 2 still in memory?
#    - ``2``: That would be the gradient at the new weight. With which one was the loss computed?
#    - ``None``: ``no_grad`` switches off recording. Was the loss computed under it?
#
# .. predict:: The result is changed between forward and backward. For how many of the four
#              operations does ``backward()`` raise?
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
#    What is written is the result. ``exp`` and ``tanh`` have saved theirs. ``sin`` has saved its
#    input, which is untouched, and ``neg``, with the derivative −1, has saved nothing.
#
#    - ``4``: Is the result of every operation needed to compute its derivative?
#    - ``3``: Which of the four save their result, which their input, and which nothing at all?
#    - ``0``: Look at the derivative of :math:`e^x`. From what is it cheapest to compute?
#
# **Next:** what happens to the graph when you write to a part of a tensor, in
# :doc:`/lessons/2_dynamic_graph/plot_views`. Writes that autograd does not notice at all are shown
# under ``data`` in :doc:`/tensor`.
