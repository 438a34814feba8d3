r"""
Hand, symbols, differences or autograd?
=======================================

There are four ways to get a derivative: work it out by hand, let a program do the algebra, divide a small
change of the result by a small change of the input, or let autograd walk the graph. They fail in different
places. The example is :math:`f(x) = x^3 - 2x` at :math:`x = 2`.

.. predict:: What does autograd give for ``x.grad``? Do it by hand.
   :answer: x.grad
   :program: next

   The rules for powers and sums give :math:`3x^2 - 2`, and at 2 that is 10. On the graph, four numbers come back
   to ``x``, one for each path: 4, 4, 4 and −2.

   - ``4``: That is the value of :math:`f`. How fast does it change?
   - ``12``: That is the slope of the cube. What is subtracted from it?
   - ``8``: That is the cube itself. What is its slope?
"""

import torch

x = torch.tensor([2.0], requires_grad=True)
p = x * x
q = p * x
r = 2 * x
y = q - r
y.backward()
print(f"{x.grad = }")
# sphinx_gallery_graph = "y"

# %%
# No small step was taken, and no formula was made. Autograd has multiplied and added the local derivatives of
# the operations that ran (:doc:`/lessons/1_computation_graph/plot_backward_pass`).
#
# By hand
# -------
# The rules for powers and sums give
#
# .. math:: f'(x) = 3x^2 - 2
#
# and at 2 this is 10 as well.
#
# By symbols
# ----------
# SymPy knows the same rules. It applies them to a formula, and gives a formula back. ``X`` and ``H``
# are symbols, printed as x and h; they have no values.

import sympy


def f(x):
    return x * x * x - 2 * x


X, H = sympy.symbols("x h")
formula = sympy.diff(f(X), X)
by_symbols = formula.subs(X, 2)
print(f"{formula = }, {by_symbols = }")

# %%
# By differences
# --------------
# This needs no rules and no formula, only values of :math:`f`. The *forward difference* takes one
# step to the right. The :term:`central difference` takes one to each side.
#
# .. math::
#
#    D_h^+ = \frac{f(x + h) - f(x)}{h} \qquad
#    D_h = \frac{f(x + h) - f(x - h)}{2h}


def forward_difference(f, x, h):
    return (f(x + h) - f(x)) / h


def central_difference(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


print(f"{forward_difference(f, 2.0, 0.001) = :.6f}")
print(f"{central_difference(f, 2.0, 0.001) = :.6f}")

# %%
# Both are close to 10, but neither is 10. The first error is there even on paper, because :math:`h` is not
# zero. It is called :term:`truncation error`. For this function, SymPy can compute it exactly:

print(sympy.expand(forward_difference(f, X, H) - formula))
print(sympy.expand(central_difference(f, X, H) - formula))

# %%
# At 2 that is :math:`6h + h^2` and :math:`h^2`, as printed above for 0.001. In the central difference, the
# part with :math:`h` alone cancels, because it is the same on both sides. So far, smaller is better.
#
# The second error comes from the computer. ``float64`` keeps about 16 digits: the next number after 1 is
# larger by :math:`\varepsilon \approx 2 \cdot 10^{-16}`, and after :math:`f(2) = 4` by :math:`4\varepsilon`. We
# take this as the :term:`rounding error` of one value of :math:`f`; it is an estimate, not a bound. The
# subtraction cancels the digits that both values share and leaves the rounding error; the division by
# :math:`h` makes it large. Together:
#
# .. math::
#
#    \left|D_h^+ - f'\right| \approx 6h + \frac{4\varepsilon}{h} \qquad
#    \left|D_h - f'\right| \approx h^2 + \frac{4\varepsilon}{h}
#
# As :math:`h` gets smaller, one part falls and the other rises. So there is a best step, and it is neither
# the largest nor the smallest:

import matplotlib.pyplot as plt
import numpy as np

eps = np.finfo(np.float64).eps
h = np.logspace(-15, 0, 61)
fig, ax = plt.subplots()
ax.loglog(h, abs(forward_difference(f, 2.0, h) - 10), "o", label=r"$|D_h^+ - f'|$")
ax.loglog(h, abs(central_difference(f, 2.0, h) - 10), "x", label=r"$|D_h - f'|$")
ax.loglog(h, 6 * h + 4 * eps / h, "--", label=r"$6h + 4\varepsilon/h$")
ax.loglog(h, h**2 + 4 * eps / h, ":", label=r"$h^2 + 4\varepsilon/h$")
ax.set(xlabel="$h$", ylabel=r"$|D - f'|$")
ax.legend()
# sphinx_gallery_plot = "Error of forward and central differences against the step, both axes logarithmic: two V shapes with a common left arm, where the points scatter. The tips are near 1e-8 and 1e-5; the right arm of the central difference is twice as steep."

# %%
# This is a V for each difference. The points are measured, the lines are the two estimates. On the right
# arm, truncation dominates; the power of :math:`h` is the slope, 1 or 2. On the left arm, which both share,
# rounding dominates. There the points scatter, because rounding is different at each step. At its tip, the
# forward difference is off by about :math:`10^{-7}`, so about its first 8 digits are right; for the
# central one, about the first 11. In ``float64``, rules of thumb for the step are :math:`\varepsilon^{1/2}` for forward
# differences, and :math:`\varepsilon^{1/3}` for central ones:

for step in [1e-2, 1e-5, 1e-8, 1e-14]:
    forward_error = abs(forward_difference(f, 2.0, step) - 10)
    central_error = abs(central_difference(f, 2.0, step) - 10)
    print(f"{step = :.0e}  {forward_error = :.0e}  {central_error = :.0e}")

# %%
# Which one, then?
# ----------------
# - **By hand**, if you want to understand, or to find a form that is cheaper or more stable.
# - **By symbols**, if you want a formula to read. But formulas can swell, as below.
# - **By differences**, if you want to check one of the others: they do not share its rules, nor its mistakes.
# - **By autograd**, if you want to train a model, or need the gradient of any longer program.
#
# Here :math:`4x(1 - x)` is applied to its own result, until there are eight rounds. ``count_ops`` counts the
# operations in the formula of the derivative. ``sympy.cse`` gives a name to each part that occurs twice.

s = X
for _ in range(8):
    s = 4 * s * (1 - s)

derivative = sympy.diff(s, X)
parts, [rest] = sympy.cse(derivative)
print(f"{derivative.count_ops() = }")
print(f"{rest.count_ops() + sum(part.count_ops() for _, part in parts) = }")

# %%
# With names for what is shared, the formula stays small too. Autograd shares from the start: a result that is used
# twice is computed and recorded once, so it records three operations in each round, 24 in all.
#
# What people get wrong
# ---------------------
# *Autograd is numerical differentiation.* It takes no differences and no step. It applies the rules of
# calculus to the operations that ran, and the only error left is that of rounding. And for a gradient with
# :math:`n` inputs, central differences evaluate the function :math:`2n` times; autograd takes one forward
# and one backward pass for any :math:`n`. In ``float32``, which PyTorch uses unless told otherwise,
# differences fail much earlier, with steps that were best in ``float64``:

two = torch.tensor(2.0)
print(f"{forward_difference(f, two, 1e-8).item() = }")
print(f"{central_difference(f, two, 1e-5).item() = :.2f}")

# %%
# *Autograd is symbolic differentiation.* It uses the same rules, but it applies them to numbers
# and never makes a formula. So it can follow any loop or ``if``, even one that asks for a value. A
# symbol has no value to give. From 2, the loop below squares three times, which makes :math:`x^8`,
# with the derivative :math:`8 x^7 = 1024`.


def squared_until_large(x):
    while x < 100:
        x = x * x
    return x


x = torch.tensor(2.0, requires_grad=True)
squared_until_large(x).backward()
print(f"{x.grad = }")
try:
    squared_until_large(X)
except TypeError as error:
    print(error)

# %%
# .. fold:: Further misconceptions
#
#    *The smaller the step, the better.* If it is too small, the input does not move at all, and the difference is
#    0; the second exercise shows it.
#
#    *At a kink, one of them is wrong.* At 0, ``relu`` has the slope 0 on the left and 1 on the right. The central
#    difference gives their mean, ½, and PyTorch gives 0. There is no derivative, so neither is wrong. What
#    PyTorch gives depends on the operation: see :doc:`/lessons/2_dynamic_graph/plot_patterns`.
#
# Check
# -----
# At 2 all four agree, the central difference within its error. At three other places, autograd is
# compared with SymPy's formula. These places are sums of a few powers of two, so nothing is
# rounded, and the numbers are equal to the last digit.

by_hand = 3 * 2**2 - 2
by_differences = central_difference(f, 2.0, 1e-5)
x = torch.tensor([2.0, -1.5, 0.5, 3.0], requires_grad=True)
f(x).sum().backward()
exact = [float(formula.subs(X, place)) for place in x.tolist()]
print(f"{exact = }")
print(f"{x.grad.tolist() = }")

assert by_hand == int(by_symbols) == x.grad[0].item() == 10
assert abs(by_differences - 10) < 1e-8
assert exact == x.grad.tolist()

# %%
# In short
# --------
# Differences are rarely exact, and their step can be too small as well as too large. Symbols are exact, but
# need a formula, which can swell. Autograd is exact up to rounding, follows the operations that ran, and
# costs a small multiple of what they cost. So compute with autograd, and check it with differences.
#
# Exercises
# ---------
# .. derive:: Which formula does the symbolic way give for :math:`f(x) = x^2\,e^{x}`?
#    :answer: (x**2 + 2 * x) * exp(x)
#    :names: x
#    :gives: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([-1.0, 0.5, 2.0], requires_grad=True)
#       (x * x * torch.exp(x)).sum().backward()
#
#    Two factors depend on ``x``, so there are two terms: ``2 * x * exp(x)`` from the square, and
#    ``x**2 * exp(x)`` from the exponential, which is its own slope.
#
#    - ``2 * x * exp(x)``: That is the path through the square. Where else is ``x`` used?
#    - ``x**2 * exp(x)``: That is the path through the exponential. Where else is ``x`` used?
#    - ``2 * x * exp(x) * x``: Are the slopes of two factors multiplied with each other?
#
# .. predict:: What is ``slope``?
#    :answer: slope
#
#    .. code-block:: python
#
#       x = 3.0
#       h = 1e-17
#       slope = ((x + h) ** 2 - x**2) / h
#
#    Near 3, neighbouring ``float64`` numbers are about ``4e-16`` apart, so ``x + h`` is rounded back to
#    3. The two squares are equal, and their difference is exactly 0.
#
#    - ``6``: That is the derivative. Is ``x + h`` different from ``x`` in ``float64``?
#    - ``ZeroDivisionError``: ``h`` is small, but ``float64`` can tell it from zero. Can it tell
#      ``x + h`` from ``x``?
#
# .. predict:: For every ``x``, this program computes the square of ``x``. What does ``x.grad``
#       hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0], requires_grad=True)
#       if x == 3:
#           y = 2 * x + 3
#       else:
#           y = x * x
#       y.backward()
#
#    Autograd differentiates the operations that ran, and they were those of :math:`2x + 3`, with
#    the slope 2. It does not know the other branch. A difference would have seen it: at ``3 + h``
#    the other branch runs.
#
#    - ``6``: That is the slope of the square. Which line ran at 3?
#    - ``9``: That is the value of ``y``. The question is about the derivative.
#    - ``RuntimeError``: Autograd can follow an ``if``. Which operations ran?
#
# .. write:: Write ``check``, which compares the gradient of a function with central differences, one input at
#       a time, and returns the largest error.
#    :file: check_a_gradient_with_differences
#    :fails: TypeError: '<' not supported between instances of 'NoneType' and 'float'
#
#    .. code-block:: python
#
#       import torch
#
#
#       def check(f, x, h=1e-5):
#           x = x.detach().double().requires_grad_()
#           f(x).backward()
#           # <your code>
#           errors = []
#           for i in range(len(x)):
#               step = torch.zeros_like(x)
#               step[i] = h
#               with torch.no_grad():
#                   slope = (f(x + step) - f(x - step)) / (2 * h)
#               errors.append(abs(slope - x.grad[i]).item())
#           return max(errors)
#           # </your code>
#
#
#       x = torch.tensor([1.0, -2.0, 0.5])
#       assert check(lambda x: (x * x).sum(), x) < 1e-8
#       assert check(lambda x: (x[0] * x[1].sin() + x[2].exp()), x) < 1e-8
#       assert check(lambda x: (x.detach() * x).sum(), x) > 0.4
#
#    Move one input by ``h`` to both sides and leave the others alone. The last line has a gradient that is
#    wrong on purpose: ``detach`` hides one of the two paths, and the check finds it.
#
#    - ``AssertionError``: Which of the three lines fails? If it is the last one: do you compare with the
#      gradient, or a difference with itself?
#    - ``RuntimeError: a view of a leaf``: You wrote into ``x``. Make a tensor for the step, and add it.

# %%
# Further reading
# ---------------
# - Baydin, Pearlmutter, Radul and Siskind, `Automatic differentiation in machine learning: a survey
#   <https://arxiv.org/abs/1502.05767>`__: the four ways, and what they are often mistaken for.
# - `CS231n <https://cs231n.github.io/neural-networks-3/>`__ on gradient checks in practice.
#
# **Next:** how PyTorch builds the graph for you, in
# :doc:`/lessons/2_dynamic_graph/plot_dynamic_graph`. How the graph follows an ``if`` or a loop
# is the subject of :doc:`/lessons/2_dynamic_graph/plot_graph_follows_code`.
