r"""
Could I write it myself?
========================

Yes. For single numbers it takes fewer than 50 lines of Python: numbers that record where they come from,
an order in which each of them waits for all that comes back to it, and a loop that multiplies and
adds. You write it here piece by piece, and test each piece before the next. Afterwards you know what
happens between ``backward()`` and ``grad``.

You need :doc:`/lessons/1_computation_graph/plot_fan_out`, and Python's classes. The example comes
from there, with :math:`a = 2` and :math:`c = 1`:

.. math::

   b &= 3\,c \\
   u &= a + b \\
   v &= b + 1 \\
   J &= u\,v

**Predict first.** Two paths lead from :math:`J` back to :math:`b`. Suppose that the backward pass is
a function that calls itself for each input of a node. How often is it called for :math:`c`? And if
``y = y + y`` runs sixteen times, how often is it called for the value that ``y`` had at first?
"""

# %%
# Step 1: numbers that record
# ---------------------------
# A ``Scalar`` holds a value, and for each number from which it was computed an :term:`edge`: that number,
# and the :term:`local derivative`. Both are known when the operation runs.
#
# For ``a + b`` Python calls ``a.__add__(b)``. So a class can say what ``+`` does; this is *operator
# overloading*. For ``3 * c`` Python asks the integer first, which knows nothing of a ``Scalar``, and
# then calls ``c.__rmul__(3)``. ``as_scalar`` makes the 3 a ``Scalar`` without edges.


class Scalar:
    def __init__(self, value, edges=()):
        self.value = value
        self.edges = edges
        self.grad = 0

    def __add__(self, other):
        other = as_scalar(other)
        return Scalar(self.value + other.value, [(self, 1), (other, 1)])

    def __mul__(self, other):
        other = as_scalar(other)
        return Scalar(self.value * other.value, [(self, other.value), (other, self.value)])

    __radd__ = __add__
    __rmul__ = __mul__


def as_scalar(x):
    return x if isinstance(x, Scalar) else Scalar(x)


def example(a, c):
    b = 3 * c
    u = a + b
    v = b + 1
    return u * v


a, c = Scalar(2), Scalar(1)
J = example(a, c)

print(f"{J.value = }")
print(f"{[(before.value, slope) for before, slope in J.edges] = }")
assert J.value == example(2, 1)

# %%
# ``J`` was computed from 5 and 4, and the local derivative for each is the value of the other. Nobody
# declared a graph. It came about while ``example`` ran, and with plain numbers the same function
# computes the plain result.
#
# Step 2: an order for the way back
# ---------------------------------
# A node may pass its gradient on when all of it has arrived. So count first, for each node, the edges
# on which something will arrive. A ``Counter`` does this: a dictionary in which what is missing counts as
# 0. Then start from the result. When a node is done, cross out its edges; a node to which no edge is left
# is ready. Both loops go through a list that grows while they run; Python comes to what was appended, too.

from collections import Counter


def backward_order(root):
    waits_for = Counter()
    found = [root]
    for node in found:
        for before, _ in node.edges:
            if before not in waits_for:
                found.append(before)
            waits_for[before] += 1

    order = [root]
    for node in order:
        for before, _ in node.edges:
            waits_for[before] -= 1
            if waits_for[before] == 0:
                order.append(before)
    return order


order = backward_order(J)
for node in order:
    print(node.value, [(before.value, slope) for before, slope in node.edges])
assert all(order.index(node) < order.index(before) for node in order for before, _ in node.edges)

# %%
# One line for each node, with its edges: ``J``, ``u``, ``v``, ``a``, and then ``b`` with the value 3,
# after both of the nodes from which something comes back to it. Last come the constant 1, ``c``, and the
# constant 3. The assertion says what makes this a :term:`topological order`, read from the result: each
# node stands before all those that it was computed from.
#
# Step 3: multiply and add
# ------------------------
# With this order, the backward pass is one loop. ``arrived`` adds up, for each node, what comes back to it.
# As in PyTorch, only the leaves, which have no edges, keep a gradient, and add it to what an earlier call
# has left there.


def backward(root):
    arrived = Counter({root: 1})
    for node in backward_order(root):
        for before, slope in node.edges:
            arrived[before] += arrived[node] * slope
        if not node.edges:
            node.grad += arrived[node]


Scalar.backward = backward

J.backward()
print(f"{a.grad = }, {c.grad = }")
assert (a.grad, c.grad) == (4, 27)

# %%
# This is the engine. PyTorch runs the same function, and finds the same:

import torch

a = torch.tensor([2.0], requires_grad=True)
c = torch.tensor([1.0], requires_grad=True)
J = example(a, c)
J.backward()
print(f"{a.grad = }, {c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# In the picture on the web page, switch to *What PyTorch recorded*, and compare it with the lines that
# step 2 has printed. Each arrow is one of our edges. Only the constants 3 and 1 get no arrow, since they
# require no gradient. The leaves ``a`` and ``c`` appear as :term:`AccumulateGrad` nodes. Then play the way
# back: the node of ``b`` runs after ``u`` and ``v``, as in our order.
#
# Step 4: more operations
# -----------------------
# The methods for ``+`` and ``*`` differ in two things only: how the value is computed, and what the local
# derivatives are. Any other operation is added in the same way, and the way back stays as it is. Here it is
# ``tanh``, a function of one number, with the derivative :math:`1 - \tanh^2 x`.

import math


def tanh(self):
    value = math.tanh(self.value)
    return Scalar(value, [(self, 1 - value * value)])


Scalar.tanh = tanh

x = Scalar(0)
(5 * x.tanh()).backward()
print(f"{x.grad = }")
assert x.grad == 5

# %%
# At 0, ``tanh`` is 0 and its derivative is 1, so the gradient is 5 · 1.
#
# What people get wrong
# ---------------------
# Here are two backward passes that look simpler than ours. Both give the right gradient for ``a``, which
# is used once. So a test in which each value is used once would pass.
#
# *No order is needed, recursion does it.* ``push_at_once`` goes on from each input as soon as something
# has arrived there.
#
# *A gradient can be assigned.* ``assign`` has the right order, and ``=`` where ``+=`` belongs.


def push_at_once(node):
    for before, slope in node.edges:
        before.grad += node.grad * slope
        push_at_once(before)


def assign(root):
    for node in backward_order(root):
        for before, slope in node.edges:
            before.grad = node.grad * slope


for wrong in [push_at_once, assign]:
    a, c = Scalar(2), Scalar(1)
    J = example(a, c)
    J.grad = 1
    wrong(J)
    print(f"{wrong.__name__}: {a.grad = }, {c.grad = }")

# %%
# For ``c``, 27 is right. ``push_at_once`` comes to ``b`` with 4, and sends 4 · 3 on. It comes again with
# 5; by then ``b.grad`` is 9, and it sends 9 · 3 on. ``c`` was reached twice, once for each path, but the 4
# was counted in both, and the sum is 39. ``assign`` keeps only what the last path brings, 5 · 3.
#
# *Then recursion has to pass on only what is new.* That gives the right number, but it calls itself for a
# node once for each path that leads there. Each value that is used twice can double the number of paths.
# ``calls`` only counts the calls of such a recursion:


def calls(node):
    return 1 + sum(calls(before) for before, _ in node.edges)


y = Scalar(1)
for _ in range(16):
    y = y + y
print(f"{calls(y) = }, {len(backward_order(y)) = }")

# %%
# The number of calls is :math:`2^{17} - 1`. Of these, :math:`2^{16}`, which is 65,536, are for the first
# value. Our loop visits 17 nodes, each once.
#
# Recursion has another limit: Python allows about 1,000 calls inside each other, so that a chain
# of a few thousand operations ends in a ``RecursionError``. The loops in ``backward_order`` and
# ``backward`` are limited only by memory.
#
# Check
# -----
# The same random expressions, computed with ``Scalar`` and with PyTorch. ``chance`` is a source of random
# choices; with the same seed it makes the same ones again. Values are picked again and again, so that there
# is plenty of :term:`fan-out`. Each expression has three inputs; all three gradients have to agree, up to
# rounding. ``sum`` begins with ``0 + …``, and so tests ``__radd__``.

import random


def expression(inputs, chance):
    values = list(inputs)
    for _ in range(12):
        x, y = chance.choices(values, k=2)
        values.append(chance.choice([x + y, x * y, -2 * x, x.tanh()]))
    return sum(values)


agreed = 0
for seed in range(300):
    ours = [Scalar(x) for x in [-1.5, 0.5, 1.0]]
    theirs = [torch.tensor(x.value, dtype=torch.float64, requires_grad=True) for x in ours]
    for inputs in (ours, theirs):
        expression(inputs, random.Random(seed)).backward()
    pairs = [(x.grad, t.grad.item()) for x, t in zip(ours, theirs)]
    agreed += all(math.isclose(*pair, rel_tol=1e-9, abs_tol=1e-9) for pair in pairs)

print(f"{agreed = }")
assert agreed == 300

# %%
# What PyTorch does differently:
#
# - A node of PyTorch's graph stands for an operation on whole tensors, and multiplies by all its local
#   derivatives at once: a :term:`vector–Jacobian product`.
# - It saves tensors when it runs forward, and computes the local derivatives from them on the way back.
#   So it has to notice if a saved tensor is changed in between. Ours are computed at once.
# - It frees what it has saved as it walks. Our graph can be walked as often as you like.
# - What requires no gradient gets no edge. Our constants get a gradient that nobody asks for.
#
# Exercises
# ---------
# .. predict:: One node sends back what has arrived. What is ``grad["x"]`` at the end?
#    :answer: grad["x"]
#
#    .. code-block:: python
#
#       arrived = 4
#       edges = [("x", 3), ("y", 5), ("x", 2)]
#
#       grad = {"x": 0, "y": 0}
#       for before, slope in edges:
#           grad[before] += arrived * slope
#
#    Two edges lead to ``x``. They bring 4 · 3 and 4 · 2, together 20.
#
#    - ``8``: That is the last edge alone. Is it ``=`` or ``+=``?
#    - ``12``: That is the first edge alone. Is there another one to ``x``?
#    - ``5``: That is the sum of the two local derivatives. What is each of them multiplied by?
#
# .. predict:: For each value, its edges to what it was computed from. On how many edges must gradients
#    arrive before the node of ``b`` may go on?
#    :answer: waits_for["b"]
#
#    .. code-block:: python
#
#       from collections import Counter
#
#       edges = {"J": ["u", "v"], "u": ["a", "b"], "v": ["b", "b"], "b": ["c"]}
#       waits_for = Counter(before for node in edges for before in edges[node])
#
#    One edge comes from ``u``, and two come from ``v``, which was computed as ``b * b`` or ``b + b``.
#
#    - ``2``: That is the number of operations that use ``b``. How many edges come from ``v``?
#    - ``1``: That is the edge that leads on from ``b``. Which ones lead to it?
#    - ``4``: Which of the four lists contain ``b``, and how often?
#
# .. predict:: A chain of 100,000 steps, walked with recursion. What is ``outcome`` at the end? Answer with
#    the name of an error, or a number.
#    :answer: outcome
#
#    .. code-block:: python
#
#       def walk(n):
#           return 1 if n == 0 else 1 + walk(n - 1)
#
#
#       try:
#           outcome = walk(100_000)
#       except Exception as error:
#           outcome = type(error).__name__
#
#    Each call waits for the next one, and Python stops at about 1,000 calls inside each other. A loop
#    over a list, as in ``backward_order``, would give 100,001.
#
#    - ``100001``: That is how many calls it would take. Can they all be open at once?
#    - ``100000``: Even the number of calls is not quite that: the end of the chain counts too. And can so
#      many be open at once?
#    - ``MemoryError``: Python stops before memory runs out, at a limit of its own.

# %%
# **Next:** how PyTorch records such a graph while your code runs, in
# :doc:`/lessons/2_dynamic_graph/plot_dynamic_graph`. What a tensor keeps of it is looked up in
# :doc:`/tensor`.
