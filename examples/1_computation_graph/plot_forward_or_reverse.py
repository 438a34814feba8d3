r"""
Reverse mode: why go backwards?
===============================

The chain rule multiplies local derivatives along paths, and a product is the same from whichever end you
begin: from an input (:term:`forward mode`) or from the result (:term:`reverse mode`). What differs is the
work. Here you count it.

.. predict:: ``backward()`` walks from ``J`` to the left. Say it stopped at ``v``: what would have arrived there?
   And what does ``a.grad`` hold at the end? Two numbers.
   :answer: (c.item(), a.grad.item())
   :program: next

   ``J`` sends the other factor to ``v``: 5. From there, 5 · 2 = 10 goes on to ``u``. ``a`` is used twice, and 10 · 3
   comes back on each wire: 60. The 5 at ``v`` was needed for ``a`` and for ``b``, and was computed once.

   - ``5, 10``: The first one is right, and 10 arrives at ``u``. How does it go on to ``a``?
   - ``18, 60``: That is the value of ``v``. What does a product send to a factor?
   - ``5, 30``: The first one is right. How many wires lead from ``u`` back to ``a``?
   - ``1, 60``: 1 arrives at ``J``. What is it multiplied by on the wire to ``v``?
"""

import torch

a = torch.tensor([3.0], requires_grad=True)
b = torch.tensor([2.0], requires_grad=True)
c = torch.tensor([5.0], requires_grad=True)

u = a * a
v = u * b
J = v * c

J.backward()
print(f"{a.grad = }")
print(f"{b.grad = }")
print(f"{c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# In the picture you can follow either direction. In forward mode you start from one input and multiply to
# the right. Then you walk the wire from ``v`` to ``J`` twice: once for ``a`` and once for ``b``. In reverse
# mode, which the picture plays, you walk each wire once. What has arrived at ``v`` serves both inputs.
#
# Forward mode: one walk for each input
# -------------------------------------
# Choose one input. Carry along with each value its *slope*: how fast the value changes when the chosen
# input does. The chosen input itself has slope 1, the other inputs have 0. For a product, the slope has
# one term for each factor. The dot marks a slope:
#
# .. math:: z = x\,y \qquad \dot z = \dot x\,y + x\,\dot y
#
# A value together with its slope is a :term:`dual number`.


def times(x, y):
    value = x[0] * y[0]
    slope = x[1] * y[0] + x[0] * y[1]
    return value, slope


def forward(slope_a, slope_b, slope_c):
    a, b, c = (3, slope_a), (2, slope_b), (5, slope_c)
    u = times(a, a)
    v = times(u, b)
    return times(v, c)


print(f"{forward(1, 0, 0) = }")
print(f"{forward(0, 1, 0) = }")
print(f"{forward(0, 0, 1) = }")

# %%
# Each call gives the value 90 and one slope: 60, 45 or 18. Finding all three took three walks. Reverse
# mode has found them in one.
#
# Count
# -----
# Make the chain longer: ``n`` inputs, ``n`` multiplications, one result. A ``Number`` counts each addition and
# each multiplication; as in :doc:`/lessons/1_computation_graph/plot_tiny_engine`, its class says what ``+`` and
# ``*`` do.


class Number(float):
    done = 0

    def __add__(self, other):
        Number.done += 1
        return Number(float(self) + other)

    def __mul__(self, other):
        Number.done += 1
        return Number(float(self) * other)


# %%
# Forward, the chain is a call of ``times`` for each multiplication. In reverse it computes and keeps the values
# first. Then it goes back: each factor gets what has arrived times the other factor.


def chain_forward(inputs, chosen):
    duals = [(x, Number(i == chosen)) for i, x in enumerate(inputs)]
    y = times(duals[0], duals[0])
    for dual in duals[1:]:
        y = times(y, dual)
    return y[1]


def chain_reverse(inputs):
    values = [inputs[0]]
    for x in inputs:
        values.append(values[-1] * x)

    arrived = Number(1)
    grads = []
    for i in reversed(range(len(inputs))):
        grads.insert(0, arrived * values[i])
        arrived = arrived * inputs[i]
    grads[0] = grads[0] + arrived
    return grads


table = []
for n in [3, 8, 32]:
    inputs = [Number(1)] * n
    Number.done = 0
    slopes = [chain_forward(inputs, chosen) for chosen in range(n)]
    all_forward = Number.done
    Number.done = 0
    grads = chain_reverse(inputs)
    one_reverse = Number.done
    print(f"{n = :2}  {all_forward = :4}  {one_reverse = :2}")
    table.append((n, all_forward, one_reverse))
    assert slopes == grads

# %%
# With 32 inputs it takes 4,096 operations forward, and 97 in reverse. In forward mode each multiplication
# costs 4: the value, and two products and a sum for the slope. One walk costs :math:`4n`, and all walks
# together :math:`4n^2`. In reverse mode each multiplication costs 3: the value, and one product for each factor.
# One sum is left, at the first input, which is used twice: :math:`3n + 1`.
#
# The walks forward could share the values, and leave out slopes that are 0. The count would still grow with
# :math:`n^2`. A network with a million weights would need a million walks forward, and one in reverse.
#
# The cheap-gradient bound
# ------------------------
# Is that special to this chain? Take *any* program of :math:`p` additions and :math:`q` multiplications with
# one result. In reverse mode a multiplication costs 3, as above, and an addition costs 1, its value, since
# both of its local derivatives are 1. Each operation sends gradients back on two wires. Where wires meet,
# each of them may cost one sum more:
#
# .. math:: \text{operations for } J \text{ and its gradient} \;\le\; (1 + 2)\,p + (3 + 2)\,q \;\le\; 5\,(p + q)
#
# where :math:`p + q` is the number of operations for :math:`J` alone. The number of inputs does not occur in
# it. This is the **cheap-gradient bound**: one result and its whole gradient cost at most a small constant
# times what the result alone costs. It is about operations and not about memory: reverse mode has to keep
# values until it comes back to them, while forward mode can drop them on the way.
#
# What people get wrong
# ---------------------
# ``backward()`` *goes back once for each input.* Then it would come through ``J`` three times, and through ``v``
# twice. A :term:`hook` on each result notes every gradient that arrives there:

a, b, c = (torch.tensor([x], requires_grad=True) for x in [3.0, 2.0, 5.0])
u = a * a
v = u * b
J = v * c

visits = []
for result in [u, v, J]:
    result.register_hook(visits.append)
J.backward()
print([arrived.item() for arrived in visits])

# %%
# Three visits: 1 at ``J``, 5 at ``v``, 10 at ``u``.
#
# *Reverse mode is always better.* Count walks: forward mode needs one for each input, reverse mode one for
# each result. With one input :math:`x` and three results, one walk forward is enough. PyTorch can do it, too:
# :py:func:`torch.func.jvp` takes a function, its inputs and their slopes, and gives values and slopes.


def powers(x):
    return torch.stack([x**2, x**3, x**4])


x = torch.tensor(2.0)
values, slopes = torch.func.jvp(powers, (x,), (torch.tensor(1.0),))
print(f"{slopes = }")

x.requires_grad_()
walks = [torch.autograd.grad(result, x)[0].item() for result in (x**2, x**3, x**4)]
print(f"{walks = }")

# %%
# One walk there, three walks here, the same slopes. Training has one result, the loss, and that is why it
# goes backwards.
#
# .. fold:: Further misconceptions
#
#    *Forward mode is the forward pass.* The :term:`forward pass` computes values, and both modes need it.
#    Forward mode computes derivatives. It only goes in the same direction.
#
# Check
# -----
# Both modes by hand, PyTorch's ``backward()``, and the formula :math:`J = a^2 b\,c` give the same; and the
# counts follow :math:`4n^2` and :math:`3n + 1`.

by_formula = [2 * 3 * 2 * 5, 3**2 * 5, 3**2 * 2]
by_forward = [forward(1, 0, 0)[1], forward(0, 1, 0)[1], forward(0, 0, 1)[1]]
by_reverse = chain_reverse([Number(3), Number(2), Number(5)])
by_torch = [a.grad.item(), b.grad.item(), c.grad.item()]
print(f"{by_formula = }, {by_reverse = }")

assert by_formula == by_forward == by_reverse == by_torch
assert table == [(n, 4 * n**2, 3 * n + 1) for n in [3, 8, 32]]
assert slopes.tolist() == walks

# %%
# In short
# --------
# Forward mode takes one walk for each input, reverse mode one for each result. A loss is one result of
# millions of inputs. So reverse mode gives its whole gradient for a small multiple of what the loss costs.
#
# Exercises
# ---------
# .. predict:: Forward mode, with the slopes of *both* inputs set to 1. What is ``J_slope``?
#    :answer: J_slope
#
#    .. code-block:: python
#
#       a, a_slope = 2, 1
#       b, b_slope = 5, 1
#
#       u = a * a
#       u_slope = a_slope * a + a * a_slope
#
#       J = u * b
#       J_slope = u_slope * b + u * b_slope
#
#    The derivative with respect to ``a`` is 20, that with respect to ``b`` is 4, and the walk gives their
#    sum: the slope if both inputs move at the same speed. From this one number you cannot tell the two
#    apart. That is why forward mode needs a walk for each input.
#
#    - ``20``: That is the slope if only ``a`` moves. But ``b`` has a slope here too.
#    - ``4``: That is the slope if only ``b`` moves. But ``a`` has a slope here too.
#    - ``14``: In ``a * a`` both factors move. How large is ``u_slope``?
#
# .. find:: Forward mode for :math:`a^2 b` at 3 and 2, with the slope of ``a`` set to 1. ``dJ`` should be 12, and is
#       24. Point at the line that is to blame.
#    :answer: line 3
#    :holds: dJ == 12
#    :instead: dz = dx * y + x * dy
#
#    .. code-block:: python
#
#       def times(x, dx, y, dy):
#           z = x * y
#           dz = dx * y + z * dy
#           return z, dz
#
#
#       u, du = times(3, 1, 3, 1)
#       J, dJ = times(u, du, 2, 0)
#
#    The change of the second factor is multiplied by the *first factor*, and not by the result. With ``z``,
#    ``du`` became 3 + 9 in place of 3 + 3.
#
#    - ``line 2``: Is the value of ``u`` right, and that of ``J``?
#    - ``line 7``: Both factors are ``a``. Which slope has the input that was chosen?
#    - ``line 8``: The slope of ``b`` is 0, since ``b`` was not chosen. Is ``du`` what it should be?
#
# .. derive:: In forward mode, how is the slope of a quotient ``x / y`` computed from the values ``x``, ``y`` and
#       the slopes ``dx``, ``dy``? (In the program, ``t`` moves both at their speeds.)
#    :answer: (dx * y - x * dy) / y**2
#    :names: x, y, dx, dy
#    :gives: slope
#    :between: 0.5, 2
#
#    .. code-block:: python
#
#       import torch
#
#       x, dx = torch.tensor([3.0, 1.0, -2.0]), torch.tensor([1.0, 0.5, 2.0])
#       y, dy = torch.tensor([2.0, 4.0, 0.5]), torch.tensor([0.0, 2.0, -1.0])
#       t = torch.zeros(3, requires_grad=True)
#       ((x + t * dx) / (y + t * dy)).sum().backward()
#       slope = t.grad
#
#    The quotient rule, with a slope for each of the two: what the numerator brings, ``dx / y``, minus what the
#    denominator takes away, ``x * dy / y**2``.
#
#    - ``dx / y``: That holds as long as the denominator stands still. Does it?
#    - ``dx / dy``: A slope of a quotient is not the quotient of slopes. What if ``dy`` is 0?
#    - ``(dx * y + x * dy) / y**2``: If the denominator grows, what does the quotient do?
#
# .. write:: Write the sum of two dual numbers, and the sine of one, so that forward mode can use them.
#    :file: forward_mode_by_hand
#    :fails: TypeError: cannot unpack non-iterable NoneType object
#
#    .. code-block:: python
#
#       from math import cos, sin
#
#
#       def plus(x, y):
#           # <your code>
#           return x[0] + y[0], x[1] + y[1]
#           # </your code>
#
#
#       def sine(x):
#           # <your code>
#           return sin(x[0]), cos(x[0]) * x[1]
#           # </your code>
#
#
#       value, slope = plus((3, 1), (4, 10))
#       assert (value, slope) == (7, 11)
#       value, slope = sine((0.0, 5))
#       assert (value, slope) == (0.0, 5.0)
#       value, slope = sine(plus((1.0, 1), (1.0, 1)))
#       assert abs(slope - 2 * cos(2.0)) < 1e-12
#
#    A sum adds values and slopes. A function of one number multiplies the slope by its derivative at the
#    value.
#
#    - ``AssertionError``: Does each of the two return a value *and* a slope? And is the slope of the inside
#      multiplied in?

# %%
# Further reading
# ---------------
# - Baur and Strassen (1983) count only multiplications and divisions of two variables, and prove the factor 3;
#   Griewank (1989) gives 5 for the cost as a whole. The book is Griewank and Walther, *Evaluating
#   Derivatives*, 2008.
# - Baydin, Pearlmutter, Radul and Siskind, `Automatic differentiation in machine learning: a survey
#   <https://arxiv.org/abs/1502.05767>`__.
#
# **Next:** three other ways to a derivative, and where they fail, in
# :doc:`/lessons/1_computation_graph/plot_four_ways_to_differentiate`.
