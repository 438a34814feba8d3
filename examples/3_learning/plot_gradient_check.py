r"""
How do I know a gradient is right?
==================================

A wrong gradient raises no error. The loss may even fall, only more slowly than it should. So if you
have derived a gradient by hand, or have written the backward pass of an operation yourself, compare
it with something that does not depend on your derivation: the slope between two values of the
function.

You need :doc:`/lessons/1_computation_graph/plot_four_ways_to_differentiate`: the
:term:`central difference`, and why its error plotted against the :term:`step size` is a V.

The function to check has two weights, and a bias :math:`b` that both of its terms share:

.. math::

   z_i = w_i x_i + b \qquad L = z_1^3 + z_2^3

at :math:`x = (1, 2)`, :math:`w = (3, 1)`, :math:`b = -1`.

**Predict first.** Someone forgets a power in the gradient of the cube, and writes :math:`3z`
instead of :math:`3z^2`. At which two values of :math:`z` would a check not notice?
"""

# %%
# The program
# -----------
# With :py:class:`torch.autograd.Function` you write both directions of an operation yourself.
# ``forward`` computes the result, and keeps in ``ctx`` what the way back will need. ``backward``
# gets ``g``, the gradient that has arrived at the result, and returns one gradient for each input
# of ``forward``. PyTorch uses what it returns, right or wrong.
#
# Here the operation is :math:`t = z^3` with :math:`z = u + b`. By the :term:`chain rule`, :math:`z`
# gets :math:`dz = 3z^2 g`. The sum :math:`u + b` passes it on. Each element of :math:`u` gets its
# own number, and :math:`b`, which was used for both elements, gets the sum of the two.

import torch


class ShiftedCube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u, b):
        ctx.save_for_backward(u, b)
        return (u + b) ** 3

    @staticmethod
    def backward(ctx, g):
        u, b = ctx.saved_tensors
        z = u + b
        dz = 3 * z * z * g
        return dz, dz.sum()


x = torch.tensor([1.0, 2.0], dtype=torch.float64)
w = torch.tensor([3.0, 1.0], dtype=torch.float64, requires_grad=True)
b = torch.tensor(-1.0, dtype=torch.float64, requires_grad=True)

u = w * x
t = ShiftedCube.apply(u, b)
L = t.sum()

L.backward()
print(f"{L.item() = }, {w.grad.tolist() = }, {b.grad.item() = }")
# sphinx_gallery_graph = "L"

# %%
# By hand: :math:`z = (2, 1)`, so :math:`L = 8 + 1`, :math:`dz = 3z^2 = (12, 3)`,
# :math:`dw = x\,dz = (12, 6)` and :math:`db = 12 + 3`. In the picture on the web page, these
# numbers travel back below the wires.
#
# Nudge every parameter
# ---------------------
# ``differences`` takes one element of a :term:`parameter` after the other, and moves it by
# :math:`h` to both sides: each row of ``moves`` is :math:`h` at one place, and 0 elsewhere. It
# needs values only, so it runs under :py:class:`torch.no_grad`. ``loss`` is written with ordinary
# operations, and uses nothing of ``ShiftedCube``.
#
# If :math:`g` is the gradient to check and :math:`d` the central difference, is 0.001 between them
# much? That depends on how large they are. So divide by the larger of the two. (If both are 0, they
# agree, and there is nothing to divide.)
#
# .. math::
#
#    \text{relative error} = \frac{|g - d|}{\max(|g|, |d|)}


def loss(w, b):
    return ((w * x + b) ** 3).sum()


@torch.no_grad()
def differences(f, p, h):
    moves = h * torch.eye(p.numel(), dtype=p.dtype).view(-1, *p.shape)
    slopes = [(f(p + move) - f(p - move)) / (2 * h) for move in moves]
    return torch.stack(slopes).view(p.shape)


def relative_error(g, d):
    return (g - d).abs() / torch.maximum(g.abs(), d.abs())


dw_nudged = differences(lambda w: loss(w, b), w, h=1e-5)
db_nudged = differences(lambda b: loss(w, b), b, h=1e-5)
for name, g, d in [("w", w.grad, dw_nudged), ("b", b.grad, db_nudged)]:
    small = (relative_error(g, d) < 1e-9).all()
    print(name, g.tolist(), [f"{slope:.6f}" for slope in d.view(-1)], small.item())

# %%
# Each row has the gradient, the differences, and whether all relative errors are below
# :math:`10^{-9}`. For these three numbers it takes six values of the loss. For a million it would
# take two million, so check a small model, or some of the elements of a large one.
#
# What counts as small? Use ``float64``, and a step near :math:`10^{-5}`. Then the relative error of
# a right gradient of a smooth function is usually below :math:`10^{-7}`, and far below it in this
# example. Above :math:`10^{-2}`, something is wrong. In between, look closer: there may be a kink
# nearby, or a small term may be missing.
#
# ``gradcheck`` does it for you
# -----------------------------
# :py:func:`torch.autograd.gradcheck` compares the whole :term:`Jacobian` with central differences,
# for all inputs that require a gradient. It returns ``True`` or raises an error; with
# ``raise_exception=False`` it returns ``False`` instead.
#
# Now we plant bugs. Each row of the table is another ``backward``. The first two columns are the
# expressions for ``dz`` and for the gradient of ``b``, which ``eval`` runs as code. The other three
# columns tell whether ``gradcheck`` lets them pass, at three places: :math:`z = (0, 0)`,
# :math:`z = (1, 1)`, and :math:`z = (2, 1)`.


def check(function, *inputs, **options):
    return torch.autograd.gradcheck(function, inputs, raise_exception=False, **options)


def planted(dz_rule, db_rule):
    class Planted(ShiftedCube):
        @staticmethod
        def backward(ctx, g):
            u, b = ctx.saved_tensors
            z = u + b
            dz = eval(dz_rule)
            return dz, eval(db_rule)

    return Planted.apply


rules = [(dz, "dz.sum()") for dz in ["3 * z * z * g", "z * z * g", "-3 * z * z * g", "3 * z * g"]]
rules += [("3 * z * z * g", db) for db in ["dz.mean()", "dz"]]
places = [torch.tensor(z, dtype=torch.float64) for z in [[0, 0], [1, 1], [2, 1]]]
table = {}
print(f"{'dz':16}{'db':10}  (0, 0)  (1, 1)  (2, 1)")
for rule in rules:
    table[rule] = [check(planted(*rule), (z + 1).requires_grad_(), b) for z in places]
    print("{:16}{:10}".format(*rule), *[f"{passed!s:>7}" for passed in table[rule]])

# %%
# (Since :math:`b = -1`, each place is reached by :math:`u = z + 1`.)
#
# Begin with the last column. The right ``backward`` passes. A forgotten factor, a wrong sign, a
# forgotten power, and a mean instead of the sum are all caught. The other two columns are for
# later.
#
# In the last row the sum is missing, and yet the check passes, because no gradient is wrong.
# Autograd knows that ``b`` is a single number. If ``backward`` returns a tensor with an element for
# each use of ``b``, autograd adds them up. If you derive ``db`` by hand and do not use autograd at
# all, nobody adds them up for you.
#
# When ``gradcheck`` raises an error, the message says for which input, counted from 0. With the
# mean, ``u`` is right, and ``b`` is wrong:

wrong_b = planted("3 * z * z * g", "dz.mean()")
try:
    torch.autograd.gradcheck(wrong_b, (u, b))
except RuntimeError as error:
    print(type(error).__name__)
    print(str(error).splitlines()[0])

# %%
# The rest of the message, left out here, has both Jacobians.
#
# The ``backward`` of ``ShiftedCube`` consists of operations that autograd can record. So you can
# differentiate it once more, and :py:func:`torch.autograd.gradgradcheck` checks that second
# derivative:

print(f"{torch.autograd.gradgradcheck(ShiftedCube.apply, (u, b)) = }")

# %%
# If ``forward`` had saved :math:`z` instead of ``u`` and ``b``, ``gradcheck`` would pass and
# ``gradgradcheck`` would fail. What is computed inside ``forward`` is not recorded, so autograd
# could not know that the saved :math:`z` depends on the inputs.
#
# Right and wrong, against the step
# ---------------------------------
# One relative error is one number. If you take many steps instead of one, a right gradient and a
# wrong one look different. The plot shows the relative error of the gradient of :math:`b`, in four
# cases: the right gradient, 15, with differences in ``float64`` and in ``float32``; and two wrong
# ones with differences in ``float64``. One of them, 15.015, is off by a thousandth. In the other,
# 5, the factor 3 is missing.

import matplotlib.pyplot as plt

double, single = torch.float64, torch.float32
curves = [(15.0, double, "o"), (15.0, single, "x"), (15.015, double, "--"), (5.0, double, ":")]
steps = torch.logspace(-12, 0, 49, dtype=double)
fig, ax = plt.subplots(layout="constrained")
for g, dtype, style in curves:
    at = u.to(dtype)
    slopes = [differences(lambda b: ((at + b) ** 3).sum(), b.to(dtype), h) for h in steps.tolist()]
    errors = relative_error(torch.tensor(g, dtype=dtype), torch.stack(slopes))
    ax.loglog(steps, errors, style, label=f"$g = {g:g}$, {dtype}")
ax.set(xlabel="$h$", ylabel=r"$|g - d| \,/\, \max(|g|, |d|)$")
fig.legend(loc="outside upper center", ncols=2)
# sphinx_gallery_plot = "Relative error against the step, both axes logarithmic. The right gradient, 15, gives a V whose tip is near 1e-11 in float64, and one whose tip is near 1e-5 in float32. Both share the right arm. The line of 15.015 comes down near the same arm, and from there to the left stays flat at 0.001. The line of 5 is flat near two thirds."

# %%
# Read the plot from right to left. For the right gradient it is a V: the error falls with
# :math:`h^2`, until rounding makes it rise again. For a wrong one it is flat at the size of the
# mistake: for 5 everywhere, for 15.015 once the error of the difference has become smaller than
# that. So if you doubt a result, compare the steps :math:`10^{-3}` and :math:`10^{-4}`. If the
# error becomes about 100 times smaller, it was an error of the difference, and not of your
# gradient.
#
# A mistake that is smaller than the tip of the V cannot be found. In ``float32`` the tip is about a
# million times higher than in ``float64``. And at a step of :math:`10^{-5}`, the right gradient
# seems to be off by a few thousandths there. Left of :math:`10^{-7}` the step itself is lost in
# rounding: the difference is 0, and the error 1.
#
# What people get wrong
# ---------------------
# *An error of* :math:`10^{-5}` *is small.* Not if the gradient is :math:`10^{-5}` itself. Below,
# the result of the ``backward`` with the forgotten factor is multiplied by :math:`10^{-6}`, and its
# gradients with it. ``gradcheck`` lets :math:`|g - d|` be as large as ``atol`` plus ``rtol`` times
# :math:`|d|`. These are :math:`10^{-5}` and :math:`10^{-3}` unless you say otherwise:

no_factor = planted("z * z * g", "dz.sum()")
slightly_wrong = planted("3.001 * z * z * g", "dz.sum()")
print(f"{check(lambda u, b: 1e-6 * no_factor(u, b), u, b) = }")
print(f"{check(lambda u, b: 1e-6 * no_factor(u, b), u, b, atol=0) = }")
print(f"{check(slightly_wrong, u, b) = }")
print(f"{check(slightly_wrong, u, b, rtol=1e-6) = }")

# %%
# The first element of the scaled gradient should be 0.000012, and ``backward`` gives 0.000004. The
# absolute error, 0.000008, is below ``atol``, and so the bug passes. With ``atol=0`` only the
# relative error counts, and the bug is caught. In the third line the factor is 3.001 instead of 3,
# and this passes since the relative error is below ``rtol``. So choose ``atol`` much smaller than
# your gradients, and ``rtol`` smaller than the mistakes that you want to find.
#
# *I train in* ``float32``, *so I check in* ``float32``. Then the right ``backward`` fails.
# ``gradcheck`` warns of this; we catch the warning:

import warnings

with warnings.catch_warnings(record=True, action="always") as caught:
    print(f"{check(ShiftedCube.apply, u.float(), b.float()) = }")
print(str(caught[0].message).split(".")[0])

# %%
# The formulas do not depend on the precision. So check them in ``float64``, with
# ``model.double()``, and then train in ``float32``.
#
# *One place, or one element, is enough.* Look at the table again. At :math:`z = (0, 0)` all the
# wrong formulas pass: there each of them gives 0, which is right. At :math:`z = (1, 1)` the
# forgotten power passes, since :math:`z` and :math:`z^2` are the same. These are the two values of
# the prediction. At :math:`z = (2, 1)` it is caught, but only by the first element. So check at
# random places, with a different value in each element, and check every element.
#
# *If the check passes, all is well, and if it fails, there is a bug.* Neither is always true. The
# first two calls below pass in spite of a mistake, and the last two fail without one:

zeros = torch.zeros(1, dtype=torch.float64, requires_grad=True)
ones = torch.ones(20, dtype=torch.float64, requires_grad=True)
torch.manual_seed(0)
print(f"{check(wrong_b, u, b.detach()) = }")
print(f"{check(lambda u, b: ShiftedCube.apply(u, -b), u, b) = }")
print(f"{check(torch.relu, zeros) = }")
print(f"{check(torch.dropout, ones, 0.5, True) = }")

# %%
# - An input that requires no gradient is not checked. ``wrong_b`` has the mean in place of the sum,
#   and only its gradient for ``u`` is looked at.
# - The function itself may be wrong. This one computes :math:`(u - b)^3` where :math:`(u + b)^3`
#   was meant, and has the right gradient of the wrong function.
# - At a kink there is no derivative. The difference for ``relu`` at 0 is ½, and PyTorch has chosen
#   0. Check at some distance from the kink.
# - Dropout draws new random numbers at each call, so the two values do not belong to one function.
#   Switch it off with ``model.eval()``, or set the seed inside the function that you check.
#
# Check
# -----
# The gradients of ``ShiftedCube`` must be those by hand, those by differences, and those of
# autograd for ``loss``, which is recorded operation by operation. In the table, the check at
# :math:`z = (0, 0)` must miss every bug, that at :math:`(1, 1)` only the forgotten power, and that
# at :math:`(2, 1)` none.

by_hand = [[12, 6], 15]
by_autograd = [g.tolist() for g in torch.autograd.grad(loss(w, b), (w, b))]
print(f"{by_hand = }, {by_autograd = }")

assert by_hand == by_autograd == [w.grad.tolist(), b.grad.item()]
assert (relative_error(w.grad, dw_nudged) < 1e-9).all()
assert relative_error(b.grad, db_nudged) < 1e-9
columns = [list(column) for column in zip(*table.values())]
assert columns[0] == [True] * 6
assert columns[1] == [True, False, False, True, False, True]
assert columns[2] == [True, False, False, False, False, True]

# %%
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
#    two paths, and brings 3. The error is :math:`|3 - 6|/6`.
#
#    - ``3``: That is the absolute error. By what is it divided?
#    - ``1``: The absolute error is divided by the larger of the two numbers. Which one is that?
#    - ``0``: The difference does not know about ``detach()``. Does autograd?
#
# .. predict:: Someone writes :math:`x^2` for the gradient of :math:`x^2`. At how many of the four
#       places does the check not see it?
#    :answer: unseen
#
#    .. code-block:: python
#
#       unseen = 0
#       h = 0.25
#       for x in [0.0, 1.0, 2.0, 3.0]:
#           d = ((x + h) ** 2 - (x - h) ** 2) / (2 * h)
#           g = x * x
#           unseen += g == d
#
#    The central difference of a square is exact, :math:`2x`. The two formulas agree where
#    :math:`x^2 = 2x`, at 0 and at 2.
#
#    - ``1``: The place 0 is one. Where else are :math:`x^2` and :math:`2x` the same?
#    - ``0``: A wrong formula can give a right number. Compare :math:`x^2` and :math:`2x` at each
#      place.
#    - ``4``: What are :math:`x^2` and :math:`2x` at 3?
#
# .. predict:: ``m`` examples share a bias, and someone takes the mean of their gradients instead of
#       the sum. What are the relative errors? Answer with three numbers.
#    :answer: errors
#
#    .. code-block:: python
#
#       errors = []
#       for m in [1, 2, 4]:
#           dz = [6.0] * m
#           right = sum(dz)
#           wrong = sum(dz) / m
#           errors.append(abs(wrong - right) / max(abs(wrong), abs(right)))
#
#    The mean is the sum divided by ``m``, so the error is :math:`1 - 1/m`. With a single example,
#    sum and mean are the same, and no check can tell them apart. Check with several.
#
#    - ``0, 0, 0``: Sum and mean are the same for one example. Are they for two?
#    - ``0, 6, 18``: Those are absolute errors. By what are they divided?
#    - ``0, 1, 3``: The larger of the two numbers is in the denominator. Which one is it?

# %%
# **Next:** a gradient can be right, and still be too small to learn from:
# :doc:`/lessons/3_learning/plot_gradient_flow`. Ways to cut a graph without noticing it are
# collected in :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`; a check with differences finds
# them.
