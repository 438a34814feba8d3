r"""
Which tensors keep a gradient?
==============================

The backward pass computes a gradient for every tensor on its way. Afterwards, the ``grad`` of most of them is ``None``. Here
is the rule, on :math:`J = 3(a + bc)` with a constant :math:`c`.

.. predict:: What will ``b.grad``, ``c.grad`` and ``v.grad`` hold? For each, a number or ``None``.
   :program: next
   :answer: (b.grad, c.grad, v.grad)

   ``b`` requires a gradient and gets :math:`3c = 6`. ``c`` does not ask for one. ``v`` is computed, but ``retain_grad()`` asks
   it to keep the 3 that arrives.

   - ``6, 0, 3``: Zero would be a gradient that has arrived. Was one asked for at ``c``?
   - ``6, 9, 3``: The 9 would be right for a ``c`` that asks for its gradient. Does it?
   - ``6, None, None``: A computed tensor usually keeps nothing. Which line is about ``v``?
   - ``2, None, 3``: That is the local derivative of ``b * c``. What has arrived at ``u``?
"""

import torch

a = torch.nn.Parameter(torch.tensor([5.0]))
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0])

u = b * c
v = a + u
v.retain_grad()
J = 3 * v

J.backward()
print(f"{b.grad = }, {c.grad = }, {v.grad = }")
# sphinx_gallery_graph = "J"

# %%
# Arrived is not kept
# -------------------
# In the picture, rounded boxes are leaves that require a gradient: ``a``, a parameter as models have them
# (:py:class:`torch.nn.Parameter`), and ``b``. The constant ``c`` is grey. The others are computed. Play the picture to its
# end: a gradient arrives at ``u``, too. Now ask for it:

print(f"{u.grad = }")
# sphinx_gallery_warns = "UserWarning: The .grad attribute"

# %%
# You get ``None``, and a warning that says what to do. The 3 was needed until 6 had been sent on to ``b``, and was then
# dropped. Keeping it would cost as much memory as ``u`` itself, and a network computes a great many such tensors. What
# training changes are the leaves, so their gradients are kept. For a computed tensor you have to ask, with
# :py:meth:`~torch.Tensor.retain_grad`.
#
# *What PyTorch recorded* shows how: there is one ``AccumulateGrad`` node for ``a`` and one for ``b``. It adds what arrives to
# the ``grad`` of its leaf. No other tensor has such a node.
#
# The table
# ---------
# From here on the warning is switched off, since you know it by now. Two more tensors belong to the table. ``n`` is computed from ``c`` alone, and ``d`` has the number of ``u`` without its history
# (:py:meth:`~torch.Tensor.detach`):

import warnings

warnings.filterwarnings("ignore", message="The .grad attribute")

n = c + 1
d = u.detach()

print("   requires_grad  is_leaf  retains_grad")
for name, t in [("a", a), ("b", b), ("c", c), ("n", n), ("d", d), ("u", u), ("v", v)]:
    print(f"{name}  {t.requires_grad!s:13}  {t.is_leaf!s:7}  {t.retains_grad}")

# %%
# - ``a`` and ``b`` are :term:`leaf tensors <leaf tensor>` that require a gradient, and they keep it.
# - ``c``, ``n`` and ``d`` require none. They are called leaves by convention, even ``n`` and ``d``, which were computed. So
#   ``is_leaf`` alone does not promise a gradient.
# - ``u`` and ``v`` came from a recorded operation and are not leaves. Of these, only ``v`` was asked to keep what arrives.
#
# The rule in one line: a tensor that ``backward()`` reaches keeps its gradient if ``requires_grad and (is_leaf or
# retains_grad)``. Mind the spelling: ``retain_grad()`` asks, ``retains_grad`` tells whether a computed tensor was asked.
#
# How a leaf gets lost
# --------------------
# You ask for a gradient too early, and then compute on:

w = torch.ones(2, requires_grad=True) * 0.1
print(f"{w.is_leaf = }, {w.requires_grad = }")
try:
    torch.optim.SGD([w], lr=0.1)
except ValueError as error:
    print(error)

# %%
# The product is recorded, so ``w`` is its result. The leaf is the tensor of ones, which has no name any more. Its gradient
# arrives, and nobody can read it. Compute first and ask for the gradient last, with
# :py:meth:`~torch.Tensor.requires_grad_`. Its underscore says that it changes the tensor itself instead of making another:

w = (torch.ones(2) * 0.1).requires_grad_()
print(f"{w.is_leaf = }, {w.requires_grad = }")

# %%
# The same happens with :py:meth:`~torch.Tensor.to`, if it changes the type or the device. If there is nothing to change,
# it gives back the very tensor that it got. So the same line may work on your computer and lose the leaf on one with a GPU:

x = torch.ones(2, requires_grad=True)
print(f"{x.to(torch.float32) is x = }, {x.to(torch.float32).is_leaf = }")
print(f"{x.to(torch.float64) is x = }, {x.to(torch.float64).is_leaf = }")

# %%
# Check
# -----
# The gradients by hand, and the rule for each of the seven.

print(f"{a.grad.item() = }, {b.grad.item() = }, {3 * c.item() = }")
assert a.grad.item() == v.grad.item() == 3
assert b.grad.item() == 3 * c.item()
for t in [a, b, c, n, d, u, v]:
    assert (t.requires_grad and (t.is_leaf or t.retains_grad)) == (t.grad is not None)

# %%
# What people get wrong
# ---------------------
# *To update a parameter, write* ``w = w - lr * w.grad``. This makes a new tensor and gives it the old name. The first step
# looks right. In the second, ``w`` is not a leaf, and there is no gradient to multiply by ``lr``:

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
# The picture shows the graph of the second loss. It begins at the first ``w`` and goes through the update, so the gradient
# travels all the way back to a tensor that you no longer have a name for. There the 2 is added to the 4 of the first step. With each step the graph would become longer.
# Instead, change the numbers of the leaf in place. Turn recording off meanwhile (:py:class:`torch.no_grad`), since the update
# is not part of the loss. The optimizers in :py:mod:`torch.optim` do the same:

w = torch.tensor([2.0], requires_grad=True)
for step in range(2):
    w.grad = None
    (w * w).backward()
    with torch.no_grad():
        w -= lr * w.grad
    print(f"{step = }, {w.is_leaf = }, {w.grad = }, {w.item() = }")

# %%
# *Call* ``retain_grad()`` *when a gradient is missing.* After ``backward()`` it is too late: the gradient has passed by.
# Then even the warning is gone, since you have asked, and still get ``None``. Call it after the tensor is made and before
# ``backward()``. (On a leaf that requires a gradient, it has no effect.)

u.retain_grad()
print(f"{u.retains_grad = }, {u.grad = }")

# %%
# .. fold:: Further misconceptions
#
#    *A parameter is a special kind of tensor for autograd.* It is a leaf that requires a gradient, like ``b``. What is special
#    about it is that a module finds it and can hand it to an optimizer:
#    :doc:`/lessons/3_learning/plot_modules`.
#
#    ``reshape`` *and* ``view`` *keep a leaf a leaf.* They are operations and are recorded, even if the shape stays the same.
#
# In short
# --------
# A tensor keeps the gradient that arrives if it requires one and is a leaf, that is, not the result of a recorded operation.
# A computed tensor keeps it only if you called ``retain_grad()`` before ``backward()``. If a weight has no ``grad``, first
# check whether it is still the leaf that you made.
#
# Exercises
# ---------
# .. find:: One leaf in this picture has ``grad`` ``None`` after ``backward()``. Point at it.
#    :answer: k
#    :graph: J; view: written; backward: no
#    :holds: k.is_leaf and k.grad is None and x.grad is not None and m.grad is not None
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       k = torch.tensor([4.0])
#       m = torch.nn.Parameter(torch.tensor([3.0]))
#
#       y = x * k
#       z = y + m
#       J = 2 * z
#       J.backward()
#
#    ``k`` was made by you, so it is a leaf, but nobody asked for its gradient. ``y`` and ``z`` have no ``grad`` either, but
#    they are computed.
#
#    - ``x``: Its gradient is 2 · 4. Who asked for it?
#    - ``m``: A parameter is made from a plain tensor. Does it require a gradient?
#    - ``y``: ``y`` keeps nothing, that is right. Is it a leaf?
#    - ``z``: ``z`` keeps nothing, that is right. Which operation made it?
#
# .. predict:: ``first`` keeps hold of the tensor with which ``w`` begins. What does ``first.grad`` hold at the end?
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
#    The first loss sends back 2 · 3 = 6. The second one is computed from the new ``w``, which is 2; it sends 2 · 2 = 4 back to
#    it, and through ``w - 1`` on to ``first``, where both add up.
#
#    - ``6``: That is the first step. Where does the graph of the second loss begin?
#    - ``4``: That is what the second step brings. Was ``grad`` empty when it arrived?
#    - ``None``: ``first`` still names the leaf. It is the new ``w`` that keeps no gradient.
#
# .. find:: ``w`` should get a gradient, but ``w.grad`` is ``None`` after ``backward()``. Which line has to be written
#    differently?
#    :answer: line 4
#    :holds: w.is_leaf and w.grad is not None
#    :instead: w = start.clone().requires_grad_()
#
#    .. code-block:: python
#
#       import torch
#
#       start = torch.tensor([1.0, 2.0, 3.0])
#       w = start.requires_grad_().clone()
#       x = torch.tensor([2.0, 0.0, 1.0])
#       score = (w * x).sum()
#       score.backward()
#
#    ``requires_grad_()`` changes ``start`` and gives it back, so ``start`` is the leaf. ``clone()`` is then recorded, and ``w``
#    is its result. Copy first, and ask for the gradient last.
#
#    - ``line 3``: A plain tensor is a good thing to begin with. What is done with it next?
#    - ``line 5``: The data needs no gradient. Does that take one away from ``w``?
#    - ``line 6``: Sum and product are recorded as they should be. At which tensor does that record end?
#
# .. write:: Write the update of gradient descent by hand, without an optimizer. After 20 steps ``w`` should be close to 3,
#    and it should still be the same leaf.
#    :file: update_by_hand
#    :fails: AssertionError: w = 0.000
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([0.0], requires_grad=True)
#       first = w
#       lr = 0.25
#
#       for step in range(20):
#           loss = (w - 3) ** 2
#           loss.backward()
#           # <your code>
#           with torch.no_grad():
#               w -= lr * w.grad
#           w.grad = None
#           # </your code>
#
#       assert abs(w.item() - 3) < 0.001, f"w = {w.item():.3f}"
#       assert w is first, "w is another tensor"
#       assert w.is_leaf and w.requires_grad
#
#    The numbers change in place, unrecorded, so ``w`` stays the tensor that the next loss is computed from. Then its gradient is
#    removed, since ``backward()`` adds.
#
#    - ``RuntimeError: a leaf Variable that requires grad is being used in an in-place operation``: PyTorch refuses to record
#      this write. Should it be recorded?
#    - ``RuntimeError: element 0 of tensors does not require grad``: Under ``no_grad``, ``w = …`` names a new tensor without a
#      history. How do you change the numbers of the old one?
#    - ``TypeError: unsupported operand``: ``w.grad`` is ``None`` in the second step. Which tensor is ``w`` by then?
#    - ``AssertionError: w is another tensor``: Which assignment gives the name ``w`` to a new tensor?
#    - ``AssertionError: w =``: Print ``w.grad`` in each step. Does it belong to this step alone?
#
# Further reading
# ---------------
# PyTorch's tutorial
# `Understanding requires_grad, retain_grad, Leaf, and Non-leaf Tensors
# <https://docs.pytorch.org/tutorials/beginner/understanding_leaf_vs_nonleaf_tutorial.html>`__ shows the same on a layer with
# weights. Each of the attributes has its own section in :doc:`/tensor`. More ways to lose a gradient are in
# :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`.
#
# **Next:** what each operation does to a gradient that passes through it, in
# :doc:`/lessons/2_dynamic_graph/plot_patterns`.
