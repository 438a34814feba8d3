r"""
Why must I zero gradients?
==========================

A training loop without ``zero_grad()`` raises no error. It may even begin well, and then the loss
goes wrong. The reason is that :py:meth:`~torch.Tensor.backward` does not replace what
:py:attr:`~torch.Tensor.grad` holds, but adds to it. Once you know why, you can also make use of
it, for a batch that does not fit into memory.

You need :doc:`/lessons/2_dynamic_graph/plot_dynamic_graph`, and ``grad`` from :doc:`/tensor`.

The example is a weight ``w`` with two losses, :math:`L_1 = 3w` and :math:`L_2 = w^2`, at
:math:`w = 2`.

**Predict first.** What is ``w.grad`` after ``L1.backward()``, and what is it after
``L2.backward()``?
"""

# %%
# Two calls add up
# ----------------

import torch

w = torch.tensor([2.0], requires_grad=True)
L1 = 3 * w
L2 = w * w

L1.backward()
print(f"{w.grad = }")
# sphinx_gallery_graph = "L1; view: recorded"

# %%
# In the picture on the web page, the :term:`AccumulateGrad` node of ``w`` has received 3, and
# ``w.grad`` is 3. Now the second call:

L2.backward()
print(f"{w.grad = }")
# sphinx_gallery_graph = "L2; view: recorded"

# %%
# ``w`` flows into the product twice, and 2 comes back on each path. That is 4, as :math:`2w`
# says. But ``w.grad`` is 7: ``AccumulateGrad`` adds what it receives to what is there already,
# hence its name.
#
# Why does PyTorch not overwrite? Because the derivative of a sum is the sum of the derivatives:
#
# .. math::
#
#    \frac{\partial (L_1 + L_2)}{\partial w}
#    = \frac{\partial L_1}{\partial w} + \frac{\partial L_2}{\partial w} = 3 + 2w
#
# Two calls give what one call from the sum of both losses gives. So you may compute a large sum
# part by part. PyTorch cannot know whether the next ``backward()`` belongs to the same sum or
# begins a new one. You have to tell it: below, the first line fills the gradient with zeros. Then
# comes one call from the sum.

w.grad.zero_()

L1 = 3 * w
L2 = w * w
L = L1 + L2
L.backward()
print(f"{w.grad = }")
# sphinx_gallery_graph = "L; view: written"

# %%
# One walk brings all three, 3, 2 and 2, and their sum is again 7.
#
# How to start afresh
# -------------------
# By hand, you can fill the gradient with zeros, ``w.grad.zero_()``, or remove it,
# ``w.grad = None``. An :term:`optimizer` has a method
# :py:meth:`~torch.optim.Optimizer.zero_grad`, which does one or the other for all its
# parameters. Since PyTorch 2.0, it removes the gradients unless you ask for zeros.

optimizer = torch.optim.SGD([w], lr=0.25)
optimizer.zero_grad(set_to_none=False)
print(f"{w.grad = }")

optimizer.zero_grad()
print(f"{w.grad = }")

# %%
# ``None`` means that no gradient has arrived since; the next ``backward()`` puts one there. It is
# also what ``grad`` is before the first ``backward()``. ``None`` has no ``zero_()``, so by hand
# ``w.grad = None`` is the safer of the two.
#
# A loop that forgets
# -------------------
# The loop below does gradient descent on :math:`w^2`, from :math:`w = 4`, in steps of 0.25 times
# the gradient. The argument tells where ``zero_grad()`` stands.


def train(zero):
    w = torch.tensor([4.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.25)
    losses = []
    for _ in range(6):
        if zero == "before backward":
            optimizer.zero_grad()
        loss = w * w
        loss.backward()
        if zero == "before step":
            optimizer.zero_grad()
        optimizer.step()
        losses.append(loss.item())
    return losses


print(f"{train(zero='before backward') = }")
print(f"{train(zero='never') = }")

# %%
# The first three losses are the same, so at first you see nothing. Then the loss of the second
# loop rises. Its first three gradients are 8, 4 and −2, but its steps use the sums 8, 12 and 10.
# They lead from 4 to 2, to −1, and then to −3.5. At −1 the gradient alone would have led back
# towards the minimum, which is at 0. The sum still holds the old gradients, and leads the other
# way.
#
# A larger batch, on purpose
# --------------------------
# The loss of a batch is usually the mean over its :math:`m` examples. If these do not fit into
# memory at once, cut the batch into :math:`k` micro-batches of :math:`m_1, \ldots, m_k` examples.
# Call ``backward()`` for each of them, and then ``step()`` once. Each ``backward()`` frees what
# its graph has saved before the next graph is built. This is :term:`gradient accumulation`. What
# has to be added up, so that the result is that of the whole batch?
#
# .. math::
#
#    \frac{1}{m} \sum_{\text{all}} \ell
#    = \sum_{j=1}^{k} \frac{m_j}{m} \biggl( \frac{1}{m_j} \sum_{\text{batch } j} \ell \biggr)
#
# Each micro-batch gives its own mean, and each mean, like its gradient, has the weight
# :math:`m_j / m`. If all micro-batches are of the same size, this is :math:`1/k`.
#
# The program has four examples with the loss :math:`\ell = (wx - t)^2`. At :math:`w = 1`, their
# gradients :math:`2(wx - t)x` are 2, 4, 6 and 8. The mean is 5. ``x.split(sizes)`` cuts ``x`` into
# pieces of these sizes.

x = torch.tensor([1.0, 2.0, 3.0, 4.0])
t = torch.tensor([0.0, 1.0, 2.0, 3.0])


def gradient(sizes, weights):
    w = torch.tensor([1.0], requires_grad=True)
    for xs, ts, weight in zip(x.split(sizes), t.split(sizes), weights):
        loss = ((w * xs - ts) ** 2).mean()
        (weight * loss).backward()
    return w.grad.item()


print(f"{gradient(sizes=[4], weights=[1]) = }")
print(f"{gradient(sizes=[2, 2], weights=[1 / 2, 1 / 2]) = }")
print(f"{gradient(sizes=[3, 1], weights=[1 / 2, 1 / 2]) = }")
print(f"{gradient(sizes=[3, 1], weights=[3 / 4, 1 / 4]) = }")

# %%
# With three examples in one micro-batch and one in the other, the means of the gradients are 4 and
# 8. Half of each makes 6: the last example counts as much as the other three together. Weighted by
# size, they make 5 again. Sizes become unequal at the end of the data, if the number of examples
# is not a multiple of the batch size.
#
# All this holds if the examples do not mix. In training, a layer such as batch normalization
# computes with the mean of the batch it sees; with smaller batches, the result is different.
#
# Zero is not None
# ----------------
# Plain gradient descent leaves a parameter where it is, whether its gradient is zero or ``None``.
# With momentum, where a step repeats a part of the step before, it makes a difference; and with
# weight decay, where each step also pulls the parameter towards 0. Below, the loss :math:`2w` is
# used for the first step. In the second step no loss reaches ``w``, as happens to a part of a
# model that is not used for a batch.


def two_steps(set_to_none, **options):
    w = torch.tensor([8.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1.0, **options)
    (2 * w).backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=set_to_none)
    optimizer.step()
    return w.item()


for options in [{}, {"momentum": 0.5}, {"weight_decay": 0.5}]:
    for set_to_none in [True, False]:
        print(f"{options}, {set_to_none = }: {two_steps(set_to_none, **options)}")

# %%
# A parameter whose ``grad`` is ``None`` is skipped: with ``set_to_none = True``, the weight stays
# where the first step has led. A gradient of zero is a gradient: momentum carries the weight on
# from 6 to 5, and weight decay pulls it from 2 to 1. So the choice matters for parameters that some
# steps do not use. For the others, both give the same.
#
# What people get wrong
# ---------------------
# ``backward()`` *overwrites* ``grad``. The first program has shown that it adds. So a loop needs
# one ``zero_grad()`` for each ``step()``.
#
# *It does not matter where* ``zero_grad()`` *stands.* Put it after ``step()``, or before the first
# ``backward()`` of the next step. Between ``backward()`` and ``step()`` it throws away what the
# step needs. Nothing is learnt, and no error tells you:

print(f"{train(zero='before step') = }")

# %%
# *To accumulate, leave out* ``zero_grad()``, *and that is all.* Without the division by :math:`k`
# you get the sum of the means: with two micro-batches, twice the gradient. In plain gradient
# descent, this is like a learning rate that is twice as large:

print(f"{gradient(sizes=[2, 2], weights=[1, 1]) = }")

# %%
# ``kept = w.grad`` *keeps the gradient.* It keeps a reference to the tensor that the next
# ``backward()`` adds to, and that ``set_to_none=False`` fills with zeros. Keep a copy instead:
# ``clone()`` makes one. (After ``w.grad = None``, the next ``backward()`` makes a new tensor and
# leaves the old one alone.)

w = torch.tensor([2.0], requires_grad=True)
(3 * w).backward()
kept, copied = w.grad, w.grad.clone()
(3 * w).backward()
print(f"{kept = }, {copied = }")

# %%
# Check
# -----
# The loop that forgets is run again with plain numbers and the derivative by hand. In the other
# loop, each step halves ``w``, so each loss is a quarter of the one before. Then follow the
# gradient of each example by hand, and the second step with a gradient of zero: momentum repeats
# half of the first step, which was 2, and weight decay subtracts half of the weight.

w, g, losses = 4.0, 0.0, []
for _ in range(6):
    losses.append(w * w)
    g += 2 * w
    w -= 0.25 * g
print(f"{losses = }")
assert train("never") == losses
assert train("before backward") == [16 / 4**k for k in range(6)]

examples = [2 * (1 * xi - ti) * xi for xi, ti in zip(x.tolist(), t.tolist())]
mean = sum(examples) / 4
print(f"{examples = }, {mean = }")
assert gradient([4], [1]) == gradient([2, 2], [1 / 2, 1 / 2]) == mean
assert gradient([3, 1], [3 / 4, 1 / 4]) == mean

assert two_steps(False, momentum=0.5) == 6 - 0.5 * 2
assert two_steps(False, weight_decay=0.5) == 2 - 0.5 * 2

# %%
# Exercises
# ---------
# .. predict:: What does ``x.grad`` hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0], requires_grad=True)
#       (x * x).backward()
#       x.grad = None
#       (2 * x).backward()
#       (5 * x).backward()
#
#    What the first call brought was removed. The other two bring 2 and 5.
#
#    - ``5``: That is what the last call brings. Does it overwrite what is there?
#    - ``13``: That counts all three calls. What does ``x.grad = None`` do to the first one?
#    - ``10``: Factors are multiplied along one path. What happens to the results of two calls?
#
# .. predict:: Where is ``w`` at the end? One number.
#    :answer: w
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([5.0], requires_grad=True)
#       optimizer = torch.optim.SGD([w], lr=1.0)
#       for _ in range(2):
#           loss = 2 * w
#           loss.backward()
#           optimizer.step()
#
#    The first step goes from 5 to 3, by a gradient of 2. Nothing is reset, so the second step
#    finds 2 + 2 and goes 4 further.
#
#    - ``1``: With ``zero_grad()`` in the loop, that would be right. What does ``w.grad`` hold at
#      the second step?
#    - ``3``: That is after one step. How many are there?
#    - ``-3``: How often had ``backward()`` run before the first step?
#
# .. predict:: Two micro-batches of unequal size are accumulated. What does ``w.grad`` hold?
#    :answer: w.grad
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([1.0], requires_grad=True)
#       x = torch.tensor([2.0, 2.0, 2.0, 6.0])
#       for batch in x.split([3, 1]):
#           loss = (w * batch).mean()
#           (loss / 2).backward()
#
#    The derivative of each loss is the mean of its batch: 2 and 6. Half of each makes 1 + 3. The
#    mean over all four examples would be smaller, since the last one would count for a quarter
#    only.
#
#    - ``3``: That is the gradient of the mean over all four. What weight does the last example
#      get here?
#    - ``8``: That is the sum of both. What does the division do?
#    - ``6``: That is what the second micro-batch gives alone, before the division.

# %%
# **Next:** the vector that ``backward()`` wants from a loss with several numbers, in
# :doc:`/lessons/2_dynamic_graph/plot_vector_outputs`. What ``grad`` holds, and when it is
# ``None``, is explained in :doc:`/tensor`.
