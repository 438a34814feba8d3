r"""
Why must I zero gradients?
==========================

A training loop without ``zero_grad()`` raises no error. It may even begin well, and then the loss goes wrong. Here is the
reason, in one weight ``w`` with two losses, :math:`L_1 = 3w` and :math:`L_2 = w^2`.

.. predict:: What is in ``w.grad`` after ``L1.backward()``, and what after ``L2.backward()``? Two numbers.
   :program: next
   :answer: (after_first, w.grad)

   ``L1`` sends back 3 and ``L2`` sends back :math:`2w = 4`. :py:meth:`~torch.Tensor.backward` does not replace what ``grad``
   holds, but adds to it: 3 + 4 = 7.

   - ``3, 4``: These are the two gradients. What happens to the first when the second arrives?
   - ``3, 5``: How many paths lead from ``w * w`` back to ``w``?
   - ``3, 12``: Factors are multiplied along one path. Do the two calls lie on one path?
"""

import torch

w = torch.tensor([2.0], requires_grad=True)
L1 = 3 * w
L2 = w * w

L1.backward()
after_first = w.grad.item()
L2.backward()
print(f"{after_first = }, {w.grad.item() = }")
# sphinx_gallery_graph = "L1, L2"

# %%
# Why it adds
# -----------
# In *What PyTorch recorded*, look at the :term:`AccumulateGrad` node of ``w``. It belongs to both graphs. It adds what it
# receives to what is there already, hence its name: first 3, then 4. (The picture sends both back in one pass, so it shows
# 3 + 2 + 2 at once.)
#
# Why does PyTorch not overwrite? Because the derivative of a sum is the sum of the derivatives:
#
# .. math::
#
#    \frac{\partial (L_1 + L_2)}{\partial w}
#    = \frac{\partial L_1}{\partial w} + \frac{\partial L_2}{\partial w} = 3 + 2w
#
# Two calls give the same as one call on the sum of both losses. So you may compute a large sum part by part. PyTorch
# cannot know whether the next ``backward()`` belongs to the same sum or begins a new one. You have to tell it. Here the
# first line begins anew, and one call on the sum follows:

w.grad = None
L = 3 * w + w * w
L.backward()
print(f"{w.grad.item() = }")

# %%
# How to begin anew
# -----------------
# By hand, you can remove the gradient, ``w.grad = None``, or fill it with zeros, ``w.grad.zero_()``. An :term:`optimizer`
# has a method :py:meth:`~torch.optim.Optimizer.zero_grad`, which does one of the two for all its parameters. Since PyTorch
# 2.0, it removes the gradients unless you ask for zeros:

optimizer = torch.optim.SGD([w], lr=0.25)
optimizer.zero_grad(set_to_none=False)
print(f"{w.grad = }")

optimizer.zero_grad()
print(f"{w.grad = }")

# %%
# ``None`` means that no gradient has arrived since; the next ``backward()`` puts one there.
#
# A loop that forgets
# -------------------
# Both loops do gradient descent on :math:`w^2` from :math:`w = 4`. Each step subtracts a quarter of ``grad``. The second loop
# has no ``zero_grad()``:


def train(forget):
    w = torch.tensor([4.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.25)
    losses = []
    for _ in range(6):
        if not forget:
            optimizer.zero_grad()
        loss = w * w
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


print(f"{train(forget=False) = }")
print(f"{train(forget=True) = }")

# %%
# The first three losses happen to be the same, and then the second loop goes wrong. Its gradients are 8, 4 and −2, but its
# steps use the sums 8, 12 and 10. They lead from 4 to 2, to −1, and then to −3.5. At −1, the gradient alone would have led
# back towards the minimum at 0. The sum still holds the old gradients, and leads away from it.
#
# A larger batch, on purpose
# --------------------------
# The loss of a batch is usually the mean over its :math:`m` examples. If these do not fit into memory at once, cut the batch
# into micro-batches of :math:`m_1, m_2, \ldots` examples. Call ``backward()`` for each of them, and then ``step()`` once.
# Each ``backward()`` frees what its graph has saved before the next graph is recorded. This is
# :term:`gradient accumulation`. What has to be added up to give the mean over the whole batch?
#
# .. math::
#
#    \frac{1}{m} \sum_{\text{all}} \ell
#    = \sum_{j} \frac{m_j}{m} \biggl( \frac{1}{m_j} \sum_{\text{batch } j} \ell \biggr)
#
# Each micro-batch gives its own mean, and that mean has the weight :math:`m_j / m`. The program has four examples with the
# loss :math:`\ell = (wx - t)^2`. At :math:`w = 1` their gradients are 2, 4, 6 and 8, so the mean is 5.

x = torch.tensor([1.0, 2.0, 3.0, 4.0])
t = torch.tensor([0.0, 1.0, 2.0, 3.0])
w = torch.tensor([1.0], requires_grad=True)

for xs, ts in zip(x.split(3), t.split(3)):
    loss = ((w * xs - ts) ** 2).mean()
    (len(xs) / len(x) * loss).backward()
    print(f"{len(xs) = }, {w.grad.item() = }")

# %%
# ``split(3)`` makes micro-batches of 3 and 1. They give the means 4 and 8. Three quarters of the first and a quarter of the
# second are 3 + 2 = 5. Divide by 2 instead, the number of micro-batches, and you get 2 + 4 = 6: the last example counts as
# much as the other three together. That is right only if all micro-batches have the same size, and the last one often is
# smaller.
#
# All this holds if the examples do not mix. Batch normalization computes with the mean of the batch that it sees; with
# smaller batches, its result is different.
#
# Zero is not None
# ----------------
# Plain gradient descent leaves a parameter where it is, whether its gradient is zero or ``None``. With momentum, which
# repeats a part of the last step, it makes a difference. Below, the first step goes from 8 to 6. In the second, no loss
# reaches ``w``, as happens to a part of a model that is not used for a batch:

for set_to_none in [True, False]:
    w = torch.tensor([8.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1.0, momentum=0.5)
    (2 * w).backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=set_to_none)
    optimizer.step()
    print(f"{set_to_none = }, {w.item() = }")

# %%
# A parameter whose ``grad`` is ``None`` is skipped. A gradient of zero is a gradient: half of the first step is repeated, from
# 6 to 5. Weight decay shows the same difference.
#
# Check
# -----
# The loop that forgets, again with plain numbers and the derivative by hand; in the other loop, each step halves ``w``, so
# each loss is a quarter of the one before. Then the mean of the four gradients, by hand.

w, g, losses = 4.0, 0.0, []
for _ in range(6):
    losses.append(w * w)
    g += 2 * w
    w -= 0.25 * g
assert train(forget=True) == losses
assert train(forget=False) == [16 / 4**k for k in range(6)]

gradients = [2 * (1 * xi - ti) * xi for xi, ti in zip(x.tolist(), t.tolist())]
print(f"{losses = }, {gradients = }")
assert sum(gradients) / 4 == 5

# %%
# What people get wrong
# ---------------------
# *It does not matter where* ``zero_grad()`` *is called.* Call it after ``step()``, or before the first ``backward()`` of the
# next step. Between ``backward()`` and ``step()``, it throws away what the step needs. Nothing is learnt, and no error tells
# you:

w = torch.tensor([4.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.25)
(w * w).backward()
optimizer.zero_grad()
optimizer.step()
print(f"{w.item() = }")

# %%
# ``kept = w.grad`` *keeps the gradient.* It is another name for the tensor to which the next ``backward()`` adds. Keep a copy
# instead, with ``clone()``:

w = torch.tensor([2.0], requires_grad=True)
(3 * w).backward()
kept, copied = w.grad, w.grad.clone()
(3 * w).backward()
print(f"{kept = }, {copied = }")

# %%
# .. fold:: Further misconceptions
#
#    *To accumulate, leave out* ``zero_grad()``, *and that is all.* Then the means are added up without weights. With two
#    micro-batches of one size you get twice the gradient. In plain gradient descent, this is like a learning rate that is twice as large.
#
#    *Each* ``backward()`` *needs its own* ``zero_grad()``. Each ``step()`` does. Two losses for one step may be sent back in
#    two calls, and their gradients have to add up.
#
# In short
# --------
# ``backward()`` adds to ``grad``, since the gradient of a sum is the sum of the gradients, and only you know where one sum
# ends. Call ``zero_grad()`` once for each ``step()``: after it, or before the next ``backward()``. For a batch in parts, give
# each part's mean its share of the examples as weight.
#
# Exercises
# ---------
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
#    The first step goes from 5 to 3, by a gradient of 2. Nothing is reset, so the second step finds 2 + 2 and goes 4 further.
#
#    - ``1``: With ``zero_grad()`` in the loop, that would be right. What does ``w.grad`` hold at the second step?
#    - ``3``: That is after one step. How many are there?
#    - ``-3``: How often had ``backward()`` run before the first step?
#
# .. find:: After 20 steps, ``w`` should be close to 3, where the loss is smallest. It is still 0. Which line should not be
#    there?
#    :answer: line 9
#    :holds: abs(w.item() - 3) < 0.01
#    :instead: pass
#
#    .. code-block:: python
#
#       import torch
#
#       w = torch.tensor([0.0], requires_grad=True)
#       optimizer = torch.optim.SGD([w], lr=0.25)
#       for _ in range(20):
#           optimizer.zero_grad()
#           loss = (w - 3) ** 2
#           loss.backward()
#           optimizer.zero_grad(set_to_none=True)
#           optimizer.step()
#
#    It removes the gradient that ``backward()`` has just brought. ``step()`` finds ``None`` and skips ``w``. The first call, in
#    line 6, is enough.
#
#    - ``line 6``: What would the second round find in ``w.grad`` without any reset?
#    - ``line 10``: Without this line, who would change ``w``?
#    - ``line 7``: Its gradient at 0 is −6, which is right. Does ``step()`` get to see it?
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
#    The derivative of each loss is the mean of its batch: 2 and 6. Half of each makes 1 + 3. The mean over all four examples
#    would be smaller, since the last one would count for a quarter only.
#
#    - ``3``: That is the gradient of the mean over all four. What weight does the last example get here?
#    - ``8``: That is the sum of both. What does the division do?
#    - ``6``: That is what the second micro-batch gives alone, before the division.
#
# .. write:: The whole batch of ten examples does not fit into memory. Bring ``w.grad`` to the gradient of the mean loss over
#    all ten, with micro-batches of at most four examples, and one ``backward()`` for each.
#    :file: a_batch_in_parts
#    :fails: AssertionError: calls = []
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.arange(1.0, 11.0)
#       t = x - 1
#       w = torch.tensor([1.0], requires_grad=True)
#       calls = []
#
#
#       def mean_loss(xs, ts):
#           assert len(xs) <= 4, f"{len(xs)} examples do not fit into memory"
#           calls.append(len(xs))
#           return ((w * xs - ts) ** 2).mean()
#
#
#       # <your code>
#       for xs, ts in zip(x.split(4), t.split(4)):
#           (len(xs) / len(x) * mean_loss(xs, ts)).backward()
#       # </your code>
#
#       assert sum(calls) == 10, f"calls = {calls}"
#       by_hand = (2 * (1 * x - t) * x).mean()
#       assert torch.allclose(w.grad, by_hand), f"w.grad = {w.grad.item():.2f}"
#
#    The batches have 4, 4 and 2 examples. Each mean is weighted with its share of the ten, and ``backward()`` adds up the
#    gradients. Nothing is reset in between.
#
#    - ``AssertionError: w.grad = 37.00``: The means were added up as they are. How much should each of them count?
#    - ``AssertionError: w.grad = 12.33``: One third each would fit batches of one size. How many examples has the last one?
#    - ``AssertionError: calls``: Each example has to be used once. How many has the last micro-batch?
#    - ``RuntimeError: Trying to backward through the graph a second time``: Is the loss computed anew in each round?
#
# Further reading
# ---------------
# What ``None`` and zero mean for each optimizer is listed under
# `Optimizer.zero_grad <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__ in PyTorch's
# documentation. Gradients of one pass are added up in the same way where a value is used twice:
# :doc:`/lessons/1_computation_graph/plot_fan_out`. What ``grad`` holds, and when it is ``None``, is explained in :doc:`/tensor`.
#
# **Next:** which tensors have a ``grad`` at all, in :doc:`/lessons/2_dynamic_graph/plot_leaf_or_not`.
