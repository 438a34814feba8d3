r"""
What does “dynamic” mean?
=========================

PyTorch records what runs. Where your code decides with an ``if``, repeats with a loop, or calls
itself, what runs can depend on the numbers, and then so does the graph: another run can record
another one. This is why you can write a model as an ordinary Python program, and also why a
gradient that you expected may be missing.

You need :doc:`/lessons/2_dynamic_graph/plot_dynamic_graph`, where one program made one graph.

**Predict first.** ``compute`` below chooses between two formulas. It runs with ``a = 5``, and then
with ``a = 7``, while ``b = 3`` and ``c = 2`` stay as they are. What is ``b.grad`` after each run?
"""

# %%
# An if
# -----
# With ``a = 5`` the condition holds, since ``u`` is 6.

import torch


def compute(a, b, c):
    u = b * c
    if u > a:
        v = a + u
    else:
        v = 4 * a
    return 3 * v


a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

J = compute(a, b, c)
J.backward()
print(f"{J.item() = }, {a.grad = }, {b.grad = }, {c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# In the picture on the web page you see the graph of :math:`3(a + bc)`. Now run the same function
# with ``a = 7``:

a, b, c = (torch.tensor([value], requires_grad=True) for value in [7.0, 3.0, 2.0])

K = compute(a, b, c)
K.backward()
print(f"{K.item() = }, {a.grad = }, {b.grad = }, {c.grad = }")
# sphinx_gallery_graph = "K"

# %%
# This is another graph. ``b`` and ``c`` are not in it, so no gradient arrived there: ``None``, not
# zero. ``b * c`` did run the second time too, but ``K`` was not computed from it.
#
# Neither picture has a box for the ``if``. Python decides which line runs; PyTorch records the
# operations of the lines that do. You can try this out: change ``a`` to 7 below the first picture.
# ``J`` becomes 39, since a web page can only calculate on the graph that was recorded, and in that
# one the decision has been made. When the function itself ran again, Python took the other branch,
# and the result was 84.
#
# Count the nodes
# ---------------
# :py:attr:`~torch.autograd.graph.Node.next_functions` leads from a node to those from which its
# inputs came. It gives pairs, of which only the first item is needed here: a node, or ``None`` for
# an input that requires no gradient, such as the number 3. The list below keeps what was found, and
# the loop over it goes on as long as the list grows.


def nodes_behind(result):
    nodes = [result.grad_fn]
    for node in nodes:
        for following, _ in node.next_functions:
            if following is not None and following not in nodes:
                nodes.append(following)
    return nodes


for result in [J, K]:
    names = [type(node).__name__ for node in nodes_behind(result)]
    print(len(names), *names)

# %%
# There are six nodes in the first graph and three in the second: one ``AccumulateGrad`` for each
# leaf, and one node for each operation. In the pictures, *What PyTorch recorded* shows the same.
#
# A loop
# ------
# Here the number of turns depends on the data: ``y`` is multiplied by ``b`` until it reaches 30.


def grow(a, b):
    y, turns = a, 0
    while y < 30:
        y = b * y
        turns += 1
    return y, turns


a, b = (torch.tensor([value], requires_grad=True) for value in [5.0, 2.0])

y, turns = grow(a, b)
y.backward()
print(f"{turns = }, {y.item() = }, {a.grad = }, {b.grad = }")
# sphinx_gallery_graph = "y"

# %%
# There is no loop in the picture: no path returns to a box that it has left. Each turn has recorded
# its own multiplication, and ``b`` flows into all three. With :math:`n` turns,
#
# .. math::
#
#    y = a\,b^n \qquad
#    \frac{\partial y}{\partial a} = b^n \qquad
#    \frac{\partial y}{\partial b} = n\,a\,b^{n-1}
#
# For three turns this is :math:`2^3 = 8` for ``a`` and :math:`3 \cdot 5 \cdot 2^2 = 60` for ``b``,
# as printed. For the gradient, :math:`n` is a fixed number, though a larger ``a`` might have needed
# fewer turns. The graph should have :math:`n` multiplications and two leaves, so :math:`n + 2`
# nodes; this is checked below.
#
# Recursion
# ---------
# A function that calls itself records a graph in the shape of its data. ``product`` multiplies the
# two sides of a pair; each side is a tensor or a pair again. Each leaf brings one
# ``AccumulateGrad`` node, and each pair one multiplication. There is always one pair fewer than
# there are leaves, so :math:`m` different leaves should make :math:`2m - 1` nodes.


def product(tree):
    if isinstance(tree, torch.Tensor):
        return tree
    return product(tree[0]) * product(tree[1])


a, b, c, d = (torch.tensor([value], requires_grad=True) for value in [5.0, 3.0, 2.0, 4.0])

for tree, m in [((a, b), 2), ((a, (b, c)), 3), (((a, b), (c, d)), 4)]:
    P = product(tree)
    print(f"{m = }, {P.item() = }, {len(nodes_behind(P)) = }")
    assert len(nodes_behind(P)) == 2 * m - 1
# sphinx_gallery_graph = "P"

# %%
# The picture shows the last of the three.
#
# What people get wrong
# ---------------------
# *The graph of the first run is reused.* Each run records new nodes, even with the same inputs.
# Two graphs share only the nodes of their leaves:

first, second = nodes_behind(compute(a, b, c)), nodes_behind(compute(a, b, c))
print(f"{first[0] is second[0] = }")
print(*[type(node).__name__ for node in first if node in second])

# %%
# *The condition is differentiated.* It is not. ``u > a`` is ``True`` or ``False``, and has no
# history. The gradient is that of the branch taken, as if the other did not exist. With ``a = 6``,
# right at the switch, a nudge of 0.001 to ``b`` cuts the result in half, from 72 to about 36, and
# no gradient tells you so:

a = torch.tensor([6.0], requires_grad=True)
J = compute(a, b, c)
J.backward()
print(f"{J.item() = :.3f}, {compute(a, b + 0.001, c).item() = :.3f}")
print(f"{(b * c > a).requires_grad = }, {a.grad = }, {b.grad = }")

# %%
# If the decision itself is to be learned, let both formulas take part, with a weight that changes
# smoothly, such as ``torch.sigmoid(u - a)``.
#
# *Both branches are recorded.* With an ``if``, only the one that ran is. :py:func:`torch.where` is
# different: it is an operation that is given both results and picks one of them for each element.
# Both are computed, both are recorded, and a zero flows back to the one that was not picked. With
# the same numbers as above, ``b.grad`` is now 0, where the ``if`` left ``None``:

J = 3 * torch.where(b * c > a, a + b * c, 4 * a)
J.backward()
print(f"{J.item() = :.3f}, {b.grad = }")

# %%
# An ``if`` cannot choose for each element. It makes one decision, and a condition with more than
# one element raises a ``RuntimeError``.
#
# Check
# -----
# ``compute`` also takes plain numbers. Nudge ``a`` up and down in each branch: the slope has to be
# the gradient.

for value in [5.0, 7.0]:
    a = torch.tensor([value], requires_grad=True)
    compute(a, 3, 2).backward()
    slope = (compute(value + 0.001, 3, 2) - compute(value - 0.001, 3, 2)) / 0.002
    print(f"{value = }, {a.grad.item() = }, {slope = :.3f}")
    assert abs(a.grad.item() - slope) < 1e-6

# %%
# And the loop: :math:`n + 2` nodes, then :math:`b^n` and :math:`n\,a\,b^{n-1}`, for one to five
# turns.

for value in [20.0, 10.0, 5.0, 2.0, 1.0]:
    a, b = (torch.tensor([number], requires_grad=True) for number in [value, 2.0])
    y, n = grow(a, b)
    y.backward()
    found = (len(nodes_behind(y)), a.grad.item(), b.grad.item())
    print(f"{value = }, {n = }, {found = }")
    assert found == (n + 2, 2**n, n * value * 2 ** (n - 1))

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
#       def f(x):
#           if x < 0:
#               return 5 * x
#           return x * x
#
#       x = torch.tensor([-2.0], requires_grad=True)
#       f(x).backward()
#
#    The condition holds, so only ``5 * x`` is recorded, and its derivative is 5 everywhere.
#
#    - ``-4``: That is the derivative of ``x * x`` at -2. Which of the two lines has run?
#    - ``1``: That adds up the gradients of both branches. How many of them are in the graph?
#    - ``-10``: That is the value of ``f(x)``, not its gradient.
#
# .. predict:: Which gradient arrives in ``x`` here?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       y = x
#       while y < 10:
#           y = x * y
#       y.backward()
#
#    ``y`` starts as ``x``, which is 2, and becomes 4, 8 and 16 in three turns. So :math:`y = x^4`,
#    and its derivative is :math:`4 x^3 = 32`.
#
#    - ``12``: That is the derivative of :math:`x^3`. What is ``y`` before the first turn?
#    - ``8``: That is one path, straight from the last multiplication to ``x``. Into how many
#      multiplications does ``x`` flow?
#    - ``16``: That is the value of ``y``.
#
# .. predict:: The loop stops when ``y`` reaches ``limit``. What does ``limit.grad`` hold?
#    :answer: limit.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       limit = torch.tensor([10.0], requires_grad=True)
#       y = x
#       while y < limit:
#           y = 3 * y
#       y.backward()
#
#    ``limit`` decides how many turns are recorded, but no recorded operation takes it as input. No
#    gradient arrives, so ``grad`` stays ``None``.
#
#    - ``0``: Zero would be a gradient that has arrived. Is there a path from ``y`` to ``limit``?
#    - ``9``: That is the gradient of ``x``: two turns, with a factor of 3 each.
#    - ``1``: That would need an operation that passes a gradient on to ``limit``. What does
#      ``y < limit`` give?

# %%
# **Next:** which tensors keep the gradient that arrives, in
# :doc:`/lessons/2_dynamic_graph/plot_leaf_or_not`. What becomes of an ``if`` when a graph is made
# once and then used again is the subject of
# :doc:`/lessons/2_dynamic_graph/plot_static_or_dynamic`. More on ``None`` and zero is in
# :doc:`/tensor`.
