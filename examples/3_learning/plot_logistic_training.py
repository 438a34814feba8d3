r"""
How does a graph learn?
=======================

The graph itself does not learn. It is recorded, walked backward once, and thrown away. What learns are its
leaves: a :term:`training step` moves each :term:`parameter` against its :term:`gradient`, by :math:`\alpha` times the
gradient, where :math:`\alpha` is the :term:`learning rate`. The next forward pass records a new graph.

.. math::

   w \leftarrow w - \alpha\,\frac{\partial J}{\partial w} \qquad
   b \leftarrow b - \alpha\,\frac{\partial J}{\partial b}

.. predict:: In the last lesson, :math:`dw = (-1, -2.5)` and :math:`db = -0.25`. What does ``w`` hold after this step,
   with :math:`\alpha = 0.5`? Two numbers.
   :program: next
   :answer: w.flatten()

   Half of the gradient is (−0.5, −1.25). A step subtracts it, so (3, −1) becomes (3.5, 0.25).

   - ``2.5, -2.25``: The size of the step is right. Does it go along the gradient or against it?
   - ``4, 1.5``: The direction is right. Which part of the gradient does the step take?
   - ``0.5, 1.25``: That is how far the parameters move. Where do they start?
   - ``3, -1``: That was before the step. What does ``-=`` do under ``no_grad``?
"""

import torch
import torch.nn.functional as F

X = torch.tensor([[2.0, 4.0], [1.0, 1.0], [3.0, 7.0], [4.0, 10.0]])
Y = torch.tensor([[1.0], [0.0], [1.0], [1.0]])
w = torch.tensor([[3.0], [-1.0]], requires_grad=True)
b = torch.tensor([-2.0], requires_grad=True)

J = F.binary_cross_entropy_with_logits(X @ w + b, Y)
J.backward()
with torch.no_grad():
    w -= 0.5 * w.grad
    b -= 0.5 * b.grad
print(f"{w.flatten().tolist() = }, {b.tolist() = }")
# sphinx_gallery_graph = "J; view: written"

# %%
# The picture shows the graph that ``J`` was computed with, so its leaves hold the values from before the step. The
# step is not in it. It is no part of the model and must not be recorded, so it runs under
# :py:class:`torch.no_grad`. And it changes the parameters in place, so that they stay the same leaves.
#
# A new graph for each step
# -------------------------
# What does ``J`` say now?

w.grad, b.grad = None, None
print(f"{J.item() = :.4f}, {w.is_leaf = }")

# %%
# Still 0.6931. ``J`` was computed before the step, and does not follow the parameters. To see what the step has
# done, run the forward pass again:

J_after = F.binary_cross_entropy_with_logits(X @ w + b, Y)
J_after.backward()
print(f"{J_after.item() = :.4f}, {J_after.grad_fn is J.grad_fn = }")
# sphinx_gallery_graph = "J_after; view: written"

# %%
# The cost has fallen. This is another graph: new nodes, and in front of them the same two leaves. Three of the
# four examples are right by now, and what comes back from them is almost nothing. The second one should be a no,
# but its :math:`z` is 1.875. It decides where the next step leads.
#
# The loop
# --------
# Now more data: two clouds of 20 points each, around (1, 1) and (3, 3), labelled 0 and 1. All parameters begin at
# 0. Each round has four parts: forward, backward, the step, and the removal of the gradients. ``history`` collects
# copies of the parameters, from the beginning and from after each step.

torch.manual_seed(5)
X = torch.cat([torch.randn(20, 2) + 1, torch.randn(20, 2) + 3])
Y = torch.cat([torch.zeros(20, 1), torch.ones(20, 1)])


def cost(w, b):
    return F.binary_cross_entropy_with_logits(X @ w + b, Y)


def by_hand(rate, steps=200):
    w = torch.zeros(2, 1, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
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
# An :term:`optimizer` holds the parameters, takes the step for all of them, and removes their gradients. The one with
# the rule above is :py:class:`torch.optim.SGD`. The name stands for *stochastic gradient descent*, in which each step
# uses a few examples, drawn at random; here each step uses all of them. After each step, its parameters are
# compared with those of the loop by hand. They are equal to the last bit:

history = by_hand(0.5)

w = torch.zeros(2, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([w, b], lr=0.5)
for w_hand, b_hand in history[1:]:
    optimizer.zero_grad()
    J = cost(w, b)
    J.backward()
    optimizer.step()
    assert torch.equal(w, w_hand) and torch.equal(b, b_hand)
print(f"{J.item() = :.3f}, {w[0, 0].item() = :.3f}")

# %%
# (With a rate that is no power of 2, the last bits may differ: then it matters whether the product of rate and
# gradient is rounded before it is subtracted.)
#
# How far to step
# ---------------
# Here is the cost with two learning rates. Each line begins with the cost before the first step and after each of
# the first four, and ends with the cost after each of the last three. The plot shows the first 60 steps.

import matplotlib.pyplot as plt

fig, ax = plt.subplots()
for rate in [0.5, 4.0]:
    costs = [cost(*parameters).item() for parameters in by_hand(rate)]
    print(f"{rate = }:", *[f"{J:.3f}" for J in costs[:5]], "...", *[f"{J:.3f}" for J in costs[-3:]])
    ax.semilogy(costs[:61], label=rf"$\alpha = {rate}$")
ax.set_yticks([0.3, 0.5, 1, 2, 4], ["0.3", "0.5", "1", "2", "4"])
ax.minorticks_off()
ax.set(xlabel="$t$", ylabel="$J$")
ax.legend()
# sphinx_gallery_plot = "The cost J over the first 60 steps t, on a logarithmic axis. With the learning rate 0.5 it falls smoothly from 0.69 to about 0.32. With 4.0 it jumps up and down, up to 4.6 at first, and is still jagged at the end."

# %%
# Both begin at :math:`\log 2 = 0.693`, since with all parameters at 0 each :math:`a` is one half. With the rate 0.5,
# the cost falls in each step, quickly at first and then more and more slowly.
#
# A gradient tells you which way is down at this place. It does not tell you how far it goes down. With the rate 4, a
# step passes over the lowest point and lands on the other side, often higher up than before. In the end the cost
# jumps between two values, both higher than what the smaller rate has reached. If a cost jumps or grows, try a
# smaller rate.
#
# What it has learnt
# ------------------
# The model says yes where :math:`a > 0.5`, which is where :math:`z > 0`. The line :math:`z = 0` between yes and no is
# the :term:`decision boundary`. The plot shows it after 1 step (dotted), 50 (dashed) and 200 (solid), and ``right`` counts the examples on the
# right side of it, out of 40.

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
# The first step gives the boundary about the right direction, but leaves it too low. The next steps push it up,
# between the clouds. The clouds overlap, and five of the 40 points stay on the wrong side.
#
# Check
# -----
# The optimizer was checked against the loop by hand. Now each step of that loop is checked without autograd, by the
# formulas of the last lesson. They add up 40 numbers, perhaps in another order and with another rounding, so this
# comparison has a tolerance.

for (w_0, b_0), (w_1, b_1) in zip(history, history[1:]):
    dZ = (torch.sigmoid(X @ w_0 + b_0) - Y) / len(X)
    assert torch.allclose(w_1, w_0 - 0.5 * X.T @ dZ, atol=1e-5)
    assert torch.allclose(b_1, b_0 - 0.5 * dZ.sum(dim=0), atol=1e-5)

# %%
# What people get wrong
# ---------------------
# *The update is a line like any other.* While recording is on, PyTorch refuses to change a leaf in place if it
# requires a gradient. Written as ``w = w - ...``, the update runs, but then ``w`` is the name of another tensor, which
# is no leaf: the next ``backward()`` leaves no gradient in it. Under ``no_grad``, the new tensor would not require a
# gradient at all.

try:
    w -= 0.5 * w.grad
except RuntimeError as error:
    print(error)

print(f"{(w - 0.5 * w.grad).is_leaf = }")

# %%
# *Accuracy is what counts, so train on it.* The accuracy is the share of right answers. A small change of the
# parameters changes none of them, unless an example lies right at the boundary. So the slope of the accuracy is 0
# almost everywhere, and it cannot tell you where to go. The comparison in it is not even recorded
# (:doc:`/lessons/2_dynamic_graph/plot_silent_cuts`). The cost does respond to small changes. Here is the model after
# 50 steps, and with its weights moved by 0.01:

w_50, b_50 = history[50]
for w_near in [w_50, w_50 + 0.01]:
    accuracy = ((X @ w_near + b_50 > 0) == Y).float().mean()
    print(f"{accuracy.item() = }, {cost(w_near, b_50).item() = :.5f}")

# %%
# .. fold:: Further misconceptions
#
#    *Each round begins with new gradients.* Only if you remove the old ones. What happens otherwise is run in
#    :doc:`/lessons/2_dynamic_graph/plot_accumulate`.
#
#    *To evaluate, just call the model.* The numbers are right, but a graph is recorded that no one walks. Its
#    results cannot be plotted or turned into arrays as they are. And if you add up the costs of many rounds with
#    ``total = total + J``, the nodes of all these rounds stay alive. Evaluate under ``no_grad``, and add up
#    ``J.item()``.
#
# In short
# --------
# A graph does not learn; its leaves do. In each round, record a graph, walk it backward, move each leaf a little
# against its gradient without recording, and remove the gradients. ``zero_grad``, ``backward`` and ``step`` are these
# parts. How far to step is your choice: too far, and the cost jumps.
#
# Exercises
# ---------
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
#    The gradient is :math:`2w`, and a quarter of it is half of ``w``. So ``w`` goes from 4 to 2, and then to 1. ``J``
#    was computed in the second round, before the step: 2 · 2.
#
#    - ``1``: That is the square of what ``w`` is at the end. When was ``J`` computed?
#    - ``16``: That was computed in the first round. What does the second one do with the name ``J``?
#    - ``2``: That is ``w`` when ``J`` is computed for the last time. What does ``J`` make of it?
#
# .. derive:: One step on :math:`J = w^2`, with three different weights and rates. Where does it lead? Derive ``moved`` as a
#    formula in ``w`` and ``rate``.
#    :answer: (1 - 2 * rate) * w
#    :names: w, rate
#    :gives: moved
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([4.0, -1.0, 3.0], requires_grad=True)
#       rate = torch.tensor([0.25, 0.5, 1.5])
#       (w**2).sum().backward()
#       with torch.no_grad():
#           moved = w - rate * w.grad
#
#    The gradient is :math:`2w`, so the step gives :math:`w - 2 \alpha w = (1 - 2\alpha)\,w`. With
#    :math:`\alpha = 0.5` it leads right to the minimum. Above :math:`\alpha = 1` the factor is below −1: each step
#    passes over the minimum and ends further away from it.
#
#    - ``w - rate * w``: What is the derivative of :math:`w^2`?
#    - ``w + 2 * rate * w``: Does a step go along the gradient or against it?
#    - ``-2 * rate * w``: That is how far the step moves. Where does it start?
#    - ``w - 2 * rate``: What does the derivative of :math:`w^2` depend on?
#
# .. find:: This loop should halve ``w`` three times. Instead, ``backward()`` raises an error in the second round. Which line
#    has to be written differently?
#    :answer: line 8
#    :holds: w.item() == 0.5
#    :instead: w -= 0.25 * w.grad
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([4.0], requires_grad=True)
#       for _ in range(3):
#           J = w * w
#           J.backward()
#           with torch.no_grad():
#               w = w - 0.25 * w.grad
#           w.grad = None
#
#    Under ``no_grad``, ``w - ...`` makes a new tensor that requires no gradient, and the name ``w`` goes over to it. The
#    second round then records nothing. ``w -= ...`` changes the leaf itself.
#
#    - ``line 6``: There the error is raised, and only in the second round. What is different about ``J`` by then?
#    - ``line 7``: Without it, the step itself would be recorded. Look at what happens under it.
#    - ``line 9``: It removes the gradient, as each round should. Of which tensor, though?
#    - ``line 3``: In the first round this ``w`` is used, and all goes well. Is it the same tensor in the second?
#
# .. write:: Write the loop: 100 steps at the rate 0.5, without ``torch.optim``. Move ``w`` and ``b`` themselves.
#    :file: training_loop_by_hand
#    :fails: AssertionError: w =
#
#    .. code-block:: python
#
#       import torch
#       import torch.nn.functional as F
#
#       torch.manual_seed(0)
#       X = torch.cat([torch.randn(30, 2), torch.randn(30, 2) + 2])
#       Y = torch.cat([torch.zeros(30, 1), torch.ones(30, 1)])
#       w, b = torch.zeros(2, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
#
#       # <your code>
#       for _ in range(100):
#           F.binary_cross_entropy_with_logits(X @ w + b, Y).backward()
#           with torch.no_grad():
#               w -= 0.5 * w.grad
#               b -= 0.5 * b.grad
#           w.grad, b.grad = None, None
#       # </your code>
#
#       w2, b2 = torch.zeros(2, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
#       optimizer = torch.optim.SGD([w2, b2], lr=0.5)
#       for _ in range(100):
#           optimizer.zero_grad()
#           F.binary_cross_entropy_with_logits(X @ w2 + b2, Y).backward()
#           optimizer.step()
#
#       assert w.is_leaf and b.is_leaf, "w and b are not leaves"
#       assert w.requires_grad and b.requires_grad, "w and b require no gradient"
#       assert torch.allclose(w, w2, atol=1e-5), f"w = {w.tolist()}"
#       assert torch.allclose(b, b2, atol=1e-5), f"b = {b.tolist()}"
#
#    The forward pass stands inside the loop, since each step needs a graph of its own. The two steps run under
#    ``no_grad`` and in place, and the gradients are removed before the next round adds to them.
#
#    - ``AssertionError: w and b are not leaves``: Which statement made a new tensor and gave it the old name?
#    - ``AssertionError: w =``: If the numbers are too large, do the gradients of old rounds still take part? If they are
#      near 0, is the loop there at all?
#    - ``RuntimeError: a leaf Variable``: The step was about to be recorded. How do you turn recording off for it?
#    - ``RuntimeError: Trying to backward through the graph a second time``: Which line records the graph, and does each
#      round come past it?
#
# Further reading
# ---------------
# The loop without and with an optimizer is built up in the same order in
# `Dive into Deep Learning <https://d2l.ai/chapter_linear-regression/linear-regression-scratch.html>`__. Why momentum and
# other rules step in another way is shown in `Why Momentum Really Works <https://distill.pub/2017/momentum/>`__ by Gabriel
# Goh, which starts from a quadratic cost, as in the exercise on :math:`w^2`, in many dimensions.
#
# **Next:** how PyTorch keeps the parameters of a larger model together, in :doc:`/lessons/3_learning/plot_modules`. Other
# ways not to record are compared in :doc:`/lessons/2_dynamic_graph/plot_stop_recording`. ``is_leaf`` and ``grad`` are
# explained in :doc:`/tensor`.
