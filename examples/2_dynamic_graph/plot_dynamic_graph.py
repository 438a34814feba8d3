r"""
How does PyTorch build the graph for me?
========================================

You never draw the graph, and you never declare it. PyTorch records it while your code runs: each
differentiable operation on a tensor that requires gradients leaves a node behind, unless you turn
recording off. This is the dynamic computation graph.

The example is :math:`J = 3(a + bc)` again, at :math:`a = 5`, :math:`b = 3`, :math:`c = 2`.

**Predict first.** After ``J.backward()``, what are the gradients of ``a``, ``b`` and ``c``? And
which kind of node is recorded for ``u``, ``v`` and ``J``?
"""

# %%
# The program
# -----------

import torch

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

u = b * c
v = a + u
J = 3 * v

J.backward()

print(a.grad)
print(b.grad)
print(c.grad)
print(u.grad_fn)
print(v.grad_fn)
print(J.grad_fn)
# sphinx_gallery_graph = "J"

# %%
# The first three lines are the gradients: 3, 6 and 9, as the chain rule says. The last three
# name the nodes: ``u`` and ``J`` came from a multiplication, ``v`` from an addition. Behind
# each name stands an address in memory, which differs from run to run and says nothing about
# the graph; we show it as ``0x…``.
#
# On the web page, the picture shows the whole graph. *What you wrote* runs from the inputs to the
# result. *What PyTorch recorded* runs the other way: each node leads to the nodes from which its
# inputs came, until an ``AccumulateGrad`` is reached for each leaf. There, a saved tensor that
# ``backward()`` has freed is struck out. Play the picture: the nodes appear while the program runs
# forward, and each frees what it had saved when its turn comes on the way back.
#
# The old form
# ------------
# Older courses and notes wrap each tensor in a ``Variable``. Since PyTorch 0.4 a tensor records
# by itself, and ``Variable(t, requires_grad=True)`` simply gives a ``torch.Tensor`` back, with
# the numbers of ``t``. The old program still runs, and prints the same six lines.

from torch.autograd import Variable

a_old = Variable(torch.Tensor([5]), requires_grad=True)
b_old = Variable(torch.Tensor([3]), requires_grad=True)
c_old = Variable(torch.Tensor([2]), requires_grad=True)

u_old = b_old * c_old
v_old = a_old + u_old
J_old = 3 * v_old

J_old.backward()

print(a_old.grad)
print(b_old.grad)
print(c_old.grad)
print(u_old.grad_fn)
print(v_old.grad_fn)
print(J_old.grad_fn)
print(f"{type(a_old) = }")

# %%
# Write the new form. It says what it means: :py:func:`torch.tensor` makes a tensor from data, and
# ``requires_grad=True`` asks for its gradient.
#
# When is it recorded?
# --------------------
# In the forward pass. Right after a line has run, its node is there, long before any
# ``backward()``. Below, ``x`` flows into the product twice, so two paths lead back to it, with 2
# each, and their gradients add up:

x = torch.tensor([2.0], requires_grad=True)
y = x * x
print(f"{y.grad_fn.name() = }")
print(f"{x.grad = }")

y.backward()
print(f"{x.grad = }")
# sphinx_gallery_graph = "y"

# %%
# What people get wrong
# ---------------------
# *After* ``backward()`` *the graph is gone.* The program above shows that the nodes stay as long
# as ``u``, ``v`` and ``J`` exist: it printed them after ``J.backward()``. What ``backward()``
# frees is the tensors that the nodes had saved for computing gradients. ``x * x`` had saved
# ``x``, so a second walk fails:

try:
    y.backward()
except RuntimeError as error:
    print(type(error).__name__)
    print(error)

# %%
# An addition needs no values to send gradients back, so it saves none, and a second walk
# through it works. Gradients add up: 1 and 1 make 2.

x = torch.tensor([2.0], requires_grad=True)
z = x + 1

z.backward()
z.backward()
print(f"{x.grad = }")

# %%
# The message above suggests ``retain_graph=True``. Before you follow it, ask whether you really
# wanted to walk the same graph twice. Usually you want a new forward pass, which records a new
# graph.
#
# Check
# -----
# By hand, :math:`\partial J/\partial a = 3`, :math:`\partial J/\partial b = 3c` and
# :math:`\partial J/\partial c = 3b`.

print(f"{3 * c.item() = }")
print(f"{3 * b.item() = }")

assert a.grad.item() == a_old.grad.item() == 3
assert b.grad.item() == b_old.grad.item() == 3 * c.item()
assert c.grad.item() == c_old.grad.item() == 3 * b.item()
assert [t.grad_fn.name() for t in (u, v, J)] == ["MulBackward0", "AddBackward0", "MulBackward0"]

# %%
# Exercises
# ---------
# .. predict:: What do ``z.grad_fn`` and ``x.grad`` hold at the end? Answer with the name of a node
#    or ``None``, and a number or ``None``.
#    :answer: (z.grad_fn and z.grad_fn.name(), x.grad)
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       y = 3 * x
#       z = y + 1
#
#    A node is recorded when its line runs, so the node of the addition is there. The gradient comes
#    only with ``backward()``, which is never called here.
#
#    - ``None, None``: The gradient is not there. Does a node wait for ``backward()`` too?
#    - ``AddBackward0, 3``: 3 is what ``backward()`` would bring. Which line calls it?
#    - ``MulBackward0, None``: A multiplication is in the graph. Is ``z`` its result?
#
# .. predict:: What does ``x.grad`` hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       for _ in range(3):
#           y = x * x
#           y.backward()
#
#    Each round records a graph of its own, walks it once, and brings back 4. The three gradients
#    add up in ``x.grad``.
#
#    - ``RuntimeError``: That comes from walking one graph twice. Which line runs in each round,
#      before ``backward()``?
#    - ``4``: That is what one round brings. What does the next round do with what is already there?
#    - ``6``: It looks as if each round had brought 2. How many paths lead from ``y`` back to ``x``?
#
# .. predict:: Two results share a part of the graph. What does ``x.grad`` hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       y = x * x
#       p = y + 1
#       q = y + 2
#       p.backward()
#       try:
#           q.backward()
#       except RuntimeError:
#           pass
#
#    The first walk goes through the multiplication, brings back 4, and frees what it had saved. The
#    second walk begins with an addition of its own, but then needs the same multiplication, and
#    fails there. To get both gradients, call ``(p + q).backward()`` once.
#
#    - ``8``: That would be both walks. What does the node of ``y`` still hold when the second one
#      arrives?
#    - ``None``: The second walk fails. Does it take away what the first one brought?

# %%
# **Next:** what is recorded if your code branches and loops, in
# :doc:`/lessons/2_dynamic_graph/plot_graph_follows_code`. The seven attributes and methods that tie
# a tensor to the graph are explained in :doc:`/tensor`. Why the gradients are 3, 6 and 9 is derived
# in :doc:`/lessons/1_computation_graph/plot_backward_pass`.
