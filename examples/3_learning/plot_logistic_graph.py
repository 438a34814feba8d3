r"""
What is logistic regression's graph?
====================================

:term:`Logistic regression <logistic regression>` answers a yes-or-no question: from the features of an
example, it computes the probability :math:`a` of a yes. It is a network with a single neuron. On its graph
you can follow the whole path from a :term:`loss` back to the :term:`parameters <parameter>`.

.. math::

   z = w_1 x_1 + w_2 x_2 + b \qquad
   a = \sigma(z) = \frac{1}{1 + e^{-z}} \qquad
   L = -\bigl(y \log a + (1 - y) \log (1 - a)\bigr)

.. predict:: The label ``y`` is 1, a yes. How fast does ``L`` change with ``z``? Give ``z.grad``.
   :program: next
   :answer: z.grad

   ``z`` is 6 − 4 − 2 = 0, so ``a`` is one half. The gradient is ``a - y`` = 0.5 − 1 = −0.5: if ``z`` grows
   by 0.001, the loss falls by about 0.0005. Why it is that short is what this lesson is about.

   - ``0.5``: The size is right. The answer should be yes, and a larger ``z`` makes a yes more likely. Does
     the loss rise or fall?
   - ``-2``: That is how fast ``L`` changes with ``a``. Which operation lies between ``a`` and ``z``?
   - ``0.25``: That is the slope of the sigmoid, so how fast ``a`` changes. How does ``L`` change with ``a``?
   - ``0``: That is the value of ``z``. How would ``L`` change if ``z`` were a little larger?
"""

import torch
import torch.nn.functional as F

x1, x2 = torch.tensor([2.0]), torch.tensor([4.0])
y = torch.tensor([1.0])
w1 = torch.tensor([3.0], requires_grad=True)
w2 = torch.tensor([-1.0], requires_grad=True)
b = torch.tensor([-2.0], requires_grad=True)

z = w1 * x1 + w2 * x2 + b
a = torch.sigmoid(z)
L = F.binary_cross_entropy(a, y)

z.retain_grad()
L.backward()
print(f"{z.grad = }")
# sphinx_gallery_graph = "L; view: written"

# %%
# What goes forward
# -----------------
# The features ``x1`` and ``x2`` and the label ``y`` are given, so they are grey. Only the parameters require
# a gradient. The :term:`sigmoid` turns any number :math:`z` into a probability :math:`a` between 0 and 1. At
# :math:`z = 0` the model is undecided: :math:`a` is one half.
#
# The loss is the binary :term:`cross-entropy`, with the natural logarithm. If :math:`y` is 1, only
# :math:`-\log a` remains. It is 0 if the model is sure of a yes, and grows without bound as :math:`a` goes to
# 0. If :math:`y` is 0, only :math:`-\log(1 - a)` remains, which grows as :math:`a` goes to 1. Here the loss is
# :math:`-\log \tfrac12 = \log 2 \approx 0.6931`.
#
# What goes backward
# ------------------
# Play the picture to its end. The local derivative between ``a`` and ``L`` is −2, and the one between ``z``
# and ``a`` is 0.25, so −0.5 arrives at ``z``. From there it reaches ``b`` unchanged, and each weight
# multiplied by its feature.
#
# Now by hand, with plain numbers. Many courses write ``dz`` in code for :math:`\partial L / \partial z`, and
# so do we in this chapter: ``dz`` is what PyTorch calls ``z.grad``. To check each step, ``nudged`` computes a
# slope from two values of a function, as a :term:`central difference`.

from math import exp, log


def sigmoid(z):
    return 1 / (1 + exp(-z))


def loss(a, y):
    return -(y * log(a) + (1 - y) * log(1 - a))


def nudged(f, at, h=0.001):
    return (f(at + h) - f(at - h)) / (2 * h)


# %%
# **The loss.** The derivative of :math:`\log a` is :math:`1/a`. That of :math:`\log(1 - a)` is
# :math:`-1/(1 - a)`, since :math:`1 - a` falls as :math:`a` grows. So
#
# .. math::
#
#    \frac{\partial L}{\partial a} = -\frac{y}{a} + \frac{1 - y}{1 - a}

x1, x2, y = 2, 4, 1
z, a = 0, 0.5

da = -y / a + (1 - y) / (1 - a)
print(f"{da = }, {nudged(lambda a: loss(a, y), a) = :.4f}")

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
# **Both together.** Multiply the two, and put the derivative of the loss over a common denominator. This
# denominator is the slope of the sigmoid, and it cancels:
#
# .. math::
#
#    \frac{\partial L}{\partial z}
#    = \frac{-y\,(1 - a) + (1 - y)\,a}{a\,(1 - a)} \cdot a\,(1 - a)
#    = -y + y a + a - y a
#    = a - y

dz = da * slope
print(f"{dz = }, {a - y = }, {nudged(lambda z: loss(sigmoid(z), y), z) = :.4f}")

# %%
# ``a - y`` is the probability that the model gives, minus the one that would have been right. It is negative
# where the model should have said more, and positive where it should have said less.
#
# **The parameters.** :math:`z` is a sum. Its derivative with respect to :math:`w_1` is :math:`x_1`, and with
# respect to :math:`b` it is 1:
#
# .. math::
#
#    \frac{\partial L}{\partial w_1} = x_1\,(a - y) \qquad
#    \frac{\partial L}{\partial w_2} = x_2\,(a - y) \qquad
#    \frac{\partial L}{\partial b} = a - y

dw1, dw2, db = x1 * dz, x2 * dz, dz
print(f"{dw1 = }, {dw2 = }, {db = }")
print(f"{w1.grad.item() = }, {w2.grad.item() = }, {b.grad.item() = }")

# %%
# Sigmoid and loss in one
# -----------------------
# In the backward pass, the loss divides by :math:`a\,(1 - a)`, and the sigmoid multiplies by it again.
# PyTorch also has both in one operation, :py:func:`torch.nn.functional.binary_cross_entropy_with_logits`. It
# takes ``z``, which is called the :term:`logit` here, and sends back ``a - y`` at once:

z = torch.tensor([0.0], requires_grad=True)
y = torch.tensor([1.0])
L = F.binary_cross_entropy_with_logits(z, y)
L.backward()
print(f"{L.item() = :.4f}, {z.grad = }")
# sphinx_gallery_graph = "L; view: written"

# %%
# Whatever ``z`` is, the gradient lies between −1 and 1 (change it in the picture). This is the form to use in
# practice. It never divides by ``a`` and never takes its logarithm, so it stays right where the sigmoid is
# rounded to 0 or 1. What the other form does there is shown in :doc:`/lessons/3_learning/plot_stable_loss`.
#
# Check
# -----
# The same derivation at other values of ``z``, with both labels. From left to right: the product of ``da`` and
# the slope, the short formula, the nudge, which uses no chain rule, and autograd.

for z, y in [(-4, 0), (-4, 1), (2, 0), (2, 1)]:
    a = sigmoid(z)
    da, slope = -y / a + (1 - y) / (1 - a), a * (1 - a)
    by_nudge = nudged(lambda z: loss(sigmoid(z), y), z)
    leaf = torch.tensor(float(z), dtype=torch.float64, requires_grad=True)
    label = torch.tensor(float(y), dtype=torch.float64)
    F.binary_cross_entropy(torch.sigmoid(leaf), label).backward()
    by_autograd = leaf.grad.item()
    print(f"{z:2} {y}  {da * slope:7.4f} {a - y:7.4f} {by_nudge:7.4f} {by_autograd:7.4f}")
    assert abs(da * slope - (a - y)) < 1e-9
    assert abs(by_nudge - (a - y)) < 1e-6
    assert abs(by_autograd - (a - y)) < 1e-9

assert [dw1, dw2, db] == [w1.grad.item(), w2.grad.item(), b.grad.item()] == [-1, -2, -0.5]

# %%
# What people get wrong
# ---------------------
# ``dz`` *is* ``a - y`` *times the slope of the sigmoid.* The slope is already in ``a - y``. If you multiply by
# it once more, the gradient has the right sign but is too small: at ``z = 0`` by a factor of 4, and by much more
# where the sigmoid is flat. The right value, and the wrong one, at ``z = -4`` with the label 1:

a, y = sigmoid(-4), 1
print(f"{a - y = :.4f}, {(a - y) * a * (1 - a) = :.4f}")

# %%
# The slope cancels because this loss and the sigmoid fit each other. With another loss, such as
# :math:`(a - y)^2`, it stays, and a model that is wrong and sure of it hardly learns from it.
#
# ``binary_cross_entropy_with_logits`` *takes the probability.* It takes ``z``. If you pass ``a``, the sigmoid is
# applied twice. No error is raised, since any number can be a logit. At ``z = 0``, the loss should be 0.6931
# and the gradient −0.5:

z = torch.tensor([0.0], requires_grad=True)
L = F.binary_cross_entropy_with_logits(torch.sigmoid(z), torch.tensor([1.0]))
L.backward()
print(f"{L.item() = :.4f}, {z.grad.item() = :.4f}")

# %%
# The loss looks better than it is, and the gradient is about five times too small.
#
# .. fold:: Further misconceptions
#
#    ``dz`` *is the derivative of* ``a``. The name could mean that. But ``dz`` is the gradient of the loss with
#    respect to ``z``. The derivative of ``a`` is only one of its two factors: in the first program, the slope is
#    0.25 and ``dz`` is −0.5.
#
#    ``dz`` *is* ``y - a``. Some texts do write the update with this sign, and then add it. A gradient points to
#    where the loss rises, so it is ``a - y``, and a :term:`training step` subtracts it.
#
# In short
# --------
# Logistic regression is a weighted sum, a sigmoid and a loss, one after the other. The slope of the sigmoid
# cancels against the denominator of the loss, so that only the error, :math:`a - y`, arrives at :math:`z`. Each
# weight receives the error times its feature, and :math:`b` receives the error itself.
#
# Exercises
# ---------
# .. fill:: This time the label is 0. Fill in what was calculated forward and what arrived backward.
#    :graph: L; view: written
#    :blanks: z, a, a.grad, z.grad, b.grad, p.grad, w.grad
#
#    .. code-block:: python
#
#       import torch
#       import torch.nn.functional as F
#
#       x, y = torch.tensor([3.0]), torch.tensor([0.0])
#       w = torch.tensor([1.0], requires_grad=True)
#       b = torch.tensor([-3.0], requires_grad=True)
#       p = w * x
#       z = p + b
#       a = torch.sigmoid(z)
#       L = F.binary_cross_entropy(a, y)
#
#    ``z`` is 0, so ``a`` is 0.5. With the label 0, the loss is :math:`-\log(1 - a)`, whose derivative
#    :math:`1/(1 - a)` is 2. Times the slope 0.25, this is 0.5, which is ``a - y``. The sum hands it on
#    to ``b`` and ``p`` as it is, and ``w`` receives it multiplied by the feature.
#
#    - ``a.grad = -2``: The size is right. Should the model have said more here, or less?
#    - ``a.grad = 0.5``: That is ``a - y``, which arrives one operation further on. What is the derivative of
#      :math:`-\log(1 - a)`?
#    - ``z.grad = 2``: That has arrived at ``a``. What does the sigmoid multiply it by?
#    - ``w.grad = 0.5``: That arrives at ``p``. What is the local derivative of ``w * x`` with respect to ``w``?
#
# .. derive:: Here the loss is another one: the squared error. Derive the gradient of one example with respect to
#    its ``z``, as a formula in ``a`` and ``y``.
#    :answer: 2 * (a - y) * a * (1 - a)
#    :names: a, y
#    :gives: z.grad
#    :between: 0.1, 0.9
#
#    .. code-block:: python
#
#       import torch
#
#       z = torch.tensor([-2.0, 0.0, 1.0, 3.0], requires_grad=True)
#       y = torch.tensor([1.0, 0.0, 1.0, 0.0])
#       a = torch.sigmoid(z)
#       L = (a - y) ** 2
#       L.sum().backward()
#
#    The square sends back :math:`2(a - y)`, and the sigmoid multiplies it by its slope, :math:`a(1 - a)`. Nothing
#    cancels here. Where the sigmoid is flat, almost nothing arrives, even if the answer is wrong.
#
#    - ``a - y``: That is the gradient of the cross-entropy. What is the derivative of this loss?
#    - ``2 * (a - y)``: That arrives at ``a``. Which operation lies between ``a`` and ``z``?
#    - ``2 * (y - a) * a * (1 - a)``: Nearly. If ``a`` is larger than ``y`` and grows further, does the loss rise or
#      fall?
#    - ``(a - y) * a * (1 - a)``: Which factor does the exponent leave behind?
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
#    ``z`` is 0, so ``a - y`` is 0.5. It is multiplied by the features, which are 0 and 5. An example in which a
#    feature is 0 says nothing about the weight of this feature.
#
#    - ``0.5, 2.5, 0.5``: The last two are right. What is the local derivative of ``w1 * 0``?
#    - ``3.5, 0.5, 0.5``: Here 0.5 was multiplied by the weights. By what does a multiplication multiply in the
#      backward pass?
#    - ``0, 5, 1``: Those are the derivatives of ``z``. What has arrived at ``z``?
#
# .. write:: Compute the three gradients of one example without autograd: set ``dw1``, ``dw2`` and ``db``. Python's
#    ``exp`` is all you need.
#    :file: gradients_of_one_example
#    :fails: NameError: name 'dw1'
#
#    .. code-block:: python
#
#       from math import exp
#
#       import torch
#       import torch.nn.functional as F
#
#
#       def by_hand(x1, x2, y, w1, w2, b):
#           # <your code>
#           z = w1 * x1 + w2 * x2 + b
#           dz = 1 / (1 + exp(-z)) - y
#           dw1, dw2, db = x1 * dz, x2 * dz, dz
#           # </your code>
#           return [dw1, dw2, db]
#
#
#       for y in [0.0, 1.0]:
#           leaves = torch.tensor([0.5, -0.25, 0.1], requires_grad=True)
#           w1, w2, b = leaves
#           z = w1 * 3.0 + w2 * -2.0 + b
#           F.binary_cross_entropy_with_logits(z, torch.tensor(y)).backward()
#
#           ours = torch.tensor(by_hand(3.0, -2.0, y, 0.5, -0.25, 0.1))
#           assert ours.shape == (3,)
#           assert ours.sign().tolist() == leaves.grad.sign().tolist()
#           assert torch.allclose(ours, leaves.grad)
#
#    The forward pass is needed first, because ``a`` is in the gradient. All three gradients share the factor
#    ``dz``; they differ in the local derivatives of ``z``.
#
#    - ``AssertionError``: If the line that failed compares signs, check the order of the two terms in the error.
#      If it compares numbers, check what each weight is multiplied by in ``z``.
#    - ``NameError``: One of the three names has not been set, or is spelled differently.
#
# Further reading
# ---------------
# The notation ``dz``, ``dw`` and ``db``, and this order of derivation, are those of Andrew Ng's lectures on logistic
# regression (Deep Learning Specialization, course 1, week 2). The chapter on linear classification in
# `Dive into Deep Learning <https://d2l.ai/chapter_linear-classification/index.html>`__ comes to the same formula for
# more than two classes. A sigmoid as a chain of small gates is worked through in
# `CS231n's notes on backpropagation <https://cs231n.github.io/optimization-2/>`__.
#
# **Next:** many examples in the same graph, in :doc:`/lessons/3_learning/plot_logistic_vectorised`. How far a nudge
# can be trusted is shown in :doc:`/lessons/1_computation_graph/plot_four_ways_to_differentiate`.
