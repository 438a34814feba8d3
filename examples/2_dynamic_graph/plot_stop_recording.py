r"""
How do I stop recording?
========================

Sometimes you want the numbers without the graph: to evaluate a model, to change its weights, to
treat a value as constant. There are many ways to get them. They look alike, but differ in what
they stop, in whether they share memory, and in whether PyTorch notices a mistake.

You need :doc:`/lessons/2_dynamic_graph/plot_leaf_or_not`. The example is :math:`J = u\,x` with
:math:`u = 2x`, at :math:`x = 3`.

**Predict first.** :math:`J` is :math:`2x^2`, so its derivative is :math:`4x`, which is 12. What
will ``x.grad`` be if ``u`` is detached before it is multiplied by ``x``?
"""

# %%
# Two ways back, or one
# ---------------------
# First, everything is recorded:

import torch

x = torch.tensor([3.0], requires_grad=True)
u = 2 * x
J = u * x
J.backward()
print(f"{x.grad = }")
# sphinx_gallery_graph = "J; view: written"

# %%
# In the picture on the web page, two ways lead from ``J`` back to ``x``. One goes through ``u`` and
# brings 6; the other goes straight to ``x`` and brings 6, too. Now detach ``u``
# (:py:meth:`~torch.Tensor.detach`):

x.grad = None
d = u.detach()
K = d * x
K.backward()
print(f"{x.grad = }")
# sphinx_gallery_graph = "K; view: written"

# %%
# The value of ``K`` is 18, like that of ``J``. But only one of the two ways back is left: ``d`` is
# grey, and no ∇ stands in ``u``. For autograd, ``d`` is the constant 6, and the derivative of
# :math:`6x` is 6.
#
# Nine ways
# ---------
# ``detach`` works on a tensor. The attribute ``data`` does nearly the same, and comes from older
# code. :py:class:`torch.no_grad` and :py:class:`torch.inference_mode` are *modes*: while one is on,
# operations are not recorded. You can write ``with torch.no_grad():`` and a block below it, or put
# ``@torch.no_grad()`` above a function, which then runs in the mode.
# ``torch.no_grad()(function)`` does the same in one line.
#
# Besides, ``x`` can be told to require no gradient (:py:meth:`~torch.Tensor.requires_grad_`), it
# can be copied (:py:meth:`~torch.Tensor.clone`), and a module can be switched from training to use
# (:py:meth:`~torch.nn.Module.eval`). Which of these stop recording? The first of the nine rows,
# ``2 * x`` itself, is recorded as usual and is there for comparison.


@torch.no_grad()
def double(x):
    return 2 * x


ways = {
    "2 * x": lambda x: 2 * x,
    "no_grad: 2 * x": double,
    "no_grad: x.view(1)": torch.no_grad()(lambda x: x.view(1)),
    "inference_mode: 2 * x": torch.inference_mode()(lambda x: 2 * x),
    "x.detach()": lambda x: x.detach(),
    "x.data": lambda x: x.data,
    "x.clone()": lambda x: x.clone(),
    "x.requires_grad_(False)": lambda x: x.requires_grad_(False),
    "ReLU().eval()(x)": torch.nn.ReLU().eval(),
}

# %%
# Each way makes a result ``r`` from a leaf ``x`` that is 3. The columns are:
#
# - ``requires_grad`` and ``grad_fn`` of ``r``.
# - ``shared``: do ``r`` and ``x`` lie in the same memory?
# - ``used``: ``r`` is used later, in a product with a leaf ``w`` that is 5 and requires a gradient.
#   After ``backward()`` from the product, what is in ``x.grad``?
# - ``changed``: before ``r`` is made, ``x * x`` is recorded, whose derivative is 6. Afterwards 1 is
#   added to ``r`` in place. What does ``backward()`` from ``x * x`` now bring?
#
# Where an error is raised, its name stands in the cell.


def attempt(x, action):
    x.grad = None
    try:
        action()
        return None if x.grad is None else x.grad.item()
    except RuntimeError as error:
        return type(error).__name__


def row(way):
    x, w = (torch.tensor([value], requires_grad=True) for value in (3.0, 5.0))
    square = x * x
    r = way(x)
    cells = r.requires_grad, r.grad_fn and r.grad_fn.name(), r.data_ptr() == x.data_ptr()

    def change():
        with torch.no_grad():
            r.add_(1)
        square.backward()

    return *cells, attempt(x, lambda: (w * r).backward()), attempt(x, change)


table = {name: row(way) for name, way in ways.items()}
print(f"{'r':24}requires_grad grad_fn        shared used         changed")
for name, (requires_grad, grad_fn, shared, used, changed) in table.items():
    print(f"{name:24}{requires_grad!s:14}{grad_fn!s:15}{shared!s:7}{used!s:13}{changed}")

# %%
# Read it column by column:
#
# - ``grad_fn``: three results were recorded, and these are the rows in which a gradient arrives in
#   ``used``. Neither ``clone()`` nor ``eval()`` stops recording.
# - ``requires_grad`` agrees, with one exception. A :term:`view` of ``x`` made under ``no_grad``
#   says ``True``, because it answers for ``x``. Nothing was recorded, and nothing comes back
#   through it. So to see whether a result was recorded, look at its ``grad_fn``.
# - ``shared``: a change to one is a change to the other. ``requires_grad_(False)`` even gives back
#   ``x`` itself, which from then on gets no gradient.
# - ``changed``: 6 is right. Where ``r`` has memory of its own, the change does no harm. Where it
#   shares that of ``x``, it overwrites the 3 that ``x * x`` has saved. Tensors that share memory
#   also share a :term:`version counter`, which counts the in-place changes, and the node raises the
#   error because the count has gone up. Of all that share memory, only ``data`` has a counter of its
#   own. There the change goes unnoticed, and 8 is wrong.
#
# The row of ``inference_mode`` is a case of its own: its result has no counter at all. A node
# that saved it could not notice a change, so PyTorch refuses to save it (``used``). Nor may it be
# changed in place outside the mode (``changed``).
#
# Which one to use
# ----------------
# - To evaluate a model: ``model.eval()`` and ``torch.no_grad()`` together. If no result will ever
#   go into a graph, ``torch.inference_mode()`` saves some more work.
# - To treat a value as constant, or to take it out for a plot: ``detach()``. If it will be changed
#   in place, ``detach().clone()``, which has memory of its own.
# - To change weights by hand: ``torch.no_grad()``.
# - To train some layers and leave others as they are: ``requires_grad_(False)`` on those others.
#
# There is no need for ``data`` in new code.
#
# What people get wrong
# ---------------------
# ``data`` *is a short way to write* ``detach()``. The column ``changed`` shows the difference.
# After a change in place, ``detach()`` leads to an error, ``data`` to a wrong gradient and no
# error.
#
# ``no_grad``, ``inference_mode`` *and* ``eval()`` *do the same.* They do not. A result of
# ``inference_mode`` cannot be saved by a node later:

x = torch.tensor([3.0], requires_grad=True)
with torch.inference_mode():
    r = 2 * x
try:
    r * x
except RuntimeError as error:
    print(error)

# %%
# The message names two remedies: ``clone()``, or ``no_grad``. (An operation that saves nothing,
# such as an addition, takes the result as it is.)
#
# And ``eval()`` has nothing to do with recording. It tells the layers of a model to behave as
# they should in use: dropout lets everything pass, and batch normalization uses the averages that
# it has collected. Recording goes on, as the last row of the table shows. Conversely, ``no_grad``
# tells the layers nothing, and dropout goes on dropping. (Here it drops every number, with a
# probability of 1, so that nothing depends on chance.)

dropout = torch.nn.Dropout(1.0)
ones = torch.ones(2)
print(f"{dropout.train()(ones) = }")
print(f"{dropout.eval()(ones) = }")
with torch.no_grad():
    print(f"{dropout.train()(ones) = }")

# %%
# *The result has a* ``grad_fn``, *so* ``no_grad`` *around a part of it did no harm.* That part is
# cut out of the graph, without an error. Here is the first program once more, with ``double``
# from above. ``x.grad`` is 6 and not 12:

J = double(x) * x
J.backward()
print(f"{J.grad_fn.name() = }, {x.grad = }")

# %%
# *A frozen layer lets no gradient through.* ``requires_grad_(False)`` concerns one leaf, and
# nothing else. (Called on a module, :py:meth:`torch.nn.Module.requires_grad_` does it for each
# parameter.) Here ``w2`` is frozen, and ``w1`` comes before it:

w1, w2 = (torch.tensor([value], requires_grad=True) for value in (3.0, 5.0))
w2.requires_grad_(False)
h = 2 * w1
y = w2 * h
y.backward()
print(f"{w1.grad = }, {w2.grad = }")
# sphinx_gallery_graph = "y; view: written"

# %%
# In the picture, ``w2`` is grey, and the gradient passes by it, to ``h`` and ``w1``. The value of
# ``w2`` is needed for that: 5 is the local derivative, and 5 times 2 is 10. With ``no_grad``
# around the product with ``w2`` instead, ``y`` would have no graph at all.
#
# Check
# -----
# Each cell of the table is checked, column by column. By hand, the derivative of :math:`w r` with
# respect to :math:`x` is :math:`5 \cdot 2` where :math:`r = 2x`, and 5 where :math:`r = x`. That of
# :math:`x^2` is :math:`2 \cdot 3`. The wrong 8 is :math:`2\,(3 + 1)`.

requires_grad, grad_fn, shared, used, changed = zip(*table.values(), strict=True)
print(f"{5 * 2 = }, {2 * 3 = }, {2 * (3 + 1) = }")

error = "RuntimeError"
assert requires_grad == (True, False, True, False, False, False, True, False, True)
assert grad_fn == ("MulBackward0", *[None] * 5, "CloneBackward0", None, "ReluBackward0")
assert shared == (False, False, True, False, True, True, False, True, False)
assert used == (5 * 2, None, None, error, None, None, 5, None, 5)
assert changed == (2 * 3, 2 * 3, error, error, error, 2 * (3 + 1), 2 * 3, error, 2 * 3)
assert w1.grad.item() == 5 * 2 and w2.grad is None

# %%
# Exercises
# ---------
# .. predict:: What does ``x.grad`` hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([4.0], requires_grad=True)
#       y = x.clone()
#       z = y * x
#       z.backward()
#
#    ``clone`` is recorded, and sends back what it gets. Each of the two ways brings 4.
#
#    - ``4``: So it would be if ``clone`` were a ``detach``. Which ``grad_fn`` does ``y`` have?
#    - ``16``: That is the value of ``z``. What comes back along each of the two ways to ``x``?
#
# .. predict:: What does ``w1.grad`` hold at the end?
#    :answer: w1.grad
#
#    .. code-block:: python
#
#       import torch
#
#       w1 = torch.tensor([2.0], requires_grad=True)
#       w2 = torch.tensor([7.0], requires_grad=True)
#       w2.requires_grad_(False)
#       h = 3 * w1
#       y = w2 * h
#       y.backward()
#
#    ``w2`` gets no gradient, but its value 7 is still the local derivative with respect to ``h``.
#    Times 3, that makes 21.
#
#    - ``None``: That is ``w2.grad``. Does freezing ``w2`` also cut the way to ``h``?
#    - ``3``: That is the local derivative of the last step back. What has arrived at ``h`` by then?
#    - ``7``: That arrives at ``h``. One step is left.
#
# .. predict:: What does ``x.grad`` hold at the end?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0], requires_grad=True)
#       with torch.no_grad():
#           u = x * x
#       y = u * x + x
#       y.backward()
#
#    Under ``no_grad``, ``u`` is the constant 9. What was recorded is :math:`9x + x`, and its
#    derivative is 10.
#
#    - ``28``: That is the derivative of :math:`x^3 + x`, with ``u`` recorded.
#    - ``9``: That comes back on one of the ways to ``x``. There is another one.
#    - ``None``: Only ``u`` was computed under ``no_grad``. What about the line after it?

# %%
# **Next:** what an in-place change does to a graph, and the counter that notices it, in
# :doc:`/lessons/2_dynamic_graph/plot_in_place`. More about views is in
# :doc:`/lessons/2_dynamic_graph/plot_views`, and cuts that nobody asked for are in
# :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`.
