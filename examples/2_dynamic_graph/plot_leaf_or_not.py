r"""
Which tensors keep a gradient?
==============================

The backward pass computes a gradient for every tensor on its way. Afterwards, the ``grad`` of most
of them is ``None``. If you know which tensors keep their gradient, and why the others do not, a
``None`` tells you what to look for.

You need :doc:`/lessons/2_dynamic_graph/plot_dynamic_graph`. The page :doc:`/tensor` explains
``requires_grad``, ``is_leaf``, ``grad`` and ``retain_grad`` one by one; here they meet.

The example is :math:`J = 3(a + bc)` again, with two changes: the factor 3 is computed, as
:math:`n = c + 1`, and at the end :math:`d` is added, which is :math:`bc`, detached.

**Predict first.** The program below makes nine tensors. After ``J.backward()``, which of them
hold a gradient in ``grad``?
"""

# %%
# Seven kinds of tensor
# ---------------------
# ``a`` is a parameter, as models have them (:py:class:`torch.nn.Parameter`). ``b`` asks for a
# gradient, ``c`` does not. ``n`` is computed from ``c`` alone, ``u`` from ``b`` and ``c``. ``d``
# has the number of ``u`` without its history (:py:meth:`~torch.Tensor.detach`). ``v`` is computed
# like ``u``, and is asked to keep its gradient (:py:meth:`~torch.Tensor.retain_grad`). ``s`` and
# ``J`` are of the same kind as ``u``.

import torch

a = torch.nn.Parameter(torch.tensor([5.0]))
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0])

n = c + 1
u = b * c
d = u.detach()
v = a + u
s = n * v
J = s + d

v.retain_grad()
J.backward()
# sphinx_gallery_graph = "J"

# %%
# In the picture on the web page, the rounded boxes are the leaves that require a gradient: ``a``
# and ``b``. What is grey requires none. The other boxes, ``u``, ``v``, ``s`` and ``J``, are
# computed. In each of them a number stands after ∇, so a gradient *did* arrive there.
#
# Switch to *What PyTorch recorded*. There is one ``AccumulateGrad`` for ``a`` and one for ``b``.
# This node adds what arrives to the ``grad`` of its leaf. No other tensor has such a node.
#
# The warning
# -----------
# A gradient of 3 has arrived at ``u``. Ask for it:

print(f"{u.grad = }")
# sphinx_gallery_warns = "UserWarning: The .grad attribute"

# %%
# You get ``None``, and a warning that says what to do. The 3 was needed until 6 had been sent on
# to ``b``, and was then dropped. Keeping it would cost as much memory as ``u`` itself, and a
# network computes a great many such tensors. What training changes are the leaves. So their
# gradients are kept, and for a computed tensor you have to ask.
#
# The truth table
# ---------------
# One row for each kind, read from the program that has just run. You know the warning by now, so
# it is switched off.

import warnings

warnings.filterwarnings("ignore", message="The .grad attribute")

tensors = {"a: Parameter": a, "b: requires_grad=True": b, "c: requires_grad=False": c}
tensors |= {"n: c + 1": n, "u: b * c": u, "d: u.detach()": d, "v: v.retain_grad()": v}


def row(t):
    grad = None if t.grad is None else t.grad.item()
    return t.requires_grad, t.is_leaf, t.retains_grad, grad


table = {name: row(t) for name, t in tensors.items()}
print(f"{'':25}requires_grad  is_leaf  retains_grad  grad")
for name, (requires_grad, is_leaf, retains_grad, grad) in table.items():
    print(f"{name:25}{requires_grad!s:15}{is_leaf!s:9}{retains_grad!s:14}{grad}")

# %%
# - ``a`` and ``b`` are :term:`leaf tensors <leaf tensor>` that require a gradient, and keep it. A
#   parameter is such a leaf. What is special about it is that a module finds it, and can hand it
#   to an optimizer.
# - ``c``, ``n`` and ``d`` require no gradient. They are leaves by convention, even ``n`` and ``d``,
#   which were computed. ``is_leaf`` alone does not promise a gradient.
# - ``u`` and ``v`` are not leaves. Of these two, only ``v`` was asked to keep what arrives.
#
# The rule in one line: a tensor that ``backward()`` reaches keeps the gradient in ``grad`` if, at
# that moment, ``requires_grad and (is_leaf or retains_grad)``. Mind the spelling:
# ``retain_grad()`` asks, ``retains_grad`` tells whether a computed tensor was asked.
#
# What people get wrong
# ---------------------
# *Call* ``retain_grad()`` *wherever a gradient is missing.* On a leaf that requires a gradient it
# has no effect. After ``backward()`` it is too late, because the gradient has passed by. Then even
# the warning is gone: you have asked, and still get ``None``.

b.retain_grad()
u.retain_grad()
print(f"{b.retains_grad = }, {b.grad = }")
print(f"{u.retains_grad = }, {u.grad = }")

# %%
# Call it after the tensor is made, and before ``backward()``.
#
# *I made it with* ``requires_grad=True``, *so it is a leaf.* A recorded operation gives another
# tensor, which is not a leaf. Arithmetic is recorded, and so are ``view`` and ``reshape``. So is
# :py:meth:`~torch.Tensor.to`, if it has to change the type or the device. If it has nothing to
# change, it gives back the very tensor that it got. So the same line gives you a leaf or not,
# depending on what comes in. The last column is ``grad`` after ``backward()``:

x = torch.ones(2, requires_grad=True)
results = {
    "x.to(torch.float32)": x.to(torch.float32),
    "x.to(torch.float64)": x.to(torch.float64),
    "x.view(2)": x.view(2),
    "x.reshape(2)": x.reshape(2),
    "x * 0.1": x * 0.1,
}
for name, t in results.items():
    t.sum().backward()
    print(f"{name:21}{t is x = !s:7}{t.is_leaf = !s:7}{t.grad}")

# %%
# If you write ``torch.ones(2, requires_grad=True) * 0.1``, the gradient goes to the tensor of ones,
# which has no name, so you cannot read it. An optimizer refuses such a tensor at once. Compute first,
# and ask for the gradient last, with :py:meth:`~torch.Tensor.requires_grad_`. Its underscore says
# that it changes the tensor itself instead of making another:

try:
    torch.optim.SGD([results["x * 0.1"]])
except ValueError as error:
    print(error)

t = (torch.ones(2) * 0.1).view(2, 1).to(torch.float64).requires_grad_()
print(f"{t.is_leaf = }")

# %%
# *To update a parameter, write* ``w = w - lr * w.grad``. This makes a new tensor and gives it the
# old name. The first step looks right. In the second, ``w`` is not a leaf, and there is no gradient
# to multiply by ``lr``:

lr = 0.25
w = torch.tensor([2.0], requires_grad=True)
try:
    for step in range(2):
        loss = w * w
        loss.backward()
        print(f"{step = }, {w.is_leaf = }, {w.grad = }")
        w = w - lr * w.grad
except TypeError as error:
    print(error)
# sphinx_gallery_graph = "loss; view: written"

# %%
# The picture shows the graph of the second loss. It begins at the first ``w``, which is 2, and goes
# through the update to the second one, which is 1. The gradient travels all the way back to the
# first, and is added to the gradient of the first step: 4 + 2 = 6. You no longer have a name for
# that tensor. With each further step the graph would become longer.
#
# Instead, change the numbers of the leaf in place, so that it stays a leaf. Turn recording off
# meanwhile (:py:class:`torch.no_grad`), since the update is not a part of the loss:

w = torch.tensor([2.0], requires_grad=True)
for step in range(2):
    w.grad = None
    (w * w).backward()
    with torch.no_grad():
        w -= lr * w.grad
    print(f"{step = }, {w.is_leaf = }, {w.grad = }")

# %%
# The optimizers in :py:mod:`torch.optim` do the same: ``step()`` changes the leaves in place, and
# ``zero_grad()`` sets their ``grad`` to ``None``.
#
# Check
# -----
# First each cell is checked, then the rule, which has to agree with each row. The gradients are
# computed by hand. Since ``d`` counts as a constant,
#
# .. math::
#
#    \frac{\partial J}{\partial v} = \frac{\partial J}{\partial a} = n \qquad
#    \frac{\partial J}{\partial b} = n\,c

expected = {
    "a: Parameter": (True, True, False, n.item()),
    "b: requires_grad=True": (True, True, False, n.item() * c.item()),
    "c: requires_grad=False": (False, True, False, None),
    "n: c + 1": (False, True, False, None),
    "u: b * c": (True, False, False, None),
    "d: u.detach()": (False, True, False, None),
    "v: v.retain_grad()": (True, False, True, n.item()),
}
print(f"{n.item() = }, {n.item() * c.item() = }")

assert table == expected
for requires_grad, is_leaf, retains_grad, grad in table.values():
    assert (requires_grad and (is_leaf or retains_grad)) == (grad is not None)

# %%
# Exercises
# ---------
# .. predict:: What does ``y.grad`` hold at the end?
#    :answer: y.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0], requires_grad=True)
#       y = x * x
#       y.retain_grad()
#       z = 5 * y
#       z.backward()
#
#    ``y`` was asked before ``backward()``, so it keeps what arrives: the local derivative of
#    ``5 * y``, which is 5. What happens between ``x`` and ``y`` comes later on the way back.
#
#    - ``None``: That would be so without one of the lines. What does ``y.retain_grad()`` ask for?
#    - ``30``: That is what arrives at ``x``. Stop one operation earlier.
#    - ``6``: That is the derivative of ``x * x``. Does the way back from ``z`` to ``y`` go through
#      that operation?
#
# .. predict:: Of the five tensors, how many are leaves? Answer with a number.
#    :answer: sum(t.is_leaf for t in (x, k, m, y, z))
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       k = torch.tensor([4.0])
#       m = k * k
#       y = x.view(1)
#       z = (m * y).detach()
#
#    ``x`` and ``k`` were made by you, ``m`` was computed from tensors that require no gradient, and
#    ``z`` was detached. Only ``y`` came from a recorded operation: ``view`` is one, too.
#
#    - ``1``: Requiring a gradient is one thing, being a leaf another. What does ``is_leaf`` say
#      of a tensor that requires none?
#    - ``2``: These are the two that you made yourself. Which of the computed tensors require no
#      gradient?
#    - ``5``: A leaf has no ``grad_fn``. Go through ``m``, ``y`` and ``z``: does any of them have
#      one?
#
# .. predict:: ``first`` keeps hold of the tensor with which ``w`` begins. What does ``first.grad``
#    hold at the end?
#    :answer: first.grad
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([3.0], requires_grad=True)
#       first = w
#       for step in range(2):
#           loss = w * w
#           loss.backward()
#           w = w - 1
#
#    The first loss sends back 2 · 3 = 6. The second one is computed from the new ``w``, which is
#    2; it sends 2 · 2 = 4 back to it, and through ``w - 1`` on to ``first``, where both add up.
#
#    - ``6``: That is the first step. Where does the graph of the second loss begin?
#    - ``4``: That is what the second step brings. Was ``grad`` empty when it arrived?
#    - ``None``: ``first`` still names the leaf. It is the new ``w`` that has no gradient.

# %%
# **Next:** the nodes behind the tensors, in :doc:`/lessons/2_dynamic_graph/plot_walk_grad_fn`. More
# ways to lose a gradient are in :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`. Each of the
# attributes has its own section in :doc:`/tensor`.
