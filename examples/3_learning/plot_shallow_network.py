r"""
What changes with a hidden layer?
=================================

Logistic regression separates two classes by a straight line, and in many data sets no line
separates them. A :term:`hidden layer` computes new features first, and the line is drawn among
those. The price is a longer way back: the gradient has to go through the second layer before it
reaches the weights of the first. Here you derive what travels along that way, as matrices, and
compare every gradient with that of autograd.

You need :doc:`/lessons/3_learning/plot_logistic_vectorised` for the matrices, and
:doc:`/lessons/3_learning/plot_logistic_training` for the loop.

The example is a small one that no line can separate. Of the four points
:math:`(\pm 1, \pm 1)`, those with two equal signs belong to class 0, and the other two to class 1.

**Predict first.** How many of the four points can a straight line get right, at most? And if each
of them becomes a cloud of 50 points, about how many of the 200 will logistic regression get right?
"""

# %%
# A straight line fails
# ---------------------
# Logistic regression is one layer: :py:class:`torch.nn.Linear` computes :math:`Z`, and its
# :term:`activation`, a sigmoid, makes :math:`A` of it. ``Layer`` does both, and keeps ``Z`` and
# ``A``, so that we can ask for their gradients later. ``train`` returns the cost, and how many of
# the 200 points are right. All numbers are in ``float64``, so that the formulas can be compared to
# many digits.
#
# (The loss takes :math:`A` here, so that both layers of the network below are built alike. In a
# program of your own, leave the last sigmoid out, and use the form with logits.)

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
labels = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
X = corners.repeat(50, 1) + 0.3 * torch.randn(200, 2)
Y = labels.repeat(50, 1)
cost = torch.nn.functional.binary_cross_entropy


class Layer(torch.nn.Linear):
    def __init__(self, inputs, units, activation):
        super().__init__(inputs, units)
        self.activation = activation

    def forward(self, X):
        Z = self.Z = super().forward(X)
        A = self.A = self.activation(Z)
        return A


def train(model, steps):
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    for _ in range(steps):
        optimizer.zero_grad()
        cost(model(X), Y).backward()
        optimizer.step()
    with torch.no_grad():
        A = model(X)
    return round(cost(A, Y).item(), 3), ((A > 0.5) == (Y > 0.5)).sum().item()


line = Layer(2, 1, torch.sigmoid)
print(f"{train(line, steps=100) = }")

# %%
# About half of the points are right, and the cost is that of a model which always says one half,
# :math:`\ln 2 \approx 0.693`.
#
# More steps would not help. Suppose that a line got all four corners right. Then
# :math:`w_1 - w_2 + b` and :math:`-w_1 + w_2 + b` are positive, and so is their sum, :math:`2b`. But
# :math:`w_1 + w_2 + b` and :math:`-w_1 - w_2 + b` are negative, and so is their sum, which is
# :math:`2b` as well. Both cannot be, so three of the four is the most. And training does not even
# lead there: the *cost* of the four corners is smallest where the model says one half for each.
#
# Two layers
# ----------
# The hidden layer turns the features :math:`X` into new ones, :math:`A_1`. The second layer does
# logistic regression on those:
#
# .. math::
#
#    Z_1 &= W_1 X + b_1   & A_1 &= \tanh(Z_1) \\
#    Z_2 &= W_2 A_1 + b_2 & A_2 &= \sigma(Z_2)
#
# :py:func:`torch.tanh` goes from −1 to 1, and its slope is :math:`1 - \tanh^2`. The cost :math:`J` is
# the mean of the losses of the :math:`m` examples.
#
# These formulas are written as in many courses, with each example in a *column*: :math:`X` has the
# shape :math:`(2, m)`, and :math:`z^{(i)}` is the column of :math:`Z` for example :math:`i`. In the
# program, as in the lessons before and in PyTorch's layers, each example is a *row*, which is the
# same transposed: :math:`Z^\top = X^\top W^\top + b^\top`. The matrices :math:`W` and their
# gradients are the same in both.
#
# Here is a network with two hidden units, on the four corners alone. Its weights are chosen so that
# ``Z`` of the hidden layer is easy to read.
# :py:func:`~torch.nn.utils.vector_to_parameters` writes them into the layers, in the order of
# ``parameters()``.


def network(units, activation=torch.tanh):
    model = torch.nn.Sequential()
    model.hidden = Layer(2, units, activation)
    model.out = Layer(units, 1, torch.sigmoid)
    return model


small = network(units=2)
chosen = torch.tensor([1.0, 1.0, 1.0, -1.0, 0.0, 0.0, 2.0, 1.0, -1.0])
torch.nn.utils.vector_to_parameters(chosen, small.parameters())

J = cost(small(corners), labels)
J.backward()
# sphinx_gallery_graph = "J; fold: layers"

# %%
# The picture on the web page is the graph of one :term:`training step`, with each layer folded into
# one box. Play it, and follow the way back: from ``J``, the gradient goes through ``out`` and then
# through ``hidden``, and each parameter gets its share. Now click ``hidden`` to open it, and compare
# what stands after ∇ in its ``A`` and in its ``Z``: where ``Z`` is 0, all of it goes through tanh.
# Where ``Z`` is 2 or −2, only 7 % does. Each step of the training below records such a graph, with
# larger matrices.
#
# The way back, by hand
# ---------------------
# The derivation is in columns, too. On the left stand the derivatives of the cost :math:`J`, which
# autograd computes. On the right stands what courses write. They differ only in the :math:`1/m`. As
# in the lessons before, :math:`dZ` holds for each example the derivative of *its own* loss, and so
# does :math:`dA`. Here :math:`1/m` comes in for the parameters, where the examples are added up:
#
# .. math::
#
#    dZ = m\,\frac{\partial J}{\partial Z} \qquad
#    dA = m\,\frac{\partial J}{\partial A} \qquad
#    dW = \frac{\partial J}{\partial W} \qquad
#    db = \frac{\partial J}{\partial b}
#
# **1.** The second layer is logistic regression, with :math:`A_1` in place of the features. In the
# product with :math:`A_1^\top`, what came back for an example meets the features of the same
# example, and the sum runs over all examples:
#
# .. math::
#
#    \frac{\partial J}{\partial Z_2} &= \frac{1}{m}\,(A_2 - Y) \qquad &
#    dZ_2 &= A_2 - Y \\
#    \frac{\partial J}{\partial W_2} &= \frac{\partial J}{\partial Z_2}\, A_1^\top \qquad &
#    dW_2 &= \frac{1}{m}\, dZ_2\, A_1^\top \\
#    \frac{\partial J}{\partial b_2} &= \sum_{i=1}^{m} \frac{\partial J}{\partial z_2^{(i)}} \qquad &
#    db_2 &= \frac{1}{m} \sum_{i=1}^{m} dz_2^{(i)}
#
# **2.** Through the weights. In one example, the value :math:`a_j` of hidden unit :math:`j` acts on
# :math:`J` only through :math:`z_2 = \sum_j w_j a_j + b_2`. The local derivative is :math:`w_j`, so
# unit :math:`j` receives :math:`w_j\,\partial J / \partial z_2`. For all units and all examples at
# once:
#
# .. math::
#
#    \frac{\partial J}{\partial A_1} = W_2^\top\, \frac{\partial J}{\partial Z_2} \qquad
#    dA_1 = W_2^\top\, dZ_2
#
# **3.** Through tanh. It acts on each number by itself, so each number is multiplied by its own
# slope. A product entry by entry is written :math:`\odot`; in code it is ``*``.
#
# .. math::
#
#    \frac{\partial J}{\partial Z_1}
#    = \frac{\partial J}{\partial A_1} \odot (1 - A_1 \odot A_1) \qquad
#    dZ_1 = dA_1 \odot (1 - A_1 \odot A_1)
#
# **4.** The first layer is a layer like the second one, with :math:`X` in place of :math:`A_1`:
#
# .. math::
#
#    \frac{\partial J}{\partial W_1} &= \frac{\partial J}{\partial Z_1}\, X^\top \qquad &
#    dW_1 &= \frac{1}{m}\, dZ_1\, X^\top \\
#    \frac{\partial J}{\partial b_1} &= \sum_{i=1}^{m} \frac{\partial J}{\partial z_1^{(i)}} \qquad &
#    db_1 &= \frac{1}{m} \sum_{i=1}^{m} dz_1^{(i)}
#
# A third layer would need no new formula: each further layer repeats steps 2, 3 and 4.
#
# The program computes the right side, one formula after the other. It takes ``X`` and ``Y`` in rows
# and transposes them. At the end it transposes ``dZ2``, ``dA1`` and ``dZ1`` back, and divides them
# by :math:`m`, so that they can be compared with autograd's. ``slope`` can be replaced, so that we
# can leave it out later.


def by_hand(X, Y, W1, b1, W2, b2, slope=lambda A: 1 - A * A):
    X, Y, m = X.T, Y.T, len(X)
    A1 = torch.tanh(W1 @ X + b1[:, None])
    A2 = torch.sigmoid(W2 @ A1 + b2[:, None])
    dZ2 = A2 - Y
    dW2, db2 = dZ2 @ A1.T / m, dZ2.mean(dim=1)
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * slope(A1)
    dW1, db1 = dZ1 @ X.T / m, dZ1.mean(dim=1)
    return dZ2.T / m, dW2, db2, dA1.T / m, dZ1.T / m, dW1, db1


def equal(ours, theirs):
    return [torch.allclose(a, b, rtol=1e-9, atol=1e-12) for a, b in zip(ours, theirs)]


# %%
# Every gradient, compared
# ------------------------
# Now with four hidden units and all 200 points. All sizes are different, so that a matrix which
# should have been transposed would not fit. :py:func:`torch.autograd.grad` returns the gradients of
# the tensors that you name, leaves or not. Each row of the table is one formula of the derivation,
# from step 1 to step 4: its name, the shape of the gradient, and whether autograd finds the same.

model = network(units=4)
J = cost(model(X), Y)
out, hidden = model.out, model.hidden
tensors = [out.Z, out.weight, out.bias, hidden.A, hidden.Z, hidden.weight, hidden.bias]
by_autograd = torch.autograd.grad(J, tensors)

start = [parameter.detach().clone() for parameter in model.parameters()]
same = equal(by_hand(X, Y, *start), by_autograd)
for name, tensor, result in zip("dZ2 dW2 db2 dA1 dZ1 dW1 db1".split(), tensors, same):
    print(f"{name} {tuple(tensor.shape)!s:8} {result}")

# %%
# Training by hand, and by PyTorch
# --------------------------------
# Both begin with the same parameters. One uses our gradients and a subtraction, the other one
# autograd and :py:class:`torch.optim.SGD`, with the learning rate 1. After each step, all
# parameters are compared.

ours = start
for _ in range(200):
    _, dW2, db2, _, _, dW1, db1 = by_hand(X, Y, *ours)
    ours = [p - 1.0 * dp for p, dp in zip(ours, [dW1, db1, dW2, db2])]
    trained = train(model, steps=1)
    assert all(equal(ours, model.parameters()))

print(f"{trained = }")

# %%
# After each of the 200 steps, all parameters agree to nine digits.
# They need not agree to the last bit: the two do the same calculations in another order, each
# result is rounded at about the 16th digit, and 200 steps carry that along. All 200 points are
# right.
#
# The boundary
# ------------
# The model says class 1 where :math:`A_2 > \tfrac12`. So we compute :math:`A_2` on a grid, and draw
# the curve on which it is one half.

import matplotlib.pyplot as plt

ticks = torch.linspace(-2.0, 2.0, 101)
heights = model(torch.cartesian_prod(ticks, ticks)).detach().reshape(101, 101).T
fig, ax = plt.subplots()
ax.plot(*X[Y[:, 0] == 0].T, "o", label="$y = 0$")
ax.plot(*X[Y[:, 0] == 1].T, "x", label="$y = 1$")
ax.contour(ticks, ticks, heights, levels=[0.5], colors="C2")
ax.set(xlabel="$x_1$", ylabel="$x_2$")
ax.legend()
# sphinx_gallery_plot = "Four clouds of points, one around each corner. Two curves are the boundary. One cuts off the cloud of class 0 at the upper right, the other one that at the lower left. Both clouds of class 1 lie in the strip between the curves."

# %%
# The boundary has two branches, with class 1 between them. In the plane of :math:`x_1` and
# :math:`x_2` it is curved. Among the four features ``A1`` it is still flat, since the second layer is
# logistic regression.
#
# What people get wrong
# ---------------------
# *Start with all parameters at zero.* For logistic regression you may: its cost has only one valley,
# and every start leads down into it. Here, ``W2`` at zero sends nothing back, so ``dW1`` and ``db1``
# are 0. With ``W1`` and ``b1`` at zero, ``A1`` is 0, so ``dW2`` is 0, too. No weight ever moves.
#
# *Then start with another number.* If all parameters are 0.5, all hidden units compute the same and
# receive the same gradient. They stay copies of each other, and four units can do no more than one.
# Below, the second line of each pair compares the weights of each unit, from the second one on,
# with those of the unit before.

for value in [0.0, 0.5]:
    model = network(units=4)
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, value)
    print(f"{value = }, {train(model, steps=200) = }")
    print(f"{equal(model.hidden.weight[1:], model.hidden.weight[:-1]) = }")

# %%
# With a single unit, :math:`A_2` is one half on a straight line again. This one gets about
# three of the clouds right. So a :term:`weight initialisation` is random, as that of ``torch.nn.Linear`` is, to
# make the units different.
#
# *A second layer helps, with or without an activation.* Without one, the two matrices are only
# multiplied, and their product is again one matrix:
#
# .. math:: W_2 (W_1 X + b_1) + b_2 = (W_2 W_1)\, X + (W_2 b_1 + b_2)
#
# So this is logistic regression with more parameters. It comes to the same cost as the single layer,
# and gets as many points right:

linear = network(units=4, activation=lambda Z: Z)
print(f"{train(linear, steps=200) = }")

# %%
# *The gradient goes through tanh as it is.* Leave out the factor :math:`1 - A_1 \odot A_1`, and no
# error is raised, since all shapes are right. ``flat`` compares these gradients with autograd's, in
# the order of the table:

flat = equal(by_hand(X, Y, *start, slope=torch.ones_like), by_autograd)
print(f"{flat = }")

# %%
# ``dZ1``, ``dW1`` and ``db1`` are wrong: the way to them leads through tanh. The second layer still
# learns, so the cost may fall, and nobody looks for a reason. How to find such mistakes is the
# subject of :doc:`/lessons/3_learning/plot_gradient_check`.
#
# Check
# -----
# By hand and by autograd, all seven gradients agree. Here are the eight numbers of ``dW1``, from
# both. Without the slope, the comparison fails just where the derivation says. The parameters have
# been compared in the loop, after each of the 200 steps.

for name, gradients in {"by_hand": by_hand(X, Y, *start), "by_autograd": by_autograd}.items():
    print(f"{name:11}", *[f"{number:7.4f}" for number in gradients[5].flatten().tolist()])

assert same == [True] * 7 and flat == [True] * 4 + [False] * 3
assert trained[1] == 200

# %%
# Exercises
# ---------
# .. predict:: Seven examples with three features, in rows, and four hidden units. What is the shape
#       of ``W1.grad``? Two numbers.
#    :answer: tuple(W1.grad.shape)
#
#    .. code-block:: python
#
#       import torch
#
#       X = torch.ones(7, 3)
#       W1 = torch.ones(4, 3, requires_grad=True)
#       W2 = torch.ones(1, 4, requires_grad=True)
#       A1 = torch.tanh(X @ W1.T)
#       J = (A1 @ W2.T).mean()
#       J.backward()
#
#    A gradient has the shape of its tensor. In :math:`dZ_1 X^\top`, with columns, a matrix of 4 by 7 meets
#    one of 7 by 3, and the examples are summed away.
#
#    - ``7, 4``: That is the shape of ``A1``, with a row for each example. Does a weight have one?
#    - ``3, 4``: That is the shape of ``W1.T``. Whose gradient was asked for?
#    - ``7, 3``: That is the shape of ``X``, and so of the gradient that ``X`` would get.
#
# .. predict:: What does ``w1.grad`` hold at the end?
#    :answer: w1.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0])
#       w1 = torch.tensor([0.0], requires_grad=True)
#       w2 = torch.tensor([3.0], requires_grad=True)
#       y = w2 * torch.tanh(w1 * x)
#       y.backward()
#
#    From right to left: ``w2`` is 3, the slope of tanh at 0 is 1, and ``x`` is 2. Their product is 6. A
#    weight at zero still *receives* a gradient. It is the layer before it that gets none.
#
#    - ``0``: That is the gradient of ``w2``, since ``tanh(0)`` is 0. Which factors lie on the path to
#      ``w1``?
#    - ``3``: That is what goes through tanh. What else lies on the path to ``w1``?
#    - ``2``: That is one of the factors. What does the second layer multiply by?
#
# .. predict:: Three hidden units begin with the same weight, 0.5. After ten steps, how many different
#       numbers does ``w1`` hold?
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
#    The first two units have the same weights in both layers, so they receive the same gradients and
#    stay equal. The third one has another weight in ``w2``, so from the first step on it receives
#    another gradient.
#
#    - ``1``: All three begin with the same ``w1``. By what is the gradient multiplied on its way to
#      each of them?
#    - ``3``: Is there anything in which the first two units differ?

# %%
# **Next:** what goes wrong when a sigmoid or a logarithm reaches the limits of floating-point numbers,
# in :doc:`/lessons/3_learning/plot_stable_loss`. What happens on the way back through many layers is
# the subject of :doc:`/lessons/3_learning/plot_gradient_flow`.
