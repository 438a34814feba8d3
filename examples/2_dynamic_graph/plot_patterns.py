r"""
What does each operation do to a gradient?
==========================================

A few patterns are enough to read most graphs: a sum hands a gradient on, a product swaps, a maximum chooses. Once you know
them, you see where a gradient goes before you calculate it.

.. predict:: The inputs are 5, 3, 2 and 4. Which gradients arrive at ``a``, ``b``, ``c`` and ``d``? Four numbers.
   :program: next
   :answer: (a.grad, b.grad, c.grad, d.grad)

   3 arrives at ``m``. The maximum is ``p``, so ``p`` gets all of it and ``d`` gets 0. The product sends 3 · 2 to ``s`` and
   3 · 8 to ``c``. The sum hands the 6 on to both of its inputs.

   - ``6, 6, 24, None``: ``d`` is an input of the maximum, so a number arrives. By how much does ``m`` follow ``d``?
   - ``6, 6, 24, 3``: Would ``m`` change if ``d`` grew a little, from 4 to 4.001?
   - ``3, 3, 24, 0``: What arrives at ``s``? By which number is ``s`` multiplied?
   - ``6, 6, 6, 0``: The factor 2 belongs to ``s``. By which number is ``c`` multiplied?
   - ``2, 2, 8, 0``: That would be right if 1 arrived at ``m``. What does the last line send?
"""

import torch

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)
d = torch.tensor([4.0], requires_grad=True)

s = a + b
p = s * c
m = torch.maximum(p, d)
J = 3 * m

J.backward()
print(a.grad, b.grad, c.grad, d.grad)
# sphinx_gallery_graph = "J; view: written"

# %%
# A sum hands on
# --------------
# In :math:`s = a + b` both slopes are 1. So what arrives at ``s``, here 6, is sent to ``a`` and to ``b`` unchanged, whatever
# their values are. A difference does the same, with the sign flipped for what is subtracted. :py:func:`torch.sum` sends what
# arrives to each element that was added; :py:func:`torch.mean` of :math:`m` elements sends a share of :math:`1/m`:

x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
print(f"{torch.autograd.grad(x.sum(), x) = }")
print(f"{torch.autograd.grad(x.mean(), x) = }")

# %%
# (:py:func:`torch.autograd.grad` returns the gradient instead of adding it to ``x.grad``, which is handy for a look.)
#
# The opposite holds, too. Where a value is used several times, it is copied forward, and the gradients that come back are
# added up: :doc:`/lessons/1_computation_graph/plot_fan_out`.
#
# A product swaps
# ---------------
# In :math:`p = s\,c` the slope for ``s`` is ``c``, and that for ``c`` is ``s``. Each input gets what arrives times the *other*
# value. So the input with the small value gets the large gradient: ``c`` is 2 and gets 24, ``s`` is 8 and gets 6.
#
# This has a practical side. A weight is multiplied by data, so the scale of the data is the scale of the gradient. If you
# measure a length in centimetres and not in metres, the weight's gradient is a hundred times as large, and a learning rate
# that was right is far too large:

w = torch.tensor([1.0], requires_grad=True)
metres = torch.tensor([3.0])
print(f"{torch.autograd.grad(w * metres, w) = }")
print(f"{torch.autograd.grad(w * (100 * metres), w) = }")

# %%
# A maximum chooses
# -----------------
# In :math:`m = \max(p, d)` only the larger input moves the result. It gets all that arrives, and the other gets 0. Note the
# difference: ``d.grad`` is 0 and not ``None``. ``d`` is a part of the graph, and its gradient did arrive; it is zero.
#
# Change ``d`` to 20 in the picture. Now ``d`` gets the 3, and zeros travel back to ``a``, ``b`` and ``c``. So a maximum is a
# switch, and the values decide how it is set. ``relu`` is the maximum of ``x`` and 0: where ``x`` is positive the gradient
# passes unchanged, where it is negative nothing passes. Max pooling sends each gradient to one pixel of its window.
#
# What if two are equal? Then there is no derivative: the slope to the left is not that to the right. PyTorch still has to
# send something, and each operation has its own rule:

x = torch.tensor([3.0, 7.0, 7.0], requires_grad=True)
print(f"{torch.autograd.grad(x.max(), x) = }")
print(f"{torch.autograd.grad(x.max(dim=0).values, x) = }")

z = torch.tensor([0.0], requires_grad=True)
print(f"{torch.autograd.grad(torch.relu(z), z) = }")
print(f"{torch.autograd.grad(torch.maximum(z, torch.zeros(1)), z) = }")
print(f"{torch.autograd.grad(z.clamp(min=0), z) = }")

# %%
# ``x.max()`` divides evenly between the two sevens. ``x.max(dim=0)`` also gives an index, and the element that it names gets
# all. ``relu``, ``maximum`` with 0 and ``clamp(min=0)`` give the same values everywhere, and at 0 they send back 0, ½ and 1.
# So there is no rule such as “PyTorch takes 0 at a kink”; look it up or run it. Training rarely notices: an input
# is seldom exactly at the kink, and each of the three lies between the slopes of the two sides.
#
# A function multiplies by its slope
# ----------------------------------
# An operation with one input multiplies what arrives by its slope at that input. For some, the slope is easily written with
# the *result*: :math:`y` for :math:`y = e^x`, and :math:`y(1 - y)` for a sigmoid. This is at most ¼, and nearly 0 where the
# sigmoid is flat:

x = torch.tensor([0.0, 2.0, 10.0], requires_grad=True)
y = torch.sigmoid(x)
print(f"{y.detach() = }")
print(f"{torch.autograd.grad(y.sum(), x) = }")

# %%
# A sigmoid is itself a chain of four patterns: flip the sign, take the exponential, add 1, take the reciprocal. In the
# picture, follow the gradient through them for :math:`x = 2`. The four slopes, multiplied, are the 0.105 that ``sigmoid`` has
# just given:

x = torch.tensor([2.0], requires_grad=True)
n = -x
e = torch.exp(n)
q = 1 + e
y = torch.reciprocal(q)
y.backward()
print(f"{x.grad = }")
# sphinx_gallery_graph = "y; view: written"

# %%
# The patterns in one list
# ------------------------
# :math:`g` is what arrives at the result.
#
# - :math:`a + b` hands on: :math:`g` to both.
# - :math:`a - b` flips one sign: :math:`g` to :math:`a`, and :math:`-g` to :math:`b`.
# - :math:`a\,b` swaps: :math:`g\,b` to :math:`a`, and :math:`g\,a` to :math:`b`.
# - :math:`\max(a, b)` chooses: :math:`g` to the larger one, and 0 to the other.
# - A value that is used twice adds up: :math:`g_1 + g_2`.
# - A function :math:`f(a)` multiplies by its slope: :math:`g\,f'(a)`.
#
# Check
# -----
# Each line by PyTorch, at :math:`a = 5`, :math:`b = 3`, where :math:`g = 7` arrives.

a, b = (torch.tensor(x, requires_grad=True) for x in [5.0, 3.0])


def sent(y):
    return [g.item() for g in torch.autograd.grad(y, [a, b], grad_outputs=torch.tensor(7.0))]


print(f"{sent(a + b) = }, {sent(a - b) = }, {sent(a * b) = }")
print(f"{sent(torch.maximum(a, b)) = }")
assert sent(a + b) == [7, 7] and sent(a - b) == [7, -7]
assert sent(a * b) == [7 * 3, 7 * 5] and sent(torch.maximum(a, b)) == [7, 0]
assert sent(a + a + b) == [7 + 7, 7]
assert sent(a**3 + b) == [7 * 3 * 5**2, 7]

# %%
# What people get wrong
# ---------------------
# *The larger value gets the larger gradient.* In a sum, values do not matter at all. In a product, it is the other way round.
# A gradient says how much the result would change with a value, not how much the value contributes to it:

a, b = (torch.tensor([x], requires_grad=True) for x in [1000.0, 0.001])
print(f"{torch.autograd.grad(a + b, [a, b]) = }")
print(f"{torch.autograd.grad(a * b, [a, b]) = }")

# %%
# *A zero comes from an error.* It is often a switch that happens to be off. A unit with ``relu`` whose input is negative for each
# example gets 0 from each, so its weights do not learn: it is *dead*. ``leaky_relu`` lets a small part pass:

x = torch.tensor([-1.0, -3.0], requires_grad=True)
print(f"{torch.autograd.grad(torch.relu(x).sum(), x) = }")
print(f"{torch.autograd.grad(torch.nn.functional.leaky_relu(x, 0.1).sum(), x) = }")

# %%
# .. fold:: Further misconceptions
#
#    *A maximum cannot be differentiated, so it must not be used in a network.* It has a derivative wherever its inputs differ.
#    What it does not do is tell the loser how far behind it was.
#
#    *A sum halves the gradient between its inputs.* It hands the whole of it to each. A mean does give each of its
#    elements a share, and so do ``torch.maximum`` and ``x.max()`` in a tie.
#
# In short
# --------
# Every operation multiplies what arrives by its local derivative. For a sum this is 1 for each input, for a product the
# other factor, for a maximum 1 for the winner and 0 for the others, for a function its slope. Where a value was used
# twice, the gradients are added. At ties and kinks, the operation's own rule decides.
#
# Exercises
# ---------
# .. fill:: Read the patterns off the picture: fill in the values and the gradients.
#    :graph: J; view: written
#    :blanks: m, J, p.grad, a.grad, b.grad, c.grad
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([2.0], requires_grad=True)
#       b = torch.tensor([3.0], requires_grad=True)
#       c = torch.tensor([8.0], requires_grad=True)
#
#       p = a * b
#       m = torch.maximum(p, c)
#       J = m - p
#       J.backward()
#
#    ``c`` wins, so ``m`` is 8 and ``J`` is 2. The difference sends 1 to ``m`` and −1 to ``p``. The maximum sends the 1 to ``c``
#    and 0 to ``p``. At ``p``, 0 and −1 add up. The product swaps: −3 for ``a`` and −2 for ``b``.
#
#    - ``p.grad = 0``: That comes from the maximum. Where else is ``p`` used?
#    - ``p.grad = 1``: On which side of the minus sign is ``p``?
#    - ``a.grad = -2``: That is the value of ``a`` itself, with the sign. What does a product do?
#    - ``c.grad = 0``: Which of the two is larger?
#
# .. derive:: What does a quotient send to its denominator? Type a formula for ``b.grad``, where ``g`` arrives at ``q``.
#    :answer: -g * a / b**2
#    :names: g, a, b
#    :gives: b.grad
#    :between: 0.5, 2
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([6.0, 1.0, 5.0], requires_grad=True)
#       b = torch.tensor([2.0, 4.0, 0.5], requires_grad=True)
#       g = torch.tensor([1.0, 3.0, -2.0])
#
#       q = a / b
#       q.backward(gradient=g)
#
#    A quotient is a product with a reciprocal, :math:`a \cdot b^{-1}`. It swaps, so ``a`` comes in, and the slope of
#    :math:`b^{-1}` is :math:`-b^{-2}`. With the result, it can also be written :math:`-g\,q/b`.
#
#    - ``g / b``: To which of the two does the quotient send that?
#    - ``g * a / b**2``: If the denominator grows, does the quotient grow, too?
#    - ``-a / b**2``: That is the local derivative. What has arrived at ``q``?
#    - ``g * a``: That would be a product. How fast does :math:`1/b` change with ``b``?
#
# .. find:: ``w`` should learn from this example, but its gradient is 0. In which line is it stopped?
#    :answer: line 6
#    :holds: w.grad.item() != 0
#    :instead: h = torch.nn.functional.leaky_relu(z, 0.1)
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0])
#       w = torch.tensor([-1.5], requires_grad=True)
#       z = w * x
#       h = torch.relu(z)
#       y = h + 1
#       loss = (y - 5) ** 2
#       loss.backward()
#
#    ``z`` is −3, so the switch of ``relu`` is off. −8 arrives at ``h``, and 0 is sent to ``z``. ``leaky_relu`` lets a tenth of
#    what arrives pass.
#
#    - ``line 5``: A product would stop a gradient if the other factor were 0. Is it?
#    - ``line 7``: What does a sum do to a gradient?
#    - ``line 8``: Its slope is :math:`2(y - 5)`. What is ``y``?
#
# .. write:: Write the backward pass of three patterns. ``send_back`` gets the name of an operation, its two inputs ``a`` and
#    ``b``, and what arrives, ``g``; it returns what is sent to ``a`` and to ``b``. In a tie, ``maximum`` gives half to each.
#    :file: patterns_backward
#    :fails: TypeError: cannot unpack non-iterable NoneType object
#
#    .. code-block:: python
#
#       import torch
#
#
#       def send_back(name, a, b, g):
#           # <your code>
#           if name == "sub":
#               return g, -g
#           if name == "mul":
#               return g * b, g * a
#           if a == b:
#               return g / 2, g / 2
#           return (g, 0) if a > b else (0, g)
#           # </your code>
#
#
#       for name in ["sub", "mul", "maximum"]:
#           for a, b, g in [(5, 3, 7), (-2, 4, 0.5), (3, 3, -1), (0, -1, 2)]:
#               x, y = (torch.tensor(float(t), requires_grad=True) for t in (a, b))
#               getattr(torch, name)(x, y).backward(gradient=torch.tensor(float(g)))
#               to_a, to_b = send_back(name, a, b, g)
#               assert to_a == x.grad.item(), f"{name}: to_a is {to_a} and not {x.grad}"
#               assert to_b == y.grad.item(), f"{name}: to_b is {to_b} and not {y.grad}"
#
#    Each pattern is what arrives times the local derivative. A product needs the values of its inputs, which is why PyTorch
#    saves them; a difference needs nothing.
#
#    - ``AssertionError: sub: to_b``: How does a difference change if what is subtracted grows?
#    - ``AssertionError: mul: to_a``: Which of the two values does a product send to ``a``? Is ``g`` in it?
#    - ``AssertionError: maximum``: Print ``a`` and ``b``. What is special about this pair?
#
# Further reading
# ---------------
# “Patterns in backward flow” comes from the notes of Stanford's CS231n,
# `Backpropagation, Intuitions <https://cs231n.github.io/optimization-2/>`__, and so does the sigmoid taken apart. PyTorch
# lists what it does where there is no derivative in
# `Gradients for non-differentiable functions
# <https://docs.pytorch.org/docs/stable/notes/autograd.html#gradients-for-non-differentiable-functions>`__.
#
# **Next:** what ``backward()`` wants if the result has several numbers, in
# :doc:`/lessons/2_dynamic_graph/plot_vector_outputs`.
