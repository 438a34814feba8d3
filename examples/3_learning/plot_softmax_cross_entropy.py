r"""
What gradient does cross-entropy send back?
===========================================

A classifier computes one number :math:`z` per class. Softmax turns these numbers into probabilities, and
cross-entropy is minus the logarithm of the one that the right class got. What arrives at the numbers is
short enough to remember. Here are three classes, with :math:`z` = log 1, log 2 and log 5.

.. predict:: The right class is number 1, counted from 0. What does ``z.grad`` hold? Answer with three
      numbers.
   :answer: z.grad
   :program: next

   Each number gets its probability, and the right class gets 1 less:
   :math:`(\tfrac18, \tfrac28 - 1, \tfrac58)`. The lesson shows why.

   - ``0, -1, 0``: That comes back through ``z[1]``. On which other path does ``L`` depend on all three?
   - ``0.125, 0.25, 0.625``: Those are the probabilities, and one path brings just that. What comes back
     along the other one?
   - ``0, -0.75, 0``: The middle one is right. What happens to ``s``, and to ``L``, if another ``z`` grows?
"""

# %%
import torch

z = torch.tensor([1.0, 2.0, 5.0]).log().requires_grad_()

e = torch.exp(z)
s = e.sum()
r = torch.log(s)
q = z[1]
L = r - q

L.backward()
print(f"{(e / s).detach() = }")
print(f"{z.grad = }")
# sphinx_gallery_graph = "L; view: written"

# %%
# Why this is the loss
# --------------------
# *Softmax* makes probabilities of any numbers: it takes the exponential of each, so that all are positive,
# and divides by their sum, so that they add up to 1. The loss is minus the logarithm of the one that the
# right class :math:`y` got. The logarithm turns the division into a difference, and undoes the exponential:
#
# .. math::
#
#    p_k = \frac{e^{z_k}}{\sum_j e^{z_j}} \qquad
#    L = -\log p_y = \log \sum_j e^{z_j} - z_y
#
# The second form is what the program computes. Its numbers were chosen so that ``e`` is (1, 2, 5), ``s`` is 8,
# and the probabilities are the eighths that it prints.
#
# Two paths back
# --------------
# Play the picture backward. Two paths lead from ``L`` to ``z``:
#
# - **Through the sum.** The logarithm sends :math:`\tfrac1s = \tfrac18` to ``s``, and the sum hands it to each
#   element of ``e``. The exponential multiplies by its own result, (1, 2, 5). So this path brings
#   :math:`e_k / s`, which is the *probability* of each class. All classes get something here, since each of them
#   is in the sum.
# - **Directly.** The difference sends −1 to ``q``. This reaches the right class only: (0, −1, 0).
#
# Both add up at ``z``. With :math:`t_k` for the label, 1 for the right class and 0 for the others,
#
# .. math::
#
#    \frac{\partial L}{\partial z_k} = p_k - t_k
#
# It is the :math:`a - y` of :doc:`/lessons/3_learning/plot_logistic_graph` again: what the model
# said, minus what would have been right. A step against this gradient raises the right number in proportion
# to what it lacks, and lowers each wrong one in proportion to the probability that it took. The elements add up to
# 0, since both :math:`p` and :math:`t` add up to 1.
#
# In one call
# -----------
# :py:func:`torch.nn.functional.cross_entropy` takes the numbers *before* softmax, which are called
# :term:`logits <logit>`, and the number of the right class.

import torch.nn.functional as F

z = torch.tensor([1.0, 2.0, 5.0]).log().requires_grad_()
y = torch.tensor(1)

L = F.cross_entropy(z, y)

L.backward()
print(f"{z.grad = }")
# sphinx_gallery_graph = "L"

# %%
# You wrote one operation. PyTorch recorded two nodes: the logarithm of softmax, and the choice of one
# element with its sign turned (``nll`` stands for *negative log-likelihood*). No node leads
# to ``y``: it holds the number of a class, and such a number cannot have a gradient.
#
# Besides being shorter, the call is safer. It never computes :math:`e^{1000}`:

z = torch.tensor([0.0, 1000.0], requires_grad=True)
by_parts = torch.log(torch.exp(z).sum()) - z[0]
in_one = F.cross_entropy(z, torch.tensor(0))
print(f"{by_parts.item() = }, {in_one.item() = }")

(dz,) = torch.autograd.grad(in_one, z)
print(f"{dz = }")

# %%
# What to do with the infinity in the first form is the subject of
# :doc:`/lessons/3_learning/plot_stable_loss`.
#
# Many examples
# -------------
# In a batch, each example is a row: ``X`` is :math:`(m, n)`, ``W`` has one column per class, and ``Z``
# one row of logits per example. ``cross_entropy`` takes the mean over the rows, so each row of the
# gradient is divided by :math:`m`:
#
# .. math::
#
#    dZ = \frac1m\,(P - T) \qquad dW = X^\top dZ \qquad db = \text{the sum of the rows of } dZ

torch.manual_seed(0)
X = torch.randn(4, 2, dtype=torch.float64)
Y = torch.tensor([0, 2, 1, 2])
W = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
b = torch.zeros(3, dtype=torch.float64, requires_grad=True)

Z = X @ W + b
J = F.cross_entropy(Z, Y)
J.backward()

P = torch.softmax(Z.detach(), dim=1)
T = F.one_hot(Y, 3)
dZ = (P - T) / 4
print(f"{dZ.shape = }, {torch.allclose(W.grad, X.T @ dZ) = }")
print(f"{torch.allclose(b.grad, dZ.sum(0)) = }, {abs(b.grad.sum().item()) < 1e-12 = }")
# sphinx_gallery_graph = "J; view: written"

# %%
# What people get wrong
# ---------------------
# *The last layer needs a softmax.* Not in front of ``cross_entropy``, which has one inside. No error is
# raised, since probabilities can be taken for logits too. Here the model is wrong and very sure of
# itself. The first line has the right loss and gradient:

z = torch.tensor([0.0, 0.0, 8.0], requires_grad=True)
y = torch.tensor(1)
for logits in [z, torch.softmax(z, dim=0)]:
    L = F.cross_entropy(logits, y)
    (dz,) = torch.autograd.grad(L, z)
    print(f"{L.item():.4f}", [f"{number:.4f}" for number in dz.tolist()])

# %%
# With two softmaxes the loss seems small, and the gradient is more than a thousand times too small.
# Worse, no answer of this model can bring the loss near 0: probabilities are at most 1 apart, so with
# three classes it stays above :math:`\log(1 + 2/e) \approx 0.55`.
#
# *A loss of 2.3 at the beginning means that something is wrong.* With ten classes it is what you
# should see. A model that knows nothing gives each of :math:`n` classes :math:`\tfrac1n`, and the loss
# is :math:`\log n`, as below. If your first loss is far above that, the model is sure of itself without a reason.

for n in [2, 10, 1000]:
    L = F.cross_entropy(torch.zeros(1, n), torch.tensor([0]))
    print(f"{n:<5} {L.item():.4f}")

# %%
# .. fold:: Further misconceptions
#
#    *Only the right class is trained, since only its probability is in the loss.* All the others
#    are in the denominator. Each of them gets its own probability as the gradient.
#
#    *Labels have to be one-hot.* The number of the class is enough. ``cross_entropy`` takes a row of
#    probabilities for each example too, one-hot or not, as floating-point numbers. The gradient
#    is :math:`p - t` then as well, as long as the row adds up to 1.
#
# Check
# -----
# The formula must agree with slopes between two values of the loss, for each logit of the batch.

differences = torch.empty(4, 3, dtype=torch.float64)
h = 1e-5
for i in range(4):
    for k in range(3):
        move = torch.zeros(4, 3, dtype=torch.float64)
        move[i, k] = h
        up, down = (F.cross_entropy(Z.detach() + sign * move, Y) for sign in [1, -1])
        differences[i, k] = (up - down) / (2 * h)

error = (differences - dZ).abs().max().item()
print(f"{error < 1e-9 = }")
assert error < 1e-9
assert torch.allclose(W.grad, X.T @ dZ) and torch.allclose(b.grad, dZ.sum(0))

# %%
# In short
# --------
# Cross-entropy with softmax sends back :math:`p - t` to the logits: the probabilities, with 1 taken
# off at the right class; in a batch, divided by :math:`m`. Give ``cross_entropy`` logits and the number
# of the class, and expect a loss of about :math:`\log n` before training.
#
# Exercises
# ---------
# .. fill:: Two classes, and the first one is right. What arrives at ``p``, ``s``, ``e1``, ``z1`` and
#       ``z2``?
#    :graph: L
#    :blanks: p.grad, s.grad, e1.grad, z1.grad, z2.grad
#
#    .. code-block:: python
#
#       import torch
#
#       z1 = torch.tensor(1.0).log().requires_grad_()
#       z2 = torch.tensor(3.0).log().requires_grad_()
#       e1 = torch.exp(z1)
#       e2 = torch.exp(z2)
#       s = e1 + e2
#       p = e1 / s
#       L = -torch.log(p)
#       L.backward()
#
#    ``e1`` is 1, ``s`` is 4, and ``p`` is ¼. The logarithm sends −4 to ``p``. The division sends −1
#    to ``e1`` and ¼ to ``s``, and the sum hands ¼ on to both. So ``e1`` gets −0.75 and ``e2`` 0.25; times 1
#    and 3, this is −0.75 for ``z1`` and 0.75 for ``z2``. That is :math:`p - t`.
#
#    - ``p.grad = 4``: The loss falls as ``p`` grows. Which sign has the slope?
#    - ``s.grad = -0.25``: If ``s`` grows, ``p`` becomes smaller. Does the loss rise, or fall?
#    - ``e1.grad = -1``: That comes through the division. By which other path does ``e1`` act on ``p``?
#    - ``z2.grad = 0.25``: That arrives at ``e2``. Which operation lies between ``e2`` and ``z2``?
#
# .. derive:: With a *temperature* :math:`T`, softmax is taken of :math:`z / T`. What does ``z`` get?
#       Write ``p`` for the probabilities, and ``t`` for the one-hot label.
#    :answer: (p - t) / T
#    :names: p, t, T, z
#    :gives: z.grad
#
#    .. code-block:: python
#
#       import torch
#       import torch.nn.functional as F
#
#       T = torch.tensor(2.0)
#       z = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
#       p = torch.softmax(z / T, dim=0)
#       t = torch.tensor([0.0, 0.0, 1.0])
#       L = -torch.log(p[2])
#       L.backward()
#
#    :math:`p - t` arrives at :math:`z / T`, and the division multiplies it by :math:`1/T`. A high
#    temperature makes the probabilities more equal and the gradient smaller.
#
#    - ``p - t``: That is what arrives at ``z / T``. One operation is left.
#    - ``(p - t) * T``: By how much does ``z / T`` grow if ``z`` grows by 1?
#    - ``(t - p) / T``: Look at the right class: should its logit get a positive gradient?
#
# .. find:: Each row is an example. The program runs, and the loss is wrong. In which line is the
#       mistake?
#    :answer: line 6
#    :holds: torch.allclose(L, torch.nn.functional.cross_entropy(Z, Y))
#    :instead: P = torch.softmax(Z, dim=1)
#
#    .. code-block:: python
#
#       import torch
#
#       Z = torch.tensor([[2.0, 0.0, 1.0], [0.0, 3.0, 2.0], [1.0, 0.0, 4.0]], requires_grad=True)
#       Y = torch.tensor([0, 1, 2])
#       rows = torch.arange(3)
#       P = torch.softmax(Z, dim=0)
#       q = P[rows, Y]
#       L = -torch.log(q).mean()
#
#    The classes of an example lie side by side, along dimension 1. With ``dim=0``, the examples
#    compete with each other: the columns of ``P`` add up to 1, and the rows do not.
#
#    - ``line 7``: This takes, from each row, the element of its right class. Are the numbers that it
#      finds there probabilities of *this* example?
#    - ``line 8``: The loss of a batch is the mean of :math:`-\log q`. What was handed to it?
#    - ``line 5``: ``rows`` is 0, 1, 2, one number per example. Where is it used?
#
# .. write:: Compute ``dZ``, the gradient of the mean loss with respect to ``Z``, from ``Z`` and ``Y``,
#       without ``backward``. Use ``torch.softmax``.
#    :file: softmax_gradient_by_hand
#    :fails: NameError: name 'dZ' is not defined
#
#    .. code-block:: python
#
#       import torch
#       import torch.nn.functional as F
#
#       torch.manual_seed(0)
#       Z = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
#       Y = torch.tensor([0, 2, 1, 1, 0])
#
#       with torch.no_grad():
#           # <your code>
#           dZ = torch.softmax(Z, dim=1)
#           dZ[torch.arange(5), Y] -= 1
#           dZ /= 5
#           # </your code>
#
#       J = F.cross_entropy(Z, Y)
#       J.backward()
#       assert dZ.shape == Z.shape
#       assert torch.allclose(dZ.sum(dim=1), torch.zeros(5, dtype=torch.float64))
#       assert torch.allclose(dZ, Z.grad)
#
#    Each row is :math:`p - t`, and the mean over five rows divides it by 5. Taking 1 off at one element per
#    row saves the one-hot matrix.
#
#    - ``AssertionError``: Each row has to add up to 0: is 1 taken off at the right class of *its* row?
#      If the rows do, compare one number with ``Z.grad``. Which factor is between them?
#    - ``IndexError``: To pick one element from each row, both indices need one number per row.
#    - ``RuntimeError``: ``Y`` holds whole numbers. Does ``F.one_hot(Y, 3)`` have the shape of ``Z``?

# %%
# Further reading
# ---------------
# - Stanford's CS231n derives the same gradient for a classifier, and trains it:
#   `Putting it together <https://cs231n.github.io/neural-networks-case-study/>`__.
# - Dive into Deep Learning on
#   `softmax regression <https://d2l.ai/chapter_linear-classification/softmax-regression.html>`__.
#
# **Next:** with this loss you have all the parts of a classifier.
# :doc:`/lessons/3_learning/plot_mini_batches` trains one from beginning to end.
