r"""
What does ``backward(gradient=…)`` want?
========================================

From a single number, :py:meth:`~torch.Tensor.backward` needs no argument. From several numbers, such as a loss for each
example, it wants a ``gradient``. Here :math:`x = (a, b, c)` holds three inputs, and :math:`y = (ab,\ bc)` two results.

.. predict:: ``gradient`` holds 1 and 10. What will ``x.grad`` hold? Type as many numbers as it has.
   :program: next
   :answer: x.grad

   ``gradient`` is what arrives at ``y``: 1 at ``y1`` and 10 at ``y2``. ``x.grad`` has the shape of ``x``: 1 · 3 for ``a``,
   1 · 5 + 10 · 2 for ``b``, and 10 · 3 for ``c``.

   - ``3, 7, 3``: That would be right if 1 arrived at both results. What arrives at ``y2``?
   - ``1, 10``: These arrive at ``y``. How many numbers does ``x`` have?
   - ``3, 5, 30``: ``b`` is used in both results. What comes back from the second one?
   - ``15, 60``: These are the results, times what arrives. What does a product send back?
"""

import torch

x = torch.tensor([5.0, 3.0, 2.0], requires_grad=True)

a, b, c = x
y1 = a * b
y2 = b * c
y = torch.stack([y1, y2])

v = torch.tensor([1.0, 10.0])
y.backward(gradient=v)
print(f"{x.grad = }")
# sphinx_gallery_graph = "y; view: written"

# %%
# What arrives at y
# -----------------
# Play the picture. The backward pass begins at ``y``, with 1 and 10. :py:func:`torch.stack` hands the 1 to ``y1`` and the 10 to
# ``y2``. From there on, you know the way: ``b`` is used twice, so 5 and 20 are added there.
#
# So ``gradient`` has the shape of ``y``, one number for each element, and ``x.grad`` has the shape of ``x``, as always. If you
# leave ``gradient`` out, PyTorch does not guess:


def compute(x):
    a, b, c = x
    return torch.stack([a * b, b * c])


try:
    compute(x).backward()
except RuntimeError as error:
    print(error)

# %%
# For a single number :math:`L`, PyTorch puts in :math:`\partial L / \partial L = 1` by itself. This is what the message means
# by *implicitly created*.
#
# The Jacobian
# ------------
# Two results and three inputs have six derivatives. Written as a matrix, with a row for each result and a column for each
# input, they are the :term:`Jacobian`. (It is often called :math:`J`; here it is :math:`D`, since :math:`J` is a result in
# this course.)
#
# .. math::
#
#    D = \begin{pmatrix}
#    \partial y_1 / \partial a & \partial y_1 / \partial b & \partial y_1 / \partial c \\
#    \partial y_2 / \partial a & \partial y_2 / \partial b & \partial y_2 / \partial c
#    \end{pmatrix}
#    = \begin{pmatrix} b & a & 0 \\ 0 & c & b \end{pmatrix}
#    = \begin{pmatrix} 3 & 5 & 0 \\ 0 & 2 & 3 \end{pmatrix}
#
# A ``gradient`` of ``(1, 0)`` asks for the first row, ``(0, 1)`` for the second. So the full matrix takes one backward pass for
# each row. :py:func:`torch.autograd.grad` takes the same vector, under the name ``grad_outputs``, and returns the result
# instead of adding it to ``x.grad``:

y = compute(x)
(row1,) = torch.autograd.grad(y, x, grad_outputs=torch.tensor([1.0, 0.0]), retain_graph=True)
(row2,) = torch.autograd.grad(y, x, grad_outputs=torch.tensor([0.0, 1.0]))
D = torch.stack([row1, row2])
print(D)

# %%
# (``retain_graph=True`` keeps the graph for the second call; see :doc:`/lessons/2_dynamic_graph/plot_graph_lifetime`.)
# :py:func:`torch.func.jacrev` computes the whole matrix for you.
#
# Any other ``gradient`` gives a sum of the rows, each times its number. :math:`v = (1, 10)` takes the first row once and the
# second ten times:
#
# .. math::
#
#    v^\top D = 1 \cdot (3, 5, 0) + 10 \cdot (0, 2, 3) = (3, 25, 30)
#
# This is the :term:`vector–Jacobian product`. ``backward(gradient=v)`` computes it without ever making the matrix: each node
# multiplies what arrives by its own local derivatives and passes the result on.
#
# Where does v come from?
# -----------------------
# From what is computed after ``y``. Say that a number :math:`L` is computed from it. The :term:`chain rule` sums over all
# elements of ``y``:
#
# .. math::
#
#    \frac{\partial L}{\partial x_j}
#    = \sum_i \frac{\partial L}{\partial y_i}\,\frac{\partial y_i}{\partial x_j}
#    = \sum_i v_i\,D_{ij}
#    \qquad \text{with} \quad v_i = \frac{\partial L}{\partial y_i}
#
# So ``v`` is the gradient of :math:`L` with respect to ``y``, which is why the argument is called ``gradient``. If you go on to a
# number, autograd computes ``v`` on its way. If you stop at ``y``, there is no :math:`L`, and you have to supply ``v``
# yourself. ``(1, 10)`` stands for :math:`L = y_1 + 10\,y_2`:

x.grad = None
a, b, c = x
y1 = a * b
y2 = b * c
L = y1 + 10 * y2
L.backward()
print(f"{x.grad = }")
# sphinx_gallery_graph = "L; view: written"

# %%
# The same 1 arrives at ``y1``, the same 10 at ``y2``, and the same three numbers at ``x``.
#
# Check
# -----
# The matrix by hand, and :math:`v^\top D` for four vectors.

a, b, c = x.tolist()
by_hand = torch.tensor([[b, a, 0], [0, c, b]])
assert torch.equal(D, by_hand)
assert torch.equal(torch.func.jacrev(compute)(x), by_hand)

for v in torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 10.0], [-2.0, 0.5]]):
    (product,) = torch.autograd.grad(compute(x), x, grad_outputs=v)
    print(f"{v = }, {v @ by_hand = }, {product = }")
    assert torch.equal(product, v @ by_hand)

# %%
# What people get wrong
# ---------------------
# *It wants* ``torch.ones``. With ones, :math:`v^\top D` adds up the rows, which is the gradient of the *sum*. If you wanted that of
# the mean, it is too large by a factor equal to the number of elements. If you wanted that of one result, the others are mixed in. No
# warning tells you. Turn ``y`` into one number yourself, and the code says what you want:

y = compute(x)
print(torch.autograd.grad(y, x, grad_outputs=torch.ones(2), retain_graph=True))
print(torch.autograd.grad(y.sum(), x, retain_graph=True))
print(torch.autograd.grad(y.mean(), x, retain_graph=True))
print(torch.autograd.grad(y[0], x))

# %%
# *From a vector,* ``backward()`` *computes the Jacobian.* ``x.grad`` has the shape of ``x``: there is room for one row, or for one
# sum of rows. Nor does it help to pass a matrix. ``gradient`` must have the shape of ``y``; one in the shape of ``x`` or of
# :math:`D` is refused, and a single number is not repeated to fit:

for shape in [(3,), (2, 3), (1,)]:
    try:
        compute(x).backward(gradient=torch.ones(shape))
    except RuntimeError as error:
        print(error)

# %%
# .. fold:: Further misconceptions
#
#    *A larger* ``gradient`` *is like a larger learning rate, and nothing else.* If all of its numbers grow by one factor, yes, for plain gradient descent.
#    Otherwise it also changes the direction: it says how much each result counts.
#
#    *The Jacobian of a layer has to be small, since autograd works with it.* Autograd never makes it. For a thousand inputs and
#    a thousand results it would hold a million numbers; ``v`` and the product hold a thousand each.
#
# In short
# --------
# ``backward(gradient=v)`` wants to know what arrives at ``y``: one number for each element, the derivative of the final number
# with respect to it. It computes :math:`v^\top D`, in the shape of ``x``. Ones stand for the sum; if you mean something else,
# compute it as one number and call ``backward()`` on that.
#
# Exercises
# ---------
# .. derive:: Each element is squared. Type a formula for ``x.grad``.
#    :answer: 2 * x * v
#    :names: x, v, y
#    :gives: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
#       v = torch.tensor([1.0, 10.0, 0.5])
#       y = x * x
#       y.backward(gradient=v)
#
#    Each element of ``y`` depends on one element of ``x`` only, so :math:`D` is diagonal, with :math:`2x` on the diagonal. What
#    arrives is multiplied by it, element by element.
#
#    - ``2 * x``: That would be right if 1 arrived at each element of ``y``. What does arrive?
#    - ``x * v``: How many paths lead from ``y`` back to ``x``?
#    - ``2 * y * v``: Is the local derivative of a square written with the result or with the input?
#    - ``v``: That arrives at ``y``. It still has to pass the product.
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
#    The Jacobian of ``W @ x`` is ``W``. Ones add up its rows, so each column gives one number. Which values ``x`` has does not
#    matter.
#
#    - ``1, 2, 3``: That is one row of ``W``. The ones ask for both.
#    - ``6, 15``: You have added along the rows. How many elements does ``x`` have?
#    - ``1, 4``: That is the value of ``y``. Its shape is not that of ``x.grad``.
#
# .. predict:: Which ``v`` would make ``y.backward(gradient=v)`` give ``x`` the same gradient as ``loss.backward()`` does? Two
#    numbers.
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
#    It is the gradient of the loss with respect to ``y``, :math:`2(y - t)`, where ``y`` is :math:`(3, 6)` and the target
#    :math:`(1, 7)`.
#
#    - ``1, 1``: That stands for the loss ``y.sum()``. Which loss is it here?
#    - ``2, -1``: That is ``y - target``. What is the derivative of the square?
#    - ``12, -6``: That is the gradient of ``x``. It has passed the factor 3 already.
#
# .. write:: Write ``jacobian(f, x)``, which returns the matrix with a row for each element of ``f(x)``, by one backward pass for
#    each row. ``x`` is a vector, and what is in ``x.grad`` should stay as it is.
#    :file: jacobian_by_rows
#    :fails: AttributeError: 'NoneType' object has no attribute 'shape'
#
#    .. code-block:: python
#
#       import torch
#
#
#       def jacobian(f, x):
#           # <your code>
#           rows = []
#           for v in torch.eye(len(f(x))):
#               rows.extend(torch.autograd.grad(f(x), x, grad_outputs=v))
#           return torch.stack(rows)
#           # </your code>
#
#
#       def f(x):
#           return torch.stack([x[0] * x[1], x[1] * x[2]])
#
#
#       def g(x):
#           return torch.exp(x)
#
#
#       x = torch.tensor([5.0, 3.0, 2.0], requires_grad=True)
#       D = jacobian(f, x)
#       assert D.shape == (2, 3), D.shape
#       assert D.tolist() == [[3, 5, 0], [0, 2, 3]], D.tolist()
#       assert torch.allclose(jacobian(g, x), torch.diag(torch.exp(x))), "wrong for exp"
#       assert x.grad is None, "x.grad has changed"
#
#    The rows of the unit matrix are the vectors to ask with: each has a 1 for one result and 0 for the others. ``f`` runs again
#    for each row, so there is a graph for each pass. To run it once, keep the graph with ``retain_graph=True``.
#
#    - ``RuntimeError: grad can be implicitly created only for scalar outputs``: The result is a vector. How do you say which row
#      you want?
#    - ``RuntimeError: Trying to backward through the graph a second time``: Is the graph still there for the second row?
#    - ``AssertionError: [[3.0, 7.0, 3.0], [3.0, 7.0, 3.0]]``: Both rows are the sum of the two. Where were they added?
#    - ``AssertionError: x.grad has changed``: Which function returns gradients instead of adding them?
#
# Further reading
# ---------------
# `The Autodiff Cookbook <https://docs.jax.dev/en/latest/notebooks/autodiff_cookbook.html>`__ of JAX derives both products,
# vector–Jacobian and Jacobian–vector, and says which is cheaper when. So does the survey
# `Automatic Differentiation in Machine Learning <https://arxiv.org/abs/1502.05767>`__ by Baydin and others. ``backward`` and
# ``grad`` are explained in :doc:`/tensor`.
#
# **Next:** how to compute without a graph, in :doc:`/lessons/2_dynamic_graph/plot_stop_recording`.
