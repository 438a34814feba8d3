r"""
Why is my gradient NaN?
=======================

NaN means *not a number*: the result of a calculation that has no answer, such as infinity times zero.
One NaN in a gradient makes a weight NaN at the next step, then the output, and soon all other weights.
So you have to find the operation in which the first one appears, and rewrite it. Below is the
cross-entropy for the label :math:`y = 0`, from a model that is wrong and very sure of itself.

.. predict:: On paper, the loss is 100, and its gradient :math:`a - y` is 1. What does ``z.grad`` hold in
      ``float32``, where :math:`1 - e^{-100}` is rounded to 1?
   :answer: z.grad
   :program: next

   ``q`` is 0, the logarithm sends back an infinity, and the slope of the sigmoid is 0. Infinity times
   zero is NaN.

   - ``1``: That is right on paper. What is ``q`` if ``a`` is exactly 1, and what is the slope of the
     logarithm there?
   - ``0``: The slope of the sigmoid is 0 here. By what is it multiplied?
   - ``inf``: An infinity arrives at ``a``. What is the slope of the sigmoid at 100?
"""

# %%
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
# sphinx_gallery_graph = "L; view: written"

# %%
# Where NaN is born
# -----------------
# **Forward.** On paper, :math:`1 - a` is about :math:`e^{-100} \approx 4 \cdot 10^{-44}`. But the
# largest ``float32`` below 1 is about :math:`1 - 6 \cdot 10^{-8}`, so ``a`` is rounded to exactly
# 1. So far from 0 the sigmoid is nearly flat, which is called :term:`saturation`; from about
# :math:`z = 17` on, ``float32`` cannot tell it from 1. Now ``q`` is exactly 0, and PyTorch gives
# :math:`-\infty` for the logarithm of 0.
#
# **Backward.** Each operation multiplies what arrives by its :term:`local derivative`. The second line
# of the output, and the picture, show what arrives at ``r``, ``q``, ``a`` and ``z``:
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
# product is NaN. It stays NaN, whatever you add to it, and even if you multiply it by 0. NaN is not even
# equal to itself: look for it with :py:func:`torch.isnan`, or with :py:func:`torch.isfinite`, which is ``False`` for infinities too.
#
# Change ``z`` to 2 in the picture, and everything is finite. Change it to −100, and it still is, since
# :math:`1 - a` is 1 there. On that side, the other part of the loss fails. Here is the whole loss, for
# three examples:


def loss(z, y):
    a = torch.sigmoid(z)
    return -(y * torch.log(a) + (1 - y) * torch.log(1 - a))


for value, y in [(100.0, 0), (-100.0, 1), (100.0, 1)]:
    z = torch.tensor(value, requires_grad=True)
    L = loss(z, y)
    L.backward()
    print(f"{value = }, {y = }: {L.item() = }, {z.grad.item() = }")

# %%
# In the third line the model is *right*, and yet even the loss is NaN: :math:`(1 - y) \log(1 - a)` is
# :math:`0 \cdot (-\infty)`. A factor of 0 does not switch off a part that is infinite.
#
# Let PyTorch find the node
# -------------------------
# In a large model you cannot follow each number. :term:`Anomaly mode <anomaly mode>`,
# :py:class:`torch.autograd.set_detect_anomaly`, looks at what each :term:`node` sends back, and
# raises an error at the first NaN. It also remembers which line of the forward pass made each node,
# and warns with that line. We catch the warning, and look for the line in it:

import warnings

with warnings.catch_warnings(record=True, action="always") as caught:
    with torch.autograd.set_detect_anomaly(True):
        L = loss(torch.tensor(100.0, requires_grad=True), 0)
        try:
            L.backward()
        except RuntimeError as error:
            print(error)

print(f"{'a = torch.sigmoid(z)' in str(caught[-1].message) = }")

# %%
# The message names the node in which NaN was born, ``SigmoidBackward0``. The ``0th output`` is the
# first of the gradients that it sends back. The mistake need not be in that line: here the sigmoid
# multiplies an infinity that came from the logarithm. Anomaly mode looks for NaN, and lets
# infinities pass. So ask next what arrived at the node, and from which operation. If the loss itself is
# NaN, as in the third line above, look for the first tensor of the forward pass that is not finite.
# Anomaly mode makes every operation slower, so switch it on only while you search.
#
# The logits form
# ---------------
# The cure is to cancel on paper, before there are numbers. With
# :math:`-\log a = \log(1 + e^{-z})` and :math:`-\log(1 - a) = z + \log(1 + e^{-z})`,
#
# .. math::
#
#    L = z - z y + \log(1 + e^{-z}) = \max(z, 0) - z y + \log(1 + e^{-|z|})
#
# No logarithm of 0 is left in the first form. In the second one, the exponential cannot become infinite
# either. (For negative :math:`z`, take :math:`z` into the logarithm:
# :math:`z + \log(1 + e^{-z}) = \log(e^z + 1)`.) The derivative of the first form is
#
# .. math::
#
#    \frac{\partial L}{\partial z} = 1 - y - \frac{e^{-z}}{1 + e^{-z}} = 1 - y - (1 - a) = a - y
#
# and that lies between −1 and 1 for every :math:`z`.
# :py:func:`torch.nn.functional.binary_cross_entropy_with_logits` computes the loss in a safe form from
# the :term:`logit` :math:`z`, and sends back :math:`a - y`. In the graph it is one operation:

import torch.nn.functional as F

z = torch.tensor(100.0, requires_grad=True)
y = torch.tensor(0.0)

L = F.binary_cross_entropy_with_logits(z, y)

L.backward()
print(f"{L.item() = }, {z.grad.item() = }")
# sphinx_gallery_graph = "L"

# %%
# So let the model return :math:`z`, and apply the sigmoid only where you want to see a probability. For
# several classes, :py:func:`torch.nn.functional.cross_entropy` takes logits too
# (:doc:`/lessons/3_learning/plot_softmax_cross_entropy`).
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
# sphinx_gallery_graph = "f; view: written"

# %%
# The value is right, and the gradient is NaN. :py:func:`torch.where` is not an ``if``: both branches are
# computed before it chooses between their results, so both are in the graph. To the branch that was not
# chosen, ``where`` sends 0. The logarithm multiplies this 0 by its local derivative :math:`1/x`, which is
# infinite here. The two paths add up:
#
# .. math::
#
#    \frac{\partial f}{\partial x}
#    = \underbrace{0 \cdot \frac{1}{0}}_{\text{through } \log}
#    + \underbrace{1 \cdot 1}_{\text{through } x - 1}
#    = 0 \cdot \infty + 1 = \text{NaN}
#
# It does not help to do something *after* the logarithm, such as multiplying by a mask of zeros and ones:
# the local derivative stays infinite. What goes *into* the logarithm has to be harmless. So write
# ``where`` twice. The first one gives the logarithm a 1 in place of each :math:`x` that it must not see:

x = torch.tensor(0.0, requires_grad=True)

safe = torch.where(x > 1, x, 1.0)
p = torch.log(safe)
s = x - 1
f = torch.where(x > 1, p, s)

f.backward()
print(f"{f.item() = }, {x.grad.item() = }")
# sphinx_gallery_graph = "f; view: written"

# %%
# Now the logarithm multiplies its 0 by a local derivative of 1, and sends 0 back.
#
# What people get wrong
# ---------------------
# *A small number inside the logarithm is enough.* For :math:`y = 0`, at :math:`z` = 5, 20 and 100, the
# losses should be 5.01, 20 and 100, and the gradients 0.99, 1 and 1. Each row has three losses, and then
# three gradients: with :math:`10^{-8}` inside the logarithm, with
# :py:func:`torch.nn.functional.binary_cross_entropy`, which takes probabilities, and with the logits form.

z = torch.tensor([5.0, 20.0, 100.0], requires_grad=True)
a, y = torch.sigmoid(z), torch.zeros(3)
with_eps = -torch.log(1 - a + 1e-8)
from_probabilities = F.binary_cross_entropy(a, y, reduction="none")
from_logits = F.binary_cross_entropy_with_logits(z, y, reduction="none")

for L in [with_eps, from_probabilities, from_logits]:
    (dz,) = torch.autograd.grad(L.sum(), z, retain_graph=True)
    print(*[f"{number:<7.2f}" for number in [*L.tolist(), *dz.tolist()]])

# %%
# With the small number NaN is gone, but the answers are wrong. At 20 and 100, the loss stays at
# :math:`-\log 10^{-8} \approx 18.42`. The gradient is 0 and should be 1: the logarithm sends back
# :math:`10^8` at most, and the sigmoid multiplies it by :math:`a\,(1 - a) = 0`. So the model learns
# nothing from the examples that it gets most wrong, and you see no error. ``binary_cross_entropy`` never
# lets a logarithm fall below −100, and has the same fault. Both get a probability that has already been
# rounded to 1, and no function can tell from it what :math:`z` was.
#
# *Repair the gradients before the step.* :py:func:`torch.nan_to_num` would put 0 in place of each NaN, and
# 1 would be right. Clipping makes it worse:

z = torch.tensor([5.0, 100.0], requires_grad=True)
loss(z, 0).sum().backward()
print(f"{z.grad = }")
torch.nn.utils.clip_grad_norm_([z], max_norm=1.0)
print(f"{z.grad = }")

# %%
# :py:func:`torch.nn.utils.clip_grad_norm_` multiplies all gradients by one factor, which it computes from
# their common length. One NaN makes that factor NaN, and the good gradients are lost too. With
# ``error_if_nonfinite=True`` it raises an error instead. Clipping is for gradients that are large but
# finite.
#
# .. fold:: Further misconceptions
#
#    *The loss is finite, so the gradient is finite.* In the example with ``where``, the value was −1 and the
#    gradient NaN. Any operation with an infinite slope can do this, such as the square root at 0. For the
#    length of a vector, :py:func:`torch.linalg.vector_norm` is safe: at 0, where a length has a kink and no
#    derivative, it sends back 0.
#
#    *I can write the logits form out myself.* At :math:`z = 0`, both :math:`\max(z, 0)` and :math:`|z|`
#    have a kink. In the sum the two kinks cancel, but autograd differentiates each part by itself, and
#    at a kink each operation has its own slope: ``relu`` and ``abs`` take 0, ``clamp(min=0)`` takes 1, and
#    ``maximum`` with a 0 takes ½. With ``abs``, only the last of them gives :math:`a - y`.
#
# Check
# -----
# The formula that failed is not wrong. It needs more digits than ``float32`` has, which is about 7. So we
# compute it with 100 digits, by Python's ``decimal``, and compare it with the logits form. Printed are
# :math:`y`, :math:`z`, and the loss in both ways. The gradients are compared too.

from decimal import Decimal, getcontext

getcontext().prec = 100
for y in [0, 1]:
    for value in [-100, -20, 1, 20, 100]:
        z = torch.tensor(float(value), requires_grad=True)
        L = F.binary_cross_entropy_with_logits(z, torch.tensor(float(y)))
        L.backward()
        a = 1 / (1 + Decimal(-value).exp())
        exact_L = float(-(y * a.ln() + (1 - y) * (1 - a).ln()))
        exact_dz = float(a - y)
        print(f"{y} {value:5} {L:9.4f} {exact_L:9.4f}")
        assert torch.isfinite(z.grad) and abs(z.grad - exact_dz) <= 1e-6
        assert abs(L - exact_L) <= 1e-6 * max(1, exact_L)

# %%
# In short
# --------
# Most often, a gradient becomes NaN where an infinite slope meets a 0: a logarithm or a root at 0, behind a
# saturated sigmoid or a ``where``. Anomaly mode names the node. The cure is to rewrite the formula, so
# that no operation gets an input at which its slope is infinite: give the loss logits, and keep bad
# inputs away *before* the operation.
#
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
# .. find:: ``x.grad`` is NaN. Which operation is the first to send NaN on the backward pass? Point at
#       its circle.
#    :answer: op u
#    :graph: J
#    :holds: torch.isinf(u.grad).item() and torch.isnan(x.grad).item()
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([0.0], requires_grad=True)
#       u = x * x
#       r = torch.sqrt(u)
#       J = 3 * r
#       u.retain_grad()
#       J.backward()
#
#    The root sends :math:`3/(2 \cdot 0) = \infty`, which anomaly mode would let pass. The square turns it
#    into :math:`\infty \cdot 0`, and that is NaN.
#
#    - ``op r``: There the trouble begins. Is what the root sends NaN already, or still infinite?
#    - ``x``: NaN arrives there. Which operation sent it?
#    - ``op J``: This one multiplies by 3. Is anything infinite so far?
#
# .. derive:: Where a yes is rare, its part of the loss can be weighted by :math:`c`. What gradient does ``z`` get? Write
#       ``a`` for the sigmoid of ``z``.
#    :answer: (1 - y) * a - c * y * (1 - a)
#    :names: a, y, c, z
#    :gives: z.grad
#    :between: 0.1, 0.9
#
#    .. code-block:: python
#
#       import torch
#
#       z = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
#       y = torch.tensor([1.0, 0.0, 1.0])
#       c = torch.tensor(3.0)
#       a = torch.sigmoid(z)
#       L = -(c * y * torch.log(a) + (1 - y) * torch.log(1 - a))
#       L.sum().backward()
#
#    The logarithms send :math:`-cy/a` and :math:`(1 - y)/(1 - a)` to :math:`a`. Times
#    :math:`a\,(1 - a)`, each denominator cancels: :math:`-cy\,(1 - a) + (1 - y)\,a`. As always, nothing
#    infinite is left. The logits form takes :math:`c` as ``pos_weight``.
#
#    - ``a - y``: That is right for :math:`c = 1`. Which of the two parts does :math:`c` act on?
#    - ``c * (a - y)``: Here both parts are weighted. Which one has the factor :math:`c`?
#    - ``-c * y / a + (1 - y) / (1 - a)``: That arrives at ``a``. What is the slope of the sigmoid?
#
# .. write:: Write ``lengths``, which gives the length of each row of ``X``, with a square root. A row of
#       zeros must get the gradient 0.
#    :file: length_of_zero
#    :fails: AttributeError: 'NoneType' object has no attribute 'sum'
#
#    .. code-block:: python
#
#       import torch
#
#
#       def lengths(X):
#           # <your code>
#           squares = (X * X).sum(dim=1)
#           safe = torch.where(squares > 0, squares, 1.0)
#           return torch.where(squares > 0, torch.sqrt(safe), 0.0)
#           # </your code>
#
#
#       X = torch.tensor([[3.0, 4.0], [0.0, 0.0], [0.0, 2.0]], requires_grad=True)
#       result = lengths(X)
#       result.sum().backward()
#       assert torch.allclose(result, torch.tensor([5.0, 0.0, 2.0])), "value"
#       assert not torch.isnan(X.grad).any(), "NaN"
#       assert torch.allclose(X.grad, torch.tensor([[0.6, 0.8], [0.0, 0.0], [0.0, 1.0]])), "gradient"
#
#    The first ``where`` puts a 1 in place of each 0, so the root has a finite slope everywhere. The second one
#    puts the 0 back, and sends 0 to the root in that row.
#
#    - ``AssertionError: NaN``: One ``where`` after the root chooses among results. What does the root get
#      to see for the row of zeros?
#    - ``AssertionError: value``: Is a small number still inside the root? And what does the row of zeros
#      give?
#    - ``AssertionError: gradient``: The length of (3, 4) is 5. What is its slope along the first number?
#    - ``RuntimeError``: Was the result computed from ``X`` itself, or from a copy without a graph?

# %%
# Further reading
# ---------------
# - PyTorch on gradients at places where there is no derivative:
#   `Autograd mechanics <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__.
# - Dive into Deep Learning on
#   `numerical stability of softmax <https://d2l.ai/chapter_linear-classification/softmax-regression-concise.html>`__.
#
# **Next:** how to find out whether a gradient that *is* finite is also right, in
# :doc:`/lessons/3_learning/plot_gradient_check`. Other ways to lose a gradient, which leave 0 or
# ``None`` and not NaN, are collected in :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`.
