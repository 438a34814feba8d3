r"""
How does PyTorch build the graph for me?
========================================

You never draw the graph, and you never declare it. PyTorch records it while your code runs. The example is
:math:`J = 3(a + bc)` again, now as a PyTorch program.

.. predict:: Nobody tells PyTorch what ``J`` depends on. What will the program print for ``a``, ``b`` and ``c``?
   Three numbers.
   :program: next
   :answer: (a.grad, b.grad, c.grad)

   They are 3, :math:`3c = 6` and :math:`3b = 9`. PyTorch knows what ``J`` depends on because it wrote down each
   operation when it ran.

   - ``3, 2, 3``: These are local derivatives. For ``b`` and ``c``, one more factor lies on the path to ``J``.
   - ``3, 9, 6``: How fast does :math:`bc` change with ``b``: by ``b`` or by ``c``?
   - ``5, 3, 2``: These are the values of the three. What does ``grad`` stand for?
"""

import torch

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

u = b * c
v = a + u
J = 3 * v

J.backward()
print(a.grad, b.grad, c.grad)
# sphinx_gallery_graph = "J"

# %%
# What was recorded
# -----------------
# ``requires_grad=True`` asks PyTorch to record what is done with a tensor. From then on, the result of each
# operation remembers which one it came from. Its attribute ``grad_fn`` leads to a *node* of the graph:

print(u.grad_fn)
print(v.grad_fn)
print(J.grad_fn)

# %%
# The name of the node tells you the operation: ``u`` and ``J`` came from a multiplication, ``v`` from an addition.
# The address behind it differs from run to run and says nothing about the graph; we show it as ``0x…``.
#
# The picture has two views of this record. *What you wrote* runs from the inputs to the result. *What PyTorch
# recorded* runs the other way, as the backward pass will: each node leads to the nodes that made its inputs, until
# it ends at an ``AccumulateGrad`` for each leaf. Play it, and watch the nodes appear while the program runs forward.
# Then each node turns the gradient that arrives into gradients for its inputs.
#
# When is it recorded?
# --------------------
# In the forward pass, while your line runs. The gradient comes later, when you call ``backward()``:

x = torch.tensor([2.0], requires_grad=True)
y = x * x
print(f"{y.grad_fn.name() = }, {x.grad = }")

y.backward()
print(f"{x.grad = }")

# %%
# Nothing is recorded where nothing needs a gradient. Below, ``k`` does not ask for one, so ``k * k`` has no node. In
# ``k * x`` one of the two does, and that is enough:

k = torch.tensor([4.0])
print(f"{(k * k).grad_fn = }, {(k * x).grad_fn.name() = }")

# %%
# Is it one node per line?
# ------------------------
# No. A line may hold several operations, and a function of PyTorch may be made of several. ``x * x + 1`` leaves two
# nodes, and so does ``cross_entropy``, a loss that you will meet in part 3. ``next_functions`` leads from a node to those
# before it:

y = x * x + 1
print(f"{y.grad_fn.name() = }, {y.grad_fn.next_functions[0][0].name() = }")

scores = torch.tensor([2.0, 1.0], requires_grad=True)
loss = torch.nn.functional.cross_entropy(scores, torch.tensor(0))
print(f"{loss.grad_fn.name() = }, {loss.grad_fn.next_functions[0][0].name() = }")

# %%
# What is recorded are the differentiable operations that PyTorch carries out, whichever line or function asked for
# them. This course writes one operation per line where you are meant to find each of them in the picture.
#
# Check
# -----
# By hand, :math:`\partial J/\partial a = 3`, :math:`\partial J/\partial b = 3c` and
# :math:`\partial J/\partial c = 3b`.

print(f"{3 * c.item() = }, {3 * b.item() = }")

assert a.grad.item() == 3
assert b.grad.item() == 3 * c.item()
assert c.grad.item() == 3 * b.item()
assert [t.grad_fn.name() for t in (u, v, J)] == ["MulBackward0", "AddBackward0", "MulBackward0"]

# %%
# What people get wrong
# ---------------------
# *After* ``backward()`` *the graph is gone.* The nodes stay as long as something refers to them: we printed those of
# ``u``, ``v`` and ``J`` after ``J.backward()``. What ``backward()`` frees are the tensors that nodes had saved to compute
# gradients. ``x * x`` saves ``x``, so a second backward pass fails. An addition saves no values, so there it works, and
# the gradients add up:

x = torch.tensor([2.0], requires_grad=True)
y = x * x
y.backward()
try:
    y.backward()
except RuntimeError as error:
    print(error)

x = torch.tensor([2.0], requires_grad=True)
z = x + 1
z.backward()
z.backward()
print(f"{x.grad = }")

# %%
# The message suggests ``retain_graph=True``. Usually you do not want to go through the same graph twice, but to run your
# code again, which records a new one.
#
# *A tensor must be wrapped in a* ``Variable``. Older courses do so. Since PyTorch 0.4 every tensor can record by itself,
# and ``Variable`` gives back an ordinary tensor. The old program still runs, and prints the same:

from torch.autograd import Variable

a_old = Variable(torch.Tensor([5]), requires_grad=True)
b_old = Variable(torch.Tensor([3]), requires_grad=True)
c_old = Variable(torch.Tensor([2]), requires_grad=True)

u_old = b_old * c_old
v_old = a_old + u_old
J_old = 3 * v_old

J_old.backward()
print(a_old.grad, b_old.grad, c_old.grad)
print(u_old.grad_fn)
print(v_old.grad_fn)
print(J_old.grad_fn)
assert type(a_old) is torch.Tensor

# %%
# In short
# --------
# You run ordinary code on tensors, some of which require a gradient. PyTorch records a node for each differentiable
# operation that it carries out on them, at the moment it runs. ``backward()`` then goes through the nodes from the result
# to the leaves.
#
# Exercises
# ---------
# .. fill:: Now ``a`` is added to ``b`` before the product. Fill in the two values and the gradients.
#    :graph: J
#    :blanks: v, J, u.grad, b.grad, c.grad
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([1.0], requires_grad=True)
#       b = torch.tensor([3.0], requires_grad=True)
#       c = torch.tensor([2.0], requires_grad=True)
#
#       u = a + b
#       v = u * c
#       J = 3 * v
#       J.backward()
#
#    Forward, 4 · 2 = 8 and 3 · 8 = 24. Backward, 3 arrives at ``v``. The product sends 3 · 2 = 6 to ``u`` and
#    3 · 4 = 12 to ``c``, and the addition hands the 6 on to ``a`` and ``b``.
#
#    - ``u.grad = 2``: That is the local derivative of ``v``. What has arrived at ``v``?
#    - ``c.grad = 6``: That goes to the other factor. By what is ``c`` multiplied?
#    - ``b.grad = 3``: That arrives at ``v``. Which operations lie between ``v`` and ``b``?
#    - ``v = 7``: Which operation comes first, the sum or the product?
#
# .. predict:: What do ``z.grad_fn`` and ``x.grad`` hold at the end? Answer with the name of a node or ``None``,
#    and a number or ``None``.
#    :answer: (z.grad_fn and z.grad_fn.name(), x.grad)
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       y = 3 * x
#       z = y + 1
#
#    A node is recorded when its operation runs, so the node of the addition is there. The gradient comes only with
#    ``backward()``, which is never called here.
#
#    - ``None, None``: The gradient is not there. Does a node wait for ``backward()``, too?
#    - ``AddBackward0, 3``: 3 is what ``backward()`` would give. Which line calls it?
#    - ``MulBackward0, None``: A multiplication is in the graph. Is ``z`` its result?
#
# .. find:: The gradient of ``u`` should reach ``x``, but ``x.grad`` is ``None`` at the end. Which line has to be written
#    differently?
#    :answer: line 5
#    :holds: x.grad is not None
#    :instead: u = x * k
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       k = torch.tensor([4.0], requires_grad=True)
#       u = x.item() * k
#       v = u + 1
#       J = v * k
#       J.backward()
#
#    ``x.item()`` is the Python number 2.0. PyTorch sees a product of ``k`` with a number, and records that. The line runs
#    without an error, and ``k`` gets a gradient; only the path to ``x`` is missing.
#
#    - ``line 4``: ``k`` may ask for a gradient, too. Does that take one away from ``x``?
#    - ``line 6``: 1 is a number and needs no gradient. Is there still a path from ``v`` to ``u``?
#    - ``line 8``: ``backward()`` follows what was recorded. What was recorded with ``x`` in it?
#
# .. write:: This program was written for an old version of PyTorch, with ``Variable(torch.Tensor([5]))``. Make the three
#    tensors the way it is done today, so that each of them is a leaf that gets a gradient.
#    :file: without_variable
#    :fails: NameError: name 'b' is not defined
#
#    .. code-block:: python
#
#       import torch
#
#       # <your code>
#       a = torch.tensor([5.0], requires_grad=True)
#       b = torch.tensor([3.0], requires_grad=True)
#       c = torch.tensor([2.0], requires_grad=True)
#       # </your code>
#
#       u = b * c
#       v = a + u
#       J = 3 * v
#       J.backward()
#
#       for t, value, gradient in [(a, 5, 3), (b, 3, 6), (c, 2, 9)]:
#           assert t.is_leaf and t.shape == (1,), (t.is_leaf, t.shape)
#           assert t.item() == value, t
#           assert t.grad is not None and t.grad.item() == gradient, t.grad
#
#    :py:func:`torch.tensor` makes a tensor from data and takes its type from it, so the numbers need a decimal
#    point, or you name the type. ``torch.Tensor([5])`` gives the default type, usually ``float32``, whatever the data.
#
#    - ``RuntimeError: Only Tensors of floating point and complex dtype can require gradients``: Which type has
#      ``torch.tensor([5])``? What is missing in the number?
#    - ``RuntimeError: element 0 of tensors does not require grad``: Nothing was recorded. Who has to ask for it?
#    - ``AssertionError: (True, torch.Size([]))``: Which shape has ``torch.Tensor([5])``, and which ``torch.tensor(5.0)``?
#    - ``AssertionError: None``: One of the three got no gradient. How does it differ from the others?
#
# Further reading
# ---------------
# The example is from Andrew Ng's lecture “Computation Graph” (Deep Learning Specialization, course 1, week 2). PyTorch's
# own account is `Autograd mechanics <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__. The attributes and
# methods that tie a tensor to the graph are explained in :doc:`/tensor`; why the gradients are 3, 6 and 9 is derived in
# :doc:`/lessons/1_computation_graph/plot_backward_pass`.
#
# **Next:** what is recorded if your code branches and loops, in
# :doc:`/lessons/2_dynamic_graph/plot_graph_follows_code`.
