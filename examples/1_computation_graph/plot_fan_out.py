r"""
What if a value is used twice?
==============================

Real programs use one value again and again: a weight meets every example, a layer feeds two others. A
change of such a value reaches the result on several paths at once. This is called :term:`fan-out`. Below,
``b`` is used twice.

.. predict:: Add 0.001 to ``b``: both ``u`` and ``v`` grow by 0.001. By about how many times 0.001 does ``J``
   grow?
   :answer: b.grad
   :program: next

   The change of ``u`` is multiplied by ``v``, which is 4, and that of ``v`` by ``u``, which is 5. Both happen
   at once, so the changes add up: 9.

   - ``9.001``: That is exact for a step of 0.001. What is left as the step gets smaller?
   - ``4``: That comes through ``u``. Where else is ``b`` used?
   - ``5``: That comes through ``v``. Where else is ``b`` used?
   - ``20``: Do you multiply the two paths? Each of them alone moves ``J``.
   - ``2``: ``b`` is used twice, but by what is each of the changes multiplied?
"""

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
# Two wires leave ``b``. Play it. Forward, both carry the same 3: the value is copied, not divided. On
# the way back, 4 returns on one wire and 5 on the other, and ``b`` gets their sum. What is copied forward
# is added backward.
#
# Nudge one use at a time
# -----------------------
# Give each of the two uses of ``b`` its own name. Then you can nudge the first, the second, or both at
# once, as a change of ``b`` does.


def compute(a, b_in_u, b_in_v):
    u = a + b_in_u
    v = b_in_v + 1
    return u * v


h = 0.001
print(f"{(compute(2, 3 + h, 3) - compute(2, 3, 3)) / h:.3f}")
print(f"{(compute(2, 3, 3 + h) - compute(2, 3, 3)) / h:.3f}")
print(f"{(compute(2, 3 + h, 3 + h) - compute(2, 3, 3)) / h:.3f}")

# %%
# On the path through ``u`` the slope is 4, on the path through ``v`` it is 5. If ``b`` moves in both
# places, it is 9, and a little more. Where does that little come from? Both factors grow by :math:`h`, so
# multiply out:
#
# .. math:: (u + h)(v + h) - u\,v = v\,h + u\,h + h^2
#
# The first term is the change that comes through :math:`u`, the second the change that comes through
# :math:`v`. The third is there only because both moved at once. Divided by :math:`h`, it is :math:`h`,
# and goes to 0 with it:

for h in [0.1, 0.01, 0.001]:
    slope = (compute(2, 3 + h, 3 + h) - compute(2, 3, 3)) / h
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
# Play the backward pass. When ``v`` has sent its 5, nothing leaves ``b`` yet. Only when the 4 from ``u``
# is there too does ``b`` send 9 · 3 = 27 to ``c``. Before PyTorch starts, it counts for each node on how
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
# .. fold:: Further misconceptions
#
#    *The gradient is what the last path brings.* Whoever writes one line for each path, with ``=``,
#    overwrites the first path with the second. From the second path on it has to be ``+=``.
#
#    *Each piece travels on as it arrives.* It waits for the others: a :term:`hook` on ``b`` is called once,
#    with 9, and not first with 5 and then with 4. The second exercise lets you see it.
#
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
# Add up where paths meet
# -----------------------
# A list of all paths says what the gradient is. It is not the way to compute it. Below, three operations lead
# from ``x`` to ``y``, and three from ``y`` to ``J``: 3 · 3 = 9 paths. The backward pass does not compute
# nine products. It adds up at ``y`` first: 1 + 5 + 6 = 12. Then it sends 12 · 2, 12 · 3 and 12 · 4 on, and adds
# up at ``x``. That is three multiplications in each stage, and gives :math:`(2 + 3 + 4)(1 + 5 + 6)`.

x = torch.tensor([1.0], requires_grad=True)
y = 2 * x + 3 * x + 4 * x
J = 1 * y + 5 * y + 6 * y
J.backward()
print(f"{x.grad = }, {(2 + 3 + 4) * (1 + 5 + 6) = }")
# sphinx_gallery_graph = "J; view: written; constants: no"

# %%
# With ten such stages there would be :math:`3^{10}` = 59,049 paths, and still only 30 multiplications. This is
# why the backward pass adds up where paths meet.
#
# In short
# --------
# If a value is used several times, its gradient is the sum of what comes back from all uses. Nothing
# travels on before the last of them has arrived.
#
# Exercises
# ---------
# .. fill:: Fill in what arrives at ``u``, ``v`` and ``x``.
#    :graph: J
#    :blanks: u.grad, v.grad, x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0], requires_grad=True)
#       u = x + 2
#       v = x + 5
#       J = u * v
#
#    Through ``u`` comes the value of ``v``, which is 6, and through ``v`` that of ``u``, which is 3.
#    At ``x`` they add up.
#
#    - ``u.grad = 3``: That is the value of ``u`` itself. What does a product send back to a factor?
#    - ``x.grad = 6``: That came back through ``u``. Is this the only operation that uses ``x``?
#    - ``x.grad = 18``: That is the value of the product. What do two paths do where they meet?
#
# .. predict:: How often is the hook called, and what does ``x.grad`` hold at the end? Answer with two
#       numbers.
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
#    A hook is a function that PyTorch calls with the gradient that arrives. Three paths bring 1 back to
#    ``y``. Its node waits for all of them, so the hook is called once, with 3. Only then does 3 · 2 travel
#    on to ``x``.
#
#    - ``3, 6``: The gradient is right. When does the node of ``y`` run?
#    - ``1, 2``: One path alone would bring this. How often is ``y`` used?
#    - ``3, 2``: A node waits for all that comes back to it. What does it pass on then?
#
# .. derive:: ``u`` is ``x * y``, ``v`` is ``x + y``, and the result is ``u * v``. What is the gradient of
#       ``x``, as a formula?
#    :answer: y * (x + y) + x * y
#    :names: x, y
#    :gives: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0, 2.0, -3.0], requires_grad=True)
#       y = torch.tensor([4.0, 0.5, 1.0], requires_grad=True)
#       u = x * y
#       v = x + y
#       (u * v).sum().backward()
#
#    Through ``u`` comes ``v``, times the other factor ``y``: ``y * (x + y)``. Through ``v`` comes ``u``,
#    which is ``x * y``, unchanged. The sum is ``y * (x + y) + x * y``.
#
#    - ``y * (x + y)``: That is the path through ``u``. Which one is missing?
#    - ``x * y``: That is the path through ``v``. Which one is missing?
#    - ``y + 1``: Those are the local derivatives of ``u`` and ``v``. What arrives at each of them first?
#    - ``y * (x + y) * x * y``: Both paths are there. What happens where they meet?
#
# .. write:: Write the line of the walk that passes a gradient on, so that
#       ``b`` gets what both paths bring.
#    :file: add_up_where_paths_meet
#    :fails: AssertionError: {'J': 1, 'u': 0, 'v': 0, 'b': 0}
#
#    .. code-block:: python
#
#       edges = {"J": [("u", 4), ("v", 5)], "u": [("b", 1)], "v": [("b", 1)], "b": []}
#       grad = {"J": 1, "u": 0, "v": 0, "b": 0}
#
#       for name in ["J", "u", "v", "b"]:
#           for before, slope in edges[name]:
#               # <your code>
#               grad[before] += grad[name] * slope
#               # </your code>
#
#       assert grad["b"] == 9, grad
#
#    What arrives is added to what has arrived before: ``+=``, with the local derivative of the edge.
#
#    - ``AssertionError: {'J': 1, 'u': 4, 'v': 5, 'b': 5}``: Only the last path is left. What does ``=`` do
#      when the second one arrives?
#    - ``AssertionError: {'J': 1, 'u': 4, 'v': 5, 'b': 2}``: Here the slopes add up alone. Times what do they
#      travel?

# %%
# Further reading
# ---------------
# - Christopher Olah, `Calculus on Computational Graphs: Backpropagation
#   <https://colah.github.io/posts/2015-08-Backprop/>`__: the example :math:`(a + b)(b + 1)` and the
#   idea of adding up where paths meet come from there.
# - `CS231n, Backpropagation, Intuitions <https://cs231n.github.io/optimization-2/>`__.
#
# **Next:** everything so far, as a program of your own, in
# :doc:`/lessons/1_computation_graph/plot_tiny_engine`. ``grad`` also adds up over several calls
# of ``backward()``, which is another sum: see :doc:`/lessons/2_dynamic_graph/plot_accumulate`.
