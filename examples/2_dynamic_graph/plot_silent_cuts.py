r"""
Where does the gradient vanish without an error?
================================================

A graph can be cut in the middle, and nothing tells you: the value is right, ``backward()`` runs,
the loss may even fall, but some weights never learn. Most cuts are one short call, such as
``.item()``. Here you run the usual ones, see what each does to the gradients, and learn how to find
the place.

You need :doc:`/lessons/2_dynamic_graph/plot_dynamic_graph`. How to stop recording on purpose is
the subject of :doc:`/lessons/2_dynamic_graph/plot_stop_recording`.

**Predict first.** The program below runs twice. The second time, ``v = a + u`` is written as
``v = a + u.item()``, and ``J`` is 40 again. Which of the three gradients change, and to what?
"""

# %%
# The whole graph
# ---------------

import torch

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

u = a * b
v = a + u
J = c * v

J.backward()
print(f"{J.item() = }, {a.grad = }, {b.grad = }, {c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# By hand, :math:`J = c\,(a + ab)`, so that
#
# .. math::
#
#    \frac{\partial J}{\partial a} = c\,(1 + b) = 8 \qquad
#    \frac{\partial J}{\partial b} = c\,a = 10 \qquad
#    \frac{\partial J}{\partial c} = a + ab = 20
#
# One path is cut
# ---------------

a, b, c = (torch.tensor([value], requires_grad=True) for value in [5.0, 3.0, 2.0])

u = a * b
v = a + u.item()
J = c * v

J.backward()
print(f"{J.item() = }, {a.grad = }, {b.grad = }, {c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# :py:meth:`~torch.Tensor.item` gives a Python number, and a number has no history. In the picture
# on the web page, 15 stands there as if you had typed it: change ``a`` to 6 below the picture, and
# it stays 15. The three inputs fare differently:
#
# - ``c`` gets the right gradient, since no path to ``c`` goes through the cut.
# - ``b`` gets no gradient, so ``b.grad`` is ``None``: its only path went through the cut.
# - ``a`` gets 2 instead of 8, since only one of its two paths is left. This is the worst of the
#   three: a gradient is there, it looks like any other, and it is wrong.
#
# No error was raised, since ``J`` still requires a gradient, through ``a`` and ``c``.
#
# A path that is flat
# -------------------
# Rounding does not cut. It is recorded like any operation, but its derivative is 0: move the input
# a little, and the result stays where it is.

a, b, c = (torch.tensor([value], requires_grad=True) for value in [5.0, 3.0, 2.0])

u = a * b
v = a + u.round()
J = c * v

J.backward()
print(f"{J.item() = }, {a.grad = }, {b.grad = }, {c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# The path is whole in this picture, and what travels back along it is 0. So ``b.grad`` is a zero
# that has arrived, not ``None``. To an optimizer the two differ: it skips a weight whose ``grad``
# is ``None``, but can still move one whose gradient is zero, for example by weight decay, which
# makes weights a little smaller in each step.
#
# One cut after the other
# -----------------------
# Now other calls take the place of ``u.item()``. Each stands in the first column of a table, and
# ``eval`` runs that text as code. From what it gives, :py:func:`torch.as_tensor` makes a tensor
# ``p``; what is a tensor already is passed on as it is, with its graph.
#
# Beside each gradient stands a slope: one input is nudged by 1/32, and the change of ``J`` is
# divided by 1/32. (With a power of 2, nothing is rounded here.) A slope needs only values, so a cut
# cannot make it wrong.


def compute(a, b, c, call):
    u = a * b
    p = torch.as_tensor(eval(call))
    return c * (a + p)


cuts = ["u.item()", "u.tolist()", "u.detach().numpy()", "u.detach().requires_grad_()"]
steps = ["u.long()", "u > 10", "u.argmax()", "u.round()", "u.sign()"]
table = {}

print(f"{'p':27} {'a.grad':>6} {'slope':>5} {'b.grad':>6} {'slope':>5}")
for call in ["u", *cuts, *steps]:
    a, b, c = (torch.tensor([value], requires_grad=True) for value in [5.0, 3.0, 2.0])
    J = compute(a, b, c, call)
    J.backward()
    slope_a = (compute(a + 1 / 32, b, c, call) - J) * 32
    slope_b = (compute(a, b + 1 / 32, c, call) - J) * 32
    row = [a.grad, slope_a, b.grad, slope_b]
    table[call] = [None if x is None else x.item() for x in row]
    print("{:27} {!s:>6} {!s:>5} {!s:>6} {!s:>5}".format(call, *table[call]))

# %%
# The first row is the whole graph. Below it there are two groups:
#
# - From ``u.item()`` to ``u.detach().requires_grad_()``, the slopes are still 8 and 10: ``J`` does
#   depend on ``b``, and autograd does not know. These are the cuts. *What to do:* leave the call
#   out; use it only for what you print or plot.
# - From ``u.long()`` on, the slope of ``b`` is 0. The result goes in steps, so a little more of
#   ``b`` changes nothing, and no gradient can tell you which way to go. Operations that give
#   integers or truth values are not recorded, which leaves ``None``. ``round`` and ``sign`` give
#   floating-point numbers, are recorded, and send 0. *What to do:* replace the step by something
#   that changes smoothly, such as ``softmax`` for ``argmax``, or ``sigmoid`` for a comparison.
#
# In the row with ``requires_grad_``, a *new* graph begins at ``p``. The gradient arrives in ``p``,
# and goes no further. A function that runs under :py:class:`torch.no_grad` cuts, too:
# :doc:`/lessons/2_dynamic_graph/plot_stop_recording` runs one.
#
# Which calls raise or warn?
# --------------------------
# Some calls tell you. Below you see what each raises or warns of, and the beginning of its message;
# a dash means that it is silent. (The filter turns warnings into errors, so that one ``except``
# catches both.) By default, PyTorch gives the warning about a scalar only once in a process. After
# that, ``float(u)`` and ``torch.tensor([u])`` are silent too. :py:func:`torch.set_warn_always` lets
# it come each time: switch it on while you search.

import warnings

torch.set_warn_always(True)

u = a * b
calls = ["u.item()", "int(u)", "bool(u)", "float(u)", "torch.tensor([u])", "torch.tensor(u)"]
calls += ["u.numpy()", "u.long().requires_grad_()", "(u > 10).backward()", "(u // 2).backward()"]
with warnings.catch_warnings():
    warnings.simplefilter("error")
    for call in calls:
        try:
            eval(call)
            print(f"{call:25} -")
        except (RuntimeError, UserWarning) as error:
            print(f"{call:25} {type(error).__name__}\n    {str(error).splitlines()[0]:.90}")

# %%
# - ``int`` and ``bool`` are as silent as ``item``.
# - ``torch.tensor([u])`` makes a new tensor out of numbers. Use :py:func:`torch.stack`, which puts
#   tensors together and keeps their graphs.
# - If *all* paths are cut, ``backward()`` finds no graph and says so, as for ``u > 10``.
# - ``u // 2`` fails late. It is recorded, and only ``backward()`` finds that it has no derivative.
#
# Find the cut
# ------------
# Go through your own names, from the inputs on. The cut is at the first tensor that was *computed*
# from one that requires a gradient and yet is a leaf, or at the first thing that is no tensor. Here
# it is ``p``, though ``requires_grad`` says ``True`` for all three:

p = u.detach().requires_grad_()
J = c * (a + p)
for name, tensor in {"u": u, "p": p, "J": J}.items():
    print(f"{name}: {tensor.requires_grad = }, {tensor.is_leaf = }")

# %%
# Or start at the other end: run ``backward()`` once, and look for inputs and weights whose ``grad``
# is ``None``. This finds ``b``. It does not find ``a``, which got a part of its gradient. In such a
# case, compare the gradient with a slope, as the table does.
#
# What people get wrong
# ---------------------
# *If the loss does not require grad, set* ``loss.requires_grad = True``. The error goes away, and
# with it the only hint that you had. The loss is now the beginning of a new graph, and no weight is
# in it. The optimizer skips ``w``, whose ``grad`` stays ``None``, without a word:

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
# Mend the place where the graph was lost; here it is ``w.item()``. On a loss that has a graph, the
# assignment raises an error. So where it raises none, there is no graph, and it cannot help.

loss = (w - 3) ** 2
try:
    loss.requires_grad = True
except RuntimeError as error:
    print(error)

loss.backward()
print(f"{w.grad = }")

# %%
# *A gradient is there, so nothing is cut.* ``a`` had a gradient in every row of the table, and in
# four of them it was wrong.
#
# Check
# -----
# A gradient has to be the slope of the values. These are the rows in which that of ``b`` is not
# (``None`` counts as 0):

unseen = [call for call, (*_, grad, slope) in table.items() if (grad or 0) != slope]
print(*unseen, sep="\n")

assert table["u"] == [8, 8, 10, 10]
assert unseen == cuts
assert all(table[cut] == [2, 8, None, 10] for cut in cuts)
assert all(table[cut] in ([2, 2, None, 0], [2, 2, 0, 0]) for cut in steps)

# %%
# Exercises
# ---------
# .. predict:: Which gradient arrives in ``x``?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0], requires_grad=True)
#       y = x * x.item()
#       y.backward()
#
#    ``x.item()`` is the number 3, so to autograd this is ``x * 3``. The other path is cut.
#
#    - ``6``: That is the derivative of :math:`x^2`. How many paths lead from ``y`` back to ``x``?
#    - ``None``: Only one factor is a number. What is the other one?
#    - ``9``: That is the value of ``y``.
#
# .. predict:: What does ``w.grad`` hold at the end?
#    :answer: w.grad
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([2.0], requires_grad=True)
#       y = (w * 1.6).round()
#       loss = (y - 5) ** 2
#       loss.backward()
#
#    ``round`` is recorded, so a gradient does arrive. On its way it was multiplied by the
#    derivative of ``round``, which is 0.
#
#    - ``None``: That would mean that no gradient has arrived. Is ``y.grad_fn`` ``None``?
#    - ``-4``: That is what arrives at ``y``. What does ``round`` multiply it by?
#    - ``-6.4``: You let the gradient through ``round`` as if it were not there.
#
# .. predict:: What do ``x.grad`` and ``v.grad`` hold at the end? Two numbers.
#    :answer: [x.grad.item(), v.grad.item()]
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       u = x * x
#       v = torch.tensor(u.tolist(), requires_grad=True)
#       J = 3 * v + x
#       J.backward()
#
#    ``v`` is rebuilt from numbers, so a new graph begins there: it is a leaf and keeps the 3 that
#    arrives. Only the path through the addition leads back to ``x``, and it brings 1.
#
#    - ``13, 3``: The 13 would come through ``u``. Does ``v`` have a ``grad_fn``?
#    - ``1, 0``: ``v`` requires a gradient and is a leaf. What is sent back to it by ``3 * v``?
#    - ``0, 3``: The path through ``u`` is cut. Is there another one from ``J`` to ``x``?

# %%
# **Next:** what happens when a graph is not recorded anew on each run, in
# :doc:`/lessons/2_dynamic_graph/plot_static_or_dynamic`. The rules of ``grad``, ``is_leaf`` and
# ``requires_grad`` are in :doc:`/tensor`.
