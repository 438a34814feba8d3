r"""
Could I write it myself?
========================

Yes, in fewer than 50 lines of Python: numbers that record where they come from, an order in which each
of them waits for all that comes back to it, and a loop that multiplies and adds. You write it here piece
by piece, test each piece before the next, and train something with it.

.. predict:: Before you write an engine, play one by hand. What does ``c.grad`` hold at the end?
   :answer: c.grad
   :program: next

   ``J`` sends 4 to ``u`` and 5 to ``v``. Both send theirs on to ``b``, where they add up to 9. Only then does
   ``b`` send 9 · 3 = 27 to ``c``.

   - ``9``: That is what arrives at ``b``. What is the slope from ``c`` to ``b``?
   - ``12``: Here ``b`` has sent on what came from ``u`` alone. What else comes back to it?
   - ``15``: Here ``b`` has sent on what came from ``v`` alone. What else comes back to it?
   - ``3``: That is the slope from ``c`` to ``b``. What has arrived at ``b``?
"""

import torch


def example(a, c):
    b = 3 * c
    u = a + b
    v = b + 1
    return u * v


a = torch.tensor([2.0], requires_grad=True)
c = torch.tensor([1.0], requires_grad=True)
J = example(a, c)
J.backward()
print(f"{a.grad = }, {c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# The numbers are those of :doc:`/lessons/1_computation_graph/plot_fan_out`. Our engine will have to give
# the same for the same function ``example``. You need Python's classes for it.
#
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


a, c = Scalar(2), Scalar(1)
J = example(a, c)

print(f"{J.value = }")
print(f"{[(before.value, slope) for before, slope in J.edges] = }")
assert J.value == example(2, 1)

# %%
# ``J`` was computed from 5 and 4, and the local derivative for each is the value of the other. Nobody
# declared a graph. It was built while ``example`` ran, and with plain numbers the same function computes
# the plain result.
#
# Step 2: an order for the backward pass
# --------------------------------------
# A node may pass its gradient on when all of it has arrived. So count first, for each node, the edges
# on which something will arrive. A ``Counter`` does this: a dictionary in which what is missing counts as
# 0. Then start from the result. When a node is done, cross out its edges; a node to which no edge is left
# is ready. Both loops go through a list that grows while they run; Python also visits what is appended on the way.

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
print([node.value for node in order])
assert all(order.index(node) < order.index(before) for node in order for before, _ in node.edges)

# %%
# First comes ``J``, then ``u``, ``v`` and ``a``, and then ``b`` with the value 3, after both of the nodes
# from which something comes back to it. Last are the constant 1, ``c``, and the constant 3. The assertion
# says what makes this a :term:`topological order`, read from the result: each node comes before all those
# that it was computed from.
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
# This is the engine, and it agrees with PyTorch. Switch the picture to *What PyTorch recorded*: each arrow
# is one of our edges. Only the constants 3 and 1 get no arrow, since they require no gradient. The leaves
# ``a`` and ``c`` appear as :term:`AccumulateGrad` nodes.
#
# Step 4: more operations
# -----------------------
# Any other operation is added in the same way: how the value is computed, and what the local derivatives
# are. The backward pass stays as it is. Here is ``tanh``, with the derivative :math:`1 - \tanh^2 x`.

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
# Train with it
# -------------
# Four points lie on the line :math:`y = 2x + 1`. The engine finds it from 0: each step computes the
# squared error anew, which records a new graph, and moves ``w`` and ``b`` against their gradients. The engine
# cannot subtract yet, so each target is negated and added; you can change that in the first exercise.

w, b = 0.0, 0.0
for step in range(200):
    ws, bs = Scalar(w), Scalar(b)
    errors = [ws * x + bs + -(2 * x + 1) for x in [-1.0, 0.0, 1.0, 2.0]]
    loss = sum(error * error for error in errors)
    loss.backward()
    w, b = w - 0.05 * ws.grad, b - 0.05 * bs.grad
    if step in (0, 1, 10, 199):
        print(f"{step = :>3}  {loss.value = :.4f}  {w = :.4f}  {b = :.4f}")
assert abs(w - 2) < 1e-6 and abs(b - 1) < 1e-6

# %%
# What people get wrong
# ---------------------
# *No order is needed, recursion does it.* ``push_at_once`` looks simpler than ours: it goes on from each
# input as soon as something has arrived there. It even gives the right gradient for ``a``, which is used
# once.


def push_at_once(node):
    for before, slope in node.edges:
        before.grad += node.grad * slope
        push_at_once(before)


a, c = Scalar(2), Scalar(1)
J = example(a, c)
J.grad = 1
push_at_once(J)
print(f"{a.grad = }, {c.grad = }")

# %%
# For ``c``, 27 is right. ``push_at_once`` comes to ``b`` with 4, and sends 4 · 3 on. It comes again with
# 5; by then ``b.grad`` is 9, and it sends 9 · 3 on. The 4 was counted twice, and the sum is 39.
#
# *Then recursion has to pass on only what is new.* That gives the right number, but it calls itself for a
# node once for each path that leads there. Each value that is used twice can double the number of paths.


def calls(node):
    return 1 + sum(calls(before) for before, _ in node.edges)


y = Scalar(1)
for _ in range(16):
    y = y + y
print(f"{calls(y) = }, {len(backward_order(y)) = }")

# %%
# The number of calls is :math:`2^{17} - 1`. Our loop visits 17 nodes, each once.
#
# .. fold:: Further misconceptions
#
#    *A gradient can be assigned.* With ``=`` in place of ``+=``, a node keeps only what the last path brings.
#    For ``c`` that would be 15.
#
#    *Recursion is only slow.* Python allows about 1,000 nested calls, so a chain of a few
#    thousand operations would end in a ``RecursionError``. The loops in ``backward_order`` and ``backward``
#    are limited only by memory.
#
# Check
# -----
# The same random expressions, computed with ``Scalar`` and with PyTorch. ``chance`` is a source of random
# choices; with the same seed it makes the same ones again. Values are picked again and again, so that there
# is plenty of :term:`fan-out`. All three gradients have to agree, up to rounding.

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
# - It saves tensors in the forward pass, and computes the local derivatives from them in the backward pass.
#   So it has to notice if a saved tensor is changed in between. Ours are computed in the forward pass.
# - It frees what it has saved as it walks. Our graph can be walked as often as you like.
# - What requires no gradient gets no edge. Our constants get a gradient that nobody asks for.
#
# In short
# --------
# An engine needs three things: numbers that record their edges when an operation runs, an order in which
# each node waits for all that comes back, and a loop that multiplies along edges and adds where they meet.
#
# Exercises
# ---------
# .. write:: The engine cannot subtract. Add ``__sub__``, so that ``x - y`` works for two numbers that record.
#    :file: subtract_for_the_engine
#    :fails: TypeError: unsupported operand type(s) for -: 'Scalar' and 'Scalar'
#
#    .. code-block:: python
#
#       class Scalar:
#           def __init__(self, value, edges=()):
#               self.value = value
#               self.edges = edges
#
#           def __add__(self, other):
#               return Scalar(self.value + other.value, [(self, 1), (other, 1)])
#
#           # <your code>
#           def __sub__(self, other):
#               return Scalar(self.value - other.value, [(self, 1), (other, -1)])
#           # </your code>
#
#
#       x, y = Scalar(5), Scalar(3)
#       d = x - y
#       assert d.value == 2, d.value
#       assert d.edges == [(x, 1), (y, -1)], d.edges
#       assert [slope for _, slope in (x - x).edges] == [1, -1]
#
#    As for the sum, but if what is subtracted grows, the difference falls: its local derivative is −1.
#
#    - ``AssertionError: 8``: Which sign computes the value?
#    - ``AssertionError: [``: Print the slopes. In which direction does the result go if ``y`` grows?
#
# .. write:: Add powers with a whole number, such as ``x ** 3``, and ``relu``.
#    :file: power_and_relu_for_the_engine
#    :fails: TypeError: unsupported operand type(s) for ** or pow(): 'Scalar' and 'int'
#
#    .. code-block:: python
#
#       class Scalar:
#           def __init__(self, value, edges=()):
#               self.value = value
#               self.edges = edges
#
#           # <your code>
#           def __pow__(self, n):
#               return Scalar(self.value**n, [(self, n * self.value ** (n - 1))])
#
#           def relu(self):
#               return Scalar(max(self.value, 0), [(self, 1 if self.value > 0 else 0)])
#           # </your code>
#
#
#       x = Scalar(2)
#       assert (x**3).value == 8
#       assert (x**3).edges == [(x, 12)], "power"
#       assert x.relu().value == 2 and x.relu().edges == [(x, 1)], "relu"
#       y = Scalar(-2)
#       assert y.relu().value == 0 and y.relu().edges == [(y, 0)], "relu of a negative number"
#
#    The exponent is a plain number, so each operation has one edge. The slope of a power is
#    ``n * x ** (n - 1)``, and that of ``relu`` is 1 where it lets its input pass.
#
#    - ``AssertionError: power``: At 2, the slope of the cube is 12. What does your edge hold?
#    - ``AssertionError: relu of a negative number``: Does the result move if the input goes from −2 to −1.9?
#
# .. find:: This backward pass gives 5 for ``c``, where 9 is right. Point at the line that is to blame.
#    :answer: line 8
#    :holds: grad["c"] == 9
#    :instead: grad[before] += grad[node] * slope
#
#    .. code-block:: python
#
#       edges = {"J": [("u", 4), ("v", 5)], "u": [("c", 1)], "v": [("c", 1)], "c": []}
#       order = ["J", "u", "v", "c"]
#
#       grad = {"J": 1, "u": 0, "v": 0, "c": 0}
#
#       for node in order:
#           for before, slope in edges[node]:
#               grad[before] = grad[node] * slope
#
#    ``c`` is used twice. With ``=``, what ``v`` sends replaces what ``u`` has sent; it has to be ``+=``.
#
#    - ``line 2``: Does each node come after all those that send something to it?
#    - ``line 4``: Before the walk, has anything arrived at a value other than the result?
#    - ``line 1``: The local derivatives are those of ``u * v`` at 5 and 4. Are they wrong?
#
# .. fill:: Walk this graph as your engine would. Fill in what arrives at each tensor.
#    :graph: J
#    :blanks: v.grad, u.grad, b.grad
#
#    .. code-block:: python
#
#       import torch
#
#       b = torch.tensor([2.0], requires_grad=True)
#
#       u = b + 3
#       v = u * b
#       J = u + v
#
#    1 arrives at ``v``. ``u`` gets 1 from the sum and 2, the value of ``b``, from the product: 3. ``b`` gets 5, the
#    value of ``u``, from the product, and 3 from ``u``: 8.
#
#    - ``u.grad = 1``: That comes from the sum. What else uses ``u``?
#    - ``u.grad = 2``: That comes from the product. What else uses ``u``?
#    - ``b.grad = 5``: That comes from the product. What else uses ``b``?
#    - ``b.grad = 6``: Did ``u`` send its gradient on before all of it had arrived?
#    - ``b.grad = 3``: That comes through ``u``. What else uses ``b``?

# %%
# Further reading
# ---------------
# - Andrej Karpathy, `micrograd <https://github.com/karpathy/micrograd>`__: a scalar engine with a small
#   library of neural networks on top.
# - Baydin, Pearlmutter, Radul and Siskind, `Automatic differentiation in machine learning: a survey
#   <https://arxiv.org/abs/1502.05767>`__.
#
# **Next:** what this order of work saves, in
# :doc:`/lessons/1_computation_graph/plot_forward_or_reverse`. How PyTorch records such a graph while your
# code runs is shown in :doc:`/lessons/2_dynamic_graph/plot_dynamic_graph`.
