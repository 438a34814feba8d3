r"""
How does a graph learn?
=======================

The graph itself does not learn. It is recorded, walked back once, and thrown away. What learns are
the leaves: a step moves each :term:`parameter` against its :term:`gradient`, and the next
:term:`forward pass` records a new graph with the moved parameters. One turn of this loop is a
:term:`training step`, and most mistakes in it raise no error.

You need :doc:`/lessons/3_learning/plot_logistic_vectorised` and
:doc:`/lessons/2_dynamic_graph/plot_accumulate`.

One step of **gradient descent**, with the :term:`learning rate` :math:`\alpha`, is

.. math::

   w \leftarrow w - \alpha\,\frac{\partial J}{\partial w} \qquad
   b \leftarrow b - \alpha\,\frac{\partial J}{\partial b}

In the last lesson, the parameters were :math:`w = (3, -1)` and :math:`b = -2`, the gradients were
:math:`dw = (-1, -2.5)` and :math:`db = -0.25`, and the cost was :math:`J = 0.6931`.

**Predict first.** Take one step with :math:`\alpha = 0.5`. Where are :math:`w` and :math:`b`
afterwards? And what does ``J``, which was computed before the step, say then?
"""

# %%
# One step
# --------

import torch
import torch.nn.functional as F

X = torch.tensor([[2.0, 4.0], [1.0, 1.0], [3.0, 7.0], [4.0, 10.0]])
Y = torch.tensor([[1.0], [0.0], [1.0], [1.0]])
w = torch.tensor([[3.0], [-1.0]], requires_grad=True)
b = torch.tensor([-2.0], requires_grad=True)

J = F.binary_cross_entropy_with_logits(X @ w + b, Y)
J.backward()
# sphinx_gallery_graph = "J; view: written"

# %%
# In the picture on the web page, the gradients have arrived at ``w`` and ``b``. Now comes the
# step. It is not a part of the model and must not be recorded, so it stands under
# :py:class:`torch.no_grad`. It changes the parameters in place, so that they stay the same
# leaves.

with torch.no_grad():
    w -= 0.5 * w.grad
    b -= 0.5 * b.grad
w.grad, b.grad = None, None

print(f"{w.tolist() = }, {b.tolist() = }, {w.is_leaf = }")
print(f"{J.item() = :.4f}")

# %%
# Each parameter has moved against its gradient: ``w`` to (3.5, 0.25), and ``b`` to −1.875. But ``J``
# still says 0.6931. It was computed before the step, and does not follow the parameters. To
# see what the step has done, run the forward pass again:

J_after = F.binary_cross_entropy_with_logits(X @ w + b, Y)
print(f"{J_after.item() = :.4f}, {J_after.grad_fn is J.grad_fn = }")
# sphinx_gallery_graph = "J_after; view: written"

# %%
# The cost has fallen. The second picture shows another graph: new nodes, and in front of them the
# same two leaves. Three of the four examples are right by now, and what comes back from them is
# almost nothing. The second one should be a no, but its :math:`z` is 1.875. It decides where the
# next step leads.
#
# The loop
# --------
# Now for more data: two clouds of 20 points each, around (1, 1) and (3, 3), labelled 0 and 1.
# They overlap, so no line separates them without a mistake.

torch.manual_seed(5)
X = torch.cat([torch.randn(20, 2) + 1, torch.randn(20, 2) + 3])
Y = torch.cat([torch.zeros(20, 1), torch.ones(20, 1)])


def cost(w, b):
    return F.binary_cross_entropy_with_logits(X @ w + b, Y)


# %%
# All parameters begin at 0. Each round has four parts: forward, backward, the step, and the
# removal of the gradients. ``history`` collects copies of the parameters, from the beginning and
# from after each step.


def by_hand(rate, steps=200):
    w, b = (torch.zeros(shape, requires_grad=True) for shape in [(2, 1), (1,)])
    history = [(w.detach().clone(), b.detach().clone())]
    for _ in range(steps):
        J = cost(w, b)
        J.backward()
        with torch.no_grad():
            w -= rate * w.grad
            b -= rate * b.grad
        w.grad, b.grad = None, None
        history.append((w.detach().clone(), b.detach().clone()))
    return history


# %%
# An :term:`optimizer` holds the parameters, takes the step for all of them, and removes their
# gradients. The one with the rule above is :py:class:`torch.optim.SGD`. The name stands for
# *stochastic gradient descent*, in which each step uses a few examples, drawn at random. Here
# each step uses all of them.
#
# After each step, the parameters are compared with those of the loop by hand, and are equal to
# the last bit. This can be expected because the rate is 0.5, a power of 2. Its product with a
# gradient is exact, so it makes no difference whether the optimizer rounds it before it
# subtracts.

history = by_hand(0.5)

w, b = (torch.zeros(shape, requires_grad=True) for shape in [(2, 1), (1,)])
optimizer = torch.optim.SGD([w, b], lr=0.5)
for w_hand, b_hand in history[1:]:
    optimizer.zero_grad()
    J = cost(w, b)
    J.backward()
    optimizer.step()
    assert torch.equal(w, w_hand) and torch.equal(b, b_hand)

# %%
# How far to step
# ---------------
# Here is the cost with two learning rates. Each line begins with the cost before the first step and
# after each of the first five, and ends with the cost after each of the last four.

import matplotlib.pyplot as plt

fig, ax = plt.subplots()
for rate in [0.5, 4.0]:
    costs = [cost(*parameters).item() for parameters in by_hand(rate)]
    print(f"{rate = }:", *[f"{J:.3f}" for J in costs[:6]], "...", *[f"{J:.3f}" for J in costs[-4:]])
    ax.semilogy(costs[:61], label=rf"$\alpha = {rate}$")
ax.set_yticks([0.3, 0.5, 1, 2, 4], ["0.3", "0.5", "1", "2", "4"])
ax.minorticks_off()
ax.set(xlabel="$t$", ylabel="$J$")
ax.legend()
# sphinx_gallery_plot = "The cost J over the first 60 steps t, on a logarithmic axis. With the learning rate 0.5 it falls smoothly from 0.69 to about 0.32. With 4.0 it jumps up and down, up to 4.6 at first, and is still jagged at the end."

# %%
# Both begin at :math:`\log 2 = 0.693`, since with all parameters at 0 each :math:`a` is one half.
# With the rate 0.5, the cost falls in each step, quickly at first and then more and more slowly.
#
# A gradient tells you which way is down at this place. It does not tell you how far it goes down.
# With the rate 4, a step passes over the lowest point and lands on the other side, often higher
# up than before. In the end the cost jumps between two values, and both are higher than what the
# smaller rate has reached. So a larger rate does not always learn faster. If a cost jumps or
# grows, try a smaller one.
#
# What it has learnt
# ------------------
# The model says yes where :math:`a > 0.5`, which is where :math:`z > 0`. The line :math:`z = 0`
# between yes and no is the :term:`decision boundary`. The plot shows it after 1, 50 and 200 steps,
# and ``right`` counts the examples on the right side of it, out of 40.

grid = torch.linspace(-2, 6, 41)
x1, x2 = torch.meshgrid(grid, grid, indexing="xy")

fig, ax = plt.subplots()
ax.plot(*X[:20].T, "o", color="C0")
ax.plot(*X[20:].T, "x", color="C1")
for t, style in [(1, "dotted"), (50, "dashed"), (200, "solid")]:
    w_t, b_t = history[t]
    a = torch.sigmoid(w_t[0] * x1 + w_t[1] * x2 + b_t)
    ax.contour(x1, x2, a, levels=[0.5], colors="C2", linestyles=style)
    right = ((X @ w_t + b_t > 0) == Y).sum().item()
    print(f"{t = :3}, {cost(w_t, b_t).item() = :.3f}, {right = }")
ax.set(xlabel="$x_1$", ylabel="$x_2$")
# sphinx_gallery_plot = "Two clouds of points, circles around (1, 1) and crosses around (3, 3), and three straight lines that fall to the right. The dotted line, after 1 step, leaves most circles above it. The dashed one, after 50 steps, lies higher. The solid one, after 200 steps, is a little steeper and runs between the clouds, with three circles above it and two crosses below."

# %%
# The first step gives the boundary about the right direction, but leaves it too low. The next
# steps push it up, between the clouds. Five of the 40 points stay on the wrong side.
#
# What people get wrong
# ---------------------
# *The update is a line like any other.* While recording is on, PyTorch refuses to change a leaf
# in place if it requires a gradient. Written as ``w = w - ...``, the update runs, but then ``w``
# is the name of another tensor. This one is no leaf, so that the next ``backward()`` leaves its
# ``grad`` at ``None``. Under ``no_grad``, it would not require a gradient at all.

try:
    w -= 0.5 * w.grad
except RuntimeError as error:
    print(error)

print(f"{(w - 0.5 * w.grad).is_leaf = }")

# %%
# *Each round begins with new gradients.* Only if you remove the old ones. What happens otherwise
# is run in :doc:`/lessons/2_dynamic_graph/plot_accumulate`.
#
# *To evaluate, call the model.* The numbers are right, but a graph is recorded that nobody will
# walk. ``numpy()`` raises an error on such a result, and so does a plot of it. And if you add up
# the costs of many rounds with ``total = total + J``, the graphs of all these rounds stay alive.
# Evaluate under ``no_grad``, and add up ``J.item()``.

print(f"{torch.sigmoid(X @ w + b).requires_grad = }")

# %%
# *Accuracy is what counts, so train on it.* The accuracy is the share of right answers. A small
# change of the parameters changes none of them, unless an example lies right at the boundary. So
# the slope of the accuracy is 0 almost everywhere, and it cannot tell you where to go. The
# comparison in it is not even recorded (:doc:`/lessons/2_dynamic_graph/plot_silent_cuts`). The
# cost does respond to small changes: from step 50 to 200 it fell, while ``right`` stayed at 35.

for moved in [w, w + 0.001]:
    accuracy = ((X @ moved + b > 0) == Y).float().mean()
    print(f"{accuracy.item() = }, {accuracy.requires_grad = }")

# %%
# Check
# -----
# The optimizer has been checked against the loop by hand, after each step. Now each step of that
# loop is checked without autograd, by the formulas of the last lesson. They add up 40 numbers,
# maybe in another order and with another rounding, so this comparison has a tolerance. At the end
# stands the first weight: from the optimizer, by hand, and by the formulas.

for (w_0, b_0), (w_1, b_1) in zip(history, history[1:]):
    dZ = torch.sigmoid(X @ w_0 + b_0) - Y
    w_formula = w_0 - 0.5 * X.T @ dZ / len(X)
    b_formula = b_0 - 0.5 * dZ.mean()
    assert torch.allclose(w_1, w_formula, atol=1e-5) and torch.allclose(b_1, b_formula, atol=1e-5)
print(f"{w[0].item() = :.3f}, {w_1[0].item() = :.3f}, {w_formula[0].item() = :.3f}")

# %%
# Exercises
# ---------
# .. predict:: What does ``w`` hold after this step?
#    :answer: w
#
#    .. code-block:: python
#
#       import torch
#       import torch.nn.functional as F
#
#       X = torch.tensor([[2.0], [-2.0]])
#       Y = torch.tensor([[1.0], [0.0]])
#       w = torch.zeros(1, 1, requires_grad=True)
#       J = F.binary_cross_entropy_with_logits(X @ w, Y)
#       J.backward()
#       with torch.no_grad():
#           w -= 0.5 * w.grad
#
#    ``Z`` is 0 in both rows, so ``dZ`` is (−0.5, 0.5), and the gradient is (−1 − 1)/2 = −1. The
#    step goes against it, by half of it: 0 + 0.5.
#
#    - ``-0.5``: The size is right. Does a step go along the gradient or against it?
#    - ``1``: The direction is right. Which part of the gradient does the last line take?
#    - ``-1``: That is the gradient. Where does the step lead from 0?
#
# .. predict:: What does ``J`` hold at the end?
#    :answer: J
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([4.0], requires_grad=True)
#       optimizer = torch.optim.SGD([w], lr=0.25)
#       for _ in range(2):
#           optimizer.zero_grad()
#           J = w * w
#           J.backward()
#           optimizer.step()
#
#    The gradient is :math:`2w`, and a quarter of it is half of ``w``. So ``w`` goes from 4 to 2,
#    and then to 1. ``J`` was computed in the second round, before the step: 2 · 2.
#
#    - ``1``: That is the square of what ``w`` is at the end. When was ``J`` computed?
#    - ``16``: That was computed in the first round. What does the second one do with the name
#      ``J``?
#    - ``2``: That is ``w`` when ``J`` is computed for the last time. What does ``J`` make of it?
#
# .. predict:: Now the learning rate is 1.5. Where is ``w`` after three steps?
#    :answer: w
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([1.0], requires_grad=True)
#       optimizer = torch.optim.SGD([w], lr=1.5)
#       for _ in range(3):
#           optimizer.zero_grad()
#           J = w * w
#           J.backward()
#           optimizer.step()
#
#    A step takes away 1.5 · :math:`2w`, which is three times ``w``: 1 becomes −2, then 4, then
#    −8. Each step passes over the minimum at 0, and ends twice as far from it.
#
#    - ``0``: That is the minimum. Where does the first step lead from 1?
#    - ``-2``: That is after one step. How many are there?
#    - ``-0.125``: Here each step took away 1.5 · ``w``. What is the derivative of ``w * w``?

# %%
# **Next:** what changes if there is a layer between the features and the answer, in
# :doc:`/lessons/3_learning/plot_shallow_network`. Other ways not to record are compared in
# :doc:`/lessons/2_dynamic_graph/plot_stop_recording`. ``is_leaf`` and ``grad`` are explained in
# :doc:`/tensor`.
