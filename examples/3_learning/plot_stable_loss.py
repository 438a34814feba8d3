r"""
Why is my gradient NaN?
=======================

NaN means *not a number*. It is the result of a calculation that has no answer, such as infinity
times zero. One NaN in a gradient makes a weight NaN at the next step, then the output of the model,
and soon all other weights. So you have to find the operation in which the first one appears, and
rewrite it.

You need :doc:`/lessons/3_learning/plot_logistic_graph`: the :term:`loss` of one example, and why
its gradient with respect to :math:`z` is :math:`a - y`.

Here the label is :math:`y = 0`, so that only one part of the loss is left:

.. math::

   a = \sigma(z) = \frac{1}{1 + e^{-z}} \qquad
   L = -\log(1 - a)

At :math:`z = 100` the model is wrong, and very sure of itself.

**Predict first.** On paper, the loss is 100 and its gradient :math:`a - y` is 1, both to more than
40 digits. What do you get for each in ``float32``, if you write the formula as it stands?
"""

# %%
# The program
# -----------

import torch

z = torch.tensor(100.0, requires_grad=True)

a = torch.sigmoid(z)
q = 1 - a
r = torch.log(q)
L = -r

for tensor in [a, q, r]:
    tensor.retain_grad()
L.backward()

print(f"{a.item() = }, {q.item() = }, {r.item() = }, {L.item() = }")
print(f"{r.grad.item() = }, {q.grad.item() = }, {a.grad.item() = }, {z.grad.item() = }")
# sphinx_gallery_graph = "L"

# %%
# The loss is infinite, and the gradient is NaN.
#
# Where NaN is born
# -----------------
# **Forward.** On paper, :math:`1 - a` is about :math:`e^{-100} \approx 4 \cdot 10^{-44}`. But the
# largest ``float32`` below 1 is about :math:`1 - 6 \cdot 10^{-8}`, so ``a`` is rounded to exactly
# 1. So far from 0 the sigmoid is nearly flat, which is called :term:`saturation`; from about
# :math:`z = 17` on, ``float32`` cannot tell it from 1. Now ``q`` is exactly 0, and PyTorch gives
# :math:`-\infty` for the logarithm of 0.
#
# **Back.** Each operation multiplies what arrives by its :term:`local derivative`. The second line
# of the output has what arrives at ``r``, ``q``, ``a`` and ``z``. In the picture on the web page,
# it stands in the boxes after ∇, from right to left:
#
# .. math::
#
#    \frac{\partial L}{\partial r} &= -1 \\
#    \frac{\partial L}{\partial q} &= -1 \cdot \frac{1}{q} = -\frac{1}{0} = -\infty \\
#    \frac{\partial L}{\partial a} &= -\infty \cdot (-1) = \infty \\
#    \frac{\partial L}{\partial z} &= \infty \cdot a\,(1 - a) = \infty \cdot 0 = \text{NaN}
#
# On paper, :math:`1 - a` cancels: :math:`\frac{1}{1 - a} \cdot a\,(1 - a) = a`. Autograd cannot
# cancel, because it multiplies numbers, not formulas. Infinity times zero could be anything, so the
# product is NaN. From there on it stays NaN, whatever is added to it, and even if it is multiplied
# by 0. NaN is not even equal to itself. To look for it, use :py:func:`torch.isnan`, or
# :py:func:`torch.isfinite`, which is ``False`` for infinities too.
#
# Change ``z`` to 2 below the picture, and everything is finite. Change it to −100, and it still is,
# since :math:`1 - a` is 1 there. But on that side the other part of the loss fails. Below is the
# whole loss, for three examples:


def compute(z, y):
    a = torch.sigmoid(z)
    return a, -(y * torch.log(a) + (1 - y) * torch.log(1 - a))


for z_value, y in [(100.0, 0), (-100.0, 1), (100.0, 1)]:
    z = torch.tensor(z_value, requires_grad=True)
    a, L = compute(z, y)
    L.backward()
    print(f"{z_value = }, {y = }: {a.item() = }, {L.item() = }, {z.grad.item() = }")

# %%
# In the second line ``a`` is exactly 0, and it is the logarithm of ``a`` that fails. In the third
# line the model is *right*, and yet even the loss is NaN: :math:`(1 - y) \log(1 - a)` is
# :math:`0 \cdot (-\infty)`. A factor of 0 does not switch off a part that is infinite.
#
# Let PyTorch find the node
# -------------------------
# In a large model you cannot follow each number. :term:`Anomaly mode <anomaly mode>`,
# :py:class:`torch.autograd.set_detect_anomaly`, looks at what each :term:`node` sends back, and
# raises an error at the first NaN. It also remembers which line of the forward pass made each node,
# and warns with that line. We catch the warning, and look for the line in it:

import warnings

catch = warnings.catch_warnings(record=True, action="always")
with catch as caught, torch.autograd.set_detect_anomaly(True):
    z = torch.tensor(100.0, requires_grad=True)
    a, L = compute(z, 0)
    try:
        L.backward()
    except RuntimeError as error:
        print(error)

print(f"{'a = torch.sigmoid(z)' in str(caught[-1].message) = }")

# %%
# The message names the node in which NaN was born, ``SigmoidBackward0``. The ``0th output`` is the
# first of the gradients that it sends back. The mistake need not be in that line. Here the sigmoid
# multiplies an infinity that has come from the logarithm: anomaly mode looks for NaN, and lets
# infinities pass. So ask next what arrived at the node, and from which operation. If the loss
# itself is NaN, as in the third line above, look for the first tensor of the forward pass that is
# not finite. Anomaly mode makes every operation slower, so switch it on only while you search.
#
# The logits form
# ---------------
# The cure is to cancel on paper, before there are numbers. From the definition of the sigmoid:
#
# .. math::
#
#    -\log a &= \log(1 + e^{-z}) \\
#    -\log(1 - a) &= -\log \frac{e^{-z}}{1 + e^{-z}} = z + \log(1 + e^{-z})
#
# Put both into the loss. No logarithm of 0 is left:
#
# .. math::
#
#    L = y \log(1 + e^{-z}) + (1 - y)\bigl(z + \log(1 + e^{-z})\bigr) = z - z y + \log(1 + e^{-z})
#
# One thing can still become infinite: :math:`e^{-z}`, if :math:`z` is far below 0. For negative
# :math:`z`, take :math:`z` into the logarithm: :math:`z + \log(1 + e^{-z}) = \log(e^z + 1)`. So
#
# .. math::
#
#    L = \begin{cases}
#    z - z y + \log(1 + e^{-z}) & \text{if } z \ge 0 \\
#    \phantom{z} - z y + \log(1 + e^{z}) & \text{if } z < 0
#    \end{cases}
#
# In both cases the exponent is :math:`-|z|`, so that the exponential is at most 1. One formula says
# both:
#
# .. math::
#
#    L = \max(z, 0) - z y + \log(1 + e^{-|z|})
#
# The program computes the four forms of :math:`L`, in the order of the derivation, at places where
# none of them fails. Each row has :math:`z`, :math:`y` and the four values:

from math import exp, log

for z, y in [(2, 0), (2, 1), (-2, 0), (-2, 1)]:
    a = 1 / (1 + exp(-z))
    n = log(1 + exp(-z))
    forms = [-(y * log(a) + (1 - y) * log(1 - a)), y * n + (1 - y) * (z + n)]
    forms += [z - z * y + n, max(z, 0) - z * y + log(1 + exp(-abs(z)))]
    print(f"{z:2} {y}", *[f"{L:.6f}" for L in forms])
    assert max(forms) - min(forms) < 1e-12

# %%
# For the gradient, take the third form. The derivative of :math:`\log(1 + e^{-z})` is
# :math:`-\frac{e^{-z}}{1 + e^{-z}} = -(1 - a)`, and so
#
# .. math::
#
#    \frac{\partial L}{\partial z} = 1 - y - (1 - a) = a - y
#
# For every :math:`z` this lies between −1 and 1. A number like :math:`z`, to which the sigmoid has
# not been applied yet, is called a :term:`logit`. From logits,
# :py:func:`torch.nn.functional.binary_cross_entropy_with_logits` computes the loss in a safe form,
# and :math:`a - y` on the way back. In the graph it is one operation:

import torch.nn.functional as F

z = torch.tensor(100.0, requires_grad=True)
y = torch.tensor(0.0)

L = F.binary_cross_entropy_with_logits(z, y)

L.backward()
print(f"{L.item() = }, {z.grad.item() = }")
# sphinx_gallery_graph = "L"

# %%
# So let the model return :math:`z`, and apply the sigmoid only where you want to see a probability.
# For several classes, :py:func:`torch.nn.functional.cross_entropy` takes logits too.
#
# Use these functions rather than the formula in your own code. At :math:`z = 0`, both
# :math:`\max(z, 0)` and :math:`|z|` have a kink. In the sum the two kinks cancel. But autograd
# differentiates each part by itself, and at a kink PyTorch has to choose a slope.
#
# NaN through ``where``
# ---------------------
# Here :math:`f(x)` is :math:`\log x` for :math:`x > 1`, and otherwise the straight line
# :math:`x - 1`. So at :math:`x = 0` the value is −1, and the slope is 1.

x = torch.tensor(0.0, requires_grad=True)

p = torch.log(x)
s = x - 1
f = torch.where(x > 1, p, s)

f.backward()
print(f"{f.item() = }, {x.grad.item() = }")
# sphinx_gallery_graph = "f"

# %%
# The value is right, and the gradient is NaN. :py:func:`torch.where` is not an ``if``: both
# branches are computed before it chooses between their results. So both are in the graph, and the
# way back goes through both. To the branch that was not chosen, ``where`` sends 0. The logarithm
# multiplies this 0 by its local derivative :math:`1/x`, which is infinite here. The two paths add
# up:
#
# .. math::
#
#    \frac{\partial f}{\partial x}
#    = \underbrace{0 \cdot \frac{1}{0}}_{\text{through } \log}
#    + \underbrace{1 \cdot 1}_{\text{through } x - 1}
#    = 0 \cdot \infty + 1 = \text{NaN}
#
# It does not help to do something *after* the logarithm, such as multiplying by a mask of zeros and
# ones: the local derivative stays infinite. What goes *into* the logarithm has to be harmless. So
# write ``where`` twice. The first one gives the logarithm a 1 in place of each :math:`x` that it
# must not see:

x = torch.tensor(0.0, requires_grad=True)

safe = torch.where(x > 1, x, 1.0)
p = torch.log(safe)
s = x - 1
f = torch.where(x > 1, p, s)

f.backward()
print(f"{f.item() = }, {x.grad.item() = }")
# sphinx_gallery_graph = "f"

# %%
# Now the logarithm multiplies its 0 by a local derivative of 1, and sends 0 back.
#
# What people get wrong
# ---------------------
# *A small number inside the logarithm is enough.* The table has four ways to compute the loss for
# :math:`y = 0`, at :math:`z` = 5, 10, 20 and 100. On paper the losses are 5.01, 10, 20 and 100, and
# the gradients 0.99, 1, 1 and 1, rounded. Each row has four losses, and then the four gradients:

z = torch.tensor([5.0, 10.0, 20.0, 100.0], requires_grad=True)
a, y = torch.sigmoid(z), torch.zeros(4)
losses = {
    "log": -torch.log(1 - a),
    "log + eps": -torch.log(1 - a + 1e-8),
    "bce": F.binary_cross_entropy(a, y, reduction="none"),
    "logits": F.binary_cross_entropy_with_logits(z, y, reduction="none"),
}
for name, L in losses.items():
    (dz,) = torch.autograd.grad(L.sum(), z, retain_graph=True)
    print(f"{name:10}", *[f"{number:7.2f}" for number in [*L.tolist(), *dz.tolist()]])

# %%
# With ``eps``, which is :math:`10^{-8}` here, NaN is gone, but the answers are wrong. At 20 and
# 100, the loss stays at :math:`-\log 10^{-8} \approx 18.42`. The gradient is 0 and should be 1: the
# logarithm sends back :math:`10^8` at most, and the sigmoid multiplies it by
# :math:`a\,(1 - a) = 0`. So the model learns nothing from the examples that it gets most wrong, and
# you see no error.
#
# :py:func:`torch.nn.functional.binary_cross_entropy`, the ``bce`` of the table, takes
# probabilities. It never lets a logarithm fall below −100. So at 20 the loss is 100 instead of 20,
# and the gradient is 0. Only the logits form is right everywhere: the others get a probability that
# has already been rounded to 1, and no function can tell from it what :math:`z` was.
#
# *Repair the gradients before the step.* :py:func:`torch.nan_to_num` puts 0 in place of each NaN.
# The first row then has the gradients of the second one, 0 where 1 should be. Clipping makes it
# worse:

losses["log"].sum().backward()
torch.nn.utils.clip_grad_norm_([z], max_norm=1.0)
print(f"{z.grad = }")

# %%
# :py:func:`torch.nn.utils.clip_grad_norm_` multiplies all gradients by one factor, which it
# computes from their common length. One NaN makes that factor NaN, and the good gradients are lost
# too. With ``error_if_nonfinite=True`` it raises an error instead. Clipping is for gradients that
# are large but finite.
#
# *The loss is finite, so the gradient is finite.* In the example with ``where``, the value was −1
# and the gradient NaN. Any operation with an infinite slope can do this, such as the square root at
# 0. For the length of a vector, :py:func:`torch.linalg.vector_norm` is safe: at 0, where a length
# has a kink and no derivative, it sends back 0.
#
# Check
# -----
# The formula at the top of the page is not wrong. It needs more digits than ``float32`` has, which
# is about 7. So we compute it with 100 digits, by Python's ``decimal``, and compare it with the
# logits form. The columns are :math:`y`, :math:`z`, the loss in both ways, and the gradient in both
# ways. (The ``z`` in the format ``z5.1f`` turns −0.0 into 0.0.)

from decimal import Decimal, getcontext

getcontext().prec = 100
for y in [0, 1]:
    for value in [-100, -20, 0, 20, 100]:
        z = torch.tensor(float(value), requires_grad=True)
        L = F.binary_cross_entropy_with_logits(z, torch.tensor(float(y)))
        L.backward()
        a = 1 / (1 + Decimal(-value).exp())
        exact_L = float(-(y * a.ln() + (1 - y) * (1 - a).ln()))
        exact_dz = float(a - y)
        print(f"{y} {value:5} {L:9.4f} {exact_L:9.4f} {z.grad:z5.1f} {exact_dz:z5.1f}")
        assert torch.isfinite(z.grad) and abs(z.grad - exact_dz) <= 1e-6
        assert abs(L - exact_L) <= 1e-6 * max(1, exact_L)

# %%
# Exercises
# ---------
# .. predict:: The loss is finite. How many of the three gradients in ``x.grad`` are finite?
#    :answer: int(torch.isfinite(x.grad).sum())
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([0.0, 1.0, 4.0], requires_grad=True)
#       r = torch.sqrt(x)
#       loss = torch.where(x > 0, r, x).sum()
#       loss.backward()
#
#    At 0, ``where`` sends 0 to the root, which multiplies it by its slope, :math:`\infty`. The
#    other two gradients are :math:`1/2` and :math:`1/4`: elements do not mix here.
#
#    - ``3``: Which slope does the root have at 0, and by what is it multiplied?
#    - ``1``: The root has an infinite slope at one place only. Which one?
#    - ``0``: NaN spreads along the graph. Does the gradient of one element depend on another one
#      here?
#
# .. predict:: Which function does the error name? Answer with its name, such as ``AddBackward0``.
#    :answer: guilty
#
#    .. code-block:: python
#
#       import torch, warnings
#
#       warnings.simplefilter("ignore")
#       x = torch.tensor([0.0], requires_grad=True)
#       with torch.autograd.set_detect_anomaly(True):
#           length = torch.sqrt(x * x)
#           try:
#               length.backward()
#           except RuntimeError as error:
#               guilty = str(error).split("'")[1]
#
#    The root returns :math:`1/(2 \cdot 0) = \infty`, which anomaly mode lets pass. The multiplication turns
#    it into :math:`\infty \cdot 0`, and that is NaN.
#
#    - ``SqrtBackward0``: There the trouble begins. Is what it returns NaN already, or still
#      infinite?
#    - ``AccumulateGrad``: NaN would arrive there in the end. Which node is the first to *return*
#      it?
#
# .. predict:: The logits form, written out with :math:`y = 1`, at :math:`z = 0`. At their kinks,
#       PyTorch has chosen the slope 0 for both ``relu`` and ``abs``. What does ``z.grad`` hold?
#    :answer: z.grad
#
#    .. code-block:: python
#
#       import torch
#
#       z = torch.tensor([0.0], requires_grad=True)
#       loss = torch.relu(z) - z * 1 + torch.log(1 + torch.exp(-z.abs()))
#       loss.backward()
#
#    Both parts with a kink send back 0, and only :math:`-zy` is left. The gradient should be
#    :math:`a - y = -\tfrac12`, which ``binary_cross_entropy_with_logits`` gives.
#
#    - ``-0.5``: That is :math:`a - y`, and it would be right. What do ``relu`` and ``abs`` send
#      back here?
#    - ``0``: There is one part without a kink. What is its slope?
#    - ``0.5``: At :math:`y = 1`, more :math:`z` makes the loss smaller. And which parts send back
#      0?

# %%
# **Next:** how to find out whether a gradient that *is* finite is also right, in
# :doc:`/lessons/3_learning/plot_gradient_check`. Other ways to lose a gradient, which leave 0 or
# ``None`` and not NaN, are collected in :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`.
