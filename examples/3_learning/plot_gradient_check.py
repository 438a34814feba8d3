r"""
How do I know a gradient is right?
==================================

A wrong gradient raises no error. The loss may even fall, only more slowly than it should. So if you
have derived a gradient by hand, or written the backward pass of an operation yourself, compare it with
something that does not depend on your derivation: the slope between two values of the function.

.. predict:: The bias ``b`` is added to both elements of ``w * x``, and ``L`` is the sum of their cubes.
      What does ``b.grad`` hold?
   :answer: b.grad
   :program: next

   ``z`` is (2, 1), and the cube sends :math:`3z^2`, which is 12 and 3. The bias was used for both, so
   the two add up to 15.

   - ``12``: That comes from the first element. Where else is ``b`` used?
   - ``7.5``: That is a mean. What happens where two paths meet?
   - ``9``: That is ``L``. What is the derivative of a cube?
   - ``18``: Those are the elements of ``w.grad``, added up. Is ``b`` multiplied by ``x``?
"""

# %%
import torch

torch.set_default_dtype(torch.float64)
x = torch.tensor([1.0, 2.0])
w = torch.tensor([3.0, 1.0], requires_grad=True)
b = torch.tensor(-1.0, requires_grad=True)

z = w * x + b
t = z**3
L = t.sum()

L.backward()
up, down = (((w * x + b + h) ** 3).sum().item() for h in [1e-5, -1e-5])
print(f"{w.grad.tolist() = }, {b.grad.item() = }, {(up - down) / 2e-5:.6f}")
# sphinx_gallery_graph = "L; view: written"

# %%
# The last number is the slope: ``b`` was moved by 0.00001 to both sides, and the change of ``L`` divided
# by the distance. It needs no derivative and no graph. In
# :doc:`/lessons/1_computation_graph/plot_four_ways_to_differentiate` you saw why such a
# :term:`central difference` is good, and why a smaller :term:`step size` is not always better.
#
# Nudge every parameter
# ---------------------
# By hand, :math:`dz = 3z^2`, :math:`dw = x\,dz`, and :math:`db` is the sum of :math:`dz`. To check such a
# formula, move one element of each :term:`parameter` after the other:


def loss(w, b):
    return ((w * x + b) ** 3).sum()


def by_hand(w, b):
    dz = 3 * (w * x + b) ** 2
    return x * dz, dz.sum()


@torch.no_grad()
def differences(f, p, h=1e-5):
    slopes = torch.empty(p.numel())
    for i in range(p.numel()):
        move = torch.zeros(p.numel())
        move[i] = h
        move = move.view(p.shape)
        slopes[i] = (f(p + move) - f(p - move)) / (2 * h)
    return slopes.view(p.shape)


# %%
# Is 0.001 between the two much? That depends on how large they are. So divide by the larger one. (If both
# are 0, they agree; but 0 divided by 0 is NaN, so leave such elements out.) With :math:`g` for the gradient and :math:`d` for the
# difference,
#
# .. math::
#
#    \text{relative error} = \frac{|g - d|}{\max(|g|, |d|)}


def relative_error(g, d):
    return (g - d).abs() / torch.maximum(g.abs(), d.abs())


dw, db = by_hand(w, b)
error_w = relative_error(dw, differences(lambda w: loss(w, b), w))
error_b = relative_error(db, differences(lambda b: loss(w, b), b))
print(f"{(error_w < 1e-9).all().item() = }, {(error_b < 1e-9).item() = }")

# %%
# What counts as small? Use ``float64``, and a step near :math:`10^{-5}`. Then the relative error of a
# right gradient of a smooth function is usually below :math:`10^{-7}`. Above :math:`10^{-2}`, something
# is wrong. In between, look closer: there may be a kink nearby, or a small term may be missing.
#
# For three numbers, this takes six values of the loss. For a million it would take two million. What to do
# then is the subject of :doc:`/lessons/3_learning/plot_random_direction`.
#
# Plant a bug
# -----------
# A check that has never failed has shown nothing. The first row has the differences for the cube, at
# :math:`z` = 0, 1 and 2. Below it is the right formula, and then three wrong ones: a forgotten factor,
# a wrong sign, and a forgotten power.

z = torch.tensor([0.0, 1.0, 2.0])
h = 1e-5
d = ((z + h) ** 3 - (z - h) ** 3) / (2 * h)
print([f"{number:.6f}" for number in d.tolist()])
print((3 * z**2).tolist())
print((z**2).tolist())
print((-3 * z**2 + 0.0).tolist())
print((3 * z).tolist())

# %%
# Look at the columns. At :math:`z = 0` *no* formula can be told from another, since each of them gives 0. (The
# relative error does not help there: the difference is :math:`h^2` and not 0, so it is 1 even for the right formula.) At
# :math:`z = 1` the forgotten power passes, since :math:`z` and :math:`z^2` are the same there. Only
# :math:`z = 2` tells all of them from the right one. So check at random places, with a different value
# in each element. Never check at 0, where parameters often begin.
#
# In the same way, a mean in place of the sum passes in a batch of one example:

for m in [1, 2]:
    dz = 3 * torch.tensor([2.0, 1.0])[:m] ** 2
    print(f"{m = }: {dz.sum().item() = }, {dz.mean().item() = }")

# %%
# ``gradcheck`` does it for you
# -----------------------------
# :py:func:`torch.autograd.gradcheck` compares the whole :term:`Jacobian` of a function with central
# differences, for all inputs that require a gradient. It returns ``True``, or raises an error. You need it
# where *you* wrote the backward pass. With :py:class:`torch.autograd.Function` you write both
# directions of an operation: ``forward`` keeps in ``ctx`` what ``backward`` will need, and ``backward``
# turns ``g``, the gradient that arrives at the result, into the one for the input. PyTorch uses
# what it returns, right or wrong. In this one, the power is forgotten:


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z**3

    @staticmethod
    def backward(ctx, g):
        (z,) = ctx.saved_tensors
        return 3 * z * g


def check(f, *inputs, **options):
    return torch.autograd.gradcheck(f, inputs, raise_exception=False, **options)


ones = torch.ones(2, requires_grad=True)
place = torch.tensor([2.0, 1.0], requires_grad=True)
print(f"{check(loss, w, b) = }, {check(Cube.apply, ones) = }, {check(Cube.apply, place) = }")

try:
    torch.autograd.gradcheck(Cube.apply, place)
except RuntimeError as error:
    print(str(error).splitlines()[0])

# %%
# (With ``raise_exception=False``, it returns ``False`` in place of the error.) At (1, 1) the bug passes, as
# in the column above. The message counts inputs and outputs from 0; the rest of it, left out here, has both
# Jacobians.
#
# Right and wrong, against the step
# ---------------------------------
# One relative error is one number. With many steps, a right gradient and a wrong one look different. The
# plot is about the bias: its right gradient, 15, with differences in ``float64`` and in ``float32``; and
# two wrong ones, 15.015, which is off by a thousandth, and 5, in which the factor 3 is missing.

import matplotlib.pyplot as plt

steps = torch.logspace(-12, 0, 49)
fig, ax = plt.subplots(layout="constrained")
for g, dtype, style in [
    (15.0, torch.float64, "o"),
    (15.0, torch.float32, "x"),
    (15.015, torch.float64, "--"),
    (5.0, torch.float64, ":"),
]:
    u = (w * x).detach().to(dtype)
    up = ((u + (-1 + steps).to(dtype)[:, None]) ** 3).sum(dim=1)
    down = ((u + (-1 - steps).to(dtype)[:, None]) ** 3).sum(dim=1)
    errors = relative_error(torch.tensor(g), (up - down) / (2 * steps).to(dtype))
    ax.loglog(steps, errors, style, label=f"$g = {g:g}$, {dtype}")
ax.set(xlabel="$h$", ylabel=r"$|g - d| \,/\, \max(|g|, |d|)$")
fig.legend(loc="outside upper center", ncols=2)
# sphinx_gallery_plot = "Relative error against the step, both axes logarithmic. The right gradient, 15, gives a V whose tip is near 1e-11 in float64, and one whose tip is near 1e-5 in float32. Both share the right arm. The line of 15.015 comes down near the same arm, and from there to the left stays flat at 0.001. The line of 5 is flat near two thirds."

# %%
# Read the plot from right to left. For the right gradient it is a V: the error falls with :math:`h^2`,
# until rounding makes it rise again. For a wrong one it is flat at the size of the mistake. So if
# you doubt a result, compare the steps :math:`10^{-3}` and :math:`10^{-4}`. If the error becomes about
# 100 times smaller, it was an error of the difference, and not of your gradient. A mistake that is smaller
# than the tip of the V cannot be found.
#
# What people get wrong
# ---------------------
# *An error of* :math:`10^{-5}` *is small.* Not if the gradient is :math:`10^{-5}` itself. Below, the result
# of the wrong ``Cube`` is multiplied by :math:`10^{-6}`, and its gradients with it. ``gradcheck`` lets
# :math:`|g - d|` be as large as ``atol`` plus ``rtol`` times :math:`|d|`. These are :math:`10^{-5}` and
# :math:`10^{-3}` unless you say otherwise:

print(f"{check(lambda z: 1e-6 * Cube.apply(z), place) = }")
print(f"{check(lambda z: 1e-6 * Cube.apply(z), place, atol=0) = }")

# %%
# The first element should be 0.000012, and ``backward`` gives 0.000006. The difference is below ``atol``.
# So choose ``atol`` much smaller than your gradients, and ``rtol`` smaller than the mistakes that you want
# to find.
#
# *I train in* ``float32``, *so I check in* ``float32``. Then right gradients fail. ``gradcheck`` warns of
# this; we catch the warning:

import warnings

with warnings.catch_warnings(record=True, action="always") as caught:
    print(f"{check(lambda z: z**3, place.detach().float().requires_grad_()) = }")
print(str(caught[0].message).split(".")[0])

# %%
# The formulas do not depend on the precision. So check them in ``float64``, with ``model.double()``, and
# then train in ``float32``.
#
# .. fold:: Further misconceptions
#
#    *If the check passes, all is well.* An input that requires no gradient is not checked. And the function
#    itself may be wrong: :math:`(u - b)^3` where :math:`(u + b)^3` was meant has the right gradient of the
#    wrong function.
#
#    *If the check fails, there is a bug.* At a kink there is no derivative: the difference for ``relu`` at 0
#    is ½, and its backward pass gives 0. And dropout draws new random numbers at each call, so the two values
#    do not belong to one function. Stay away from kinks, and switch dropout off with ``model.eval()``.
#
# Check
# -----
# Three ways that share no code must agree: the formulas by hand, the differences, and autograd.

dw, db = by_hand(w, b)
print(f"{dw.tolist() = }, {db.item() = }")

assert dw.tolist() == w.grad.tolist() == [12, 6] and db.item() == b.grad.item() == 15
assert (error_w < 1e-9).all() and error_b < 1e-9
assert check(loss, w, b) and check(Cube.apply, ones) and not check(Cube.apply, place)

# %%
# In short
# --------
# Compare the gradient with central differences, in ``float64``, with a step near :math:`10^{-5}`, at a random
# place, and look at the relative error of every element. ``gradcheck`` does this. Then break the formula on
# purpose, and see whether the check finds it.
#
# Exercises
# ---------
# .. predict:: One of two paths is cut. What is the relative error of ``x.grad``?
#    :answer: error
#
#    .. code-block:: python
#
#       import torch
#
#       def f(x):
#           return x * x.detach()
#
#       x = torch.tensor([3.0], requires_grad=True)
#       f(x).backward()
#       g = x.grad.item()
#       d = (f(x + 1) - f(x - 1)).item() / 2
#       error = abs(g - d) / max(abs(g), abs(d))
#
#    The difference sees values only: :math:`(16 - 4)/2 = 6`. Autograd goes back along one of the
#    two paths, and gives 3. The error is :math:`|3 - 6|/6`.
#
#    - ``3``: That is the absolute error. By what is it divided?
#    - ``1``: The absolute error is divided by the larger of the two numbers. Which one is that?
#    - ``0``: The difference does not know about ``detach()``. Does autograd?
#
# .. derive:: For one element of the lesson's example: what does ``w`` get?
#    :answer: 3 * (w * x + b) ** 2 * x
#    :names: w, x, b
#    :gives: w.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0, 2.0, -1.5])
#       w = torch.tensor([3.0, 1.0, 0.5], requires_grad=True)
#       b = torch.tensor([-1.0, 2.0, 0.25])
#       L = ((w * x + b) ** 3).sum()
#       L.backward()
#
#    The cube sends :math:`3z^2` to :math:`z = wx + b`. The sum hands it on, and the product multiplies it
#    by :math:`x`.
#
#    - ``3 * (w * x + b) ** 2``: That arrives at ``w * x + b``. Which factor does the product bring in?
#    - ``3 * (w * x + b) * x``: What is the derivative of a cube? Check it at :math:`z = 2`.
#    - ``3 * (w * x + b) ** 2 * w``: That is the gradient of ``x``. By what does a product multiply on
#      the way to ``w``?
#
# .. find:: A check against differences fails for one of the three gradients by hand. In which line is the
#       mistake?
#    :answer: line 11
#    :holds: all(torch.allclose(g, d) for g, d in zip([dW, db], torch.func.grad(lambda W, b: ((X @ W + b - Y) ** 2).mean(), argnums=(0, 1))(W, b)))
#    :instead: db = dZ.sum(dim=0)
#
#    .. code-block:: python
#
#       import torch
#
#       torch.manual_seed(0)
#       X, Y = torch.randn(4, 3), torch.randn(4, 1)
#       W = torch.randn(3, 1)
#       b = torch.zeros(1)
#
#       Z = X @ W + b
#       dZ = 2 * (Z - Y) / 4
#       dW = X.T @ dZ
#       db = dZ.mean(dim=0)
#
#    The cost is the mean of :math:`(z - y)^2`, and the mean's :math:`\tfrac14` is in ``dZ`` already. The
#    bias was used for each of the four rows, so their gradients add up.
#
#    - ``line 9``: The cost is a mean over four examples. Which part of this line stands for that?
#    - ``line 10``: ``dW`` has the shape of ``W``. What does this product do with the four rows?
#    - ``line 8``: The forward pass adds ``b`` to each row. What follows from that for its gradient?
#
# .. write:: Write ``differences``, which gives the central difference for each element of a vector ``p``.
#    :file: central_differences
#    :fails: AttributeError: 'NoneType' object has no attribute 'shape'
#
#    .. code-block:: python
#
#       import torch
#
#       torch.set_default_dtype(torch.float64)
#
#
#       def differences(f, p, h=1e-5):
#           # <your code>
#           slopes = torch.empty_like(p)
#           for i in range(len(p)):
#               move = torch.zeros_like(p)
#               move[i] = h
#               slopes[i] = (f(p + move) - f(p - move)) / (2 * h)
#           return slopes
#           # </your code>
#
#
#       p = torch.tensor([1.0, 2.0, 3.0])
#       slopes = differences(torch.prod, p)
#       assert slopes.shape == p.shape, "shape"
#       assert p.tolist() == [1, 2, 3], "p"
#       assert torch.allclose(slopes, torch.tensor([6.0, 3.0, 2.0]), atol=1e-8), "slopes"
#       cubes = differences(lambda p: (p**3).sum(), p)
#       assert torch.allclose(cubes, 3 * p * p, atol=1e-8), "cubes"
#
#    Each ``move`` is :math:`h` at one place and 0 elsewhere, so ``p`` itself stays as it is. A step to both
#    sides makes the error fall with :math:`h^2`.
#
#    - ``AssertionError: p``: Something wrote into ``p`` and did not put back what was there. Can you move a
#      copy?
#    - ``AssertionError: slopes``: Is only *one* element moved at a time? And is the distance between the two
#      values :math:`h`, or twice that?
#    - ``AssertionError: cubes``: The product is a straight line in each element, and a cube is not. Does
#      your difference go to both sides?
#    - ``AssertionError: shape``: There is one slope for each element of ``p``.

# %%
# Further reading
# ---------------
# - Stanford's CS231n has practical advice in
#   `Gradient checks <https://cs231n.github.io/neural-networks-3/#gradcheck>`__.
# - PyTorch on how it checks its own gradients:
#   `Gradcheck mechanics <https://docs.pytorch.org/docs/stable/notes/gradcheck.html>`__.
# - Andrew Ng, Deep Learning Specialization, course 2, week 1: *Gradient checking*.
#
# **Next:** the same check for a million parameters at the cost of two values of the loss, in
# :doc:`/lessons/3_learning/plot_random_direction`.
