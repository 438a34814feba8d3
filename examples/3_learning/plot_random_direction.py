r"""
How do I check a million gradients at once?
===========================================

Nudging one parameter after the other takes two values of the loss for each. But you can nudge all of
them at once, along one direction: then the slope is a single number, and the gradient predicts it. Here
:math:`J = 3\,(a + bc)`, whose gradients at 5, 3 and 2 are 3, 6 and 9. As :math:`t` grows, :math:`a`,
:math:`b` and :math:`c` move together, at different speeds.

.. predict:: What does ``t.grad`` hold?
   :answer: t.grad
   :program: next

   Three paths lead from ``J`` back to ``t``: :math:`3 \cdot 1 + 6 \cdot 2 + 9 \cdot (-1) = 6`.

   - ``18``: Those are the three gradients, added up. How fast does each of the inputs move?
   - ``15``: The first two paths are in it. What comes back through ``c``?
   - ``24``: The size of each part is right. In which direction does ``c`` move?
   - ``2``: Those are the three speeds, added up. How much does each of the inputs matter to ``J``?
"""

# %%
import torch

torch.set_default_dtype(torch.float64)
t = torch.tensor(0.0, requires_grad=True)

a = 5 + t
b = 3 + 2 * t
c = 2 - t
u = b * c
v = a + u
J = 3 * v

J.backward()
print(f"{J.item() = }, {t.grad.item() = }")
# sphinx_gallery_graph = "J; view: written"

# %%
# One number for three gradients
# ------------------------------
# The speeds form a vector, the *direction* :math:`d = (1, 2, -1)`. What came back to :math:`t` is the
# :term:`gradient` :math:`g = (3, 6, 9)` times the direction, element by element, and added up. This is
# the **directional derivative**, the slope that you meet when you walk from the point along
# :math:`d`:
#
# .. math:: g \cdot d = \sum_i g_i\, d_i
#
# The same slope can be measured without any gradient: take two steps along :math:`d`, one forward and one
# back, and compare the two values.
#
# .. math:: s = \frac{J(p + h d) - J(p - h d)}{2h}


def J_at(p):
    a, b, c = p
    return 3 * (a + b * c)


p = torch.tensor([5.0, 3.0, 2.0])
g = torch.tensor([3.0, 6.0, 9.0])
d = torch.tensor([1.0, 2.0, -1.0])
h = 1e-3

slope = (J_at(p + h * d) - J_at(p - h * d)) / (2 * h)
print(f"{(g @ d).item() = }, {slope.item():.6f}")
assert t.grad == g @ d and torch.isclose(slope, g @ d)

# %%
# Two values of :math:`J` checked three gradients. With more parameters it still takes two.
#
# A million
# ---------
# This layer has a thousand times a thousand weights. A direction for it is a matrix of that shape, drawn at
# random. It is divided by its length, so that :math:`h` says how far the step goes.

torch.manual_seed(0)
X = torch.randn(10, 1000)
W = (torch.randn(1000, 1000) / 1000**0.5).requires_grad_()


def loss(W):
    return (torch.tanh(X @ W) ** 2).sum()


loss(W).backward()


@torch.no_grad()
def relative_error(gradient, D, h=1e-3):
    slope = (loss(W + h * D) - loss(W - h * D)) / (2 * h)
    predicted = (gradient * D).sum()
    return ((predicted - slope).abs() / torch.maximum(predicted.abs(), slope.abs())).item()


def direction(W):
    D = torch.randn_like(W)
    return (D / D.norm()).detach()


errors = [relative_error(W.grad, direction(W)) for _ in range(3)]
print(f"{W.numel() = }, {[error < 1e-7 for error in errors] = }")

# %%
# Would it notice a mistake? Here the sign of a *single* one of the million gradients is wrong:

wrong = W.grad.clone()
wrong[3, 5] *= -1
wrong_errors = [relative_error(wrong, direction(W)) for _ in range(3)]
print(f"{[error > 1e-6 for error in wrong_errors] = }")

# %%
# It does, three times out of three. If you had nudged a thousand single weights instead, chosen at random,
# you would have met the wrong one with a probability of a thousandth.
#
# Why does one element in a million show? The products :math:`g_i d_i` have both signs, and most of them
# cancel: a sum of :math:`N` such terms is only about :math:`\sqrt N` times as large as one of them. So one
# term is about a thousandth of the sum, while the difference is right to about :math:`10^{-8}`.
#
# Which layer is it?
# ------------------
# The check says that something is wrong, and not where. But you choose the direction: let it be zero
# for all parameters except one. In this small network, with the gradients by hand, a mean stands where
# a sum belongs:

Y = torch.randn(10, 1)
parameters = {
    "W1": torch.randn(1000, 20) / 30,
    "b1": torch.zeros(20),
    "W2": torch.randn(20, 1) / 4,
    "b2": torch.zeros(1),
}


def cost(W1, b1, W2, b2):
    return ((torch.tanh(X @ W1 + b1) @ W2 + b2 - Y) ** 2).mean()


def by_hand(W1, b1, W2, b2):
    A = torch.tanh(X @ W1 + b1)
    dZ2 = 2 * (A @ W2 + b2 - Y) / 10
    dZ1 = (dZ2 @ W2.T) * (1 - A * A)
    return {"W1": X.T @ dZ1, "b1": dZ1.mean(0), "W2": A.T @ dZ2, "b2": dZ2.sum(0)}


gradients = by_hand(**parameters)
bad = []
for name, value in parameters.items():
    D = direction(value)
    up = cost(**parameters | {name: value + 1e-4 * D})
    down = cost(**parameters | {name: value - 1e-4 * D})
    slope, predicted = (up - down) / 2e-4, (gradients[name] * D).sum()
    if not torch.isclose(predicted, slope, rtol=1e-4):
        bad.append(name)
print(f"{bad = }")

# %%
# Two values for each parameter tensor are still only eight values, and not forty thousand.
# ``gradcheck(…, fast_mode=True)`` also compares along random directions, and not element by element.
#
# You can also get the slope along a direction without a difference: :py:func:`torch.func.jvp` carries it
# forward beside the values, and has no error from a step. It uses the derivatives that PyTorch knows, so
# it can check your formulas, but not PyTorch's:

D = direction(W)
_, exact = torch.func.jvp(loss, (W.detach(),), (D,))
print(f"{torch.isclose((W.grad * D).sum(), exact, rtol=1e-10).item() = }")

# %%
# What people get wrong
# ---------------------
# *Any direction will do.* Along a direction of ones, the prediction is the sum of all gradients. Whatever
# leaves the sum as it is goes unnoticed. Here the gradient is transposed, the classic mistake with square
# matrices. The first line has the error along ones, the second one along a random direction:

transposed = W.grad.T
ones = torch.ones_like(W) / 1000
for D in [ones, direction(W)]:
    print(f"{relative_error(transposed, D) < 1e-6 = }")

# %%
# *A small* :math:`h` *makes a small step.* Only if the direction is short. A million numbers drawn from the
# normal distribution have the length 1000, and a step of :math:`10^{-3}` times that is a step of 1. Then even
# the right gradient fails:

D = torch.randn_like(W).detach()
print(f"{D.norm().item():.0f} {relative_error(W.grad, D) > 1e-4 = }")

# %%
# .. fold:: Further misconceptions
#
#    *One direction that agrees proves that the gradient is right.* For each wrong gradient, there are
#    directions along which it agrees: those that are perpendicular to the mistake. A direction drawn at random
#    is almost never one of them. Take two or three, at more than one place.
#
#    *One direction that disagrees proves that it is wrong.* By chance, a direction may lie almost along a
#    level line. Then slope and prediction are both near 0, and their relative error says nothing. Draw another
#    one.
#
# Check
# -----
# Of fifty random directions, all must agree with the right gradient, and all must disagree with the one in
# which a single sign is wrong.

right_errors, wrong_errors = [], []
for _ in range(50):
    D = direction(W)
    right_errors.append(relative_error(W.grad, D))
    wrong_errors.append(relative_error(wrong, D))
print(f"{max(right_errors) < 5e-6 = }, {min(wrong_errors) > 5e-6 = }")

assert max(right_errors) < 5e-6 < min(wrong_errors)
assert bad == ["b1"]

# %%
# In short
# --------
# Draw a direction at random, give it length 1, and compare :math:`g \cdot d` with the central difference along
# it. This takes two values of the loss, however many parameters there are, and nearly always finds even a single wrong one. If it
# fails, check one parameter tensor at a time.
#
# Exercises
# ---------
# .. fill:: ``x`` moves at speed 3, and ``y`` at speed −1. Fill in the values and what arrives.
#    :graph: J
#    :blanks: x, J, x.grad, y.grad, t.grad
#
#    .. code-block:: python
#
#       import torch
#
#       t = torch.tensor(0.0, requires_grad=True)
#       x = 2 + 3 * t
#       y = 5 - t
#       J = x * y
#       J.backward()
#
#    At :math:`t = 0`, :math:`x` is 2, :math:`y` is 5 and :math:`J` is 10. A product swaps: 5 arrives at
#    ``x``, and 2 at ``y``. Times the speeds, :math:`5 \cdot 3 + 2 \cdot (-1) = 13`.
#
#    - ``x = 5``: ``t`` is 0 at the start. What is left of :math:`2 + 3t`?
#    - ``x.grad = 2``: That is the value of ``x`` itself. Which of the two factors is the slope?
#    - ``t.grad = 7``: Both arrive, but not as they are. How fast do ``x`` and ``y`` move?
#    - ``t.grad = 17``: As ``t`` grows, does ``y`` grow too?
#
# .. derive:: :math:`J = x^2 y` is followed along a direction: ``x`` moves at speed ``p``, ``y`` at speed
#       ``q``. What does ``t`` get at :math:`t = 0`? Use ``x`` and ``y`` for their values there.
#    :answer: 2 * x * y * p + x**2 * q
#    :names: x, y, p, q
#    :gives: t.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x, y = torch.tensor([2.0, -1.0]), torch.tensor([3.0, 0.5])
#       p, q = torch.tensor([1.0, 0.5]), torch.tensor([-2.0, 4.0])
#       t = torch.zeros(2, requires_grad=True)
#       J = (x + t * p) ** 2 * (y + t * q)
#       J.sum().backward()
#
#    The gradient is :math:`(2xy, x^2)`. Each of its elements is multiplied by the speed of that input, and the
#    products add up.
#
#    - ``2 * x * y + x**2``: These are the gradients of ``x`` and ``y``. How fast does each of them move?
#    - ``2 * x * y * p``: That comes back through ``x``. Which other path is there?
#    - ``2 * x * p + q``: The derivative of a product with respect to ``x`` still contains the other factor.
#
# .. predict:: The gradient of ``f`` is claimed to be ``wrong``. At how many of the three directions does the
#       check not see that it is wrong?
#    :answer: unseen
#
#    .. code-block:: python
#
#       import torch
#
#       def f(p):
#           return p[0] ** 2 + 5 * p[1]
#
#       p = torch.tensor([3.0, 1.0])
#       right, wrong = torch.tensor([6.0, 5.0]), torch.tensor([5.0, 6.0])
#       unseen = 0
#       for d in [[1.0, 1.0], [1.0, 0.0], [2.0, 2.0]]:
#           d = torch.tensor(d)
#           slope = (f(p + d) - f(p - d)) / 2
#           unseen += int(slope == wrong @ d)
#
#    The two numbers are swapped. Along (1, 1) and (2, 2), both gradients predict the same, 11 and 22. Along
#    (1, 0), the slope is 6, and ``wrong`` predicts 5.
#
#    - ``0``: Compute both predictions along (1, 1). Do they differ?
#    - ``1``: Is (2, 2) another direction than (1, 1), or the same one with a longer step?
#    - ``3``: Along (1, 0), only the first element counts. What are the slope and the prediction?
#
# .. write:: Write ``agrees``: whether the gradient ``g`` of ``f`` at ``p`` fits the slope along one random
#       direction of length 1.
#    :file: check_along_a_direction
#    :fails: AssertionError: right
#
#    .. code-block:: python
#
#       import torch
#
#       torch.set_default_dtype(torch.float64)
#       torch.manual_seed(0)
#
#
#       def agrees(f, g, p, h=1e-4):
#           # <your code>
#           d = torch.randn_like(p)
#           d /= d.norm()
#           slope = (f(p + h * d) - f(p - h * d)) / (2 * h)
#           return torch.isclose((g * d).sum(), slope, rtol=1e-5)
#           # </your code>
#
#
#       p = torch.randn(100, 100)
#       g = torch.cos(p)
#       swapped = g.clone()
#       swapped[0, 0], swapped[0, 1] = g[0, 1], g[0, 0]
#       f = lambda p: torch.sin(p).sum()
#       assert all(agrees(f, g, p) for _ in range(20)), "right"
#       assert not any(agrees(f, 1.001 * g, p) for _ in range(20)), "scaled"
#       assert not any(agrees(f, swapped, p) for _ in range(20)), "swapped"
#
#    A random direction has a different number for each element, so two gradients that changed places do not
#    cancel. Its length is 1, so ``h`` is the length of the step.
#
#    - ``AssertionError: right``: Does the function return anything? Is the slope divided by the distance of
#      the two places, and is the direction as long as ``h`` expects?
#    - ``AssertionError: swapped``: Two gradients have changed places, and the check did not see it. Is your
#      direction different in each element?
#    - ``AssertionError: scaled``: A gradient that is off by a thousandth has passed. How much does your
#      comparison allow?

# %%
# Further reading
# ---------------
# - The JAX documentation checks along random directions too, and explains both modes:
#   `The Autodiff Cookbook <https://docs.jax.dev/en/latest/notebooks/autodiff_cookbook.html>`__.
# - PyTorch on the fast mode of ``gradcheck``:
#   `Gradcheck mechanics <https://docs.pytorch.org/docs/stable/notes/gradcheck.html>`__.
#
# **Next:** a gradient can be right, and still be too small to learn from:
# :doc:`/lessons/3_learning/plot_gradient_flow`.
