r"""
When is the graph gone?
=======================

A loop that takes more memory with every turn, and the error about a second backward pass, lead to
the same two questions: who holds the graph, and what does :py:meth:`~torch.Tensor.backward` free?
To answer them, tell two things apart: the :term:`nodes <node>`, and the
:term:`saved tensors <saved tensor>` that they hold.

You need the program of :doc:`/lessons/2_dynamic_graph/plot_dynamic_graph`, and
``next_functions`` from :doc:`/lessons/2_dynamic_graph/plot_walk_grad_fn`.

**Predict first.** At :math:`x = 10`, compute ``u = x**3`` and ``y = u + 1``, and call
``y.backward()``. Which of these is gone afterwards: the node of ``y``, the node of ``u``, or what
the node of ``u`` had saved?
"""

# %%
# What one walk frees
# -------------------

import torch

x = torch.tensor([10.0], requires_grad=True)
u = x**3
y = u + 1
y.backward()

print(f"{x.grad = }")
print(f"{y.grad_fn.next_functions[0][0] is u.grad_fn = }")
# sphinx_gallery_graph = "y"

# %%
# Both nodes are still there, and the node of ``y`` still leads to the node of ``u``. In the
# picture on the web page, choose *What PyTorch recorded*: no box is gone, but the ``x`` that
# ``PowBackward0`` had saved is struck out. It was needed for :math:`3x^2`. A second walk gets as
# far as this node, and no further:

try:
    y.backward()
except RuntimeError as error:
    print(error)

# %%
# What holds the graph
# --------------------
# Every reference in the graph runs from the result towards the inputs:
#
# - the name ``y`` holds a tensor, and the tensor holds its node, ``y.grad_fn``;
# - a node holds the nodes in its ``next_functions``, and so on to the leaves;
# - a node also holds what it has saved, until that is freed.
#
# Nothing runs the other way: ``x`` does not know that ``y`` was made from it. So the graph lives as
# long as something refers to its end: the result, the node of the result, or a longer graph that
# was built on it. When the last of these references goes, the nodes go, with all that they still
# hold. No ``backward()`` is needed for that.
#
# Two ways to keep more
# ---------------------
# With ``retain_graph=True``, the walk frees nothing. With ``create_graph=True``, the walk itself is
# recorded as well: the gradient is then the result of a graph of its own, and can be differentiated
# again. By hand:
#
# .. math::
#
#    y &= x^3 + 1 = 1001 \\
#    \frac{dy}{dx} &= 3x^2 = 300 \\
#    \frac{d^2y}{dx^2} &= 6x = 60
#
# :py:func:`torch.autograd.grad` takes the same walk, but returns the gradients instead of adding
# them to ``x.grad``. We begin with a new ``x``, whose ``grad`` stays ``None``:

x = torch.tensor([10.0], requires_grad=True)
u = x**3
y = u + 1
(slope,) = torch.autograd.grad(y, x, create_graph=True)
(curvature,) = torch.autograd.grad(slope, x)

print(f"{slope = }")
print(f"{curvature = }")
# sphinx_gallery_graph = "slope; view: recorded"

# %%
# This is the graph of ``slope``, and what travelled back along it for ``curvature``. It was
# recorded while the first walk ran. Its ``PowBackward0`` belongs to :math:`x^2`, with the local
# derivative :math:`2x = 20`. ``MulBackward1`` belongs to the multiplication by 3, and
# ``MulBackward0`` to the multiplication by 1, the gradient with which the first walk began. The
# product of the three local derivatives is :math:`1 \cdot 3 \cdot 20 = 60`.
#
# Use ``create_graph=True`` with ``torch.autograd.grad``, as here. With ``backward()``,
# ``x.grad`` would have a graph, and that graph leads back to ``x``. So ``x`` and its gradient would
# hold each other in memory, and PyTorch warns of this.
#
# Now the three calls side by side. To count what is kept, we use
# :py:class:`torch.autograd.graph.saved_tensors_hooks`. It takes two functions. The first is called
# when a node saves a tensor, and the node then holds what that function returns. The second is
# called when the node needs the tensor, and gives it back. Here each saved tensor is put into an
# object of the class ``Saved``, and ``alive`` collects these objects. It is a
# :py:class:`weakref.WeakSet`: it does not keep them, so an object that no node holds any more is
# gone from it.

import weakref

alive = weakref.WeakSet()


class Saved:
    def __init__(self, tensor):
        self.tensor = tensor
        alive.add(self)


watch = torch.autograd.graph.saved_tensors_hooks(Saved, lambda saved: saved.tensor)


def derivative(result):
    try:
        return torch.autograd.grad(result, x)[0].item()
    except RuntimeError as error:
        return type(error).__name__


print(f"{'':24}{'saved':8}{'y again':16}{'from dy'}")
for options in [{}, {"retain_graph": True}, {"create_graph": True}]:
    with watch:
        y = x**3 + 1
        (dy,) = torch.autograd.grad(y, x, **options)
    print(f"{options!s:24}{len(alive):<8}{derivative(y)!s:16}{derivative(dy)}")

# %%
# ``saved`` counts the saved tensors that are left after the first walk. The other two columns show what
# a second walk gives: from ``y`` again, and from the gradient ``dy``.
#
# - Without an option, the one tensor that was saved is freed, and ``dy`` was not recorded. Neither
#   walk is possible.
# - ``retain_graph=True`` keeps that tensor, and you can walk from ``y`` again.
# - ``create_graph=True`` keeps it too, and two more for the graph of ``dy``. It implies
#   ``retain_graph=True``, unless you set that to ``False``.
#
# What people get wrong
# ---------------------
# *A sum of losses is a number.* It is a tensor, and its graph leads to the graph of every loss
# that went into it. Here are three turns of a loop that only measures, as in validation. After each
# turn we print how many nodes are behind the sum, and how many saved tensors are left. ``nodes``
# is the walk from :doc:`/lessons/2_dynamic_graph/plot_walk_grad_fn`. If a tensor has no ``grad_fn``, it
# finds none.


def nodes(result):
    found, todo = [], [result.grad_fn]
    for node in todo:
        if node is not None and node not in found:
            found.append(node)
            todo += [following for following, _ in node.next_functions]
    return found


for detach in [False, True]:
    total = torch.tensor([0.0])
    for value in [1.0, 2.0, 3.0]:
        with watch:
            loss = (x - value) ** 2
        total += loss.detach() if detach else loss
        print(f"{detach = }, {len(nodes(total)) = }, {len(alive) = }")

# %%
# In the first three lines nothing is freed, because the sum leads to all the graphs. Here each saved
# tensor holds one number; in a model it can hold millions. If each turn had called
# ``loss.backward()``, the saved tensors would be freed, but the nodes would still pile up, as in the
# third exercise. Add up ``loss.detach()``, or ``loss.item()``, which gives a Python number. And
# where no gradient is wanted at all, compute under :py:class:`torch.no_grad`, which records nothing.
#
# *Each turn must end with* ``del loss``. The last three lines do without it, and do not grow. When
# the name ``loss`` gets the next loss, nothing refers to the graph of the one before, and it is
# gone, though no ``backward()`` has run. But it lives on *while* the next loss is computed. If memory
# is short at that moment, and no ``backward()`` has freed what was saved, ``del loss`` helps.
#
# ``retain_graph=True`` *is the cure for the error message.* It is, if you meant to walk the same
# graph twice. Usually you did not. The typical case is a state ``h`` that is carried from turn to
# turn: the walk from the new ``h`` goes on into the turns before. Here is such a loop in four forms.
# ``retain`` passes ``retain_graph=True``. ``step`` changes the weight in place after the walk, as an
# optimizer does. ``cut`` detaches ``h`` at the beginning of the turn. After each turn we print how
# many nodes are behind ``h``.

for options in [[], ["retain"], ["retain", "step"], ["cut", "step"]]:
    w = torch.tensor([2.0], requires_grad=True)
    h = torch.tensor([1.0])
    print(f"{options!s:18}", end="")
    try:
        for turn in range(4):
            h = w * (h.detach() if "cut" in options else h)
            h.backward(retain_graph="retain" in options)
            print("", len(nodes(h)), end="")
            if "step" in options:
                with torch.no_grad():
                    w -= 1
        print()
    except RuntimeError as error:
        print(f" {error!s:.50}…")

# %%
# Line by line:
#
# - Without ``retain_graph``, the second turn raises the error from above, because it walks into the
#   first.
# - With it, the graph grows with each turn, and each walk goes through all earlier turns once
#   more.
# - If the weight changes in between, as it does in training, even that fails. In the third turn,
#   the walk comes to the node of the second, and the weight that this node has saved has changed
#   since (:doc:`/lessons/2_dynamic_graph/plot_in_place`).
# - The cure is ``h.detach()`` at the beginning of the turn. The walk ends there, and behind ``h``
#   are two nodes in every turn: the multiplication, and the ``AccumulateGrad`` of ``w``.
#
# If you do want the gradient through all turns, add up their losses, and call ``backward()`` once,
# before the weight changes.
#
# *Two losses with a common part need* ``retain_graph=True``. Add the losses, and one walk serves
# both. If you must walk from each of them, every call but the last needs it; the last one may free
# everything. Up to here, ``x.grad`` is still ``None``:

u = x**3
(u + 1).backward(retain_graph=True)
(5 * u).backward()
print(f"{x.grad = }")

# %%
# Check
# -----
# By hand, the two losses together have the gradient :math:`(1 + 5) \cdot 3x^2 = 1800`. One walk from
# their sum must give the same, and a second one from it must fail. The two derivatives of :math:`y`
# must be :math:`3x^2` and :math:`6x`.

u = x**3
both = (u + 1) + 5 * u
one_walk, second_walk = derivative(both), derivative(both)

print(f"{x.grad.item() = }, {one_walk = }, {second_walk = }")
print(f"{slope.item() = }, {curvature.item() = }")

assert x.grad.item() == one_walk == (1 + 5) * 3 * 10**2
assert second_walk == "RuntimeError"
assert slope.item() == 3 * 10**2
assert curvature.item() == 6 * 10

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
#       x = torch.tensor([3.0], requires_grad=True)
#       y = x**3
#       (slope,) = torch.autograd.grad(y, x, create_graph=True)
#       slope.backward()
#
#    ``torch.autograd.grad`` returns :math:`3x^2` and leaves ``x.grad`` alone. The walk from
#    ``slope`` then brings its own derivative, :math:`6x`.
#
#    - ``27``: That is ``slope``. From which tensor does ``backward()`` start, and where do its
#      gradients go?
#    - ``45``: ``x.grad`` adds up what ``backward()`` brings. Does ``torch.autograd.grad`` put
#      anything there?
#    - ``60``: That is what the page found at 10. Here ``x`` is 3.
#
# .. predict:: The three losses are walked one after the other. How many of these three walks
#              end without an error?
#    :answer: done
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([2.0], requires_grad=True)
#       u = x**3
#       done = 0
#       try:
#           for loss, retain in [(u + 1, True), (u + 2, False), (u + 3, False)]:
#               loss.backward(retain_graph=retain)
#               done += 1
#       except RuntimeError:
#           pass
#
#    The first walk frees nothing. The second can therefore pass through the node of ``u``, and frees
#    what that node has saved. So the third stops there.
#
#    - ``3``: Each loss has an addition of its own, but what do all three have in common?
#    - ``1``: The first call asks for ``retain_graph=True``. What does the second still find?
#
# .. predict:: Each turn calls ``backward()``. How many additions does the loop at the end find
#              behind ``total``?
#    :answer: count
#
#    .. code-block:: python
#
#       import torch
#
#       w, total = torch.tensor([2.0], requires_grad=True), torch.tensor([0.0])
#       for value in [1.0, 2.0, 3.0]:
#           loss = (w - value) ** 2
#           loss.backward()
#           total = total + loss
#       count, node = 0, total.grad_fn
#       while node is not None:
#           count, node = count + 1, node.next_functions[0][0]
#
#    ``backward()`` frees what is saved, and no node. The sum of each turn leads to the sum of the
#    turn before, and to the loss of its own turn.
#
#    - ``0``: Does ``backward()`` free the nodes, or what they have saved?
#    - ``1``: The name ``total`` belongs to the last sum alone. To what does the node of that sum
#      lead?
#
# **Next:** how not to record in the first place, in
# :doc:`/lessons/2_dynamic_graph/plot_stop_recording`, and why the changed weight raised an error,
# in :doc:`/lessons/2_dynamic_graph/plot_in_place`. What ``backward()`` does with the gradients is
# in :doc:`/tensor`.
