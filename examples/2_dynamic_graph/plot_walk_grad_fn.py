r"""
What is behind ``grad_fn``?
===========================

The ``grad_fn`` of a result is the way into everything that PyTorch has recorded for it. From there
you can walk to every operation and every leaf, and see which way ``backward()`` will go. If a
gradient does not arrive where you expect it, this is how you find out why.

You need :doc:`/lessons/2_dynamic_graph/plot_dynamic_graph`. The example is again
:math:`J = 3(a + bc)` at :math:`a = 5`, :math:`b = 3`, :math:`c = 2`.

**Predict first.** You write three operations on three leaves. How many nodes does a walk find that
begins at ``J.grad_fn``? And to which operation does the first one belong?
"""

# %%
# One step
# --------
# A :term:`node` knows the nodes to which it will send gradients.
# :py:attr:`~torch.autograd.graph.Node.next_functions` holds one pair for each tensor that went into
# the operation, in the same order. A pair is a node and a number; the number comes later.

import torch

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([3.0], requires_grad=True)
c = torch.tensor([2.0], requires_grad=True)

u = b * c
v = a + u
J = 3 * v

print(J.grad_fn)
for pair in J.grad_fn.next_functions:
    print(pair)
# sphinx_gallery_graph = "J; view: recorded; backward: no"

# %%
# A multiplication has two inputs, so there are two pairs. The first leads to the node of ``v``. The
# second has ``None`` in place of a node, because its input, the number 3, requires no gradient.
# (You wrote the 3 on the left. A plain number cannot multiply a tensor, so Python turns to the
# tensor, which makes a tensor of the 3 and computes ``v * 3``.)
#
# The picture on the web page takes such steps until there is no further one. The arrows go from the
# result to the leaves. Where a pair has ``None``, the wire ends at once.
#
# The walk
# --------
# Keep a list of the nodes that you have found, and go through it while it grows. If several ways
# lead to a node, list it once. A function that calls itself would be shorter, but Python allows
# only about a thousand calls inside each other, and a long graph has more nodes than that in a row.


def walk(root):
    nodes, seen = [root], {root}
    for node in nodes:
        for next_node, _ in node.next_functions:
            if next_node is not None and next_node not in seen:
                seen.add(next_node)
                nodes.append(next_node)
    return nodes


nodes = walk(J.grad_fn)
for number, node in enumerate(nodes):
    leads_to = [n if n is None else nodes.index(n) for n, _ in node.next_functions]
    print(f"{number}  {node.name():33}{leads_to}")

# %%
# Each line has a number, the name of a node, and the numbers of those to which it leads. This is
# the picture once more: six nodes, from that of ``J`` to those of the leaves. There is one for
# each operation, and an ``AccumulateGrad`` for each leaf that requires a gradient. (Its
# ``name()`` is the full one of PyTorch's C++ code. ``print`` shows only the last part.)
#
# The names of your variables are not there; the picture has them from the program. Nor are the
# values that flowed forward, except for those in the next two sections.
#
# The leaves
# ----------
# An ``AccumulateGrad`` leads nowhere. It holds the leaf itself, in ``variable``, and adds what
# arrives to the ``grad`` of that leaf:

leaf_name = "torch::autograd::AccumulateGrad"
accumulate = [node for node in nodes if node.name() == leaf_name]
leaves = [node.variable for node in accumulate]
for leaf in leaves:
    print(leaf)

# %%
# Saved tensors
# -------------
# The other nodes hold the values that their local derivatives need, under names that begin with
# ``_saved_``. The underscore says that they are there to be looked at only; a later version may
# name them differently. In the picture, they stand behind a ▪.

print(f"{u.grad_fn._saved_self = }, {u.grad_fn._saved_other = }")
print(f"{J.grad_fn._saved_self = }, {J.grad_fn._saved_other = }")
print(f"{hasattr(v.grad_fn, '_saved_self') = }")

# %%
# In a multiplication, ``self`` is the first factor and ``other`` the second. Each
# :term:`saved tensor` is there because a :term:`local derivative` asks for it:
#
# .. math::
#
#    \frac{\partial u}{\partial b} &= c \qquad
#    \frac{\partial u}{\partial c} = b \\
#    \frac{\partial J}{\partial v} &= 3 \qquad
#    \frac{\partial v}{\partial a} = \frac{\partial v}{\partial u} = 1
#
# The node of ``u`` has saved both factors. That of ``J`` has saved only the 3, which is the
# derivative with respect to ``v``. The value of ``v`` would be the derivative with respect to the
# 3, and nobody asks for that one: its pair has ``None``. So ``_saved_self`` is ``None`` too. An
# addition needs none of its inputs, and its node has no place for them.
#
# The second number
# -----------------
# Each pair has a number beside the node, and so far it was 0. It tells which *output* of that
# node's operation the input was, counted from 0. :py:meth:`~torch.Tensor.unbind` takes a tensor
# apart, so it has several outputs:

x = torch.tensor([2.0, 7.0], requires_grad=True)
p, q = x.unbind()
K = q * p

print([(node.name(), number) for node, number in K.grad_fn.next_functions])
print(f"{p.grad_fn is q.grad_fn = }")
# sphinx_gallery_graph = "K; view: recorded; backward: no"

# %%
# ``q`` is output 1, ``p`` is output 0, and both came from one node. On the way back this node
# receives two gradients, and the numbers tell it which is which. In the picture they stand at the
# two wires that lead to it. ``split`` has several outputs too, and so has ``max`` with ``dim``:
# its output 0 holds the largest values. Output 1 holds their positions, which are integers and
# have no ``grad_fn``.
#
# What people get wrong
# ---------------------
# ``grad_fn`` *is the function that made the tensor, and the walk follows the program.* It is the
# other way round: the node is the function for the way back, and the walk begins at the end of
# the program. You can call a node, again only to look. Give it the gradient that arrives, and it
# returns what it sends to each input. (:py:class:`torch.no_grad` keeps these calculations from
# being recorded in turn.)

with torch.no_grad():
    print(f"{J.grad_fn(torch.tensor([1.0])) = }")
    print(f"{v.grad_fn(torch.tensor([3.0])) = }")
    print(f"{u.grad_fn(torch.tensor([3.0])) = }")

# %%
# These are the steps of :doc:`/lessons/1_computation_graph/plot_backward_pass`: 1 becomes 3, and 3
# becomes 6 and 9. Nothing goes to the number 3, so ``None`` stands in its place.
#
# *The* ``grad_fn`` *of a leaf is its* ``AccumulateGrad``. The ``grad_fn`` is ``None``, since no
# recorded operation made the leaf. You reach the ``AccumulateGrad`` from an operation that used the leaf,
# or through :py:func:`torch.autograd.graph.get_gradient_edge`, which returns the pair that such
# an operation would have:

print(f"{a.grad_fn = }")
print(f"{torch.autograd.graph.get_gradient_edge(a).node is accumulate[0] = }")

# %%
# *A chain of* ``next_functions[0][0]`` *finds my leaf.* In one graph it does. Swap the summands,
# which does not change the result, and the same chain ends elsewhere:

for result in (3 * (a + u), 3 * (u + a)):
    print(result.grad_fn.next_functions[0][0].next_functions[0][0].name())

# %%
# A chain that comes to a ``None`` ends in an ``AttributeError``. Walk instead. Recognise an
# operation by its name, and among the ``AccumulateGrad`` nodes a leaf by ``node.variable is a``.
#
# *The address tells which operation it is.* It tells where the node lies in memory just now.
# Record ``b * c`` a hundred times, and let each result go at once. That makes a hundred nodes. If
# each had an address that stays its own, you would see a hundred addresses:

addresses = {str((b * c).grad_fn) for _ in range(100)}
print(f"{len(addresses) < 100 = }")
print(f"{(b * c).grad_fn is u.grad_fn = }")

# %%
# Memory that has become free is used again, so nodes that live at different times can have the
# same address. (In PyTorch 1.13, the program of
# :doc:`/lessons/2_dynamic_graph/plot_dynamic_graph` even printed one address for its three
# nodes.) And the same operation on the same tensors makes a new node each time, as the last line
# says. Compare nodes with ``is`` while both are alive. For the kind of operation, ask ``name()``.
#
# Check
# -----
# By hand, the walk from right to left: the multiplication by 3, the addition with its inputs
# ``a`` and ``u``, and the multiplication with its inputs ``b`` and ``c``. Three operations and
# three leaves make six. Then a graph that is too long for a function that calls itself: 2,000
# additions and a leaf.

by_hand = ["MulBackward0", "AddBackward0", leaf_name, "MulBackward0", leaf_name, leaf_name]
assert [node.name() for node in nodes] == by_hand
assert all(leaf is t for leaf, t in zip(leaves, [a, b, c], strict=True))

y = a
for _ in range(2000):
    y = y + 1
print(f"{len(nodes) = }, {len(walk(y.grad_fn)) = }")
assert len(nodes) == 3 + 3 and len(walk(y.grad_fn)) == 2000 + 1

# %%
# Do not walk a graph with tens of thousands of operations in a row. When such a graph is freed
# after a walk, each node is freed from within the one before it. That nests so deep that the
# process can crash.
#
# Exercises
# ---------
# .. predict:: What does ``name`` hold at the end?
#    :answer: name
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0], requires_grad=True)
#       y = (x + 1) * x
#       name = y.grad_fn.next_functions[0][0].name()
#
#    ``y.grad_fn`` is the node of the multiplication. Its first pair belongs to its first input,
#    which is the sum.
#
#    - ``MulBackward0``: That is ``y.grad_fn`` itself. Go one step from there.
#    - ``AccumulateGrad``: ``x`` is an input of the multiplication. Is it the first one?
#    - ``None``: This stands for an input that requires no gradient. Does ``x + 1`` require one?
#
# .. predict:: ``nodes`` may hold a node more than once. How many *different* nodes are in it?
#    :answer: len(set(nodes))
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([3.0], requires_grad=True)
#       k = torch.tensor([2.0])
#       y = k * (x * x) + x
#       nodes = [y.grad_fn]
#       for node in nodes:
#           nodes += [n for n, _ in node.next_functions if n is not None]
#
#    There is one for each of the three operations, and one ``AccumulateGrad`` for ``x``, to which
#    three ways lead. ``k`` requires no gradient and has no node.
#
#    - ``3``: These are the operations. Where do the ways that begin at them end?
#    - ``5``: Does ``k`` have a node?
#    - ``6``: That is the length of the list. ``x`` is used three times; how many nodes does it
#      have?
#
# .. predict:: Which two numbers stand in ``numbers``?
#    :answer: numbers
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([4.0, 9.0, 2.0], requires_grad=True)
#       p, q, r = x.unbind()
#       y = r * p
#       numbers = [number for _, number in y.grad_fn.next_functions]
#
#    The first factor, ``r``, is output 2 of ``unbind``, and the second, ``p``, is output 0. The
#    pairs come in the order in which the multiplication got its inputs.
#
#    - ``0, 1``: These are the places of the two inputs in the multiplication. The number counts the
#      outputs of the operation before it.
#    - ``0, 2``: In which order did the multiplication get them?
#    - ``2, 4``: These are the values of ``r`` and ``p``. The graph counts outputs.

# %%
# **Next:** what the ``AccumulateGrad`` nodes do in a second ``backward()``, in
# :doc:`/lessons/2_dynamic_graph/plot_accumulate`. When the saved tensors are freed is the subject
# of :doc:`/lessons/2_dynamic_graph/plot_graph_lifetime`.
