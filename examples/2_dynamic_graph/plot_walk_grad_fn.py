r"""
What is behind ``grad_fn``?
===========================

Behind the ``grad_fn`` of a result is all that PyTorch has recorded for it: the whole route that ``backward()`` will take. You
can walk it yourself, see which leaves it reaches, and even do the backward pass by hand. The example is again
:math:`J = 3(a + bc)` at 5, 3 and 2.

.. predict:: ``v`` is the result of an addition. Of which kinds are the two nodes to which its node leads? Two names, of
   these three: ``AccumulateGrad``, ``AddBackward0``, ``MulBackward0``.
   :program: next
   :answer: kinds

   The two inputs of the addition are ``a`` and ``u``, in this order. ``a`` is a leaf, so its gradient is collected by an
   ``AccumulateGrad``. ``u`` came from a multiplication.

   - ``MulBackward0, AccumulateGrad``: Both are there. In which order did the addition get its inputs?
   - ``AddBackward0, AddBackward0``: That is the node of ``v`` itself. Where do its two inputs come from?
   - ``MulBackward0, MulBackward0``: Is ``a`` the result of a multiplication?
   - ``AccumulateGrad, AccumulateGrad``: Is ``u`` a leaf?
"""

import torch

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

u = b * c
v = a + u
J = 3 * v

kinds = []
for node, _ in v.grad_fn.next_functions:
    kinds.append(type(node).__name__)
print(kinds)
# sphinx_gallery_graph = "J; view: recorded; backward: no"

# %%
# One step
# --------
# A :term:`node` knows the nodes to which it will send gradients. They are in its
# :py:attr:`~torch.autograd.graph.Node.next_functions`: one pair for each differentiable input of the operation, in the
# order of the inputs. The first item of a pair is a node. In the picture, each pair is an arrow.
#
# An input that could have a gradient but requires none has ``None`` in its pair. In the picture, such an arrow ends at
# once. The 3 in ``3 * v`` is one. (It stands second, since Python hands ``3 * v`` to the tensor, which computes ``v * 3``.)

for node, _ in J.grad_fn.next_functions:
    print(node)

# %%
# An input that can never have a gradient has no pair at all. ``torch.where`` takes three tensors. The first one holds truth
# values, so there are only two pairs:

chosen = torch.where(a > b, a, b)
print(f"{len(chosen.grad_fn.next_functions) = }")

# %%
# Which leaves will get a gradient?
# ---------------------------------
# Take such steps until there are none left, and you have the whole graph, as when we counted nodes in
# :doc:`/lessons/2_dynamic_graph/plot_graph_follows_code`. If you collect only the ends, the walk answers a question that comes up
# in every search for a missing gradient: which leaves will ``backward()`` reach? An ``AccumulateGrad`` holds its leaf as
# ``variable``. (The list of nodes grows while the loop goes through it.)


def leaves_behind(result):
    leaves, nodes = [], [result.grad_fn]
    for node in nodes:
        if hasattr(node, "variable"):
            leaves.append(node.variable)
        for before, _ in node.next_functions:
            if before is not None and before not in nodes:
                nodes.append(before)
    return leaves


print(leaves_behind(J))

# %%
# These are ``a``, ``b`` and ``c`` themselves, not copies. Now a program with a cut, as in
# :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`. Before any ``backward()``, you see who will get nothing:

w1, w2, w3 = (torch.ones(1).requires_grad_() for _ in range(3))
h = 7 * w1
k = w2 * h.item()
loss = w3 + k

reached = leaves_behind(loss)
print([any(w is leaf for leaf in reached) for w in (w1, w2, w3)])
# sphinx_gallery_graph = "loss; view: recorded; backward: no"

# %%
# ``w1`` is missing: ``h.item()`` has cut its only path. (To compare tensors, use ``is``: ``==`` compares numbers, and here all three
# weights are 1.)
#
# What a node has saved
# ---------------------
# A node holds the numbers that its :term:`local derivatives <local derivative>` need. In the picture they stand behind a ▪,
# and you reach them under names that begin with ``_saved_``. The underscore says: look, but do not build on it; a later version
# may call them differently.

print(f"{u.grad_fn._saved_self = }, {u.grad_fn._saved_other = }")
print(f"{J.grad_fn._saved_self = }, {J.grad_fn._saved_other = }")
print(f"{hasattr(v.grad_fn, '_saved_self') = }")

# %%
# The node of ``u`` has saved both factors, since each is the local derivative with respect to the other one:
# :math:`\partial u/\partial b = c` and :math:`\partial u/\partial c = b`. The node of ``J`` has saved only the 3. The value of
# ``v`` would be the derivative with respect to the 3, and nobody asks for that. The node of the addition has saved neither:
# its derivatives are 1.
#
# Be the engine
# -------------
# A node can be called, and so you can do the backward pass by hand. Give it the gradient that has arrived at its result; it
# returns what it sends to each input. (``no_grad`` keeps these calculations from being recorded in turn.)

with torch.no_grad():
    at_v, _ = J.grad_fn(torch.tensor([1.0]))
    at_a, at_u = v.grad_fn(at_v)
    at_b, at_c = u.grad_fn(at_u)

print(f"{at_v = }")
print(f"{at_a = }, {at_u = }")
print(f"{at_b = }, {at_c = }")

# %%
# These are the numbers of :doc:`/lessons/1_computation_graph/plot_backward_pass`: 1 becomes 3, and 3 becomes 6 and 9. The engine
# behind ``backward()`` does the same: it calls each node once, when all that will arrive there has been added up. At the ends,
# ``AccumulateGrad`` adds to ``grad``.
#
# What people get wrong
# ---------------------
# *The* ``grad_fn`` *of a leaf is its* ``AccumulateGrad``. It is ``None``, since no operation made the leaf. You come to the
# ``AccumulateGrad`` from an operation that used the leaf, or through
# :py:func:`torch.autograd.graph.get_gradient_edge`:

edge = torch.autograd.graph.get_gradient_edge(a)
print(f"{a.grad_fn = }")
print(f"{edge.node is v.grad_fn.next_functions[0][0] = }")

# %%
# *A chain of* ``next_functions[0][0]`` *finds my leaf.* In one graph it does. Swap the summands, which does not change the
# result, and the same chain ends elsewhere. So walk, and recognize a leaf by ``node.variable is a``:

for result in (3 * (a + u), 3 * (u + a)):
    node = result.grad_fn.next_functions[0][0].next_functions[0][0]
    print(type(node).__name__)

# %%
# .. fold:: Further misconceptions
#
#    *The address in* ``<MulBackward0 object at 0x…>`` *tells which operation it is.* It is the address of the Python object that
#    stands for the node, and when that object is gone, another one can have it. To compare two nodes, use ``is`` while you hold
#    both.
#
#    *The second item of a pair counts the inputs.* It counts outputs: it says to which result of the earlier operation the
#    gradient belongs. For most operations there is only one, and the number is 0. The second result of ``unbind`` has the number 1.
#
#    *A walk is as safe as* ``backward()``. If you hold a Python object for each of a hundred thousand nodes in a row, the process
#    can crash when they are freed, since each is freed from within the one before it. And Python allows only about a thousand
#    nested calls, so use a list as above; a function that calls itself, as in the last exercise, is for small graphs only.
#
# Check
# -----
# By hand, the walk has to find three operations and three leaves. And what we sent back with our own calls has to be what
# ``backward()`` leaves in ``grad``.

J.backward()
print(f"{a.grad = }, {b.grad = }, {c.grad = }")

assert all(leaf is t for leaf, t in zip(leaves_behind(J), [a, b, c], strict=True))
assert [at_a, at_b, at_c] == [a.grad, b.grad, c.grad]
assert [at_a.item(), at_b.item(), at_c.item()] == [3, 3 * 2, 3 * 3]

# %%
# In short
# --------
# ``grad_fn`` is the node of the operation that made a result. Its ``next_functions`` lead to the nodes before it, and at the ends
# to an ``AccumulateGrad`` for each leaf, which holds the leaf. A node also holds what its derivatives need, and when it is called
# with a gradient, it returns what goes back to its inputs.
#
# Exercises
# ---------
# .. predict:: ``y`` is a product of three different things, computed from the left. How many pairs has its node, and how many of
#       them hold ``None``? Two numbers.
#    :answer: (len(pairs), sum(node is None for node, _ in pairs))
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0], requires_grad=True)
#       k = torch.tensor([2.0])
#       y = (x + 1) * x * k
#       pairs = y.grad_fn.next_functions
#
#    The last operation multiplies ``(x + 1) * x`` by ``k``. It has two inputs, so there are two pairs. ``k`` could have a gradient,
#    but requires none.
#
#    - ``3, 1``: How many inputs does one multiplication have? Which one runs last?
#    - ``1, 0``: ``k`` is a floating-point tensor that requires no gradient. Is that the case without a pair, or the case with
#      ``None``?
#    - ``2, 0``: Does ``k`` require a gradient?
#
# .. find:: Follow the chain ``J.grad_fn.next_functions[1][0].next_functions[0][0]``. Point at the operation whose node it gives.
#    :graph: J; backward: no
#    :answer: op q
#    :holds: J.grad_fn.next_functions[1][0].next_functions[0][0] is q.grad_fn
#
#    .. code-block:: python
#
#       import torch
#
#       a = torch.tensor([5.0], requires_grad=True)
#       b = torch.tensor([3.0], requires_grad=True)
#       p = a + b
#       q = a * b
#       r = q - p
#       J = p * r
#
#    ``[1]`` is the second input of the product, ``r``. ``[0]`` is the first input of the difference, ``q``.
#
#    - ``op p``: That is the first input of the last operation. Which number does ``[1]`` stand for, if counting begins at 0?
#    - ``op r``: You have taken the first step. What does the second one ask for?
#    - ``op J``: That is where the chain begins.
#    - ``a``: You have gone one step too far.
#
# .. derive:: You call the node of ``y`` yourself, with ``g``. Type a formula for what it sends back. Use what it has saved, its
#       result ``y``.
#    :answer: g * (1 - y**2)
#    :names: g, y, x
#    :gives: sent
#    :between: -0.9, 0.9
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([-1.0, 0.25, 2.0], requires_grad=True)
#       y = torch.tanh(x)
#       g = torch.tensor([1.0, -3.0, 10.0])
#       with torch.no_grad():
#           sent = y.grad_fn(g)
#
#    The slope of :math:`\tanh x` is :math:`1 - \tanh^2 x = 1 - y^2`, and a node multiplies what arrives by its slope.
#
#    - ``1 - y**2``: That is the local derivative. What does a node do with what arrives?
#    - ``g * (1 - x**2)``: Which value does the slope of ``tanh`` contain, that before or that after?
#    - ``g * (1 - tanh(x) ** 2)``: This has the right value. ``tanh(x)`` is there already: under which name?
#    - ``g * y``: That is the result times ``g``. What is the derivative of ``tanh``?
#
# .. write:: Write the backward pass on PyTorch's own nodes. In ``nodes``, each node comes after all that send something to it.
#       Return the leaves with their gradients as a ``dict``.
#    :file: engine_on_pytorch_nodes
#    :fails: AttributeError: 'NoneType' object has no attribute 'items'
#
#    .. code-block:: python
#
#       import torch
#
#
#       def in_order(node, seen):
#           if node is None or node in seen:
#               return []
#           seen.add(node)
#           later = [n for before, _ in node.next_functions for n in in_order(before, seen)]
#           return [*later, node]
#
#
#       @torch.no_grad()
#       def gradients(result):
#           arrived = {result.grad_fn: torch.ones_like(result)}
#           nodes = in_order(result.grad_fn, set())[::-1]
#           # <your code>
#           leaves = {}
#           for node in nodes:
#               if hasattr(node, "variable"):
#                   leaves[node.variable] = arrived[node]
#                   continue
#               sent = node(arrived[node])
#               sent = sent if isinstance(sent, tuple) else (sent,)
#               for (before, _), gradient in zip(node.next_functions, sent, strict=True):
#                   if before is not None:
#                       arrived[before] = arrived.get(before, 0) + gradient
#           return leaves
#           # </your code>
#
#
#       a = torch.tensor(2.0, requires_grad=True)
#       b = torch.tensor(3.0, requires_grad=True)
#       u = (a + b) * torch.exp(a)
#       J = 2 * u * (u - b)
#       found = gradients(J)
#       J.backward()
#       for leaf, gradient in found.items():
#           assert torch.allclose(gradient, leaf.grad), (gradient, leaf.grad)
#       assert len(found) == 2, "a leaf is missing"
#
#    What arrives at a node that is used several times is added up before the node is called. The second item of a pair is not needed
#    here, since each operation has one result.
#
#    - ``TypeError: iteration over a 0-d tensor``: A node with a single input returns a tensor, and not a tuple.
#    - ``AssertionError: (tensor``: Do you add to what has arrived at a node, or overwrite it?
#    - ``AttributeError: 'NoneType' object has no attribute 'next_functions'``: A pair can hold ``None``. Nothing is sent there.
#    - ``KeyError``: Which node has got nothing yet, and in which order do you go through the list?

# %%
# Further reading
# ---------------
# How PyTorch records, and how its engine goes through the nodes, is told step by step on PyTorch's blog, in `Overview of PyTorch
# Autograd Engine <https://pytorch.org/blog/overview-of-pytorch-autograd-engine/>`__. An engine that is small enough to be read as
# a whole is Andrej Karpathy's `micrograd <https://github.com/karpathy/micrograd>`__; yours is in
# :doc:`/lessons/1_computation_graph/plot_tiny_engine`.
#
# **Next:** graphs that are not recorded anew in each run, in :doc:`/lessons/2_dynamic_graph/plot_static_or_dynamic`. What is freed
# when, and what for, was shown in :doc:`/lessons/2_dynamic_graph/plot_graph_lifetime`.
