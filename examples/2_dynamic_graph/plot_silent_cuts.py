r"""
Where is my gradient lost without an error?
===========================================

A graph can be cut in the middle, and nothing tells you: the value is right, ``backward()`` runs, the loss may even
fall, but some weights never learn. Our example is :math:`J = c\,(a + ab)` at 5, 3 and 2. Its gradients are
:math:`c\,(1 + b) = 8`, :math:`c\,a = 10` and :math:`a + ab = 20`.

.. predict:: ``u`` goes on as ``u.item()``, a Python number. Which gradients do ``a``, ``b`` and ``c`` get now? Three
   answers, each a number or ``None``.
   :program: next
   :answer: (a.grad, b.grad, c.grad)

   The path through ``u`` is cut. ``b`` has no other one, so it gets ``None``. ``a`` still has the direct path to ``v``,
   which brings 2. No path to ``c`` goes through ``u``, so the 20 is right.

   - ``8, 10, 20``: That would be right for the formula. Is 15 as a Python number still connected with ``b``?
   - ``2, 0, 20``: A 0 would have to arrive. On which path could it come to ``b``?
   - ``None, None, 20``: ``b`` has only the path through ``u``. Is ``a`` used anywhere else?
   - ``8, None, 20``: Two paths lead to ``a``. What does each of them bring, and is it still there?
"""

import torch

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

u = a * b
v = a + u.item()
J = c * v

J.backward()
print(f"{J.item() = }")
print(a.grad, b.grad, c.grad)
# sphinx_gallery_graph = "J"

# %%
# One path is cut
# ---------------
# In the picture, 15 looks as if you had typed it: change ``a`` to 6, and it stays 15. A Python number has no history. The
# three inputs fare differently:
#
# - ``c`` gets the right gradient, since no path to ``c`` goes through the cut.
# - ``b`` gets no gradient at all: its only path went through the cut.
# - ``a`` gets 2 instead of 8, since one of its two paths is left. This is the worst of the three: the gradient looks like
#   any other, and it is wrong.
#
# No error was raised, since ``J`` still requires a gradient, through ``a`` and ``c``.
#
# A path that is flat
# -------------------
# Rounding does not cut. It is recorded like any operation, but its slope is 0: move the input a little, and the result
# stays where it is.

a.grad = b.grad = c.grad = None

u = a * b
r = u.round()
v = a + r
J = c * v

J.backward()
print(a.grad, b.grad, c.grad)
# sphinx_gallery_graph = "J; view: written"

# %%
# The path is whole, and what travels back along it is 0. So ``b.grad`` is a zero that has arrived, not ``None``. To an
# optimizer the two differ: it skips a weight whose ``grad`` is ``None``, but it can still move one whose gradient is
# zero, for example by weight decay.
#
# Cut or flat?
# ------------
# You can tell the two apart without looking at the graph. Nudge ``b``, and see whether ``J`` moves. A slope needs only
# values, so a cut cannot make it wrong. ``link`` is the call that stands between ``u`` and ``v``, and
# :py:func:`torch.as_tensor` turns what it gives into a tensor, if it is not one already. (We nudge by 1/32, a power of 2, so that
# nothing is rounded.)


def compute(a, b, c, link):
    return c * (a + torch.as_tensor(link(a * b)))


def above_10(u):
    return u > 10


links = [torch.clone, torch.Tensor.item, torch.Tensor.tolist, torch.Tensor.detach]
links += [torch.Tensor.long, torch.argmax, above_10, torch.round, torch.sign]

unseen = []
print(f"{'':10}{'b.grad':>8}{'slope':>8}")
for link in links:
    a, b, c = (torch.tensor([value], requires_grad=True) for value in [5.0, 3.0, 2.0])
    J = compute(a, b, c, link)
    J.backward()
    slope = (compute(a, b + 1 / 32, c, link) - J).item() * 32
    gradient = None if b.grad is None else b.grad.item()
    print(f"{link.__name__:10}{gradient!s:>8}{slope:8}")
    if (gradient or 0) != slope:
        unseen.append(link.__name__)

# %%
# ``clone`` is there for comparison: it is recorded, and its gradient is right. Below it there are two groups:
#
# - ``item``, ``tolist`` and ``detach``: the slope is 10, so ``J`` does depend on ``b``, and autograd does not know. These
#   are the cuts. ``float(u)``, ``u.detach().numpy()`` and whatever runs under :py:class:`torch.no_grad` belong
#   to this group, too. *What to do:* leave the call out of the calculation. Use it for what you print or plot.
# - From ``long`` on, the slope is 0 as well. The result moves in steps, so no gradient could tell you which way to go.
#   Integers and truth values are not recorded, which leaves ``None``; so do ``int(u)`` and ``bool(u)``. ``round`` and
#   ``sign`` are recorded, and send 0.
#   *What to do:* replace the step by something that changes smoothly, such as ``sigmoid`` for a comparison, or ``softmax``
#   for ``argmax``.
#
# Which calls tell you?
# ---------------------
# Some calls raise an error or warn. ``numpy()`` refuses, and ``backward()`` does if *all* paths are cut:

u = a * b
for call in [u.numpy, (u > 10).backward]:
    try:
        call()
    except RuntimeError as error:
        print(error)

# %%
# ``torch.tensor(u)`` and ``float(u)`` cut, and warn. PyTorch gives the second warning only once in a process, so that you may
# miss it; :py:func:`torch.set_warn_always` lets it come each time. ``item()``, ``int(u)`` and ``bool(u)`` are always silent.

import warnings

torch.set_warn_always(True)
with warnings.catch_warnings(record=True, action="always") as caught:
    torch.tensor(u)
    float(u)
    u.item(), int(u), bool(u)
torch.set_warn_always(False)

for warning in caught:
    print(str(warning.message).split(", ")[0].splitlines()[0])

# %%
# If you build a tensor from others, use :py:func:`torch.stack` or :py:func:`torch.cat`, which keep their graphs, instead of
# ``torch.tensor([u, v])``.
#
# Find the cut
# ------------
# Go through your own names, beginning at the inputs. The cut is at the first tensor that was *computed* from one that
# requires a gradient, and yet is a leaf; or at the first thing that is no tensor at all. Here it is ``p``, although
# ``requires_grad`` says ``True`` for all three:

u = a * b
p = u.detach().requires_grad_()
J = c * (a + p)
print(f"{u.requires_grad = }, {u.is_leaf = }")
print(f"{p.requires_grad = }, {p.is_leaf = }")
print(f"{J.requires_grad = }, {J.is_leaf = }")

# %%
# Or begin at the other end. Call ``backward()`` once, and look for weights whose ``grad`` is ``None``. This finds ``b``. It
# does not find ``a``, which has received a part of its gradient. For that, compare the gradient with a slope, as above.
#
# What people get wrong
# ---------------------
# *If the loss does not require a gradient, set* ``loss.requires_grad = True``. The error goes away, and with it the only hint
# that you had. The loss is now a leaf, the beginning of a new graph, and no weight is in it. The optimizer skips ``w``,
# whose ``grad`` stays ``None``, without a word:

w = torch.tensor([1.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.25)

for step in range(3):
    optimizer.zero_grad()
    loss = torch.tensor((w.item() - 3) ** 2)
    loss.requires_grad = True
    loss.backward()
    optimizer.step()
    print(f"{loss.item() = }, {w.item() = }, {w.grad = }")

# %%
# Repair the line in which the graph was lost, here ``w.item()``. A loss that has a graph requires a gradient already.
#
# *A gradient is there, so nothing is cut.* In the first program ``a`` had a gradient, and it was wrong. As long as one path is
# left, something arrives.
#
# .. fold:: Further misconceptions
#
#    *A cut stops the training.* The weights after the cut still learn, so the loss may fall, only not as far as it could.
#
#    ``detach()`` *is always a mistake.* It is right wherever you mean it: a target that should stay fixed, a state that is
#    carried to the next turn, a number for a plot.
#
#    *Integer division raises when it is computed.* ``u // 2`` is recorded, and only ``backward()`` finds that it has no
#    derivative. ``u.long().requires_grad_()`` raises at once: integers cannot require gradients.
#
# Check
# -----
# A gradient has to be the slope of the values, where ``None`` counts as 0. The calls for which it is not are the cuts, and no
# others:

print(f"{unseen = }")
assert unseen == ["item", "tolist", "detach"]

a, b, c = (torch.tensor([value], requires_grad=True) for value in [5.0, 3.0, 2.0])
compute(a, b, c, torch.clone).backward()
assert [a.grad.item(), b.grad.item(), c.grad.item()] == [2 * (1 + 3), 2 * 5, 5 + 5 * 3]

# %%
# In short
# --------
# Gradients are lost where a number leaves the tensors, as with ``item()``, and comes back as a constant, and where a tensor is
# detached. Inputs with no other path get ``None``; those with another path get a part, which is worse. Where a result
# moves in steps, there was no gradient to lose. A nudge tells the two apart.
#
# Exercises
# ---------
# .. find:: The loss falls, but ``w1`` does not learn. In which line is its gradient lost?
#    :answer: line 9
#    :holds: w1.grad is not None and w1.grad.item() != 0
#    :instead: scaled = h / size
#
#    .. code-block:: python
#
#       import torch
#
#       w1 = torch.tensor(2.0, requires_grad=True)
#       w2 = torch.tensor(3.0, requires_grad=True)
#       x = torch.tensor([1.0, -2.0])
#       h = torch.relu(w1 * x)
#       size = h.detach().max() + 1
#       highest = h.argmax().item()
#       scaled = h.data / size
#       out = w2 * scaled
#       loss = (out[highest] - 5) ** 2
#       loss.backward()
#
#    ``h.data`` has the values of ``h`` and no history. The other two suspicious lines do no harm of this kind: ``size`` is
#    meant as a constant, and ``highest`` only says which element is used.
#
#    - ``line 6``: Where ``w1 * x`` is positive, ``relu`` lets the gradient through. Is one of the two elements positive?
#    - ``line 7``: This treats the size as a constant. Which other path leads from ``h`` to the loss?
#    - ``line 8``: This number only chooses an element. Does the chosen element itself keep its graph?
#    - ``line 11``: An index is recorded like any operation. What does ``out`` depend on?
#
# .. fill:: The path through ``r`` is flat. Fill in the gradients that arrive.
#    :graph: J
#    :blanks: c.grad, v.grad, r.grad, u.grad, a.grad, b.grad
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([2.0], requires_grad=True)
#       b = torch.tensor([1.25], requires_grad=True)
#       c = torch.tensor([3.0], requires_grad=True)
#       u = a * b
#       r = torch.floor(u)
#       v = a + r
#       J = c * v
#       J.backward()
#
#    The product sends 3 to ``v`` and 4 to ``c``. The sum hands the 3 on to ``a`` and to ``r``. ``floor`` multiplies it by its
#    slope, 0, so 0 arrives at ``u`` and at ``b``. What is left for ``a`` is the 3 of the direct path.
#
#    - ``r.grad = 0``: The 0 is the slope of ``floor``. On which side of ``floor`` does it take effect?
#    - ``u.grad = 3``: That would be right if ``floor`` handed on what arrives. How far does its result move if you nudge
#      ``u``?
#    - ``a.grad = 6.75``: What arrives at ``u``, and what is that times ``b``?
#
# .. predict:: The path to ``w1`` is cut, the path to ``w2`` is flat. Both weights are 4. Weight decay of 0.5 adds half of a
#       weight to its gradient, and the step is 0.5 times the sum. What are ``w1`` and ``w2`` after the step? Two numbers.
#    :answer: (w1, w2)
#
#    .. code-block:: python
#
#       import torch
#
#       w1 = torch.tensor(4.0, requires_grad=True)
#       w2 = torch.tensor(4.0, requires_grad=True)
#       bias = torch.tensor(0.0, requires_grad=True)
#       optimizer = torch.optim.SGD([w1, w2, bias], lr=0.5, weight_decay=0.5)
#       loss = bias + w1.item() + w2.round()
#       loss.backward()
#       optimizer.step()
#
#    ``w1.grad`` is ``None``, so the optimizer leaves ``w1`` alone. The gradient of ``w2`` is 0, and to that weight decay adds
#    0.5 · 4 = 2. The step is 0.5 · 2 = 1, so ``w2`` becomes 3.
#
#    - ``4, 4``: A gradient of 0 is a gradient. What does weight decay add to it?
#    - ``3, 3``: Has a gradient arrived at ``w1``? What does an optimizer do with ``None``?
#    - ``3, 4``: Which of the two weights has the flat path, and which one the cut?
#
# .. write:: Write ``lost(f, values)``: the positions of the inputs whose gradient is not the slope. The gradients are there;
#       find the slopes by nudging one input at a time by 1/32.
#    :file: find_lost_gradients
#    :fails: NameError: name 'found' is not defined
#
#    .. code-block:: python
#
#       import torch
#
#
#       def lost(f, values):
#           leaves = [torch.tensor(value, requires_grad=True) for value in values]
#           result = f(*leaves)
#           result.backward()
#           gradients = [0.0 if x.grad is None else x.grad.item() for x in leaves]
#           # <your code>
#           found = []
#           for place, gradient in enumerate(gradients):
#               nudged = [torch.tensor(value) for value in values]
#               nudged[place] += 1 / 32
#               slope = (f(*nudged) - result).item() * 32
#               if abs(slope - gradient) > 0.01:
#                   found.append(place)
#           # </your code>
#           return found
#
#
#       def whole(a, b, c):
#           return c * (a + a * b)
#
#
#       def cut(a, b, c):
#           return c * (a + (a * b).item())
#
#
#       assert lost(whole, [5.0, 3.0, 2.0]) == []
#       assert lost(cut, [5.0, 3.0, 2.0]) == [0, 1]
#       assert lost(lambda a, b: a * b.round(), [5.0, 3.0]) == []
#
#    With this function you find partial gradients, too, which no search for ``None`` can find. In real programs, calculate in
#    float64 and nudge to both sides.
#
#    - ``AssertionError``: Does each input move alone, from its own value, while all others stay?
#    - ``RuntimeError: a leaf Variable``: You nudge a leaf that requires a gradient. A slope needs values only.
#    - ``NameError``: The function returns ``found``. Is it there?

# %%
# Further reading
# ---------------
# Which operations are recorded, and which functions have no gradient, is described in PyTorch's `Autograd mechanics
# <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__. What can be sent back through a step after all is studied in
# `Estimating or Propagating Gradients Through Stochastic Neurons <https://arxiv.org/abs/1308.3432>`__ by Bengio and others.
# That a gradient can also become very small on a path that is whole is the subject of
# :doc:`/lessons/3_learning/plot_gradient_flow`.
#
# **Next:** what happens to the graph when you write to a part of a tensor, in :doc:`/lessons/2_dynamic_graph/plot_views`. How to
# stop recording on purpose was shown in :doc:`/lessons/2_dynamic_graph/plot_stop_recording`. The rules of ``grad``, ``is_leaf``
# and ``requires_grad`` are in :doc:`/tensor`.
