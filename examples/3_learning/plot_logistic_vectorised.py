r"""
How do m examples fit in one graph?
===================================

A training set holds many examples. Instead of recording a small graph for each of them, you put
them all into one matrix, and the graph keeps its few nodes. This is called to :term:`vectorise`.
Most of its edges now carry a column of numbers instead of a single one. If you know which shape
travels back along each edge, you can find many mistakes with pencil and paper, even some that
raise no error.

You need :doc:`/lessons/3_learning/plot_logistic_graph` and
:doc:`/lessons/1_computation_graph/plot_fan_out`.

There are :math:`m = 4` examples with :math:`n = 2` features. Each example is a row of :math:`X`,
and its label stands in the same row of :math:`Y`. The first example and the parameters are those
of the last lesson:

.. math::

   X = \begin{pmatrix} 2 & 4 \\ 1 & 1 \\ 3 & 7 \\ 4 & 10 \end{pmatrix} \qquad
   Y = \begin{pmatrix} 1 \\ 0 \\ 1 \\ 1 \end{pmatrix} \qquad
   w = \begin{pmatrix} 3 \\ -1 \end{pmatrix} \qquad
   b = -2

The other three are chosen so that their :math:`z` is 0, too: the model is undecided about all four.

**Predict first.** ``b`` is one number, and it is added to four. On the way back, four numbers
arrive at this addition, say 1, 10, 100 and 1000. What does ``b.grad`` hold?
"""

# %%
# One number, added to four
# -------------------------
# First the addition alone. ``S`` stands for what comes from the features and the weights. The
# argument ``gradient`` says what arrives at ``Z`` on the way back.

import torch

S = torch.tensor([[2.0], [2.0], [2.0], [2.0]], requires_grad=True)
b = torch.tensor([-2.0], requires_grad=True)

Z = S + b
Z.backward(gradient=torch.tensor([[1.0], [10.0], [100.0], [1000.0]]))
print(f"{tuple(Z.shape) = }")
print(f"{S.grad.tolist() = }")
print(f"{b.grad.tolist() = }")
# sphinx_gallery_graph = "Z; view: written"

# %%
# ``S`` has the shape (4, 1) and ``b`` has (1,). PyTorch computes as if ``b`` stood in each of the
# four rows, which is called :term:`broadcasting`. So ``b`` is used four times, and this is
# :term:`fan-out`. On the way back, the gradients of all uses are added up. If :math:`J` is any
# number computed from :math:`Z`, this means:
#
# .. math::
#
#    Z_i = S_i + b
#    \qquad\Longrightarrow\qquad
#    \frac{\partial J}{\partial b}
#    = \sum_{i=1}^{m} \frac{\partial J}{\partial Z_i}\,\frac{\partial Z_i}{\partial b}
#    = \sum_{i=1}^{m} \frac{\partial J}{\partial Z_i}
#
# In the picture on the web page, four numbers arrive at ``Z``, and 1111 is sent to ``b``. *What
# is broadcast forward is summed backward.* Autograd does this wherever a tensor was broadcast: it
# adds up what comes back until it has the shape of that tensor. So a gradient always has the shape
# of its tensor.
#
# The whole graph
# ---------------
# With ``reduction="none"``, the loss keeps one number for each example. The mean of these is what
# training makes smaller. It is often called the *cost* and written :math:`J`.

import torch.nn.functional as F

X = torch.tensor([[2.0, 4.0], [1.0, 1.0], [3.0, 7.0], [4.0, 10.0]])
Y = torch.tensor([[1.0], [0.0], [1.0], [1.0]])
w = torch.tensor([[3.0], [-1.0]], requires_grad=True)
b = torch.tensor([-2.0], requires_grad=True)

S = X @ w
Z = S + b
L = F.binary_cross_entropy_with_logits(Z, Y, reduction="none")
J = L.mean()

for t in (S, Z, L, J):
    t.retain_grad()
J.backward()

for name, t in {"J": J, "L": L, "Z": Z, "S": S, "b": b, "w": w}.items():
    print(f"{name} {tuple(t.shape)!s:7} {tuple(t.grad.shape)!s:7} {t.grad.tolist()}")
# sphinx_gallery_graph = "J"

# %%
# Each line shows the shape of a tensor, the shape of its gradient, and the gradient. Read from top
# to bottom, the lines follow the way back, and so does the picture from right to left. In each line
# the two shapes agree, and at each operation you can say why:
#
# - ``mean`` makes one number of four. Each of them has a share of 1/4 in it, so 1/4 is sent back to
#   each. What is summed forward is broadcast backward: the same rule, the other way round.
# - The loss sends back :math:`A - Y` times what arrives, where :math:`A = \sigma(Z)`. It does so row
#   by row; rows do not mix here.
# - ``S + b`` sends all four numbers to ``S`` as they are, and their sum to ``b``.
# - ``X @ w`` makes a column of length :math:`m` from one of length :math:`n`. On the way back, a
#   column of length :math:`n` has to be made from one of length :math:`m`. The transpose does that:
#   ``w`` gets ``X.T @ S.grad``, and the shapes (n, m) and (m, 1) make (n, 1).
#
# By hand, in matrices
# --------------------
# The last lesson derived :math:`a - y` for one example. As in many courses, ``dZ`` is the column of
# these, one number for each example *before* the mean is taken:
#
# .. math:: dZ = A - Y
#
# The weight :math:`w_j` is used by each example :math:`i`, and multiplied there by the feature
# :math:`X_{ij}`. So multiply each :math:`dZ_i` by that feature, add up over the examples, and divide
# by :math:`m` for the mean:
#
# .. math::
#
#    \frac{\partial J}{\partial w_j}
#    = \frac{1}{m} \sum_{i=1}^{m} X_{ij}\,dZ_i
#    \qquad\text{for all } j \text{ at once:}\qquad
#    dw = \frac{1}{m}\,X^\top dZ
#    \qquad
#    db = \frac{1}{m} \sum_{i=1}^{m} dZ_i

m = len(X)
with torch.no_grad():
    A = torch.sigmoid(Z)
    dZ = A - Y
    dw = X.T @ dZ / m
    db = dZ.mean(dim=0)

print(f"{dZ.tolist() = }")
print(f"{dw.tolist() = }")
print(f"{db.tolist() = }")

# %%
# ``dw`` and ``db`` are what ``w.grad`` and ``b.grad`` hold. But ``Z.grad`` is not ``dZ``: it is
# :math:`\partial J / \partial Z`, which already contains the 1/4 of the mean. Autograd divides where
# the mean is, and the formulas divide at the end.
#
# Some courses put each example into a *column*. Then :math:`X` has the shape (n, m), and
# everything is transposed: :math:`Z = w^\top X + b` has the shape (1, m), and
# :math:`dw = X\,dZ^\top / m`. The numbers are the same. We use rows because PyTorch does: its
# layers, its losses and its data loaders have the examples along the first dimension.

print(f"{torch.equal(w.T @ X.T + b, Z.T) = }")

# %%
# What people get wrong
# ---------------------
# *Labels of shape (m,) will do.* They do if ``Z`` has the shape (m,), too. Next to a column, they
# are broadcast: (m, 1) and (m,) make (m, m), where each prediction is compared with each label.
# No error is raised. With the better parameters below, all four predictions are right:

A = torch.sigmoid(X @ torch.tensor([[2.0], [0.0]]) - 3)
print(f"{((A > 0.5) == Y).tolist() = }")
for labels in [Y, Y.flatten()]:
    losses = -(labels * torch.log(A) + (1 - labels) * torch.log(1 - A))
    print(f"{tuple(labels.shape) = }, {tuple(losses.shape) = }, {losses.mean().item() = :.4f}")

# %%
# The second cost is larger than :math:`\log 2 \approx 0.6931`, that of a model which knows nothing.
# And no parameters can bring it near 0, since each prediction has to fit all labels at once. The
# built-in loss refuses such labels:

try:
    F.binary_cross_entropy_with_logits(Z, Y.flatten())
except ValueError as error:
    print(error)

# %%
# Not every loss does: :py:func:`torch.nn.functional.mse_loss` broadcasts, and only warns. Give
# the labels the shape of the predictions when you load them, with ``y.reshape(-1, 1)``, and write
# ``assert Z.shape == Y.shape`` before a loss of your own.
#
# *The 1/m can be left out, since it is only a factor.* It keeps the size of the gradient
# independent of the number of examples. Without it, the same data, repeated, have twice the
# gradient, and a step that had the right length may be too long. Here is the gradient of ``w``, from
# the sum and from the mean. :py:func:`torch.autograd.grad` returns it, and leaves ``w.grad`` as it
# is:

for copies in [1, 2]:
    Xs, Ys = X.repeat(copies, 1), Y.repeat(copies, 1)
    for reduction in ["sum", "mean"]:
        cost = F.binary_cross_entropy_with_logits(Xs @ w + b, Ys, reduction=reduction)
        (gradient,) = torch.autograd.grad(cost, w)
        print(f"{copies = }, {reduction = }, {gradient.tolist() = }")

# %%
# ``b`` *needs m entries, since it is added to m numbers.* With m entries it needs no
# broadcasting, and the forward pass gives the same. But then each example has a parameter of its
# own, and nothing is summed. New examples have no such parameter: below, three of them raise an
# error. Four would raise none, and get the parameters of the old ones.

b_many = torch.full((4, 1), -2.0, requires_grad=True)
J_many = F.binary_cross_entropy_with_logits(X @ w + b_many, Y)
(gradient,) = torch.autograd.grad(J_many, b_many)
print(f"{gradient.tolist() = }")

try:
    torch.ones(3, 2) @ w + b_many
except RuntimeError as error:
    print(error)

# %%
# Check
# -----
# ``by_loop`` goes over the examples one by one. It uses the formulas of the last lesson, with plain
# numbers and no matrix. The columns are ``dw1``, ``dw2`` and ``db``, first for the parameters from
# above, then for those of the better model.

from math import exp


def by_loop(w1, w2, b):
    dw1, dw2, db = 0, 0, 0
    for (x1, x2), (y,) in zip(X.tolist(), Y.tolist()):
        z = w1 * x1 + w2 * x2 + b
        dz = 1 / (1 + exp(-z)) - y
        dw1, dw2, db = dw1 + x1 * dz, dw2 + x2 * dz, db + dz
    return [dw1 / m, dw2 / m, db / m]


def by_graph(w1, w2, b):
    w = torch.tensor([[w1], [w2]], requires_grad=True)
    b = torch.tensor([b], requires_grad=True)
    F.binary_cross_entropy_with_logits(X @ w + b, Y).backward()
    return [*w.grad.flatten().tolist(), b.grad.item()]


for parameters in [(3.0, -1.0, -2.0), (2.0, 0.0, -3.0)]:
    loop, graph = by_loop(*parameters), by_graph(*parameters)
    for name, numbers in {"loop": loop, "graph": graph}.items():
        print(f"{parameters!s:17} {name:5}", *[f"{number:8.4f}" for number in numbers])
    assert all(abs(one - other) < 1e-6 for one, other in zip(loop, graph))

assert torch.equal(w.grad, dw) and torch.equal(b.grad, db)
assert torch.equal(Z.grad, dZ / m)

# %%
# Exercises
# ---------
# .. predict:: What does ``b.grad`` hold at the end?
#    :answer: b.grad
#
#    .. code-block:: python
#
#       import torch
#
#       X = torch.zeros(5, 2)
#       w = torch.zeros(2, 1)
#       b = torch.tensor([7.0], requires_grad=True)
#       Z = X @ w + b
#       J = (2 * Z).sum()
#       J.backward()
#
#    2 arrives at each of the five rows of ``Z``. ``b`` was broadcast to all of them, so the five
#    numbers are added up.
#
#    - ``2``: That comes back from one row. In how many rows is ``b`` used?
#    - ``5``: The number of rows is right. What arrives at each of them?
#    - ``70``: That is the value of ``J``. What travels back does not depend on the value of ``b``.
#
# .. predict:: What does ``w.grad`` hold at the end? Two numbers, from top to bottom.
#    :answer: w.grad.flatten()
#
#    .. code-block:: python
#
#       import torch
#       import torch.nn.functional as F
#
#       X = torch.tensor([[2.0, 1.0], [6.0, 3.0]])
#       Y = torch.tensor([[1.0], [0.0]])
#       w = torch.zeros(2, 1, requires_grad=True)
#       J = F.binary_cross_entropy_with_logits(X @ w, Y)
#       J.backward()
#
#    ``Z`` is 0 in both rows, so ``dZ`` is (−0.5, 0.5). The first feature gives −1 + 3, the second
#    one −0.5 + 1.5. Divided by two examples, this is 1 and 0.5.
#
#    - ``2, 1``: Those are sums over the examples. Which reduction does the loss use if you do not
#      name one?
#    - ``4, 2``: That is the mean of each feature. What arrives at ``Z``?
#    - ``-0.5, 0.5``: That is ``dZ``, with a number for each example. What has one number for each
#      feature?
#
# .. predict:: Both predictions are right. What is ``cost``?
#    :answer: cost
#
#    .. code-block:: python
#
#       import torch
#
#       A = torch.tensor([[1.0], [0.0]])
#       y = torch.tensor([1.0, 0.0])
#       cost = ((A - y) ** 2).mean()
#
#    (2, 1) and (2,) are broadcast to (2, 2), and each prediction is compared with each label. Two
#    of the four differences are 0, the other two are 1 and −1. Their squares have the mean 0.5.
#
#    - ``0``: That would be right if the two shapes were the same. Which shape does ``A - y`` have?
#    - ``2``: That is the sum of the squares. What does the last line ask for?
#    - ``1``: This is the sum of the squares, divided by 2. How many differences are there?

# %%
# **Next:** the steps that make the cost smaller, in
# :doc:`/lessons/3_learning/plot_logistic_training`. What ``backward(gradient=...)`` does with its
# argument is explained in :doc:`/lessons/2_dynamic_graph/plot_vector_outputs`, and how to add up
# the gradients of batches of different sizes in :doc:`/lessons/2_dynamic_graph/plot_accumulate`.
