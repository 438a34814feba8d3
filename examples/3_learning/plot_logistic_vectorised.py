r"""
How do m examples fit in one graph?
===================================

A training set holds many examples. Instead of recording a small graph for each, you put them all into one
matrix :math:`X`, an example in each row, and the graph keeps its few nodes. This is called to
:term:`vectorise`. Most edges now carry a column of numbers, and every gradient has to get the right shape.

.. math:: Z = X w + b \qquad J = \frac{1}{m} \sum_{i=1}^{m} L_i

.. predict:: ``b`` is one number, and four examples use it. What does ``b.grad`` hold?
   :program: next
   :answer: b.grad

   ``Z`` is 0 in all four rows, so each :math:`a` is one half, and :math:`a - y` is −0.5 for a yes and 0.5 for a
   no. There are three of one kind and one of the other, so the sum is −1. The mean divides by 4: −0.25.

   - ``-1``: That is the sum over the examples. Which number is ``J`` made of the losses?
   - ``-0.5``: That is what one example with the label 1 would send back. What do the others send?
   - ``0.25``: The size is right. What is :math:`a - y` if the label is 1?
   - ``0.5``: How many examples have the label 1, and how many have 0?
"""

import torch
import torch.nn.functional as F

X = torch.tensor([[2.0, 4.0], [1.0, 1.0], [3.0, 7.0], [4.0, 10.0]])
Y = torch.tensor([[1.0], [0.0], [1.0], [1.0]])
w = torch.tensor([[3.0], [-1.0]], requires_grad=True)
b = torch.tensor([-2.0], requires_grad=True)

S = X @ w
Z = S + b
L = F.binary_cross_entropy_with_logits(Z, Y, reduction="none")
J = L.mean()

Z.retain_grad()
J.backward()
print(f"{b.grad = }")
# sphinx_gallery_graph = "J; view: written"

# %%
# There are :math:`m = 4` examples with :math:`n = 2` features. The first row and the parameters are those of
# the last lesson. With ``reduction="none"``, the loss keeps one number for each example. Their mean is what
# training makes smaller. It is often called the *cost* and written :math:`J`.
#
# One number, added to four
# -------------------------
# Look at ``S + b`` alone. The argument ``gradient`` says what arrives at ``Z`` in the backward pass; these
# four numbers are easy to tell apart.

S_alone = torch.tensor([[2.0], [2.0], [2.0], [2.0]], requires_grad=True)
b_alone = torch.tensor([-2.0], requires_grad=True)
Z_alone = S_alone + b_alone
Z_alone.backward(gradient=torch.tensor([[1.0], [10.0], [100.0], [1000.0]]))
print(f"{S_alone.grad.tolist() = }")
print(f"{b_alone.grad.tolist() = }")

# %%
# ``S_alone`` has the shape (4, 1) and ``b_alone`` has (1,). PyTorch computes as if ``b`` stood in each of the four
# rows, which is called :term:`broadcasting`. So ``b`` is used four times, which is :term:`fan-out`, and the
# gradients of all uses are added up:
#
# .. math::
#
#    Z_i = S_i + b
#    \qquad\Longrightarrow\qquad
#    \frac{\partial J}{\partial b}
#    = \sum_{i=1}^{m} \frac{\partial J}{\partial Z_i}
#
# *What is broadcast forward is summed backward.* Autograd does this wherever a tensor was broadcast: it adds up
# what comes back until it has the shape of that tensor. So a gradient always has the shape of its tensor.
#
# A shape for each gradient
# -------------------------
# Play the backward pass in the first picture. At each operation you can say which shape has to come out, and
# why:
#
# - ``mean`` made one number of four. Each of the four has a share of 1/4 in it, so 1/4 is sent to each. What is
#   summed forward is broadcast backward: the same rule, the other way round.
# - The loss sends back :math:`A - Y`, where :math:`A = \sigma(Z)`, times the 1/4 that arrives. It does so row by
#   row; rows do not mix here.
# - ``S + b`` sends all four numbers to ``S`` as they are, and their sum to ``b``.
# - ``X @ w`` made a column of length :math:`m` from one of length :math:`n`. Backward, a column of length
#   :math:`n` has to be made from one of length :math:`m`. The transpose does that: ``w`` receives
#   ``X.T @ S.grad``, and the shapes (n, m) and (m, 1) make (n, 1).

print(f"{tuple(Z.shape) = }, {tuple(Z.grad.shape) = }, {Z.grad.flatten().tolist() = }")
print(f"{tuple(b.shape) = }, {tuple(b.grad.shape) = }, {b.grad.tolist() = }")
print(f"{tuple(w.shape) = }, {tuple(w.grad.shape) = }, {w.grad.flatten().tolist() = }")

# %%
# By hand, in matrices
# --------------------
# ``dZ`` stands for :math:`\partial J / \partial Z`, which is ``Z.grad``. It holds the error :math:`a - y` of each
# example, divided by :math:`m` because ``J`` is a mean:
#
# .. math:: dZ = \frac{1}{m}\,(A - Y)
#
# Example :math:`i` uses the weight :math:`w_j` once, and multiplies it by the feature :math:`X_{ij}`. So multiply
# each :math:`dZ_i` by that feature, and add up over the examples:
#
# .. math::
#
#    \frac{\partial J}{\partial w_j} = \sum_{i=1}^{m} X_{ij}\,dZ_i
#    \qquad\text{for all } j \text{ at once:}\qquad
#    dw = X^\top dZ
#    \qquad
#    db = \sum_{i=1}^{m} dZ_i

m = len(X)
with torch.no_grad():
    A = torch.sigmoid(Z)
    dZ = (A - Y) / m
    dw = X.T @ dZ
    db = dZ.sum(dim=0)

print(f"{torch.equal(dZ, Z.grad) = }")
print(f"{torch.equal(dw, w.grad) = }, {torch.equal(db, b.grad) = }")

# %%
# Check
# -----
# ``by_loop`` goes over the examples one by one. It uses the formulas of the last lesson, with plain numbers and
# no matrix.

from math import exp


def by_loop(w1, w2, b):
    dw1, dw2, db = 0, 0, 0
    for (x1, x2), (y,) in zip(X.tolist(), Y.tolist()):
        z = w1 * x1 + w2 * x2 + b
        dz = (1 / (1 + exp(-z)) - y) / m
        dw1, dw2, db = dw1 + x1 * dz, dw2 + x2 * dz, db + dz
    return torch.tensor([dw1, dw2, db])


def by_graph(w1, w2, b):
    w = torch.tensor([[w1], [w2]], requires_grad=True)
    b = torch.tensor([b], requires_grad=True)
    F.binary_cross_entropy_with_logits(X @ w + b, Y).backward()
    return torch.cat([w.grad.flatten(), b.grad])


print(f"{by_loop(3, -1, -2).tolist() = }")
print(f"{by_graph(3.0, -1.0, -2.0).tolist() = }")
assert torch.allclose(by_loop(3, -1, -2), by_graph(3.0, -1.0, -2.0))
assert torch.allclose(by_loop(2, 0, -3), by_graph(2.0, 0.0, -3.0))
assert torch.equal(dZ, Z.grad) and torch.equal(dw, w.grad) and torch.equal(db, b.grad)

# %%
# What people get wrong
# ---------------------
# *Labels of shape (m,) will do.* They do if ``Z`` has the shape (m,), too. Next to a column, they are broadcast:
# (m, 1) and (m,) make (m, m), in which each prediction is compared with each label. No error is raised. The
# predictions below are almost perfect:

A = torch.tensor([[0.99], [0.01], [0.99], [0.99]])
for labels in [Y, Y.flatten()]:
    losses = -(labels * torch.log(A) + (1 - labels) * torch.log(1 - A))
    print(f"{tuple(labels.shape) = }, {tuple(losses.shape) = }, {losses.mean().item() = :.4f}")

# %%
# The second cost is above :math:`\log 2 \approx 0.6931`, that of a model which always says one half. And as long
# as there are labels of both kinds, no parameters bring it near 0, since each prediction has to fit all labels
# at once. The built-in loss refuses such labels:

try:
    F.binary_cross_entropy_with_logits(Z, Y.flatten())
except ValueError as error:
    print(error)

# %%
# Not every loss does: :py:func:`torch.nn.functional.mse_loss` broadcasts, and only warns. Give the labels the shape
# of the predictions when you load them, with ``y.reshape(-1, 1)``, and write ``assert Z.shape == Y.shape``
# before a loss of your own.
#
# *The 1/m can be left out, since it is only a factor.* It keeps the size of the gradient independent of the number
# of examples. Without it, the same data, given twice, have twice the gradient, and a step that had the right
# length may be too long:

for data, label in [(X, Y), (X.repeat(2, 1), Y.repeat(2, 1))]:
    total = F.binary_cross_entropy_with_logits(data @ w + b, label, reduction="sum")
    mean = F.binary_cross_entropy_with_logits(data @ w + b, label)
    (by_sum,), (by_mean,) = torch.autograd.grad(total, b), torch.autograd.grad(mean, b)
    print(f"{len(data) = }, {by_sum.item() = }, {by_mean.item() = }")

# %%
# .. fold:: Further misconceptions
#
#    ``b`` *needs m entries, since it is added to m numbers.* With m entries nothing is broadcast, and the forward pass
#    gives the same. But then each example has a parameter of its own, and nothing is summed. Another number of
#    examples raises an error. New examples in the same number raise none, and get the parameters of the old ones.
#
#    *A matrix product sends back matrix products, so I must remember which side is transposed.* You need not remember
#    it: ``dw`` has to be (n, 1), and of all products of the two, only ``X.T @ dZ`` has that shape if m and n differ.
#
# In short
# --------
# Put the examples into the rows of one matrix, and the graph of one example becomes that of all. ``b`` is broadcast
# forward, so its gradient is a sum over the examples; so is that of ``w``, as the product ``X.T @ dZ``. Each
# gradient has the shape of its tensor.
#
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
#    2 arrives at each of the five rows of ``Z``. ``b`` was broadcast to all of them, so the five numbers are added
#    up.
#
#    - ``2``: That comes back from one row. In how many rows is ``b`` used?
#    - ``5``: The number of rows is right. What arrives at each of them?
#    - ``70``: That is the value of ``J``. Does what travels back here depend on the value of ``b``?
#
# .. derive:: Four examples and the mean of the squared errors. Derive ``Z.grad``, entry by entry, as a formula in ``Z``
#    and ``Y``.
#    :answer: (Z - Y) / 2
#    :names: Z, Y
#    :gives: Z.grad
#
#    .. code-block:: python
#
#       import torch
#
#       Z = torch.tensor([[1.0], [-2.0], [0.5], [3.0]], requires_grad=True)
#       Y = torch.tensor([[2.0], [-1.0], [0.0], [1.0]])
#       J = ((Z - Y) ** 2).mean()
#       J.backward()
#
#    The mean sends 1/4 to each row. The square multiplies it by :math:`2(Z - Y)`, and the subtraction hands it on.
#    Together this is :math:`(Z - Y)/2`.
#
#    - ``2 * (Z - Y)``: That would be right for a sum. What does ``mean`` send to each of the four rows?
#    - ``(Z - Y) / 4``: The mean is in it. What is the derivative of a square?
#    - ``(Y - Z) / 2``: If ``Z`` is too large and grows further, does ``J`` rise or fall?
#    - ``(Z - Y)**2 / 4``: That is the share of one example in ``J``. How fast does it change with ``Z``?
#
# .. find:: Each prediction equals its label, so ``J`` should be 0, but it is not. Which line is to blame? It takes two
#    tensors that are both fine.
#    :answer: line 7
#    :holds: J.item() == 0
#    :instead: errors = Z - y.reshape(-1, 1)
#
#    .. code-block:: python
#
#       import torch
#
#       X = torch.tensor([[1.0], [2.0], [3.0]])
#       y = torch.tensor([2.0, 4.0, 6.0])
#       w = torch.tensor([[2.0]], requires_grad=True)
#       Z = X @ w
#       errors = Z - y
#       J = (errors**2).mean()
#
#    ``Z`` is (3, 1) and ``y`` is (3,), so ``errors`` is (3, 3): each prediction minus each label. Give both the same
#    shape before you subtract.
#
#    - ``line 4``: These are the labels, in a shape in which many data sets come. Where do they first meet another
#      shape?
#    - ``line 6``: (3, 1) and (1, 1) make (3, 1), one prediction for each example. Is that what you want?
#    - ``line 8``: It takes the mean of what it is given. How many numbers should there be, and how many are there?
#
# .. write:: Compute ``dw`` and ``db`` for all examples at once, without autograd and without a loop.
#    :file: gradients_of_all_examples
#    :fails: NameError: name 'dw'
#
#    .. code-block:: python
#
#       import torch
#       import torch.nn.functional as F
#
#
#       def by_hand(X, Y, w, b):
#           # <your code>
#           dZ = (torch.sigmoid(X @ w + b) - Y) / len(X)
#           dw, db = X.T @ dZ, dZ.sum(dim=0)
#           # </your code>
#           return dw, db
#
#
#       torch.manual_seed(0)
#       X, Y = torch.randn(50, 3), torch.randint(2, (50, 1)).float()
#       w = torch.randn(3, 1, requires_grad=True)
#       b = torch.randn(1, requires_grad=True)
#       F.binary_cross_entropy_with_logits(X @ w + b, Y).backward()
#
#       dw, db = by_hand(X, Y, w.detach(), b.detach())
#       assert dw.shape == w.shape
#       assert db.shape == b.shape
#       assert torch.allclose(dw, w.grad, atol=1e-6)
#       assert torch.allclose(db, b.grad, atol=1e-6)
#
#    ``dZ`` has a row for each example. Both gradients add up over the rows: ``dw`` with each row multiplied by the
#    features of its example, which is the product with ``X.T``.
#
#    - ``AssertionError``: Which line failed? If it compares a shape, ask over which dimension the examples lie. If it
#      compares numbers, is the 1/m in it once, and not twice?
#    - ``RuntimeError: mat1 and mat2 shapes cannot be multiplied``: ``dw`` must be (3, 1), made of (50, 3) and (50, 1).
#      Which of the two has to be transposed?
#
# Further reading
# ---------------
# Andrew Ng's lectures (Deep Learning Specialization, course 1, week 2) put each example into a *column*. There
# :math:`X` has the shape (n, m), everything is transposed, and the 1/m is left out of :math:`dZ` and put into
# :math:`dw = X\,dZ^\top / m`. The numbers of :math:`dw` are the same. This chapter has rows throughout, because
# PyTorch does: in its layers, losses and data loaders, the examples lie along the first dimension.
# `CS231n's notes on backpropagation <https://cs231n.github.io/optimization-2/>`__ also recommend finding the products of
# a gradient from its shape.
#
# **Next:** the steps that make the cost smaller, in :doc:`/lessons/3_learning/plot_logistic_training`. What
# ``backward(gradient=...)`` does with its argument is explained in
# :doc:`/lessons/2_dynamic_graph/plot_vector_outputs`, and how to add up the gradients of batches of different sizes in
# :doc:`/lessons/2_dynamic_graph/plot_accumulate`.
