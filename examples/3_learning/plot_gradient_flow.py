r"""
Why do gradients vanish or explode?
===================================

On the backward pass, each layer multiplies the gradient: by the slopes of its activation, and by its
weights. If every layer halves it, twenty layers leave a millionth, and the first ones hardly learn. If
every layer doubles it, a step throws them far off. No error tells you. Here are two sigmoids in a
row, each at :math:`z = 0`, where a sigmoid is steepest and its slope is ¼.

.. predict:: What does ``h0.grad`` hold?
   :answer: h0.grad
   :program: next

   Each sigmoid multiplies by its slope, and the sums hand on what arrives:
   :math:`\tfrac14 \cdot \tfrac14 = \tfrac1{16}`.

   - ``0.25``: That is what one sigmoid leaves. How many lie on the path?
   - ``0.5``: The slopes lie on one path, one behind the other. Do they add up?
   - ``0.125``: One half and one quarter? The *value* of a sigmoid at 0 is ½. What is its slope?
"""

# %%
import torch

h0 = torch.tensor(0.5, requires_grad=True)
b1 = torch.tensor(-0.5, requires_grad=True)
b2 = torch.tensor(-0.5, requires_grad=True)

h1 = torch.sigmoid(h0 + b1)
h2 = torch.sigmoid(h1 + b2)

h2.backward()
print(f"{b2.grad.item() = }, {b1.grad.item() = }, {h0.grad.item() = }")
print(f"{1 / 4**15 = :.0e}")
# sphinx_gallery_graph = "h2; view: written"

# %%
# From right to left, 1 becomes 0.25, and then 0.0625. The bias of the first layer gets a quarter of what that
# of the second one gets, so in one step it moves a quarter as far. With 15 layers, less than a billionth is
# left. This is a :term:`vanishing gradient`.
#
# Change an input in the picture. Wherever you move it, the gradient of ``h0`` only becomes smaller,
# because the slope of a sigmoid is nowhere larger than at 0.
#
# A bound
# -------
# A real layer has a matrix of weights. For one example, which is a row, it is :math:`z_l = h_{l-1} W_l` and
# :math:`h_l = \sigma(z_l)`. (A bias changes nothing in what follows.) Let :math:`g_l` be the gradient with
# respect to :math:`h_l`. Each element is multiplied by its slope, and then the whole by
# :math:`W_l^\top`:
#
# .. math:: g_{l-1} = \bigl(g_l \odot \sigma'(z_l)\bigr)\, W_l^\top
#
# Write :math:`\lVert v \rVert` for the length of a vector. No slope of a sigmoid is larger than
# :math:`\tfrac14`, so the bracket is at most a quarter as long as :math:`g_l`. A matrix makes a vector
# longer by at most a factor that is called its *spectral norm*, :math:`\lVert W \rVert`. So
#
# .. math:: \lVert g_{l-1} \rVert \le \tfrac14\, \lVert W_l \rVert\, \lVert g_l \rVert
#
# As long as all :math:`\lVert W_l \rVert` are below 4, the gradient shrinks at every layer, for any data and
# any loss.
#
# Measure it
# ----------
# Each layer has 100 units. The weights are independent, with mean 0 and variance :math:`s^2/100`, so that
# :math:`s` says how large they are. The backward pass begins with a random gradient of length 1 in place of
# a loss, and we ask for the gradient of every layer's output. With ``residual``, a layer *adds* its result
# to what it was given.

torch.set_default_dtype(torch.float64)
n = 100


def flow(activation, s, residual=False, depth=20):
    torch.manual_seed(0)
    h = torch.randn(n, requires_grad=True)
    start = torch.nn.functional.normalize(torch.randn(n), dim=0)
    outputs, weights = [h], []
    for _ in range(depth):
        W = s * torch.randn(n, n) / n**0.5
        f = activation(h @ W)
        h = h + f if residual else f
        outputs.append(h)
        weights.append(W)
    gradients = torch.autograd.grad(h, outputs, start)
    return [g.norm().item() for g in gradients], weights


def factor(activation, s, residual=False):
    first = flow(activation, s, residual, depth=40)[0][0]
    return f"{first:.0e} {first ** (1 / 40):.2f}"


print(f"{factor(torch.sigmoid, 1) = }")
print(f"{factor(torch.sigmoid, 4) = }")
print(f"{factor(torch.tanh, 1) = }")
print(f"{factor(torch.relu, 1) = }")
print(f"{factor(torch.relu, 2**0.5) = }")
print(f"{factor(torch.relu, 2 * 2**0.5) = }")
print(f"{factor(torch.sigmoid, 1, residual=True) = }")

# %%
# Each line has the length of the gradient at the first of 40 layers, and its 40th root, the factor per
# layer.
#
# - **Sigmoid** keeps 0.23 per layer. Weights four times as large do not keep four times as much, but about
#   0.6: they push :math:`z` away from 0, to where the slope is smaller.
# - **tanh** has the slope 1 at 0, and loses little.
# - **ReLU** has the slopes 0 and 1, so the weights decide. With :math:`s = 1` the gradient vanishes, with
#   :math:`\sqrt2` its length stays about the same, and with twice that it *explodes*.
# - With a **residual connection**, the gradient survives even forty sigmoids.
#
# Why the square root of two?
# ---------------------------
# Each element of :math:`v W^\top` is a sum of :math:`n` products, and has the variance
# :math:`(s^2/n)\,\lVert v \rVert^2`. There are :math:`n` elements, so the square of the length is about
# :math:`s^2\,\lVert v \rVert^2`: the weights multiply the length by about :math:`s`. With ReLU, about half
# of the slopes are 0, so about half of the square is lost, and the factor is :math:`s/\sqrt 2`:

for s in [1 / 3**0.5, 1, 2**0.5, 2 * 2**0.5]:
    measured = flow(torch.relu, s, depth=40)[0][0] ** (1 / 40)
    print(f"{s:.2f} {s / 2**0.5:.2f} {measured:.2f}")

# %%
# Each line has :math:`s`, the prediction and the measurement. To keep the length, :math:`s` must undo the
# loss. *Xavier* initialisation (Glorot) has :math:`s = 1`, which suits slopes near 1, such as those of tanh.
# *Kaiming* initialisation (He) has :math:`s = \sqrt2`, which suits ReLU. Both are in ``torch.nn.init``. Left
# to itself, :py:class:`torch.nn.Linear` draws uniformly between :math:`\pm 1/\sqrt n`. That is
# :math:`s = 1/\sqrt3`, the first line: too little for a deep network.
#
# Why a residual connection?
# --------------------------
# With :math:`h_l = h_{l-1} + \sigma(z_l)`, two paths lead back to :math:`h_{l-1}`. One of them goes
# through no weights and no slopes:
#
# .. math:: g_{l-1} = g_l + \bigl(g_l \odot \sigma'(z_l)\bigr)\, W_l^\top
#
# By the bound above, the second part is at most :math:`\tfrac14 \lVert W_l \rVert` times as long as the
# first. Here :math:`\lVert W_l \rVert` is about 2, so a layer leaves at least about half. Usually it leaves
# far more, unless the second part points against the first.
#
# Along the layers
# ----------------
# The axis is logarithmic, so a constant factor is a straight line. The backward pass runs from right to
# left.

import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.semilogy(flow(torch.sigmoid, 1)[0], label="sigmoid, $s = 1$")
ax.semilogy(flow(torch.relu, 1)[0], label="relu, $s = 1$")
ax.semilogy(flow(torch.relu, 2 * 2**0.5)[0], label=r"relu, $s = 2\sqrt{2}$")
ax.semilogy(flow(torch.sigmoid, 1, residual=True)[0], label="sigmoid, residual")
ax.set(xlabel="$l$", ylabel=r"$\Vert g_l \Vert$", xticks=range(0, 21, 5))
ax.legend()
# sphinx_gallery_plot = "Length of the gradient at layers 0 to 20, on a logarithmic axis. All four lines end at 1 at layer 20. Towards layer 0, sigmoid falls in a straight line to less than 1e-12, relu with s = 1 falls to 1e-3, relu with twice the square root of 2 rises to 1e6, and sigmoid with residual connections stays near 1."

# %%
# In a model of your own, compare the parameters after ``backward()``. These eight layers are
# as PyTorch makes them. Printed is the length of each weight's gradient, divided by that of the last one:

torch.manual_seed(0)
layers = [module for _ in range(8) for module in (torch.nn.Linear(n, n), torch.nn.Sigmoid())]
model = torch.nn.Sequential(*layers)
model(torch.randn(20, n)).sum().backward()

lengths = [module.weight.grad.norm().item() for module in model if hasattr(module, "weight")]
print([f"{length / lengths[-1]:.0e}" for length in lengths])

# %%
# What people get wrong
# ---------------------
# *With ReLU, gradients do not vanish.* Above, they did with :math:`s = 1`. And a unit can die: if its
# :math:`z` is negative for every example, all its slopes are 0. Below, one step is too long, ``w`` becomes
# negative, and no gradient is left that could bring it back.

x = torch.tensor([1.0, 3.0])
w = torch.tensor([1.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.5)
for _ in range(3):
    optimizer.zero_grad()
    loss = ((torch.relu(w * x) - 1) ** 2).mean()
    loss.backward()
    optimizer.step()
    print(f"{loss.item() = }, {w.grad.item() = }, {w.item() = }")

# %%
# *The gradients are small, so they vanish.* Near a minimum all gradients are small, as they should be. What
# matters is how the first layer compares with the last. Both networks below get a gradient of length 1 at
# the end; multiply it by a millionth, and their first layers still compare like this:

for activation, s in [(torch.relu, 2**0.5), (torch.sigmoid, 1)]:
    lengths, _ = flow(activation, s)
    print(f"{activation.__name__}: {lengths[0] / lengths[-1]:.0e}")

# %%
# .. fold:: Further misconceptions
#
#    *A gradient that has vanished is 0 or* ``None``. It is a small number. A dead unit gives 0. And ``None``
#    means that no gradient has come, because the graph was cut:
#    :doc:`/lessons/2_dynamic_graph/plot_silent_cuts`.
#
#    *Clipping cures both.* :py:func:`torch.nn.utils.clip_grad_norm_` makes a gradient that is too long shorter.
#    It multiplies all parts by one factor, so the first layers do not catch up with the last.
#
#    *A residual connection keeps the gradient as it is.* It adds a path with the factor 1. The other path can
#    add to it, layer by layer, or work against it. The exercises have an example.
#
# Check
# -----
# Both bounds have to hold at each layer. And for ReLU there is an exact prediction. Its slopes depend only on
# the sign of :math:`z`, so they stay as they are if all weights are doubled. Then :math:`\lVert g_l \rVert`
# is multiplied by exactly :math:`2^{20 - l}`.

plain, weights = flow(torch.sigmoid, 1)
around, _ = flow(torch.sigmoid, 1, residual=True)
bounds = [torch.linalg.matrix_norm(W, 2).item() / 4 for W in weights]
for l, bound in enumerate(bounds):
    assert plain[l] <= bound * plain[l + 1] < plain[l + 1]
    assert (1 - bound) * around[l + 1] <= around[l] <= (1 + bound) * around[l + 1]

once, twice = flow(torch.relu, 2**0.5)[0], flow(torch.relu, 2 * 2**0.5)[0]
assert all(b == a * 2 ** (20 - l) for l, (a, b) in enumerate(zip(once, twice)))
print(f"{min(bounds):.2f} {max(bounds):.2f}", [b / a for a, b in zip(once, twice)][-4:])

# %%
# In short
# --------
# The gradient of an early layer is multiplied by a factor for every layer after it. Factors below 1 make it vanish, and
# factors above 1 make it explode. So keep the factor near 1: draw weights that fit the activation, prefer
# activations with slopes near 1, and give each layer a path around it.
#
# Exercises
# ---------
# .. fill:: Two sigmoids with weights. Fill in what arrives.
#    :graph: y
#    :blanks: z2.grad, h.grad, z1.grad, x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor(0.0, requires_grad=True)
#       z1 = 2 * x
#       h = torch.sigmoid(z1)
#       u = 4 * h
#       z2 = u - 2
#       y = torch.sigmoid(z2)
#       y.backward()
#
#    Both sigmoids are at 0, where the slope is a quarter. From right to left: 0.25 at ``z2``, times 4 is 1 at
#    ``h``, times ¼ is 0.25 at ``z1``, times 2 is 0.5 at ``x``. Here a weight makes up for a slope.
#
#    - ``z2.grad = 0.5``: That is the value of the second sigmoid. What is its slope?
#    - ``h.grad = 0.25``: That arrives at ``z2`` and ``u``. Which operation lies between ``u`` and ``h``?
#    - ``z1.grad = 1``: That arrives at ``h``. By what does the first sigmoid multiply it?
#    - ``x.grad = 0.0625``: Those are the slopes of the two sigmoids. What else lies on the path?
#
# .. predict:: Three layers with residual connections. What does ``x.grad`` hold?
#    :answer: x.grad
#
#    .. code-block:: python
#
#       import torch
#
#       x = torch.tensor([0.0], requires_grad=True)
#       h = x
#       for _ in range(3):
#           h = h - torch.tanh(h)
#       h.backward()
#
#    At 0, tanh has the slope 1, so each layer has the factor :math:`1 - 1`. The path with the factor 1 is
#    there, and the other path works exactly against it. A residual connection keeps the gradient only as long as
#    this does not happen.
#
#    - ``1``: That comes back along the path around the layers. What comes back through tanh?
#    - ``8``: That would be right with ``h + torch.tanh(h)``. Which sign has the second path here?
#    - ``-2``: The layers follow each other. Do their factors add up?
#
# .. derive:: A residual layer for single numbers: what does ``h`` get?
#    :answer: 1 + c * w * (1 - tanh(w * h) ** 2)
#    :names: h, w, c
#    :gives: h.grad
#
#    .. code-block:: python
#
#       import torch
#
#       h = torch.tensor([0.5, -1.0, 0.0], requires_grad=True)
#       w = torch.tensor([2.0, 0.5, -1.0])
#       c = torch.tensor([0.3, 1.0, 2.0])
#       out = h + c * torch.tanh(w * h)
#       out.sum().backward()
#
#    The path around the layer has the factor 1. On the other path, :math:`c`, the slope of tanh, which is
#    :math:`1 - \tanh^2`, and :math:`w` are multiplied. A small :math:`c` at the beginning of training keeps the
#    factor near 1.
#
#    - ``c * w * (1 - tanh(w * h) ** 2)``: That comes back through tanh. Which other path leads to ``h``?
#    - ``1 + c * (1 - tanh(w * h) ** 2)``: One product lies between ``h`` and tanh. By what does it multiply?
#    - ``1 + c * w * tanh(w * h)``: That has the value of tanh. What is its slope?
#
# .. write:: Write ``lengths``: the length of the gradient of ``h.sum()`` with respect to each layer's output,
#       from the first layer to the last.
#    :file: measure_gradient_flow
#    :fails: TypeError: object of type 'NoneType' has no len()
#
#    .. code-block:: python
#
#       import torch
#
#       torch.manual_seed(0)
#
#
#       def lengths(x, weights):
#           # <your code>
#           h, outputs = x, []
#           for W in weights:
#               h = torch.tanh(h @ W)
#               h.retain_grad()
#               outputs.append(h)
#           h.sum().backward()
#           return [h.grad.norm().item() for h in outputs]
#           # </your code>
#
#
#       x = torch.randn(4)
#       weights = [(0.5 * torch.randn(4, 4)).requires_grad_() for _ in range(3)]
#       found = lengths(x, weights)
#       assert len(found) == 3, "count"
#       assert found[2] == 2.0, "last"
#       h1 = torch.tanh(x @ weights[0])
#       h2 = torch.tanh(h1 @ weights[1])
#       h3 = torch.tanh(h2 @ weights[2])
#       g2 = (1 - h3**2) @ weights[2].T
#       g1 = (g2 * (1 - h2**2)) @ weights[1].T
#       assert abs(found[1] - g2.norm()) < 1e-5, "second"
#       assert abs(found[0] - g1.norm()) < 1e-5, "first"
#
#    Each output is an intermediate tensor, so it has to be asked to keep its gradient. The check derives the same by
#    hand: the slopes :math:`1 - h^2` of tanh, and then the transposed weights.
#
#    - ``AttributeError: 'NoneType' object has no attribute 'norm'``: Only leaves keep their gradient. How do
#      you ask another tensor to keep it?
#    - ``AssertionError: last``: A sum sends 1 to each of four numbers. How long is that? And is your list in
#      the order of the layers?
#    - ``AssertionError: count``: There is one length per layer, and none for the input.
#    - ``AssertionError: second``: Is it the gradient of the layer's *output* that you measured, or that of its
#      weights?

# %%
# Further reading
# ---------------
# - Xavier Glorot and Yoshua Bengio,
#   `Understanding the difficulty of training deep feedforward neural networks <https://proceedings.mlr.press/v9/glorot10a.html>`__,
#   2010.
# - Kaiming He and others, `Delving deep into rectifiers <https://arxiv.org/abs/1502.01852>`__, 2015, and
#   `Deep residual learning <https://arxiv.org/abs/1512.03385>`__, 2015.
# - Dive into Deep Learning on
#   `numerical stability and initialization <https://d2l.ai/chapter_multilayer-perceptrons/numerical-stability-and-init.html>`__.
#
# **Next:** this was the last lesson of the chapter. The page :doc:`/cheatsheet` sums up what the three
# chapters taught, and :doc:`/teach` is for those who teach with them.
