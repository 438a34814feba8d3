r"""
Hand, symbols, differences or autograd?
=======================================

There are four ways to get a derivative: work it out by hand, let a program do the algebra, divide
a small change in the result by a small change in the input, or let autograd walk the graph. They
fail in different places. If you know where, you know which one to use, and which one to check it
with.

How autograd walks the graph is shown in :doc:`/lessons/1_computation_graph/plot_backward_pass`.

The example is a function of one variable, at :math:`x = 2`:

.. math:: f(x) = x^3 - 2x

**Predict first.** The derivative is the limit of :math:`(f(2 + h) - f(2)) / h` as the step
:math:`h` goes to 0. Which step comes closest to it on a computer: 0.01, 0.00000001 or
0.00000000000001?
"""

# %%
# By hand
# -------
# The rules for powers and sums are enough: :math:`f'(x) = 3x^2 - 2`. We write the power as
# products, so that the same lines of Python can take a number, an array, a symbol or a tensor.


def f(x):
    return x * x * x - 2 * x


by_hand = 3 * 2**2 - 2
print(f"{by_hand = }")

# %%
# By symbols
# ----------
# SymPy knows the same rules, applies them to a formula and gives a formula back. ``X`` and ``H``
# are symbols, printed as x and h; they have no values.

import sympy

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
# Both are close to 10, but neither is 10.
#
# By autograd
# -----------
# Here each operation has a line of its own, so that each name is also a name in the picture.

import torch

x = torch.tensor([2.0], requires_grad=True)
p = x * x
q = p * x
r = 2 * x
y = q - r
y.backward()
by_autograd = x.grad.item()
print(f"{by_autograd = }")
# sphinx_gallery_graph = "y"

# %%
# This is 10, with no step :math:`h` anywhere. In the picture on the web page, above each wire
# stands a number: the :term:`local derivative` of one operation, at the values of the forward
# pass. Four numbers come back to ``x``, one for each path: 4, 4, 4 and −2. They add up to 10.
#
# How far off are the differences?
# --------------------------------
# Two errors are at work. The first is there even on paper, because :math:`h` is not zero. It is
# called :term:`truncation error`. For this function, SymPy can compute it exactly. ``excess`` is
# the difference minus the derivative:

for difference in [forward_difference, central_difference]:
    excess = sympy.expand(difference(f, X, H) - formula)
    print(f"{difference.__name__}: {excess = !s}, {excess.subs(X, 2) = !s}")

# %%
# For a step of 0.001, that is 0.006001 and 0.000001, which is how far off the two were above. In
# general, by Taylor's formula, the forward difference is off by about
# :math:`\tfrac{h}{2} f''(x)`. In the central difference this term cancels, because it is the same
# on both sides, and about :math:`\tfrac{h^2}{6} f'''(x)` is left. So far, smaller is better.
#
# The second error comes from the computer. ``float64`` keeps about 16 digits: the next number
# after 1 is larger by :math:`\varepsilon \approx 2 \cdot 10^{-16}`. From :math:`f(2) = 4` to the
# next number it is :math:`4\varepsilon`, so we take this as the :term:`rounding error` of one
# value of :math:`f`. It is an estimate, not a bound. The subtraction cancels the digits that both
# values share and leaves the rounding error as it is; the division by :math:`h` makes it large.
# Together:
#
# .. math::
#
#    \left|D_h^+ - f'\right| &\approx 6h + \frac{4\varepsilon}{h} \\
#    \left|D_h - f'\right| &\approx h^2 + \frac{4\varepsilon}{h}
#
# As :math:`h` gets smaller, one part falls and the other rises. The sum is smallest where its own
# derivative with respect to :math:`h` is zero: at :math:`6 = 4\varepsilon / h^2` and at
# :math:`2h = 4\varepsilon / h^2`. This gives :math:`h = (2\varepsilon/3)^{1/2}` and
# :math:`h = (2\varepsilon)^{1/3}`. Rules of thumb are :math:`\varepsilon^{1/2}` for forward
# differences, and :math:`\varepsilon^{1/3}` for central ones.

import numpy as np

eps = np.finfo(np.float64).eps
print(f"{(2 * eps / 3) ** (1 / 2) = :.0e}, {(2 * eps) ** (1 / 3) = :.0e}")

h = np.array([1e-2, 1e-5, 1e-8, 1e-11, 1e-14])
print(f"{'h':18}", *[f"{step:.0e}" for step in h])
for difference, best in [(forward_difference, 1e-8), (central_difference, 1e-5)]:
    errors = abs(difference(f, 2.0, h) - 10)
    print(difference.__name__, *[f"{error:.0e}" for error in errors])
    assert h[errors.argmin()] == best

# %%
# Each column holds a step and the two errors, rounded to one digit. At first, a step that is 1,000
# times smaller makes the forward error 1,000 times smaller, and the central one half a million
# times. (Without rounding it would be a million.) Then both rise again. Of the three steps you could choose from, the middle one is best.
# The central difference is best at :math:`10^{-5}`. At :math:`10^{-14}` both are off by a tenth or
# more. A plot shows the same for more steps:

import matplotlib.pyplot as plt

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
# On the web page, this is a V for each difference. The points are measured, the lines are the two
# estimates. On the right arm, truncation dominates. Both axes are logarithmic, so the power of
# :math:`h` is the slope: 1 for the forward difference, 2 for the central one. On the left arm,
# which both share, rounding dominates. There the points scatter, because rounding is different at
# each step.
#
# At the tip of the lines, the forward difference is off by about :math:`10^{-7}`. The derivative
# is 10, so about 8 digits are right. For the central difference, about 11 are. Some steps do
# better by luck, but you cannot count on it.
#
# What people get wrong
# ---------------------
# *The smaller the step, the better.* With a step that is too small, the input does not move at
# all, and the difference is 0. In ``float32``, which is what PyTorch uses unless told otherwise,
# this happens at much larger steps. There :math:`\varepsilon \approx 10^{-7}`, and the steps that
# were best in ``float64`` are too small:

print(f"{2.0 + 1e-16 == 2.0 = }")

two = torch.tensor(2.0)
print(f"{forward_difference(f, two, 1e-8).item() = }")
print(f"{central_difference(f, two, 1e-5).item() = :.2f}")

# %%
# A step that is too large is no better, above all near a kink such as that of
# :py:func:`torch.relu` at 0. At 0.5 the slope is 1, but a step of 1 to the left ends at −0.5,
# beyond the kink. *At* the kink there is no derivative: the slope is 0 on the left and 1 on the
# right. The central difference gives their mean, and PyTorch has chosen 0. Neither of them is
# wrong. Below, ``x`` holds both places at once, and ``sum()`` gives ``backward()`` one number to
# start from:

x = torch.tensor([0.5, 0.0], requires_grad=True)
torch.relu(x).sum().backward()
print(f"{central_difference(torch.relu, x, 1.0).tolist() = }")
print(f"{x.grad.tolist() = }")

# %%
# *Autograd is numerical differentiation.* It takes no differences and no step. It applies the
# rules of calculus to the operations that ran, and the only error left is that of rounding. The
# 10.0 of ``by_autograd`` came from ``float32`` too, where the differences have just given 0.0 and
# 10.01. The cost differs as well. For a gradient with :math:`n` inputs, forward differences
# evaluate the function :math:`n + 1` times, central differences :math:`2n` times. Autograd takes
# one evaluation and one walk back, for any :math:`n`. What the walk back costs is counted in
# :doc:`/lessons/1_computation_graph/plot_forward_or_reverse`.
#
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
# And formulas swell. Below, :math:`4x(1 - x)` is applied to its own result again and again. The
# columns hold the number of rounds; the number of operations in SymPy's formula; that in its
# derivative; and that in the derivative after ``sympy.cse`` has given a name to each part that
# occurs more than once.

print("rounds formula derivative shared")
s = X
for rounds in range(1, 9):
    s = 4 * s * (1 - s)
    derivative = sympy.diff(s, X)
    named, (rest,) = sympy.cse(derivative)
    shared = rest.count_ops() + sum(part.count_ops() for _, part in named)
    print(f"{rounds:6}{s.count_ops():8}{derivative.count_ops():11}{shared:7}")

# %%
# Each round about doubles the formula, and its derivative grows even faster. Autograd records
# only the three operations that each round runs, 24 in eight rounds: a result that is used twice
# is computed and recorded once. The last column shows that sharing is what matters most: with
# names for what is shared, the symbolic derivative stays small too.
#
# Which one, then?
#
# - **By hand**, if you want to understand, or to find a form that is cheaper or more stable.
# - **By symbols**, if you want a formula to read.
# - **By differences**, if you want to check one of the others: it knows nothing of their rules.
# - **By autograd**, if you want to train a model, or need the gradient of any longer program.
#
# Check
# -----
# At 2 all four agree, the central difference within its error. At three other places, autograd is
# compared with SymPy's formula. These places are sums of a few powers of two, so nothing is
# rounded, and the numbers are equal to the last digit.

by_differences = central_difference(f, 2.0, 1e-5)
print(f"{by_hand = }, {by_symbols = }, {by_differences = :.6f}, {by_autograd = }")
assert by_hand == int(by_symbols) == by_autograd == 10
assert abs(by_differences - 10) < 1e-8

x = torch.tensor([-1.5, 0.5, 3.0], requires_grad=True)
f(x).sum().backward()
exact = [float(formula.subs(X, place)) for place in x.tolist()]
print(f"{exact = }, {x.grad.tolist() = }")
assert exact == x.grad.tolist()

# %%
# Exercises
# ---------
# .. predict:: What is ``slope``?
#    :answer: slope
#
#    .. code-block:: python
#
#       x = 3.0
#       h = 1e-17
#       slope = ((x + h) ** 2 - x**2) / h
#
#    Near 3, two numbers of ``float64`` are about ``4e-16`` apart, so ``x + h`` is rounded back to
#    3. The two squares are equal, and their difference is exactly 0.
#
#    - ``6``: That is the derivative. Is ``x + h`` another number than ``x`` in ``float64``?
#    - ``ZeroDivisionError``: ``h`` is small, but ``float64`` can tell it from zero. Can it tell
#      ``x + h`` from ``x``?
#
# .. predict:: What is ``slope``? The step is large, but compute before you judge.
#    :answer: slope
#
#    .. code-block:: python
#
#       x = 3
#       h = 1
#       slope = ((x + h) ** 2 - (x - h) ** 2) / (2 * h)
#
#    It is :math:`(16 - 4)/2 = 6`, which is the derivative itself. The truncation error of a central
#    difference begins with the third derivative, and that of a square is zero.
#
#    - ``7``: That is the forward difference, with one step to the right. Here there is one to
#      each side.
#    - ``12``: That is the change of the square. By how much did the input change?
#    - ``5``: That is the slope between 2 and 3. From where to where does the central difference
#      go?
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

# %%
# **Next:** write a small autograd engine yourself, in
# :doc:`/lessons/1_computation_graph/plot_tiny_engine`. How the graph follows an ``if`` or a loop
# is the subject of :doc:`/lessons/2_dynamic_graph/plot_graph_follows_code`.
