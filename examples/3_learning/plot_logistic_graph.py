r"""
What is logistic regression's graph?
====================================

:term:`Logistic regression <logistic regression>` answers a yes-or-no question: from the features
of an example, which are the numbers that describe it, it computes the probability of a yes. It is
a neural network with a single neuron. On its graph you see the whole way from a :term:`loss` back
to the :term:`parameters <parameter>`, and why the formula of the gradient is so short.

You need :doc:`/lessons/1_computation_graph/plot_backward_pass` and
:doc:`/lessons/2_dynamic_graph/plot_dynamic_graph`.

The example has two features, :math:`x_1 = 2` and :math:`x_2 = 4`, and the label :math:`y = 1`,
which stands for yes (0 is no). The parameters are :math:`w_1 = 3`, :math:`w_2 = -1` and
:math:`b = -2`.

.. math::

   z &= w_1 x_1 + w_2 x_2 + b \\
   a &= \sigma(z) = \frac{1}{1 + e^{-z}} \\
   L &= -\bigl(y \log a + (1 - y) \log (1 - a)\bigr)

The :term:`sigmoid` :math:`\sigma` turns any number :math:`z` into a probability :math:`a` between
0 and 1. The loss :math:`L` is the binary :term:`cross-entropy`; its :math:`\log` is the natural
logarithm. If :math:`y` is 1, only :math:`-\log a` remains, which grows as :math:`a` goes to 0. If
:math:`y` is 0, only :math:`-\log(1 - a)` remains, which grows as :math:`a` goes to 1.

**Predict first.** What are :math:`z` and :math:`a`? If :math:`z` grows by 0.001, does :math:`L`
rise or fall, and by about how many times 0.001?
"""

# %%
# Forward
# -------

from math import exp, log


def sigmoid(z):
    return 1 / (1 + exp(-z))


def loss(a, y):
    return -(y * log(a) + (1 - y) * log(1 - a))


x1, x2, y = 2, 4, 1
w1, w2, b = 3, -1, -2

z = w1 * x1 + w2 * x2 + b
a = sigmoid(z)
L = loss(a, y)
print(f"{z = }, {a = }, {L = :.4f}")

# %%
# At :math:`z = 0` the model is undecided: :math:`a` is one half. The loss is
# :math:`-\log \tfrac12 = \log 2`.
#
# Back, one step at a time
# ------------------------
# Many courses write ``dz`` in code for :math:`\partial L / \partial z`, and so do we in this
# chapter. The loss is always what is differentiated, so the name leaves it out. In the same way
# ``da`` is :math:`\partial L / \partial a`, ``dw1`` is :math:`\partial L / \partial w_1`, and
# ``db`` is :math:`\partial L / \partial b`.
#
# **The loss.** The derivative of :math:`\log a` is :math:`1/a`. That of :math:`\log(1 - a)` is
# :math:`-1/(1 - a)`, since :math:`1 - a` falls as :math:`a` grows. So
#
# .. math::
#
#    \frac{\partial L}{\partial a} = -\frac{y}{a} + \frac{1 - y}{1 - a}
#
# To check this step and those that follow, ``nudged`` computes a slope from two values of a
# function, as a :term:`central difference`.


def nudged(f, at, h=0.001):
    return (f(at + h) - f(at - h)) / (2 * h)


da = -y / a + (1 - y) / (1 - a)
da_nudged = nudged(lambda a: loss(a, y), a)
print(f"{da = }, {da_nudged = :.4f}")

# %%
# **The sigmoid.** It is :math:`1/n` with :math:`n = 1 + e^{-z}`. The derivative of :math:`1/n` is
# :math:`-1/n^2`, and that of :math:`n` is :math:`-e^{-z}`. The two minus signs cancel:
#
# .. math::
#
#    \frac{\partial a}{\partial z}
#    = \frac{e^{-z}}{(1 + e^{-z})^2}
#    = \frac{1}{1 + e^{-z}} \cdot \frac{e^{-z}}{1 + e^{-z}}
#    = a\,(1 - a)
#
# For the last step, note that the two fractions add up to 1, and that the first one is :math:`a`.

slope = a * (1 - a)
print(f"{slope = }, {nudged(sigmoid, z) = :.4f}")

# %%
# **Both together.** Multiply the two. If you put the derivative of the loss over a common
# denominator, this denominator is the slope of the sigmoid, and it cancels:
#
# .. math::
#
#    \frac{\partial L}{\partial z}
#    = \frac{\partial L}{\partial a}\,\frac{\partial a}{\partial z}
#    = \frac{-y\,(1 - a) + (1 - y)\,a}{a\,(1 - a)} \cdot a\,(1 - a)
#    = -y + y a + a - y a
#    = a - y

dz = da * slope
dz_nudged = nudged(lambda z: loss(sigmoid(z), y), z)
print(f"{dz = }, {a - y = }, {dz_nudged = :.4f}")

# %%
# So if :math:`z` grows by 0.001, the loss falls by about half of that. ``a - y`` is the probability
# that the model gives, minus the one that would have been right. It is negative where the model
# should have said more, and positive where it should have said less.
#
# **The parameters.** :math:`z` is a sum. Its derivative with respect to :math:`w_1` is :math:`x_1`,
# and with respect to :math:`b` it is 1:
#
# .. math::
#
#    \frac{\partial L}{\partial w_1} = x_1\,(a - y) \qquad
#    \frac{\partial L}{\partial w_2} = x_2\,(a - y) \qquad
#    \frac{\partial L}{\partial b} = a - y

dw1, dw2, db = x1 * dz, x2 * dz, dz

dw1_nudged = nudged(lambda w1: loss(sigmoid(w1 * x1 + w2 * x2 + b), y), w1)
dw2_nudged = nudged(lambda w2: loss(sigmoid(w1 * x1 + w2 * x2 + b), y), w2)
db_nudged = nudged(lambda b: loss(sigmoid(w1 * x1 + w2 * x2 + b), y), b)
print(f"{dw1 = }, {dw2 = }, {db = }")
print(f"{dw1_nudged = :.4f}, {dw2_nudged = :.4f}, {db_nudged = :.4f}")

# %%
# The same by PyTorch
# -------------------
# First the loss alone, as a formula. Here ``a`` is a :term:`leaf tensor`, so ``backward()`` leaves
# ``da`` in ``a.grad``.

import torch

y = torch.tensor([1.0])
a = torch.tensor([0.5], requires_grad=True)
L = -(y * torch.log(a) + (1 - y) * torch.log(1 - a))
L.backward()
print(f"{a.grad = }")
# sphinx_gallery_graph = "L; view: written"

# %%
# In the picture on the web page, two paths lead from ``L`` back to ``a``. The one through the
# product with ``y`` brings −2, and the one through the product with ``1 - y`` brings 0. The label
# opens one of them and closes the other. Change ``y`` to 0 below the picture, and they bring 0 and
# 2.
#
# Now the whole graph. PyTorch has this loss as one operation,
# :py:func:`torch.nn.functional.binary_cross_entropy`. The features and the label are given, so
# only the parameters require a gradient. :py:meth:`~torch.Tensor.retain_grad` keeps what arrives at
# ``z`` and ``a``.

import torch.nn.functional as F

x1, x2 = (torch.tensor([value]) for value in [2.0, 4.0])
w1, w2, b = (torch.tensor([value], requires_grad=True) for value in [3.0, -1.0, -2.0])

z = w1 * x1 + w2 * x2 + b
a = torch.sigmoid(z)
L = F.binary_cross_entropy(a, y)

z.retain_grad()
a.retain_grad()
L.backward()
print(f"{a.grad = }, {z.grad = }")
print(f"{w1.grad = }, {w2.grad = }, {b.grad = }")
# sphinx_gallery_graph = "L"

# %%
# In this picture, you can follow the derivation along the wires. The local derivative between
# ``a`` and ``L`` is −2, the one between ``z`` and ``a`` is 0.25, and −0.5 travels back to ``z``.
# From there it reaches ``b`` unchanged, and each weight multiplied by its feature.
#
# Sigmoid and loss in one
# -----------------------
# On the way back, the loss divides by :math:`a\,(1 - a)`, and the sigmoid multiplies by it again.
# PyTorch also has both in one operation,
# :py:func:`torch.nn.functional.binary_cross_entropy_with_logits`. It takes ``z``, which is called
# the :term:`logit` here. Its one node sends back ``a - y``.

w1, w2, b = (torch.tensor([value], requires_grad=True) for value in [3.0, -1.0, -2.0])

z = w1 * x1 + w2 * x2 + b
L = F.binary_cross_entropy_with_logits(z, y)
L.backward()
print(f"{L.item() = :.4f}")
print(f"{w1.grad = }, {w2.grad = }, {b.grad = }")
# sphinx_gallery_graph = "L"

# %%
# The loss and the gradients are the same. This is the form to use in practice. It never divides
# by ``a`` and never takes its logarithm, so it stays right where the sigmoid is rounded to 0 or 1.
# What the other form does there is the subject of :doc:`/lessons/3_learning/plot_stable_loss`.
#
# What people get wrong
# ---------------------
# ``dz`` *is the derivative of* ``a``. The name could mean that. But ``dz`` is the gradient of the
# loss with respect to ``z``. The derivative of ``a`` is only one of its two factors: above,
# ``slope`` is 0.25, and ``dz`` is −0.5.
#
# ``dz`` *is* ``a - y`` *times the slope of the sigmoid.* The slope is already in ``a - y``. If you
# multiply by it once more, the gradient has the right sign but is too small: here by a factor of 4,
# and by much more where the sigmoid is flat. The right value, and the wrong one:

print(f"{(a - y).item() = }")
print(f"{((a - y) * a * (1 - a)).item() = }")

# %%
# The slope cancels because this loss and the sigmoid fit each other. With another loss, such as
# :math:`(a - y)^2`, it stays. The third exercise is about that.
#
# ``dz`` *is* ``y - a``. The gradient points to where the loss rises, so a :term:`training step`
# goes against it. With the opposite sign, the step goes uphill. Below, 0.1 times the gradient is
# subtracted from each parameter, once with the right sign and once with the wrong one. Before the
# step, the loss was 0.6931:

with torch.no_grad():
    for dz in [a - y, y - a]:
        z_new = (w1 - 0.1 * x1 * dz) * x1 + (w2 - 0.1 * x2 * dz) * x2 + (b - 0.1 * dz)
        L_new = F.binary_cross_entropy_with_logits(z_new, y)
        print(f"{dz = }, {L_new.item() = :.4f}")

# %%
# ``binary_cross_entropy_with_logits`` *takes the probability.* It takes ``z``. If you pass ``a``,
# the sigmoid is applied twice. No error is raised, since any number can be a logit. At ``z = 0``,
# the loss should be 0.6931 and the gradient −0.5:

z_leaf = torch.tensor([0.0], requires_grad=True)
L = F.binary_cross_entropy_with_logits(torch.sigmoid(z_leaf), y)
L.backward()
print(f"{L.item() = :.4f}, {z_leaf.grad.item() = :.4f}")

# %%
# The loss looks better than it is, and the gradient is about five times too small.
#
# Check
# -----
# The first line compares the gradients of the parameters, by hand and by autograd. The table
# repeats the derivation at other values of ``z``, with both labels. The column ``nudged`` uses no
# chain rule, and the column ``autograd`` starts from the formula of the loss.

print(f"{[dw1, dw2, db] = }, {[w.grad.item() for w in (w1, w2, b)] = }")
assert [dw1, dw2, db] == [w.grad.item() for w in (w1, w2, b)] == [-1, -2, -0.5]

print("   z  y         da    slope da*slope    a - y   nudged autograd")
for z, y in [(-4, 0), (-4, 1), (0, 0), (0, 1), (2, 0), (2, 1)]:
    a = sigmoid(z)
    da, slope = -y / a + (1 - y) / (1 - a), a * (1 - a)
    z_leaf = torch.tensor(float(z), dtype=torch.float64, requires_grad=True)
    a_torch = torch.sigmoid(z_leaf)
    L = -(y * torch.log(a_torch) + (1 - y) * torch.log(1 - a_torch))
    L.backward()
    row = [da * slope, a - y, nudged(lambda z: loss(sigmoid(z), y), z), z_leaf.grad.item()]
    print(f"{z:4} {y:2} {da:10.4f} {slope:8.4f}", *[f"{number:8.4f}" for number in row])
    assert max(row) - min(row) < 1e-6

# %%
# Where the model is wrong and sure of it, as in the second row, ``da`` is large and the slope is
# small. Their product, ``a - y``, always lies between −1 and 1.
#
# Exercises
# ---------
# .. predict:: This time the label is 0. What does ``w.grad`` hold at the end?
#    :answer: w.grad
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([1.0], requires_grad=True)
#       b = torch.tensor([-3.0], requires_grad=True)
#       z = w * 3 + b
#       a = torch.sigmoid(z)
#       L = -torch.log(1 - a)
#       L.backward()
#
#    ``z`` is 0, so ``a`` is 0.5, and 0.5 − 0 arrives at ``z``. Times the feature, which is 3,
#    this is 1.5.
#
#    - ``0.5``: That arrives at ``z``, and ``b`` gets it as it is. What is the local derivative with
#      respect to ``w``?
#    - ``-1.5``: The size is right. Should the model have said more here, or less?
#    - ``0.375``: Here the slope of the sigmoid was used twice. Where is it already?
#
# .. predict:: What do ``w1.grad``, ``w2.grad`` and ``b.grad`` hold at the end? Three numbers.
#    :answer: (w1.grad, w2.grad, b.grad)
#
#    .. code-block:: python
#
#       import torch
#       import torch.nn.functional as F
#
#       w1 = torch.tensor([7.0], requires_grad=True)
#       w2 = torch.tensor([1.0], requires_grad=True)
#       b = torch.tensor([-5.0], requires_grad=True)
#       y = torch.tensor([0.0])
#       z = w1 * 0 + w2 * 5 + b
#       L = F.binary_cross_entropy_with_logits(z, y)
#       L.backward()
#
#    ``z`` is 0, so ``a - y`` is 0.5. It is multiplied by the features, which are 0 and 5. An
#    example in which a feature is 0 says nothing about the weight of this feature.
#
#    - ``0.5, 2.5, 0.5``: The last two are right. What is the local derivative of ``w1 * 0``?
#    - ``3.5, 0.5, 0.5``: Here 0.5 was multiplied by the weights. By what does a multiplication
#      multiply on the way back?
#    - ``0, 5, 1``: Those are the derivatives of ``z``. What has arrived at ``z``?
#
# .. predict:: This is a different loss. What does ``w.grad`` hold at the end?
#    :answer: w.grad
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([2.0], requires_grad=True)
#       z = w * 4 - 8
#       a = torch.sigmoid(z)
#       y = 1
#       L = (a - y) ** 2
#       L.backward()
#
#    ``z`` is 0. The square sends back 2 · (0.5 − 1) = −1, and nothing cancels the slope of the
#    sigmoid, which is 0.25. Times the feature, which is 4, this is −1.
#
#    - ``-2``: That is :math:`(a - y)\,x`, the gradient of the cross-entropy. Which loss is it here?
#    - ``-4``: The square and the feature are in it. Which operation lies between them?
#    - ``-0.25``: That arrives at ``z``. One factor is left.

# %%
# **Next:** many examples in the same graph, in
# :doc:`/lessons/3_learning/plot_logistic_vectorised`. How far a nudge can be trusted is shown in
# :doc:`/lessons/1_computation_graph/plot_four_ways_to_differentiate`.
