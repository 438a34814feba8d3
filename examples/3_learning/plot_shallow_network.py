r"""
What changes with a hidden layer?
=================================

Logistic regression separates two classes by a straight line, and for many data sets no line does. A
:term:`hidden layer` computes new features first, and the line is drawn among those. Backward, everything has to go
through the second layer, and through an :term:`activation`, before it reaches the first. Here
:math:`\mathrm{relu}(z) = \max(z, 0)`.

.. math:: Z_1 = X W_1 + b_1 \qquad A_1 = \mathrm{relu}(Z_1) \qquad Z_2 = A_1 W_2 + b_2

.. predict:: ``Z1`` has four rows, one for each point, and two hidden units. How many of its eight gradients are not 0?
   :program: next
   :answer: (Z1.grad != 0).sum()

   Two. ``Z1`` is positive at two of its eight places, and relu has the slope 1 there. At the other six it is
   negative, the slope is 0, and what arrives at ``A1`` stops.

   - ``8``: Something does arrive at all eight numbers of ``A1``. What is the slope of relu where ``Z1`` is negative?
   - ``4``: Compute ``Z1`` for the first point, (1, 1). Is one of the two numbers positive?
   - ``0``: Is ``Z1`` negative everywhere? Try the second point, (1, −1).
"""

import torch

X = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
W1 = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], requires_grad=True)
b1 = torch.tensor([-1.0, -1.0], requires_grad=True)
W2 = torch.tensor([[2.0], [2.0]], requires_grad=True)
b2 = torch.tensor([-1.0], requires_grad=True)

Z1 = X @ W1 + b1
A1 = torch.relu(Z1)
Z2 = A1 @ W2 + b2

Z1.retain_grad()
A1.retain_grad()
dZ2 = torch.tensor([[1.0], [-1.0], [-1.0], [1.0]])
Z2.backward(gradient=dZ2)
print(f"{Z1.grad.tolist() = }")
# sphinx_gallery_graph = "Z2; view: written"

# %%
# No line separates them
# ----------------------
# The rows of ``X`` are the corners of a square. (1, −1) and (−1, 1) belong to class 1, the other two to class 0. Suppose
# that a line got all four right. Then :math:`w_1 - w_2 + b` and :math:`-w_1 + w_2 + b` are positive, and so is their sum, :math:`2b`.
# But :math:`w_1 + w_2 + b` and :math:`-w_1 - w_2 + b` are negative, and so is their sum, which is :math:`2b` as well.
# Both cannot be.
#
# New features
# ------------
# Here is what the hidden layer makes of the four points, and what the second layer says:

print(f"{A1.tolist() = }")
print(f"{Z2.flatten().tolist() = }")

# %%
# The first hidden unit answers only to the point (1, −1), and the second one only to (−1, 1). The other two points both
# land on (0, 0). Among *these* features a line separates the classes: ``2 * a1 + 2 * a2 - 1`` is positive for the second
# and the third point, and negative for the other two. The second layer is logistic regression, on features that the
# first has made. And training finds such features: the first layer has weights, too.
#
# Backward, one layer more
# ------------------------
# Each example is a row, and ``dZ`` stands for ``Z.grad``, as in the lessons before.
#
# **1.** From the cost, the error of each example, divided by :math:`m`, arrives at ``Z2``. With
# :math:`A_2 = \sigma(Z_2)`:
#
# .. math:: dZ_2 = \frac{1}{m}\,(A_2 - Y)
#
# (In the picture, ``dZ2`` was given, with rounder numbers of the same signs: 1 for class 0, whose ``Z2`` should fall, and
# −1 for class 1, whose ``Z2`` should rise.)
#
# **2.** The parameters of the second layer are those of logistic regression, with :math:`A_1` in place of :math:`X`:
#
# .. math:: dW_2 = A_1^\top\, dZ_2 \qquad db_2 = \sum_{\text{rows}} dZ_2
#
# **3.** Now the new step, through the weights. In each row, unit :math:`j` acts on :math:`J` only through
# :math:`z_2 = \sum_j a_j w_j + b_2`, where its local derivative is :math:`w_j`. So it receives :math:`w_j\,dz_2`. For all
# units and rows at once, this is a product with the transpose:
#
# .. math:: dA_1 = dZ_2\, W_2^\top
#
# **4.** Through the activation. It acts on each number alone, so each gradient is multiplied by the slope at its own
# place. The sign :math:`\odot` means a product entry by entry, in code ``*``:
#
# .. math:: dZ_1 = dA_1 \odot \mathrm{relu}'(Z_1)
#
# **5.** The first layer is a layer like the second, with its own input:
#
# .. math:: dW_1 = X^\top\, dZ_1 \qquad db_1 = \sum_{\text{rows}} dZ_1
#
# A third layer would need no new formula: it repeats steps 3, 4 and 5.


def by_hand(X, Z1, A1, W2, dZ2):
    dW2, db2 = A1.T @ dZ2, dZ2.sum(dim=0)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * (Z1 > 0)
    dW1, db1 = X.T @ dZ1, dZ1.sum(dim=0)
    return dW1, db1, dW2, db2, dA1, dZ1


with torch.no_grad():
    dW1, db1, dW2, db2, dA1, dZ1 = by_hand(X, Z1, A1, W2, dZ2)
print(f"{dW1.tolist() = }, {W1.grad.tolist() = }")
assert torch.equal(dA1, A1.grad) and torch.equal(dZ1, Z1.grad)
assert torch.equal(dW1, W1.grad) and torch.equal(db1, b1.grad)
assert torch.equal(dW2, W2.grad) and torch.equal(db2, b2.grad)

# %%
# Compare the boxes of ``A1`` and ``Z1`` in the picture. Something arrives at all eight numbers of ``A1``, but it passes
# relu only at the two places where a unit is active. So each unit learns from the points to which it answers.
#
# Training
# --------
# Each corner becomes a cloud of 50 points. ``train`` returns the cost at the end, and how many of the 200 points are
# right. First a single layer, then one with four hidden units before it:

from torch import nn

torch.manual_seed(0)
points = X.repeat(50, 1).double() + 0.3 * torch.randn(200, 2, dtype=torch.float64)
labels = torch.tensor([[0.0], [1.0], [1.0], [0.0]]).repeat(50, 1).double()
cost = nn.functional.binary_cross_entropy_with_logits


def train(model, steps=200, rate=0.5):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        cost(model(points), labels).backward()
        optimizer.step()
    with torch.no_grad():
        Z = model(points)
    return round(cost(Z, labels).item(), 3), ((Z > 0) == (labels > 0)).sum().item()


line = nn.Linear(2, 1).double()
network = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)).double()
start = [parameter.detach().clone() for parameter in network.parameters()]
print(f"{train(line) = }")
print(f"{train(network) = }")

# %%
# The line gets about half of the points right, and its cost is :math:`\log 2 \approx 0.693`, that of a model which
# always says one half. The network gets all of them.
#
# The plot shows where its answer changes. In the plane of :math:`x_1` and :math:`x_2`, the boundary is made of lines with
# bends: they may bend where a hidden unit starts to be active. Among the four features ``A1`` it is flat.

import matplotlib.pyplot as plt

ticks = torch.linspace(-2.0, 2.0, 201, dtype=torch.float64)
with torch.no_grad():
    heights = network(torch.cartesian_prod(ticks, ticks)).reshape(201, 201).T
fig, ax = plt.subplots(layout="constrained")
ax.plot(*points[labels[:, 0] == 0].T, "o", label="$y = 0$")
ax.plot(*points[labels[:, 0] == 1].T, "x", label="$y = 1$")
ax.contour(ticks, ticks, heights, levels=[0.0], colors="C2")
ax.set(xlabel="$x_1$", ylabel="$x_2$")
fig.legend(loc="outside upper center", ncols=2)
# sphinx_gallery_plot = "Four clouds of points, one around each corner. The boundary consists of two lines, each with one bend. One cuts off the cloud of class 1 at the upper left, the other one that at the lower right. Both clouds of class 0 lie between the lines."

# %%
# Check
# -----
# The network trained again from the same start, by the formulas alone. A ``weight`` of :py:class:`torch.nn.Linear` is
# stored as (outputs, inputs), so it is transposed to become our ``W``. After 200 steps, all parameters agree.

W1, b1, W2, b2 = start[0].T, start[1], start[2].T, start[3]
for _ in range(200):
    Z1 = points @ W1 + b1
    A1 = torch.relu(Z1)
    dZ2 = (torch.sigmoid(A1 @ W2 + b2) - labels) / len(points)
    dW1, db1, dW2, db2, _, _ = by_hand(points, Z1, A1, W2, dZ2)
    W1, b1, W2, b2 = W1 - 0.5 * dW1, b1 - 0.5 * db1, W2 - 0.5 * dW2, b2 - 0.5 * db2

first, _, second = network
print(f"{W2[0, 0].item() = :.6f}, {second.weight[0, 0].item() = :.6f}")
assert torch.allclose(W1, first.weight.T) and torch.allclose(b1, first.bias)
assert torch.allclose(W2, second.weight.T) and torch.allclose(b2, second.bias)

# %%
# What people get wrong
# ---------------------
# *Start with all parameters at zero, or at any other number.* With zeros, ``W2`` sends nothing back and ``A1`` is 0, so
# neither ``W1`` nor ``W2`` ever moves. With 0.5 everywhere, all hidden units compute the same, receive the same
# gradients, and stay copies of each other: four units can do no more than one. So a
# :term:`weight initialisation` is random, as that of ``nn.Linear`` is, to make the units different.

for value in [0.0, 0.5]:
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)).double()
    for parameter in model.parameters():
        nn.init.constant_(parameter, value)
    print(f"{value = }, {train(model) = }, {len(model[0].weight.unique(dim=0)) = }")

# %%
# The last number of each line counts the different units. (Logistic regression may start at zero: its cost has only one
# valley, and there are no units that could be copies.)
#
# *A second layer helps, with or without an activation.* Without one, the two matrices are only multiplied, and their
# product is again one matrix:
#
# .. math:: (X W_1 + b_1)\, W_2 + b_2 = X\,(W_1 W_2) + (b_1 W_2 + b_2)
#
# So this is logistic regression with more parameters, and no better:

linear = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 1)).double()
print(f"{train(linear) = }")

# %%
# .. fold:: Further misconceptions
#
#    *The gradient passes the activation as it is.* Leave out step 4, and no error is raised, since all shapes are right.
#    ``dZ1``, ``dW1`` and ``db1`` are wrong. The second layer still learns, so the cost may even fall. How such mistakes
#    are found is the subject of :doc:`/lessons/3_learning/plot_gradient_check`.
#
#    *A unit that is 0 for one point is dead.* It is inactive there, and learns from other points. A unit is called dead if
#    it is 0 for all points: then nothing passes its activation, and its weights stay as they are.
#
# In short
# --------
# A hidden layer makes new features, and the last layer draws its line among those. Backward there are two new steps:
# through the weights, :math:`dA_1 = dZ_2 W_2^\top`, and through the activation, times its slope. What reaches a layer is
# then used as in logistic regression. The units must start out different.
#
# Exercises
# ---------
# .. fill:: One number goes into two hidden units, ``p`` and ``q``. Fill in ``q``, and what arrives in the other empty boxes.
#    :graph: J; view: written
#    :blanks: q, p.grad, s.grad, w1.grad, v2.grad, q.grad, t.grad, w2.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0])
#       w1 = torch.tensor([1.0], requires_grad=True)
#       w2 = torch.tensor([-1.0], requires_grad=True)
#       v1 = torch.tensor([3.0], requires_grad=True)
#       v2 = torch.tensor([4.0], requires_grad=True)
#       s = w1 * x
#       p = torch.relu(s)
#       t = w2 * x
#       q = torch.relu(t)
#       J = v1 * p + v2 * q
#
#    ``q`` is 0. Both units receive their weight in the second layer, 3 and 4. Relu lets the 3 pass, and times
#    ``x`` it is 6 for ``w1``. The 4 stops at relu. And ``v2`` receives ``q``, which is 0: an inactive unit gives no
#    gradient to the weights on either side of it.
#
#    - ``q = -2``: That goes into relu. What comes out?
#    - ``q.grad = 0``: What arrives at ``q`` comes from the product with ``v2``. It has not yet met relu.
#    - ``t.grad = 4``: That arrives at ``q``. What is the slope of relu where ``t`` is negative?
#    - ``v2.grad = 4``: That is the value of ``v2``. Which factor does a product send to it?
#
# .. derive:: Other networks use tanh. What arrives at ``A`` is ``dA``. Derive what arrives at ``Z``, as a formula in ``dA`` and
#    ``A``. The derivative of :math:`\tanh` is :math:`1 - \tanh^2`.
#    :answer: dA * (1 - A**2)
#    :names: dA, A, Z
#    :gives: Z.grad
#
#    .. code-block:: python
#
#       import torch
#
#       Z = torch.tensor([[0.0, 1.0], [-2.0, 0.5]], requires_grad=True)
#       A = torch.tanh(Z)
#       dA = torch.tensor([[1.0, -3.0], [2.0, 0.5]])
#       A.backward(gradient=dA)
#
#    ``A`` is already the tanh of ``Z``, so the slope is ``1 - A**2``, entry by entry. That is also why PyTorch keeps the result
#    of tanh, and not its input, for the backward pass.
#
#    - ``1 - A**2``: That is the local derivative. What is it multiplied by?
#    - ``dA * (1 - Z**2)``: The formula squares the tanh. Which number is squared here?
#    - ``dA * (1 - tanh(A)**2)``: ``A`` is the result. How often was tanh applied?
#    - ``dA * A``: A product would send back the other factor. Which operation is it here?
#
# .. predict:: Three hidden units begin with the same weight, 0.5. After ten steps, how many different numbers does ``w1``
#    hold?
#    :answer: w1.unique().numel()
#
#    .. code-block:: python
#
#       import torch
#
#       w1 = torch.tensor([0.5, 0.5, 0.5], requires_grad=True)
#       w2 = torch.tensor([1.0, 1.0, -2.0], requires_grad=True)
#       optimizer = torch.optim.SGD([w1, w2], lr=0.1)
#       for _ in range(10):
#           optimizer.zero_grad()
#           loss = (w2 @ torch.tanh(w1) - 1) ** 2
#           loss.backward()
#           optimizer.step()
#
#    The first two units have the same weights in both layers, so they receive the same gradients and stay equal. The third
#    one has another weight in ``w2``, so from the first step on it receives another gradient.
#
#    - ``1``: All three begin with the same ``w1``. By what is the gradient multiplied on its way to each of them?
#    - ``3``: Is there anything in which the first two units differ?
#
# .. write:: Here the hidden layer has the sigmoid, and the loss is the mean of the squared errors. Compute ``dW1``, ``db1``,
#    ``dW2`` and ``db2`` without autograd.
#    :file: gradients_of_two_layers
#    :fails: NameError: name 'dW1'
#
#    .. code-block:: python
#
#       import torch
#
#
#       def by_hand(X, Y, W1, b1, W2, b2):
#           A1 = torch.sigmoid(X @ W1 + b1)
#           Z2 = A1 @ W2 + b2
#           # <your code>
#           dZ2 = 2 * (Z2 - Y) / len(X)
#           dW2, db2 = A1.T @ dZ2, dZ2.sum(dim=0)
#           dZ1 = dZ2 @ W2.T * A1 * (1 - A1)
#           dW1, db1 = X.T @ dZ1, dZ1.sum(dim=0)
#           # </your code>
#           return dW1, db1, dW2, db2
#
#
#       torch.manual_seed(0)
#       X, Y = torch.randn(7, 3), torch.randn(7, 1)
#       shapes = {"W1": (3, 4), "b1": (4,), "W2": (4, 1), "b2": (1,)}
#       leaves = [torch.randn(shape, requires_grad=True) for shape in shapes.values()]
#       W1, b1, W2, b2 = leaves
#       ((torch.sigmoid(X @ W1 + b1) @ W2 + b2 - Y) ** 2).mean().backward()
#
#       with torch.no_grad():
#           ours = by_hand(X, Y, *leaves)
#       for name, leaf, gradient in reversed(list(zip(shapes, leaves, ours))):
#           assert gradient.shape == leaf.shape, f"shape of d{name}"
#           assert torch.allclose(gradient, leaf.grad, atol=1e-5), f"numbers of d{name}"
#
#    Two steps differ from the lesson: the squared error sends back :math:`2(Z_2 - Y)/m`, and the sigmoid has the slope
#    :math:`A_1(1 - A_1)`. Steps 2, 3 and 5 are the same.
#
#    - ``AssertionError: numbers of db2``: ``db2`` is the sum of ``dZ2``. Is the mean in it, and the 2 of the square?
#    - ``AssertionError: numbers of dW1``: The second layer is right. Which two steps lie between ``dZ2`` and ``dZ1``?
#    - ``AssertionError: numbers of db1``: As for ``dW1``: the second layer is right, so look at ``dZ1``.
#    - ``RuntimeError: mat1 and mat2 shapes cannot be multiplied``: Write the shapes beside the two factors. Which of them has to
#      be transposed, and on which side does it stand?
#
# Further reading
# ---------------
# The steps are those of Andrew Ng's lectures on shallow networks (Deep Learning Specialization, course 1, week 3).
# `Dive into Deep Learning <https://d2l.ai/chapter_multilayer-perceptrons/backprop.html>`__
# derives them with a penalty on the weights, as a second branch of the graph. The four corners are the exclusive or, the
# smallest case of the parity that Minsky and Papert study in *Perceptrons* (1969).
#
# **Next:** more than two classes, in :doc:`/lessons/3_learning/plot_softmax_cross_entropy`. What happens in the backward
# pass of many layers is the subject of :doc:`/lessons/3_learning/plot_gradient_flow`.
