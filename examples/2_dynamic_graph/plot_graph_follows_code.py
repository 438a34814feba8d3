r"""
What does “dynamic” mean?
=========================

PyTorch records what runs. Where your code decides with an ``if`` or repeats with a loop, what runs can depend on the
numbers, and so does the graph.

.. predict:: With ``a = 5``, the program prints 33. What would ``J`` be if ``a`` were 7?
   :program: next
   :answer: compute(torch.tensor([7.0]), b, c)

   ``u`` is 6, which is not more than 7. So the other line runs: ``v`` is 4 · 7 = 28, and ``J`` is 84.

   - ``39``: That is 3 · (7 + 6). Does the condition still hold?
   - ``28``: That is ``v``. One line is left.
   - ``33``: That is the result for 5. Which lines use ``a``?
"""

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
print(J.item(), a.grad, b.grad, c.grad)
# sphinx_gallery_graph = "J; view: written"

# %%
# The if is not in the graph
# --------------------------
# Change ``a`` to 7 in the picture. ``J`` becomes 39, and not 84. The page can only calculate on the graph that was
# recorded, and in that one the decision has been made: it has no box for the ``if``. To get the other branch, the function
# itself has to run again:

a = torch.tensor([7.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

K = compute(a, b, c)
K.backward()
print(K.item(), a.grad, b.grad, c.grad)
# sphinx_gallery_graph = "K; view: written"

# %%
# This is another graph. ``b * c`` did run, but ``K`` was not computed from it, so no gradient arrived at ``b`` and ``c``:
# ``None``, not zero. Think of this first when a gradient that was there in the last run is missing.
#
# Python decides which line runs, and PyTorch records the operations of the lines that do. A graph made in this way is
# called *dynamic*: it is made anew in each run. So you can write a model as an ordinary Python program.
#
# Count the nodes
# ---------------
# The claim can be tested: predict how many nodes a run leaves, and count them. ``nodes_behind`` walks from a result along
# ``next_functions``, which gives one pair for each differentiable input. The first item of a pair is a node, or ``None``
# for an input that requires no gradient.


def nodes_behind(result):
    nodes = [result.grad_fn]
    for node in nodes:  # the list grows while the loop goes through it
        for before, _ in node.next_functions:
            if before is not None and before not in nodes:
                nodes.append(before)
    return nodes


print(len(nodes_behind(J)), *[type(node).__name__ for node in nodes_behind(J)])
print(len(nodes_behind(K)), *[type(node).__name__ for node in nodes_behind(K)])

# %%
# In the first graph, there are three operations and three leaves: six nodes. In the second, there are two operations
# and one leaf: three nodes.
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


a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([2.0], requires_grad=True)
y, turns = grow(a, b)
y.backward()
print(f"{turns = }, {y.item() = }, {a.grad = }, {b.grad = }")
# sphinx_gallery_graph = "y; view: written"

# %%
# There is no loop in the picture: no path returns to a box that it has left. Each turn has recorded a multiplication of
# its own, and ``b`` flows into all three. With :math:`n` turns,
#
# .. math::
#
#    y = a\,b^n \qquad
#    \frac{\partial y}{\partial a} = b^n \qquad
#    \frac{\partial y}{\partial b} = n\,a\,b^{n-1}
#
# For three turns, this is :math:`2^3 = 8` for ``a`` and :math:`3 \cdot 5 \cdot 2^2 = 60` for ``b``, as printed. For the
# gradient, :math:`n` is a fixed number, even though a larger ``a`` might need fewer turns. And there should be :math:`n`
# multiplications and two leaves, so :math:`n + 2` nodes. The check below counts them.
#
# Recursion
# ---------
# A function that calls itself records a graph in the shape of its data. ``product`` multiplies the two sides of a pair;
# each side is a tensor, or a pair again. There is always one pair fewer than there are leaves, so four leaves should make
# 4 + 3 nodes:


def product(tree):
    if isinstance(tree, torch.Tensor):
        return tree
    return product(tree[0]) * product(tree[1])


a, b, c, d = (torch.tensor([value], requires_grad=True) for value in [5.0, 3.0, 2.0, 4.0])
balanced = product(((a, b), (c, d)))
chain = product((((a, b), c), d))
print(f"{balanced.item() = }, {len(nodes_behind(balanced)) = }")
print(f"{chain.item() = }, {len(nodes_behind(chain)) = }")
# sphinx_gallery_graph = "balanced, chain; view: written; backward: no"

# %%
# The number of nodes is the same, and the shape is that of the data.
#
# Check
# -----
# ``compute`` also takes plain numbers. Nudge ``a`` up and down in each branch: the slope has to be the gradient.

for value in [5.0, 7.0]:
    a = torch.tensor([value], requires_grad=True)
    compute(a, 3, 2).backward()
    slope = (compute(value + 0.001, 3, 2) - compute(value - 0.001, 3, 2)) / 0.002
    print(f"{value = }, {a.grad.item() = }, {slope = :.3f}")
    assert abs(a.grad.item() - slope) < 1e-6

# %%
# And the loop, for one to five turns: :math:`n + 2` nodes, :math:`b^n` and :math:`n\,a\,b^{n-1}`.

for value in [20.0, 10.0, 5.0, 2.0, 1.0]:
    a, b = (torch.tensor([number], requires_grad=True) for number in [value, 2.0])
    y, n = grow(a, b)
    y.backward()
    print(f"{value = }, {n = }, {len(nodes_behind(y)) = }, {a.grad.item() = }, {b.grad.item() = }")
    assert len(nodes_behind(y)) == n + 2
    assert (a.grad.item(), b.grad.item()) == (2**n, n * value * 2 ** (n - 1))

# %%
# What people get wrong
# ---------------------
# *The condition is differentiated.* It is not. ``u > a`` is true or false, and has no history. The gradient is that of the
# branch taken, as if the other did not exist. With ``a = 6``, right at the switch, a nudge of 0.001 to ``b`` cuts the
# result in half, and no gradient tells you so:

a, b, c = (torch.tensor([value], requires_grad=True) for value in [6.0, 3.0, 2.0])
J = compute(a, b, c)
J.backward()
print(f"{J.item() = :.3f}, {compute(a, b + 0.001, c).item() = :.3f}")
print(f"{(b * c > a).requires_grad = }, {a.grad = }, {b.grad = }")

# %%
# If the decision itself is to be learnt, let both formulas take part, with a weight that changes smoothly, such as
# ``torch.sigmoid(u - a)``.
#
# *Both branches are recorded.* With an ``if``, only the one that ran is. :py:func:`torch.where` is different: it is an
# operation that is given both results and picks one for each element. Both are computed and recorded, and a zero is sent
# back to the one that was not picked. With the same numbers, ``b.grad`` is now 0, where the ``if`` left ``None``:

J = 3 * torch.where(b * c > a, a + b * c, 4 * a)
J.backward()
print(f"{J.item() = :.3f}, {b.grad = }")

# %%
# .. fold:: Further misconceptions
#
#    *The graph of the first run is reused.* Each run records new nodes, even with the same inputs. Two graphs share only
#    the nodes of their leaves. What makes a graph once and uses it again is the subject of
#    :doc:`/lessons/2_dynamic_graph/plot_static_or_dynamic`.
#
#    *An* ``if`` *can choose for each element.* It makes one decision, and a condition with several elements raises a
#    ``RuntimeError``. To choose element by element, you need ``torch.where``.
#
# In short
# --------
# “Dynamic” means that the graph is recorded anew in each run, from the operations that run. An ``if``, a loop or a
# recursion decides which these are, and leaves no trace of its own: the graph holds the branch taken, and the
# operations of each turn.
#
# Exercises
# ---------
# .. derive:: The program computes two examples at once, each with its own ``a`` and ``b``. Type a formula for ``b.grad``, the
#    derivative of each ``y`` with respect to its ``b``.
#    :answer: 3 * a * b**2
#    :names: a, b
#    :gives: b.grad
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([5.0, 7.0], requires_grad=True)
#       b = torch.tensor([2.0, -3.0], requires_grad=True)
#
#       y = a
#       for turn in range(3):
#           y = b * y
#       y.sum().backward()
#
#    Three multiplications were recorded, so :math:`y = a b^3`, and its derivative with respect to ``b`` is :math:`3 a b^2`.
#    Each of the three paths to ``b`` brings :math:`a b^2`.
#
#    - ``b**3``: With respect to which of the two is that the derivative?
#    - ``a * b**2``: That is what arrives on one path. Into how many multiplications does ``b`` flow?
#    - ``3 * b**2``: That would be right for ``b**3`` alone. By what is it multiplied?
#    - ``2 * a * b``: That belongs to two turns. How many are there?
#
# .. predict:: The loop stops when ``y`` reaches ``limit``. What do ``x.grad`` and ``limit.grad`` hold?
#    :answer: (x.grad, limit.grad)
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
#    ``y`` is 2, then 6, then 18: two turns, with a factor of 3 each. ``limit`` decides how many turns are recorded, but no
#    recorded operation takes it as an input. No gradient arrives, so ``grad`` stays ``None``.
#
#    - ``9, 0``: Zero would be a gradient that has arrived. Is there a path from ``y`` to ``limit``?
#    - ``3, None``: That belongs to one turn. Is 6 still less than ``limit``?
#    - ``27, None``: That belongs to three turns. After how many is ``y`` at least 10?
#
# .. find:: The loop should compute :math:`x^4`, with the gradient :math:`4x^3`. The gradient is 2. Which line has to be
#    written differently?
#    :answer: line 6
#    :holds: x.grad.item() == 4 * 3.0**3
#    :instead: y = x * y
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0], requires_grad=True)
#       y = x
#       for turn in range(3):
#           y = x + x
#       y.backward()
#
#    Each turn makes a new ``y`` from ``x`` alone and drops the one before. Only what the last turn has recorded lies behind
#    ``y``: two paths with the factor 1. To build on the turn before, the line has to use ``y``.
#
#    - ``line 4``: The first ``y`` is ``x`` itself. How often must it then be multiplied by ``x``?
#    - ``line 5``: Three turns would be right for a fourth power that begins with ``x``. What is the result of the second turn
#      used for?
#    - ``line 7``: It goes through what lies behind ``y``. How many of the additions are that?
#
# .. write:: ``power(x, 8)`` can be computed with seven multiplications, or, since :math:`x^8 = ((x^2)^2)^2`, with three.
#    Write it with ``*`` only, so that the graph has no more than :math:`2 \log_2 n` multiplications. ``n`` is a whole
#    number from 1 on, and need not be even.
#    :file: power_by_squaring
#    :fails: AttributeError: 'NoneType' object has no attribute 'item'
#
#    .. code-block:: python
#
#       import torch
#
#
#       def power(x, n):
#           # <your code>
#           if n == 1:
#               return x
#           half = power(x, n // 2)
#           square = half * half
#           return square * x if n % 2 else square
#           # </your code>
#
#
#       def nodes_behind(result):
#           nodes = [result.grad_fn]
#           for node in nodes:
#               for before, _ in node.next_functions:
#                   if before is not None and before not in nodes:
#                       nodes.append(before)
#           return nodes
#
#
#       for n, allowed in [(2, 2), (8, 6), (5, 4), (13, 7)]:
#           x = torch.tensor([2.0], requires_grad=True)
#           y = power(x, n)
#           assert y.item() == 2**n, (n, y.item())
#           y.backward()
#           assert x.grad.item() == n * 2 ** (n - 1), (n, x.grad)
#           found = len(nodes_behind(y)) - 1
#           assert found <= allowed, (n, found)
#
#    The recursion follows the digits of ``n`` in base 2. PyTorch records what it does, so the same function has a smaller
#    graph, and the backward pass is shorter, too. The gradient is right without one more line.
#
#    - ``AssertionError: (2, 3)``: A product with 1 is recorded, too. Can the recursion end before it comes to 0?
#    - ``AssertionError: (8, 7)``: Value and gradient are right. Which result can you compute once and use twice?
#    - ``AssertionError: (5, 16.0)``: For an even ``n``, two halves make the whole. What is missing when ``n`` is odd?
#    - ``RecursionError``: With which ``n`` does the recursion end?
#
# Further reading
# ---------------
# PyTorch's `Autograd mechanics <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__ says the same in one sentence:
# the graph is recreated from scratch at every iteration. How other systems handle control flow is compared in
# `Automatic Differentiation in Machine Learning: a Survey <https://arxiv.org/abs/1502.05767>`__ by Baydin and others.
#
# **Next:** what happens to the gradients of several runs, in :doc:`/lessons/2_dynamic_graph/plot_accumulate`. What becomes
# of an ``if`` when a graph is made once and then used again is the subject of
# :doc:`/lessons/2_dynamic_graph/plot_static_or_dynamic`.
