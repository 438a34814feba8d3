r"""
What does ``backward(gradient=…)`` want?
========================================

From a single number, :py:meth:`~torch.Tensor.backward` needs no argument. From a tensor with
several numbers, such as a loss that still has one entry for each example, it stops with an error
unless you pass a ``gradient``. It is common to pass ``torch.ones`` and go on, without knowing what
that computes.

You need :doc:`/lessons/1_computation_graph/plot_backward_pass` and
:doc:`/lessons/2_dynamic_graph/plot_accumulate`.

From three inputs, we compute two results:

.. math::

   y_1 &= a\,b \\
   y_2 &= b\,c

at :math:`a = 5`, :math:`b = 3`, :math:`c = 2`, with the inputs in one tensor
:math:`x = (a, b, c)` and the results in another, :math:`y = (y_1, y_2)`.

**Predict first.** If ``gradient`` is ``(1, 10)``, how many numbers will ``x.grad`` hold, and which?
"""

# %%
# The program
# -----------

import torch

x = torch.tensor([5.0, 3.0, 2.0], requires_grad=True)

a, b, c = x
y1 = a * b
y2 = b * c
y = torch.stack([y1, y2])

try:
    y.backward()
except RuntimeError as error:
    print(error)

y.backward(gradient=torch.tensor([1.0, 10.0]))
print(f"{y = }")
print(f"{x.grad = }")
# sphinx_gallery_graph = "y"

# %%
# In the picture on the web page, ``a, b, c = x`` is one operation, :py:func:`torch.unbind`. The
# walk back begins at ``y``, with 1 and 10. :py:func:`torch.stack` hands the 1 to ``y1`` and the 10
# to ``y2``. From there on it is the walk you know. ``b`` is used twice, so 5 and 20 add up to 25
# there.
#
# So ``gradient`` is what arrives at ``y``. It has the shape of ``y``, one number for each
# element. ``x.grad`` has the shape of ``x``, as always: it holds three numbers.
#
# The Jacobian next to it
# -----------------------
# Two results and three inputs have six derivatives. Written as a matrix, with a row for each
# result and a column for each input, they are the :term:`Jacobian`:
#
# .. math::
#
#    J = \begin{pmatrix}
#    \partial y_1 / \partial a & \partial y_1 / \partial b & \partial y_1 / \partial c \\
#    \partial y_2 / \partial a & \partial y_2 / \partial b & \partial y_2 / \partial c
#    \end{pmatrix}
#    = \begin{pmatrix} b & a & 0 \\ 0 & c & b \end{pmatrix}
#    = \begin{pmatrix} 3 & 5 & 0 \\ 0 & 2 & 3 \end{pmatrix}
#
# A ``gradient`` of ``(1, 0)`` asks for the first row, and ``(0, 1)`` for the second one. So you
# get the full matrix with one walk for each row. Before each walk, ``x.grad = None`` removes the
# previous row, to which ``backward()`` would otherwise add.
# :py:func:`torch.autograd.functional.jacobian` and :py:func:`torch.func.jacrev` compute the matrix
# for you.


def compute(x):
    a, b, c = x
    return torch.stack([a * b, b * c])


rows = []
for v in torch.eye(2):
    x.grad = None
    compute(x).backward(gradient=v)
    rows.append(x.grad)
    print(f"{v = }, {x.grad = }")

J = torch.stack(rows)
print(f"{J = }")
print(f"{torch.equal(J, torch.autograd.functional.jacobian(compute, x)) = }")
print(f"{torch.equal(J, torch.func.jacrev(compute)(x)) = }")

# %%
# Any other ``gradient`` gives a sum of the rows, each times its number. :math:`v = (1, 10)` takes
# the first row once, and the second one ten times:
#
# .. math::
#
#    v^\top J = 1 \cdot (3, 5, 0) + 10 \cdot (0, 2, 3) = (3, 25, 30)
#
# This is the :term:`vector–Jacobian product`. ``y.backward(gradient=v)`` computes it, and adds it
# to ``x.grad``. It never makes the matrix: each node of the graph multiplies what arrives by its
# own local derivatives and passes the result on.

for v in [torch.tensor([1.0, 1.0]), torch.tensor([1.0, 10.0])]:
    x.grad = None
    compute(x).backward(gradient=v)
    print(f"{v = }, {v @ J = }, {x.grad = }")

# %%
# Where does v come from?
# -----------------------
# From what is computed after ``y``. Say that a number :math:`L` is computed from it. The
# :term:`chain rule` sums over all elements of ``y``:
#
# .. math::
#
#    \frac{\partial L}{\partial x_j}
#    = \sum_i \frac{\partial L}{\partial y_i}\,\frac{\partial y_i}{\partial x_j}
#    = \sum_i v_i\,J_{ij}
#    \qquad \text{with} \quad v_i = \frac{\partial L}{\partial y_i}
#
# So ``v`` is the gradient of :math:`L` with respect to ``y``, which is why the argument is called
# ``gradient``. If you go on to a number, autograd computes ``v`` on its way back. If you stop at
# ``y``, there is no :math:`L`, and you have to supply ``v`` yourself.
#
# ``(1, 10)`` stands for :math:`L = y_1 + 10\,y_2`:

x.grad = None

a, b, c = x
y1 = a * b
y2 = b * c
L = y1 + 10 * y2
L.backward()
print(f"{x.grad = }")
# sphinx_gallery_graph = "L; view: written"

# %%
# The same 1 arrives at ``y1``, the same 10 at ``y2``, and the same three numbers at ``x``. It is
# the same with any other :math:`L`; the third exercise has one with squares.
#
# A single number needs no ``gradient``, because :math:`\partial L / \partial L = 1`, and PyTorch
# puts that in. This is what the error message means by *implicitly created*.
#
# What people get wrong
# ---------------------
# *It wants* ``torch.ones``. With ones, :math:`v^\top J` adds up the rows, which is the gradient
# of the sum. If you wanted that of the mean, it is too large by a factor, the number of elements.
# If you wanted that of one result, the others are mixed in. No warning tells you. Turn ``y`` into
# one number yourself, and the code says what you want:

ways = {
    "y.backward(gradient=torch.ones(2))": lambda y: y.backward(gradient=torch.ones(2)),
    "y.sum().backward()": lambda y: y.sum().backward(),
    "y.mean().backward()": lambda y: y.mean().backward(),
    "y[0].backward()": lambda y: y[0].backward(),
}
for way, walk in ways.items():
    x.grad = None
    walk(compute(x))
    print(f"{way:35}{x.grad}")

# %%
# *From a vector,* ``backward()`` *computes the Jacobian.* It adds to ``x.grad``, and that has the
# shape of ``x``: there is room for one row, or for one sum of rows. Nor does it help to pass a
# matrix: ``gradient`` must have the shape of ``y``. One in the shape of ``x`` or of :math:`J` is
# refused, and a single number is not repeated to fit:

for shape in [(3,), (2, 3), (1,)]:
    try:
        compute(x).backward(gradient=torch.ones(shape))
    except RuntimeError as error:
        print(error)

# %%
# *Only* ``backward()`` *can do it, so* ``x.grad`` *has to be reset each time.* With
# :py:func:`torch.autograd.grad` there is nothing to reset. It takes the same vector, under the name
# ``grad_outputs``. It returns the product, in a tuple with one entry for each input, and leaves
# ``x.grad`` as it is:

x.grad = None
y = compute(x)
print(torch.autograd.grad(y, x, grad_outputs=torch.tensor([1.0, 10.0])))
print(f"{x.grad = }")

# %%
# Check
# -----
# The matrix is written by hand, and the product computed by two loops, for four vectors.

a, b, c = x.tolist()
by_hand = [[b, a, 0], [0, c, b]]
assert J.tolist() == by_hand

for v in [(1.0, 0.0), (1.0, 1.0), (1.0, 10.0), (-2.0, 0.5)]:
    product = [0, 0, 0]
    for i in range(2):
        for j in range(3):
            product[j] += v[i] * by_hand[i][j]
    (by_torch,) = torch.autograd.grad(compute(x), x, grad_outputs=torch.tensor(v))
    print(f"{v = }, {product = }, {by_torch.tolist() = }")
    assert product == by_torch.tolist()

# %%
# Exercises
# ---------
# .. predict:: What does ``x.grad`` hold at the end? Three numbers.
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
#       y = 2 * x
#       y.backward(gradient=torch.tensor([1.0, 10.0, 100.0]))
#
#    Each element of ``y`` depends on one element of ``x`` only, with the derivative 2. What
#    arrives at ``y`` is multiplied by it, element by element.
#
#    - ``2, 2, 2``: That would be right if 1 arrived at each element of ``y``. What does arrive?
#    - ``1, 10, 100``: That is what arrives at ``y``. It still has to pass the multiplication.
#    - ``2, 40, 600``: The local derivative of ``2 * x`` is the factor, not the value of ``y``.
#
# .. predict:: What does ``x.grad`` hold at the end? Three numbers.
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       W = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
#       x = torch.tensor([1.0, 0.0, 0.0], requires_grad=True)
#       y = W @ x
#       y.backward(gradient=torch.ones(2))
#
#    The Jacobian of ``W @ x`` is ``W``. Ones add up its rows, so each column gives one number.
#    Which values ``x`` has does not matter.
#
#    - ``1, 2, 3``: That is one row of ``W``. The ones ask for both.
#    - ``6, 15``: You have added along the rows. How many elements does ``x`` have?
#    - ``1, 4``: That is the value of ``y``. Its shape is not that of ``x.grad``.
#
# .. predict:: Which ``v`` would make ``y.backward(gradient=v)`` give ``x`` the same gradient as
#       ``loss.backward()`` does? Two numbers.
#    :answer: y.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0, 2.0], requires_grad=True)
#       target = torch.tensor([1.0, 7.0])
#       y = 3 * x
#       y.retain_grad()
#       loss = ((y - target) ** 2).sum()
#       loss.backward()
#
#    It is the gradient of the loss with respect to ``y``, :math:`2(y - t)`, where ``y`` is
#    :math:`(3, 6)` and the target :math:`(1, 7)`.
#
#    - ``1, 1``: That stands for the loss ``y.sum()``. Which loss is it here?
#    - ``2, -1``: That is ``y - target``. What is the derivative of the square?
#    - ``12, -6``: That is the gradient of ``x``. It has passed the factor 3 already.

# %%
# **Next:** when a graph can be walked again, and when not, in
# :doc:`/lessons/2_dynamic_graph/plot_graph_lifetime`. ``backward`` and ``grad`` are explained in
# :doc:`/tensor`.
