r"""
What if a value is used twice?
==============================

In :doc:`/lessons/1_computation_graph/plot_backward_pass`, one path led from each input to the
result. Real programs use the same value again and again: one weight meets every example, one
layer feeds two others. This is called :term:`fan-out`. A change of such a value reaches the result
on several paths at once. Here you see what its gradient is then, and in which order the backward
pass has to work.

The example uses :math:`b` twice:

.. math::

   u &= a + b \\
   v &= b + 1 \\
   J &= u\,v

at :math:`a = 2`, :math:`b = 3`, so that :math:`u = 5`, :math:`v = 4` and :math:`J = 20`.

**Predict first.** Add 0.001 to :math:`b`. Both :math:`u` and :math:`v` grow by 0.001. By about how
many times 0.001 does :math:`J` grow?
"""

# %%
# Nudge one use at a time
# -----------------------
# Give each of the two uses of ``b`` its own name. Then you can nudge the first, the second, or both at
# once, as a change of ``b`` does.


def compute(a, b_in_u, b_in_v):
    u = a + b_in_u
    v = b_in_v + 1
    return u * v


a, b = 2, 3
h = 0.001
J = compute(a, b, b)

for step_in_u, step_in_v in [(h, 0), (0, h), (h, h)]:
    slope = (compute(a, b + step_in_u, b + step_in_v) - J) / h
    print(f"{step_in_u = :<5}  {step_in_v = :<5}  {slope = :.3f}")

# %%
# On the path through ``u`` the slope is 4, on the path through ``v`` it is 5. If ``b`` moves in both
# places, it is 9, and a little more.
#
# Why the paths add up
# --------------------
# Both factors grow by :math:`h`. Multiply out:
#
# .. math:: (u + h)(v + h) - u\,v = v\,h + u\,h + h^2
#
# The first term is the change that comes through :math:`u`, the second the change that comes through
# :math:`v`. The third is there only because both moved at once. Divide by :math:`h`:
#
# .. math:: \frac{J(b + h) - J(b)}{h} = v + u + h = 9 + h
#
# So the excess over 9 should be :math:`h` itself, and vanish with it:

for h in [0.1, 0.01, 0.001]:
    slope = (compute(a, b + h, b + h) - J) / h
    print(f"{h = :<5}  {slope - 9 = :.3f}")

# %%
# In the limit the two paths remain:
#
# .. math::
#
#    \frac{\partial J}{\partial b}
#    = \underbrace{\frac{\partial J}{\partial u}\,\frac{\partial u}{\partial b}}_{\text{path through } u}
#    + \underbrace{\frac{\partial J}{\partial v}\,\frac{\partial v}{\partial b}}_{\text{path through } v}
#    = 4 \cdot 1 + 5 \cdot 1 = 9
#
# This is the **multivariate chain rule**. It holds for every differentiable operation, not only for a
# product: the effects of small changes add up, and what the changes do *together* becomes negligible
# as they get smaller. On a graph it reads: *multiply the local derivatives along each path, and add up
# over all paths.*
#
# The same by PyTorch
# -------------------

import torch

a = torch.tensor([2.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)

u = a + b
v = b + 1
J = u * v

J.backward()
print(f"{a.grad = }, {b.grad = }")
# sphinx_gallery_graph = "J"

# %%
# In the picture on the web page, two wires leave ``b``. Play it. Forward, both carry the same 3: the
# value is copied, not divided. On the way back, 4 returns on one wire and 5 on the other, and after ∇
# in the box of ``b`` stands their sum. What is copied forward is added backward.
#
# Wait until everything has arrived
# ---------------------------------
# Now let ``b`` itself be computed, as ``3 * c`` with ``c`` = 1. Then what arrives at ``b`` has to travel
# on to ``c``.

a = torch.tensor([2.0], requires_grad=True)
c = torch.tensor([1.0], requires_grad=True)

b = 3 * c
u = a + b
v = b + 1
J = u * v

J.backward()
print(f"{c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# Play the way back. When ``v`` has sent its 5, nothing leaves ``b`` yet. Only when the 4 from ``u`` is
# there too does ``b`` send 9 · 3 = 27 to ``c``. Before PyTorch starts, it counts for each node on how
# many edges gradients will come back to it, and it runs a node only when the last of them has arrived.
# So each edge is walked once, and the nodes run in a :term:`topological order`, read from the result to
# the inputs.
#
# Is the waiting necessary? Here is the same walk in plain Python. ``edges`` names, for each result, the
# values it was computed from, with the local derivatives. ``walk`` sends gradients back in the order
# that you give it.

edges = {
    "J": [("u", 4), ("v", 5)],
    "u": [("a", 1), ("b", 1)],
    "v": [("b", 1)],
    "b": [("c", 3)],
}


def walk(order):
    grad = {"J": 1, "u": 0, "v": 0, "a": 0, "b": 0, "c": 0}
    for name in order:
        for before, slope in edges[name]:
            grad[before] += grad[name] * slope
    return grad["c"]


print(f"{walk(['J', 'u', 'v', 'b']) = }")
print(f"{walk(['J', 'v', 'u', 'b']) = }")
print(f"{walk(['J', 'u', 'b', 'v']) = }")

# %%
# Whether ``u`` or ``v`` goes first does not matter. But in the third order ``b`` passes its gradient on
# before ``v`` has sent anything. ``c`` gets 4 · 3 = 12, and the 5 that reaches ``b`` later goes no
# further.
#
# What people get wrong
# ---------------------
# *The gradient is what the last path brings.* Write one line for each path, with ``=``, and the second
# line overwrites the first. From the second path on it has to be ``+=``.

dJ_db = 4 * 1
dJ_db = 5 * 1
print(f"{dJ_db = }")

# %%
# *Only the direct path counts.* In ``K = u * b`` you see ``b`` multiplied by ``u``, which is 5, and
# take 5 for its gradient. That is the local derivative of this one operation. ``b`` is also inside
# ``u``, and on that path another 3 comes back:

b = torch.tensor([3.0], requires_grad=True)
u = 2 + b
K = u * b

K.backward()
print(f"{u.item() = }, {b.grad = }")
# sphinx_gallery_graph = "K; view: written"

# %%
# *In* ``x * x`` *the value is used once, since it is one operation.* Paths are made of edges, and two
# edges lead from this operation back to ``x``, each with the other factor as its local derivative.
# A node keeps its edges in :py:attr:`~torch.autograd.graph.Node.next_functions`; here there are two. That
# the derivative of :math:`x^2` is :math:`2x`, and not :math:`x`, is the same sum over paths:

x = torch.tensor([3.0], requires_grad=True)
y = x * x
y.backward()
print(f"{len(y.grad_fn.next_functions) = }, {x.grad = }")

# %%
# *Each piece travels on as it arrives.* With :py:meth:`~torch.Tensor.register_hook` you give ``b`` a
# :term:`hook`: a function that PyTorch calls with the gradient that arrives at ``b``. It is called once,
# with 9, and not first with 5 and then with 4:

b = 3 * torch.tensor([1.0], requires_grad=True)
arrived = []
b.register_hook(arrived.append)
((2 + b) * (b + 1)).backward()
print(f"{arrived = }")

# %%
# Check
# -----
# The rule says: a product along each path, a sum over all paths. So list the paths from ``J`` to ``c``.
# Each begins with one edge of ``J``, and goes on with a path from the end of that edge. Compare the sum
# with PyTorch, and with a nudge of ``c`` to both sides, in which the :math:`h^2` cancels.

from math import prod


def paths(start, end):
    if start == end:
        return [[]]
    steps = edges.get(start, [])
    return [[step, *rest] for step in steps for rest in paths(step[0], end)]


products = []
for path in paths("J", "c"):
    products.append(prod(slope for name, slope in path))
    print([name for name, slope in path], products[-1])

up, down = 3 * (1 + h), 3 * (1 - h)
by_nudge = (compute(2, up, up) - compute(2, down, down)) / (2 * h)
print(f"{sum(products) = }, {c.grad.item() = }, {by_nudge = :.3f}")

assert sum(products) == c.grad.item() == walk(["J", "u", "v", "b"]) == 27
assert abs(by_nudge - 27) < 1e-6

# %%
# A list of all paths says what the gradient is. It is no way to compute it: after ten lines
# ``y = y + y`` there are 1,024 paths, but only 20 edges. A walk that adds up where paths meet takes each
# edge once.
#
# Exercises
# ---------
# .. predict:: What does ``x.grad`` hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0], requires_grad=True)
#       u = x + 2
#       v = x + 5
#       (u * v).backward()
#
#    Through ``u`` comes the value of ``v``, which is 6, and through ``v`` that of ``u``, which is 3.
#    They add up.
#
#    - ``6``: That came back through ``u``. Is this the only operation that uses ``x``?
#    - ``3``: That came back through ``v``. Is this the only operation that uses ``x``?
#    - ``18``: That is the value of the product. What does each factor send back?
#
# .. predict:: One part is subtracted. What does ``x.grad`` hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       p = 3 * x
#       q = x * x
#       (p - q).backward()
#
#    Three paths lead back to ``x``. Through ``p`` comes 3. Through ``q`` comes the other factor, twice,
#    with the minus sign of the subtraction: 3 − 2 − 2.
#
#    - ``1``: One path is missing. How many edges lead from ``x * x`` back to ``x``?
#    - ``7``: All three paths are there. What does a subtraction do with its second input?
#    - ``2``: That is the value of ``p - q``. Follow the paths back to ``x``, one by one.
#
# .. predict:: How often is the hook called, and what does ``x.grad`` hold at the end? Answer with two
#    numbers.
#    :answer: (len(calls), x.grad.item())
#
#    .. code-block:: python
#
#       import torch
#
#       calls = []
#       x = torch.tensor([1.0], requires_grad=True)
#       y = 2 * x
#       y.register_hook(calls.append)
#       z = y + y + y
#       z.backward()
#
#    Three paths bring 1 back to ``y``. Its node waits for all of them, so the hook is called once,
#    with 3. Only then does 3 · 2 travel on to ``x``.
#
#    - ``3, 6``: The gradient is right. When does the node of ``y`` run?
#    - ``1, 2``: One path alone would bring this. How often is ``y`` used?
#    - ``3, 2``: A node waits for all that comes back to it. What does it pass on then?

# %%
# **Next:** why one walk from the result serves any number of inputs, in
# :doc:`/lessons/1_computation_graph/plot_forward_or_reverse`. ``grad`` also adds up over several calls
# of ``backward()``, which is another sum: see :doc:`/lessons/2_dynamic_graph/plot_accumulate`.
