r"""
What does each operation do to a gradient?
==========================================

You can read most graphs backward without a single derivative. A sum *hands on* what arrives, a product
*swaps* its factors, a maximum *chooses* one input, and whatever copies forward *adds* backward.

.. predict:: What do ``a.grad``, ``b.grad``, ``c.grad`` and ``d.grad`` hold at the end? Answer with four
   numbers.
   :answer: (a.grad, b.grad, c.grad, d.grad)
   :program: next

   1 arrives at ``J``, and the product sends the *other* factor: ``m``, which is 7, to ``s``, and ``s``, which
   is 5, to ``m``. The sum hands its 7 on to both ``a`` and ``b``. The maximum gives its 5 to the input that
   won, ``c``, and nothing to ``d``.

   - ``5, 5, 7, 0``: Each factor of a product gets the value of the other one. Which value is that for ``s``?
   - ``7, 7, 5, 5``: The sum is right. Does ``J`` change if ``d`` grows a little?
   - ``2, 3, 7, 4``: Those are the values. How far does ``J`` move when ``a`` grows by 1?
   - ``1, 1, 1, 0``: Those are the local derivatives of the sum and the maximum. What has arrived there?
"""

import torch

a = torch.tensor([2.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([7.0], requires_grad=True)
d = torch.tensor([4.0], requires_grad=True)

s = a + b
m = torch.maximum(c, d)
J = s * m

J.backward()
print(f"{a.grad = }, {b.grad = }")
print(f"{c.grad = }, {d.grad = }")
# sphinx_gallery_graph = "J"

# %%
# Play it, and look at what each circle does on the way to the left. Then change ``d`` to 9 in the
# picture: now ``d`` wins, and the gradient goes there.
#
# A sum hands on
# --------------
# Each input of a sum moves the result by as much as it moves itself. So each gets what has arrived,
# whole and unchanged: it is not shared out. A subtraction does the same, with a minus for what is
# subtracted. The values do not matter, so PyTorch saves none of them.

x = torch.tensor([100.0, 0.001], requires_grad=True)
y = torch.tensor([2.0, 3.0], requires_grad=True)
(x - y).sum().backward()
print(f"{x.grad = }, {y.grad = }")

# %%
# A product swaps
# ---------------
# Each factor gets what has arrived, times the *other* factor. If one input is large, it is the other
# one that gets a large gradient. This is why the scale of the data matters: a feature in the thousands
# makes the gradient of its weight a thousand times as large, with the same weight and the same error.

weight = torch.tensor([0.5], requires_grad=True)
for feature in [1.0, 1000.0]:
    weight.grad = None
    (weight * torch.tensor([feature])).backward()
    print(f"{feature = }, {weight.grad.item() = }")

# %%
# A maximum chooses
# -----------------
# Only the largest input moves the result, so it gets everything, and the others get 0. The same holds for
# ``relu``, which is the maximum of ``x`` and 0, and for max pooling. Which input won is decided in the forward
# pass, by the values.
#
# And if two are equal? Then the maximum has no derivative: it would grow with either of them, and fall
# only with both. PyTorch has to decide, and it does so differently from function to function.

t = torch.tensor([4.0, 4.0], requires_grad=True)
t.amax().backward()
print(f"amax:    {t.grad = }")

t.grad = None
t.max(dim=0).values.backward()
print(f"max:     {t.grad = }")

p = torch.tensor([4.0], requires_grad=True)
q = torch.tensor([4.0], requires_grad=True)
torch.maximum(p, q).backward()
print(f"maximum: {p.grad = }, {q.grad = }")

# %%
# :py:func:`torch.amax` and :py:func:`torch.maximum` share between equal inputs. :py:func:`torch.max` with a
# dimension also returns an index, and the input at that index gets everything. Each choice is allowed,
# since each is a slope between those of the two sides. None of them is the derivative, which does
# not exist.
#
# A copy adds
# -----------
# Where one value is used in several places, the gradients of all places add up
# (:doc:`/lessons/1_computation_graph/plot_fan_out`). Broadcasting is a copy too: ``k`` below is used three
# times. And a sum is its mirror image: it adds forward, and copies backward.

k = torch.tensor([2.0], requires_grad=True)
rows = torch.tensor([1.0, 10.0, 100.0], requires_grad=True)
total = (k * rows).sum()
total.backward()
print(f"{k.grad = }, {rows.grad = }")
# sphinx_gallery_graph = "total"

# %%
# What people get wrong
# ---------------------
# *A sum divides the gradient among its inputs.* It hands on all of it to each of them. A mean divides,
# because it multiplies by 1/n:

x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
x.sum().backward()
print(f"sum:  {x.grad = }")
x.grad = None
x.mean().backward()
print(f"mean: {x.grad = }")

# %%
# *The input with the large value gets the large gradient.* At a product it is the other way round, and
# at a sum the values play no part. A small weight on a large feature has a large gradient.
#
# Check
# -----
# The first program again, by the four rules alone, against a nudge of each input.


def compute(a, b, c, d):
    return (a + b) * max(c, d)


at_s, at_m = 7.0, 5.0
by_rules = [at_s, at_s, at_m, 0.0]

h = 0.001
values = [2.0, 3.0, 7.0, 4.0]
by_nudge = []
for i in range(4):
    moved = list(values)
    moved[i] += h
    by_nudge.append((compute(*moved) - compute(*values)) / h)

print(f"{by_rules = }")
print([round(slope, 3) for slope in by_nudge])

assert by_rules == [t.item() for t in (a.grad, b.grad, c.grad, d.grad)]
assert all(abs(rule - nudge) < 1e-6 for rule, nudge in zip(by_rules, by_nudge))

# %%
# In short
# --------
# On the way back, a sum hands on what arrives, a product multiplies it by the other factor, a maximum gives
# it to the input that won, and a copy adds up. With these four you can read most gradients off a graph.
#
# Exercises
# ---------
# .. fill:: Fill in what arrives at each tensor, by the rules alone.
#    :graph: J
#    :blanks: m.grad, p.grad, x.grad, y.grad, z.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       y = torch.tensor([-4.0], requires_grad=True)
#       z = torch.tensor([-3.0], requires_grad=True)
#
#       p = x * y
#       m = torch.maximum(p, z)
#       J = m * 10
#
#    The product sends 10 to ``m``. The maximum compares −8 with −3, so ``z`` has won: 10 goes to ``z``, and 0
#    to ``p``. What is 0 stays 0 on the way to ``x`` and ``y``.
#
#    - ``p.grad = 10``: Which of the two inputs of the maximum is larger?
#    - ``x.grad = -40``: That would be right if ``p`` had won. Has it?
#    - ``z.grad = 5``: A maximum shares only between equal inputs. Are they equal?
#    - ``m.grad = -3``: That is the value of ``m``. What is it multiplied by?
#
# .. predict:: ``relu`` is a maximum of ``x`` and 0. What does ``x.grad`` hold? Answer with three numbers.
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([-2.0, 1.0, 3.0], requires_grad=True)
#       (torch.relu(x) ** 2).sum().backward()
#
#    The square sends back twice its input: 0, 2 and 6. Where ``x`` has won against 0, that is handed on; at −2
#    it is lost.
#
#    - ``-4, 2, 6``: The last two are right. Does the result change when the first number moves a little?
#    - ``0, 1, 1``: That is the slope of ``relu``. What does the square send to it?
#    - ``0, 1, 9``: Those are values. What is the slope of a square?
#
# .. derive:: The loss is the squared error of a product. What is the gradient of ``w``, as a formula?
#    :answer: 2 * (w * x - y) * x
#    :names: w, x, y
#    :gives: w.grad
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
#       x = torch.tensor([3.0, 2.0, -1.0])
#       y = torch.tensor([1.0, 4.0, 0.5])
#
#       error = w * x - y
#       loss = (error * error).sum()
#       loss.backward()
#
#    ``error`` meets itself in the product, so twice ``error`` comes back; the subtraction hands it on, and the
#    product sends it to ``w``, times ``x``.
#
#    - ``(w * x - y) * x``: How often is ``error`` used in ``error * error``?
#    - ``2 * (w * x - y)``: That has arrived at ``error``, and at the product. What does the product do?
#    - ``2 * (w * x - y) * w``: A product sends the *other* factor. Which one is that for ``w``?
#    - ``2 * (y - w * x) * x``: Size and form are right. Which of the two is subtracted?
#
# .. write:: Write the backward pass of a maximum by hand, so that equal inputs share, as
#       ``torch.maximum`` does.
#    :file: backward_of_a_maximum
#    :fails: TypeError: cannot unpack non-iterable NoneType object
#
#    .. code-block:: python
#
#       import torch
#
#
#       def maximum_backward(p, q, arrived):
#           # <your code>
#           won = (p > q) + 0.5 * (p == q)
#           return arrived * won, arrived * (1 - won)
#           # </your code>
#
#
#       p = torch.tensor([1.0, 5.0, 2.0], requires_grad=True)
#       q = torch.tensor([3.0, 4.0, 2.0], requires_grad=True)
#       arrived = torch.tensor([10.0, 10.0, 10.0])
#       torch.maximum(p, q).backward(arrived)
#
#       dp, dq = maximum_backward(p.detach(), q.detach(), arrived)
#       assert torch.equal(dp, p.grad), dp
#       assert torch.equal(dq, q.grad), dq
#
#    A comparison gives 1 where it holds and 0 elsewhere. Where both are equal, each gets a half.
#
#    - ``AssertionError: tensor([ 0., 10.,  0.])``: Two places are right. What happens to the third one, where
#      both are equal?
#    - ``AssertionError: tensor([ 0., 10., 10.])``: Who else should get something where both are equal?

# %%
# Further reading
# ---------------
# - `CS231n, Backpropagation, Intuitions <https://cs231n.github.io/optimization-2/>`__, the section on patterns in
#   backward flow.
# - PyTorch on derivatives where there are none: `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__.
#
# **Next:** what arrives at a result of several numbers, in
# :doc:`/lessons/2_dynamic_graph/plot_vector_outputs`.
