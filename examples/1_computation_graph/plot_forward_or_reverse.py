r"""
Why backwards?
==============

The chain rule multiplies local derivatives along paths. A product is the same from whichever end
you begin: from an input (:term:`forward mode`) or from the result (:term:`reverse mode`). What
differs is the work. Training has millions of inputs, the weights, and one result, the
:term:`loss`. Here you count operations, to see what that means.

You need :doc:`/lessons/1_computation_graph/plot_backward_pass`,
:doc:`/lessons/1_computation_graph/plot_fan_out`, and Python's classes. The example is a chain of
multiplications:

.. math::

   u &= a\,a \\
   v &= u\,b \\
   J &= v\,c

at :math:`a = 3`, :math:`b = 2`, :math:`c = 5`, so that :math:`J = 90`.

**Predict first.** This chain has three inputs and takes three multiplications. Make it longer: 32
inputs, 32 multiplications. You want the derivatives with respect to all 32 inputs. Is the number of
operations from left to right nearer to 200, 1,000 or 4,000? And from right to left?
"""

# %%
# Numbers that count, and a graph as a list
# -----------------------------------------
# A ``Number`` is an integer. Each addition and each multiplication of such numbers adds 1 to
# ``Number.done``.
#
# A graph can be written as a list: each row names an operation and the two values that it takes.
# Values are numbered. 0, 1 and 2 are the inputs ``a``, ``b``, ``c``, and each result gets the next
# number. So ``("*", 3, 1)`` multiplies ``u``, which is value 3, by ``b``.


class Number(int):
    done = 0

    def __add__(self, other):
        Number.done += 1
        return Number(int(self) + int(other))

    def __mul__(self, other):
        Number.done += 1
        return Number(int(self) * int(other))


def run(program, inputs):
    values = list(inputs)
    for operation, i, j in program:
        values.append(values[i] * values[j] if operation == "*" else values[i] + values[j])
    return values


program = [("*", 0, 0), ("*", 3, 1), ("*", 4, 2)]
inputs = [Number(3), Number(2), Number(5)]
print(f"{run(program, inputs) = }, {Number.done = }")

# %%
# The last three values are ``u``, ``v`` and ``J``. Three operations were done.
#
# Forward mode: one walk for each input
# -------------------------------------
# Choose one input. Carry along with each value its *slope*: how fast the value changes when the chosen
# input does. The chosen input itself has slope 1, the other inputs have 0. For a product, the slope has
# one term for each factor, as in :doc:`/lessons/1_computation_graph/plot_fan_out`. The dot marks a slope:
#
# .. math:: z = x\,y \qquad \dot z = \dot x\,y + x\,\dot y
#
# A value together with its slope is a :term:`dual number`. ``run`` stays as it is; it only gets dual
# numbers to calculate with. In this lesson they are only ever multiplied.


class Dual:
    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def __mul__(self, other):
        slope = self.slope * other.value + self.value * other.slope
        return Dual(self.value * other.value, slope)


def forward(program, inputs, chosen):
    duals = [Dual(x, Number(i == chosen)) for i, x in enumerate(inputs)]
    return [dual.slope for dual in run(program, duals)]


for chosen in range(3):
    print(f"{chosen = }, {forward(program, inputs, chosen) = }")

# %%
# One walk gives the slopes of *all values* with respect to *one input*. The last number of each line is
# the slope of ``J``: 60, 45 and 18. To find the three of them took three walks.
#
# Reverse mode: one walk for all inputs
# -------------------------------------
# Turn it around, and carry the derivatives of *one value*, the last, with respect to *all values*.
# First run the program and keep the values. Then go through the list from its end. Each operation sends
# back to its two inputs what has arrived, times the local derivative. There, what comes from several
# operations is added up. The local derivative of an addition is 1.


def reverse(program, inputs):
    values = run(program, inputs)
    grads = [Number(0)] * len(values)
    grads[-1] = Number(1)
    for k in reversed(range(len(inputs), len(values))):
        operation, i, j = program[k - len(inputs)]
        grads[i] += grads[k] * values[j] if operation == "*" else grads[k]
        grads[j] += grads[k] * values[i] if operation == "*" else grads[k]
    return grads


print(f"{reverse(program, inputs) = }")

# %%
# The first three numbers are the same 60, 45 and 18, and it took one walk to find them. This is what
# ``backward()`` does:

import torch

a, b, c = (torch.tensor([x], requires_grad=True) for x in [3.0, 2.0, 5.0])
u = a * a
v = u * b
J = v * c
J.backward()
print(f"{a.grad = }, {b.grad = }, {c.grad = }")
# sphinx_gallery_graph = "J"

# %%
# In the picture on the web page you can follow either walk. The local derivatives stand above the
# wires. In forward mode you start from one input and multiply to the right, and you walk the wire from
# ``v`` to ``J`` twice: once for ``a`` and once for ``b``. In reverse mode, which the picture plays, you
# walk each wire once. What has arrived at ``v`` serves both ``a`` and ``b``.
#
# Count
# -----
# ``chain`` is the example with ``n`` inputs, ``n`` operations and one result. It needs ``forward`` once
# for each input, and ``reverse`` once. All inputs are 1 here: how many operations are done does not depend
# on their values.


def chain(n, operation="*"):
    return [(operation, 0, 0)] + [(operation, n + i - 1, i) for i in range(1, n)]


def count(function, *arguments):
    Number.done = 0
    function(*arguments)
    return Number.done


table = []
for n in [1, 2, 4, 8, 16, 32]:
    ones = [Number(1)] * n
    all_forward = sum(count(forward, chain(n), ones, chosen) for chosen in range(n))
    one_reverse = count(reverse, chain(n), ones)
    table.append((n, all_forward, one_reverse))
    print(f"{n = :2}  {all_forward = :4}  {one_reverse = :3}")

# %%
# With 32 inputs it takes 4,096 operations forward, and 160 in reverse. In forward mode each multiplication
# costs 4: the value, and two products and a sum for the slope. One walk costs :math:`4n`, and all walks
# together :math:`4n^2`. In reverse mode each multiplication costs 5: the value, two products on the way
# back, and two sums where they arrive. That makes :math:`5n`.
#
# The walks of forward mode could share the values, and skip slopes that are zero. That would make the
# factor smaller than 4, but the cost would still grow with :math:`n^2`.
#
# The cheap-gradient bound
# ------------------------
# The factor 5 is not special to this chain. An addition costs ``reverse`` only 3: the value, and on the way
# back two sums, with nothing to multiply. So for *any* program of :math:`p` additions and :math:`q`
# multiplications with one result
#
# .. math:: \text{operations for } J \text{ and its gradient} = 3p + 5q \;\le\; 5\,(p + q)
#
# where :math:`p + q` is the number of operations for :math:`J` alone. The number of inputs does not occur in
# it. Counted for 100 multiplications, and for 100 additions:

for operation in ["*", "+"]:
    graph, ones = chain(100, operation), [Number(1)] * 100
    print(f"{operation = }, {count(run, graph, ones) = }, {count(reverse, graph, ones) = }")

# %%
# This is the **cheap-gradient bound**: one result and its whole gradient cost at most a small constant
# times what the result alone costs, for any number of inputs. How small depends on what is counted. Baur
# and Strassen (1983) count multiplications and divisions only; additions, and multiplications by
# constants, are free. They prove 3, and you can see it above: the value, and two products. For the cost
# as a whole, Griewank (1989) gives 5.
#
# The bound is about operations. It says nothing about memory: reverse mode has to keep values until it
# comes back to them, while forward mode can drop a value as soon as no later operation takes it.
#
# What people get wrong
# ---------------------
# *Forward mode is the forward pass.* The :term:`forward pass` computes values, and both modes need it.
# Forward mode computes derivatives. It only goes in the same direction.
#
# *Reverse mode is always better.* Take one input, :math:`x`, and three results: :math:`x^2`, :math:`x^3`
# and :math:`x^4`. One walk from the left passes all three, and brings the slope of each. From the right you
# have to start three times, once from each result; ``powers[:n]`` is the program up to there.

powers = [("*", 0, 0), ("*", 1, 0), ("*", 2, 0)]
one_forward = count(forward, powers, [Number(2)], 0)
three_reverse = [count(reverse, powers[:n], [Number(2)]) for n in [1, 2, 3]]
print(f"{one_forward = }, {three_reverse = }")

# %%
# 12 operations forward, and 5 + 10 + 15 = 30 in reverse. So count before you choose: one walk for each
# input, or one for each result. Training has one result, the loss, and that is why it goes backwards.
#
# ``backward()`` *computes one derivative for each input, one after the other.* Then it would come
# through ``J`` three times, and through ``v`` twice. A :term:`hook` on each of ``u``, ``v`` and ``J`` notes
# every gradient that arrives there:

values = run(program, [torch.tensor([x], requires_grad=True) for x in [3.0, 2.0, 5.0]])
visits = []
for value in values[3:]:
    value.register_hook(visits.append)
values[-1].backward()
print(f"{visits = }")

# %%
# Three visits: to ``J`` with 1, to ``v`` with 5, to ``u`` with 10. These are also the last three numbers
# of ``reverse``, from right to left.
#
# Check
# -----
# PyTorch can go forward too. :py:func:`torch.func.jvp` takes a function, its inputs, and the slopes of
# the inputs, and gives the value and its slope; ``[1]`` takes the slope. Nothing is nudged: PyTorch
# calculates with dual numbers, as above. Its name says what one walk computes, a
# :term:`Jacobian–vector product`. It takes one call for each input: each row of ``torch.eye(3)`` has a 1
# for one input, and 0 for the others.


def compute(x):
    return x[0] * x[0] * x[1] * x[2]


x = torch.tensor([3.0, 2.0, 5.0])
by_jvp = [torch.func.jvp(compute, (x,), (slopes,))[1].item() for slopes in torch.eye(3)]
by_hand = [2 * 3 * 2 * 5, 3**2 * 5, 3**2 * 2]
print(f"{by_jvp = }, {by_hand = }")

assert by_jvp == [a.grad.item(), b.grad.item(), c.grad.item()] == by_hand
assert reverse(program, inputs)[:3] == by_hand
assert [forward(program, inputs, chosen)[-1] for chosen in range(3)] == by_hand
assert table == [(n, 4 * n**2, 5 * n) for n in [1, 2, 4, 8, 16, 32]]
assert one_forward < sum(three_reverse)

# %%
# Exercises
# ---------
# .. predict:: A dual number by hand: the value and the slope of ``x`` go through two multiplications.
#    What is ``z_slope``?
#    :answer: z_slope
#
#    .. code-block:: python
#
#       x, x_slope = 3, 1
#
#       y = x * x
#       y_slope = x_slope * x + x * x_slope
#
#       z = y * x
#       z_slope = y_slope * x + y * x_slope
#
#    ``y`` is 9 with slope 6. So the slope of ``z`` is 6 · 3 + 9 · 1 = 27, which is :math:`3x^2`.
#
#    - ``6``: That is the slope of ``y``. It is multiplied once more, and a second term is added.
#    - ``18``: One of the two terms is missing. ``x`` is also the second factor of ``z``.
#    - ``9``: That is the value of ``y``, and one of the two terms. What does the other one add?
#
# .. predict:: A sum of 100 inputs, with a hook on each result. How often is a hook called during
#    ``backward()``?
#    :answer: len(calls)
#
#    .. code-block:: python
#
#       import torch
#
#       calls = []
#       inputs = [torch.tensor([1.0], requires_grad=True) for _ in range(100)]
#       total = inputs[0]
#       for x in inputs[1:]:
#           total = total + x
#           total.register_hook(calls.append)
#       total.backward()
#
#    There are 99 additions, each with one result, and one walk comes through each of them once. After
#    it, all 100 inputs have their gradients.
#
#    - ``100``: That is the number of inputs. How many results of additions are there?
#    - ``9900``: That would be 100 walks over all results, one walk for each input. How many walks does
#      one ``backward()`` take?
#    - ``1``: There is indeed one walk. How many results lie on it?
#
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
#    - ``4``: That is the slope if only ``b`` moves.
#    - ``14``: In ``a * a`` both factors move. How large is ``u_slope``?

# %%
# **Next:** three other ways to a derivative, and where they fail, in
# :doc:`/lessons/1_computation_graph/plot_four_ways_to_differentiate`. Then reverse mode is written
# anew, for any graph, in :doc:`/lessons/1_computation_graph/plot_tiny_engine`.
